/*
 * For escape.bats: hostile values written by an escaper into a server's own
 * configuration, and what that server must read back.
 *   escape-vectors FORMAT CONFIG EXPECTED
 * CONFIG gets one directive a value; EXPECTED the values, one a line, in the
 * same order. Values that the escaper refuses are in neither.
 */
#include "base/file.h"
#include "base/str.h"
#include "sys/tmpl.h"

static const char *const hostile[] = {
	"", " ", "  lead and trail  ", "plain", "\"", "\"\"", "'", "\\", "\\\\", "\\\"", "\"\\", "a\\",
	"a\"", "\"a", "a\\\"b", "a\\'b", "\\n\\t\\r", "\\u0041", "\\$", ";", "a;b", "};", "{", "}", "#",
	"# comment", "a#b", "//", "/* */", "<VirtualHost *:80>", "</VirtualHost>", "Include /etc/passwd",
	"include /etc/passwd;", "[pool]", "[global]", "user = root", "=", "==", "a=b", "!", "~", "~^x$",
	"%", "%%", "%h", "%{x}", "$", "$pool", "$host", "${HOME}", "$$", "`id`", "$(id)", "|", "&", "^",
	"null", "none", "on", "off", "yes", "true", "0", "-1", "1e9", "256M", "a b", "a\tb", "a\nb",
	"a\r\nb", "\x01", "\x7f", "\xff", "\xc0\x80", "b\u00fccher", "\u4f8b\u3048", "\U0001F600",
	"a, b, c", "(a)", "a:b", "unix:/run/x", "*", "?", "\"; return 200 \"x", "\"\\\"; }", "\\\\\"",
	"'\"'\"'", "\\x41", "<?php", "<!--", "]]>", "--", "@", "@x",
};

/* A small generator of one's own, so that each run tests the same values. */
static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 16;
}

static void random_value(uint32_t *seed, char v[24])
{
	static const char alphabet[] = "\\\\\\\"\"\"'';{}#= %$[]n a";
	size_t n = next_random(seed) % 23;

	for (size_t i = 0; i < n; i++)
		v[i] = alphabet[next_random(seed) % (sizeof(alphabet) - 1)];
	v[n] = '\0';
}

struct vectors {
	const char *format;
	unsigned n;
	struct hp_buf config, expected;
};

static void add_value(struct vectors *w, const char *v)
{
	_cleanup_buf_ struct hp_buf written = HP_BUF_INIT;
	struct hp_err err = HP_ERR_INIT;
	const char *q;

	if (hp_escaper(w->format)(&written, v, NULL, &err) < 0)
		return;
	q = hp_buf_str(&written);
	if (hp_streq(w->format, "nginx"))
		hp_buf_addf(&w->config, "location = /%u { return 200 %s; }\n", w->n, q);
	else if (hp_streq(w->format, "apache"))
		hp_buf_addf(&w->config, "Define v%u %s\n", w->n, q);
	else
		hp_buf_addf(&w->config, "php_admin_value[v%u] = %s\n", w->n, q);
	hp_buf_addf(&w->expected, "%s\n", v);
	w->n++;
}

int main(int argc, char **argv)
{
	struct vectors w = {.format = argc == 4 ? argv[1] : ""};
	struct hp_err err = HP_ERR_INIT;
	uint32_t seed = 1;
	char v[24];
	int status = 0;

	if (!hp_escaper(w.format)) {
		fprintf(stderr, "usage: escape-vectors FORMAT CONFIG EXPECTED\n");
		return 2;
	}
	for (size_t i = 0; i < HP_ARRAY_SIZE(hostile); i++)
		add_value(&w, hostile[i]);
	for (int i = 0; i < 300; i++) {
		random_value(&seed, v);
		add_value(&w, v);
	}
	if (hp_file_write(argv[2], 0644, w.config.s, w.config.len, &err) < 0 ||
		hp_file_write(argv[3], 0644, w.expected.s, w.expected.len, &err) < 0) {
		fprintf(stderr, "escape-vectors: %s\n", err.msg);
		status = 1;
	}
	hp_buf_release(&w.config);
	hp_buf_release(&w.expected);
	return status;
}
