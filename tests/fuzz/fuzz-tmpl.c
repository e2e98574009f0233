/*
 * The template engine and the escapers. The first byte chooses the format; up to the first NUL
 * stands a template, behind it a value. The template is rendered over that value, and the value
 * goes through every escaper: none may let a control character through, nor write half of a value
 * that it refuses.
 */
#include "base/str.h"
#include "sys/tmpl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const char *const formats[] = {
	"nginx", "apache", "openlitespeed", "php-fpm", "systemd", "html", "text"};
static const char *const slots[] = {NULL, "domain", "path", "ident", "int", "size", "time", "word",
	"cidr", "user"};

/* Formats of one line a directive: a line break in a value would be a directive of its own. */
static bool is_lines(const char *format)
{
	return !hp_streq(format, "html") && !hp_streq(format, "text");
}

static void escape_all(const char *value)
{
	for (size_t i = 0; i < HP_ARRAY_SIZE(formats); i++)
		for (size_t j = 0; j < HP_ARRAY_SIZE(slots); j++) {
			_cleanup_buf_ struct hp_buf b = HP_BUF_INIT;
			struct hp_err err = HP_ERR_INIT;
			int r = hp_escaper(formats[i])(&b, value, slots[j], &err);

			HP_BUG_ON(r < 0 && (b.len || !*err.msg || err.code != r));
			HP_BUG_ON(r == 0 && strlen(hp_buf_str(&b)) != b.len);
			HP_BUG_ON(r == 0 && !hp_utf8_is_valid(hp_buf_str(&b), b.len));
			HP_BUG_ON(r == 0 && is_lines(formats[i])
				&& hp_str_has_control(hp_buf_str(&b), b.len));
		}
}

static struct hp_tmap *make_data(struct hp_pool *pool, const char *value)
{
	struct hp_tmap *m = hp_tmap_new(pool), *item;

	hp_tmap_str(m, "x", value);
	hp_tmap_str(m, "y", "plain");
	hp_tmap_str(m, "null", NULL);
	hp_tmap_i64(m, "n", -7);
	hp_tmap_bool(m, "yes", true);
	hp_tmap_bool(m, "no", false);
	hp_tmap_list(m, "none");
	hp_tmap_list(m, "l");
	for (int i = 0; i < 3; i++) {
		item = hp_tmap_item(m, "l");
		hp_tmap_i64(item, "n", i);
		hp_tmap_list(item, "l");
		hp_tmap_str(hp_tmap_item(item, "l"), "y", value);
	}
	return m;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	_cleanup_buf_ struct hp_buf out = HP_BUF_INIT;
	const char *text = (const char *)data + 1, *value, *format;
	struct hp_err err = HP_ERR_INIT;
	const struct hp_tmpl *t;
	size_t len;
	int r;

	if (n < 2)
		return 0;
	format = formats[data[0] % HP_ARRAY_SIZE(formats)];
	len = strnlen(text, n - 1);
	value = len + 1 < n - 1 ? hp_pstrndup(pool, text + len + 1, n - len - 2) : "";
	escape_all(value);

	r = hp_tmpl_parse(pool, NULL, format, "fuzz", text, len, &t, &err);
	if (r < 0) {
		HP_BUG_ON(err.code != r || !*err.msg);
		return 0;
	}
	HP_BUG_ON(strlen(hp_tmpl_digest(t)) != 64);
	hp_buf_adds(&out, "before");
	r = hp_tmpl_render(t, make_data(pool, value), &out, &err);
	HP_BUG_ON(out.len < 6 || memcmp(out.s, "before", 6) != 0);
	HP_BUG_ON(r < 0 && (out.len != 6 || err.code != r || !*err.msg));
	return 0;
}
