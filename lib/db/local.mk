# db: one neutral handle; the drivers are modules, loaded by the URL's scheme.
lib_libhp_la_SOURCES += lib/db/db.h
