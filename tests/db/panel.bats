#!/usr/bin/env bats
# The control plane (tests/unit/test-panel*.c) on the servers of tests/lib/servers.sh; on SQLite it runs
# with the unit tests.

setup_file() {
	export HP_BUILDDIR=${HP_BUILDDIR:-$PWD}
}

engine() {
	local url
	. "$BATS_TEST_DIRNAME/../lib/servers.sh"
	url=$(servers_database "$1" panel_control) ||
		{ echo "no $1 server: run this in tests/lib/servers.sh"; return 1; }
	unset CMOCKA_MESSAGE_OUTPUT
	HP_TEST_DB_URL=$url "$HP_BUILDDIR/tests/unit/test-panel" &&
		HP_TEST_DB_URL=$url "$HP_BUILDDIR/tests/unit/test-panel-users" &&
		HP_TEST_DB_URL=$url "$HP_BUILDDIR/tests/unit/test-panel-keys" &&
		HP_TEST_DB_URL=$url "$HP_BUILDDIR/tests/unit/test-panel-login" &&
		HP_TEST_DB_URL=$url "$HP_BUILDDIR/tests/unit/test-panel-walls"
}

@test "postgresql: tenants, users, websites, audit, two at once" { engine postgresql; }
@test "mariadb: tenants, users, websites, audit, two at once" { engine mariadb; }
@test "mysql: tenants, users, websites, audit, two at once" { engine mysql; }
