# What the front keeps of websites' answers (cache_enabled), asked over HTTP with real PHP-FPM. Runs in
# tests/lib/sandbox. The file's name says which server serves and which is the front: cache-apache.bats,
# cache-behind.bats (Apache behind NGINX), cache-apache-nginx.bats and cache-openlitespeed.bats are links to this
# one. OpenLiteSpeed keeps what asks for it alone: there the pages do, and what it judges by other words is no
# question.

bats_require_minimum_version 1.5.0
load ../lib/node
load ../lib/settings-server
load ../lib/openlitespeed

setup() {
	node_setup
	node_panel
	settings_server "$BATS_TEST_FILENAME"
	rm -f /etc/nginx/sites-enabled/default
	rm -rf /var/cache/hosting-panel-{nginx-php,nginx-proxy,apache,openlitespeed}
	[ $front != openlitespeed ] || ols_wanted
	[ $front = nginx ] || node_front $front
	hp-site add a.example tenant=acme web_server=$server cache_enabled=yes -q 3>&- 4>&-
	page a.example index.php '<?php echo "start";'
	# each answer is another one
	page a.example n.php '<?php
		parse_str($_SERVER["QUERY_STRING"], $q);
		if (!preg_match("/^(Cache-Control|Vary|Expires)/", $q["h"] ?? "") && !isset($q["code"])) { '"$(asks 10)"' }
		if (isset($q["h"])) header($q["h"]);
		if (isset($q["code"])) http_response_code((int)$q["code"]);
		echo $_SERVER["REQUEST_METHOD"], " ", hrtime(true);'
}

# What a page says to be kept, where that is wanted.
asks() { # asks SECONDS
	[ $front != openlitespeed ] || echo "header(\"X-LiteSpeed-Cache-Control: public,max-age=$1\");"
}

teardown() {
	[ -z "${app:-}" ] || kill "$app" 2>/dev/null || true
	[ "$front" != openlitespeed ] || ols_teardown
	node_teardown
}

set_a() { run -0 hp-site set a.example "$@" 3>&- 4>&-; }

# says PATH [CURL-ARGUMENT …]: the first word of X-Cache. Apache has no other for BYPASS than MISS. OpenLiteSpeed has
# a header of its own, and says MISS of what it will keep alone.
says() {
	local path=$1
	shift
	curl -s -m 20 -o /dev/null -D - -H 'Host: a.example' "$@" "${origin:-http://127.0.0.1}$path" |
		tr -d '\r' | sed -nE 's/^X-(LiteSpeed-)?Cache: ([A-Z]+).*/\U\2/Ip'
}

bypass() {
	case $front in
	nginx) echo BYPASS ;;
	apache) echo MISS ;;
	esac
}

# Each of OpenLiteSpeed's processes keeps nothing before it has opened where: after a reload it is asked until all
# have, of HTTP and of HTTPS.
ready() { # ready [CURL-ARGUMENT …]
	local i n=0
	[ $front = openlitespeed ] || return 0
	[ -e /var/www/vhosts/a.example/ready.php ] ||
		page a.example ready.php '<?php header("X-LiteSpeed-Cache-Control: public,max-age=600"); echo "ready";'
	for i in $(seq 200); do
		[ "$(says /ready.php "$@")" = HIT ] && n=$((n + 1)) || n=0
		[ $n -lt 12 ] || return 0
	done
	return 1
}

is_kept() { # is_kept PATH [CURL-ARGUMENT …]
	local one two
	ready
	one=$(get a.example "$@") two=$(get a.example "$@")
	[[ $one == GET* ]] && [ "$one" = "$two" ] || { echo "$*: $one, then $two"; return 1; }
}

is_fresh() {
	local one two
	one=$(get a.example "$@") two=$(get a.example "$@")
	[[ $one == GET* && $two == GET* ]] && [ "$one" != "$two" ] || { echo "$*: $one, then $two"; return 1; }
}

