#!/usr/bin/env bats
# hp-cgi's workers under valgrind(1): nothing is read that was not written, and nothing is lost. HP_VALGRIND_BUILD is a
# build without sanitizers (tests/run valgrind).

load web.bash

setup_file() {
	export HP_BUILDDIR=${HP_VALGRIND_BUILD:?a build without sanitizers}
	install -d -m 0777 /run/valgrind
	web_wrapper=(valgrind -q --leak-check=full --show-leak-kinds=definite,possible --errors-for-leak-kinds=definite,possible
		--log-file=/run/valgrind/%p --)
	web_world 'rate_limit = 100000' 'login_rate_limit = 100000' 'workers = 3'
	web_cgi
	web_nginx
	web_key --verbs site:list,site:show,site:set >/run/key
}
teardown_file() { web_down; }

@test "300 mixed requests, a database that goes and comes back, an end: no error and no leak" {
	web_paths
	key=$(</run/key)
	mixed 300 >"$BATS_TEST_TMPDIR/got"
	! grep -E ' (000|5..)$' "$BATS_TEST_TMPDIR/got"
	mv /var/lib/hosting-panel/db /var/lib/hosting-panel/away
	for i in 1 2 3 4 5 6; do [ "$(code /health/ready)" = 503 ]; done
	mv /var/lib/hosting-panel/away /var/lib/hosting-panel/db
	for i in 1 2 3 4 5 6; do [ "$(code /health/ready)" = 200 ]; done
	kill "$(</run/hp-cgi.pid)"
	for i in $(seq 600); do [ -d "/proc/$(</run/hp-cgi.pid)" ] || break; sleep 0.1; done
	[ ! -d "/proc/$(</run/hp-cgi.pid)" ]
	[ "$(find /run/valgrind -type f | wc -l)" -ge 4 ] # it was there
	[ -z "$(cat /run/valgrind/*)" ] || { cat /run/valgrind/*; return 1; }
}
