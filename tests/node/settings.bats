# What settings of a website do, asked over HTTP of the real servers with real PHP-FPM. Runs in
# tests/lib/sandbox. The file's name says which server: settings-apache.bats and settings-behind.bats (Apache
# behind NGINX) are links to this one.

bats_require_minimum_version 1.5.0
load ../lib/settings

@test "document_root: a folder below the website's is served, and nothing beside it" {
	page a.example public/index.php '<?php echo "public of ", $_SERVER["DOCUMENT_ROOT"];'
	page a.example public/a.txt inside
	page a.example secret.txt outside
	[ "$(get a.example /secret.txt)" = outside ]
	set_a document_root=public
	[ "$(get a.example /)" = "public of /var/www/vhosts/a.example/public" ]
	[ "$(get a.example /a.txt)" = inside ]
	[[ $(get a.example /secret.txt) != outside ]]
	[[ $(get a.example /../secret.txt --path-as-is) != *outside* ]]
	[[ $(get a.example /%2e%2e/secret.txt --path-as-is) != *outside* ]]
	set_a document_root=
	[ "$(get a.example /secret.txt)" = outside ]
}

@test "document_root: a link to another website's folder serves nothing" {
	hp-site add b.example tenant=acme -q 3>&- 4>&-
	page b.example wp-config.bak "password of b"
	[ "$(get b.example /wp-config.bak)" = "password of b" ]
	ln -s ../b.example /var/www/vhosts/a.example/steal
	ln -s /etc /var/www/vhosts/a.example/etc
	chown -h site1:site1 /var/www/vhosts/a.example/{steal,etc}
	set_a document_root=steal
	[[ $(get a.example /wp-config.bak) != *password* ]]
	set_a document_root=etc
	[[ $(get a.example /passwd) != *root:* ]]
	# its own links are its own business
	page a.example v1/a.txt one
	ln -s v1 /var/www/vhosts/a.example/current
	chown -h site1:site1 /var/www/vhosts/a.example/current
	set_a document_root=current
	[ "$(get a.example /a.txt)" = one ]
}

@test "index_files: the first that is there, and what PHP answers for the rest" {
	page a.example home.html home
	page a.example sub/start.htm start
	[ "$(get a.example /nothing)" = "php /nothing" ]
	set_a index_files=home.html,start.htm,index.php
	[ "$(get a.example /)" = home ]
	[ "$(get a.example /sub/)" = start ]
	[ "$(get a.example /nothing)" = "php /nothing" ]
	page a.example main.php '<?php echo "main ", $_SERVER["REQUEST_URI"];'
	set_a index_files=main.php
	[ "$(get a.example /deep/path?x=1)" = "main /deep/path?x=1" ]
	set_a index_files=home.html
	[ "$(code a.example /deep/path)" = 404 ]
	[ "$(get a.example /main.php)" = "main /main.php" ]
}

@test "redirects: one path, all below one, and the whole website" {
	set_a redirects='{"/old":"301 /new","/shop":"302 https://shop.example/x","/q":"307 /new?a=1","/f":"308 /new#part",'\
'"/dir/*":"301 /other/*","/dir/deep/*":"308 https://deep.example/*","/gone/*":"302 /gone.html","/v1.0/*":"301 /v2/*"}'
	goes /old 301 /new
	goes /old?x=1 301 '/new?x=1'
	goes /shop?x=1 302 'https://shop.example/x?x=1'
	goes /q?x=1 307 '/new?a=1'
	goes /f?x=1 308 '/new#part'
	goes /dir/a/b%20c?x=1 301 '/other/a/b%20c?x=1'
	goes /dir/ 301 /other/
	goes /dir/x.php 301 /other/x.php
	goes /dir/deep/a 308 https://deep.example/a
	goes /gone/a/b 302 /gone.html
	goes /v1.0/a 301 /v2/a
	# neither more nor less than that
	[ "$(get a.example /older)" = "php /older" ]
	[ "$(get a.example /dir)" = "php /dir" ]
	[ "$(get a.example /v1x0/a)" = "php /v1x0/a" ]
	# a line's end, decoded by nobody, is no header
	[ -z "$(headers '/dir/a%0d%0aX-Evil:%20yes' | header x-evil)" ]
	[ -z "$(headers '/old?a%0d%0aX-Evil:%20yes' | header x-evil)" ]
	# a method is kept where the status says so
	[ "$(curl -s -m 20 -o /dev/null -w '%{http_code}' -X POST -d x -H 'Host: a.example' http://127.0.0.1/f)" = 308 ]
	set_a redirects='{"/*":"301 https://new.example/*","/keep":"302 /here"}'
	goes / 301 https://new.example/
	goes '/a/b.php?c=d' 301 'https://new.example/a/b.php?c=d'
	goes /.git/config 301 https://new.example/.git/config
	goes /keep 302 /here
	# the panel's own answers stay
	[[ $(get a.example /.well-known/hosting-panel/probe) =~ ^[0-9a-f]{16}$ ]]
	set_a redirects=
	[ "$(get a.example /old)" = "php /old" ]
}

