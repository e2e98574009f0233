# More of what settings of a website do, asked over HTTP: those whose whole story is told elsewhere on one
# server (php-site.bats, web.bats, cert.bats) are asked here on each. A test's name begins with the setting that it
# is about, and "# probes:" names further ones; directives.bats wants one for every setting and server. The
# file's name says which server, as that of settings.bats.

bats_require_minimum_version 1.5.0
load ../lib/settings

ini() { get a.example "/ini.php?k=$1"; }
from() { # from ADDRESS PATH: the status
	ip addr replace 192.0.2.7/32 dev lo
	curl -s -m 20 -o /dev/null -w '%{http_code}' --interface "$1" --resolve a.example:80:"$1" "http://a.example$2"
}
is_code() { is "$1" code a.example "${@:2}"; } # is_code STATUS PATH [CURL-ARGUMENT …]

@test "domain: and its aliases lead to the website, other names do not" {
	act hp-site add b.example tenant=acme web_server=$server --alias www.b.example --alias '*.sub.b.example' -q
	page b.example index.php '<?php echo "b";'
	for name in b.example www.b.example x.sub.b.example; do
		is b get $name /
	done
	is "php /" get a.example /
	unlike b get other.example /
}

@test "domain: of several names that fit a request the most exact one counts, whichever website has it" {
	local want name
	hp-site alias a.example add '*.a.example' y.q.example '*.x.deep.b.a.example' -q 3>&- 4>&-
	hp-site add b.a.example tenant=acme web_server=$server --alias '*.b.a.example' --alias '*.q.example' -q 3>&- 4>&-
	hp-site add c.example tenant=acme web_server=$server --alias z.b.a.example --alias '*.deep.b.a.example' -q 3>&- 4>&-
	hp-site add aa.example tenant=acme web_server=$server --alias one.a.example --alias www.deep.b.a.example -q 3>&- 4>&-
	for name in a.example b.a.example c.example aa.example; do page $name name.txt $name; done
	# OpenLiteSpeed takes "www." off all names: there www.deep.b.a.example is deep.b.a.example, too
	while read -r want name; do
		[ -n "$name" ] || continue
		is "$want" get "$name" /name.txt
	done <<-END
		a.example a.example
		a.example w.a.example
		a.example v.w.a.example
		a.example y.q.example
		a.example w.x.deep.b.a.example
		b.a.example b.a.example
		b.a.example w.b.a.example
		$([ "$server" = openlitespeed ] || echo b.a.example) deep.b.a.example
		b.a.example k.q.example
		c.example c.example
		c.example z.b.a.example
		c.example w.deep.b.a.example
		c.example x.deep.b.a.example
		aa.example aa.example
		aa.example one.a.example
		aa.example www.deep.b.a.example
	END
	# one that goes leaves its requests to the next, and takes nobody's
	hp-site remove c.example --yes -q 3>&- 4>&-
	is b.a.example get w.deep.b.a.example /name.txt
	hp-site alias a.example remove '*.a.example' '*.x.deep.b.a.example' -q 3>&- 4>&-
	is b.a.example get w.b.a.example /name.txt
	is a.example get y.q.example /name.txt
	run -0 hp-vhost verify 3>&- 4>&-
}

@test "status: suspended, the website answers 503 and says when to come again" {
	page a.example a.txt file
	act hp-site suspend a.example -q
	is_code 503 /
	is_code 503 /a.txt
	[ $server = openlitespeed ] || says 3600 retry-after /
	act hp-site resume a.example -q
	is file get a.example /a.txt
}

@test "web_server: it is this one that answers, by the front or by itself" {
	page a.example who.php '<?php echo strtolower($_SERVER["SERVER_SOFTWARE"]), " ", posix_getpwuid(posix_geteuid())["name"];'
	like "${server#open}* site1" get a.example /who.php
}

@test "user: the website's PHP runs as it" {
	act hp-site add b.example tenant=acme web_server=$server user=other -q
	page b.example who.php '<?php echo posix_getpwuid(posix_geteuid())["name"];'
	is other get b.example /who.php
}

