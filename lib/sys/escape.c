/*
 * The escapers: how a value is written in each target's grammar. Each was
 * checked against the real reader (tests/node/escape.bats).
 */
#include "base/str.h"
#include "sys/escape_slot.h"
#include "sys/tmpl_priv.h"

/*
 * NGINX reads a token into 4,096 bytes ("too long parameter" above), OpenLiteSpeed a line into
 * 8,192. No setting of ours is that long.
 */
#define MAX_VALUE 4000

/* What no grammar takes: control characters, bad UTF-8. multiline lets tab, LF and CR pass. */
static int check_text(const char *v, size_t n, bool multiline, struct hp_err *err)
{
	bool ascii = true;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)v[i];

		if (c == '\n' || c == '\r' || c == '\t') {
			if (!multiline)
				return hp_err_set(err, HP_E_USAGE,
					c == '\t' ? "contains a tab" : "contains a line break");
		} else if (c < 0x20 || c == 0x7f) {
			return hp_err_set(err, HP_E_USAGE, "contains a control character");
		}
		if (c >= 0x80)
			ascii = false;
	}
	if (ascii)
		return 0;
	if (!hp_utf8_is_valid(v, n))
		return hp_err_set(err, HP_E_USAGE, "is not valid UTF-8");
	for (size_t i = 0; i + 1 < n; i++) {
		if (v[i] == (char)0xc2 && (unsigned char)v[i + 1] < 0xa0)
			return hp_err_set(err, HP_E_USAGE, "contains a control character");
	}
	return 0;
}

/* The same for a value of a configuration file, which may have none of refused's characters. */
static int check_value(const char *v, size_t n, const char *refused, struct hp_err *err)
{
	size_t at;
	int r;

	r = check_text(v, n, false, err);
	if (r < 0)
		return r;
	if (n > MAX_VALUE)
		return hp_err_set(err, HP_E_USAGE, "is longer than %d bytes", MAX_VALUE);
	at = strcspn(v, refused);
	if (v[at] == ' ')
		return hp_err_set(
			err, HP_E_USAGE, "contains a blank, which cannot be written here");
	if (v[at])
		return hp_err_set(
			err, HP_E_USAGE, "contains '%c', which cannot be written here", v[at]);
	return 0;
}

/* "v", with a backslash before each of '"' and '\\', and each percent doubled when asked. */
static void put_quoted(struct hp_buf *out, const char *v, size_t n, bool percent)
{
	char *o;

	hp_buf_reserve(out, 2 * n + 2);
	o = out->s + out->len;
	*o++ = '"';
	for (size_t i = 0; i < n; i++) {
		if (v[i] == '"' || v[i] == '\\')
			*o++ = '\\';
		else if (percent && v[i] == '%')
			*o++ = '%';
		*o++ = v[i];
	}
	*o++ = '"';
	*o = '\0';
	out->len = (size_t)(o - out->s);
}

/* The formats with double quotes; none has a writing of '$' that is right everywhere. */
static int escape_quoted(
	struct hp_buf *out, const char *v, const char *slot, bool percent, struct hp_err *err)
{
	size_t n = strlen(v);
	int r;

	if (slot)
		return hp_escape_slot(out, v, slot, err);
	r = check_value(v, n, "$", err);
	if (r == 0)
		put_quoted(out, v, n, percent);
	return r;
}

/*
 * ngx_conf_read_token(): within "…", \" and \\ are taken literally (and \t \r \n are not, so
 * each backslash is doubled). '$' starts a variable wherever the directive takes one, and
 * nothing writes a literal one.
 */
static int escape_nginx(struct hp_buf *out, const char *v, const char *slot, struct hp_err *err)
{
	return escape_quoted(out, v, slot, false, err);
}

/* A substitution of mod_rewrite: "%1" would be what a condition found, "\\%" is a percent sign. */
static int escape_rewrite(struct hp_buf *out, const char *v, struct hp_err *err)
{
	struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;
	size_t i, n = strlen(v);

	if (check_value(v, n, "$ \"'<>", err) < 0)
		return err->code;
	for (i = 0; i < n; i++) {
		if (v[i] == '%' || v[i] == '\\')
			hp_buf_addc(&b, '\\');
		hp_buf_addc(&b, v[i]);
	}
	/* not in quotes: more may follow that is part of it */
	hp_buf_add(out, hp_buf_str(&b), b.len);
	return 0;
}

/* A pattern of mod_rewrite, which reads its own lines: a backslash within "…" is only itself. */
static int escape_regex(struct hp_buf *out, const char *v, struct hp_err *err)
{
	if (check_value(v, strlen(v), "$\"", err) < 0)
		return err->code;
	hp_buf_addf(out, "\"%s\"", v);
	return 0;
}

/*
 * ap_getword_conf(): \" and \\ within "…". ${NAME} is replaced in the whole line before that,
 * and %{NAME} by many directives after it. Those that take a format (Header set) want the slot
 * percent, which doubles each.
 */
static int escape_apache(struct hp_buf *out, const char *v, const char *slot, struct hp_err *err)
{
	bool percent = slot && strcmp(slot, "percent") == 0;

	if (slot && strcmp(slot, "rewrite") == 0)
		return escape_rewrite(out, v, err);
	if (slot && strcmp(slot, "regex") == 0)
		return escape_regex(out, v, err);
	if (!slot && strstr(v, "%{"))
		return hp_err_set(
			err, HP_E_USAGE, "contains \"%%{\", which cannot be written here");
	return escape_quoted(out, v, percent ? NULL : slot, percent, err);
}

