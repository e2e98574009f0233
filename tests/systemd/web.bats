#!/usr/bin/env bats
# The panel as its own units serve it on a booted Debian 12: its web server, and hp-cgi by socket activation.

load lib

setup_file() {
	[ "$(id -u)" = 0 ] || skip "root is needed"
	machine_installed libfcgi0ldbl
	machine_without_leaks
	in_machine systemctl daemon-reexec
	in_machine systemd-sysusers
	in_machine systemd-tmpfiles --create
	in_machine hp-db init
	in_machine hp-tenant add demo
	in_machine hp-user add anna tenant=demo role=admin
	in_machine hp-site add a.example tenant=demo
	in_machine sh -c 'echo "<?php echo ini_get(\"memory_limit\");" >/var/www/vhosts/a.example/index.php'
	in_machine chown site1:site1 /var/www/vhosts/a.example/index.php
	in_machine hp-user key add anna --verbs site:list,site:show,site:set --tsv -n -o token >"$BATS_FILE_TMPDIR/key"
	in_machine systemctl -q enable --now hosting-panel-web-manager.socket hosting-panel-recover.service \
		hosting-panel-cgi.socket hosting-panel-api.service hosting-panel-cert-renew.timer
}

teardown_file() { machine_down; }

ask() { # ask PATH [CURL-ARGUMENT …]
	local path=$1
	shift
	in_machine curl -sS -m 60 --cacert /var/lib/hosting-panel/ca/ca.pem "$@" "https://localhost:8001$path"
}
api() { ask "$@" -H "Authorization: Bearer $(tr -d '\r\n' <"$BATS_FILE_TMPDIR/key")"; }
pid() { in_machine systemctl show -p MainPID --value "$1"; }
owner() { in_machine ps -o user:32= -p "$(pid "$1")"; }

@test "the panel answers, by two users who are not root" {
	ask /health | jq -e '.status == "ok"'
	ask /health/ready | jq -e '.status == "ready"'
	api /api/v1/websites/a.example | jq -e '.domain == "a.example"'
	[ "$(in_machine ps -o user:32= -p "$(pid hosting-panel-cgi.service)")" = hosting-panel ]
	[ "$(in_machine ps -o user:32= -p "$(pid hosting-panel-api.service)")" = hosting-panel-api ]
	[ "$(in_machine stat -c '%U:%G %a' /run/hosting-panel/cgi.sock)" = "root:hosting-panel-api 660" ]
	in_machine systemctl -q is-active hosting-panel-cert-renew.timer
	# who asked for what stands in the journal, without the query
	ask '/health?word=geheim' >/dev/null
	for i in $(seq 50); do
		in_machine journalctl -b -t hosting_panel_api --no-pager >"$BATS_TEST_TMPDIR/log"
		! grep -q 'GET /health HTTP' "$BATS_TEST_TMPDIR/log" || break
		sleep 0.2
	done
	grep -q 'GET /health HTTP' "$BATS_TEST_TMPDIR/log"
	! grep -q geheim "$BATS_TEST_TMPDIR/log"
}

@test "a change is made as who asks, and applied through the web manager's socket" {
	api /api/v1/websites/a.example -X PATCH -H 'Content-Type: application/json' -d '{"php_memory_limit":"77M"}' >"$BATS_TEST_TMPDIR/out"
	cat "$BATS_TEST_TMPDIR/out"
	[ "$(in_machine curl -sS -m 20 -H 'Host: a.example' http://127.0.0.1/index.php)" = 77M ]
	in_machine hp-audit list --json | jq -e 'any(.[]; .verb == "site:set" and (.actor | test("anna")))'
}

@test "inside its sandbox the wrapper writes its database and nothing else, and reads no keys" {
	local p found
	p=$(pid hosting-panel-cgi.service)
	found=$(in_machine nsenter -t "$p" -m setpriv --reuid hosting-panel --regid "$(in_machine id -g hosting-panel)" --clear-groups \
		find / \( -path /proc -o -path /sys -o -path /dev \) -prune -o \( -type f -o -type d \) -writable -print 2>/dev/null |
		tr -d '\r' | grep -vE '^/(tmp|var/tmp|var/lib/hosting-panel/db)(/|$)' || true)
	[ -z "$found" ] || { echo "$found"; return 1; }
	p=$(pid hosting-panel-api.service)
	found=$(in_machine nsenter -t "$p" -m setpriv --reuid hosting-panel-api --regid "$(in_machine id -g hosting-panel-api)" --clear-groups \
		find / \( -path /proc -o -path /sys -o -path /dev \) -prune -o \( -type f -o -type d \) -writable -print 2>/dev/null |
		tr -d '\r' | grep -vE '^/(tmp|var/tmp|var/cache/hosting-panel-api|run/hosting-panel-api)(/|$)' || true)
	[ -z "$found" ] || { echo "$found"; return 1; }
	! in_machine nsenter -t "$p" -m setpriv --reuid hosting-panel-api --regid "$(in_machine id -g hosting-panel-api)" --clear-groups \
		cat /var/lib/hosting-panel/ca/key.pem
}

@test "hp-cgi is stopped, killed, started anew: requests wait for it, and none is refused" {
	local i p was
	in_machine systemctl stop hosting-panel-cgi.service
	ask /health | jq -e '.status == "ok"' # it is started by the request
	was=$(pid hosting-panel-cgi.service)
	in_machine kill -KILL "$was"
	for i in $(seq 20); do ask /health | jq -e '.status == "ok"'; done
	p=$(pid hosting-panel-cgi.service)
	[ "$p" != "$was" ] && [ "$p" != 0 ]
	in_machine systemctl restart hosting-panel-cgi.service
	ask /health | jq -e '.status == "ok"'
}

@test "neither web server touches the other: a broken configuration of one, and the other goes on" {
	in_machine sh -c 'cp /etc/nginx/nginx.conf /root/; echo broken >>/etc/nginx/nginx.conf'
	! in_machine systemctl restart nginx
	ask /health | jq -e '.status == "ok"'
	in_machine systemctl restart hosting-panel-api.service
	ask /health | jq -e '.status == "ok"'
	in_machine cp /root/nginx.conf /etc/nginx/nginx.conf
	in_machine systemctl restart nginx
	in_machine sh -c 'echo broken >/etc/hosting-panel/api/server.d/x.conf; printf "[api]\nrate_limit = 70\n" >/etc/hosting-panel/hosting-panel.conf'
	! in_machine systemctl reload hosting-panel-api.service
	ask /health | jq -e '.status == "ok"'
	[ "$(in_machine curl -sS -m 20 -H 'Host: a.example' http://127.0.0.1/index.php)" = 77M ]
	in_machine rm /etc/hosting-panel/api/server.d/x.conf
	in_machine systemctl reload hosting-panel-api.service
	in_machine grep -q 'rate=70r/s' /etc/hosting-panel/api/nginx.conf
	ask /health | jq -e '.status == "ok"'
}

@test "it comes back with the machine, and nothing has failed" {
	local i
	machine_off
	machine_again
	for i in $(seq 100); do ! ask /health/ready | jq -e '.status == "ready"' || break; sleep 0.2; done
	ask /health/ready | jq -e '.status == "ready"'
	[ -z "$(in_machine systemctl --failed --no-legend --plain)" ]
}
