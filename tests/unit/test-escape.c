/* The escapers: golden values, and what each refuses. Real servers: tests/node/escape.bats. */
#include "unit.h"
#include "sys/tmpl.h"

static const char *const formats[] = {
	"nginx", "apache", "openlitespeed", "php-fpm", "systemd", "html", "text"};

static void check(const char *format, const char *slot, const char *v, const char *expected)
{
	_cleanup_buf_ struct hp_buf out = HP_BUF_INIT;
	struct hp_err err = HP_ERR_INIT;
	int r = hp_escaper(format)(&out, v, slot, &err);

	if (r != (expected ? 0 : HP_E_USAGE))
		fail_msg("%s %s \"%s\": %d %s", format, slot ? slot : "", v, r, err.msg);
	if (expected && strcmp(hp_buf_str(&out), expected) != 0)
		fail_msg("%s \"%s\": expected %s, got %s", format, v, expected, hp_buf_str(&out));
	if (!expected)
		assert_int_equal(out.len, 0);
}

static void golden(void **state HP_UNUSED)
{
	static const struct {
		const char *format, *v, *expected;
	} cases[] = {
		{"nginx", "", "\"\""},
		{"nginx", "a b;{}#'", "\"a b;{}#'\""},
		{"nginx", "q\"b\\", "\"q\\\"b\\\\\""},
		{"nginx", "b\u00fccher", "\"b\u00fccher\""},
		{"nginx", "$x", NULL},
		{"apache", "a \"b\" \\ %c", "\"a \\\"b\\\" \\\\ %c\""},
		{"apache", "${X}", NULL},
		{"apache", "%{X}", NULL},
		{"openlitespeed", "/srv/a-b.c", "/srv/a-b.c"},
		{"openlitespeed", "", NULL},
		{"openlitespeed", "a b", NULL},
		{"openlitespeed", "a,b", NULL},
		{"openlitespeed", "$VH_ROOT", NULL},
		{"openlitespeed", "<<<END", NULL},
		{"openlitespeed", "}", NULL},
		{"php-fpm", "a;b=\"c\"\\d", "\"a;b=\\\"c\\\"\\\\d\""},
		{"php-fpm", "$pool", NULL},
		{"php-fpm", "end\\", "\"end\\\\\""},
		{"systemd", "50% \"x\" \\", "\"50%% \\\"x\\\" \\\\\""},
		{"systemd", "$HOME", NULL},
		{"html", "<a href=\"x\" id='y'>&amp;</a>\n",
			"&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;"
			"&amp;amp;&lt;/a&gt;\n"},
		{"html", "$x\u00e9", "$x\u00e9"},
		{"text", "\"$x\" \\ <b>", "\"$x\" \\ <b>"},
	};

	for (size_t i = 0; i < HP_ARRAY_SIZE(cases); i++)
		check(cases[i].format, NULL, cases[i].v, cases[i].expected);
}

/* Slots that OpenLiteSpeed alone has, or shares with Apache. */
static void of_openlitespeed(void **state HP_UNUSED)
{
	static const struct {
		const char *slot, *v, *expected;
	} cases[] = {
		{"header", "a; b='self'", "\"a; b='self'\""},
		{"header", "{\"a\":1}", "'{\"a\":1}'"},
		{"header", "50%", "\"50%%\""},
		{"header", "'\"", NULL},
		{"header", "a\\", NULL},
		{"header", "a\nb", NULL},
		{"pattern", "^/a\\.b(?![^/])", "^/a\\.b(?![^/])"},
		{"pattern", "^/a b", NULL},
		{"pattern", "^/a{2}", NULL},
		{"pattern", "^/a$", NULL},
		{"rewrite", "/a%20b", "/a\\%20b"},
		{"rewrite", "/$1", NULL},
		{"rewrite", "/a b", NULL},
		{"regex", "^/a b", "\"^/a b\""},
		{"regex", "\"", NULL},
	};

	for (size_t i = 0; i < HP_ARRAY_SIZE(cases); i++)
		check("openlitespeed", cases[i].slot, cases[i].v, cases[i].expected);
}