@test "rendered: the front's vhost says where answers are kept, and nothing of it without cache_enabled" {
	case $front in
	nginx) vhost=/etc/nginx/sites-available/a.example.conf words='^[[:space:]]*(fastcgi|proxy)_cache_key' ;;
	apache) vhost=/etc/apache2/sites-available/a.example.conf words='^[[:space:]]*CacheEnable disk' ;;
	openlitespeed) vhost=$sites/a.example.conf words='^[[:space:]]*storagePath /var/cache/hosting-panel-openlitespeed/' ;;
	esac
	grep -Eq "$words" "$vhost" || { cat "$vhost"; return 1; }
	run -0 hp-vhost verify
	set_a cache_enabled=no
	run ! grep -E "$words" "$vhost"
	run -0 hp-vhost verify
}

@test "an answer is kept; query, host and method have answers of their own" {
	ready
	[ "$(says /n.php)" = MISS ]
	[ "$(says /n.php)" = HIT ]
	is_kept /n.php
	[ "$(says /n.php?a=1)" = MISS ]
	[ "$(says '/n.php?a=1')" = HIT ]
	[ $front = openlitespeed ] || is_kept '/n.php?h=Cache-Control:max-age%3D30'
	# HEAD has no body: nobody may get that for GET
	[ "$(says '/n.php?head' -I)" != HIT ]
	is_kept '/n.php?head'
	hp-site add b.example tenant=acme cache_enabled=yes -q 3>&- 4>&-
	page b.example n.php '<?php echo "of b";'
	[ "$(get b.example /n.php)" = "of b" ]
	is_kept /n.php
	[ "$(says /n.php -X POST)" != HIT ]
	[[ $(get a.example /n.php -X POST) == POST* ]]
	# what some servers take for an order, of whoever asks from this machine
	local one method
	one=$(get a.example /n.php?order)
	for method in PURGE REFRESH; do get a.example /n.php?order -X $method >/dev/null; done
	[ "$(get a.example /n.php?order)" = "$one" ]
}

@test "addresses that one script answers for have answers of their own" {
	page a.example index.php '<?php '"$(asks 60)"' echo "GET ", $_SERVER["REQUEST_URI"], " [", $_SERVER["QUERY_STRING"], "] ", hrtime(true);'
	local path
	for path in / /index.php '/?a=1' '/index.php?a=1' /one /two '/one?a=b%20c&d' /%6fne /caf%C3%A9 /caf%c3%a9; do
		is_kept "$path"
		# which Apache writes anew for who stands behind it
		[ "$front $server" != "apache nginx" ] || [[ $path != *%[6c]* ]] || continue
		[[ $(get a.example "$path") == "GET $path ["* ]] || { echo "$path: $(get a.example "$path")"; return 1; }
	done
	[[ $(get a.example '/one?a=b%20c&d') == *" [a=b%20c&d] "* ]]
	[[ $(get a.example /one) == *" [] "* ]]
}

@test "who asks as somebody gets an answer of his own, and nobody else does" {
	ready
	is_fresh '/n.php?x' -b session=1
	[ "$(says '/n.php?x' -b session=1)" = "$(bypass)" ]
	# a value that nginx takes for "no"
	is_fresh '/n.php?x' -H 'Cookie: 0'
	is_fresh '/n.php?x' -u alice:secret
	is_fresh '/n.php?x' -H 'Authorization: 0'
	# none of them was stored
	[ "$(says '/n.php?x')" = MISS ]
	# and what is kept is not shown to them
	[ "$(says '/n.php?x')" = HIT ]
	is_fresh '/n.php?x' -b session=1
}

