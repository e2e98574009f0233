# man: manual pages. mkman fills in what the tables of the programs say, so that they can't go stale.
noinst_PROGRAMS += man/mkman
man_mkman_SOURCES = man/mkman.c
man_mkman_LDADD = cmd/libhpcmd.la

man_pages = man/hp.8 man/hp-tenant.8 man/hp-user.8 man/hp-site.8 man/hp-php.8 man/hp-vhost.8 man/hp-cert.8 man/hp-db.8 man/hp-node.8 \
	man/hp-audit.8 man/hosting-panel.conf.5 man/hosting-panel.7
man_MANS = $(man_pages)
CLEANFILES += $(man_pages)
EXTRA_DIST += man/hp.mdoc man/hp-tenant.mdoc man/hp-user.mdoc man/hp-site.mdoc man/hp-php.mdoc man/hp-vhost.mdoc \
	man/hp-cert.mdoc \
	man/hp-db.mdoc man/hp-node.mdoc man/hp-audit.mdoc man/hosting-panel.conf.mdoc \
	man/hosting-panel.mdoc

SUFFIXES = .mdoc .5 .7 .8
.mdoc.5:
	$(AM_V_GEN)$(MKDIR_P) man && man/mkman$(EXEEXT) $< >$@.tmp && mv $@.tmp $@
.mdoc.7:
	$(AM_V_GEN)$(MKDIR_P) man && man/mkman$(EXEEXT) $< >$@.tmp && mv $@.tmp $@
.mdoc.8:
	$(AM_V_GEN)$(MKDIR_P) man && man/mkman$(EXEEXT) $< >$@.tmp && mv $@.tmp $@
$(man_pages): man/mkman$(EXEEXT)
