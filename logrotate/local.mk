# What logrotate(8) reads of ours.
logrotatedir = $(sysconfdir)/logrotate.d
nodist_logrotate_DATA = logrotate/hosting-panel
logrotate/hosting-panel: Makefile logrotate/hosting-panel.in
	$(AM_V_GEN)$(MKDIR_P) logrotate && $(SED) 's,[@]bindir[@],$(bindir),g' \
		$(top_srcdir)/logrotate/hosting-panel.in >$@.tmp && mv $@.tmp $@
EXTRA_DIST += logrotate/hosting-panel.in
CLEANFILES += logrotate/hosting-panel
