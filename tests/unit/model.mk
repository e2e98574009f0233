# The model and the control plane.
if HAVE_CMOCKA
model_unit_tests = tests/unit/test-domain tests/unit/test-field tests/unit/test-state
check_PROGRAMS += $(model_unit_tests)
TESTS += $(model_unit_tests)
model_unit_cflags = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
model_unit_ldadd = tests/unit/libunit.la lib/libhp.la $(CMOCKA_LIBS)
tests_unit_test_domain_CFLAGS = $(model_unit_cflags)
tests_unit_test_domain_LDADD = $(model_unit_ldadd)
tests_unit_test_field_CFLAGS = $(model_unit_cflags)
tests_unit_test_field_LDADD = $(model_unit_ldadd)
tests_unit_test_state_CFLAGS = $(model_unit_cflags)
tests_unit_test_state_LDADD = $(model_unit_ldadd)
check_PROGRAMS += tests/unit/test-panel
TESTS += tests/unit/test-panel
tests_unit_test_panel_CPPFLAGS = $(AM_CPPFLAGS) -DHP_TEST_LIBDIR='"$(abs_top_builddir)/lib/db/.libs"'
tests_unit_test_panel_CFLAGS = $(model_unit_cflags)
tests_unit_test_panel_LDADD = $(model_unit_ldadd)
endif
