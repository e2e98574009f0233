# What hp-vhost settings says that a setting becomes, against what is rendered: each cell of the table, and
# nothing besides. Below a sysroot, with no server. What it does is asked in settings.bats, and the last test
# here wants that of every cell.

bats_require_minimum_version 1.5.0

# SETTING MODE FROM -- TO: words for hp-node-tool state. With "=" the directives that TO adds to FROM are those
# named and no others; with "~" whole blocks come along. "none" is a node without the website, and "suspended"
# one where it is.
samples() {
	cat <<-END
		domain = -- +www.a.example
		domain ~ none --
		status ~ -- suspended
		user = -- user=other
		web_server ~ none --
		document_root = -- document_root=public
		index_files = -- index_files=["main.php"]
		redirects = -- redirects={"/a":"301\u0020/b","/c/*":"302\u0020/d/*"}
		error_pages = -- error_pages={"404":"/404.html"}
		proxy_port = -- proxy_port=9123
		php_paths = -- php_paths={"/legacy":"8.3"}
		php_memory_limit = -- php_memory_limit=77M
		php_max_execution_time = -- php_max_execution_time=77
		php_max_execution_time = proxy_port=9123 -- proxy_port=9123 php_max_execution_time=77
		php_upload_max_filesize = -- php_upload_max_filesize=7M
		php_post_max_size = -- php_post_max_size=77M
		php_extensions = -- php_extensions=["gd","xdebug"]
		php_max_children = -- php_max_children=3
		php_slowlog_seconds = -- php_slowlog_seconds=7
		ssl_enabled ~ -- ssl_enabled=true https_redirect=false
		https_redirect ~ ssl_enabled=true https_redirect=false -- ssl_enabled=true
		hsts_max_age = ssl_enabled=true https_redirect=false -- ssl_enabled=true https_redirect=false hsts_max_age=60
		gzip_enabled = gzip_enabled=false -- gzip_enabled=true
		gzip_enabled = gzip_enabled=true -- gzip_enabled=false
		cache_enabled = -- cache_enabled=true
		cache_enabled = proxy_port=9123 -- proxy_port=9123 cache_enabled=true
		cache_ttl_seconds = proxy_port=9123 cache_enabled=true cache_ttl_seconds=3 -- proxy_port=9123 cache_enabled=true cache_ttl_seconds=2
		cache_ttl_seconds = cache_enabled=true cache_ttl_seconds=3 -- cache_enabled=true cache_ttl_seconds=2
		cache_ttl_seconds = cache_enabled=true -- cache_enabled=true cache_ttl_seconds=77
		http_security_headers = -- http_security_headers={"X-Own":"yes"}
		allowed_ips = -- allowed_ips=["10.0.0.0/8"]
		blocked_ips = -- blocked_ips=["10.0.0.0/8"]
		basic_auth = -- basic_auth={"/admin":{"alice":"\$6\$abcdefgh\$$(printf '.%.0s' {1..86})"}}
		memory_max = -- memory_max=64M
		cpu_quota = -- cpu_quota=50
		tasks_max = -- tasks_max=8
	END
}

setup() {
	tool=${HP_BUILDDIR:?}/tests/node/hp-node-tool
	export HP_DATADIR=${HP_DATADIR:-$BATS_TEST_DIRNAME/../..} LC_ALL=C.UTF-8
	dir=$(mktemp -d "${BATS_TEST_TMPDIR:-/tmp}/directives.XXXXXX")
	settings() { "$HP_BUILDDIR/cmd/hp-vhost" settings --tsv -n -o "$@"; }
	settings setting,where,directives >"$dir/cells"
}

teardown() { rm -rf "$dir"; }

servers() { settings where | awk '!/^(php-fpm|php\.ini|systemd|node)$/ && !seen[$0]++'; }

# A node in a folder, with a certificate for the website in its store.
root() { # root DIR
	local p
	mkdir -p "$1/usr/sbin" "$1/etc/php/8.2/mods-available" "$1/etc/php/8.3"
	mkdir -p "$1/usr/local/lsws/bin"
	for p in sbin/php-fpm8.2 sbin/php-fpm8.3 sbin/nginx sbin/apache2 local/lsws/bin/openlitespeed; do
		printf '#!/bin/false\n' >"$1/usr/$p"
		chmod +x "$1/usr/$p"
	done
	echo 'extension=gd.so' >"$1/etc/php/8.2/mods-available/gd.ini"
	echo 'zend_extension=xdebug.so' >"$1/etc/php/8.2/mods-available/xdebug.ini"
}

