# db: one neutral handle; the drivers are modules, loaded by the URL's scheme.
lib_libhp_la_SOURCES += lib/db/db.h lib/db/db.c lib/db/catalog.h lib/db/driver.h lib/db/handle.h \
	lib/db/migrate.c lib/db/stmt.c lib/db/tx.c lib/db/url.h lib/db/url.c
nodist_lib_libhp_la_SOURCES = lib/db/catalog.auto.h lib/db/catalog.auto.c lib/db/migrations.auto.c

# A driver carries its own copy of the base floor and shows one symbol.
pkglib_LTLIBRARIES += lib/db/db-sqlite.la
db_module_flags = $(AM_LDFLAGS) -module -avoid-version -shared -export-symbols-regex '^hp_db_driver$$'
lib_db_db_sqlite_la_SOURCES = lib/db/sqlite.c lib/db/sqlite_wait.c lib/db/sqlite_wait.h
lib_db_db_sqlite_la_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)
lib_db_db_sqlite_la_LDFLAGS = $(db_module_flags)
lib_db_db_sqlite_la_LIBADD = lib/libhp-base.la $(SQLITE_LIBS)

pkglib_LTLIBRARIES += lib/db/db-postgresql.la
lib_db_db_postgresql_la_SOURCES = lib/db/postgresql.c
lib_db_db_postgresql_la_CFLAGS = $(AM_CFLAGS) $(PQ_CFLAGS)
lib_db_db_postgresql_la_LDFLAGS = $(db_module_flags)
lib_db_db_postgresql_la_LIBADD = lib/libhp-base.la $(PQ_LIBS)

pkglib_LTLIBRARIES += lib/db/db-mysql.la
lib_db_db_mysql_la_SOURCES = lib/db/mysql.c
lib_db_db_mysql_la_CFLAGS = $(AM_CFLAGS) $(MARIADB_CFLAGS)
lib_db_db_mysql_la_LDFLAGS = $(db_module_flags)
lib_db_db_mysql_la_LIBADD = lib/libhp-base.la $(MARIADB_LIBS)
