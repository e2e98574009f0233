# hp-cert with a real CA (pebble, Debian's ACME test server), a real DNS server (its companion) and the real
# NGINX, all on loopback in a world of their own (tests/lib/sandbox).

bats_require_minimum_version 1.5.0
load ../lib/node

setup() {
	node_setup
	store=/var/lib/hosting-panel/certs
	echo 'nameserver 127.0.0.1' >/etc/resolv.conf
	ca_pair
	conf 'challenge = http-01'
	dns_start
	ca_start 80
	node_panel
	site a.example
}

teardown() {
	local p
	for p in ${ca:-} ${dns:-} ${nx:-}; do
		kill -KILL "$p" 2>/dev/null || true
	done
	ip -6 addr add ::1/128 dev lo 2>/dev/null || true
	node_teardown
}

p() { run "$@" 3>&- 4>&-; }
ok() { p "$@"; [ "$status" = 0 ] || { echo "exit $status: $*: $output"; return 1; }; }
fails() { # fails STATUS TEXT COMMAND …
	local want=$1 text=$2
	shift 2
	p "$@"
	[ "$status" = "$want" ] && [[ $output == *"$text"* ]] || { echo "exit $status: $*: $output"; return 1; }
}

ca_pair() { # the certificate of the CA's own server, and who has signed it: $dir/ca.pem
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=test CA' -keyout "$dir/ca.key" \
		-out "$dir/ca.pem" 2>/dev/null
	openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout "$dir/server.key" -out "$dir/server.csr" 2>/dev/null
	openssl x509 -req -in "$dir/server.csr" -CA "$dir/ca.pem" -CAkey "$dir/ca.key" -CAcreateserial -days 2 \
		-extfile <(echo subjectAltName=DNS:localhost,IP:127.0.0.1) -out "$dir/server.pem" 2>/dev/null
}

conf() { # conf LINE …: section [acme], besides where the CA is
	mkdir -p /etc/hosting-panel
	{
		printf '[acme]\ndirectory_url = https://localhost:14000/dir\nca_file = %s\nemail = root@a.example\n' "$dir/ca.pem"
		printf '%s\n' "$@"
	} >/etc/hosting-panel/hosting-panel.conf
}

dns_start() { # every name is 127.0.0.1 and ::1, unless dns_set says otherwise
	pebble-challtestsrv -defaultIPv4 127.0.0.1 -defaultIPv6 ::1 -dns01 127.0.0.1:53 -http01 '' -https01 '' \
		-tlsalpn01 '' -management 127.0.0.1:8055 >"$dir/dns.log" 2>&1 3>&- 4>&- &
	dns=$!
	listening 8055
}

dns_set() { curl -sS -m 5 -d "$2" "http://127.0.0.1:8055/$1"; } # dns_set add-a '{"host":"a.example","addresses":[]}'

# A second DNS server, at 127.0.0.2, that knows no name at all: the first one can't say so as a resolver does.
nobody_start() {
	python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.2", 53))
while True:
	q, who = s.recvfrom(512)
	s.sendto(q[:2] + b"\x81\x83" + q[4:6] + bytes(6) + q[12:], who)
' 3>&- 4>&- &
	nx=$!
	local i
	for i in $(seq 50); do
		! ss -Hlun 'src 127.0.0.2' | grep -q . || return 0
		sleep 0.1
	done
	return 1
}

ca_start() { # ca_start PORT [VARIABLE=VALUE …]: it asks websites at that port; nonces are refused at random
	local port=$1
	shift
	[ -z "${ca:-}" ] || { kill -KILL "$ca" 2>/dev/null || true; wait "$ca" 2>/dev/null || true; }
	cat >"$dir/pebble.json" <<-X
		{"pebble":{"listenAddress":"127.0.0.1:14000","managementListenAddress":"127.0.0.1:15000",
		"certificate":"$dir/server.pem","privateKey":"$dir/server.key","httpPort":$port,"tlsPort":443,
		"ocspResponderURL":"","externalAccountBindingRequired":false}}
	X
	env PEBBLE_VA_NOSLEEP=1 PEBBLE_WFE_NONCEREJECT=30 "$@" \
		pebble -config "$dir/pebble.json" -dnsserver 127.0.0.1:53 >"$dir/pebble.log" 2>&1 3>&- 4>&- &
	ca=$!
	listening 14000
}

