# node: the data plane. Knows no database.
lib_libhp_la_SOURCES += lib/node/node.h
# The apply engine: part.h is what a part implements, engine.h what the engine's files share.
lib_libhp_la_SOURCES += lib/node/apply.c lib/node/bgsync.c lib/node/bgsync.h lib/node/commit.c lib/node/diff.c lib/node/diff.h \
	lib/node/disk.c lib/node/emit.c lib/node/emit.h lib/node/engine.c lib/node/engine.h \
	lib/node/journal.c lib/node/mend.c lib/node/manifest.c lib/node/manifest.h lib/node/nstest.c \
	lib/node/nstest.h lib/node/part.h lib/node/parts.c lib/node/plan.c lib/node/read.c \
	lib/node/reopen.c lib/node/report.c lib/node/stage.c lib/node/switch.c lib/node/tree.c lib/node/tree.h \
	lib/node/verify.c
lib_libhp_la_SOURCES += lib/node/part_php.c lib/node/part_php.h lib/node/part_php_files.c lib/node/part_php_look.c lib/node/part_php_undo.c \
	lib/node/part_user.c
# Web servers: web*.c is common to all, server_*.c one each.
lib_libhp_la_SOURCES += lib/node/web.c lib/node/web.h lib/node/web_look.c lib/node/web_probe.c \
	lib/node/web_choose.c lib/node/web_site.c lib/node/web_slots.c lib/node/web_slots.h lib/node/web_tell.c lib/node/web_test.c \
	lib/node/web_tls.c lib/node/settings.c lib/node/settings.h lib/node/servers.c lib/node/server_apache.c \
	lib/node/server_nginx.c lib/node/server_openlitespeed.c lib/node/openlitespeed.c lib/node/web_kept.c
# PHP: versions, instances, and the users and folders of sites.
lib_libhp_la_SOURCES += lib/node/folders.h lib/node/folders.c lib/node/folders_below.c lib/node/instance.h \
	lib/node/instance.c lib/node/instance_idle.c lib/node/instance_impl.h lib/node/instance_limits.c \
	lib/node/instance_plain.c lib/node/instance_systemd.c lib/node/masters.h \
	lib/node/masters.c lib/node/php.h lib/node/php.c \
	lib/node/php_ask.c lib/node/php_ask.h lib/node/php_ext.c lib/node/php_impl.h \
	lib/node/php_render.c lib/node/php_test.c lib/node/procs.h lib/node/procs.c \
	lib/node/users.h lib/node/users.c
# Certificates
lib_libhp_la_SOURCES += lib/node/certs.h lib/node/certs.c lib/node/certs_site.c lib/node/certs_ocsp.c lib/node/acme.h lib/node/acme.c \
	lib/node/acme_look.c
# Websites out of a server's own configuration.
lib_libhp_la_SOURCES += lib/node/import.h lib/node/import_impl.h lib/node/import.c \
	lib/node/import_apache.c lib/node/import_apache_ask.c lib/node/import_apache_map.c lib/node/import_apache_parse.c lib/node/import_nginx.c \
	lib/node/import_nginx_location.c lib/node/import_nginx_map.c \
	lib/node/import_nginx_parse.c lib/node/import_parts.c lib/node/import_site.c \
	lib/node/import_text.c
# Taking hand-made virtual hosts over.
lib_libhp_la_SOURCES += lib/node/adopt.h lib/node/adopt.c lib/node/copy.c
# The panel's own web server.
lib_libhp_la_SOURCES += lib/node/api.h lib/node/api.c lib/node/api_cert.c
