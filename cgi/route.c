/* Which path is what. One table; the OpenAPI description is made from it, too. */
#include "cgi/page.h"
#include "base/str.h"

#define SITES "/api/v1/websites"
#define TENANTS "/api/v1/tenants"
#define USERS "/api/v1/users"
#define KEYS "/api/v1/keys"
#define SITE_FILTER "tenant=--tenant php_version=--php status=--status web_server=--web-server node=--node"

const struct cgi_route cgi_routes[] = {
	/* ---- is it there? ---- */
	{"GET", "/health", cgi_health, NULL, NULL, NULL, NULL, NULL, CGI_OPEN,
		"does the process answer?"},
	{"GET", "/health/live", cgi_health, NULL, NULL, NULL, NULL, NULL, CGI_OPEN,
		"does the process answer?"},
	{"GET", "/health/ready", cgi_ready, NULL, NULL, NULL, NULL, NULL, CGI_OPEN,
		"can it work: does the database answer, too?"},

	/* ---- about the API ---- */
	{"GET", "/api/v1", cgi_api_index, NULL, NULL, NULL, NULL, NULL, 0, "what there is"},
	{"GET", "/api/v1/openapi.json", cgi_openapi, NULL, NULL, NULL, NULL, NULL, CGI_OPEN,
		"this description"},
	{"GET", "/api/v1/me", cgi_me, NULL, NULL, NULL, NULL, NULL, 0, "who asks"},

	/* ---- websites ---- */
	{"GET", SITES, cgi_api, "hp-site", "list", NULL, NULL, SITE_FILTER, CGI_LIST, NULL},
	{"POST", SITES, cgi_api, "hp-site", "add", "-", "domain", NULL, CGI_CREATES, NULL},
	{"GET", SITES "/{website}", cgi_api, "hp-site", "show", "{1}", "domain", NULL, 0, NULL},
	{"PUT", SITES "/{website}", cgi_api, "hp-site", "set", "-", "domain", NULL, 0, NULL},
	{"PATCH", SITES "/{website}", cgi_api, "hp-site", "set", "-", "domain", NULL, 0, NULL},
	{"DELETE", SITES "/{website}", cgi_api, "hp-site", "remove", "{1}", "domain", NULL, 0, NULL},
	{"POST", SITES "/{website}/suspend", cgi_api, "hp-site", "suspend", "{1}", NULL, NULL, 0, NULL},
	{"POST", SITES "/{website}/resume", cgi_api, "hp-site", "resume", "{1}", NULL, NULL, 0, NULL},
	{"PUT", SITES "/{website}/aliases/{name}", cgi_api, "hp-site", "alias", "{1} add {2}", NULL,
		NULL, 0, "give the website a further name"},
	{"DELETE", SITES "/{website}/aliases/{name}", cgi_api, "hp-site", "alias", "{1} remove {2}",
		NULL, NULL, 0, "take a further name of the website away"},

	/* ---- virtual hosts: the same websites, as the servers have them ---- */
	{"GET", "/api/v1/web/vhosts", cgi_api, "hp-site", "list", NULL, NULL, SITE_FILTER, CGI_LIST, NULL},
	{"POST", "/api/v1/web/vhosts", cgi_api, "hp-site", "add", "-", "domain", NULL, CGI_CREATES, NULL},

	{"GET", "/api/v1/web/servers", cgi_api, "hp-vhost", "detect", NULL, NULL, NULL, CGI_LIST, NULL},
	{"POST", SITES "/{website}/purge", cgi_api, "hp-vhost", "purge", "{1}", NULL, NULL, 0, NULL},

	/* ---- PHP ---- */
	{"GET", "/api/v1/php/versions", cgi_api, "hp-php", "list", NULL, NULL, NULL, CGI_LIST, NULL},
	{"GET", SITES "/{website}/php", cgi_api, "hp-php", "show", "{1}", NULL, NULL, 0, NULL},

	/* ---- certificates ---- */
	{"GET", "/api/v1/certificates", cgi_api, "hp-cert", "list", NULL, NULL, NULL, CGI_LIST, NULL},
	{"GET", "/api/v1/certificates/check", cgi_api, "hp-cert", "check", NULL, NULL, NULL, CGI_LIST, NULL},
	{"GET", "/api/v1/certificates/{website}", cgi_api, "hp-cert", "show", "{1}", NULL, NULL, 0, NULL},
	{"POST", "/api/v1/certificates/{website}/issue", cgi_api, "hp-cert", "issue", "{1}", NULL, NULL, 0, NULL},
	{"POST", "/api/v1/certificates/{website}/renew", cgi_api, "hp-cert", "renew", "{1}", NULL, NULL, 0, NULL},
	{"DELETE", "/api/v1/certificates/{website}", cgi_api, "hp-cert", "remove", "{1}", NULL, NULL, 0, NULL},

	/* ---- tenants ---- */
	{"GET", TENANTS, cgi_api, "hp-tenant", "list", NULL, NULL, NULL, CGI_LIST, NULL},
	{"POST", TENANTS, cgi_api, "hp-tenant", "add", "-", "subdomain", NULL, CGI_CREATES, NULL},
	{"GET", TENANTS "/{tenant}", cgi_api, "hp-tenant", "show", "{1}", "subdomain", NULL, 0, NULL},
	{"PUT", TENANTS "/{tenant}", cgi_api, "hp-tenant", "set", "-", "subdomain", NULL, 0, NULL},
	{"PATCH", TENANTS "/{tenant}", cgi_api, "hp-tenant", "set", "-", "subdomain", NULL, 0, NULL},
	{"DELETE", TENANTS "/{tenant}", cgi_api, "hp-tenant", "remove", "{1}", "subdomain", NULL, 0, NULL},
	{"POST", TENANTS "/{tenant}/suspend", cgi_api, "hp-tenant", "suspend", "{1}", NULL, NULL, 0, NULL},
	{"POST", TENANTS "/{tenant}/resume", cgi_api, "hp-tenant", "resume", "{1}", NULL, NULL, 0, NULL},

	/* ---- users ---- */
	{"GET", USERS, cgi_api, "hp-user", "list", NULL, NULL, "tenant=--tenant role=--role status=--status", CGI_LIST, NULL},
	{"POST", USERS, cgi_api, "hp-user", "add", "-", "username", NULL, CGI_CREATES, NULL},
	{"GET", USERS "/{user}", cgi_api, "hp-user", "show", "{1}", "username", NULL, 0, NULL},
	{"PUT", USERS "/{user}", cgi_api, "hp-user", "set", "-", "username", NULL, 0, NULL},
	{"PATCH", USERS "/{user}", cgi_api, "hp-user", "set", "-", "username", NULL, 0, NULL},
	{"DELETE", USERS "/{user}", cgi_api, "hp-user", "remove", "{1}", "username", NULL, 0, NULL},
	{"POST", USERS "/{user}/suspend", cgi_api, "hp-user", "suspend", "{1}", NULL, NULL, 0, NULL},
	{"POST", USERS "/{user}/resume", cgi_api, "hp-user", "resume", "{1}", NULL, NULL, 0, NULL},

	{"PUT", USERS "/{user}/password", cgi_api, "hp-user", "passwd", "-", "username", NULL, 0, NULL},
	{"POST", USERS "/{user}/totp", cgi_api, "hp-user", "totp-enable", "{1}", NULL, NULL, CGI_SECRET, NULL},
	{"PUT", USERS "/{user}/totp", cgi_api, "hp-user", "totp-confirm", "-", "username", NULL, 0, NULL},
	{"DELETE", USERS "/{user}/totp", cgi_api, "hp-user", "totp-disable", "{1}", NULL, NULL, 0, NULL},
	{"POST", USERS "/{user}/recovery-codes", cgi_api, "hp-user", "recovery-codes", "{1}", NULL, NULL,
		CGI_SECRET | CGI_MANY, NULL},
	{"GET", USERS "/{user}/may/{verb}", cgi_api, "hp-user", "can", "{1} {2}", NULL, NULL, 0, NULL},
	{"GET", USERS "/{user}/may/{verb}/{object}", cgi_api, "hp-user", "can", "{1} {2} {3}", NULL,
		NULL, 0, NULL},

	/* ---- API keys and sessions ---- */
	{"GET", KEYS, cgi_api, "hp-user", "key-list", NULL, NULL, NULL, CGI_LIST, NULL},
	{"GET", USERS "/{user}/keys", cgi_api, "hp-user", "key-list", "{1}", NULL, NULL, CGI_LIST, NULL},
	{"POST", USERS "/{user}/keys", cgi_api, "hp-user", "key-add", "-", "username", NULL,
		CGI_CREATES | CGI_SECRET, NULL},
	{"GET", KEYS "/{key}", cgi_api, "hp-user", "key-show", "{1}", "key", NULL, 0, NULL},
	{"DELETE", KEYS "/{key}", cgi_api, "hp-user", "key-remove", "{1}", "key", NULL, 0, NULL},
	{"GET", "/api/v1/sessions", cgi_api, "hp-user", "session-list", NULL, NULL, NULL, CGI_LIST, NULL},
	{"GET", USERS "/{user}/sessions", cgi_api, "hp-user", "session-list", "{1}", NULL, NULL, CGI_LIST, NULL},
	{"DELETE", "/api/v1/sessions/{session}", cgi_api, "hp-user", "session-revoke", "{1}", "session", NULL, 0, NULL},

	/* ---- the audit trail ---- */
	{"GET", "/api/v1/audit", cgi_api, "hp-audit", "list", NULL, NULL, "object=--object actor=--actor verb=--verb since=--since request=--request", CGI_LIST, NULL},
	{"GET", "/api/v1/audit/head", cgi_api, "hp-audit", "head", NULL, NULL, NULL, 0, NULL},
	{"GET", "/api/v1/audit/verify", cgi_api, "hp-audit", "verify", NULL, NULL, "head=--head", CGI_MANY, NULL},
	{"POST", "/api/v1/audit/{entry}/undo", cgi_api, "hp-audit", "undo", "{1}", NULL, NULL, 0, NULL},

	/* ---- the installation ---- */
	{"GET", "/api/v1/nodes", cgi_api, "hp-node", "list", NULL, NULL, NULL, CGI_LIST, NULL},
	{"GET", "/api/v1/nodes/{node}", cgi_api, "hp-node", "show", "{1}", NULL, NULL, 0, NULL},
	{"GET", "/api/v1/system/database/info", cgi_api, "hp-db", "info", NULL, NULL, NULL, 0, NULL},

	/* ---- pages ---- */
	{"GET", "/static/{file}", page_static, NULL, NULL, NULL, NULL, NULL, CGI_OPEN, NULL},
	{"GET", "/login", page_login, NULL, NULL, NULL, NULL, NULL, CGI_OPEN | CGI_PAGE, NULL},
	{"POST", "/login", page_do_login, NULL, NULL, NULL, NULL, NULL, CGI_OPEN | CGI_PAGE, NULL},
	{"POST", "/logout", page_logout, "hp-user", "session-revoke", NULL, NULL, NULL, CGI_PAGE, NULL},
	{"GET", "/websites", page_list, "hp-site", "list", NULL, NULL, SITE_FILTER, CGI_PAGE, "Websites"},
	{"GET", "/websites/new", page_form, "hp-site", "add", NULL, NULL, NULL, CGI_PAGE, NULL},
	{"POST", "/websites/new", page_save, "hp-site", "add", NULL, NULL, NULL, CGI_PAGE, NULL},
	{"GET", "/websites/{website}", page_object, "hp-site", "show", NULL, "website.html", NULL, CGI_PAGE, NULL},
	{"GET", "/websites/{website}/settings", page_form, "hp-site", "set", NULL, NULL, NULL, CGI_PAGE, NULL},
	{"POST", "/websites/{website}/settings", page_save, "hp-site", "set", NULL, NULL, NULL, CGI_PAGE, NULL},
	{"POST", "/websites/{website}/suspend", page_do, "hp-site", "suspend", "{1}", "/websites/{1}", "/websites/{1}", CGI_PAGE, NULL},
	{"POST", "/websites/{website}/resume", page_do, "hp-site", "resume", "{1}", "/websites/{1}", "/websites/{1}", CGI_PAGE, NULL},
	{"POST", "/websites/{website}/aliases", page_do, "hp-site", "alias", "{1} add =name", "/websites/{1}", "/websites/{1}", CGI_PAGE, NULL},
	{"POST", "/websites/{website}/aliases/{name}/remove", page_do, "hp-site", "alias", "{1} remove {2}", "/websites/{1}", "/websites/{1}", CGI_PAGE, NULL},
	{"GET", "/websites/{website}/remove", page_confirm, "hp-site", "remove", NULL, NULL, "/websites/{1}", CGI_PAGE, NULL},
	{"POST", "/websites/{website}/remove", page_do, "hp-site", "remove", "{1}", "/websites", "/websites/{1}", CGI_PAGE, NULL},
	{"GET", "/php", page_list, "hp-php", "list", NULL, NULL, NULL, CGI_PAGE, "PHP"},
	{"GET", "/certificates", page_list, "hp-cert", "list", NULL, NULL, NULL, CGI_PAGE, "Certificates"},
	{"GET", "/certificates/{website}", page_object, "hp-cert", "show", NULL, "certificate.html", NULL, CGI_PAGE, NULL},
	{"POST", "/certificates/{website}/issue", page_do, "hp-cert", "issue", "{1}", "/certificates/{1}", "/certificates/{1}", CGI_PAGE, NULL},
	{"POST", "/certificates/{website}/renew", page_do, "hp-cert", "renew", "{1}", "/certificates/{1}", "/certificates/{1}", CGI_PAGE, NULL},
	{"POST", "/certificates/{website}/import", page_cert_import, "hp-cert", "import", NULL, NULL, NULL, CGI_PAGE, NULL},
	{"GET", "/users", page_list, "hp-user", "list", NULL, NULL, "tenant=--tenant role=--role status=--status", CGI_PAGE, "Users"},
	{"GET", "/users/new", page_form, "hp-user", "add", NULL, NULL, NULL, CGI_PAGE, NULL},
	{"POST", "/users/new", page_save, "hp-user", "add", NULL, NULL, NULL, CGI_PAGE, NULL},
	{"GET", "/users/{user}", page_user, "hp-user", "show", NULL, NULL, NULL, CGI_PAGE, NULL},
	{"GET", "/users/{user}/edit", page_form, "hp-user", "set", NULL, NULL, NULL, CGI_PAGE, NULL},
	{"POST", "/users/{user}/edit", page_save, "hp-user", "set", NULL, NULL, NULL, CGI_PAGE, NULL},
	{"POST", "/users/{user}/password", page_passwd, "hp-user", "passwd", NULL, NULL, NULL, CGI_PAGE, NULL},
	{"POST", "/users/{user}/second/off", page_do, "hp-user", "totp-disable", "{1}", "/users/{1}", "/users/{1}", CGI_PAGE, NULL},
	{"POST", "/users/{user}/suspend", page_do, "hp-user", "suspend", "{1}", "/users/{1}", "/users/{1}", CGI_PAGE, NULL},
	{"POST", "/users/{user}/resume", page_do, "hp-user", "resume", "{1}", "/users/{1}", "/users/{1}", CGI_PAGE, NULL},
	{"GET", "/users/{user}/remove", page_confirm, "hp-user", "remove", NULL, NULL, "/users/{1}", CGI_PAGE, NULL},
	{"POST", "/users/{user}/remove", page_do, "hp-user", "remove", "{1}", "/users", "/users/{1}", CGI_PAGE, NULL},
	{"GET", "/account", page_user, "hp-user", "show", NULL, NULL, NULL, CGI_PAGE, NULL},
	{"POST", "/account/password", page_passwd, "hp-user", "passwd", NULL, NULL, NULL, CGI_PAGE, NULL},
	{"POST", "/account/second", page_second, "hp-user", "totp-enable", NULL, NULL, NULL, CGI_PAGE | CGI_SECRET, NULL},
	{"POST", "/account/second/confirm", page_second_confirm, "hp-user", "totp-confirm", NULL, NULL, NULL, CGI_PAGE | CGI_SECRET, NULL},
	{"POST", "/account/second/off", page_do, "hp-user", "totp-disable", "@me", "/account", "/account", CGI_PAGE, NULL},
	{"POST", "/account/codes", page_recovery, "hp-user", "recovery-codes", NULL, NULL, NULL, CGI_PAGE | CGI_SECRET, NULL},
	{"GET", "/keys", page_list, "hp-user", "key-list", "?user", NULL, NULL, CGI_PAGE, "API keys"},
	{"GET", "/keys/new", page_key_form, "hp-user", "key-add", NULL, NULL, NULL, CGI_PAGE, NULL},
	{"POST", "/keys/new", page_key_add, "hp-user", "key-add", NULL, NULL, NULL, CGI_PAGE | CGI_SECRET, NULL},
	{"POST", "/keys/{key}/remove", page_do, "hp-user", "key-remove", "{1}", "/keys", "/keys", CGI_PAGE, NULL},
	{"GET", "/sessions", page_list, "hp-user", "session-list", "?user", NULL, NULL, CGI_PAGE, "Sessions"},
	{"POST", "/sessions/{session}/revoke", page_do, "hp-user", "session-revoke", "{1}", "/sessions", "/sessions", CGI_PAGE, NULL},
	{"GET", "/audit", page_list, "hp-audit", "list", NULL, NULL, "object=--object actor=--actor verb=--verb since=--since", CGI_PAGE, "Audit trail"},
	{"GET", "/audit/{entry}/undo", page_undo_form, "hp-audit", "undo", NULL, NULL, NULL, CGI_PAGE, NULL},
	{"POST", "/audit/{entry}/undo", page_undo, "hp-audit", "undo", NULL, NULL, NULL, CGI_PAGE, NULL},
	{"GET", "/tenants", page_list, "hp-tenant", "list", NULL, NULL, "status=--status", CGI_PAGE, "Tenants"},
	{"GET", "/tenants/new", page_form, "hp-tenant", "add", NULL, NULL, NULL, CGI_PAGE, NULL},
	{"POST", "/tenants/new", page_save, "hp-tenant", "add", NULL, NULL, NULL, CGI_PAGE, NULL},
	{"GET", "/tenants/{tenant}", page_object, "hp-tenant", "show", NULL, "tenant.html", NULL, CGI_PAGE, NULL},
	{"GET", "/tenants/{tenant}/edit", page_form, "hp-tenant", "set", NULL, NULL, NULL, CGI_PAGE, NULL},
	{"POST", "/tenants/{tenant}/edit", page_save, "hp-tenant", "set", NULL, NULL, NULL, CGI_PAGE, NULL},
	{"POST", "/tenants/{tenant}/suspend", page_do, "hp-tenant", "suspend", "{1}", "/tenants/{1}", "/tenants/{1}", CGI_PAGE, NULL},
	{"POST", "/tenants/{tenant}/resume", page_do, "hp-tenant", "resume", "{1}", "/tenants/{1}", "/tenants/{1}", CGI_PAGE, NULL},
	{"GET", "/tenants/{tenant}/remove", page_confirm, "hp-tenant", "remove", NULL, NULL, "/tenants/{1}", CGI_PAGE, NULL},
	{"POST", "/tenants/{tenant}/remove", page_do, "hp-tenant", "remove", "{1}", "/tenants", "/tenants/{1}", CGI_PAGE, NULL},
	{"GET", "/", page_dashboard, NULL, NULL, NULL, NULL, NULL, CGI_PAGE, NULL},
	{"GET", "/api/dashboard/metrics", page_metrics, NULL, NULL, NULL, NULL, NULL, CGI_PAGE, NULL},
	{"GET", "/api/dashboard/websites", page_recent, NULL, NULL, NULL, NULL, NULL, CGI_PAGE, NULL},
	{"GET", "/api/dashboard/chart/{name}", page_chart, NULL, NULL, NULL, NULL, NULL, CGI_PAGE, NULL},
};
const size_t cgi_n_routes = HP_ARRAY_SIZE(cgi_routes);

