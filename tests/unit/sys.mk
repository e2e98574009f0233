# sys: children, services, probes, output.
if HAVE_CMOCKA
sys_unit_tests = tests/unit/test-run
check_PROGRAMS += $(sys_unit_tests)
TESTS += $(sys_unit_tests)
sys_unit_ldadd = tests/unit/libunit.la lib/libhp.la $(CMOCKA_LIBS)
tests_unit_test_run_LDADD = $(sys_unit_ldadd)
endif
