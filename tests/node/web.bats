# Several web servers on one node: a front that has the public ports, others behind it on loopback, and
# websites that go from one to another. Runs in tests/lib/sandbox, with the real servers.

bats_require_minimum_version 1.5.0
load ../lib/node

WHO='<?php echo $_SERVER["SERVER_SOFTWARE"], " user ", posix_geteuid(), " from ", $_SERVER["REMOTE_ADDR"],
	" https ", $_SERVER["HTTPS"] ?? "-", " port ", $_SERVER["SERVER_PORT"], " ", $_SERVER["REQUEST_SCHEME"];
	foreach ($_SERVER as $name => $v) if (str_contains($name, "X_HP")) echo " LEAK ", $name;'

setup() {
	node_setup
	rm -f /etc/nginx/sites-enabled/default
	ip addr replace 192.0.2.7/32 dev lo
	node_panel
}

teardown() { node_teardown; }

site() { # site DOMAIN SETTING …
	local domain=$1
	shift
	hp-site add "$domain" tenant=acme "$@" -q 3>&- 4>&-
	page "$domain" who.php "$WHO"
	page "$domain" hello.txt "hello from $domain"
}

from() { # from HOST PATH [CURL-ARGUMENT …]: the body, asked from an address that is not loopback
	local host=$1 path=$2
	shift 2
	curl -sk -m 20 --interface 192.0.2.7 --resolve "$host:80:192.0.2.7" --resolve "$host:443:192.0.2.7" \
		"$@" "http${tls:+s}://$host$path"
}

certificate() { # certificate NAME …: NAME.crt, NAME.key in $dir, for all of them
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$dir/$1.key" \
		-out "$dir/$1.crt" -days 90 -subj "/CN=$1" \
		-addext "subjectAltName=$(printf 'DNS:%s,' "$@" | sed 's/,$//')" 2>/dev/null
}

