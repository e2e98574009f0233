#!/usr/bin/env bats
# Each website has logs of its own, which its server keeps open: more of them than a process may open by
# default (1,024 files; systemd's and a login's). Here with few: 64. Runs in tests/lib/sandbox.

bats_require_minimum_version 1.5.0
load ../lib/node

setup() {
	node_setup
	rm -f /etc/nginx/sites-enabled/default
	node_panel
}

teardown() { node_teardown; }

crowd() { # crowd SERVER N: in one command that has itself room for 64 files; the last serves files
	{
		seq 2 "$2" | awk -v s="$1" '{ printf "{\"domain\":\"c%d.example\",\"tenant\":\"acme\",\"proxy_port\":9,\"web_server\":\"%s\"}\n", $1, s }'
		printf '{"domain":"last.example","tenant":"acme","web_server":"%s"}\n' "$1"
	} | (ulimit -Sn 64; exec hp-site add - -q 3>&- 4>&-)
	page last.example index.html "the last of $2"
}

room() { awk '/^Max open files/ { print $4 }' "/proc/$1/limits"; }

@test "NGINX that runs with too little room gets more, and its workers with it" {
	(ulimit -Sn 64; exec hp-site add first.example tenant=acme -q 3>&- 4>&-)
	prlimit --pid "$(cat /run/nginx.pid)" --nofile=64:
	[ "$(room "$(cat /run/nginx.pid)")" = 64 ]
	crowd nginx 60
	[ "$(get last.example /index.html)" = "the last of 60" ]
	# logs, hot files of each website (open_file_cache), and connections
	local hot
	hot=$(sed -nE 's/^\s*open_file_cache max=([0-9]+).*/\1/p' /etc/nginx/sites-available/last.example.conf)
	[ "$hot" -gt 0 ]
	[ "$(room "$(cat /run/nginx.pid)")" -gt $((61 * (hot + 2) + 1024)) ]
}

@test "Apache behind it likewise" {
	hp-site add first.example tenant=acme web_server=apache -q 3>&- 4>&-
	prlimit --pid "$(cat /run/apache2/apache2.pid)" --nofile=64:
	crowd apache 60
	[ "$(get last.example /index.html)" = "the last of 60" ]
}

@test "a server that has to be started for them has room at once" {
	crowd apache 60
	[ "$(get last.example /index.html)" = "the last of 60" ]
}
