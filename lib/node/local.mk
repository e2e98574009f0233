# node: the data plane. Knows no database.
lib_libhp_la_SOURCES += lib/node/node.h
# PHP: versions, instances, and the users and folders of sites.
lib_libhp_la_SOURCES += lib/node/folders.h lib/node/instance.h lib/node/php.h lib/node/users.h