@test "a site on Apache behind NGINX: served, and PHP is told who asks" {
	site a.example web_server=apache
	site n.example
	[[ $(from a.example /who.php) == "Apache/2.4"*" user 20001 from 192.0.2.7 https - port 80 http" ]]
	[[ $(from n.example /who.php) == "nginx user 20002 from 192.0.2.7 https - port 80 http" ]]
	[ "$(from a.example /hello.txt)" = "hello from a.example" ]
	[[ $(from a.example /nothing) == *"Not Found"* && $(from a.example /nothing) != *Apache/* ]]
	run -0 hp-vhost detect --tsv -n -o server,active,front
	# OpenLiteSpeed may be installed, too
	[ "$(grep -v ^openlitespeed <<<"$output")" = $'nginx\ttrue\ttrue\napache\ttrue\tfalse' ]
	run -0 hp-vhost verify
	run -0 hp-vhost plan
}

@test "who asks a server behind the front directly can't say that he is somebody else" {
	site a.example web_server=apache 'allowed_ips=["192.0.2.7"]'
	[[ $(from a.example /who.php) == *" from 192.0.2.7 "* ]]
	[ "$(code a.example /who.php)" = 403 ]
	for header in X-Forwarded-For X-Real-IP X-HP-0-For Forwarded; do
		run -0 curl -s -o /dev/null -w '%{http_code}' -H 'Host: a.example' -H "$header: 192.0.2.7" http://127.0.0.1:8182/who.php
		[ "$output" = 403 ]
	done
	[ "$(stat -c %a:%U /etc/nginx/hosting-panel/proxy.conf)" = 400:root ]
	[ "$(stat -c %a:%U /etc/apache2/hosting-panel/behind.conf)" = 400:root ]
	hp-vhost front apache -q 3>&- 4>&-
	hp-site set a.example web_server=nginx -q 3>&- 4>&-
	[[ $(from a.example /who.php) == "nginx user 20001 from 192.0.2.7 "* ]]
	run -0 curl -s -o /dev/null -w '%{http_code}' -H 'Host: a.example' -H 'X-Forwarded-For: 192.0.2.7' http://127.0.0.1:8181/who.php
	[ "$output" = 403 ]
}

@test "the key of the front's headers is not shown by a plan" {
	run -0 hp-site add a.example tenant=acme web_server=apache --no-apply
	run -10 hp-vhost plan
	[[ $output == *"add /etc/nginx/hosting-panel/proxy.conf"* && $output != *"X-HP-"* ]]
}

@test "Apache's ports.conf: edited where it is Debian's, left where it has been changed" {
	printf 'Listen 80\nListen 192.0.2.7:8000\n' >/etc/apache2/ports.conf
	run -4 hp-site add a.example tenant=acme web_server=apache
	[[ $output == *"/etc/apache2/ports.conf has lines of the administrator's (Listen 192.0.2.7:8000)"* ]]
	[[ $output == *"hint: take its Listen lines out"* ]]
	[ "$(hp-site list -n --tsv)" = "" ]
	cp -a "$dir/etc-apache2/ports.conf" /etc/apache2/ports.conf
	site a.example web_server=apache
	run ! grep -q '^Listen' /etc/apache2/ports.conf
	[[ $(from a.example /who.php) == Apache* ]]
	# what the administrator does with it afterwards is his own
	echo '# mine' >>/etc/apache2/ports.conf
	run -0 hp-vhost verify
}

@test "a front that can't have port 80 is told who has it, and nothing changes" {
	site a.example
	printf 'server {\n\tlisten 80 default_server;\n\troot /var/www;\n}\n' >/etc/nginx/sites-enabled/default
	kill -HUP "$(cat /run/nginx.pid)"
	run hp-vhost front apache 3>&- 4>&-
	[ "$status" = 7 ] || { echo "$status: $output"; return 1; }
	[[ $output == *"nginx listens on port 80 as well, for a vhost that is not the panel's"*"/etc/nginx"* ]] || { echo "$output"; return 1; }
	[ "$(from a.example /hello.txt)" = "hello from a.example" ]
	run -0 hp-vhost verify
	[ ! -e /run/apache2/apache2.pid ]
}

@test "a website that its server refuses leaves nothing of that server's behind" {
	site n.example
	before=$(world)
	# by what is rendered, and by the server's own test
	run -2 hp-site add a.example tenant=acme web_server=apache php_version=7.4
	[ "$before" = "$(world)" ]
	snippet a.example apache x.conf 'Nonsense on'
	before=$(world)
	run -7 hp-site add a.example tenant=acme web_server=apache
	[[ $output == *"Invalid command 'Nonsense'"*"nothing was changed"* ]] || { echo "$output"; return 1; }
	diff <(echo "$before") <(world)
	grep -q '^Listen 80' /etc/apache2/ports.conf
	[ ! -e /run/apache2/apache2.pid ]
	# beside one that is not refused, its server is used
	printf '%s\n' '{"domain":"a.example","web_server":"apache"}' '{"domain":"b.example","web_server":"apache"}' >"$dir/in"
	run ! hp-site add - tenant=acme <"$dir/in" 3>&- 4>&-
	page b.example who.php "$WHO"
	[[ $(from b.example /who.php) == Apache* ]]
	run ! grep -q '^Listen' /etc/apache2/ports.conf
}

@test "a website that can't go with a change of the front keeps all others where they are, and is the one that is named" {
	site a.example web_server=apache
	site b.example
	site c.example
	cp /etc/nginx/sites-available/c.example.conf "$dir/c.conf"
	echo '# mine' >>/etc/nginx/sites-available/c.example.conf
	stays() {
		local before
		before=$(world)
		run ! hp-vhost front apache 3>&- 4>&-
		[[ $output == *"apache can't become the front while c.example stays as it is: "*"$1"* ]] || { echo "$output"; return 1; }
		[[ $output != *"No such file"* ]] || { echo "$output"; return 1; }
		diff <(echo "$before") <(world)
		[[ $(from b.example /who.php) == nginx* && $(from a.example /who.php) == Apache* ]]
	}
	stays "was changed by hand"
	cp "$dir/c.conf" /etc/nginx/sites-available/c.example.conf
	# found by the new front's own test, which names the website, and by one that names none
	snippet c.example apache x.conf 'Nonsense on'
	stays "Invalid command 'Nonsense'"
	rm /etc/hosting-panel/custom/c.example/apache/x.conf
	run -0 hp-vhost front apache 3>&- 4>&-
	[ "$(from c.example /hello.txt)" = "hello from c.example" ]
	# a file of the node's own
	echo '# mine' >>/etc/apache2/hosting-panel/proxy.conf
	run ! hp-vhost front nginx 3>&- 4>&-
	[[ $output == *"nginx can't become the front while a file of the node's own stays as it is: /etc/apache2/hosting-panel/proxy.conf was changed by hand"* ]] || { echo "$output"; return 1; }
	[[ $(from b.example /who.php) == nginx* ]]
}

@test "the front changes, and back: every site answers, TLS included" {
	site a.example web_server=apache ssl_enabled=true ssl_provider=custom hsts_max_age=600
	site n.example
	certificate a.example
	hp-cert import a.example --key "$dir/a.example.key" --cert "$dir/a.example.crt" -q 3>&- 4>&-
	for front in nginx apache nginx; do
		hp-vhost front "$front" -q 3>&- 4>&-
		tls=1
		[[ $(from a.example /who.php) == "Apache/2.4"*" user 20001 from 192.0.2.7 https on port 443 https" ]]
		run -0 from a.example /who.php -D - -o /dev/null
		grep -qi '^strict-transport-security: max-age=600' <<<"$output"
		grep -q '^HTTP/2 200' <<<"$output"
		tls=
		[ "$(from a.example '/x?y=1' -o /dev/null -w '%{http_code} %{redirect_url}')" = "301 https://a.example/x?y=1" ]
		[[ $(from n.example /who.php) == "nginx user 20002 from 192.0.2.7 https - port 80 http" ]]
		run -0 hp-vhost detect --tsv -n -o server,front
		[[ $output == *"$front"$'\ttrue'* ]]
		run -0 hp-vhost verify
	done
	run -2 hp-vhost front iis
	[[ $output == *'"iis" is no web server'* ]]
}

@test "a name that is no website's gets nobody else's certificate" {
	site a.example ssl_enabled=true ssl_provider=custom
	certificate a.example
	hp-cert import a.example --key "$dir/a.example.key" --cert "$dir/a.example.crt" -q 3>&- 4>&-
	run -35 curl -sk --resolve other.example:443:127.0.0.1 https://other.example/
	run -0 curl -sk --resolve a.example:443:127.0.0.1 https://a.example/hello.txt
	run -35 curl -sk --tls-max 1.1 --ciphers DEFAULT@SECLEVEL=0 --resolve a.example:443:127.0.0.1 https://a.example/
}

@test "a certificate that can't be served: the one of before stays" {
	site a.example ssl_enabled=true ssl_provider=custom
	certificate a.example
	hp-cert import a.example --key "$dir/a.example.key" --cert "$dir/a.example.crt" -q 3>&- 4>&-
	shown() { openssl s_client -connect 127.0.0.1:443 -servername a.example </dev/null 2>/dev/null | openssl x509 -noout -fingerprint; }
	before=$(shown)
	certificate a.example www.a.example
	echo 'nonsense;' >/etc/nginx/conf.d/theirs.conf
	run -7 hp-cert import a.example --key "$dir/a.example.key" --cert "$dir/a.example.crt"
	rm /etc/nginx/conf.d/theirs.conf
	[ "$before" = "$(shown)" ]
	run -0 hp-vhost verify
	run -0 hp-cert import a.example --key "$dir/a.example.key" --cert "$dir/a.example.crt" 3>&- 4>&-
	[ "$before" != "$(shown)" ]
}

@test "Apache's traps: a bad directive, a vhost with TLS and no certificate, a name that is taken" {
	site a.example web_server=apache
	site b.example web_server=apache
	snippet a.example apache x.conf 'Nonsense on'
	run -7 hp-site set a.example gzip_enabled=false
	[[ $output == *"apache refuses the configuration: Invalid command 'Nonsense'"*"/etc/hosting-panel/custom/a.example/apache/x.conf:1"* ]]
	# "Syntax OK" to its test; it is a trial start that finds it (docs/design.md)
	snippet a.example apache x.conf 'SSLEngine on'
	run -7 hp-site set a.example gzip_enabled=false
	[[ $output == *"a.example: apache refuses the configuration: "*"Failed to configure at least one certificate and key for a.example:443"* ]] || { echo "$output"; return 1; }
	# where there can be none, it is the end of it at the reload
	since=$SECONDS
	HP_NO_NAMESPACE=1 run -7 hp-site set a.example gzip_enabled=false
	[[ $output == *"apache ended when it was reloaded: "* ]]
	[ $((SECONDS - since)) -le 5 ]
	[[ $(from b.example /who.php) == Apache* ]]
	rm /etc/hosting-panel/custom/a.example/apache/x.conf
	[[ $(from a.example /who.php) == Apache* ]]
	printf '<VirtualHost 127.0.0.1:8182>\nServerName c.example\n</VirtualHost>\n' >/etc/apache2/sites-enabled/theirs.conf
	run -4 hp-site add c.example tenant=acme web_server=apache
	[[ $output == *"another vhost of apache has the name c.example on 127.0.0.1:8182 already"* ]]
	[[ $(from a.example /who.php) == Apache* && $(from b.example /who.php) == Apache* ]]
}

@test "a server that was killed is started again, and apply says so" {
	site a.example web_server=apache
	kill -KILL $(pgrep -x apache2)
	until_gone /proc/$(cat /run/apache2/apache2.pid)
	[ "$(code a.example /)" = 502 ]
	run -1 hp-vhost verify
	[[ $output == *"apache does not run"* ]]
	run -0 hp-vhost apply 3>&- 4>&-
	[[ $(from a.example /who.php) == Apache* ]]
}

# What it reads last takes a while: it is told to go back when it has read the website's new file.
@test "killed while the server still reads: once recovered, nobody is answered by the new file" {
	local slow=(/etc/nginx/sites-enabled/zz-slow /etc/apache2/sites-enabled/zz-slow.conf)
	site n.example
	site a.example web_server=apache
	head -c 5000 /dev/zero | tr '\0' x | tee /var/www/vhosts/{a,n}.example/big.txt >/dev/null
	{
		echo 'map $http_x_slow $slow {'
		seq -f '"%.0f" "a value of its own";' 400000
		echo '}'
	} >${slow[0]}
	seq -f 'RedirectMatch ^/a%.0f(b|c)+$ /x' 300000 >${slow[1]}
	for domain in n.example a.example; do
		HP_FAULT=after-reload run hp-site set $domain gzip_enabled=false 3>&- 4>&-
		[ "$status" != 0 ]
		run -0 hp-vhost recover 3>&- 4>&-
		for i in $(seq 40); do
			from $domain /big.txt -H 'Accept-Encoding: gzip' -o /dev/null -D - | grep -qi '^Content-Encoding: gzip' ||
				{ echo "$domain $i: as it was to be"; return 1; }
		done
	done
	rm "${slow[@]}"
}

@test "a site goes from server to server under load, and no request is lost" {
	site a.example web_server=nginx
	site b.example
	page a.example slow.php '<?php usleep(50000); echo "done";'
	"$BATS_TEST_DIRNAME/../lib/load" -c 8 -t 12 a.example /who.php /hello.txt /slow.php >"$dir/load" 3>&- 4>&- &
	load=$!
	for server in apache nginx apache nginx; do
		hp-site set a.example web_server=$server -q 3>&- 4>&-
		hp-site suspend b.example -q 3>&- 4>&-
		hp-site resume b.example -q 3>&- 4>&-
	done
	wait "$load"
	cat "$dir/load"
	[[ $(cat "$dir/load") == *" 0 failed"* ]]
	[ "$(sed 's/ .*//' "$dir/load")" -gt 200 ]
}
