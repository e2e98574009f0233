# tests: unit (cmocka), cli (bats), db and node (real servers), systemd (a booted machine), fuzz
# (libFuzzer). tests/run runs them all, and vm (a kernel of its own) when asked for; make check runs the
# programs among them.
include tests/unit/local.mk
include tests/db/local.mk

.PHONY: check-programs
check-programs: $(check_PROGRAMS) $(check_LTLIBRARIES)

EXTRA_DIST += tests/vm/limits.bats tests/vm/attack.php
EXTRA_DIST += tests/run tests/fresh tests/lib tests/cli tests/systemd/panel.bats tests/systemd/cert.bats
include tests/fuzz/local.mk
include tests/node/php.mk
EXTRA_DIST += tests/web/listen tests/web/web.bash tests/web/served.bats
