# unit: one test program a library file, named after it.

# ---- shared ----
if HAVE_CMOCKA
check_LTLIBRARIES += tests/unit/libunit.la
tests_unit_libunit_la_SOURCES = tests/unit/unit.c tests/unit/unit.h tests/unit/pool.h tests/unit/verdict.h
tests_unit_libunit_la_LIBADD = $(CMOCKA_LIBS)
endif

# ---- base ----
if HAVE_CMOCKA
base_unit_tests = tests/unit/test-buf tests/unit/test-err tests/unit/test-fault \
	tests/unit/test-file tests/unit/test-num tests/unit/test-opt tests/unit/test-path \
	tests/unit/test-pool tests/unit/test-str tests/unit/test-time
check_PROGRAMS += $(base_unit_tests)
TESTS += $(base_unit_tests)
base_unit_ldadd = tests/unit/libunit.la lib/libhp-base.la $(CMOCKA_LIBS)
tests_unit_test_buf_LDADD = $(base_unit_ldadd)
tests_unit_test_err_LDADD = $(base_unit_ldadd)
tests_unit_test_fault_LDADD = $(base_unit_ldadd)
tests_unit_test_file_LDADD = $(base_unit_ldadd)
tests_unit_test_num_LDADD = $(base_unit_ldadd)
tests_unit_test_opt_LDADD = $(base_unit_ldadd)
tests_unit_test_path_LDADD = $(base_unit_ldadd)
tests_unit_test_pool_LDADD = $(base_unit_ldadd)
tests_unit_test_str_LDADD = $(base_unit_ldadd)
tests_unit_test_time_LDADD = $(base_unit_ldadd)
endif

# ---- db ----
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test-db
TESTS += tests/unit/test-db
tests_unit_test_db_CPPFLAGS = $(AM_CPPFLAGS) -DHP_TEST_LIBDIR='"$(abs_top_builddir)/lib/db/.libs"'
tests_unit_test_db_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_db_LDADD = tests/unit/libunit.la lib/libhp.la $(CMOCKA_LIBS)
endif

include tests/unit/formats.mk

include tests/unit/php.mk
include tests/unit/model.mk

include tests/unit/cgi.mk
include tests/unit/sys.mk
include tests/unit/node.mk
