/* A certificate from elsewhere: key and chain are text, and never in an argument. */
#include "cgi/page.h"
#include "base/str.h"

void page_cert_import(struct cgi *c, const struct cgi_route *r)
{
	const char *key = cgi_param(&c->req.form, "key"), *cert = cgi_param(&c->req.form, "cert");
	struct cgi_run run = {.program = r->program, .verb = r->verb};
	const char *path = page_expanded(c, "/certificates/{1}"), *kind, *text;
	struct cgi_result res;

	run.in = hp_pprintf(c->pool, "%s\n%s\n", key ? key : "", cert ? cert : "");
	run.in_len = strlen(run.in);
	hp_strv_add_ref(c->pool, &run.args, "--");
	hp_strv_add_ref(c->pool, &run.args, c->var[0]);
	if (page_run(c, &run, &res) < 0)
		return;
	if (res.code == HP_E_NOT_FOUND || res.code == HP_E_DENIED) {
		cgi_problem(c, cgi_status(res.code), res.code, res.msg, res.hint, NULL);
	} else if (cgi_status(res.code) != 200) {
		page_go(c, path, "warn", res.msg ? res.msg : "it was refused");
	} else {
		text = page_outcome(c, &res, &kind);
		page_go(c, path, kind, text);
	}
}
