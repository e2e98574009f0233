# sql: the statement catalog and the migrations, checked by awk and compiled into libhp.
sql_migrations = \
	sql/migrations/0000-book-keeping.sql \
	sql/migrations/0001-the-reference-tables.sql \
	sql/migrations/0002-more-settings-of-websites.sql \
	sql/migrations/0003-people.sql \
	sql/migrations/0004-api-keys.sql \
	sql/migrations/0005-sessions.sql \
	sql/migrations/0006-second-factors.sql \
	sql/migrations/0007-audit-chain.sql \
	sql/migrations/0008-row-level-security.sql \
	sql/migrations/0009-operators.sql \
	sql/migrations/0010-repeated-requests.sql
EXTRA_DIST += sql/catalog.sql sql/scan.awk sql/catalog.awk sql/migrations.awk $(sql_migrations)

BUILT_SOURCES += lib/db/catalog.auto.h
CLEANFILES += lib/db/catalog.auto.h lib/db/catalog.auto.c lib/db/migrations.auto.c

# The awk programs name the file as it was given to them, so give a name that a reader can open.
sql_catalog = $(AWK) -f $(srcdir)/sql/scan.awk -f $(srcdir)/sql/catalog.awk
sql_catalog_deps = $(srcdir)/sql/catalog.sql $(srcdir)/sql/scan.awk $(srcdir)/sql/catalog.awk

lib/db/catalog.auto.h: $(sql_catalog_deps)
	$(AM_V_GEN)$(MKDIR_P) lib/db && $(sql_catalog) -v what=h $(srcdir)/sql/catalog.sql >$@.tmp && mv $@.tmp $@

lib/db/catalog.auto.c: $(sql_catalog_deps)
	$(AM_V_GEN)$(MKDIR_P) lib/db && $(sql_catalog) -v what=c $(srcdir)/sql/catalog.sql >$@.tmp && mv $@.tmp $@

# This file is among what it depends on: the list may change without a file that is newer.
lib/db/migrations.auto.c: $(sql_migrations) $(srcdir)/sql/scan.awk $(srcdir)/sql/migrations.awk \
		$(srcdir)/sql/local.mk
	$(AM_V_GEN)$(MKDIR_P) lib/db && (cd $(srcdir) && $(AWK) -f sql/scan.awk -f sql/migrations.awk \
		$(sql_migrations)) >$@.tmp && mv $@.tmp $@
