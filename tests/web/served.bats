#!/usr/bin/env bats
# The panel over HTTP, as clients of all kinds see it.

load web.bash

setup_file() {
	web_up 'rate_limit = 100000' 'login_rate_limit = 100000'
	web_key --verbs site:list,site:show,site:set >/run/key
}
teardown_file() { web_down; }
setup() {
	web_paths
	key=$(</run/key)
}

@test "health: over IPv4 and IPv6, HTTP/1.1 and HTTP/2, by name and by address" {
	is "$(get /health)" '.status == "ok"'
	[ "$(get /health --http2 -o /dev/null -w '%{http_code} %{http_version}')" = "200 2" ]
	[ "$(get /health --http1.1 -o /dev/null -w '%{http_code} %{http_version}')" = "200 1.1" ]
	curl -sSf --cacert $ca https://127.0.0.1:8001/health
	curl -sSf --cacert $ca 'https://[::1]:8001/health'
	is "$(get /health/ready)" '.status == "ready"'
	is "$(get /health -I -o /dev/null -w '{"code": %{response_code}, "size": %{size_download}}')" '.code == 200 and .size == 0'
}

@test "TLS: a certificate of this installation's own authority, TLS 1.2 and later" {
	! curl -s -m 20 https://localhost:8001/health # nobody trusts it without being told to
	openssl s_client -connect localhost:8001 -CAfile $ca -verify_return_error -verify_hostname sandbox </dev/null >/dev/null
	for v in tls1_2 tls1_3; do
		openssl s_client -connect localhost:8001 -CAfile $ca -$v </dev/null >/dev/null
	done
	! openssl s_client -connect localhost:8001 -tls1_1 -cipher DEFAULT@SECLEVEL=0 </dev/null >/dev/null 2>&1
	[ "$(stat -c '%U %a' /var/lib/hosting-panel/ca/key.pem)" = "root 600" ]
	[ "$(stat -c '%U %G %a' /var/lib/hosting-panel/api/key.pem)" = "root hosting-panel-api 640" ]
	[ "$(code /health -o /dev/null --cacert /dev/null)" = 000 ]
	# who speaks HTTP to it is told so
	[ "$(curl -s -o /dev/null -w '%{http_code}' http://localhost:8001/health)" = 400 ]
}

@test "nobody of it is root, and the two are two users" {
	local p
	for p in $(pgrep -f 'nginx -e stderr|nginx: ') $(workers) "$(</run/hp-cgi.pid)"; do
		ps -o user:32= -p "$p"
	done | sort | uniq -c | awk '{ print $2 }' | tr '\n' ' ' >"$BATS_TEST_TMPDIR/users"
	[ "$(<"$BATS_TEST_TMPDIR/users")" = "hosting-panel hosting-panel-api " ]
	# only its web server's user gets to hp-cgi
	setpriv --reuid=hosting-panel-api --regid=hosting-panel-api --clear-groups perl -MIO::Socket::UNIX -e \
		'IO::Socket::UNIX->new(Peer => "/run/hosting-panel/cgi.sock") or die'
	! setpriv --reuid=www-data --regid=www-data --clear-groups perl -MIO::Socket::UNIX -e \
		'IO::Socket::UNIX->new(Peer => "/run/hosting-panel/cgi.sock") or die' 2>/dev/null
}

@test "a program runs as who asks; the address is the client's own, whatever he says" {
	is "$(api "$key" /api/v1/websites/a.example)" '.domain == "a.example"'
	is "$(api "$key" /api/v1/websites/c.example)" '.status == 404'
	is "$(api "$key" /api/v1/me -H 'X-Forwarded-For: 192.0.2.7' -H 'X-Real-IP: 192.0.2.7' -H 'Forwarded: for=192.0.2.7')" \
		'.username == "anna" and .address == "127.0.0.1"'
	is "$(curl -sS --cacert $ca --interface 127.0.0.9 -H "Authorization: Bearer $key" https://127.0.0.1:8001/api/v1/me)" \
		'.address == "127.0.0.9"'
	is "$(get /api/v1/websites)" '.status == 401 and (.request_id | length == 32)'
}

