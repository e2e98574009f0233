# bench: ratios against a floor or a peer in the same run; see bench/run.
EXTRA_PROGRAMS = bench/versus bench/floor-sqlite bench/fpm bench/fcgi-constant
bench_versus_SOURCES = bench/versus.c
bench_fpm_SOURCES = bench/fpm.c
bench_fpm_LDADD = lib/libhp.la
bench_floor_sqlite_SOURCES = bench/floor-sqlite.c
bench_floor_sqlite_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)
bench_floor_sqlite_LDADD = $(SQLITE_LIBS)
bench_fcgi_constant_SOURCES = bench/fcgi-constant.c
bench_fcgi_constant_LDADD = $(FCGI_LIBS)
CLEANFILES += $(EXTRA_PROGRAMS)
EXTRA_DIST += bench/run bench/add-one bench/by-hand bench/machine bench/php-sites bench/requests bench/web
