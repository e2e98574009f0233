#!/usr/bin/env bats
# The suite of tests/db/test-engine.c on each engine; the servers are those of tests/lib/servers.sh.

setup_file() {
	export HP_BUILDDIR=${HP_BUILDDIR:-$PWD}
	. "$BATS_TEST_DIRNAME/../lib/servers.sh"
	local e url
	for e in postgresql mariadb mysql; do
		url=HP_TEST_URL_${e^^}_TCP
		[ -n "${!url:-}" ] || continue
		export "suite_$e=$(servers_database "$e" panel_suite)"
		export "suite_tcp_$e=${!url%/*}/panel_suite"
	done
}

# One group of tests on one engine. An engine that is not there fails: it would prove nothing.
engine() { # engine NAME GROUP
	local url=suite_$1 tcp=suite_tcp_$1
	[ -n "${!url:-}" ] || { echo "no $1 server: run this in tests/lib/servers.sh"; return 1; }
	unset CMOCKA_MESSAGE_OUTPUT
	HP_TEST_ENGINE=$1 HP_TEST_URL=${!url} HP_TEST_URL_TCP=${!tcp:-} "$HP_BUILDDIR/tests/db/test-engine" "$2"
}

sqlite() {
	suite_sqlite=sqlite:$BATS_TEST_TMPDIR/panel.db engine sqlite "$1"
}

@test "sqlite: values in and out" { sqlite values; }
@test "sqlite: transactions and connections" { sqlite faults; }
@test "sqlite: migrations, catalog, the tenant's wall" { sqlite schema; }
@test "sqlite: the reference page's statements" { sqlite reference; }

@test "postgresql: values in and out" { engine postgresql values; }
@test "postgresql: transactions and connections" { engine postgresql faults; }
@test "postgresql: migrations, catalog, the tenant's wall" { engine postgresql schema; }
@test "postgresql: the reference page's statements" { engine postgresql reference; }

@test "mariadb: values in and out" { engine mariadb values; }
@test "mariadb: transactions and connections" { engine mariadb faults; }
@test "mariadb: migrations, catalog, the tenant's wall" { engine mariadb schema; }
@test "mariadb: the reference page's statements" { engine mariadb reference; }

@test "mysql: values in and out" { engine mysql values; }
@test "mysql: transactions and connections" { engine mysql faults; }
@test "mysql: migrations, catalog, the tenant's wall" { engine mysql schema; }
@test "mysql: the reference page's statements" { engine mysql reference; }