static void refused_everywhere(void **state HP_UNUSED)
{
	static const char *const bad[] = {
		"a\x01", "\x1b[m", "\x7f", "a\xff", "\xc0\xaf", "\xc2\x9b", "\xed\xa0\x80"};

	for (size_t f = 0; f < HP_ARRAY_SIZE(formats); f++) {
		for (size_t i = 0; i < HP_ARRAY_SIZE(bad); i++)
			check(formats[f], NULL, bad[i], NULL);
		if (strcmp(formats[f], "html") == 0)
			continue;
		check(formats[f], NULL, "a\nb", NULL);
		check(formats[f], NULL, "a\r", NULL);
		check(formats[f], NULL, "\t", NULL);
	}
	assert_null(hp_escaper("nosuch"));
	assert_null(hp_escaper(""));
}

static void long_values(void **state HP_UNUSED)
{
	char v[4002];

	memset(v, 'x', sizeof(v));
	v[4001] = '\0';
	for (size_t f = 0; f < 5; f++)
		check(formats[f], NULL, v, NULL);
	v[4000] = '\0';
	check("openlitespeed", NULL, v, v);
}

static void slots(void **state HP_UNUSED)
{
	static const struct {
		const char *slot, *good[8], *bad[16];
	} cases[] = {
		{"domain",
			{"example.com", "*.example.com", "xn--bcher-kva.example", "localhost",
				"1.2"},
			{"", "*", "*.", "a..b", ".a", "a.", "-a.b", "a-.b", "A.b", "a b", "a;b",
				"*.*.a", "b\u00fccher", "a_b", "~^x"}},
		{"path", {"/", "/srv/a-b_c.d", "/a@b+c=~"},
			{"", "a", "/a/../b", "/a/./b", "//a", "/a b", "/a;", "/a:b", "/a\"", "/$a",
				"/a/"}},
		{"ident", {"site1", "_x", "8.2", "a-b.c"}, {"", "-a", ".a", "a b", "a;", "a/b"}},
		{"int", {"0", "-12", "9223372036854775807"},
			{"", "+1", "1.5", "9223372036854775808", " 1", "1k"}},
		{"size", {"0", "256M", "8k", "1G"}, {"", "M", "-1", "1T", "1MB", "1 M"}},
		{"time", {"0", "30s", "5m", "100ms", "1d"}, {"", "s", "-1s", "1y", "1 s"}},
		{"word", {"on", "8.3", "text/html", "127.0.0.1:80", "a+b_c-d"},
			{"", "-a", "/a", "a b", "a;b", "a..b", "a\"", "a$b", "a{"}},
		{"cidr", {"1.2.3.4", "10.0.0.0/8", "::1", "2001:db8::/32", "::ffff:1.2.3.4"},
			{"", "1.2.3", "1.2.3.4/33", "::/129", "1.2.3.4/", "1.2.3.4 ;", "fe80::1%lo",
				"a", "::1/-1"}},
		{"user", {"site1", "www-data", "_x"}, {"", "1a", "-a", "A", "a b", "a.b", "root;"}},
	};

	for (size_t i = 0; i < HP_ARRAY_SIZE(cases); i++) {
		for (size_t f = 0; f < HP_ARRAY_SIZE(formats); f++) {
			for (size_t k = 0; k < 8 && cases[i].good[k]; k++)
				check(formats[f], cases[i].slot, cases[i].good[k],
					cases[i].good[k]);
			for (size_t k = 0; k < 16 && cases[i].bad[k]; k++)
				check(formats[f], cases[i].slot, cases[i].bad[k], NULL);
		}
	}
}

/* No slot lets a character pass that means something to any of the grammars. */
static void slots_hold(void **state HP_UNUSED)
{
	static const char *const names[] = {
		"domain", "path", "ident", "int", "size", "time", "word", "cidr", "user"};

	for (size_t i = 0; i < HP_ARRAY_SIZE(names); i++) {
		for (int c = 1; c < 256; c++) {
			const char v[] = {'/', (char)c, '1', '\0'}, w[] = {'1', (char)c, '\0'};

			if (!strchr(" \t\n\r\"'`\\$;{}()<>#|&%,?!^[]", c) && c < 0x7f && c > 0x1f)
				continue;
			check("nginx", names[i], v, NULL);
			check("nginx", names[i], v + 1, NULL);
			check("nginx", names[i], w, NULL);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden),
		cmocka_unit_test(of_openlitespeed),
		cmocka_unit_test(refused_everywhere),
		cmocka_unit_test(long_values),
		cmocka_unit_test(slots),
		cmocka_unit_test(slots_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
