# The apply engine with the real NGINX and PHP-FPM: what is served, what is refused, what is left alone.
# Runs in tests/lib/sandbox, where port 80 and /etc are its own.

bats_require_minimum_version 1.5.0
load ../lib/node

setup() { node_setup; }
teardown() { node_teardown; }

@test "from nothing to a PHP page under the site's own user" {
	state 1 '1 a.example +www.a.example +*.a.example'
	run -0 node apply "$dir/1"
	[[ $output == *'"event":"reload","server":"nginx"'* ]]
	page a.example index.php '<?php echo PHP_MAJOR_VERSION, " ", posix_geteuid(), " ", getcwd();'
	for host in a.example www.a.example x.a.example; do
		[ "$(get $host /)" = "8 20001 /var/www/vhosts/a.example" ]
	done
	[ "$(id -u site1)" = 20001 ]
	[ "$(stat -c '%U:%G %a' /var/www/vhosts/a.example)" = site1:www-data\ 750 ]
	[ "$(get a.example /no/such/page?x=1)" = "8 20001 /var/www/vhosts/a.example" ]
	[ "$(get a.example /index.php/path/info)" = "8 20001 /var/www/vhosts/a.example" ]
	logged /var/log/hosting-panel/sites/a.example/access.log /index.php/path/info
	run -0 node verify
}

@test "what a vhost lets out and what not" {
	state 1 '1 a.example http_security_headers={"X-Frame-Options":"DENY"} cache_enabled=true cache_ttl_seconds=60 php_upload_max_filesize=1M php_post_max_size=1M'
	node apply "$dir/1"
	page a.example index.php '<?php echo $_SERVER["HTTP_PROXY"] ?? "none", $_SERVER["PATH_INFO"] ?? "";'
	page a.example style.css 'body {}'
	page a.example .env 'SECRET=1'
	page a.example .well-known/x hello
	page a.example upload.txt '<?php echo "executed";'
	[ "$(code a.example /.env)" = 404 ]
	[ "$(get a.example /.well-known/x)" = hello ]
	[ "$(get a.example / -H 'Proxy: http://evil/')" = none ]
	[ "$(get a.example /index.php/some/where)" = none/some/where ]
	# a file that is no script is never run, whatever is put behind its name
	[[ $(get a.example /upload.txt/x.php) != *executed* ]]
	[ "$(code a.example /upload.txt/x.php)" = 404 ]
	for path in / /style.css /.env; do
		curl -sD - -o /dev/null -H 'Host: a.example' "http://127.0.0.1$path" | grep -qi '^X-Frame-Options: DENY'
	done
	curl -sD - -o /dev/null -H 'Host: a.example' http://127.0.0.1/style.css | grep -qi '^Cache-Control: max-age=60'
	head -c 2000000 /dev/zero >"$dir/big"
	[ "$(code a.example / --data-binary "@$dir/big")" = 413 ]
	# a tenant's link to what is not the tenant's
	ln -s /etc/passwd /var/www/vhosts/a.example/passwd.txt
	chown -h site1:site1 /var/www/vhosts/a.example/passwd.txt
	[[ $(get a.example /passwd.txt) != *root:* ]]
	# the probe speaks to this machine only; here that is all there is
	[[ $(get a.example /.well-known/hosting-panel/probe) =~ ^[0-9a-f]{16}$ ]]
	[ "$(code a.example /.well-known/hosting-panel/ping)" = 404 ]
}

@test "addresses allowed and blocked" {
	state 1 '1 a.example allowed_ips=["10.0.0.0/8"]' '2 b.example blocked_ips=["127.0.0.1"]' '3 c.example allowed_ips=["127.0.0.0/8"]'
	node apply "$dir/1"
	for d in a b c; do page $d.example index.html hello; done
	[ "$(code a.example /)" = 403 ]
	[ "$(code b.example /)" = 403 ]
	[ "$(code c.example /)" = 200 ]
}

@test "the second run reloads nothing, a change of PHP alone neither" {
	state 1 '1 a.example'
	node apply "$dir/1"
	page a.example index.php '<?php echo ini_get("memory_limit");'
	[ "$(get a.example /)" = 256M ]
	workers=$(nginx_workers)
	run -0 node apply "$dir/1"
	state 2 '1 a.example php_memory_limit=128M'
	run -0 node apply "$dir/2"
	[[ $output != *'"event":"reload"'* ]]
	[ "$(get a.example /)" = 128M ]
	[ "$workers" = "$(nginx_workers)" ]
}

