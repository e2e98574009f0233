# sys: one owner file for each outside library or service of the operating system.
lib_libhp_la_SOURCES += lib/sys/conf.h lib/sys/digest.h lib/sys/idn.h lib/sys/json.h lib/sys/out.h \
	lib/sys/probe.h lib/sys/run.h lib/sys/service.h lib/sys/tmpl.h
lib_libhp_la_SOURCES += lib/sys/digest.c lib/sys/json.c lib/sys/json_scan.c lib/sys/json_scan.h \
	lib/sys/json_write.c lib/sys/lib.c lib/sys/lib.h
lib_libhp_la_SOURCES += lib/sys/escape.c lib/sys/escape_slot.c lib/sys/escape_slot.h \
	lib/sys/tmpl.c lib/sys/tmpl_data.c lib/sys/tmpl_parse.c lib/sys/tmpl_priv.h
lib_libhp_la_SOURCES += lib/sys/conf.c lib/sys/conf_keys.c
lib_libhp_la_SOURCES += lib/sys/idn.c
lib_libhp_la_SOURCES += lib/sys/account.h lib/sys/account.c lib/sys/door.h lib/sys/door.c lib/sys/door_run.c
lib_libhp_la_SOURCES += lib/sys/pwhash.c lib/sys/pwhash.h lib/sys/totp.c lib/sys/totp.h
lib_libhp_la_SOURCES += lib/sys/run.c lib/sys/run_child.c lib/sys/run_child.h
lib_libhp_la_SOURCES += lib/sys/probe_fcgi.c lib/sys/probe_http.c lib/sys/probe_io.c lib/sys/probe_io.h lib/sys/probe_tls.c \
	lib/sys/service.c lib/sys/units.h lib/sys/units.c
lib_libhp_la_SOURCES += lib/sys/out.c lib/sys/out_cols.c lib/sys/out_impl.h lib/sys/out_rows.c lib/sys/out_table.c
lib_libhp_la_SOURCES += lib/sys/x509.h lib/sys/x509.c lib/sys/x509_ca.c lib/sys/x509_lib.c lib/sys/x509_lib.h lib/sys/x509_request.c
lib_libhp_la_SOURCES += lib/sys/qr.h lib/sys/qr.c
lib_libhp_la_SOURCES += lib/sys/dns.h lib/sys/dns.c
lib_libhp_la_SOURCES += lib/sys/fcgi.h lib/sys/fcgi.c