@test "what sets a cookie, is private, or is an error is not kept" {
	ready
	is_fresh '/n.php?h=Set-Cookie:a%3D1'
	is_fresh '/n.php?h=Cache-Control:private'
	is_fresh '/n.php?h=Cache-Control:no-store'
	is_fresh '/n.php?h=Cache-Control:no-cache'
	is_fresh '/n.php?h=Vary:*'
	is_fresh '/n.php?code=500'
	is_fresh '/n.php?code=404&h=Cache-Control:max-age%3D60'
	is_fresh '/n.php?code=302'
	is_fresh '/n.php?code=302&h=Cache-Control:max-age%3D60'
	is_fresh '/n.php?code=301&h=Set-Cookie:a%3D1'
	is_fresh '/n.php?code=301&h=Cache-Control:no-store'
	is_fresh '/n.php?code=301&h=Vary:*'
	is_fresh '/n.php?h=Expires:0'
	[ $front = openlitespeed ] || is_kept '/n.php?code=301'
	is_kept '/n.php?h=Last-Modified:Thu,%2001%20Jan%202026%2000:00:00%20GMT'
}

@test "basic_auth: nothing of that website is kept" {
	is_kept /n.php
	echo '{"/private":{"alice":"$apr1$saltsalt$Q17bmANhIA7pctgRGqF/S0"}}' >"$dir/auth"
	set_a "basic_auth=@$dir/auth"
	is_fresh /n.php
	[ -z "$(says /n.php)" ]
}

@test "allowed_ips: access is judged before what is kept is looked for" {
	is_kept /n.php
	set_a 'allowed_ips=["127.0.0.1"]'
	is_kept /n.php
	[ "$(curl -s -m 20 -o /dev/null -w '%{http_code}' --interface 127.0.0.2 -H 'Host: a.example' http://127.0.0.1/n.php)" = 403 ]
}

@test "it is over after cache_ttl_seconds, a change of settings, or cache_enabled=false" {
	local one path=/n.php
	[ $front != openlitespeed ] || path='/n.php?h=X-LiteSpeed-Cache-Control:public,max-age%3D5'
	set_a cache_ttl_seconds=5
	ready
	one=$(get a.example "$path")
	[ "$(get a.example "$path")" = "$one" ]
	sleep 7
	[ "$(get a.example "$path")" != "$one" ]
	set_a cache_ttl_seconds=3600
	is_kept /n.php
	one=$(get a.example /n.php)
	set_a gzip_enabled=false
	[ "$(get a.example /n.php)" != "$one" ]
	set_a cache_ttl_seconds=0
	is_fresh /n.php
	set_a cache_ttl_seconds=3600 cache_enabled=false
	is_fresh /n.php
	[ -z "$(says /n.php)" ]
}

@test "a file that is changed is seen at once" {
	page a.example a.css one
	[ "$(get a.example /a.css)" = one ]
	[ "$(get a.example /a.css)" = one ]
	page a.example a.css three
	# which looks at a file once a second
	[ $front != openlitespeed ] || sleep 2
	[ "$(get a.example /a.css)" = three ]
	# and whoever else may keep it hears nothing of ours
	run -0 curl -s -m 20 -o /dev/null -D - -r 0-1 -H 'Host: a.example' http://127.0.0.1/a.css
	[[ $output == *" 206 "* && $output != *private* && $output != *x-hp-kept* ]]
}

@test "what is kept is the web server's alone" {
	is_kept /n.php
	case $front in
	nginx)
		[ "$(stat -c '%U %a' /var/cache/hosting-panel-nginx-php)" = "www-data 700" ]
		[ "$(stat -c '%U %a' /var/cache/hosting-panel-nginx-proxy)" = "www-data 700" ]
		;;
	*) [[ $(stat -c '%U:%G %a' /var/cache/hosting-panel-$front) == root:www-data\ 7[75]0 ]] ;;
	esac
	for d in /var/cache/hosting-panel-$front*; do
		run ! runuser -u site1 -- ls "$d"
	done
}

@test "proxy_port: answers of a program are kept, not to a cookie, and no redirect" {
	[ $server = $front ] || skip "the program is asked by the server behind"
	perl "$BATS_TEST_DIRNAME/app.pl" 4567 >"$dir/app" 2>&1 3>&- 4>&- &
	app=$!
	for _ in $(seq 100); do
		grep -q ready "$dir/app" && break
		sleep 0.1
	done
	set_a proxy_port=4567
	for _ in $(seq 20); do says /warm >/dev/null; done
	[ "$(says /x)" = MISS ]
	[ "$(says /x)" = HIT ]
	[ "$(says /x -b a=1)" = "$(bypass)" ]
	for _ in 1 2; do [[ $(says /go) == "$([ $front = openlitespeed ] || echo MISS)" ]]; done
}

