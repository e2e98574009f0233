# formats: what libhp reads and writes (JSON, templates, configuration, names) and digests.
if HAVE_CMOCKA
formats_unit_tests = tests/unit/test-conf tests/unit/test-digest tests/unit/test-escape \
	tests/unit/test-idn tests/unit/test-json tests/unit/test-tmpl
check_PROGRAMS += $(formats_unit_tests)
TESTS += $(formats_unit_tests)
formats_unit_ldadd = tests/unit/libunit.la lib/libhp.la $(CMOCKA_LIBS)
tests_unit_test_conf_LDADD = $(formats_unit_ldadd)
tests_unit_test_digest_LDADD = $(formats_unit_ldadd)
tests_unit_test_escape_LDADD = $(formats_unit_ldadd)
tests_unit_test_idn_LDADD = $(formats_unit_ldadd)
tests_unit_test_json_LDADD = $(formats_unit_ldadd)
tests_unit_test_tmpl_LDADD = $(formats_unit_ldadd)
endif

check_PROGRAMS += tests/node/escape-vectors
tests_node_escape_vectors_SOURCES = tests/node/escape-vectors.c
tests_node_escape_vectors_LDADD = lib/libhp.la
EXTRA_DIST += tests/node/escape.bats