@test "error_pages: instead of the server's own, with the status kept" {
	page a.example e/404.html "not here"
	page a.example e/403.php '<?php echo "no ", $_SERVER["REDIRECT_STATUS"] ?? "";'
	set_a index_files=index.html error_pages='{"404":"/e/404.html","403":"/e/404.html","503":"/e/none.html"}'
	[ "$(get a.example /nothing)" = "not here" ]
	[ "$(code a.example /nothing)" = 404 ]
	[ "$(get a.example /nothing.php)" = "not here" ]
	[ "$(code a.example /nothing.php)" = 404 ]
	[ "$(get a.example /.env)" = "not here" ]
	# PHP's own answer is its own
	page a.example own.php '<?php http_response_code(404); echo "of PHP";'
	[ "$(get a.example /own.php)" = "of PHP" ]
	# a page that is not there is an error, not an endless search
	set_a error_pages='{"404":"/e/none.html"}'
	[ "$(code a.example /nothing)" = 404 ]
	[[ $(get a.example /nothing) == *"404 Not Found"* ]]
	set_a error_pages='{"404":"/e/403.php"}'
	[[ $(get a.example /nothing) == no* ]]
	[ "$(code a.example /nothing)" = 404 ]
}

@test "basic_auth: everything below a path, PHP as well as files, for these users alone" {
	page a.example admin/index.php '<?php echo "admin of ", $_SERVER["REMOTE_USER"];'
	page a.example admin/a.txt file
	page a.example admin/super/s.txt super
	page a.example administrator.txt open
	jq -nc --arg six "$(openssl passwd -6 geheim)" --arg five "$(openssl passwd -5 fünf)" \
		--arg apr "$(openssl passwd -apr1 'a b:c')" \
		--arg two "$(perl -e 'print crypt("zwei", q($2y$05$abcdefghijklmnopqrstuu))')" \
		'{"/admin": {alice: $six, bob: $five, carol: $apr, dan: $two}, "/admin/super": {eve: $six}}' >"$dir/auth"
	set_a "basic_auth=@$dir/auth"
	for path in /admin /admin/ /admin/a.txt /admin/index.php /admin/nothing /admin/index.php/x //admin/a.txt \
		/x/../admin/a.txt /%61dmin/a.txt /admin%2fa.txt /admin/super/s.txt; do
		# Apache knows no path with a slash that is encoded
		[[ $(code a.example "$path" --path-as-is) == 401 || $path$server == *%2f*apache ]] || { echo "$path is open"; return 1; }
	done
	[ "$(headers /admin/a.txt | header www-authenticate)" = 'Basic realm="a.example/admin"' ]
	for user in alice:geheim bob:fünf 'carol:a b:c' dan:zwei; do
		[ "$(get a.example /admin/a.txt -u "$user")" = file ] || { echo "$user"; return 1; }
	done
	[ "$(get a.example /admin/ -u alice:geheim)" = "admin of alice" ]
	for user in alice:falsch alice: :geheim eve:geheim nobody:x; do
		[ "$(code a.example /admin/a.txt -u "$user")" = 401 ]
	done
	# the longest path counts
	[ "$(get a.example /admin/super/s.txt -u eve:geheim)" = super ]
	[ "$(code a.example /admin/super/s.txt -u alice:geheim)" = 401 ]
	[ "$(get a.example /administrator.txt)" = open ]
	[ "$(get a.example /x)" = "php /x" ]
	# hashes are root's and the web servers', and no website's
	for f in $etc/hosting-panel/users/a.example@*; do
		[ "$(stat -c '%U:%G %a' "$f")" = "root:www-data 440" ]
	done
	run ! setpriv --reuid=site1 --regid=site1 --clear-groups cat $etc/hosting-panel/users/a.example@*
	[ -z "$(grep -rlF '$6$' $etc/sites-available)" ]
	run -0 hp-vhost verify
	# a new password counts at once, and the old one does no more
	echo '{"alice":"{PLAIN}neu"}' >"$dir/auth"
	set_a "basic_auth@/admin=@$dir/auth"
	[ "$(code a.example /admin/a.txt -u alice:geheim)" = 401 ]
	[ "$(get a.example /admin/a.txt -u alice:neu)" = file ]
	set_a basic_auth=
	[ "$(get a.example /admin/a.txt)" = file ]
	[ -z "$(ls $etc/hosting-panel/users/a.example@* 2>/dev/null)" ]
}

