# base: libc only.
lib_libhp_base_la_SOURCES += lib/base/attr.h lib/base/banned.h lib/base/buf.h lib/base/err.h \
	lib/base/errors.def lib/base/file.h lib/base/opt.h lib/base/paths.h lib/base/pool.h \
	lib/base/str.h
