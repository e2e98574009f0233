#!/usr/bin/env bats
# The panel in a browser: headless Chromium on the panel's own NGINX, hp-cgi, the doors to root, the node's NGINX
# and PHP, all of them real. tests/web/browser has the jobs.

load web.bash

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
	hp-user passwd anna -q <<<"$password"
	hp-user add chief tenant=acme role=admin operator=true -q
	hp-user passwd chief -q <<<"$password"
}
teardown_file() { web_down; }
setup() { web_paths; }

@test "a website: made, seen as a diff, applied, opened; its PHP changed; suspended, undone; removed" { job website; }