@test "suspend, resume, remove" {
	state 1 '1 a.example +www.a.example' '2 b.example'
	node apply "$dir/1"
	page a.example index.php '<?php echo "hello";'
	page b.example index.php '<?php echo "other";'
	suspended 2 '1 a.example +www.a.example' '2 b.example'
	run -0 node apply "$dir/2"
	[ "$(code a.example /)" = 503 ]
	[ "$(code www.a.example /index.php)" = 503 ]
	[ ! -S /run/hosting-panel/php/8.2/site1.sock ]
	state 3 '1 a.example +www.a.example' '2 b.example'
	run -0 node apply "$dir/3"
	[ "$(get a.example /)" = hello ]
	state 4 '2 b.example'
	run -0 node apply "$dir/4"
	[[ $(get a.example /) != *hello* ]]
	run ! id site1
	[ -f /var/www/vhosts/a.example/index.php ]
	[ ! -e /run/hosting-panel/php/site1.sock ]
	[ ! -e /var/lib/hosting-panel/sites/a.example ]
	[ "$(get b.example /)" = other ]
	run -0 node verify
}

@test "a broken snippet: exit 7 with nginx's words and line, the live tree as before, neighbours applied" {
	state 1 '1 a.example' '2 b.example'
	node apply "$dir/1"
	page b.example index.html hello
	snippet a.example nginx 10-broken.conf $'add_header X-A 1;\nno_such_directive on;'
	before=$(world)
	master=$(cat /run/nginx.pid)
	run -7 node apply "$dir/1"
	[[ $output == *'/etc/hosting-panel/custom/a.example/nginx/10-broken.conf:2'* ]]
	[[ $output == *'unknown directive'* ]]
	[ "$before" = "$(world)" ]
	# and with a neighbour that changes, and a new site: they are applied
	state 2 '1 a.example gzip_enabled=false' '2 b.example gzip_enabled=false' '3 c.example'
	run -7 node apply "$dir/2"
	[[ $output == *'"domain":"b.example","action":"change","result":"applied"'* ]]
	[[ $output == *'"domain":"c.example","action":"add","result":"applied"'* ]]
	[[ $output == *'"domain":"a.example","action":"change","result":"refused","exit":7'* ]]
	grep -q 'gzip on' /etc/nginx/sites-available/a.example.conf
	[ "$(get b.example /)" = hello ]
	nginx -t
	[ "$master" = "$(cat /run/nginx.pid)" ]
	echo 'add_header X-Mended 1 always;' >/etc/hosting-panel/custom/a.example/nginx/10-broken.conf
	run -0 node apply "$dir/2"
	curl -sD - -o /dev/null -H 'Host: a.example' http://127.0.0.1/ | grep -q X-Mended
}

@test "nothing at all is made for a new site that is refused" {
	snippet a.example nginx x.conf 'broken'
	snippet b.example nginx x.conf '}'
	state 1 '1 a.example'
	run -7 node apply "$dir/1"
	before=$(world)
	state 2 '1 a.example' '2 b.example'
	run -7 node apply "$dir/2"
	[ "$before" = "$(world)" ]
	run ! id site1
	[ ! -e /var/www/vhosts/a.example ] && [ ! -e /var/log/hosting-panel/sites/a.example ]
}

@test "a complaint that names another's file is traced to the site that caused it" {
	state 1 '1 a.example' '2 b.example'
	node apply "$dir/1"
	printf 'server {\n\tlisten 81 default_server;\n\tserver_name zzz.example;\n}\n' >/etc/nginx/sites-enabled/zzz.conf
	nginx -t
	snippet b.example nginx x.conf 'listen 81 default_server;'
	state 2 '1 a.example gzip_enabled=false' '2 b.example gzip_enabled=false' '3 c.example' '4 d.example'
	run -7 node apply "$dir/2"
	[[ $output == *'"domain":"b.example","action":"change","result":"refused","exit":7,"message":"nginx refuses the configuration: a duplicate default server for 0.0.0.0:81 in /etc/nginx/sites-enabled/zzz.conf:2"'* ]]
	[[ $output == *'"domain":"a.example","action":"change","result":"applied"'* ]]
	[[ $output == *'"domain":"d.example","action":"add","result":"applied"'* ]]
}

@test "a server that is broken already is said to be, and nothing is changed" {
	state 1 '1 a.example'
	node apply "$dir/1"
	echo 'nonsense;' >/etc/nginx/conf.d/theirs.conf
	before=$(world)
	state 2 '1 a.example gzip_enabled=false' '2 b.example'
	run -7 node apply "$dir/2"
	[[ $output == *'/etc/nginx/conf.d/theirs.conf:1'* ]]
	[[ $output == *'"result":"undone"'* ]]
	[ "$before" = "$(world)" ]
}

@test "a name that another vhost has already is a conflict, though nginx only warns" {
	printf 'server {\n\tlisten 80;\n\tserver_name www.b.example;\n}\n' >/etc/nginx/sites-enabled/aaa.conf
	nginx -s reload
	state 1 '1 a.example' '2 b.example +www.b.example'
	run -4 node apply "$dir/1"
	[[ $output == *'"domain":"b.example","action":"add","result":"refused","exit":4'* ]]
	[[ $output == *'has the name www.b.example'* ]]
	[[ $output == *'"domain":"a.example","action":"add","result":"applied"'* ]]
	[ ! -e /etc/nginx/sites-enabled/b.example.conf ]
}

