# cmd: the programs. Each is a table of verbs and one line of main(); what they share is libhpcmd.
noinst_LTLIBRARIES += cmd/libhpcmd.la
cmd_libhpcmd_la_SOURCES = cmd/cli.h cmd/cli.c cmd/say.c cmd/help.c cmd/complete.c cmd/columns.c cmd/input.h \
	cmd/input.c cmd/apply.h cmd/apply.c cmd/change.c cmd/result.c cmd/events.h cmd/events.c cmd/import.h cmd/import.c cmd/adopt.c cmd/purge.c cmd/programs.def \
	cmd/programs.c cmd/tenant.h cmd/tenant.c cmd/user.c cmd/password.h cmd/password.c cmd/key.h cmd/key.c cmd/session.h cmd/session.c cmd/second.h cmd/second.c cmd/site.c cmd/php.c cmd/vhost.c cmd/db.c cmd/node.c cmd/audit.h cmd/audit.c cmd/undo.c cmd/cert.h \
	cmd/cert.c cmd/cert_apply.c cmd/cert_issue.c cmd/cert_import.c
cmd_libhpcmd_la_LIBADD = lib/libhp.la

bin_PROGRAMS += cmd/hp cmd/hp-tenant cmd/hp-user cmd/hp-site cmd/hp-php cmd/hp-vhost cmd/hp-db cmd/hp-node \
	cmd/hp-audit cmd/hp-cert
cmd_hp_SOURCES = cmd/hp.c
cmd_hp_LDADD = lib/libhp-base.la
cmd_hp_tenant_SOURCES = cmd/hp-tenant.c
cmd_hp_tenant_LDADD = cmd/libhpcmd.la
cmd_hp_user_SOURCES = cmd/hp-user.c
cmd_hp_user_LDADD = cmd/libhpcmd.la
cmd_hp_site_SOURCES = cmd/hp-site.c
cmd_hp_site_LDADD = cmd/libhpcmd.la
cmd_hp_php_SOURCES = cmd/hp-php.c
cmd_hp_php_LDADD = cmd/libhpcmd.la
cmd_hp_vhost_SOURCES = cmd/hp-vhost.c
cmd_hp_vhost_LDADD = cmd/libhpcmd.la
cmd_hp_db_SOURCES = cmd/hp-db.c
cmd_hp_db_LDADD = cmd/libhpcmd.la
cmd_hp_node_SOURCES = cmd/hp-node.c
cmd_hp_node_LDADD = cmd/libhpcmd.la
cmd_hp_audit_SOURCES = cmd/hp-audit.c
cmd_hp_audit_LDADD = cmd/libhpcmd.la
cmd_hp_cert_SOURCES = cmd/hp-cert.c
cmd_hp_cert_LDADD = cmd/libhpcmd.la

# Behind hosting-panel-node-manager.socket.
pkglibexec_PROGRAMS += cmd/hp-door
cmd_hp_door_SOURCES = cmd/hp-door.c
cmd_hp_door_LDADD = cmd/libhpcmd.la

# What uacme(1) starts for each challenge.
pkglibexec_PROGRAMS += cmd/acme-hook
cmd_acme_hook_SOURCES = cmd/acme-hook.c
cmd_acme_hook_LDADD = lib/libhp-base.la