@test "paths reach the wrapper as they are: nothing is merged, nothing gets around" {
	[ "$(code //health)" = 401 ]
	[ "$(code /health/)" = 401 ]
	[ "$(code /%68ealth)" = 200 ]
	[ "$(code /health%00)" = 400 ]
	[ "$(code '/health%0a')" = 400 ]
	[ "$(code '/health%ff')" = 400 ]
	[ "$(code '/../../etc/passwd' --path-as-is)" = 400 ]
	[ "$(code '/static/../../hosting-panel.conf' --path-as-is)" = 400 ]
	[ "$(code '/static/%2e%2e/%2e%2e/etc/passwd' --path-as-is)" != 200 ]
	[ "$(code "/$(printf 'a%.0s' $(seq 2000))")" = 414 ]
}

@test "methods: OPTIONS and 405 say what a path has; TRACE and CONNECT are nothing" {
	api "$key" /api/v1/websites -X OPTIONS -D "$BATS_TEST_TMPDIR/h" -o /dev/null
	grep -qi '^HTTP/2 204' "$BATS_TEST_TMPDIR/h"
	grep -qi '^allow: GET, POST' "$BATS_TEST_TMPDIR/h"
	api "$key" /api/v1/websites -X DELETE -D "$BATS_TEST_TMPDIR/h" >"$BATS_TEST_TMPDIR/b"
	grep -qi '^HTTP/2 405' "$BATS_TEST_TMPDIR/h"
	grep -qi '^allow: GET, POST' "$BATS_TEST_TMPDIR/h"
	is "$(<"$BATS_TEST_TMPDIR/b")" '.status == 405'
	[ "$(code /health -X TRACE)" = 405 ]
	[[ $(raw 'CONNECT localhost:22 HTTP/1.1\r\nHost: localhost\r\n\r\n') == HTTP/1.1\ 4* ]]
	[ "$(code /health -X 'BREW')" = 401 ]
}

@test "sizes: 1 MiB is a body, more is 413; 10 MB of body or of headers harm nobody" {
	head -c 1048576 /dev/zero | tr '\0' x >"$BATS_TEST_TMPDIR/body"
	is "$(api "$key" /api/v1/websites -H 'Content-Type: application/json' --data-binary @"$BATS_TEST_TMPDIR/body")" \
		'.status == 400'
	echo x >>"$BATS_TEST_TMPDIR/body"
	is "$(api "$key" /api/v1/websites -H 'Content-Type: application/json' --data-binary @"$BATS_TEST_TMPDIR/body" -H Expect:)" \
		'.status == 413'
	head -c 10000000 /dev/zero >"$BATS_TEST_TMPDIR/body"
	[[ $(code /api/v1/websites --data-binary @"$BATS_TEST_TMPDIR/body") =~ ^(413|000)$ ]]
	# chunked, so that the size is not told before
	[[ $(code /api/v1/websites --http1.1 -H 'Transfer-Encoding: chunked' --data-binary @"$BATS_TEST_TMPDIR/body") =~ ^(413|000)$ ]]
	[[ $(code /health --http1.1 -H "X-Much: $(head -c 20000 /dev/zero | tr '\0' x)") =~ ^(400|000)$ ]]
	[[ $( (
		printf 'GET /health HTTP/1.1\r\nHost: localhost\r\n'
		for i in $(seq 10000); do printf 'X-%d: %01000d\r\n' "$i" 0; done
		printf '\r\n'
	) | timeout 30 openssl s_client -quiet -connect 127.0.0.1:8001 -CAfile $ca 2>/dev/null || true) != *'"ok"'* ]]
	[ "$(code /health)" = 200 ]
}