orders() { grep -c 'POST /order-plz' "$dir/pebble.log" || true; }

site() { # site DOMAIN [ALIAS …]: added, and serving challenges
	local domain=$1
	shift
	panel hp-site add "$domain" tenant=acme "${@/#/--alias=}" -q
	grep -q acme-challenge "/etc/nginx/sites-available/$domain.conf" || {
		snippet "$domain" nginx acme.conf \
			'location ^~ /.well-known/acme-challenge/ { alias /var/lib/hosting-panel/acme-challenge/; }'
		panel hp-vhost apply -q
	}
}

current() { readlink "$store/$1/current"; }

# served DOMAIN: the certificate that a TLS client gets is the store's; where the vhost has one at all
served() {
	grep -q '^[[:space:]]*ssl_certificate ' "/etc/nginx/sites-available/$1.conf" || return 0
	local want got
	want=$(hp-cert show "$1" --json | jq -r .sha256)
	got=$(openssl s_client -connect 127.0.0.1:443 -servername "$1" </dev/null 2>/dev/null |
		openssl x509 -outform DER | sha256sum | cut -d' ' -f1)
	[ "$want" = "$got" ] || { echo "$1: served is $got, stored is $want"; return 1; }
}

# aged DOMAIN DAYS-AGO DAYS-LEFT [ALIAS]: a self-signed pair of that age in $dir/aged.pem
aged() {
	rm -rf "$dir/aged"
	mkdir "$dir/aged"
	touch "$dir/aged/index"
	echo 01 >"$dir/aged/serial"
	printf '[ca]\ndefault_ca=x\n[x]\ndatabase=%s/index\nserial=%s/serial\nnew_certs_dir=%s\ndefault_md=sha256\npolicy=p\nx509_extensions=e\n[p]\ncommonName=supplied\n[e]\nsubjectAltName=DNS:%s\n' \
		"$dir/aged" "$dir/aged" "$dir/aged" "$1${4:+,DNS:$4}" >"$dir/aged/conf"
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -keyout "$dir/aged/key" \
		-out "$dir/aged/csr" 2>/dev/null
	openssl ca -batch -selfsign -config "$dir/aged/conf" -in "$dir/aged/csr" -keyfile "$dir/aged/key" -notext \
		-startdate "$(date -u -d "-$2 days" +%Y%m%d%H%M%SZ)" -enddate "$(date -u -d "+$3 days" +%Y%m%d%H%M%SZ)" \
		-out "$dir/aged/cert" 2>/dev/null
	cat "$dir/aged/key" "$dir/aged/cert" >"$dir/aged.pem"
}

# due DOMAIN: it is served over TLS with a certificate that has 20 of its 80 days left
due() {
	aged "$1" 60 20
	hp-cert import "$1" -q <"$dir/aged.pem" 2>/dev/null 3>&- 4>&-
	panel hp-site set "$1" ssl_enabled=yes -q
}