@test "basic_auth: the whole website, with a page for who has no password" {
	page a.example a.txt file
	jq -nc --arg h "$(openssl passwd -6 geheim)" '{"/": {alice: $h}}' >"$dir/auth"
	set_a "basic_auth=@$dir/auth" redirects@/old="301 /a.txt"
	[ "$(code a.example /a.txt)" = 401 ]
	[ "$(code a.example /)" = 401 ]
	[ "$(get a.example /a.txt -u alice:geheim)" = file ]
	[ "$(get a.example / -u alice:geheim)" = "php /" ]
	[[ $(get a.example /.well-known/hosting-panel/probe) =~ ^[0-9a-f]{16}$ ]]
	hp-site suspend a.example -q 3>&- 4>&-
	[ "$(code a.example /a.txt)" = 503 ]
	hp-site resume a.example -q 3>&- 4>&-
	[ "$(code a.example /a.txt)" = 401 ]
	hp-site remove a.example --yes -q 3>&- 4>&-
	[ -z "$(ls $etc/hosting-panel/users/ 2>/dev/null)" ]
}

@test "proxy_port: a program answers, and learns who asks" {
	start_app 9123
	page a.example a.txt file
	set_a proxy_port=9123
	got=$(get a.example '/a.txt?x=1' -H 'X-Forwarded-For: 6.6.6.6' -H 'X-Real-IP: 6.6.6.6' -H 'Forwarded: for=6.6.6.6' \
		-H 'X-Forwarded-Host: evil.example' -H 'Proxy: evil' | tr -d '\r')
	[[ $got == "GET /a.txt?x=1 HTTP/1.1"* ]]
	grep -qx 'Host: a.example' <<<"$got"
	grep -qx 'X-Forwarded-For: 127.0.0.1' <<<"$got"
	grep -qx 'X-Real-IP: 127.0.0.1' <<<"$got"
	grep -qx 'X-Forwarded-Proto: http' <<<"$got"
	grep -qx 'X-Forwarded-Host: a.example' <<<"$got"
	# what holds for one connection is the server's own business
	[ -z "$(grep -iE '^(proxy|forwarded|upgrade):' <<<"$got")" ]
	[[ $got != *6.6.6.6* && $got != *evil* ]]
	# it need not know where it is to lead somewhere
	goes /go 302 /there
	[[ $(get a.example /index.php) == "GET /index.php "* ]]
	set_a proxy_port=
	[ "$(get a.example /a.txt)" = file ]
}