@test "gzip_enabled: text is compressed for who takes it, and only then" {
	page a.example long.txt "$(printf 'all work and no play %.0s' {1..200})"
	page a.example long.html "$(printf '<p>all work and no play</p> %.0s' {1..200})"
	page a.example long.php '<?php header("Content-Type: application/json"); echo json_encode(range(1, 2000));'
	for path in /long.txt /long.html /long.php; do
		says gzip content-encoding $path -H 'Accept-Encoding: gzip'
		like '*Accept-Encoding*' value vary $path -H 'Accept-Encoding: gzip'
		is "$(get a.example $path --compressed)" get a.example $path
		says '' content-encoding $path
	done
	set_a gzip_enabled=false
	for path in /long.txt /long.html /long.php; do
		says '' content-encoding $path -H 'Accept-Encoding: gzip'
	done
}

@test "gzip_enabled: Apache compresses by brotli, too, where the module for it is loaded" {
	[ "$server" = apache ] || skip "Apache's modules"
	page a.example long.txt "$(printf 'all work and no play %.0s' {1..200})"
	a2enmod -q brotli
	set_a gzip_enabled=false
	says '' content-encoding /long.txt -H 'Accept-Encoding: gzip'
	set_a gzip_enabled=true
	says br content-encoding /long.txt -H 'Accept-Encoding: gzip, br'
	says gzip content-encoding /long.txt -H 'Accept-Encoding: gzip'
}

# keeps PATH: seconds until it expires
keeps() {
	headers "$1" >"$dir/headers"
	echo $(($(date -d "$(header expires <"$dir/headers")" +%s) - $(date -d "$(header date <"$dir/headers")" +%s)))
}

# probes: cache_ttl_seconds
@test "cache_enabled: browsers may keep static files that long, and nothing else" {
	page a.example style.css 'body {}'
	says '' cache-control /style.css
	set_a cache_enabled=true
	like '*max-age=3600' value cache-control /style.css
	set_a cache_ttl_seconds=77
	like "*max-age=77" value cache-control /style.css
	is 77 keeps /style.css
	# Apache keeps nothing with a query that does not say how long, and says so to who asks
	says "$([ $front != apache ] || echo s-maxage=10)" cache-control /index.php
	# a name of a static file that is none is PHP's still
	is "php /nothing.css" get a.example /nothing.css
}

# probes: blocked_ips
@test "allowed_ips: addresses that may read it, files as well as PHP" {
	page a.example a.txt file
	for path in /a.txt /index.php / /nothing; do
		set_a 'allowed_ips=["192.0.2.0/24"]' blocked_ips=
		is 200 from 192.0.2.7 $path
		is 403 from 127.0.0.1 $path
		set_a allowed_ips= 'blocked_ips=["192.0.2.7"]'
		is 403 from 192.0.2.7 $path
		is 200 from 127.0.0.1 $path
		set_a 'allowed_ips=["192.0.2.0/24","127.0.0.0/8"]' 'blocked_ips=["192.0.2.7"]'
		is 403 from 192.0.2.7 $path
		is 200 from 127.0.0.1 $path
	done
	# the panel's own question is answered in any case
	set_a 'allowed_ips=["10.0.0.0/8"]' blocked_ips=
	probe_answers
}

