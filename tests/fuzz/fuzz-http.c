/*
 * What comes in a query, a form and a Cookie header: whatever is taken is text, named once, and
 * reads the same when it is written again.
 */
#include "cgi/request.h"
#include "base/buf.h"
#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void encode(struct hp_buf *b, const char *s)
{
	for (; *s; s++)
		hp_buf_addf(b, "%%%02X", (unsigned char)*s);
}

static void check(const struct cgi_params *l)
{
	size_t i;

	HP_BUG_ON(l->n > CGI_PARAMS_MAX);
	for (i = 0; i < l->n; i++)
		HP_BUG_ON(cgi_param(l, l->v[i].name) != l->v[i].value);
}

static void form(struct hp_pool *pool, const char *s, size_t n)
{
	struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;
	struct hp_err err = HP_ERR_INIT;
	struct cgi_params l, again;
	size_t i;

	if (cgi_parse_form(pool, s, n, &l, &err) < 0) {
		HP_BUG_ON(err.code != HP_E_USAGE || !*err.msg);
		return;
	}
	check(&l);
	for (i = 0; i < l.n; i++) {
		HP_BUG_ON(!hp_utf8_is_valid(l.v[i].name, strlen(l.v[i].name)) ||
			  !hp_utf8_is_valid(l.v[i].value, strlen(l.v[i].value)));
		encode(&b, l.v[i].name);
		hp_buf_addc(&b, '=');
		encode(&b, l.v[i].value);
		hp_buf_addc(&b, '&');
	}
	HP_BUG_ON(cgi_parse_form(pool, hp_buf_str(&b), b.len, &again, &err) < 0 || again.n != l.n);
	for (i = 0; i < l.n; i++)
		HP_BUG_ON(!hp_streq(again.v[i].name, l.v[i].name) ||
			  !hp_streq(again.v[i].value, l.v[i].value));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	struct cgi_params cookies;

	form(pool, (const char *)data, n);
	cgi_parse_cookies(pool, hp_pstrndup(pool, (const char *)data, n), &cookies);
	check(&cookies);
	return 0;
}