/* Does the path fit? What stands in {…} goes to var; it is one segment and not empty. */
static bool fits(struct cgi *c, const char *pattern, const char *path)
{
	unsigned n = 0;

	memset(c->var, 0, sizeof(c->var));
	while (*pattern) {
		if (*pattern != '{') {
			if (*pattern++ != *path++)
				return false;
			continue;
		}
		pattern = strchr(pattern, '}') + 1;
		if (!*path || *path == '/')
			return false;
		c->var[n++] = hp_pstrndup(c->pool, path, strcspn(path, "/"));
		path += strcspn(path, "/");
	}
	return !*path;
}

bool page_is_ours(struct cgi *c, const char *path)
{
	size_t n = strcspn(path, "?#"), i;
	const char *plain = hp_pstrndup(c->pool, path, n);
	const char *had[HP_ARRAY_SIZE(c->var)];
	bool is = false;

	/* "//host" and "/\\host" are other servers to a browser */
	if (*path != '/' || path[1] == '/' || hp_str_starts(path, "/api/") || strchr(path, '\\') ||
		hp_str_has_control(path, strlen(path)))
		return false;
	memcpy(had, c->var, sizeof(had));
	for (i = 0; i < cgi_n_routes && !is; i++)
		is = (cgi_routes[i].flags & CGI_PAGE) && !(cgi_routes[i].flags & CGI_OPEN) &&
			hp_streq(cgi_routes[i].method, "GET") && fits(c, cgi_routes[i].path, plain);
	memcpy(c->var, had, sizeof(had));
	return is;
}

const struct cgi_route *cgi_find_route(struct cgi *c, const char **ret_allow)
{
	const char *method = hp_streq(c->req.method, "HEAD") ? "GET" : c->req.method;
	const char *allow = NULL;
	size_t i;

	*ret_allow = NULL;
	for (i = 0; i < cgi_n_routes; i++) {
		const struct cgi_route *r = &cgi_routes[i];

		if (!fits(c, r->path, c->req.path))
			continue;
		if (hp_streq(r->method, method))
			return r;
		allow = allow ? hp_pprintf(c->pool, "%s, %s", allow, r->method) : r->method;
	}
	*ret_allow = allow;
	return NULL;
}
