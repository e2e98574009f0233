# OpenLiteSpeed as one of a node's web servers: a real one, or what stands in for it (tests/lib/openlitespeed.bash).
# Runs in tests/lib/sandbox. What a test asks of a website over HTTP it asks of a real server alone: served().

bats_require_minimum_version 1.5.0
load ../lib/node
load ../lib/openlitespeed

setup() {
	node_setup
	ols_setup
	node_panel
	rm -f /etc/nginx/sites-enabled/default
}

teardown() {
	ols_teardown
	node_teardown
}

site() { hp-site add "$1" tenant=acme -q "${@:2}" 3>&- 4>&-; }
set_a() { run -0 hp-site set a.example "$@" 3>&- 4>&-; }

# served EXPECTED COMMAND …: of a real server
served() {
	[ -n "$real" ] || return 0
	local got
	got=$("${@:2}")
	[ "$got" = "$1" ] || { echo "$got instead of $1: ${*:2}"; return 1; }
}

vhost() { cat $own/sites/a.example.conf; }

certificate() { # certificate NAME …: a pair in $dir
	openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/CN=$1" -keyout "$dir/$1.key" -out "$dir/$1.crt" \
		-addext "subjectAltName=$(printf 'DNS:%s,' "$@" | sed 's/,$//')" 2>/dev/null
}

@test "it is found, with its version and where it listens" {
	site a.example web_server=openlitespeed
	run -0 hp-vhost detect -n -o server,version,active,listens,front
	[[ $output =~ openlitespeed\ +[0-9]+\.[0-9.]+\ +true\ +.*127\.0\.0\.1:8183.*false ]]
}