@test "proxy_port: WebSocket" {
	start_app 9123
	set_a proxy_port=9123
	exec 9<>/dev/tcp/127.0.0.1/80
	printf 'GET /chat HTTP/1.1\r\nHost: a.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: eA==\r\nSec-WebSocket-Version: 13\r\n\r\n' >&9
	read -r -t 10 line <&9
	[[ $line == "HTTP/1.1 101 "* ]]
	while read -r -t 10 line <&9 && [ "${line%$'\r'}" ]; do :; done
	for word in one two; do
		printf '%s\n' "$word" >&9
		read -r -t 10 line <&9
		[ "$line" = "again: $word" ]
	done
	exec 9>&-
}

@test "proxy_port: with a password, redirects, and a page for when the program is away" {
	page a.example 502.html "back soon"
	jq -nc --arg h "$(openssl passwd -6 geheim)" '{"/admin": {alice: $h}}' >"$dir/auth"
	set_a proxy_port=9123 "basic_auth=@$dir/auth" redirects@/old="301 /new" error_pages@502=/502.html error_pages@503=/502.html
	[ "$(get a.example /)" = "back soon" ]
	[[ $(code a.example /) == 50[23] ]]
	goes /old 301 /new
	start_app 9123
	[[ $(get a.example /) == "GET / "* ]]
	[ "$(code a.example /admin/x)" = 401 ]
	[[ $(get a.example /admin/x -u alice:geheim) == "GET /admin/x "* ]]
}

@test "http_security_headers: a safe set unless told otherwise" {
	page a.example a.txt file
	page a.example own.php '<?php header("X-Frame-Options: DENY"); header("X-Own: php");'
	for path in / /a.txt /.env; do
		got=$(headers $path)
		[ "$(header x-content-type-options <<<"$got")" = nosniff ]
		[ "$(header x-frame-options <<<"$got")" = SAMEORIGIN ]
		[ "$(header referrer-policy <<<"$got")" = strict-origin-when-cross-origin ]
	done
	# what PHP says itself is not said twice
	[ "$(headers /own.php | header x-frame-options)" = DENY ]
	[ "$(headers /own.php | header x-content-type-options)" = nosniff ]
	# the setting has the last word, also over PHP
	set_a http_security_headers='{"x-frame-options":"SAMEORIGIN","Referrer-Policy":"","X-Own":"panel","Permissions-Policy":"camera=()"}'
	got=$(headers /own.php)
	[ "$(header x-frame-options <<<"$got")" = SAMEORIGIN ]
	[ "$(header x-own <<<"$got")" = panel ]
	[ "$(header permissions-policy <<<"$got")" = 'camera=()' ]
	[ -z "$(header referrer-policy <<<"$got")" ]
	[ "$(header x-content-type-options <<<"$got")" = nosniff ]
	set_a http_security_headers=
	[ "$(headers /a.txt | header referrer-policy)" = strict-origin-when-cross-origin ]
}

@test "http_security_headers: on what a program answers" {
	start_app 9123
	set_a proxy_port=9123
	[ "$(headers / | header x-frame-options)" = SAMEORIGIN ]
	[ "$(headers /frame | header x-frame-options)" = DENY ]
	set_a http_security_headers='{"X-Frame-Options":"","X-Own":"panel"}'
	[ -z "$(headers / | header x-frame-options)" ]
	[ "$(headers /frame | header x-frame-options)" = DENY ]
	[ "$(headers /frame | header x-own)" = panel ]
}

@test "settings of what is served touch no neighbour" {
	hp-site add b.example tenant=acme -q 3>&- 4>&-
	page b.example index.php '<?php echo "b ", $_SERVER["REQUEST_URI"];'
	jq -nc --arg h "$(openssl passwd -6 geheim)" '{"/": {alice: $h}}' >"$dir/auth"
	set_a "basic_auth=@$dir/auth" redirects='{"/x":"301 /y"}' error_pages='{"404":"/e.html"}' \
		http_security_headers='{"X-Frame-Options":""}' index_files=none.html
	[ "$(get b.example /x)" = "b /x" ]
	[ "$(curl -s -m 20 -o /dev/null -D - -H 'Host: b.example' http://127.0.0.1/ | tr -d '\r' | header x-frame-options)" = SAMEORIGIN ]
	run -0 hp-vhost plan
}
