# libhp: a private archive in floors (docs/design.md, "The floors"). The base floor stands by
# itself, because the database drivers carry their own copy of it.
noinst_LTLIBRARIES += lib/libhp-base.la lib/libhp.la
lib_libhp_base_la_SOURCES =
lib_libhp_la_SOURCES =
lib_libhp_la_CFLAGS = $(AM_CFLAGS) $(CJSON_CFLAGS) $(INIH_CFLAGS) $(MD_CFLAGS) $(SMARTCOLS_CFLAGS) \
	$(IDN2_CFLAGS)
lib_libhp_la_LIBADD = lib/libhp-base.la $(CJSON_LIBS) $(INIH_LIBS) $(MD_LIBS)

include lib/base/local.mk
include lib/sys/local.mk
include lib/db/local.mk
include lib/model/local.mk
include lib/panel/local.mk
include lib/node/local.mk
