# What a tenant may write into .htaccess on Apache, tried with hostile intent on the real server in tests/lib/sandbox:
# nothing in it reaches another website, the server's own pages, or the key of the front. The file's name says
# whether Apache is the front; htaccess-behind.bats is a link to this one.

bats_require_minimum_version 1.5.0
load ../lib/settings

setup() {
	node_setup
	node_panel
	rm -f /etc/nginx/sites-enabled/default
	front=apache
	[[ $BATS_TEST_FILENAME != *-behind.bats ]] || front=nginx
	[ $front = nginx ] || node_front apache
	for d in a b; do
		hp-site add $d.example tenant=acme web_server=apache -q 3>&- 4>&-
		page $d.example who.php '<?php echo "user ", posix_geteuid(), " ", $_SERVER["HTTPS"] ?? "plain", ".";'
		page $d.example x.txt "text of $d"
	done
}

htaccess() { # htaccess LINE …: of a.example, and its user's own file
	printf '%s\n' "$@" >/var/www/vhosts/a.example/.htaccess
	chown site1: /var/www/vhosts/a.example/.htaccess
}

@test "a media type is no handler: no other website's PHP, no page of the server's own" {
	[ "$(get a.example /x.txt)" = "text of a" ]
	for type in proxy:unix:/run/hosting-panel/php/site2.sock'|'fcgi://x/ proxy:http://127.0.0.1:1/ proxy-server \
		application/x-httpd-status server-status server-info balancer-manager cgi-script application/x-httpd-cgi; do
		htaccess "AddType \"$type\" .txt .php .html"
		[ "$(get a.example /x.txt)" = "text of a" ] || { echo "$type: $(get a.example /x.txt -i)"; return 1; }
		[[ $(get a.example /who.php) == "user 20001 "* ]] || { echo "$type: $(get a.example /who.php -i)"; return 1; }
		[ "$(code a.example /none.txt)" = 404 ] || { echo "$type: none.txt: $(get a.example /none.txt -i)"; return 1; }
		[ "$(code a.example /none.php)" = 404 ] || { echo "$type: none.php: $(get a.example /none.php -i)"; return 1; }
	done
	# and it is one
	htaccess 'AddType text/x-mine .txt'
	[ "$(headers /x.txt | header content-type)" = text/x-mine ]
	# pages beside a program behind the website, too
	page a.example down.html "away"
	htaccess 'AddType server-status .html'
	set_a proxy_port=3999 error_pages='{"503":"/down.html","502":"/down.html"}'
	[ "$(get a.example /x.txt)" = away ]
	[ "$(get a.example /down.html)" = away ] || { get a.example /down.html -i; return 1; }
}

@test "the server's own pages are none of a website's, although it asks from this host" {
	# Debian has it on
	grep -q server-status /etc/apache2/mods-enabled/status.conf
	page a.example index.php '<?php echo "index ", $_SERVER["REQUEST_URI"];'
	page a.example server-info/x.php '<?php echo "script";'
	for path in /server-status /server-status/ /server-status?auto /balancer-manager; do
		[ "$(get a.example $path)" = "index $path" ] || { get a.example $path -i; return 1; }
	done
	[ "$(get a.example /server-info/x.php)" = script ]
	# nothing of its own answers there
	set_a index_files='["index.html"]'
	for path in /server-status /server-status?auto /balancer-manager; do
		[ "$(code a.example $path)" = 404 ] || { get a.example $path -i; return 1; }
	done
	start_app 3999
	set_a proxy_port=3999
	[[ "$(get a.example /server-status)" == "GET /server-status HTTP/1.1"* ]] || { get a.example /server-status -i; return 1; }
}

