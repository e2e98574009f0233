# cgi: the wrapper: requests in, programs run, answers out.
noinst_LTLIBRARIES += cgi/libcgi.la
cgi_libcgi_la_SOURCES = cgi/cgi.h cgi/request.h cgi/request.c cgi/answer.c cgi/auth.c cgi/program.c cgi/turn.h cgi/turn.c \
	cgi/route.c cgi/routes.def cgi/api.c cgi/about.c cgi/openapi.c cgi/health.c cgi/serve.c \
	cgi/page.h cgi/page.c cgi/flash.c cgi/form.c cgi/page_static.c cgi/page_login.c cgi/page_list.c \
	cgi/page_edit.c cgi/page_user.c cgi/page_cert.c cgi/page_dash.c cgi/page_audit.c
cgi_libcgi_la_LIBADD = cmd/libhpcmd.la

pkglibexec_PROGRAMS += cgi/hp-cgi
cgi_hp_cgi_SOURCES = cgi/hp-cgi.c
cgi_hp_cgi_LDADD = cgi/libcgi.la $(FCGI_LIBS)
