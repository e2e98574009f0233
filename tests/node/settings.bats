# What settings of a website do, asked over HTTP of the real servers with real PHP-FPM. Runs in
# tests/lib/sandbox. The file's name says which server serves the website and which is the front
# (tests/lib/settings-server.bash): settings-apache.bats and the others are links to this one.

bats_require_minimum_version 1.5.0
load ../lib/settings

@test "document_root: a folder below the website's is served, and nothing beside it" {
	page a.example public/index.php '<?php echo "public of ", $_SERVER["DOCUMENT_ROOT"];'
	page a.example public/a.txt inside
	page a.example secret.txt outside
	is outside get a.example /secret.txt
	set_a document_root=public
	is "public of /var/www/vhosts/a.example/public" get a.example /
	is inside get a.example /a.txt
	unlike 'outside' get a.example /secret.txt
	unlike '*outside*' get a.example /../secret.txt --path-as-is
	unlike '*outside*' get a.example /%2e%2e/secret.txt --path-as-is
	set_a document_root=
	is outside get a.example /secret.txt
}

@test "document_root: a link to another website's folder serves nothing" {
	act hp-site add b.example tenant=acme web_server=$server -q
	page b.example wp-config.bak "password of b"
	is "password of b" get b.example /wp-config.bak
	ln -s ../b.example /var/www/vhosts/a.example/steal
	ln -s /etc /var/www/vhosts/a.example/etc
	chown -h site1:site1 /var/www/vhosts/a.example/{steal,etc}
	# OpenLiteSpeed has no website there at all
	[ $server = openlitespeed ] && run hp-site set a.example document_root=steal 3>&- 4>&- || set_a document_root=steal
	unlike '*password*' get a.example /wp-config.bak
	[ $server = openlitespeed ] && run hp-site set a.example document_root=etc 3>&- 4>&- || set_a document_root=etc
	unlike '*root:*' get a.example /passwd
	[ $server != openlitespeed ] || return 0
	# its own links are its own business
	page a.example v1/a.txt one
	ln -s v1 /var/www/vhosts/a.example/current
	chown -h site1:site1 /var/www/vhosts/a.example/current
	set_a document_root=current
	is one get a.example /a.txt
}

@test "index_files: the first that is there, and what PHP answers for the rest" {
	page a.example home.html home
	page a.example sub/start.htm start
	is "php /nothing" get a.example /nothing
	set_a index_files=home.html,start.htm,index.php
	is home get a.example /
	is start get a.example /sub/
	is "php /nothing" get a.example /nothing
	page a.example main.php '<?php echo "main ", $_SERVER["REQUEST_URI"];'
	set_a index_files=main.php
	is "main /deep/path?x=1" get a.example /deep/path?x=1
	set_a index_files=home.html
	is 404 code a.example /deep/path
	is "main /main.php" get a.example /main.php
}

