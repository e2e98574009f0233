/* Is it alive? Is it ready? Asked by whoever watches, often, and answered without a program. */
#include "cgi/cgi.h"

/* The process answers: no more than that. */
void cgi_health(struct cgi *c, const struct cgi_route *r HP_UNUSED)
{
	c->ans.status = 200;
	c->ans.type = "application/json";
	hp_buf_adds(&c->ans.body, "{\"status\":\"ok\"}\n");
}

/* Can it do what it is there for? The database answers, and its tables are this build's. */
void cgi_ready(struct cgi *c, const struct cgi_route *r HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;
	uint64_t us;

	if (cgi_panel(c, &err) < 0 || hp_db_ping(c->server->panel->db, &us, &err) < 0) {
		fprintf(stderr, "hp-cgi: not ready: %s\n", err.msg);
		cgi_problem(c, 503, HP_E_BUSY, "the panel's database does not answer", NULL, NULL);
		cgi_header(c, "Retry-After", "5");
		return;
	}
	c->ans.status = 200;
	c->ans.type = "application/json";
	hp_buf_adds(&c->ans.body, "{\"status\":\"ready\"}\n");
}
