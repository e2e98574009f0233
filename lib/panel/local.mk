# panel: the control plane. Never touches a server's file.
lib_libhp_la_SOURCES += lib/panel/audit.c lib/panel/audit_chain.c lib/panel/cert.c lib/panel/denied.c lib/panel/key.c lib/panel/key_use.c lib/panel/login.c lib/panel/may.c lib/panel/node.c lib/panel/open.c \
	lib/panel/panel.h lib/panel/panel_impl.h lib/panel/session.c lib/panel/setup.c lib/panel/site.c \
	lib/panel/site_add.c lib/panel/site_change.c lib/panel/site_revert.c lib/panel/site_row.c \
	lib/panel/site_write.c lib/panel/tenant.c lib/panel/repeat.c lib/panel/second.c lib/panel/token.c lib/panel/token.h lib/panel/undo.c lib/panel/user.c lib/panel/user_can.c \
	lib/panel/user_change.c lib/panel/user_row.c
