# node: the data plane. Knows no database.
lib_libhp_la_SOURCES += lib/node/node.h
# PHP: versions, instances, and the users and folders of sites.
lib_libhp_la_SOURCES += lib/node/folders.h lib/node/folders.c lib/node/instance.h \
	lib/node/instance.c lib/node/instance_idle.c lib/node/instance_impl.h \
	lib/node/instance_plain.c lib/node/instance_systemd.c lib/node/php.h lib/node/php.c \
	lib/node/php_render.c lib/node/php_test.c lib/node/procs.h lib/node/procs.c \
	lib/node/users.h lib/node/users.c
