#!/usr/bin/env bats
# hp-cgi's workers under valgrind(1): nothing is read that was not written, and nothing is lost. HP_VALGRIND_BUILD is a
# build without sanitizers (tests/run valgrind). What is run for requests runs without valgrind: it is short-lived.

load web.bash

requests=${HP_VALGRIND_REQUESTS:-10000}

setup_file() {
	export HP_BUILDDIR=${HP_VALGRIND_BUILD:?a build without sanitizers}
	install -d -m 0777 /run/valgrind
	web_wrapper=(valgrind -q --leak-check=full --show-leak-kinds=definite,possible --errors-for-leak-kinds=definite,possible
		--log-file=/run/valgrind/%p --)
	web_world 'rate_limit = 100000' 'login_rate_limit = 100000' 'workers = 3'
	web_cgi
	web_nginx
	mixed_world
}
teardown_file() { web_down; }

# What valgrind says, but for the one thing that it says of itself: pidfd_open(2) is newer than valgrind 3.19.
said() {
	awk '
		/^--[0-9]+-- WARNING: unhandled amd64-linux syscall: 434$/ { of = 4; next }
		of > 0 && /^--[0-9]+-- (You may be able to write your own handler\.|Read the file README_MISSING_SYSCALL_OR_IOCTL\.|Nevertheless we consider this a bug\.  Please report|it at http:\/\/valgrind\.org\/support\/bug_reports\.html\.)$/ { of--; next }
		{ of = 0; print FILENAME ": " $0 }' /run/valgrind/*
}

@test "$requests mixed requests, a database that goes and comes back, an end: no error and no leak" {
	web_paths
	key=$(</run/key) session=$(</run/session)
	local began=$SECONDS
	mixed "$requests" >"$BATS_TEST_TMPDIR/got"
	echo "# $requests requests in $((SECONDS - began)) s: $(tr -s ' \n' ' ' <"$BATS_TEST_TMPDIR/got")" >&3
	! grep -E ' (000|5..)$' "$BATS_TEST_TMPDIR/got"
	mv /var/lib/hosting-panel/db /var/lib/hosting-panel/away
	for i in 1 2 3 4 5 6; do [ "$(code /health/ready)" = 503 ]; done
	mv /var/lib/hosting-panel/away /var/lib/hosting-panel/db
	for i in 1 2 3 4 5 6; do [ "$(code /health/ready)" = 200 ]; done
	kill "$(</run/hp-cgi.pid)"
	for i in $(seq 600); do [ -d "/proc/$(</run/hp-cgi.pid)" ] || break; sleep 0.1; done
	[ ! -d "/proc/$(</run/hp-cgi.pid)" ]
	[ "$(find /run/valgrind -type f | wc -l)" -ge 4 ] # it was there
	[ -z "$(said)" ] || { said | head -n 200; return 1; }
}