@test "issue: a certificate for all names of a website, over IPv4 and IPv6, and nothing for a second run to do" {
	site b.example www.b.example
	ok hp-cert issue b.example
	[ "$(current b.example)" = 1 ]
	curl -sS --cacert "$dir/ca.pem" https://localhost:15000/roots/0 >"$dir/root.pem"
	openssl verify -CAfile "$dir/root.pem" -untrusted $store/b.example/current/fullchain.pem \
		-verify_hostname www.b.example $store/b.example/current/fullchain.pem
	ok hp-cert show b.example --json
	jq -e '.names == ["b.example", "www.b.example"] and .provider == "letsencrypt" and .key_type == "ec256" and
		.failures == 0' <<<"$output"
	[ "$(jq -r .sha256 <<<"$output")" = "$(openssl x509 -in $store/b.example/1/fullchain.pem -outform DER | sha256sum | cut -d' ' -f1)" ]
	# what was needed for it only is gone, what is secret is root's alone
	[ -z "$(ls -A /var/lib/hosting-panel/acme-challenge)" ]
	[ "$(find /var/lib/hosting-panel/acme /var/lib/hosting-panel/certs -type f -perm /077)" = "" ]
	[ "$(stat -c '%a %U' $store /var/lib/hosting-panel/acme)" = $'700 root\n700 root' ]
	account=$(sha256sum /var/lib/hosting-panel/acme/*/private/key.pem)
	n=$(orders)
	[ "$n" -ge 1 ]
	ok hp-cert issue b.example --json
	jq -e '.[0].changed == false and .[0].result == "unchanged"' <<<"$output"
	[ "$(orders)" = "$n" ]
	# and why, once it is served
	panel hp-site set b.example ssl_enabled=yes -q
	ok hp-cert issue b.example
	[[ $output == *"its certificate is good until 20"*"; --anew asks for another"* ]]
	[ "$(orders)" = "$n" ]
	# asked for, a new one with a new key, by the same account
	ok hp-cert issue b.example --anew
	[ "$(current b.example)" = 2 ]
	! cmp -s $store/b.example/1/key.pem $store/b.example/2/key.pem
	[ "$account" = "$(sha256sum /var/lib/hosting-panel/acme/*/private/key.pem)" ]
	ok hp-cert check b.example
	served b.example
	# in the audit trail, with what was and what is
	ok hp-audit list --verb cert:issue --json
	jq -e 'length == 2 and .[0].object == "b.example" and .[0].before.sha256 != .[0].after.sha256' <<<"$output"
	# only the last few stay
	for i in 3 4 5; do ok hp-cert issue b.example --anew -q; done
	[ "$(ls $store/b.example | tr '\n' ' ')" = "3 4 5 current renewal.json " ]
	served b.example
}

@test "what the CA would not find here is refused before it is asked: no order is made" {
	n=$(orders)
	nobody_start
	echo 'nameserver 127.0.0.2' >/etc/resolv.conf
	fails 1 "a.example: it does not resolve" hp-cert issue a.example
	[[ $output == *"hint: add one that leads to this node"* ]]
	echo 'nameserver 127.0.0.1' >/etc/resolv.conf
	dns_set add-a '{"host":"a.example","addresses":["192.0.2.7"]}'
	fails 1 "a.example: it resolves to 192.0.2.7, which is no address of this node" hp-cert issue a.example
	dns_set clear-a '{"host":"a.example"}'
	dns_set add-aaaa '{"host":"a.example","addresses":["2001:db8::7"]}'
	fails 1 "a.example: it resolves to 2001:db8::7" hp-cert issue a.example
	# one of two names
	dns_set clear-aaaa '{"host":"a.example"}'
	ok hp-cert issue a.example --dry-run
	[[ $output == *"would ask https://localhost:14000/dir for a.example"* ]]
	dns_set add-a '{"host":"www.a.example","addresses":["127.0.0.1","192.0.2.8"]}'
	panel hp-site alias a.example add www.a.example -q
	fails 1 "www.a.example: it resolves to 192.0.2.8" hp-cert issue a.example
	dns_set clear-a '{"host":"www.a.example"}'
	ok hp-cert issue a.example --dry-run
	# a server, but not this website's
	mv /etc/nginx/sites-enabled/a.example.conf "$dir/"
	nginx -s reload
	sleep 1
	fails 1 "instead of the token put there" hp-cert issue a.example
	[[ $output == *"127.0.0.1, http://"*"status 404"* ]]
	mv "$dir/a.example.conf" /etc/nginx/sites-enabled/
	# nobody at IPv6, everybody at IPv4
	dns_set add-aaaa '{"host":"a.example","addresses":["::1"]}'
	nginx -s reload
	sleep 1
	ok hp-cert issue a.example --dry-run
	ip -6 addr del ::1/128 dev lo
	fails 1 "a.example: " hp-cert issue a.example
	[[ $output == *"::1"* ]]
	ip -6 addr add ::1/128 dev lo
	# nobody at all
	kill "$(cat /run/nginx.pid)"
	until_gone /run/nginx.pid
	fails 1 "nothing answers at 127.0.0.1, port 80" hp-cert issue a.example
	# the DNS is down: not this name's fault
	kill -KILL "$dns"
	wait "$dns" 2>/dev/null || true
	fails 6 "the DNS does not answer" hp-cert issue a.example
	[ "$(orders)" = "$n" ]
	[ ! -e $store/a.example ]
	[ -z "$(ls -A /var/lib/hosting-panel/acme-challenge)" ]
}