/*
 * A header's value (HttpHeaderOps::parseOp): in either kind of quotes, with no writing of these
 * within; "%%" is a percent sign wherever there is any.
 */
static int escape_header(struct hp_buf *out, const char *v, struct hp_err *err)
{
	char quote = strchr(v, '"') ? '\'' : '"';
	const char *p;

	if (check_value(v, strlen(v), quote == '"' ? "\\" : "'\\", err) < 0)
		return err->code;
	hp_buf_addc(out, quote);
	for (p = v; *p; p++) {
		if (*p == '%')
			hp_buf_addc(out, '%');
		hp_buf_addc(out, *p);
	}
	hp_buf_addc(out, quote);
	return 0;
}

/* The rest of a pattern that is one word of its line. */
static int escape_pattern(struct hp_buf *out, const char *v, struct hp_err *err)
{
	size_t n = strlen(v);

	if (check_value(v, n, " {}<>#$\"'`", err) < 0)
		return err->code;
	hp_buf_add(out, v, n);
	return 0;
}

/* No quotes at all: a value is what stands on the line, up to a blank or a comma in lists. */
static int escape_openlitespeed(
	struct hp_buf *out, const char *v, const char *slot, struct hp_err *err)
{
	size_t n = strlen(v);
	int r;

	/* its rewriting reads what Apache's does */
	if (slot && strcmp(slot, "rewrite") == 0)
		return escape_rewrite(out, v, err);
	if (slot && strcmp(slot, "regex") == 0)
		return escape_regex(out, v, err);
	if (slot && strcmp(slot, "header") == 0)
		return escape_header(out, v, err);
	if (slot && strcmp(slot, "pattern") == 0)
		return escape_pattern(out, v, err);
	if (slot)
		return hp_escape_slot(out, v, slot, err);
	if (!n)
		return hp_err_set(err, HP_E_USAGE, "is empty, which cannot be written here");
	r = check_value(v, n, " ,{}<>#$\"'`\\", err);
	if (r == 0)
		hp_buf_add(out, v, n);
	return r;
}

/*
 * PHP's ini scanner: \" and \\ within "…"; ${NAME} is replaced, and php-fpm replaces $pool.
 * Nothing should follow on the line: not every scanner sees that \\" ends a value.
 */
static int escape_php_fpm(struct hp_buf *out, const char *v, const char *slot, struct hp_err *err)
{
	return escape_quoted(out, v, slot, false, err);
}

/*
 * systemd.syntax(7), "Quoting", and specifiers (%). '$' is replaced in command lines and
 * nowhere else, so that it has no writing that is right everywhere.
 */
static int escape_systemd(struct hp_buf *out, const char *v, const char *slot, struct hp_err *err)
{
	return escape_quoted(out, v, slot, true, err);
}

/* RFC 3986 §2.3: what may stand in a part of a path or of a query, and everything else encoded. */
static int escape_url(struct hp_buf *out, const char *v, struct hp_err *err)
{
	if (!hp_utf8_is_valid(v, strlen(v)))
		return hp_err_set(err, HP_E_USAGE, "is not valid UTF-8");
	for (; *v; v++) {
		if (strchr("-._~", *v) || (*v >= '0' && *v <= '9') ||
			((*v | 0x20) >= 'a' && (*v | 0x20) <= 'z'))
			hp_buf_addc(out, *v);
		else
			hp_buf_addf(out, "%%%02X", (unsigned char)*v);
	}
	return 0;
}

/* Text, and attribute values in either kind of quotes. */
static int escape_html(struct hp_buf *out, const char *v, const char *slot, struct hp_err *err)
{
	const char *run = v;
	size_t n = strlen(v);
	int r;

	if (slot && strcmp(slot, "url") == 0)
		return escape_url(out, v, err);
	if (slot)
		return hp_escape_slot(out, v, slot, err);
	r = check_text(v, n, true, err);
	if (r < 0)
		return r;
	for (;; v++) {
		const char *entity = *v == '&' ? "&amp;"
			: *v == '<'            ? "&lt;"
			: *v == '>'            ? "&gt;"
			: *v == '"'            ? "&quot;"
			: *v == '\''           ? "&#39;"
					       : NULL;

		if (*v && !entity)
			continue;
		hp_buf_add(out, run, (size_t)(v - run));
		if (!*v)
			return 0;
		hp_buf_adds(out, entity);
		run = v + 1;
	}
}

static int escape_text(struct hp_buf *out, const char *v, const char *slot, struct hp_err *err)
{
	size_t n = strlen(v);
	int r;

	if (slot)
		return hp_escape_slot(out, v, slot, err);
	r = check_text(v, n, false, err);
	if (r == 0)
		hp_buf_add(out, v, n);
	return r;
}

hp_escape_fn *hp_escaper(const char *format)
{
	static const struct {
		const char *format;
		hp_escape_fn *escape;
	} escapers[] = {
		{"nginx", escape_nginx},
		{"apache", escape_apache},
		{"openlitespeed", escape_openlitespeed},
		{"php-fpm", escape_php_fpm},
		{"systemd", escape_systemd},
		{"html", escape_html},
		{"text", escape_text},
	};

	for (size_t i = 0; i < HP_ARRAY_SIZE(escapers); i++) {
		if (strcmp(escapers[i].format, format) == 0)
			return escapers[i].escape;
	}
	return NULL;
}
