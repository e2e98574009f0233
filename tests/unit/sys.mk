# sys: children, services, probes, output.
if HAVE_CMOCKA
sys_unit_tests = tests/unit/test-run tests/unit/test-totp tests/unit/test-x509
check_PROGRAMS += $(sys_unit_tests)
TESTS += $(sys_unit_tests)
sys_unit_ldadd = tests/unit/libunit.la lib/libhp.la $(CMOCKA_LIBS)
tests_unit_test_run_LDADD = $(sys_unit_ldadd)
tests_unit_test_totp_LDADD = $(sys_unit_ldadd)
tests_unit_test_x509_LDADD = $(sys_unit_ldadd)
endif