@test "a website on it, behind NGINX: answered, judged, and nothing left to do" {
	site a.example web_server=openlitespeed
	panel hp-site alias a.example add www.a.example -q
	page a.example index.php '<?php echo $_SERVER["REMOTE_ADDR"], " ", $_SERVER["HTTP_HOST"];'
	judged
	[[ $(vhost) == *"vhDomain a.example, www.a.example"* ]]
	[[ $(curl -s -o /dev/null -D - -H 'Host: a.example' http://127.0.0.1:8183/.well-known/hosting-panel/probe) =~ [Ll]ocation:\ [^\ ]*/[0-9a-f]{16} ]]
	served '127.0.0.1 a.example' get a.example /
	# who does not come through the front is not believed
	served 403 curl -s -o /dev/null -w '%{http_code}' -H 'Host: a.example' -H 'X-Forwarded-For: 192.0.2.1' http://127.0.0.1:8183/
	run -0 hp-vhost verify
	run -0 hp-vhost plan
	pid=$(cat /run/openlitespeed.pid)
	run -0 hp-vhost apply
	[ "$pid" = "$(cat /run/openlitespeed.pid)" ]
}

@test "httpd_config.conf gets a line and the group, once, and keeps the rest" {
	before=$(cat $lsws/conf/httpd_config.conf)
	site a.example web_server=openlitespeed
	[ "$(grep -c "^include $own/node.conf" $lsws/conf/httpd_config.conf)" = 1 ]
	grep -qE '^group +www-data$' $lsws/conf/httpd_config.conf
	[ "$(grep -vE '^(group|include|# Added by)' <<<"$before")" = "$(grep -vE '^(group|include|# Added by)' $lsws/conf/httpd_config.conf | sed '$d')" ]
	after=$(cat $lsws/conf/httpd_config.conf)
	site b.example web_server=openlitespeed
	[ "$after" = "$(cat $lsws/conf/httpd_config.conf)" ]
}

@test "its administration and the web servers' group get its folders, and nothing of ours" {
	chown root:root $lsws/conf && chmod 755 $lsws/conf
	echo mine >$lsws/conf/own.conf
	ln -s /etc/hostname $lsws/conf/link
	site a.example web_server=openlitespeed
	[ "$(stat -c '%U:%G %a' $lsws/conf)" = "lsadm:www-data 750" ]
	[ "$(stat -c '%U:%G' $lsws/conf/own.conf)" = lsadm:www-data ]
	[ "$(stat -c '%U' /etc/hostname)" = root ]
	ours() { find $own -printf '%u:%g %m %p\n' | grep -v '0$'; }
	[ -z "$(ours | grep -v '^root:root ')" ] || { ours; return 1; }
	[ "$(stat -c %a $own/keys/a.example.conf)" = 400 ]
	pid=$(cat /run/openlitespeed.pid)
	kill -TERM "$pid"
	for _ in $(seq 100); do
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.1
	done
	/etc/init.d/lsws start 3>&- 4>&- >/dev/null
	listening 8183
	[ -z "$(ours | grep -v '^root:root ')" ] || { ours; return 1; }
	run -0 hp-vhost verify
	site b.example web_server=openlitespeed
}

@test "www. before a name is nothing to it: two websites that differ by that are refused" {
	site b.example web_server=openlitespeed
	page b.example who.txt b
	site a.example web_server=openlitespeed
	hp-site add c.example tenant=acme --alias www.c.example web_server=openlitespeed -q 3>&- 4>&-
	before=$(find $own/sites -type f -exec sha256sum {} + | sort)
	run hp-site alias a.example add www.b.example 3>&- 4>&-
	[ "$status" = 4 ] && [[ $output == *"a.example: openlitespeed can't have b.example and www.b.example as names of two websites: the other one is b.example"* ]] || { echo "$status $output"; return 1; }
	run -4 hp-site add www.a.example tenant=acme web_server=openlitespeed 3>&- 4>&-
	[ "$before" = "$(find $own/sites -type f -exec sha256sum {} + | sort)" ]
	served b get b.example /who.txt
	# they are two to another server, until this one is the front
	hp-site set a.example web_server=nginx -q 3>&- 4>&-
	hp-site alias a.example add www.b.example -q 3>&- 4>&-
	run hp-vhost front openlitespeed 3>&- 4>&-
	[ "$status" != 0 ] && [[ $output == *"www.b.example as names of two websites"* ]] || { echo "$status $output"; return 1; }
	served b get b.example /who.txt
}

@test "each setting has its directive" {
	site a.example web_server=openlitespeed
	page a.example a.txt file
	set_a gzip_enabled=false cache_enabled=true cache_ttl_seconds=600 php_upload_max_filesize=8M php_post_max_size=9M php_max_execution_time=33
	[[ $(vhost) == *"enableGzip 0"*"text/css=A600"* && $(vhost) == *"-gt 9437184"* && $(vhost) == *"initTimeout 43"* ]]
	set_a redirects='{"/old":"301 /new","/dir/*":"302 https://x.example/%41/*"}' index_files=home.html,index.php error_pages='{"404":"/e.html"}'
	[[ $(vhost) == *'RewriteRule "^/old(?!.)" /new [R=301,L,NE]'* && $(vhost) == *'https://x.example/\%41/%1 [R=302,L,NE]'* ]] || { vhost; return 1; }
	[[ $(vhost) == *"indexFiles home.html, index.php"* && $(vhost) == *"errorPage 404 {"*"url /e.html"* ]]
	served 301 code a.example /old
	served 404 code a.example /.env
	set_a http_security_headers='{"X-Own":"50% of \"it\"","Referrer-Policy":"","Content-Security-Policy":"default-src '"'self'"'"}'
	[[ $(vhost) == *"Header set X-Own '50%% of \"it\"'"* && $(vhost) == *"\"default-src 'self'\""* && $(vhost) != *Referrer-Policy* ]]
	set_a allowed_ips='["127.0.0.0/8","192.0.2.1","2001:db8::/32"]' blocked_ips='["192.0.2.0/24"]'
	[[ $(vhost) == *$'allow <<<END_OF_ADDRESSES\n127.0.0.0/8\n2001:db8::/32\nEND'*$'\n*\n192.0.2.0/24\nEND'* ]]
	served file get a.example /a.txt
	set_a allowed_ips='["192.0.2.1"]'
	served 403 code a.example /a.txt
	jq -nc --arg h "$(openssl passwd -6 geheim)" '{"/admin": {alice: $h}, "/admin/super": {eve: $h}}' >"$dir/auth"
	set_a allowed_ips= blocked_ips= "basic_auth=@$dir/auth"
	# the server takes the first that matches, in the order of their texts
	[[ $(LC_ALL=C sort <<<"$(grep -o 'context exp:[^ ]*' <<<"$(vhost)")" | head -1) == *super* ]]
	served 401 code a.example /admin/x
	set_a proxy_port=9123
	[[ $(vhost) == *"address 127.0.0.1:9123"*"websocket / {"* ]]
	judged
	hp-site suspend a.example -q 3>&- 4>&-
	[[ $(vhost) == *"R=503"* && $(vhost) != *9123* ]]
	served 503 code a.example /
	judged
}

# probes: php_paths
@test "paths with another PHP version, beside passwords: each place says all that counts there" {
	[ "$(uname -m)" = x86_64 ] || skip "the other PHPs are for x86-64"
	mkdir -p /etc/hosting-panel
	"$HP_DATADIR/tests/lib/php-versions" >>/etc/hosting-panel/hosting-panel.conf
	site a.example web_server=openlitespeed php_version=8.2
	for f in x.php legacy/x.php legacy/index.php legacy/admin/x.php; do
		page a.example $f '<?php echo PHP_MAJOR_VERSION, ".", PHP_MINOR_VERSION, " ", $_SERVER["SCRIPT_NAME"];'
	done
	set_a php_paths='{"/legacy":"8.0"}'
	judged
	place() { sed -n "\\|^	context exp:.*[)^]$1[(]|,/^	}/p" <<<"$(vhost)"; }
	[[ $(vhost) == *"address uds://run/hosting-panel/php/8.0/site1.sock"*"add fcgi:site1 php"*"add fcgi:site1-8.0 php80"* ]] || { vhost; return 1; }
	[[ $(place /legacy) == *"addMIMEType application/x-httpd-php80 php"*"RewriteRule ^ /legacy/index.php [L]"* ]] || { vhost; return 1; }
	[[ $(place /legacy) != *realm* ]]
	served '8.2 /x.php' get a.example /x.php
	served '8.0 /legacy/x.php' get a.example /legacy/x.php
	served '8.0 /legacy/index.php' get a.example /legacy/no/file
	served 404 code a.example /legacy/none.php
	jq -nc --arg h "$(openssl passwd -6 geheim)" '{"/": {eve: $h}, "/legacy/admin": {alice: $h}}' >"$dir/auth"
	set_a "basic_auth=@$dir/auth"
	judged
	[[ $(place /legacy) == *php80*"realm a.example/"$'\n'* ]] || { vhost; return 1; }
	[[ $(place /legacy/admin) == *php80*"realm a.example/legacy/admin"* ]] || { vhost; return 1; }
	[[ $(grep -A4 'context exp:.*acme-challenge' <<<"$(vhost)") == *"realm a.example/"$'\n'* ]]
	served 401 code a.example /legacy/x.php
	served '8.0 /legacy/admin/x.php' get a.example /legacy/admin/x.php -u alice:geheim
	# a version that nobody made a type for
	sed -i 's/x-httpd-php80 php/x-httpd-php81 php/' $own/sites/a.example.conf
	run -2 "$check"
	[[ $output == *"no scripthandler made the type"* ]]
}

@test "hand-made directives are included, and bad ones refused with their place" {
	site a.example web_server=openlitespeed
	site b.example web_server=openlitespeed
	snippet a.example openlitespeed x.conf 'adminEmails root@a.example'
	set_a cache_enabled=true
	[[ $(vhost) == *"include $own/custom/a.example@x.conf"* ]]
	snippet a.example openlitespeed x.conf 'Nonsense on'
	run -7 hp-site set a.example gzip_enabled=false
	[[ $output == *"openlitespeed refuses the configuration: "*"Not support ["[Nn]"onsense on]"*"/etc/hosting-panel/custom/a.example/openlitespeed/x.conf:1"* ]]
	rm /etc/hosting-panel/custom/a.example/openlitespeed/x.conf
	run -0 hp-site set b.example gzip_enabled=false
}

@test "a website that its tenant has made none keeps nobody else's from being changed" {
	site a.example web_server=openlitespeed document_root=public
	site b.example web_server=openlitespeed
	page b.example a.txt file
	rmdir /var/www/vhosts/a.example/public
	ln -s /etc /var/www/vhosts/a.example/public
	chown -h site1:site1 /var/www/vhosts/a.example/public
	run hp-site set b.example gzip_enabled=false 3>&- 4>&-
	[ "$status" = 0 ] || { echo "$output"; return 1; }
	served file get b.example /a.txt
	[[ $(get a.example /passwd) != *root:* ]]
}

@test "from server to server and away again, with nothing left behind" {
	site a.example
	for server in openlitespeed apache openlitespeed nginx; do
		set_a web_server=$server
		run -0 hp-vhost verify
	done
	[ ! -e $own/sites/a.example.conf ]
	[ ! -e $own/keys/a.example.conf ]
	[ ! -e /etc/nginx/hosting-panel/keys/a.example.conf ]
	set_a web_server=openlitespeed
	[[ $(vhost) == *"RewriteFile $own/keys/a.example.conf"* ]]
	grep -qE '^RewriteCond %\{HTTP:X-HP-[0-9a-f]{32}\} "!\^on' $own/keys/a.example.conf
	grep -qxF 'RewriteRule ^ - [F]' $own/keys/a.example.conf
	# the word between front and website is nobody else's
	[ "$(stat -c '%U %a' $own/keys/a.example.conf /etc/nginx/hosting-panel/keys/a.example.conf | sort -u)" = "root 400" ]
	[ -z "$(grep -rl "$(grep -o 'X-HP-[0-9a-f]*' $own/keys/a.example.conf)" /etc/nginx/sites-available $own/sites)" ]
	hp-site remove a.example --yes -q 3>&- 4>&-
	# the server keeps copies, of which it reads nothing
	[ -z "$(ls $own/sites/ | grep '\.conf$')" ]
}

@test "as the front it has the ports, and hands requests to the others" {
	site a.example web_server=openlitespeed
	site b.example web_server=nginx ssl_provider=custom ssl_enabled=true https_redirect=false
	site c.example web_server=apache
	# what stands in speaks no TLS
	if [ -n "$real" ]; then
		certificate b.example
		hp-cert import b.example --key "$dir/b.example.key" --cert "$dir/b.example.crt" -q 3>&- 4>&-
	fi
	for d in b c; do
		page $d.example index.php '<?php echo "'$d' ", $_SERVER["REMOTE_ADDR"], " ", $_SERVER["HTTPS"] ?? "off";'
	done
	run hp-vhost front openlitespeed 3>&- 4>&-
	[ "$status" = 0 ] || { echo "$output"; return 1; }
	judged
	grep -q 'address \*:80' $own/node.conf
	run -0 hp-vhost verify
	for path in / /no/such; do
		served 'b 127.0.0.1 off' get b.example $path
		served 'c 127.0.0.1 off' get c.example $path
	done
	served 'b 127.0.0.1 on' curl -sk --resolve b.example:443:127.0.0.1 https://b.example/
	# how long a browser may keep a file is not for the server's own configuration to say
	page b.example a.css 'a{}'
	served 200 curl -s -o /dev/null -D "$dir/head" -w '%{http_code}' -H 'Host: b.example' http://127.0.0.1/a.css
	[ -z "$real" ] || run ! grep -iE '^(cache-control|expires):' "$dir/head"
	# at the others' own ports nobody is believed who does not say the front's word
	[ "$(curl -s -o /dev/null -w '%{http_code}' -H 'Host: b.example' -H 'X-Forwarded-For: 192.0.2.1' http://127.0.0.1:8181/)" = 403 ]
	[ "$(curl -s -o /dev/null -w '%{http_code}' -H 'Host: c.example' -H 'X-Forwarded-For: 192.0.2.1' http://127.0.0.1:8182/)" = 403 ]
	run -0 hp-vhost front nginx 3>&- 4>&-
	judged
	[ "$(get b.example /)" = "b 127.0.0.1 off" ]
}

@test "its logs are opened anew when they have been renamed, and no line is lost" {
	site a.example web_server=openlitespeed
	page a.example a.txt file
	logs=/var/log/hosting-panel/sites/a.example
	if [ -n "$real" ]; then
		"$BATS_TEST_DIRNAME/../lib/load" -c 2 -t 60 a.example /a.txt=file >"$dir/load" 3>&- 4>&- &
		load=$!
		sleep 1
	fi
	ls "$logs"
	for f in "$logs"/*access*.log; do mv "$f" "$f.1"; done
	run -0 --separate-stderr hp-vhost reopen --json 3>&- 4>&-
	jq -r '.[] | select(.event == "reload") | .server' <<<"$output" | grep -qx openlitespeed
	[ -n "$real" ] || return 0
	sleep 1
	kill -TERM "$load"
	wait "$load" || { cat "$dir/load"; return 1; }
	asked=$(sed 's/ .*//' "$dir/load")
	[ "$asked" -gt 20 ]
	for _ in $(seq 50); do
		lines=$(cat "$logs"/access.log "$logs"/access.log.1 | grep -c ' /a.txt ')
		[ "$lines" != "$asked" ] || break
		sleep 0.1
	done
	[ "$lines" = "$asked" ] || { echo "$asked asked, $lines lines"; return 1; }
	grep -q ' /a.txt ' "$logs/access.log"
}

@test "as the front with TLS: judged, in a root of its own" {
	site a.example web_server=nginx
	certificate a.example
	hp-cert import a.example --key "$dir/a.example.key" --cert "$dir/a.example.crt" -q 3>&- 4>&-
	root=$dir/root
	mkdir -p "$root$lsws/conf" "$root/var/lib/hosting-panel" "$root/usr/sbin" "$root/etc/php"
	cp "$dir/lsws-conf/httpd_config.conf" "$root$lsws/conf/"
	cp -a /var/lib/hosting-panel/certs "$root/var/lib/hosting-panel/"
	printf '[web]\nserver = openlitespeed\n' >"$dir/conf"
	php=$(ls /usr/sbin/php-fpm8.* | head -1)
	touch "$root$php" && chmod +x "$root$php"
	v=php_version=${php#*fpm}
	state 1 "1 a.example $v web_server=openlitespeed +*.a.example ssl_enabled=true https_redirect=true hsts_max_age=600 cache_enabled=true" "2 b.example $v web_server=apache" \
		"3 c.example $v web_server=openlitespeed proxy_port=9123 gzip_enabled=false"
	run -0 node --sysroot "$root" --conf "$dir/conf" apply "$dir/1"
	"$check" -r "$root"
	site=$root$own/sites/a.example.conf
	grep -q '^virtualHost a.example-tls {' "$site"
	# the server takes the first that fits, in the order of files
	grep -q 'vhDomain a.example$' "$site"
	stars=$root$own/sites/~996~a.example.conf
	grep -q '^virtualHost a.example-stars3-tls {' "$stars"
	grep -q 'vhDomain stars-3.a.example.invalid, \*.a.example$' "$stars"
	grep -q 'RewriteRule ^ https://%{HTTP_HOST}%1 \[R=301,L,NE\]' "$site"
	grep -q 'Header set Strict-Transport-Security "max-age=600"' "$site"
	# what it keeps: of HTTPS and HTTP apart, and not for who asks as somebody
	[ "$(sed -n 's/^\t\tstoragePath //p' "$site")" = $'/var/cache/hosting-panel-openlitespeed/a.example/http\n/var/cache/hosting-panel-openlitespeed/a.example/https' ]
	grep -q 'RewriteRule ^ - \[E=Cache-Control:vary=' "$site"
	! grep -q 'storagePath' "$root$own/sites/c.example.conf" && grep -q 'ls_enabled 0' "$root$own/sites/c.example.conf"
	sed -i.good 's/expireInSeconds 10/expireInSeconds 0/' "$site"
	run -2 "$check" -r "$root"
	[[ $output == *"what is private"* ]]
	mv "$site.good" "$site"
	sed -i.good 's,example/https$,example/http,' "$site"
	run -2 "$check" -r "$root"
	[[ $output == *"another virtual host keeps its answers in"* ]]
	mv "$site.good" "$site"
	grep -q 'useIpInProxyHeader 0' "$root$own/node.conf"
	grep -q 'address 127.0.0.1:8182' "$root$own/sites/b.example.conf"
	grep -q 'RemoteIPHeader X-Forwarded-For' "$root/etc/apache2/hosting-panel/behind.conf"
	# a pair that is none
	openssl genrsa -out "$root$own/tls/a.example.key" 2048 2>/dev/null
	run -2 "$check" -r "$root"
	[[ $output == *"are no pair"* ]]
}

@test "the checker says no to what is wrong" {
	site a.example web_server=openlitespeed
	judged
	file=$own/sites/a.example.conf
	cp $file "$dir/good"
	for change in 's/vhRoot/vhRooot/' 's/listeners .*/listeners nobody/' 's/enableGzip 1/enableGzip yes/' '0,/^\t}$/s/^\t}$//' \
		's/^END_OF_RULES$//' 's/\[R=404,L\]/[R=404,Z]/' 's/(?!well-known/((?!well-known/' 's/add fcgi:.* php/add fcgi:other php/' \
		's/docRoot .*//' 's/Header set X-Frame/Headers put X-Frame/' 's/autoStart 0/autoStart 1/' \
		's/^\tvhDomain.*/&\n\tvhDomain b.example/' 's/^virtualHost a/virtualHost a$a/' 's/^RewriteFile .*/RewriteFile \/nowhere/' \
		'$a}' 's/-gt [0-9]*/-gt many/' 's/context \/ {/context nowhere {/' 's/ls_enabled 0/ls_enabledd 0/' 's/allowBrowse 1/allowBrowse 1\n\t\trealm none/'; do
		sed -e "$change" "$dir/good" >$file
		! cmp -s "$dir/good" $file || { echo "$change changes nothing"; return 1; }
		run -2 "$check"
	done
	cp "$dir/good" $file
	judged
}

@test "as the front: what asks for it is kept, and nothing for who asks as somebody" {
	[ -n "$real" ] || skip "asked of a real server alone"
	local asks='h=X-LiteSpeed-Cache-Control:public,max-age%3D60' one h i n=0
	kill -TERM "$(cat /run/nginx.pid)"
	until_gone /run/nginx.pid
	mkdir -p /etc/hosting-panel
	printf '[web]\nserver = openlitespeed\n' >/etc/hosting-panel/hosting-panel.conf
	hp-site add a.example tenant=acme cache_enabled=true -q 3>&- 4>&-
	page a.example n.php '<?php
		parse_str($_SERVER["QUERY_STRING"], $q);
		header($q["h"]);
		if (isset($q["code"])) http_response_code((int)$q["code"]);
		echo hrtime(true);'
	kept() {
		one=$(get a.example "$@")
		[ "$(get a.example "$@")" = "$one" ]
	}
	# each of its processes opens what it keeps them in at the first that it is asked for
	for i in $(seq 200); do
		kept "/n.php?$asks&a" && n=$((n + 1)) || n=0
		[ $n -lt 12 ] || break
	done
	[ $n -ge 12 ]
	one=$(get a.example "/n.php?$asks&a")
	! kept "/n.php?$asks&a" -b a=1
	[ "$(get a.example "/n.php?$asks&a" -H 'Authorization: Basic eA==')" != "$one" ]
	[ "$(get a.example "/n.php?$asks&a" -H 'Authorization: Basic eQ==')" != "$(get a.example "/n.php?$asks&a" -H 'Authorization: Basic eA==')" ]
	for h in Cache-Control:max-age%3D60 Cache-Control:max-age%3D60\&code=404 Cache-Control:private,max-age%3D60 Vary:*; do
		! kept "/n.php?h=$h" || { echo "kept: $h"; return 1; }
	done
	run -0 hp-vhost purge a.example --tsv -n -o removed
	[ "$output" -gt 0 ]
	sleep 2
	[ "$(get a.example "/n.php?$asks&a")" != "$one" ]
}