@test "smuggling: what can be read in two ways is not read at all" {
	local head='POST /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n' r x
	local inner='GET /api/v1 HTTP/1.1\r\nHost: localhost\r\n\r\n'
	for x in \
		'Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n' \
		'Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n' \
		'Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde' \
		'Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd' \
		'Content-Length: 4, 4\r\n\r\nabcd' \
		'Content-Length: +4\r\n\r\nabcd' \
		'Content-Length: 0x4\r\n\r\nabcd' \
		'Content-Length: -1\r\n\r\nabcd' \
		'Content-Length: 18446744073709551620\r\n\r\nabcd' \
		'Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n' \
		'Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n' \
		'Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n' \
		'Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n' \
		'Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n' \
		'Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n' \
		'Transfer-Encoding: chunked\r\n\r\n4\nabcd\r\n0\r\n\r\nX' \
		' folded: yes\r\n\r\n' \
		'X-A: b\r\n\tfolded: yes\r\n\r\n' \
		'Host: elsewhere.example\r\n\r\n' \
		'X-A: b\0c\r\n\r\n'; do
		r=$(raw "$head$x$inner" | tr -d '\0')
		# one answer, and never two: what stood in the body was no request
		[ "$(grep -c '^HTTP/1.1 ' <<<"$r")" -le 1 ] || { echo "two answers: $x"; echo "$r"; return 1; }
		[[ ! $r =~ ^HTTP/1.1\ 2 ]] || { echo "taken: $x"; echo "$r"; return 1; }
	done
	# a bare CR is no line's end: the header behind it is none
	r=$(raw 'GET /api/v1/me HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-A: b\rAuthorization: Bearer '"$key"'\r\n\r\n')
	[[ $r =~ ^HTTP/1.1\ 40[01] ]]
	# names with an underscore would be the same variable as those with a hyphen
	is "$(get /api/v1/me --http1.1 -H "Authorization_: x" -H "AUTHORIZATION_X: y")" '.status == 401'
	[ "$(code /health)" = 200 ]
}

# fcgi PATH: one whole FastCGI request that says to come from 192.0.2.66, as records
fcgi() {
	perl -e '
		sub rec { my ($t, $b) = @_; pack("CCnnCC", 1, $t, 1, length $b, 0, 0) . $b }
		my %p = (REQUEST_METHOD => "GET", PATH_INFO => $ARGV[0], REMOTE_ADDR => "192.0.2.66", HTTP_AUTHORIZATION => "Bearer $ARGV[1]");
		my $p = join "", map { pack("CC", length $_, length $p{$_}) . $_ . $p{$_} } sort keys %p;
		print rec(1, pack("nCx5", 1, 1)), rec(4, $p), rec(4, ""), rec(5, "");' "$1" "$key"
}

@test "smuggling: a body that nobody reads is never taken for FastCGI's own records" {
	local i pad
	: >"$BATS_TEST_TMPDIR/got"
	# wherever in the body the reader of records may be when the request is over
	for pad in 0 3 $(seq 7900 20 8200); do
		{ head -c "$pad" /dev/zero; for i in $(seq 60); do fcgi /api/v1/me; done; } >"$BATS_TEST_TMPDIR/body"
		# refused before its body is read, on a connection that goes on
		curl -s -m 20 --cacert $ca -o /dev/null -X GET -H Expect: --data-binary @"$BATS_TEST_TMPDIR/body" "$url/health?a=1&a=2"
		for i in 1 2 3; do get /health >>"$BATS_TEST_TMPDIR/got"; done
	done
	[ "$(sort -u "$BATS_TEST_TMPDIR/got")" = '{"status":"ok"}' ]
	! grep -q 192.0.2.66 "$BATS_TEST_TMPDIR/got"
}

@test "the wrapper's words are the web server's, too: problems by RFC 9457, no version, nothing kept" {
	get /health -D "$BATS_TEST_TMPDIR/h" -o /dev/null
	grep -qix 'server: nginx.' "$BATS_TEST_TMPDIR/h"
	grep -qi '^cache-control: no-store' "$BATS_TEST_TMPDIR/h"
	get /health --http1.1 -H "X-Much: $(head -c 20000 /dev/zero | tr '\0' x)" -D "$BATS_TEST_TMPDIR/h" >"$BATS_TEST_TMPDIR/b" || true
	[ ! -s "$BATS_TEST_TMPDIR/b" ] || is "$(<"$BATS_TEST_TMPDIR/b")" '.status == 400'
}