@test "renew: what is due, and nothing else; a failure keeps everything, is told, and waits" {
	site b.example
	due a.example
	aged b.example 10 80
	hp-cert import b.example -q <"$dir/aged.pem" 2>/dev/null
	panel hp-site set b.example ssl_enabled=yes -q
	served a.example
	# the CA can't reach the website: it looks at another port
	ca_start 5002
	before=$(sha256sum $store/a.example/current/*)
	fails 7 "a.example: the CA refuses: " hp-cert renew
	[[ $output == *"connection refused"* ]]
	[ "$(current a.example)" = 1 ]
	[ "$before" = "$(sha256sum $store/a.example/current/*)" ]
	served a.example
	ok hp-cert show a.example --json
	jq -e '.failures == 1 and .status == "failing" and (.error | test("refuses"))' <<<"$output"
	wait=$(($(date -d "$(jq -r .next_try <<<"$output")" +%s) - $(date +%s)))
	[ "$wait" -ge 2600 ] && [ "$wait" -le 4600 ]
	ok hp-audit list --verb cert:renew --json
	jq -e 'length == 1 and .[0].object == "a.example" and (.[0].note | test("failed 1 times.*refuses"))' <<<"$output"
	# later runs leave the CA alone until then
	n=$(orders)
	ok hp-cert renew
	[ "$(orders)" = "$n" ]
	# who names it does not wait; the pause doubles
	fails 7 "the CA refuses" hp-cert renew a.example
	[ "$(orders)" -gt "$n" ]
	ok hp-cert show a.example --json
	jq -e '.failures == 2' <<<"$output"
	wait=$(($(date -d "$(jq -r .next_try <<<"$output")" +%s) - $(date +%s)))
	[ "$wait" -ge 5300 ] && [ "$wait" -le 9100 ]
	# the CA has forgotten the account, too, when it is back
	ca_start 80
	ok hp-cert renew a.example --json
	jq -e 'length == 1 and .[0].changed and .[0].result == "applied"' <<<"$output"
	[ "$(current a.example)" = 2 ]
	served a.example
	ok hp-cert show a.example --json
	jq -e '.failures == 0 and .status == "ok" and .provider == "letsencrypt"' <<<"$output"
	# the neighbour was not due
	[ "$(current b.example)" = 1 ]
	[ "$(hp-cert show b.example --json | jq -r .provider)" = custom ]
	# not asked for: without ssl_auto_renew
	due b.example
	panel hp-site set b.example ssl_auto_renew=no -q
	n=$(orders)
	ok hp-cert renew
	[ "$(orders)" = "$n" ]
}

@test "renew: a dead alias does not take the others along, is told, and comes back when it is back" {
	names() { openssl x509 -noout -ext subjectAltName -in $store/a.example/current/fullchain.pem | tail -1 | tr -d ' '; }
	due a.example
	served a.example
	panel hp-site alias a.example add www.a.example -q
	panel hp-site alias a.example add old.example -q
	dns_set add-a '{"host":"old.example","addresses":["192.0.2.9"]}'
	n=$(orders)
	# who asks for all names gets all or none, unless he says otherwise
	fails 1 "old.example: it resolves to 192.0.2.9" hp-cert issue a.example --anew
	[ "$(orders)" = "$n" ]
	fails 1 "a.example: the certificate is without old.example: old.example: it resolves to 192.0.2.9" hp-cert renew --json
	jq -e '.[0].changed and .[0].result == "partial" and .[0].exit == 1' <<<"$(sed -n '/^\[/,/^\]/p' <<<"$output")"
	[ "$(names)" = DNS:a.example,DNS:www.a.example ]
	served a.example
	[ "$(orders)" -gt "$n" ]
	ok hp-audit list --verb cert:renew --json
	jq -e 'length == 1 and (.[0].note | test("without old.example")) and .[0].after.provider == "letsencrypt"' <<<"$output"
	# looked at again by who names it, but nothing is asked for again
	n=$(orders)
	fails 1 "without old.example" hp-cert renew a.example
	[[ $output == *partial* ]]
	ok hp-cert renew
	[ "$(orders)" = "$n" ]
	[ "$(current a.example)" = 2 ]
	# it is back
	dns_set clear-a '{"host":"old.example"}'
	ok hp-cert renew a.example
	[ "$(names)" = DNS:a.example,DNS:old.example,DNS:www.a.example ]
	served a.example
	# away again, while the certificate for it is good for a while: waited for, the old one stays
	panel hp-site alias a.example remove www.a.example -q
	aged a.example 60 20 old.example
	ok hp-cert import a.example <"$dir/aged.pem"
	dns_set add-a '{"host":"old.example","addresses":["192.0.2.9"]}'
	n=$(orders) now=$(current a.example)
	fails 1 "old.example: it resolves to 192.0.2.9" hp-cert renew a.example
	[[ $output == *"the present certificate is for it"* ]]
	[ "$(orders)" = "$n" ] && [ "$(current a.example)" = "$now" ]
	# near its end, not any more
	aged a.example 75 5 old.example
	ok hp-cert import a.example <"$dir/aged.pem"
	fails 1 "without old.example" hp-cert renew a.example
	[ "$(names)" = DNS:a.example ]
	served a.example
	# the domain itself is never left out
	dns_set clear-a '{"host":"old.example"}'
	dns_set add-a '{"host":"a.example","addresses":["192.0.2.9"]}'
	now=$(current a.example)
	fails 1 "a.example: it resolves to 192.0.2.9" hp-cert renew a.example
	[ "$(current a.example)" = "$now" ]
	served a.example
}

@test "a website whose files were edited by hand can't be changed: said before the CA is asked" {
	due a.example
	n=$(orders)
	vhost=/etc/nginx/sites-available/a.example.conf
	echo '# mine' >>$vhost
	fails 4 "a.example: $vhost was changed by hand" hp-cert issue a.example --anew
	[[ $output == *"hint: look at it with: hp-vhost plan --force"* ]]
	fails 4 "a.example: $vhost was changed by hand" hp-cert renew
	[ "$(orders)" = "$n" ]
	[ "$(ls $store/a.example | tr '\n' ' ')" = "1 current renewal.json " ]
	ok hp-audit list --verb cert:renew --json
	jq -e '.[0].note | test("was changed by hand")' <<<"$output"
	served a.example
	ok hp-cert renew a.example --force
	[ "$(current a.example)" = 2 ]
	served a.example
	! grep -q mine $vhost
}

@test "a website whose servers refuse the change keeps its certificate" {
	due a.example
	due_sha=$(hp-cert show a.example --json | jq -r .sha256)
	snippet a.example nginx broken.conf 'no_such_directive on;'
	fails 7 "a.example: " hp-cert renew
	[[ $output == *no_such_directive* ]]
	[ "$(current a.example)" = 1 ]
	[ "$(ls $store/a.example | tr '\n' ' ')" = "1 current renewal.json " ]
	[ "$(hp-cert show a.example --json | jq -r .sha256)" = "$due_sha" ]
	served a.example
	ok hp-audit list --verb cert:renew --json
	jq -e '.[0].note | test("no_such_directive")' <<<"$output"
	rm /etc/hosting-panel/custom/a.example/nginx/broken.conf
	ok hp-cert renew a.example
	[ "$(current a.example)" != 1 ]
	served a.example
}

@test "killed at any moment: the old pair or the new one, whole, and the next run brings it along" {
	local point
	due a.example
	for point in acme-issued cert-store cert-link; do
		HP_FAULT=$point p hp-cert issue a.example --anew
		[ "$status" = 137 ] || { echo "$point: $status: $output"; return 1; }
		[ "$(current a.example)" = 1 ]
		served a.example
		ok hp-cert check a.example
	done
	HP_FAULT=cert-store:err p hp-cert issue a.example --anew
	[ "$status" = 71 ]
	[ "$(current a.example)" = 1 ]
	# between the store and the servers: who comes next, finds it
	HP_FAULT=cert-bring p hp-cert issue a.example --anew
	[ "$status" = 137 ]
	[ "$(current a.example)" != 1 ]
	[ -e $store/.pending ]
	ok hp-cert renew
	served a.example
	[ ! -e $store/.pending ]
	[ -z "$(ls -A /var/lib/hosting-panel/acme/.work)" ] || ok hp-cert issue a.example --anew
	# nothing of the killed runs is left
	[ -z "$(find $store/a.example -name '.new' -o -name '.current' -o -name '.hp-*')" ]
}

@test "DNS-01 by a hook program: a name with *, with no look at the web server" {
	cat >"$dir/hook" <<-'X'
		#!/bin/bash
		[ "$2" = dns-01 ] || exit 1
		case $1 in
		begin) curl -sS -d "{\"host\":\"_acme-challenge.$3.\",\"value\":\"$5\"}" http://127.0.0.1:8055/set-txt ;;
		*) curl -sS -d "{\"host\":\"_acme-challenge.$3.\"}" http://127.0.0.1:8055/clear-txt ;;
		esac
	X
	chmod 0755 "$dir/hook"
	panel hp-site alias a.example add '*.a.example' -q
	fails 1 "*.a.example: a CA gives names with * only for a record in the DNS" hp-cert issue a.example
	conf 'challenge = dns-01'
	fails 9 "there is no dns_hook" hp-cert issue a.example
	conf 'challenge = dns-01' 'dns_hook = /bin/false'
	fails 7 "none of the challenges that the CA offers was taken" hp-cert issue a.example
	[[ $output == *"/bin/false must take dns-01"* ]]
	conf 'challenge = dns-01' "dns_hook = $dir/hook" 'key_type = rsa2048'
	kill "$(cat /run/nginx.pid)"
	until_gone /run/nginx.pid
	ok hp-cert issue a.example
	ok hp-cert show a.example --json
	jq -e '.names == ["*.a.example", "a.example"] and .key_type == "rsa2048"' <<<"$output"
}

@test "a CA that is not there, not trusted, or slow with its own errors" {
	conf
	sed -i '/^ca_file/d' /etc/hosting-panel/hosting-panel.conf
	fails 6 "no certificate from https://localhost:14000/dir" hp-cert issue a.example
	conf
	kill -KILL "$ca"
	fails 6 "no certificate from https://localhost:14000/dir" hp-cert issue a.example
	[ ! -e $store/a.example/current ]
	# half of all nonces are refused: uacme alone gives up after the third in a row
	ca_start 80 PEBBLE_WFE_NONCEREJECT=50
	ok hp-cert issue a.example
	[ "$(current a.example)" = 1 ]
}
