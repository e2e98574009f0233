# libhp: a private archive in floors (docs/design.md, "The floors"). The base floor stands by
# itself, because the database drivers carry their own copy of it.
noinst_LTLIBRARIES += lib/libhp-base.la lib/libhp.la
lib_libhp_base_la_SOURCES =
lib_libhp_la_SOURCES =
lib_libhp_la_CFLAGS = $(AM_CFLAGS) $(CJSON_CFLAGS) $(INIH_CFLAGS) $(MD_CFLAGS) $(SMARTCOLS_CFLAGS) \
	$(IDN2_CFLAGS) $(CRYPTO_CFLAGS) $(SYSTEMD_CFLAGS) $(OATH_CFLAGS) $(QRENCODE_CFLAGS)
# Loaded when they are needed (lib/sys/lib.h), by the names that linking would have recorded.
lib_libhp_la_CPPFLAGS = $(AM_CPPFLAGS) -DHP_LIB_CJSON='"$(CJSON_SONAME)"' \
	-DHP_LIB_INIH='"$(INIH_SONAME)"' -DHP_LIB_MD='"$(MD_SONAME)"' \
	-DHP_LIB_SMARTCOLS='"$(SMARTCOLS_SONAME)"' -DHP_LIB_IDN2='"$(IDN2_SONAME)"' \
	-DHP_LIB_CRYPTO='"$(CRYPTO_SONAME)"' -DHP_LIB_SSL='"$(SSL_SONAME)"' \
	-DHP_LIB_CRYPT='"$(CRYPT_SONAME)"' -DHP_LIB_SYSTEMD='"$(SYSTEMD_SONAME)"' \
	-DHP_LIB_OATH='"$(OATH_SONAME)"' \
	-DHP_LIB_QRENCODE='"$(QRENCODE_SONAME)"'
lib_libhp_la_LIBADD = lib/libhp-base.la

include lib/base/local.mk
include lib/sys/local.mk
include lib/db/local.mk
include lib/model/local.mk
include lib/panel/local.mk
include lib/node/local.mk
