# web: what browsers load. Ours, and two libraries that npm brings when the panel is built; each is
# given a name with a part of its digest, so that browsers may keep it for ever.
WEB_OURS = web/style.css web/app.js web/icon.svg
EXTRA_DIST += $(WEB_OURS) web/package.json web/package-lock.json web/collect

# Names are known only when the files are there: one stamp for all of them. Without npm, or without
# a registry that answers, the panel is built as well, and its pages are plain ones; the next make
# tries again.
all-local: web/files.stamp
web/files.stamp: $(WEB_OURS) web/package.json web/package-lock.json web/collect
	$(AM_V_GEN)$(SHELL) $(srcdir)/web/collect $(srcdir)/web web/files $@

install-data-local: web/files.stamp
	$(MKDIR_P) "$(DESTDIR)$(pkgdatadir)/web"
	rm -f "$(DESTDIR)$(pkgdatadir)"/web/*
	$(INSTALL_DATA) web/files/* "$(DESTDIR)$(pkgdatadir)/web"

uninstall-local:
	rm -rf "$(DESTDIR)$(pkgdatadir)/web"

clean-local:
	rm -rf web/files web/npm web/files.stamp