@test "purge: what is kept of one website goes, and of no other" {
	local a b
	hp-site add b.example tenant=acme web_server=$server cache_enabled=yes -q 3>&- 4>&-
	page b.example n.php '<?php '"$(asks 60)"' echo "GET of b ", hrtime(true);'
	# a name that begins like it
	hp-site add a.example.org tenant=acme web_server=$server cache_enabled=yes -q 3>&- 4>&-
	page a.example.org n.php '<?php '"$(asks 60)"' echo "GET of c ", hrtime(true);'
	for host in b.example a.example.org; do for _ in $(seq 20); do get $host '/n.php?warm' >/dev/null; done; done
	ready
	run -0 hp-vhost purge b.example a.example.org -q
	rm -f /var/www/vhosts/a.example/ready.php
	run -0 hp-vhost purge a.example -q
	a=$(get a.example /n.php) b=$(get b.example /n.php) c=$(get a.example.org /n.php)
	get a.example '/n.php?KEY:%20b.example%20x' >/dev/null
	run -0 hp-vhost purge a.example --tsv -n -o domain,removed
	[ "$output" = "a.example	2" ] || { echo "$output"; return 1; }
	[ "$(get b.example /n.php)" = "$b" ]
	[ "$(get a.example.org /n.php)" = "$c" ]
	[ "$(get a.example /n.php)" != "$a" ]
	is_kept /n.php
	run -0 hp-audit list --tsv -n -o verb,object
	[[ $output == *"vhost:purge	a.example"* ]]
	run -0 --separate-stderr hp-vhost purge a.example --tsv -n -o removed
	[ "$output" = "$([ $front = openlitespeed ] && echo 2 || echo 1)" ]
	run -3 hp-vhost purge nobody.example
	[[ $output == *"no website of this node"* ]]
	run -2 hp-vhost purge ../etc
	b=$(get b.example /n.php)
	run -3 --separate-stderr hp-vhost purge - --tsv -n -o domain,exit <<<$'b.example\nnobody.example\na.example'
	[ "$output" = $'a.example\t0\nb.example\t0\nnobody.example\t3' ]
	[ "$(get b.example /n.php)" != "$b" ]
}

