#!/usr/bin/env bats
# hp-node api: what the panel's own web server is configured by, and its certificate.

load web.bash

setup() {
	web_wrapper=()
	web_world
	conf=/etc/hosting-panel/api/nginx.conf
}
teardown() {
	web_down
	for i in $(seq 100); do pgrep -f 'nginx -e stderr' >/dev/null || break; sleep 0.05; done
	rm -rf /etc/hosting-panel /var/lib/hosting-panel/* /run/hosting-panel-api
}
result() { hp-node api --json; }
served() { openssl s_client -connect localhost:8001 -servername localhost </dev/null 2>/dev/null | openssl x509 -noout "$@"; }

@test "twice is once; --dry-run writes nothing" {
	is "$(hp-node api --json --dry-run)" '.changed'
	[ ! -e $conf ] && [ ! -e /var/lib/hosting-panel/ca ]
	is "$(result)" '.changed and (.edited | not) and .certificate == "own" and (.url | test("^https://sandbox:8001/$"))'
	find /etc/hosting-panel /var/lib/hosting-panel -type f -exec sha256sum {} + | sort >"$BATS_TEST_TMPDIR/before"
	is "$(result)" '.changed | not'
	find /etc/hosting-panel /var/lib/hosting-panel -type f -exec sha256sum {} + | sort | diff "$BATS_TEST_TMPDIR/before" -
}

@test "a change of the configuration reaches a server that runs, without a connection lost" {
	web_cgi
	web_nginx
	was=$(</run/hosting-panel-api/nginx.pid)
	web_conf 'rate_limit = 77'
	is "$(result)" '.changed and .reloaded'
	grep -q 'rate=77r/s' $conf
	# HTTP/1.1: over HTTP/2 one that has just come is idle to a worker that ends, and told to go and ask again
	for i in $(seq 50); do
		status=$(code /health --http1.1)
		[ "$status" = 200 ] || { echo "request $i: $status"; tail -n 5 /run/api.log; return 1; }
	done
	[ "$(</run/hosting-panel-api/nginx.pid)" = "$was" ]
}

@test "what was edited by hand stays, and is said; --force writes anew" {
	result
	sed -i 's/keepalive_timeout 75s/keepalive_timeout 33s/' $conf
	status=0
	hp-node api --json >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || status=$?
	[ "$status" = 0 ]
	is "$(<"$BATS_TEST_TMPDIR/out")" '.edited and (.changed | not)'
	grep -q 'edited by hand' "$BATS_TEST_TMPDIR/err"
	grep -q 'keepalive_timeout 33s' $conf
	# also by its first line alone, or by another file altogether
	sed -i 1d $conf
	is "$(hp-node api --json 2>/dev/null)" '.edited'
	# one that NGINX itself refuses is not called good
	echo 'events {} http { nonsense; }' >$conf
	status=0
	hp-node api >"$BATS_TEST_TMPDIR/out" 2>&1 || status=$?
	[ "$status" = 7 ]
	grep -q nonsense "$BATS_TEST_TMPDIR/out"
	is "$(hp-node api --json --force)" '.changed and (.edited | not)'
	grep -q 'keepalive_timeout 75s' $conf
}

@test "directives by hand are included; those that NGINX refuses change nothing" {
	web_cgi
	web_nginx
	echo 'add_header X-Mine yes always;' >/etc/hosting-panel/api/server.d/mine.conf
	web_conf 'rate_limit = 78'
	is "$(result)" .reloaded
	for i in $(seq 50); do ! get /health -I | grep -qi '^x-mine: yes' || break; sleep 0.1; done
	get /health -I | grep -qi '^x-mine: yes'
	echo 'nonsense;' >/etc/hosting-panel/api/server.d/mine.conf
	web_conf 'rate_limit = 79'
	status=0
	hp-node api >"$BATS_TEST_TMPDIR/out" 2>&1 || status=$?
	[ "$status" = 7 ]
	grep -q 'nonsense' "$BATS_TEST_TMPDIR/out"
	grep -q 'rate=78r/s' $conf
	[ ! -e $conf.new ]
	[ "$(code /health)" = 200 ]
}

@test "a broken configuration of the websites' NGINX does not touch it, nor the other way round" {
	echo 'broken' >>/etc/nginx/nginx.conf
	mv /etc/nginx/mime.types /etc/nginx/away
	web_cgi
	web_nginx
	[ "$(code /health)" = 200 ]
	sed -i '$d' /etc/nginx/nginx.conf
	mv /etc/nginx/away /etc/nginx/mime.types
}

@test "the certificate is renewed before it ends, and when this host has another name; the authority stays" {
	web_cgi
	web_nginx
	first=$(served -serial)
	ca_was=$(sha256sum </var/lib/hosting-panel/ca/ca.pem)
	openssl x509 -in /var/lib/hosting-panel/api/chain.pem -noout -ext subjectAltName | grep -q 'IP Address:127.0.0.1'
	# one with a month left of a year
	cd "$BATS_TEST_TMPDIR"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=sandbox -addext 'subjectAltName=DNS:sandbox' \
		-not_before 20200101000000Z -days 1 -keyout k.pem -out c.pem 2>/dev/null ||
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=sandbox -addext 'subjectAltName=DNS:sandbox' \
			-days 1 -keyout k.pem -out c.pem 2>/dev/null
	cp k.pem /var/lib/hosting-panel/api/key.pem
	is "$(result)" '.changed and .reloaded' # a pair that does not fit is none
	second=$(openssl x509 -in /var/lib/hosting-panel/api/chain.pem -noout -serial)
	[ "$second" != "$first" ]
	hostname renamed
	is "$(result)" '.changed and (.url | test("renamed"))'
	hostname sandbox
	openssl x509 -in /var/lib/hosting-panel/api/chain.pem -noout -ext subjectAltName | grep -q renamed
	openssl verify -CAfile $ca /var/lib/hosting-panel/api/chain.pem
	[ "$(sha256sum </var/lib/hosting-panel/ca/ca.pem)" = "$ca_was" ]
}

@test "a real certificate of the panel's name is taken over, and followed" {
	web_conf 'server_name = panel.example'
	hp-site add panel.example tenant=acme ssl_enabled=true ssl_provider=custom --no-apply -q
	cd "$BATS_TEST_TMPDIR"
	make() {
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -addext 'subjectAltName=DNS:panel.example' \
			-addext extendedKeyUsage=serverAuth -days 90 -keyout k.pem -out c.pem 2>/dev/null
	}
	is "$(result)" '.certificate == "own"'
	hp-vhost apply -q 3>&- 4>&- || true
	make one
	hp-cert import panel.example --key k.pem --cert c.pem -q 3>&- 4>&-
	is "$(result)" '.changed and .certificate == "website" and .url == "https://panel.example:8001/"'
	is "$(result)" '.changed | not'
	openssl x509 -in /var/lib/hosting-panel/api/chain.pem -noout -subject | grep -q 'one'
	[ "$(stat -c '%U %G %a' /var/lib/hosting-panel/api/key.pem)" = "root hosting-panel-api 640" ]
	hp-site set panel.example ssl_enabled=false -q 3>&- 4>&-
	hp-cert remove panel.example --yes -q 3>&- 4>&-
	is "$(result)" '.changed and .certificate == "own"'
}
