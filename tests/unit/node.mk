# node: the apply engine's pure pieces, and the tool that drives it in tests/node/*.bats.
if HAVE_CMOCKA
node_unit_tests = tests/unit/test-certs tests/unit/test-diff tests/unit/test-manifest tests/unit/test-nginx-verdict
node_unit_tests += tests/unit/test-openlitespeed-verdict tests/unit/test-settings
check_PROGRAMS += $(node_unit_tests)
TESTS += $(node_unit_tests)
node_unit_ldadd = tests/unit/libunit.la lib/libhp.la $(CMOCKA_LIBS)
tests_unit_test_certs_LDADD = $(node_unit_ldadd)
tests_unit_test_diff_LDADD = $(node_unit_ldadd)
tests_unit_test_manifest_LDADD = $(node_unit_ldadd)
tests_unit_test_nginx_verdict_LDADD = $(node_unit_ldadd)
tests_unit_test_openlitespeed_verdict_LDADD = $(node_unit_ldadd)
tests_unit_test_settings_LDADD = $(node_unit_ldadd)
endif

check_PROGRAMS += tests/node/hp-node-tool
tests_node_hp_node_tool_SOURCES = tests/node/hp-node-tool.c
tests_node_hp_node_tool_LDADD = lib/libhp.la
EXTRA_DIST += tests/lib/node.bash
EXTRA_DIST += tests/node/apply.bats
EXTRA_DIST += tests/node/cert.bats
EXTRA_DIST += tests/node/directives.bats
EXTRA_DIST += tests/node/disk.bats
EXTRA_DIST += tests/node/document.bats
EXTRA_DIST += tests/node/engine.bats
EXTRA_DIST += tests/node/fault.bats
EXTRA_DIST += tests/node/openlitespeed.bats
EXTRA_DIST += tests/node/programs.bats
EXTRA_DIST += tests/node/site.bats
EXTRA_DIST += tests/node/adopt.bats tests/node/adopt-apache.bats tests/node/import.bats tests/node/web.bats
# each text once, and links to it for the other servers
EXTRA_DIST += tests/node/settings.bats tests/node/settings-apache.bats tests/node/settings-behind.bats
EXTRA_DIST += tests/node/cache.bats tests/node/cache-apache.bats tests/node/cache-behind.bats tests/node/cache-apache-nginx.bats \
	tests/node/cache-openlitespeed.bats \
	tests/node/load.bats tests/node/hot-files.bats tests/node/many-files.bats tests/node/truncated-apache.bats
EXTRA_DIST += tests/node/settings-apache-nginx.bats
EXTRA_DIST += tests/node/settings-openlitespeed.bats
EXTRA_DIST += tests/node/settings-openlitespeed-behind.bats
EXTRA_DIST += tests/node/probes-apache-nginx.bats
EXTRA_DIST += tests/node/probes-openlitespeed.bats
EXTRA_DIST += tests/node/probes-openlitespeed-behind.bats
EXTRA_DIST += tests/node/php-paths-apache-nginx.bats
EXTRA_DIST += tests/node/php-paths.bats tests/node/php-paths-apache.bats tests/node/php-paths-behind.bats
EXTRA_DIST += tests/node/php-paths-openlitespeed.bats tests/node/php-paths-openlitespeed-behind.bats
EXTRA_DIST += tests/node/traps.bats tests/node/traps-apache.bats tests/node/traps-apache-behind.bats \
	tests/node/traps-nginx-behind.bats tests/node/traps-openlitespeed.bats tests/node/traps-openlitespeed-behind.bats
EXTRA_DIST += tests/node/probes.bats tests/node/probes-apache.bats tests/node/probes-behind.bats tests/node/app.pl
EXTRA_DIST += tests/node/htaccess.bats tests/node/htaccess-behind.bats
EXTRA_DIST += tests/node/logs.bats tests/node/logs-apache.bats tests/node/logs-openlitespeed.bats tests/node/ocsp.bats \
	tests/node/ocsp-apache.bats tests/node/ocsp-openlitespeed.bats \
	tests/node/sni.bats tests/node/sni-apache.bats tests/node/sni-openlitespeed.bats
