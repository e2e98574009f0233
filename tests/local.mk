# tests: unit (cmocka), cli (bats), db, node and web (real servers), systemd (a booted machine), fuzz
# (libFuzzer). tests/run runs them all, and vm (a kernel of its own) when asked for; make check runs the
# programs among them.
include tests/unit/local.mk
include tests/db/local.mk

.PHONY: check-programs
check-programs: $(check_PROGRAMS) $(check_LTLIBRARIES)

EXTRA_DIST += tests/vm/limits.bats tests/vm/attack.php
EXTRA_DIST += tests/run tests/fresh tests/lib tests/cli tests/systemd/panel.bats tests/systemd/cert.bats tests/systemd/web.bats
include tests/fuzz/local.mk
include tests/node/php.mk

check_PROGRAMS += tests/web/clients
tests_web_clients_SOURCES = tests/web/clients.c
tests_web_clients_CFLAGS = $(AM_CFLAGS) $(SSL_CFLAGS)
tests_web_clients_LDADD = $(SSL_LIBS) $(CRYPTO_LIBS)
EXTRA_DIST += tests/web/listen tests/web/web.bash tests/web/served.bats tests/web/limits.bats tests/web/load.bats tests/web/soak.bats \
	tests/web/cgi.bats tests/web/setup.bats tests/web/valgrind.bats tests/web/pages.bats tests/web/browser.bats tests/web/forms.bats
EXTRA_DIST += tests/web/package.json tests/web/package-lock.json tests/web/browser