# Of an authority that can be asked about it (OCSP), with its chain.
certificate() {
	(
		cd "$dir"
		openssl req -x509 -newkey rsa:2048 -nodes -days 9 -subj /CN=root -keyout root.key -out root.crt
		openssl req -newkey rsa:2048 -nodes -subj /CN=authority -keyout ca.key -out ca.csr
		openssl x509 -req -in ca.csr -CA root.crt -CAkey root.key -CAcreateserial -days 9 -out ca.crt \
			-extfile <(echo basicConstraints=critical,CA:TRUE)
		openssl req -newkey rsa:2048 -nodes -subj /CN=a.example -keyout key -out csr
		openssl x509 -req -in csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 9 -out crt -extfile <(
			echo subjectAltName=DNS:a.example
			echo 'authorityInfoAccess=OCSP;URI:http://127.0.0.1:2560/')
		cat ca.crt >>crt
	) 2>/dev/null
}

store() { # its certificate, stored once and copied from then on
	local panel=$dir/panel
	[ -d "$dir/certs" ] || {
		root "$panel"
		certificate
		(
			export PATH=$HP_BUILDDIR/cmd:$PATH HP_LIBDIR=$HP_BUILDDIR/lib/db/.libs
			hp-db init --sysroot "$panel" -q
			hp-tenant add acme --sysroot "$panel" -q
			hp-site add a.example tenant=acme ssl_provider=custom --sysroot "$panel" -q
			hp-cert import a.example --key "$dir/key" --cert "$dir/crt" --sysroot "$panel" -q
		)
		cp -a "$panel/var/lib/hosting-panel/certs" "$dir/certs"
	}
	mkdir -p "$1/var/lib/hosting-panel"
	cp -a "$dir/certs" "$1/var/lib/hosting-panel/"
}

suspend() { # suspend DOCUMENT
	sed -i -e '2s/"status":"active"/"status":"suspended"/' -e '$d' "$1"
	printf '{"end":{"sites":1,"sha256":"%s"}}\n' "$(sha256sum <"$1" | cut -d' ' -f1)" >>"$1"
}

render() { # render SERVER WORDS: sets $made to a folder with the lines of each place
	local r server=$1 words=$2
	made=$dir/$(printf '%s' "$*" | sha256sum | cut -c1-16)
	[ ! -d "$made" ] || return 0
	mkdir "$made"
	r=$made/root
	root "$r"
	[[ $words != *ssl_enabled=true* ]] || store "$r"
	printf '[web]\nserver = %s\n' "$server" >"$made/conf"
	case $words in
	none) ;;
	*) printf '1 a.example web_server=%s %s\n' "$server" "${words#suspended}" ;;
	esac | sed 's/ *$//' | "$tool" state web1 1 >"$made/state"
	[ "$words" != suspended ] || suspend "$made/state"
	"$tool" --sysroot "$r" --conf "$made/conf" apply "$made/state" >"$made/report" || { cat "$made/report"; return 1; }
	lines() { xargs -0r cat | sed -E 's/\b[0-9a-f]{16}\b/REVISION/; s/X-HP-[0-9a-z]+/X-HP-KEY/I' | sort; }
	find "$r/etc" "$r/usr" -name '*.conf' -not -path "$r/etc/hosting-panel/*" -type f -print0 | lines >"$made/$server"
	find "$r/etc/hosting-panel/php/8.2" -maxdepth 1 -name '*.conf' -print0 | lines >"$made/php-fpm"
	find "$r/etc/hosting-panel/php/8.2" -name site.ini -print0 | lines >"$made/php.ini"
	find "$r/etc/hosting-panel/php/8.2" -name '*.limits' -print0 | lines >"$made/systemd"
	rm -rf "$r"
}

