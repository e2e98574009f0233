# model: the vocabulary; field tables; the state document in and out.
lib_libhp_la_SOURCES += lib/model/domain.c lib/model/field.c lib/model/field.h \
	lib/model/field_assign.c lib/model/field_auth.c lib/model/field_headers.c \
	lib/model/field_impl.h lib/model/field_ini.c lib/model/field_list.c lib/model/field_map.c \
	lib/model/field_net.c lib/model/field_path.c lib/model/field_web.c \
	lib/model/key.c lib/model/key.h lib/model/revision.c lib/model/session.c lib/model/session.h lib/model/site.c lib/model/site.def lib/model/site.h lib/model/site_check.c lib/model/state.h lib/model/state_peek.c lib/model/state_read.c \
	lib/model/state_site.c lib/model/state_write.c lib/model/tenant.def lib/model/user.c lib/model/user.def lib/model/user.h \
	lib/model/username.c