@test "HTTPS and HTTP have answers of their own" {
	page a.example scheme.php '<?php '"$(asks 60)"' header("Cache-Control: max-age=60"); echo "GET ", $_SERVER["HTTPS"] ?? "off", " ", hrtime(true);'
	openssl req -x509 -newkey rsa:2048 -nodes -days 9 -subj /CN=a.example -addext subjectAltName=DNS:a.example \
		-keyout "$dir/key" -out "$dir/crt" 2>/dev/null
	hp-site set a.example ssl_enabled=true ssl_provider=custom https_redirect=false -q 3>&- 4>&-
	hp-cert import a.example --key "$dir/key" --cert "$dir/crt" -q 3>&- 4>&-
	local plain secure ca=(--cacert "$dir/crt" --resolve a.example:443:127.0.0.1)
	tls() { curl -s -m 20 "${ca[@]}" https://a.example/scheme.php; }
	ready
	origin=https://a.example ready "${ca[@]}"
	plain=$(get a.example /scheme.php) secure=$(tls)
	[[ $plain == "GET off "* ]] && [[ $secure == "GET on "* ]] || { echo "$plain, $secure"; return 1; }
	[ "$(get a.example /scheme.php)" = "$plain" ]
	[ "$(tls)" = "$secure" ]
	run -0 hp-vhost purge a.example --tsv -n -o removed
	[ "$output" = "$([ $front = openlitespeed ] && echo 4 || echo 2)" ]
}

@test "another tenant's website never shows it, whatever a request says" {
	local a b
	hp-tenant add other -q
	hp-site add b.example tenant=other web_server=$server cache_enabled=yes -q 3>&- 4>&-
	page b.example n.php '<?php '"$(asks 60)"' header("Cache-Control: max-age=60"); echo "GET of b ", hrtime(true);'
	local path='/n.php?h=Cache-Control:max-age%3D60'
	[ $front != openlitespeed ] || path='/n.php?h=X-Own:max-age%3D60'
	ready
	a=$(get a.example "$path")
	[[ $(get b.example "$path") == "GET of b "* ]]
	# the name in the address counts (RFC 9112, section 3.2.2), here as there
	exec 9<>/dev/tcp/127.0.0.1/80
	printf 'GET http://b.example%s HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n' "$path" >&9
	cat <&9 >/dev/null
	exec 9>&-
	[ "$(get a.example "$path")" = "$a" ]
	b=$(get b.example /n.php -H 'X-HP-Kept: site1' -H 'X-Forwarded-Host: a.example')
	[[ $b == "GET of b "* ]]
	is_kept /n.php -H 'X-HP-Kept: site2'
	[[ $(get a.example /n.php) != *"of b"* ]]
}

@test "no visitor puts words into what others are shown: by a body, or by a name that is his own" {
	page a.example w.php '<?php '"$(asks 60)"' echo "GET ", $_SERVER["HTTP_HOST"], " ", $_SERVER["HTTP_X_FORWARDED_HOST"] ?? "", $_SERVER["HTTP_X_FORWARDED_PROTO"] ?? "", file_get_contents("php://input"), hrtime(true);'
	local i=0 said
	ready
	for said in "-d evil" "-H Transfer-Encoding:chunked -d evil" "-H Host:a.example:1337" "-H Host:A.example" \
		"--request-target http://a.example/w.php?4 -H Host:evil.example" \
		"-H X-Forwarded-Host:evil" "-H X-Forwarded-Proto:https"; do
		# shellcheck disable=SC2086
		curl -s -m 20 -o /dev/null -X GET -H 'Host: a.example' $said "http://127.0.0.1/w.php?$i"
		run get a.example "/w.php?$i"
		[[ $output == "GET a.example "+([0-9]) ]] || { echo "$said: $output"; return 1; }
		i=$((i + 1))
	done
}

# asked TIMES PATH: that many at once; their answers, sorted
asked() {
	local i
	for ((i = 0; i < $1; i++)); do get a.example "$2" >"$dir/answer.$i" 3>&- 4>&- & done
	wait
	for ((i = 0; i < $1; i++)); do cat "$dir/answer.$i"; echo; done | sort
}

@test "what is over is made anew by one, while others get the one before" {
	local old
	page a.example s.php '<?php
		'"$(asks 2)"'
		header("Cache-Control: max-age=2");
		if (isset($_GET["slow"]) && file_exists("slow")) sleep(6);
		echo "GET ", hrtime(true);'
	ready
	old=$(get a.example '/s.php?slow')
	[ "$(get a.example '/s.php?slow')" = "$old" ]
	page a.example slow ''
	sleep 4
	get a.example '/s.php?slow' >"$dir/renewed" 3>&- 4>&- &
	sleep 1.5
	run -0 asked 12 '/s.php?slow'
	[ "$(sort -u <<<"$output")" = "$old" ] || { echo "$old: $output"; return 1; }
	[ ! -s "$dir/renewed" ]
	wait
	[ "$(cat "$dir/renewed")" != "$old" ]
	[[ $(cat "$dir/renewed") == GET* ]]
}

@test "nobody waits for what turns out not to be kept" {
	page a.example w.php '<?php '"$(asks 60)"' header("Set-Cookie: a=1"); $t = hrtime(true); sleep(3); echo "GET ", $t, " ", hrtime(true);'
	# As many processes of PHP as are needed: of requests that come at one instant FPM starts one for the first alone
	page a.example awake.php '<?php sleep(1);'
	for i in 1 2 3 4; do
		get a.example "/awake.php?$i" 3>&- 4>&- &
		sleep 0.2
	done
	wait
	run -0 asked 4 /w.php
	[ "$(sort -u <<<"$output" | wc -l)" = 4 ]
	# one behind the other, each had begun when the one before was at its end
	sort -k2n <<<"$output" | awk '{ sub(/.*GET /, ""); if (NR > 1 && $1 < end) beside++; end = $2 } END { exit beside < 1 }'
}

@test "a change of PHP alone, or of its version, and the next answer is a new one" {
	[ "$(uname -m)" = x86_64 ] || skip "the other PHPs are for x86-64"
	"$HP_DATADIR/tests/lib/php-versions" 8.3 >>/etc/hosting-panel/hosting-panel.conf
	page a.example v.php '<?php
		'"$(asks 600)"'
		header("Cache-Control: max-age=600");
		echo "GET ", PHP_MAJOR_VERSION, ".", PHP_MINOR_VERSION, " ", ini_get("memory_limit"), " ";
		if (isset($_GET["x"])) echo hrtime(true);'
	set_a php_memory_limit=64M
	[ "$(get a.example /v.php)" = "GET 8.2 64M " ]
	set_a php_memory_limit=65M
	[ "$(get a.example /v.php)" = "GET 8.2 65M " ]
	is_kept '/v.php?x'
	set_a php_version=8.3
	[ "$(get a.example /v.php)" = "GET 8.3 65M " ]
	# back to a vhost that was there before
	set_a cache_enabled=false
	set_a cache_enabled=true php_version=8.2
	[ "$(get a.example /v.php)" = "GET 8.2 65M " ]
	# a run that is killed when it is decided: whoever brings it to its end does this, too
	run -137 env HP_FAULT=after-commit hp-site set a.example php_memory_limit=66M 3>&- 4>&-
	run -0 hp-vhost recover 3>&- 4>&-
	[ "$(get a.example /v.php)" = "GET 8.2 66M " ]
}

@test "what is kept has a bound on the disk" {
	local dir_of i
	page a.example big.php '<?php '"$(asks 600)"' header("Cache-Control: max-age=600"); echo "GET ", str_repeat(random_bytes(100), 1000);'
	if [ $front = nginx ]; then
		mkdir -p /etc/hosting-panel/templates/nginx
		sed 's/max_size=512m/max_size=1m/' "$HP_DATADIR/templates/nginx/node.conf" >/etc/hosting-panel/templates/nginx/node.conf
		run -0 hp-vhost apply 3>&- 4>&-
	fi
	# each of its processes opens what it keeps them in at the first
	ready
	kept() { du -skc /var/cache/hosting-panel-$front* | sed -n 's/\ttotal//p'; }
	for i in $(seq 40); do get a.example "/big.php?$i" >/dev/null; done
	# as the timer does it
	case $front in
	apache)
		[ "$(kept)" -gt 3000 ]
		runuser -u www-data -- $(sed -n 's/^ExecStart=\(.*\)512M$/\11M/p' "$HP_DATADIR/systemd/hosting-panel-cache.service")
		;;
	openlitespeed)
		[ "$(kept)" -gt 3000 ]
		newest=$(get a.example '/big.php?40' | sha256sum)
		# shellcheck disable=SC2046 # words
		runuser -u www-data -- "$HP_BUILDDIR"/cmd/$(sed -n 's,^ExecStart=@bindir@/\(.*\)512M$,\11M,p' \
			"$HP_DATADIR/systemd/hosting-panel-cache-openlitespeed.service.in")
		[ "$(kept)" -gt 500 ]
		sleep 1.1
		[ "$(get a.example '/big.php?40' | sha256sum)" = "$newest" ]
		;;
	esac
	for i in $(seq 60); do
		[ "$(kept)" -gt 2000 ] || break
		sleep 0.5
	done
	[ "$(kept)" -le 2000 ] || { kept; return 1; }
	is_kept /n.php
}
