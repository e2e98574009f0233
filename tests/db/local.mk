# db: one suite over the four engines; tests/db/*.bats run it on servers of their own.
if HAVE_CMOCKA
check_PROGRAMS += tests/db/test-engine
tests_db_test_engine_SOURCES = tests/db/test-engine.c tests/db/engine.c tests/db/engine.h \
	tests/db/faults.c tests/db/reference.c tests/db/schema.c
tests_db_test_engine_CPPFLAGS = $(AM_CPPFLAGS) -DHP_TEST_LIBDIR='"$(abs_top_builddir)/lib/db/.libs"'
tests_db_test_engine_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_db_test_engine_LDADD = lib/libhp.la $(CMOCKA_LIBS)
endif
EXTRA_DIST += tests/db/catalog.bats tests/db/engines.bats tests/db/panel.bats tests/db/programs.bats