# names PLACE: of the directives of lines, each once
names() {
	sed -E 's/^[[:blank:]]+//; /^[#;]/d' | case $1 in
	php-fpm | php.ini | systemd) sed -nE 's/^([^ =]+) ?=.*/\1/p' ;;
	# lines that begin with an address belong to one of another name
	*) sed -E '/^[0-9*]/d; s,^</?,,; s/[ ;>{}].*//; /^$/d' ;;
	esac | sort -u
}

# What frames directives and is none of the setting's own.
frame() {
	case $1 in
	nginx) printf '%s\n' if include location set ;;
	openlitespeed) printf '%s\n' END_OF_ADDRESSES END_OF_HEADERS END_OF_RULES accessControl enable rewrite rules ;;
	apache) printf '%s\n' Directory Files FilesMatch If Include Location LocationMatch Require ;;
	esac
}

# added SERVER PLACE SETTING ["=" or "~"]: directives that the samples of a setting add at a place
added() {
	local setting mode rest from to
	while read -r setting mode rest; do
		[ "$setting" = "$3" ] && [[ $mode == ${4:-?} ]] || continue
		from=${rest%%--*} to=${rest#*--}
		render "$1" "$(echo $from)" || return 1
		from=$made/$2
		render "$1" "$(echo $to)" || return 1
		comm -13 "$from" "$made/$2" | names "$2"
	done < <(set -f; samples) | sort -u
}

named() { awk -F '\t' -v s="$1" -v p="$2" '$1 == s && $2 == p { gsub(/ /, "\n", $3); print $3 }' "$dir/cells" | sed '/^$/d' | sort -u; }

# compare SERVER PLACE: the place's cells, where SERVER is the front
compare() {
	local setting wrong=
	set -f
	for setting in $(samples | cut -d' ' -f1 | sort -u); do
		named "$setting" "$2" >"$dir/named"
		added "$1" "$2" "$setting" >"$dir/added"
		added "$1" "$2" "$setting" = >"$dir/exact"
		lacks=$(comm -23 "$dir/named" "$dir/added" | tr '\n' ' ')
		more=$(comm -13 <(sort -u "$dir/named" <(frame "$2")) "$dir/exact" | tr '\n' ' ')
		[ -z "$lacks" ] || wrong+="$setting, $2: not rendered: $lacks"$'\n'
		[ -z "$more" ] || wrong+="$setting, $2: rendered, and not in the table: $more"$'\n'
	done
	set +f
	[ -z "$wrong" ] || { printf '%s' "$wrong"; return 1; }
}

@test "each web server renders what its table says, and nothing besides" {
	for server in $(servers); do
		compare "$server" "$server"
	done
}

@test "so do PHP-FPM, php.ini and systemd" {
	for place in php-fpm php.ini systemd; do
		compare nginx $place
	done
}

@test "each cell with a directive has a sample" {
	run -0 comm -13 <(samples | cut -d' ' -f1 | sort -u) <(awk -F '\t' '$3 != "" { print $1 }' "$dir/cells" | sort -u)
	[ -z "$output" ]
}

# What is asked for over HTTP: settings that a test's name begins with, or that "# probes:" in front of it names.
probed() { # probed SERVER
	local f
	. "$BATS_TEST_DIRNAME/../lib/settings-server.bash"
	for f in "$BATS_TEST_DIRNAME"/{settings,probes,php-paths,openlitespeed}*.bats; do
		settings_server "$f"
		[ "$server" != "$1" ] || sed -nE 's/^@test "([a-z_]+): .*/\1/p; s/^# probes: //p' "$f"
	done | tr ' ' '\n' | sort -u
}

# Of OpenLiteSpeed where there is one; elsewhere the same tests have its configuration judged.
@test "each setting is asked for over HTTP on each web server" {
	for server in $(servers); do
		# whatever PHP does is asked through each server, too
		awk -F '\t' -v s="$server" '($2 == s || $2 ~ /^(php-fpm|php\.ini|systemd)$/) { print $1 }' "$dir/cells" |
			sort -u >"$dir/wanted"
		probed "$server" >"$dir/probed"
		missing=$(comm -23 "$dir/wanted" "$dir/probed" | tr '\n' ' ')
		[ -z "$missing" ] || { echo "$server: nobody asks over HTTP for: $missing"; return 1; }
	done
}
