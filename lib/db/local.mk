# db: one neutral handle; the drivers are modules, loaded by the URL's scheme.
lib_libhp_la_SOURCES += lib/db/db.h lib/db/catalog.h
nodist_lib_libhp_la_SOURCES = lib/db/catalog.auto.h lib/db/catalog.auto.c lib/db/migrations.auto.c
