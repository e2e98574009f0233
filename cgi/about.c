/* About the API itself. */
#include "cgi/cgi.h"
#include "base/str.h"

static void begin(struct cgi *c, struct hp_jw *w)
{
	c->ans.status = 200;
	c->ans.type = "application/json";
	hp_jw_init(w, &c->ans.body, false);
	hp_jw_obj(w, NULL);
}

static void end(struct cgi *c, struct hp_jw *w)
{
	hp_jw_end(w, '}');
	hp_buf_addc(&c->ans.body, '\n');
}

void cgi_api_index(struct cgi *c, const struct cgi_route *r HP_UNUSED)
{
	struct hp_jw w;
	size_t i;

	begin(c, &w);
	for (i = 0; i < cgi_n_routes; i++) {
		const char *name = hp_str_after(cgi_routes[i].path, "/api/v1/");

		if (name && !strchr(name, '{') && hp_streq(cgi_routes[i].method, "GET"))
			hp_jw_str(&w, name,
				hp_pprintf(c->pool, "%s%s", c->req.base, cgi_routes[i].path));
	}
	end(c, &w);
}

void cgi_me(struct cgi *c, const struct cgi_route *r HP_UNUSED)
{
	struct hp_jw w;

	begin(c, &w);
	hp_jw_str(&w, "username", c->who.username);
	hp_jw_str(&w, "role", cgi_role(c));
	hp_jw_str(&w, "by", c->who.by == CGI_BY_KEY ? "key" : "session");
	hp_jw_str(&w, "address", c->req.address);
	end(c, &w);
}
