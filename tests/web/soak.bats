#!/usr/bin/env bats
# What memory the panel takes when there is much of it: clients that are many, and a day's requests (tests/run soak).
# Figures are printed; what is asserted is generous.

load web.bash

setup_file() {
	# a sanitizer's own memory is not to be measured: tests/run soak brings a build without (what is lost is
	# valgrind.bats' business)
	export HP_BUILDDIR=${HP_VALGRIND_BUILD:?a build without sanitizers}
	web_up 'rate_limit = 100000' 'login_rate_limit = 100000' 'workers = 4'
	mixed_world
}
teardown_file() { web_down; }
setup() {
	web_paths
	key=$(</run/key) session=$(</run/session)
}

# kib PATTERN-OF-PIDS …: memory that is theirs alone, together
kib() {
	local p
	for p; do cat "/proc/$p/smaps_rollup" 2>/dev/null; done | awk '/^Private_(Clean|Dirty)/ { s += $2 } END { print s + 0 }'
}
nginx_pids() { pgrep -P "$(</run/hosting-panel-api/nginx.pid)"; }

@test "10,000 clients that are connected and idle: they are kept, others are served, memory is bounded" {
	local before after cgi_before cgi_after line n
	[ "$(ulimit -Hn)" -ge 11000 ] || skip "this machine lets nobody open 11,000 files"
	ulimit -n "$(ulimit -Hn)"
	# a machine that is busy with other things takes its time to open so many
	echo 'keepalive_timeout 900s;' >/etc/hosting-panel/api/server.d/keep.conf
	hp-node api -q --force
	kill -HUP "$(</run/hosting-panel-api/nginx.pid)"
	sleep 3
	for n in $(seq 30); do api "$key" /api/v1/me >/dev/null; done
	# shellcheck disable=SC2046 # numbers
	before=$(kib $(nginx_pids)) cgi_before=$(kib $(workers))
	coproc CLIENTS { "$HP_BUILDDIR/tests/web/clients" 10000 8001 2>&1; }
	read -r -t 500 line <&"${CLIENTS[0]}"
	[ "$line" = "open 10000" ] || { echo "$line"; return 1; }
	# shellcheck disable=SC2046
	after=$(kib $(nginx_pids)) cgi_after=$(kib $(workers))
	for n in 1 2 3 4 5; do
		[ "$(code /health -m 5)" = 200 ]
		is "$(api "$key" /api/v1/me -m 5)" '.username == "anna"'
	done
	eval "exec ${CLIENTS[1]}>&-"
	read -r -t 20 line <&"${CLIENTS[0]}"
	wait "$CLIENTS_PID"
	echo "# idle connections: NGINX $(((after - before) * 1024 / 10000)) bytes each ($before -> $after KiB), hp-cgi $cgi_before -> $cgi_after KiB" >&3
	[ "$line" = "left 10000" ] || { echo "$line"; return 1; }
	# 32 KiB each, and what they leave of hp-cgi alone
	[ $((after - before)) -lt 320000 ]
	[ $((cgi_after - cgi_before)) -lt 16384 ]
}

@test "10,000 mixed requests of sixteen clients: none fails, memory is flat once it is warm" {
	local i at=() began=$SECONDS
	for i in 1 2 3 4 5; do
		mixed 2000 >>"$BATS_TEST_TMPDIR/got"
		# shellcheck disable=SC2046
		at+=("$(kib $(workers))")
	done
	echo "# hp-cgi's workers after each 2,000 requests: ${at[*]} KiB; $((SECONDS - began)) s; $(awk '{ n[$2] += $1 } END { for (i in n) printf "%s x %s, ", n[i], i }' "$BATS_TEST_TMPDIR/got")" >&3
	! grep -E ' (000|5..)$' "$BATS_TEST_TMPDIR/got"
	# warm after 4,000; from there on 90 bytes a request would be seen
	[ $((at[4] - at[1])) -lt 512 ]
}
