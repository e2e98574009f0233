/* Who asks: a session's cookie or an API key, and whether it was really he who sent it. */
#include "cgi/cgi.h"
#include "base/file.h"
#include "base/paths.h"
#include "base/str.h"

const char *cgi_cookie_name(const struct cgi *c)
{
	/* browsers take a name with __Host- only over TLS, for this host and its whole path */
	return c->req.https ? CGI_COOKIE : CGI_COOKIE_PLAIN;
}

void cgi_csrf(const char *token, char ret[65])
{
	struct hp_digest d;

	/* the token has 215 random bits: whoever sees the digest is no nearer to it */
	hp_digest_init(&d);
	hp_digest_add(&d, "csrf:", 5);
	hp_digest_add(&d, token, strlen(token));
	hp_digest_hex(&d, ret);
}

static int open_panel(struct cgi_server *s, struct hp_err *err)
{
	if (!s->conf) {
		const char *file = hp_path(s->pool, s->sysroot, HP_CONF_FILE);

		if (hp_conf_load(s->pool, file, &s->conf, err) < 0)
			return err->code;
	}
	return hp_panel_open(s->sysroot, s->conf, &s->panel, err);
}

int cgi_panel(struct cgi *c, struct hp_err *err)
{
	struct cgi_server *s = c->server;

	if (s->panel && hp_db_is_moved(s->panel->db)) {
		hp_panel_close(s->panel);
		s->panel = NULL;
	}
	if (s->panel || open_panel(s, err) == 0)
		return 0;
	/* a database that is closed to us says nothing of who asks */
	if (err->code == HP_E_DENIED)
		err->code = HP_E_DB;
	return err->code;
}

/* "Bearer TOKEN", RFC 6750 §2.1. */
static const char *bearer(const struct cgi *c)
{
	const char *v = c->req.authorization;

	if (!v || strncasecmp(v, "Bearer ", 7) != 0)
		return NULL;
	v += 7;
	return v + strspn(v, " ");
}

static void take_actor(struct cgi *c, enum cgi_auth by)
{
	const struct hp_actor *a = &c->server->panel->actor;

	c->who.by = by;
	c->who.username = hp_pstrdup(c->pool, a->name);
	c->who.user_id = a->user_id;
	c->who.operator = a->kind == HP_ACTOR_OPERATOR;
	c->who.actor = *a;
	c->who.actor.grants = hp_pstrdup(c->pool, a->grants);
	c->who.actor.name = c->who.username;
	c->who.actor.source = c->req.address;
	c->who.actor.key = NULL;
	c->who.as = by == CGI_BY_KEY ? hp_pprintf(c->pool, "key:%s@%s", a->key->v[HP_KEY_KEY],
					       c->req.address)
				     : hp_pprintf(c->pool, "%s@%s", a->name, c->req.address);
}

static void keep_session(struct cgi *c, const struct hp_session *s)
{
	size_t i;

	for (i = 0; i < HP_SESSION_FIELDS; i++)
		c->who.session.v[i] = hp_pstrdup(c->pool, s->v[i]);
}

static int by_session(struct cgi *c, const char *token, struct hp_err *err)
{
	struct hp_session s;
	int r = hp_session_use(c->server->panel, token, c->req.address, &s, err);

	if (r < 0)
		return r;
	take_actor(c, CGI_BY_SESSION);
	keep_session(c, &s);
	c->who.token = token;
	cgi_csrf(token, c->who.csrf);
	return 0;
}

static int by_key(struct cgi *c, const char *token, struct hp_err *err)
{
	int r = hp_key_login(c->server->panel, token, c->req.address, err);

	if (r == 0)
		take_actor(c, CGI_BY_KEY);
	return r;
}

int cgi_authenticate(struct cgi *c, struct hp_err *err)
{
	const char *key = bearer(c), *token = cgi_param(&c->req.cookies, cgi_cookie_name(c));
	int r;

	if (c->req.authorization && !key)
		return hp_err_set(err, HP_E_DENIED, "Authorization is not “Bearer” and an API key");
	if (!key && !token)
		return 0;
	if (cgi_panel(c, err) < 0)
		return err->code;
	/* who sends a key is not taken for whoever the browser is */
	r = key ? by_key(c, key, err) : by_session(c, token, err);
	hp_panel_rest(c->server->panel);
	return r;
}

/* ---- was it he? ---- */
/* The origin of our own pages, RFC 6454 §6.2, as the client named us. */
static bool is_ours(const struct cgi *c, const char *origin)
{
	const char *host = hp_str_after(origin, c->req.https ? "https://" : "http://");

	return host && *c->req.host && strcasecmp(host, c->req.host) == 0;
}

int cgi_check_origin(const struct cgi *c, struct hp_err *err)
{
	const struct cgi_request *r = &c->req;

	if ((!r->fetch_site || hp_streq(r->fetch_site, "same-origin") ||
		    hp_streq(r->fetch_site, "none")) &&
		(!r->origin || is_ours(c, r->origin)))
		return 0;
	return hp_err_set(err, HP_E_DENIED, "the request came from another website's page");
}

bool cgi_needs_password(const struct cgi *c)
{
	return c->who.by == CGI_BY_SESSION && !c->who.actor.has_password;
}

const char *cgi_role(const struct cgi *c)
{
	static const char *const roles[] = {"client", "reseller", "admin"};

	return c->who.operator ? "operator" : roles[c->who.actor.role];
}

int cgi_check_csrf(const struct cgi *c, struct hp_err *err)
{
	const char *given = c->req.csrf ? c->req.csrf : cgi_param(&c->req.form, "csrf");

	if (c->who.by != CGI_BY_SESSION)
		return 0;
	if (cgi_check_origin(c, err) < 0)
		return err->code;
	if (given && hp_str_is_same(given, c->who.csrf))
		return 0;
	hp_err_set(err, HP_E_DENIED, "the form does not belong to this session");
	return hp_err_hint(err, "load the page again, and repeat it");
}
