/*
 * What the next page tells of this one: a text in a cookie for a minute, with a mark that only who
 * knows the session's token could have made.
 */
#include "cgi/page.h"
#include "base/str.h"

#define COOKIE "__Host-hp_told"
#define COOKIE_PLAIN "hp_told"
#define TEXT_MAX 600
#define SECONDS 60
#define MARK 32

static const char *cookie_name(const struct cgi *c)
{
	return c->req.https ? COOKIE : COOKIE_PLAIN;
}

static void mark_of(const struct cgi *c, const char *text, char ret[HP_DIGEST_HEX])
{
	struct hp_digest d;

	hp_digest_init(&d);
	hp_digest_add(&d, "told:", 5);
	hp_digest_add(&d, c->who.csrf, strlen(c->who.csrf) + 1);
	hp_digest_add(&d, text, strlen(text));
	hp_digest_hex(&d, ret);
}

void page_go(struct cgi *c, const char *path, const char *kind, const char *text)
{
	char mark[HP_DIGEST_HEX];
	const char *value = page_encoded(
		c, hp_pprintf(c->pool, "%s:%s", kind, hp_str_printable(c->pool, text, TEXT_MAX)));

	mark_of(c, value, mark);
	cgi_cookie(c, cookie_name(c), hp_pprintf(c->pool, "%.*s%s", MARK, mark, value),
		c->req.https, SECONDS);
	cgi_redirect(c, path, false);
}

/* As page_encoded() wrote it. */
static const char *decoded(struct cgi *c, const char *s)
{
	struct cgi_params l;
	struct hp_err ignored = HP_ERR_INIT;

	if (cgi_parse_form(c->pool, hp_pprintf(c->pool, "v=%s", s), strlen(s) + 2, &l, &ignored) <
		0)
		return "";
	return cgi_param(&l, "v");
}

void page_flash(struct cgi *c, struct hp_tmap *m)
{
	const char *v = cgi_param(&c->req.cookies, cookie_name(c)), *text = "";
	char mark[HP_DIGEST_HEX];

	hp_tmap_bool(m, "told_warn", false);
	if (v && c->who.by == CGI_BY_SESSION && strlen(v) > MARK && !c->told) {
		mark_of(c, v + MARK, mark);
		if (strncmp(mark, v, MARK) == 0)
			text = decoded(c, v + MARK);
		cgi_cookie(c, cookie_name(c), "", c->req.https, 0);
		c->told = true;
	}
	hp_tmap_bool(m, "told_warn", hp_str_starts(text, "warn:"));
	text = strchr(text, ':') ? strchr(text, ':') + 1 : "";
	hp_tmap_str(m, "told", text);
}
