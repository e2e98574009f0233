# templates: one folder a format; installed below $(pkgdatadir).

# ---- PHP: pools, php.ini parts, systemd's template units ----
tmplphpfpmdir = $(pkgdatadir)/templates/php-fpm
dist_tmplphpfpm_DATA = templates/php-fpm/site.conf templates/php-fpm/site.ini \
	templates/php-fpm/probe.php templates/php-fpm/version.ini
tmplsystemddir = $(pkgdatadir)/templates/systemd
dist_tmplsystemd_DATA = templates/systemd/php-fpm.limits templates/systemd/php-fpm.service \
	templates/systemd/php-fpm.socket

# NGINX
nginx_templatesdir = $(pkgdatadir)/templates/nginx
dist_nginx_templates_DATA = templates/nginx/api.conf templates/nginx/app.conf templates/nginx/behind-app.conf \
	templates/nginx/behind-php.conf templates/nginx/behind.conf templates/nginx/cache-php.conf \
	templates/nginx/cache-proxy.conf templates/nginx/content.conf \
	templates/nginx/forwarded.conf templates/nginx/head.conf templates/nginx/headers.conf templates/nginx/keep-php.conf \
	templates/nginx/keep-proxy.conf templates/nginx/key.conf templates/nginx/node.conf \
	templates/nginx/paths.conf templates/nginx/php-path.conf templates/nginx/php.conf \
	templates/nginx/proxy.conf templates/nginx/site.conf templates/nginx/tls.conf

# Apache
apache_templatesdir = $(pkgdatadir)/templates/apache
dist_apache_templates_DATA = templates/apache/access.conf templates/apache/app.conf templates/apache/behind-php.conf \
	templates/apache/behind.conf templates/apache/body.conf templates/apache/cache-answer.conf templates/apache/cache.conf templates/apache/content.conf templates/apache/forwarded.conf templates/apache/keep.conf templates/apache/key.conf templates/apache/head.conf \
	templates/apache/node.conf templates/apache/proxy.conf templates/apache/site.conf

# OpenLiteSpeed
openlitespeed_templatesdir = $(pkgdatadir)/templates/openlitespeed
dist_openlitespeed_templates_DATA = templates/openlitespeed/access.conf \
	templates/openlitespeed/app.conf \
	templates/openlitespeed/content.conf \
	templates/openlitespeed/fallback.conf \
	templates/openlitespeed/files.conf \
	templates/openlitespeed/hand.conf \
	templates/openlitespeed/head.conf \
	templates/openlitespeed/headers.conf \
	templates/openlitespeed/http.conf \
	templates/openlitespeed/keep.conf templates/openlitespeed/key.conf templates/openlitespeed/personal.conf \
	templates/openlitespeed/node.conf \
	templates/openlitespeed/place.conf \
	templates/openlitespeed/probe.conf \
	templates/openlitespeed/proxy-tls.conf \
	templates/openlitespeed/proxy.conf \
	templates/openlitespeed/rules.conf \
	templates/openlitespeed/serve.conf \
	templates/openlitespeed/site.conf \
	templates/openlitespeed/tls.conf

# Pages
html_templatesdir = $(pkgdatadir)/templates/html
dist_html_templates_DATA = templates/html/audit.html templates/html/certificate.html \
	templates/html/certificates.html templates/html/confirm.html templates/html/dashboard.html \
	templates/html/diff.html templates/html/field.html templates/html/filter.html \
	templates/html/foot.html templates/html/form.html templates/html/head.html \
	templates/html/key-new.html templates/html/keys.html templates/html/login-step.html \
	templates/html/login.html templates/html/mark.html templates/html/metrics.html templates/html/nav.html \
	templates/html/once.html templates/html/php.html templates/html/plan.html \
	templates/html/problem.html templates/html/recent.html templates/html/second.html \
	templates/html/sessions.html templates/html/step.html templates/html/table-foot.html \
	templates/html/table-head.html templates/html/tenant.html templates/html/tenants.html \
	templates/html/trouble.html templates/html/undo.html templates/html/user.html \
	templates/html/users.html templates/html/website.html templates/html/website-php.html \
	templates/html/websites.html
