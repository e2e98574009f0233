# ---- node: PHP, users, folders ----
if HAVE_CMOCKA
php_unit_tests = tests/unit/test-folders tests/unit/test-php tests/unit/test-procs \
	tests/unit/test-users
check_PROGRAMS += $(php_unit_tests)
TESTS += $(php_unit_tests)
php_unit_cflags = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
php_unit_ldadd = tests/unit/libunit.la lib/libhp.la $(CMOCKA_LIBS)
tests_unit_test_folders_CFLAGS = $(php_unit_cflags)
tests_unit_test_folders_LDADD = $(php_unit_ldadd)
tests_unit_test_php_CPPFLAGS = $(AM_CPPFLAGS) -DHP_TEST_TEMPLATES='"$(abs_top_srcdir)/templates"'
tests_unit_test_php_CFLAGS = $(php_unit_cflags)
tests_unit_test_php_LDADD = $(php_unit_ldadd)
tests_unit_test_procs_CFLAGS = $(php_unit_cflags)
tests_unit_test_procs_LDADD = $(php_unit_ldadd)
tests_unit_test_users_CFLAGS = $(php_unit_cflags)
tests_unit_test_users_LDADD = $(php_unit_ldadd)
endif