@test "what is called .php runs; other names of scripts neither run nor show what stands in them" {
	source='<?php $secret = 1; echo "run"; // secret'
	names=(x.PHP x.Php x.php3 x.php5 x.php7 x.php8 x.phtml x.PHTML x.pht x.phar x.phps sub/x.phtml x.php.phtml .phtml)
	for name in x.php sub/x.php "${names[@]}"; do page a.example "$name" "$source"; done
	page a.example x.php.txt text
	page a.example x.phone phone
	[ $server = nginx ] || printf 'AddType application/x-httpd-php .phtml\n' >/var/www/vhosts/a.example/.htaccess
	set_a cache_enabled=true
	for path in "${names[@]/#//}" /x.%50HP /x.phtm%6C /x.phtml/more /x.PHP/index.php /sub//x.phtml; do
		# below what is no folder may be a page of the website's own
		[[ $path == *.*/* ]] || like '4??' code a.example "$path" --path-as-is
		unlike '*secret*' get a.example "$path" --path-as-is
		unlike 'run*' get a.example "$path" --path-as-is
	done
	is 404 code a.example /x.PHP
	is 404 code a.example /nothing.phtml
	is run get a.example /x.php
	is run get a.example /sub/x.php
	is text get a.example /x.php.txt
	is phone get a.example /x.phone
	# what a program makes of such a name is its own
	start_app 9123
	set_a proxy_port=9123
	like 'GET /x.phtml *' get a.example /x.phtml
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
	is "php /older" get a.example /older
	is "php /dir" get a.example /dir
	is "php /v1x0/a" get a.example /v1x0/a
	# a line's end, decoded by nobody, is no header
	says '' x-evil '/dir/a%0d%0aX-Evil:%20yes'
	says '' x-evil '/old?a%0d%0aX-Evil:%20yes'
	# a method is kept where the status says so
	is 308 code a.example /f -X POST -d x
	set_a redirects='{"/*":"301 https://new.example/*","/keep":"302 /here"}'
	goes / 301 https://new.example/
	goes '/a/b.php?c=d' 301 'https://new.example/a/b.php?c=d'
	goes /.git/config 301 https://new.example/.git/config
	goes /keep 302 /here
	# the panel's own answers stay
	probe_answers
	set_a redirects=
	is "php /old" get a.example /old
}

@test "error_pages: instead of the server's own, with the status kept" {
	page a.example e/404.html "not here"
	page a.example e/403.php '<?php echo "no ", $_SERVER["REDIRECT_STATUS"] ?? "";'
	set_a index_files=index.html error_pages='{"404":"/e/404.html","403":"/e/404.html","503":"/e/none.html"}'
	is "not here" get a.example /nothing
	is 404 code a.example /nothing
	is "not here" get a.example /nothing.php
	is 404 code a.example /nothing.php
	is "not here" get a.example /.env
	# PHP's own answer is its own
	page a.example own.php '<?php http_response_code(404); echo "of PHP";'
	is "of PHP" get a.example /own.php
	# a page that is not there is an error, not an endless search
	set_a error_pages='{"404":"/e/none.html"}'
	is 404 code a.example /nothing
	like '*404 Not Found*' get a.example /nothing
	set_a error_pages='{"404":"/e/403.php"}'
	like 'no*' get a.example /nothing
	is 404 code a.example /nothing
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
		# and OpenLiteSpeed sends who asks for a folder to its slash first
		[[ $path$server$front == *%2f*apache* || $path$server == /adminopenlitespeed ]] || is 401 code a.example "$path" --path-as-is
	done
	says 'Basic realm="a.example/admin"' www-authenticate /admin/a.txt
	for user in alice:geheim bob:fünf 'carol:a b:c' dan:zwei; do
		is file get a.example /admin/a.txt -u "$user"
	done
	is "admin of alice" get a.example /admin/ -u alice:geheim
	for user in alice:falsch alice: :geheim eve:geheim nobody:x; do
		is 401 code a.example /admin/a.txt -u "$user"
	done
	# the longest path counts
	is super get a.example /admin/super/s.txt -u eve:geheim
	is 401 code a.example /admin/super/s.txt -u alice:geheim
	is open get a.example /administrator.txt
	is "php /x" get a.example /x
	# hashes are root's and the web servers', and no website's
	for f in $etc/hosting-panel/users/a.example@*; do
		[ "$(stat -c '%U:%G %a' "$f")" = "root:www-data 440" ]
	done
	run ! setpriv --reuid=site1 --regid=site1 --clear-groups cat $etc/hosting-panel/users/a.example@*
	[ -z "$(grep -rlF '$6$' $sites)" ]
	run -0 hp-vhost verify
	# a new password counts at once, and the old one does no more
	echo '{"alice":"{PLAIN}neu"}' >"$dir/auth"
	set_a "basic_auth@/admin=@$dir/auth"
	is 401 code a.example /admin/a.txt -u alice:geheim
	is file get a.example /admin/a.txt -u alice:neu
	set_a basic_auth=
	is file get a.example /admin/a.txt
	[ -z "$(ls $etc/hosting-panel/users/a.example@* 2>/dev/null)" ]
}

@test "basic_auth: headers and addresses hold below it as elsewhere" {
	page a.example admin/a.txt text
	page a.example admin/x.php '<?php echo "x";'
	jq -nc --arg h "$(openssl passwd -6 geheim)" '{"/admin": {alice: $h}}' >"$dir/auth"
	set_a "basic_auth=@$dir/auth" http_security_headers='{"X-Own":"yes"}'
	for path in /admin/a.txt /admin/x.php; do
		says yes X-Own $path -u alice:geheim
		says nosniff X-Content-Type-Options $path -u alice:geheim
	done
	set_a blocked_ips='["127.0.0.1"]'
	for path in / /admin/a.txt /admin/x.php; do is 403 code a.example $path -u alice:geheim; done
	set_a blocked_ips= allowed_ips='["192.0.2.1"]'
	for path in / /admin/a.txt /admin/x.php; do is 403 code a.example $path -u alice:geheim; done
}

@test "basic_auth: the whole website, with a page for who has no password" {
	page a.example a.txt file
	jq -nc --arg h "$(openssl passwd -6 geheim)" '{"/": {alice: $h}}' >"$dir/auth"
	set_a "basic_auth=@$dir/auth" redirects@/old="301 /a.txt"
	is 401 code a.example /a.txt
	is 401 code a.example /
	is file get a.example /a.txt -u alice:geheim
	is "php /" get a.example / -u alice:geheim
	probe_answers
	act hp-site suspend a.example -q
	is 503 code a.example /a.txt
	act hp-site resume a.example -q
	is 401 code a.example /a.txt
	act hp-site remove a.example --yes -q
	[ -z "$(ls $etc/hosting-panel/users/ 2>/dev/null)" ]
}

@test "proxy_port: a program answers, and learns who asks" {
	start_app 9123
	page a.example a.txt file
	set_a proxy_port=9123
	# which OpenLiteSpeed takes for no valid request
	[ "$front" = openlitespeed ] || proxy=(-H 'Proxy: evil')
	get a.example '/a.txt?x=1' -H 'X-Forwarded-For: 6.6.6.6' -H 'X-Real-IP: 6.6.6.6' -H 'Forwarded: for=6.6.6.6' \
		-H 'X-Forwarded-Host: evil.example' "${proxy[@]}" | tr -d '\r' >"$dir/told"
	like 'GET /a.txt[?]x=1 HTTP/1.1*' cat "$dir/told"
	is 'Host: a.example' grep -i '^host:' "$dir/told"
	is 'X-Forwarded-For: 127.0.0.1' grep -i '^x-forwarded-for:' "$dir/told"
	# OpenLiteSpeed as the front takes away headers that it knows, and sets none for a program
	[ "$front" = openlitespeed ] || {
		is 'X-Real-IP: 127.0.0.1' grep -i '^x-real-ip:' "$dir/told"
		is 'X-Forwarded-Proto: http' grep -i '^x-forwarded-proto:' "$dir/told"
		is 'X-Forwarded-Host: a.example' grep -i '^x-forwarded-host:' "$dir/told"
		# what holds for one connection is the server's own business
		is '' grep -iE '^(proxy|forwarded|upgrade):' "$dir/told"
		unlike '*6.6.6.6*' cat "$dir/told"
		unlike '*evil*' cat "$dir/told"
	}
	# it need not know where it is to lead somewhere
	[ $server = openlitespeed ] || goes /go 302 /there
	like 'GET /index.php *' get a.example /index.php
	set_a proxy_port=
	is file get a.example /a.txt
}

@test "proxy_port: WebSocket" {
	start_app 9123
	set_a proxy_port=9123
	[ -n "$runs" ] || return 0
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
	# OpenLiteSpeed asks the program for that page, too
	[ $server = openlitespeed ] || is "back soon" get a.example /
	like '50[23]' code a.example /
	goes /old 301 /new
	start_app 9123
	like 'GET / *' get a.example /
	is 401 code a.example /admin/x
	like 'GET /admin/x *' get a.example /admin/x -u alice:geheim
}

@test "http_security_headers: a safe set unless told otherwise" {
	page a.example a.txt file
	page a.example own.php '<?php header("X-Frame-Options: DENY"); header("X-Own: php");'
	for path in / /a.txt /.env; do
		# what its rules answer has none
		[ $server$path != openlitespeed/.env ] || continue
		says nosniff x-content-type-options $path
		says SAMEORIGIN x-frame-options $path
		says strict-origin-when-cross-origin referrer-policy $path
	done
	# what PHP says itself is not said twice; OpenLiteSpeed has no "unless it is there"
	[ $server = openlitespeed ] || says DENY x-frame-options /own.php
	says nosniff x-content-type-options /own.php
	# the setting has the last word, also over PHP
	set_a http_security_headers='{"x-frame-options":"SAMEORIGIN","Referrer-Policy":"","X-Own":"panel","Permissions-Policy":"camera=()"}'
	says SAMEORIGIN x-frame-options /own.php
	says panel x-own /own.php
	says 'camera=()' permissions-policy /own.php
	says '' referrer-policy /own.php
	says nosniff x-content-type-options /own.php
	set_a http_security_headers=
	says strict-origin-when-cross-origin referrer-policy /a.txt
}

@test "http_security_headers: on what a program answers" {
	start_app 9123
	set_a proxy_port=9123
	says SAMEORIGIN x-frame-options /
	[ $server = openlitespeed ] || says DENY x-frame-options /frame
	set_a http_security_headers='{"X-Frame-Options":"","X-Own":"panel"}'
	says '' x-frame-options /
	says DENY x-frame-options /frame
	says panel x-own /frame
}

@test "settings of what is served touch no neighbour" {
	act hp-site add b.example tenant=acme web_server=$server -q
	page b.example index.php '<?php echo "b ", $_SERVER["REQUEST_URI"];'
	jq -nc --arg h "$(openssl passwd -6 geheim)" '{"/": {alice: $h}}' >"$dir/auth"
	set_a "basic_auth=@$dir/auth" redirects='{"/x":"301 /y"}' error_pages='{"404":"/e.html"}' \
		http_security_headers='{"X-Frame-Options":""}' index_files=none.html
	is "b /x" get b.example /x
	host=b.example says SAMEORIGIN x-frame-options /
	run -0 hp-vhost plan
}