# probes: php_upload_max_filesize
@test "php_post_max_size: what is larger is refused by the server, and one file by PHP" {
	page a.example up.php '<?php echo strlen(file_get_contents("php://input")), " ", $_FILES["f"]["error"] ?? "-", " ", $_FILES["f"]["size"] ?? "-";'
	set_a php_post_max_size=2M php_upload_max_filesize=1M
	head -c $((1536 << 10)) /dev/zero >"$dir/middle"
	head -c $((3 << 20)) /dev/zero >"$dir/large"
	head -c 1000 /dev/zero >"$dir/small"
	is_code 200 /up.php --data-binary "@$dir/middle" -H 'Content-Type: text/plain'
	is "1572864 - -" get a.example /up.php --data-binary "@$dir/middle" -H 'Content-Type: text/plain'
	# a request's length is nothing that answers vary by
	[[ $(get a.example /up.php -i | grep -i '^vary:') != *[Ll]ength* ]]
	is_code 413 /up.php --data-binary "@$dir/large"
	is_code 413 /nothing --data-binary "@$dir/large" -H Expect:
	is_code 413 / --data-binary "@$dir/large" -H Expect:
	is "0 0 1000" get a.example /up.php -F "f=@$dir/small"
	# UPLOAD_ERR_INI_SIZE
	is "0 1 0" get a.example /up.php -F "f=@$dir/middle"
	set_a php_post_max_size=8M php_upload_max_filesize=4M
	is "0 0 3145728" get a.example /up.php -F "f=@$dir/large"
	# also where a snippet has a program answer
	if [ $server = apache ]; then
		start_app 3998
		mkdir -p /etc/hosting-panel/custom/a.example/apache
		echo 'ProxyPass "/program/" "http://127.0.0.1:3998/"' >/etc/hosting-panel/custom/a.example/apache/program.conf
		set_a php_post_max_size=2M php_upload_max_filesize=1M
		like "POST /x HTTP/1.1*" get a.example /program/x --data-binary "@$dir/small"
		is_code 413 /program/x --data-binary "@$dir/large" -H Expect:
		is_code 413 /up.php --data-binary "@$dir/large" -H Expect:
		rm -r /etc/hosting-panel/custom/a.example
	fi
}

