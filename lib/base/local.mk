# base: libc only.
lib_libhp_base_la_SOURCES += lib/base/attr.h lib/base/banned.h lib/base/buf.c lib/base/buf.h \
	lib/base/err.c lib/base/err.h lib/base/errors.def lib/base/fault.c lib/base/fault.h \
	lib/base/file.c lib/base/file.h lib/base/lock.c lib/base/num.c lib/base/opt.c \
	lib/base/opt.h lib/base/path.c lib/base/paths.h lib/base/pool.c lib/base/pool.h \
	lib/base/random.c lib/base/str.c lib/base/str.h lib/base/thread.c \
	lib/base/thread.h lib/base/time.c lib/base/version.c lib/base/version.h
