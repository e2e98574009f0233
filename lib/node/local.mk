# node: the data plane. Knows no database.
lib_libhp_la_SOURCES += lib/node/node.h
