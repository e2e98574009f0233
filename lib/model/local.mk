# model: the vocabulary; field tables; the state document in and out.
lib_libhp_la_SOURCES += lib/model/field.h lib/model/site.def lib/model/site.h lib/model/state.h \
	lib/model/tenant.def
