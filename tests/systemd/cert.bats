#!/usr/bin/env bats
# The renewal's unit on a booted Debian 12, inside its sandbox, with a real CA (pebble) on the machine itself.

bats_require_minimum_version 1.5.0
load lib

setup_file() {
	[ "$(id -u)" = 0 ] || skip "root is needed"
	local p
	machine_installed
	machine_without_leaks
	# the same for the hook, whose environment is made from nothing
	mv "$dir/usr/local/libexec/hosting-panel/acme-hook" "$dir/usr/local/libexec/hosting-panel/acme-hook.bin"
	printf '#!/bin/sh\nASAN_OPTIONS=detect_leaks=0 exec "$0.bin" "$@"\n' >"$dir/usr/local/libexec/hosting-panel/acme-hook"
	chmod 0755 "$dir/usr/local/libexec/hosting-panel/acme-hook"
	cp /usr/bin/uacme /usr/bin/pebble /usr/bin/pebble-challtestsrv "$dir/usr/bin/"
	for p in /usr/bin/uacme /usr/bin/openssl; do
		ldd "$p" | awk '$3 ~ /^\// { print $3 }' | while read -r lib; do
			[ -e "$dir/usr/lib/x86_64-linux-gnu/${lib##*/}" ] || cp -L "$lib" "$dir/usr/lib/x86_64-linux-gnu/"
		done
	done
	ca
	in_machine systemctl daemon-reexec
	in_machine systemd-sysusers
	in_machine systemd-tmpfiles --create
	in_machine hp-db init
	in_machine hp-tenant add demo
	in_machine hp-site add a.example tenant=demo
	in_machine grep -q acme-challenge /etc/nginx/sites-available/a.example.conf || {
		mkdir -p "$dir/etc/hosting-panel/custom/a.example/nginx"
		echo 'location ^~ /.well-known/acme-challenge/ { alias /var/lib/hosting-panel/acme-challenge/; }' \
			>"$dir/etc/hosting-panel/custom/a.example/nginx/acme.conf"
		in_machine hp-vhost apply
	}
}

teardown_file() { machine_down; }

ca() { # pebble and its DNS server as units of the machine, whose names all lead to itself
	local ca=$dir/root/ca
	mkdir "$ca" "$dir/etc/hosting-panel"
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=test CA' -keyout "$ca/ca.key" -out "$ca/ca.pem" 2>/dev/null
	openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout "$ca/key" -out "$ca/csr" 2>/dev/null
	openssl x509 -req -in "$ca/csr" -CA "$ca/ca.pem" -CAkey "$ca/ca.key" -CAcreateserial -days 2 \
		-extfile <(echo subjectAltName=DNS:localhost) -out "$ca/pem" 2>/dev/null
	cp "$ca/ca.pem" "$dir/etc/ssl/test-ca.pem"
	cat >"$ca/json" <<-'X'
		{"pebble":{"listenAddress":"127.0.0.1:14000","managementListenAddress":"127.0.0.1:15000",
		"certificate":"/root/ca/pem","privateKey":"/root/ca/key","httpPort":80,"tlsPort":443,
		"ocspResponderURL":"","externalAccountBindingRequired":false}}
	X
	printf '[acme]\ndirectory_url = https://localhost:14000/dir\nca_file = /etc/ssl/test-ca.pem\n' \
		>"$dir/etc/hosting-panel/hosting-panel.conf"
	printf '[Service]\nEnvironment=PEBBLE_VA_NOSLEEP=1\nExecStart=/usr/bin/pebble -config /root/ca/json -dnsserver 127.0.0.1:53\n' \
		>"$dir/etc/systemd/system/ca.service"
	printf '[Service]\nExecStart=/usr/bin/pebble-challtestsrv -defaultIPv4 127.0.0.1 -defaultIPv6 ::1 -dns01 127.0.0.1:53 -http01 "" -https01 "" -tlsalpn01 "" -management ""\n' \
		>"$dir/etc/systemd/system/dns.service"
	echo 'nameserver 127.0.0.1' >"$dir/etc/resolv.conf"
	in_machine systemctl daemon-reload
	in_machine systemctl start dns ca
}

result() { in_machine systemctl show -p Result --value hosting-panel-cert-renew.service; }

@test "the timer's unit renews what is due, inside its sandbox" {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=a.example \
		-addext subjectAltName=DNS:a.example -keyout "$dir/root/key" -out "$dir/root/cert" 2>/dev/null
	in_machine hp-cert import a.example --key /root/key --cert /root/cert
	in_machine hp-site set a.example ssl_enabled=yes
	in_machine systemctl start hosting-panel-cert-renew.service
	[ "$(readlink "$dir/var/lib/hosting-panel/certs/a.example/current")" = 1 ]
	# a name more: the present one does not do any more
	in_machine hp-site alias a.example add www.a.example
	in_machine systemctl start hosting-panel-cert-renew.service ||
		{ in_machine journalctl --no-pager -u hosting-panel-cert-renew.service | tail -n 20; return 1; }
	[ "$(readlink "$dir/var/lib/hosting-panel/certs/a.example/current")" = 2 ]
	in_machine hp-cert check
	[ "$(in_machine hp-cert show a.example --tsv -n -o provider,names)" = $'letsencrypt\t["a.example","www.a.example"]' ]
	[ "$(result)" = success ]
}

@test "a renewal that fails is a failed unit, an entry in the audit trail, and the journal's" {
	in_machine systemctl stop ca
	in_machine hp-site alias a.example add more.a.example
	run ! in_machine systemctl start hosting-panel-cert-renew.service
	[ "$(result)" = exit-code ]
	in_machine journalctl --no-pager -u hosting-panel-cert-renew.service | grep 'a.example: no certificate from https://localhost:14000/dir'
	in_machine hp-audit list --verb cert:renew --limit 1 --json | jq -e '.[0].note | test("failed 1 times")'
	[ "$(readlink "$dir/var/lib/hosting-panel/certs/a.example/current")" = 2 ]
	# it waits for its next try, and that is no failure
	in_machine systemctl start hosting-panel-cert-renew.service
	[ "$(result)" = success ]
	in_machine systemctl start ca
}

@test "the timer is there, and comes at another minute on each machine" {
	in_machine systemctl -q enable --now hosting-panel-cert-renew.timer
	[ "$(in_machine systemctl is-active hosting-panel-cert-renew.timer)" = active ]
	[ "$(in_machine systemctl show -p FixedRandomDelay --value hosting-panel-cert-renew.timer)" = yes ]
}