@test "who is a person gets a page of what NGINX refuses, who is a program never does" {
	head -c 1100000 /dev/zero | tr '\0' x >"$BATS_TEST_TMPDIR/body"
	for path in /login "/$(printf 'a%.0s' $(seq 9000))"; do
		get "$path" -H 'Accept: text/html,*/*' -H Expect: --data-binary @"$BATS_TEST_TMPDIR/body" -D "$BATS_TEST_TMPDIR/h" >"$BATS_TEST_TMPDIR/b" || true
		grep -qi '^content-type: text/html' "$BATS_TEST_TMPDIR/h" || { cat "$BATS_TEST_TMPDIR/h"; false; }
		grep -qi "^content-security-policy: default-src 'none'" "$BATS_TEST_TMPDIR/h"
		grep -qE '<h1>(Content Too Large|URI Too Long|Bad Request)</h1>' "$BATS_TEST_TMPDIR/b"
		[ "$(wc -c <"$BATS_TEST_TMPDIR/b")" -lt 1000 ]
	done
	for accept in 'text/html' '*/*' 'application/json'; do
		is "$(get /api/v1/websites -H "Accept: $accept" -H Expect: --data-binary @"$BATS_TEST_TMPDIR/body")" '.status == 413'
	done
	is "$(get /login -H Expect: --data-binary @"$BATS_TEST_TMPDIR/body")" '.status == 413'
}

@test "what pages load is NGINX' own business, kept for ever by its name, and small on the way" {
	local css
	css=$(basename "$HP_WEBDIR"/style-*.css)
	get "/static/$css" --compressed -D "$BATS_TEST_TMPDIR/h" | cmp - "$HP_WEBDIR/$css"
	grep -qi '^cache-control: public, max-age=31536000, immutable' "$BATS_TEST_TMPDIR/h"
	grep -qi '^content-encoding: gzip' "$BATS_TEST_TMPDIR/h"
	grep -qi '^content-type: text/css' "$BATS_TEST_TMPDIR/h"
	! grep -qi '^x-request-id' "$BATS_TEST_TMPDIR/h" # nobody else was asked
	[ "$(code /static/)" != 200 ]
	[ "$(code /static/nothing.css)" = 404 ]
}

@test "no secret in a log, nor on a command line" {
	local i
	[ "$(code '/api/v1/websites?secret=geheim')" = 401 ]
	(for i in $(seq 40); do api "$key" /api/v1/websites/a.example >/dev/null; done) &
	for i in $(seq 150); do
		cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' ' ' | grep -ao 'hp-site show.*' || true
	done >"$BATS_TEST_TMPDIR/ps"
	wait
	grep -q -- '--as=key:' "$BATS_TEST_TMPDIR/ps" # it was looked at while it ran
	! grep -q "${key: -43}" "$BATS_TEST_TMPDIR/ps"
	! grep -rqs -e "${key: -43}" -e geheim /run/api.log /run/hp-cgi.log /var/log
}

@test "what the user of the wrapper can write: its database, and nothing else of the panel" {
	local found
	found=$(setpriv --reuid=hosting-panel --regid=hosting-panel --clear-groups find / -xdev \
		\( -path /proc -o -path /sys -o -path /dev \) -prune -o \( -type f -o -type d \) -writable -print 2>/dev/null |
		grep -vE '^/(tmp|var/tmp|run/tmp|run/lock)(/|$)' || true)
	found+=$'\n'$(for d in /etc /run /var/lib/hosting-panel /var/log /var/www /var/cache; do
		setpriv --reuid=hosting-panel --regid=hosting-panel --clear-groups find "$d" \( -type f -o -type d \) -writable 2>/dev/null
	done | grep -vE '^/run/(tmp|lock)(/|$)' || true)
	found=$(grep -vE '^(/var/lib/hosting-panel/db|/var/lib/php/sessions|/var/cache/hosting-panel-tests)(/|$)' <<<"$found" || true)
	[ -z "${found//$'\n'/}" ] || { echo "$found"; return 1; }
	setpriv --reuid=hosting-panel --regid=hosting-panel --clear-groups test -w /var/lib/hosting-panel/db/panel.db
}
