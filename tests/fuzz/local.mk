# fuzz: a fuzzer for each parser of what others wrote. With --enable-fuzzers they are libFuzzer's
# programs (tests/fuzz/run); else they replay their corpus in make check.
fuzzers = tests/fuzz/fuzz-apache tests/fuzz/fuzz-conf tests/fuzz/fuzz-domain tests/fuzz/fuzz-field tests/fuzz/fuzz-http \
	tests/fuzz/fuzz-json \
	tests/fuzz/fuzz-nginx tests/fuzz/fuzz-opt tests/fuzz/fuzz-state tests/fuzz/fuzz-tmpl
check_PROGRAMS += $(fuzzers)
if FUZZERS
fuzz_main =
fuzz_ldflags = $(AM_LDFLAGS) -fsanitize=fuzzer
else
TESTS += $(fuzzers)
fuzz_main = tests/fuzz/replay.c
fuzz_ldflags = $(AM_LDFLAGS)
endif
tests_fuzz_fuzz_apache_SOURCES = tests/fuzz/fuzz-apache.c tests/fuzz/import.c tests/fuzz/import.h \
	$(fuzz_main)
tests_fuzz_fuzz_apache_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_apache_LDADD = lib/libhp.la
tests_fuzz_fuzz_conf_SOURCES = tests/fuzz/fuzz-conf.c $(fuzz_main)
tests_fuzz_fuzz_conf_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_conf_LDADD = lib/libhp.la
tests_fuzz_fuzz_domain_SOURCES = tests/fuzz/fuzz-domain.c $(fuzz_main)
tests_fuzz_fuzz_domain_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_domain_LDADD = lib/libhp.la
tests_fuzz_fuzz_field_SOURCES = tests/fuzz/fuzz-field.c $(fuzz_main)
tests_fuzz_fuzz_field_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_field_LDADD = lib/libhp.la
tests_fuzz_fuzz_http_SOURCES = tests/fuzz/fuzz-http.c $(fuzz_main)
tests_fuzz_fuzz_http_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_http_LDADD = cgi/libcgi.la $(FCGI_LIBS)
tests_fuzz_fuzz_json_SOURCES = tests/fuzz/fuzz-json.c $(fuzz_main)
tests_fuzz_fuzz_json_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_json_LDADD = lib/libhp.la
tests_fuzz_fuzz_nginx_SOURCES = tests/fuzz/fuzz-nginx.c tests/fuzz/import.c tests/fuzz/import.h \
	$(fuzz_main)
tests_fuzz_fuzz_nginx_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_nginx_LDADD = lib/libhp.la
tests_fuzz_fuzz_opt_SOURCES = tests/fuzz/fuzz-opt.c $(fuzz_main)
tests_fuzz_fuzz_opt_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_opt_LDADD = lib/libhp.la
tests_fuzz_fuzz_state_SOURCES = tests/fuzz/fuzz-state.c $(fuzz_main)
tests_fuzz_fuzz_state_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_state_LDADD = lib/libhp.la
tests_fuzz_fuzz_tmpl_SOURCES = tests/fuzz/fuzz-tmpl.c $(fuzz_main)
tests_fuzz_fuzz_tmpl_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_tmpl_LDADD = lib/libhp.la
EXTRA_DIST += tests/fuzz/conf.dict tests/fuzz/corpus tests/fuzz/run tests/fuzz/state.dict \
	tests/fuzz/tmpl.dict tests/fuzz/replay.c