@test "a site that would not answer is taken back" {
	# a vhost on a more specific address takes every request over loopback
	state 1 '1 a.example'
	node apply "$dir/1"
	printf 'server {\n\tlisten 127.0.0.1:80;\n\tserver_name _;\n\treturn 200 mine;\n}\n' >/etc/nginx/sites-enabled/loopback.conf
	before=$(world)
	state 2 '1 a.example' '2 b.example'
	HP_PROBE_MS=1500 run -7 node apply "$dir/2"
	[[ $output == *'does not answer with its new configuration'* ]]
	[ "$before" = "$(world)" ]
	run ! id site2
	[ ! -e /run/hosting-panel/php/8.2/site2.sock ]
}

@test "a user or uid that is somebody else's is not taken over" {
	useradd -u 20002 -M other
	useradd -u 30000 -M site3
	state 1 '1 a.example' '2 b.example' '3 c.example'
	run -4 node apply "$dir/1"
	[[ $output == *'"domain":"a.example","action":"add","result":"applied"'* ]]
	[[ $output == *'"domain":"b.example","action":"add","result":"refused","exit":4'* ]]
	[[ $output == *'"domain":"c.example","action":"add","result":"refused","exit":4'* ]]
	[ "$(id -u site3)" = 30000 ]
	run ! id site2
}

@test "FPM refuses a hand-made file: that site is left as it was" {
	state 1 '1 a.example' '2 b.example'
	node apply "$dir/1"
	page a.example index.php '<?php echo ini_get("memory_limit");'
	snippet a.example php-fpm x.conf 'no_such_setting = 1'
	state 2 '1 a.example php_memory_limit=128M' '2 b.example php_memory_limit=128M'
	run -7 node apply "$dir/2"
	[[ $output == *'"domain":"a.example","action":"change","result":"refused","exit":7'* ]]
	[[ $output == *'"domain":"b.example","action":"change","result":"applied"'* ]]
	[ "$(get a.example /)" = 256M ]
	rm /etc/hosting-panel/custom/a.example/php-fpm/x.conf
	run -0 node apply "$dir/2"
	[ "$(get a.example /)" = 128M ]
}

@test "where no private namespace is to be had: switched, tested, undone" {
	export HP_NO_NAMESPACE=1
	state 1 '1 a.example' '2 b.example'
	run -0 node apply "$dir/1"
	page a.example index.php '<?php echo "hello";'
	[ "$(get a.example /)" = hello ]
	snippet a.example nginx x.conf 'broken on;'
	before=$(world)
	run -7 node apply "$dir/1"
	[[ $output == *'custom/a.example/nginx/x.conf:1'* ]]
	[ "$before" = "$(world)" ]
	state 2 '1 a.example gzip_enabled=false' '2 b.example gzip_enabled=false' '3 c.example'
	run -7 node apply "$dir/2"
	[[ $output == *'"domain":"c.example","action":"add","result":"applied"'* ]]
	[[ $output == *'"domain":"b.example","action":"change","result":"applied"'* ]]
	[ "$(get a.example /)" = hello ]
	printf 'server {\n\tlisten 81 default_server;\n}\n' >/etc/nginx/sites-enabled/zzz.conf
	snippet a.example nginx x.conf 'listen 81 default_server;'
	state 3 '1 a.example gzip_enabled=false' '2 b.example' '3 c.example' '4 d.example'
	run -7 node apply "$dir/3"
	[[ $output == *'"domain":"a.example","action":"change","result":"refused"'* ]]
	[[ $output == *'"domain":"d.example","action":"add","result":"applied"'* ]]
}

@test "nginx that does not run is started" {
	nginx -s quit
	until_gone /run/nginx.pid
	state 1 '1 a.example'
	run -0 node apply "$dir/1"
	page a.example index.html hello
	[ "$(get a.example /)" = hello ]
}

@test "a reload that fails is undone" {
	state 1 '1 a.example'
	node apply "$dir/1"
	page a.example index.php '<?php echo "hello";'
	before=$(world)
	state 2 '1 a.example gzip_enabled=false' '2 b.example'
	HP_FAULT=reload:err run -71 node apply "$dir/2"
	[ "$before" = "$(world)" ]
	[ "$(get a.example /)" = hello ]
	run ! id site2
	run -0 node verify
}

@test "after a boot: links and instances come back" {
	state 1 '1 a.example' '2 b.example'
	node apply "$dir/1"
	page a.example index.php '<?php echo "hello";'
	pkill -KILL -f 'php-fpm: master' --ns $$ || true
	rm -rf /run/hosting-panel
	run -1 node verify
	run -0 node recover
	[ "$(get a.example /)" = hello ]
	run -0 node verify
}
