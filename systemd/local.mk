# systemd: units and timers of the panel itself, its user, its folders. PHP's template units are
# rendered, see templates/systemd.
units_in = systemd/hosting-panel-web-manager@.service.in systemd/hosting-panel-web-planner@.service.in \
	systemd/hosting-panel-recover.service.in \
	systemd/hosting-panel-php-manager.service.in systemd/health-check.service.in \
	systemd/hosting-panel-cert-renew.service.in systemd/hosting-panel-cgi.service.in \
	systemd/hosting-panel-api.service.in systemd/hosting-panel-cache-openlitespeed.service.in \
	systemd/hosting-panel-node-manager@.service.in
units_made = $(units_in:.in=)

dist_systemdsystemunit_DATA = systemd/hosting-panel-web-manager.socket systemd/hosting-panel-web-planner.socket \
	systemd/hosting-panel-cgi.socket systemd/hosting-panel-node-manager.socket \
	systemd/hosting-panel-php-manager.timer systemd/health-check.timer \
	systemd/hosting-panel-cert-renew.timer systemd/hosting-panel-cache.service systemd/hosting-panel-cache.timer
nodist_systemdsystemunit_DATA = $(units_made)

# of the web servers, which stand beside: where their packages' units are
nginxdropindir = $(systemdsystemunitdir)/nginx.service.d
apache2dropindir = $(systemdsystemunitdir)/apache2.service.d
lswsdropindir = $(systemdsystemunitdir)/lsws.service.d
dist_nginxdropin_DATA = systemd/nginx.service.d/hosting-panel.conf
dist_apache2dropin_DATA = systemd/apache2.service.d/hosting-panel.conf
dist_lswsdropin_DATA = systemd/lsws.service.d/hosting-panel.conf

sysusersdir = $(prefix)/lib/sysusers.d
tmpfilesdir = $(prefix)/lib/tmpfiles.d
dist_sysusers_DATA = systemd/sysusers.d/hosting-panel.conf
dist_tmpfiles_DATA = systemd/tmpfiles.d/hosting-panel.conf

$(units_made): Makefile
	$(AM_V_GEN)$(MKDIR_P) systemd && $(SED) -e 's,[@]bindir[@],$(bindir),g' \
		-e 's,[@]pkglibexecdir[@],$(pkglibexecdir),g' $(top_srcdir)/$@.in >$@.tmp && mv $@.tmp $@
systemd/hosting-panel-web-manager@.service: systemd/hosting-panel-web-manager@.service.in
systemd/hosting-panel-web-planner@.service: systemd/hosting-panel-web-planner@.service.in
systemd/hosting-panel-node-manager@.service: systemd/hosting-panel-node-manager@.service.in
systemd/hosting-panel-recover.service: systemd/hosting-panel-recover.service.in
systemd/hosting-panel-php-manager.service: systemd/hosting-panel-php-manager.service.in
systemd/health-check.service: systemd/health-check.service.in
systemd/hosting-panel-cert-renew.service: systemd/hosting-panel-cert-renew.service.in
systemd/hosting-panel-cgi.service: systemd/hosting-panel-cgi.service.in
systemd/hosting-panel-api.service: systemd/hosting-panel-api.service.in
systemd/hosting-panel-cache-openlitespeed.service: systemd/hosting-panel-cache-openlitespeed.service.in

EXTRA_DIST += $(units_in)
CLEANFILES += $(units_made)
AM_DISTCHECK_CONFIGURE_FLAGS = --with-systemdsystemunitdir='$${prefix}/lib/systemd/system'
