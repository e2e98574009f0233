#!/usr/bin/env bats
# A file that gets shorter while Apache sends it: what is mapped into memory is gone then, and who reads it
# there (compression, TLS) would die, with all other websites' requests of that process.
# Runs in tests/lib/sandbox.

bats_require_minimum_version 1.5.0
load ../lib/node

setup() {
	node_setup
	rm -f /etc/nginx/sites-enabled/default
	front=apache
	node_panel
	node_front apache
	hp-site add a.example tenant=acme -q 3>&- 4>&-
}

teardown() {
	[ -z "${writer:-}" ] || kill "$writer" 2>/dev/null || true
	node_teardown
}

@test "a tenant who shortens a file under load takes no process of Apache's with him" {
	root=/var/www/vhosts/a.example
	seq 400000 >"$dir/long"
	cp "$dir/long" $root/long.txt
	log=/var/log/apache2/error.log
	(
		exec 3>&- 4>&-
		while :; do
			truncate -s 0 $root/long.txt
			cat "$dir/long" >$root/long.txt
		done
	) &
	writer=$!
	for i in 1 2 3 4 5 6; do
		for j in 1 2 3 4 5 6 7 8; do
			printf 'url = http://127.0.0.1/long.txt\noutput = /dev/null\n'
		done | curl -sS -Z --no-progress-meter --parallel-max 8 -m 20 --compressed -H 'Host: a.example' -K - 2>/dev/null || true
	done
	kill "$writer"
	wait "$writer" || true
	writer=
	run ! grep -h 'exit signal' $log
	echo "$output"
	[ "$(code a.example /long.txt)" = 200 ]
}