# Of unknown length: NGINX waits for all of it and tells PHP how long it was; Apache can't without a bound for what
# it keeps meanwhile, and says so instead of handing over nothing. So does OpenLiteSpeed, which doesn't tell PHP.
@test "php_post_max_size: a body in chunks comes whole, or is refused in words" {
	local path reader=$front
	# Apache hands it on as it comes to a server behind it
	[ $server != nginx ] || reader=nginx
	page a.example up.php '<?php echo $_SERVER["REQUEST_METHOD"], " ", strlen(file_get_contents("php://input"));'
	page a.example legacy/up.php '<?php echo $_SERVER["REQUEST_METHOD"], " ", strlen(file_get_contents("php://input"));'
	set_a php_post_max_size=2M php_upload_max_filesize=1M php_version@/legacy=8.2
	head -c $((1536 << 10)) /dev/zero >"$dir/middle"
	head -c $((3 << 20)) /dev/zero >"$dir/large"
	head -c 10 /dev/zero >"$dir/small"
	[ $reader = nginx ] || is_code 411 / -T "$dir/small" -X POST -H 'Transfer-Encoding: chunked'
	for path in /up.php /legacy/up.php; do
		if [ $reader != nginx ]; then
			is_code 411 $path -T "$dir/small" -H 'Transfer-Encoding: chunked'
			is_code 411 $path -T "$dir/large" -H 'Transfer-Encoding: chunked' -H Expect:
		else
			is "PUT 10" get a.example $path -T "$dir/small" -H 'Transfer-Encoding: chunked'
			is "POST 1572864" get a.example $path -X POST -T "$dir/middle" -H 'Transfer-Encoding: chunked'
			is_code 413 $path -T "$dir/large" -H 'Transfer-Encoding: chunked' -H Expect:
		fi
		is "PUT 1572864" get a.example $path -T "$dir/middle"
		is "GET 0" get a.example $path
	done
	# a GET has none that would count, or is no request
	[ $front = openlitespeed ] && is_code 400 /up.php -X GET -T "$dir/small" -H 'Transfer-Encoding: chunked' ||
		is "GET $([ $reader = nginx ] && echo 10 || echo 0)" get a.example /up.php -X GET -T "$dir/small" -H 'Transfer-Encoding: chunked'
	# HTTP/2 has no chunks, and need not tell a length either
	if [ $reader = apache ]; then
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$dir/key" -out "$dir/crt" -days 90 \
			-subj /CN=a.example -addext subjectAltName=DNS:a.example 2>/dev/null
		hp-cert import a.example --key "$dir/key" --cert "$dir/crt" -q 2>/dev/null 3>&- 4>&-
		set_a ssl_provider=custom ssl_enabled=true https_redirect=false
		two() { curl -sk -m 20 --http2 --resolve a.example:443:127.0.0.1 -w ' %{http_version} %{http_code}' "$@"; }
		# its module may end a stream whose body is under way before the answer is out
		for _ in 1 2 3 4 5 6 7 8 9 10; do
			got=$(two https://a.example/up.php -X POST -T - <"$dir/small") || [ $? = 92 ]
			[ "$got" = " 0 000" ] || break
		done
		[[ $got == *" 2 411" ]] || { echo "$got"; return 1; }
		[ "$(two https://a.example/up.php --data-binary "@$dir/small")" = "POST 10 2 200" ]
		[ "$(two https://a.example/up.php -X POST)" = "POST 0 2 200" ]
	fi
	# a program reads chunks itself
	start_app 3999
	set_a proxy_port=3999
	like "PUT /x HTTP/1.1*" get a.example /x -T "$dir/small" -H 'Transfer-Encoding: chunked'
	[ $reader != nginx ] || is_code 413 /x -T "$dir/large" -H 'Transfer-Encoding: chunked' -H Expect:
}

@test "php_max_execution_time: PHP ends what takes longer, and the server waits for it until then" {
	page a.example busy.php '<?php echo "begun"; flush(); while (true) { }'
	page a.example wait.php '<?php sleep(5); echo "waited";'
	page a.example ini.php '<?php echo ini_get($_GET["k"]);'
	set_a php_max_execution_time=1
	is 1 ini max_execution_time
	# sleep is not the processor's time
	is waited get a.example /wait.php
	[ -n "$runs" ] || return 0
	begin=$SECONDS
	unlike '*waited*' get a.example /busy.php
	# by default it is 30 s
	[ $((SECONDS - begin)) -lt 25 ]
	grep -q 'Maximum execution time of 1 second' /var/log/hosting-panel/sites/a.example/php-*.log
}

@test "proxy_port: the server waits for a program as long as php_max_execution_time and ten seconds" {
	perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(LocalAddr => "127.0.0.1:9124", Listen => 5, ReuseAddr => 1) or die;
		while ($c = $s->accept) { push @kept, $c }' 3>&- 4>&- &
	app=$!
	set_a proxy_port=9124 php_max_execution_time=1
	# OpenLiteSpeed's initTimeout counts for more than one try
	[ -n "$runs" ] && [ $server != openlitespeed ] || return 0
	begin=$SECONDS
	like '50[24]' code a.example /
	took=$((SECONDS - begin))
	[ $took -ge 10 ] && [ $took -lt 50 ] # the server's own is 60
}

# probes: php_settings
@test "php_memory_limit: and other settings of php.ini are what a script finds" {
	page a.example ini.php '<?php echo ini_get($_GET["k"]);'
	set_a php_memory_limit=77M 'php_settings={"date.timezone":"Asia/Tokyo"}'
	is 77M ini memory_limit
	is Asia/Tokyo ini date.timezone
	page a.example eat.php '<?php echo strlen(str_repeat("x", 100 << 20));'
	is_code 500 /eat.php
	set_a php_memory_limit=256M
	is 104857600 get a.example /eat.php
}

@test "php_extensions: loaded for this website" {
	page a.example ext.php '<?php echo function_exists("opcache_get_status") ? "there" : "not there", extension_loaded("ctype");'
	set_a php_extensions=ctype,opcache
	is there1 get a.example /ext.php
	run -2 hp-site set a.example php_extensions=nosuch
	is there1 get a.example /ext.php
}

@test "php_max_children: so many requests at once" {
	page a.example sleep.php '<?php usleep(700000); echo "slept";'
	set_a php_max_children=1
	[ -n "$runs" ] || return 0
	begin=$(date +%s%N)
	for i in 1 2 3; do get a.example /sleep.php >"$dir/slept.$i" 3>&- 4>&- & done
	wait $(jobs -p)
	[ $((($(date +%s%N) - begin) / 1000000)) -ge 2100 ]
	[ "$(cat "$dir"/slept.?)" = sleptsleptslept ]
}

@test "php_slowlog_seconds: a request that takes longer is noted" {
	page a.example slow.php $'<?php\nfunction dawdle() { usleep(2500000); }\ndawdle();\necho "slow";'
	set_a php_slowlog_seconds=1
	[ -n "$runs" ] || return 0
	is slow get a.example /slow.php
	for _ in $(seq 20); do [ -s /var/log/hosting-panel/sites/a.example/php-slow.log ] && break; sleep 0.1; done
	grep -q 'dawdle() ' /var/log/hosting-panel/sites/a.example/php-slow.log
}

# probes: memory_max cpu_quota
@test "tasks_max: what scripts start is counted, and memory_max is what each may have" {
	# the kernel counts them by user, together with those of tests that run beside this one
	page a.example fork.php '<?php $n = 0; for ($i = 0; $i < 200; $i++) {
		$h[] = $p = @proc_open(["/bin/sleep", "20"], [], $pipes); $n += is_resource($p) ? 1 : 0; }
		foreach ($h as $p) if ($p) { proc_terminate($p, 9); proc_close($p); } echo $n;'
	set_a memory_max=300M tasks_max=128 cpu_quota=50
	grep -qx 'CPUQuota=50%' /etc/hosting-panel/php/*/site1.limits
	[ -n "$runs" ] || return 0
	n=$(get a.example /fork.php)
	[ "$n" -gt 5 ] && [ "$n" -lt 128 ] || { echo "$n processes"; return 1; }
	pid=$(pgrep -u site1 -f 'master process')
	grep -qx "Max data size *$((300 << 20)) .*" "/proc/$pid/limits"
}

# A certificate of its own: hsts_max_age and https_redirect count with one alone.
certificate() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$dir/key" -out "$dir/crt" -days 90 \
		-subj /CN=a.example -addext subjectAltName=DNS:a.example 2>/dev/null
	act hp-cert import a.example --key "$dir/key" --cert "$dir/crt" -q
}
https() { curl -s -m 20 --cacert "$dir/crt" --resolve a.example:443:127.0.0.1 "$@" "https://a.example$path"; }
sts() { https -o /dev/null -D - | tr -d '\r' | header strict-transport-security; }

# probes: https_redirect hsts_max_age
@test "ssl_enabled: HTTPS with its certificate, HTTP leads there, and browsers are told to stay" {
	path=/who.php
	for f in who.php index.php; do
		page a.example $f '<?php echo $_SERVER["HTTPS"] ?? "-", " ", $_SERVER["REQUEST_SCHEME"], " ", $_SERVER["SERVER_PORT"];'
	done
	set_a ssl_provider=custom ssl_enabled=true
	is "- http 80" get a.example $path
	# what stands in speaks no TLS; openlitespeed.bats has it judged in a root of its own
	[ -n "$runs" ] || [ "$front" != openlitespeed ] || return 0
	certificate
	is "on https 443" https
	# what is no file, and a page for an error, too
	set_a error_pages='{"404":"/who.php"}'
	for path in /no/such /none.php /who.php; do is "on https 443" https; done
	is 2 https -o /dev/null -w '%{http_version}'
	goes '/a%20b?c=d' 301 'https://a.example/a%20b?c=d'
	is '' sts
	set_a hsts_max_age=600
	is max-age=600 sts
	set_a https_redirect=false
	is "- http 80" get a.example $path
	says '' strict-transport-security $path
	set_a ssl_enabled=false hsts_max_age=0
	is "- http 80" get a.example $path
	run ! https
}

@test "php_version: each version that is here answers as itself" {
	page a.example v.php '<?php echo PHP_MAJOR_VERSION, ".", PHP_MINOR_VERSION;'
	mkdir -p /etc/hosting-panel
	[ "$(uname -m)" != x86_64 ] || "$HP_DATADIR/tests/lib/php-versions" >>/etc/hosting-panel/hosting-panel.conf
	for v in $(hp-php list --tsv -n -o version); do
		set_a php_version=$v
		is $v get a.example /v.php
	done
}
