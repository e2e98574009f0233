# cgi: the wrapper's turns.
if HAVE_CMOCKA
cgi_unit_tests = tests/unit/test-turn
check_PROGRAMS += $(cgi_unit_tests)
TESTS += $(cgi_unit_tests)
tests_unit_test_turn_LDADD = tests/unit/libunit.la cgi/libcgi.la lib/libhp.la $(CMOCKA_LIBS)
endif