@test "an answer can't be made to tell the front's key" {
	key=$(cat /var/lib/hosting-panel/node/front-key)
	[ ${#key} -ge 16 ]
	page a.example told.php '<?php echo json_encode([getallheaders(), $_SERVER, getenv()]);'
	for more in '' 'Require all denied' 'Redirect 302 /x.txt /y' 'Redirect 410 /x.txt' 'ErrorDocument 404 /x.txt'; do
		htaccess 'Header always echo .' 'Header echo .' "$more"
		for path in /x.txt /who.php /told.php /none.txt /; do
			got=$(get a.example "$path" -i)
			[[ $got == *HTTP/1.1* && ${got,,} != *"$key"* ]] || { echo "$more: $path: $got"; return 1; }
		done
	done
	htaccess 'Header always echo .'
	[[ $(headers /x.txt -H 'X-Mine: 1' | header x-mine) == 1 ]]
}

@test "nobody but the front says that a request came by TLS" {
	for h in X-HP-Front-Https X-HP--Https X-HP-x-Https; do
		[ "$(get a.example /who.php -H "$h: on")" = "user 20001 plain." ] || { echo "$h"; return 1; }
	done
}

@test "what hands requests on, sets variables, or asks for other files is not read at all" {
	for line in 'RewriteEngine On' 'SetHandler server-status' 'AddHandler server-status .txt' 'ForceType server-status' \
		'SetEnv PHP_ADMIN_VALUE "open_basedir=/"' 'SetEnvIf Host . HTTPS=on' 'RequestHeader set X-A b' 'Options +FollowSymLinks' \
		'Action x /who.php' 'ProxyPass /y http://127.0.0.1/' 'FallbackResource /who.php' \
		'Header set X-Told "expr=%{file:/var/www/vhosts/b.example/x.txt}"' \
		"Require expr file('/var/www/vhosts/b.example/x.txt') =~ /text/" \
		'ErrorDocument 404 "%{file:/var/www/vhosts/b.example/x.txt}"'; do
		htaccess "$line"
		[ "$(code a.example /x.txt)" = 500 ] || { echo "$line: $(get a.example /x.txt -i)"; return 1; }
		[[ $(get a.example /none.txt -i) != *"text of b"* ]]
		[ "$(get b.example /x.txt)" = "text of b" ]
	done
}

link_htaccess() { # link_htaccess FILE: a.example's .htaccess is a link of its user's own to it
	rm -f /var/www/vhosts/a.example/.htaccess
	ln -s "$1" /var/www/vhosts/a.example/.htaccess
	chown -h site1: /var/www/vhosts/a.example/.htaccess
}

@test "a link in the place of .htaccess tells nothing of another website's file, in an answer or in a log" {
	local log=/var/log/hosting-panel/sites/a.example/error.log file got users
	printf '{"/admin":{"word-of-b":"$6$abcdefgh$%s"}}' "$(printf '.%.0s' {1..86})" >"$dir/auth"
	hp-site set b.example "basic_auth=@$dir/auth" -q 3>&- 4>&-
	users=$(grep -rl '^word-of-b:' /etc/apache2/hosting-panel)
	page b.example secret.env 'TOLD=word-of-b'
	page b.example secret.xml '<told>word-of-b</told>'
	page b.example secret.php '<?php $told = "word-of-b";'
	page b.example secret.txt 'Require word-of-b'
	page b.example private.env 'TOLD=word-of-b'
	chmod 0600 /var/www/vhosts/b.example/private.env
	for file in "$users" /var/www/vhosts/b.example/{secret.{env,xml,php,txt},private.env}; do
		link_htaccess "$file"
		got=$(get a.example /x.txt -i)
		[[ $got == HTTP/1.1\ [45]* && $got != *word-of-b* ]] || { echo "$file: $got"; return 1; }
	done
	# its own user may read that log
	[ "$(stat -c %U:%G "$log")" = root:site1 ] || [ "$(stat -c %G "${log%/*}")" = site1 ]
	! grep word-of-b "$log" || return 1
	# who has the node at hand can have it said
	snippet a.example apache log.conf 'LogLevel core:error'
	hp-vhost apply -q 3>&- 4>&-
	link_htaccess /var/www/vhosts/b.example/secret.env
	[ "$(code a.example /x.txt)" = 500 ]
	grep "Invalid command 'TOLD=word-of-b'" "$log"
}
