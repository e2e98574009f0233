#!/usr/bin/env bats
# The panel in a browser: headless Chromium on the panel's own NGINX, hp-cgi, the doors to root, the node's NGINX
# and PHP, all of them real. tests/web/browser has the jobs.

load web.bash
load ../lib/corpus.bash

password='correct horse battery'

setup_file() {
	[ "$(uname -m)" = x86_64 ] || skip "the other PHPs are for x86-64"
	web_browser
	mkdir -p /etc/hosting-panel
	web_paths
	web_users
	web_conf 'rate_limit = 100000' 'login_rate_limit = 100000'
	"$HP_TOP/tests/lib/php-versions" >>/etc/hosting-panel/hosting-panel.conf
	web_node
	web_up
	hp-vhost apply -q 3>&- 4>&-
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 60 -subj /CN=a.example \
		-addext subjectAltName=DNS:a.example -keyout "$BATS_FILE_TMPDIR/key" -out "$BATS_FILE_TMPDIR/cert" 2>/dev/null
	hp-cert import a.example -q < <(cat "$BATS_FILE_TMPDIR/key" "$BATS_FILE_TMPDIR/cert")
	hp-user passwd anna -q <<<"$password"
	hp-user add chief tenant=acme role=admin operator=true -q
	hp-user passwd chief -q <<<"$password"
}
teardown_file() { web_down; }
setup() { web_paths; }

@test "a website: made, seen as a diff, applied, opened; its PHP changed; suspended, undone; removed" { job website; }

@test "every page: for all to read (axe), within 360 px and 1440 px, light and dark; small, and nothing moves" { job looks; }

@test "coming in: a second factor in a second step, a password for once, and what is offered to whom" { job people; }

@test "by keyboard alone: the focus is seen, and is where the news is" { job keys; }

@test "without JavaScript: a website made, changed, suspended, undone, removed" { job plain; }

@test "whatever is typed into whatever field is text: refused or stored, and nothing of it runs" {
	{ corpus; payloads; } >"$BATS_TEST_TMPDIR/corpus"
	HP_CORPUS=$BATS_TEST_TMPDIR/corpus job hostile
}
