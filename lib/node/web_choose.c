/* Which web servers are here, which of them is the front, and the key that it tells the others. */
#include <unistd.h>

#include "node/web.h"
#include "base/file.h"
#include "base/str.h"

#define KEY_DIGITS 32

struct hp_web_server *hp_web_find(struct hp_engine *x, const char *name)
{
	struct hp_web *web = hp_web(x);
	size_t i;

	for (i = 0; i < web->n; i++)
		if (hp_streq(web->v[i].is->name, name))
			return &web->v[i];
	return NULL;
}

struct hp_web_server *hp_web_of_file(struct hp_engine *x, const char *path)
{
	struct hp_web *web = hp_web(x);
	const char *rest;
	size_t i;

	for (i = 0; i < web->n; i++) {
		rest = hp_str_after(path, web->v[i].is->etc);
		if (rest && *rest == '/')
			return &web->v[i];
	}
	return NULL;
}

static void find_servers(struct hp_engine *x, struct hp_web *web)
{
	const char *const *place;
	struct hp_web_server *s;

	for (; hp_servers[web->n]; web->n++) {
		HP_BUG_ON(web->n == HP_SERVERS_MAX);
		s = &web->v[web->n];
		s->is = hp_servers[web->n];
		for (place = s->is->binaries; *place && !s->binary; place++)
			if (access(hp_engine_path(x, x->scratch, *place), X_OK) == 0)
				s->binary = *place;
	}
}

/* The front of the last run, which stands in a file of its own; NULL: there was none. */
static const char *kept_front(struct hp_engine *x)
{
	struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;
	struct hp_err ignored = HP_ERR_INIT;

	if (hp_file_read(hp_engine_path(x, x->scratch, HP_WEB_FRONT_FILE), 64, &b, &ignored) < 0)
		return NULL;
	return hp_pstrndup(x->pool, hp_buf_str(&b), strcspn(hp_buf_str(&b), "\n"));
}

static const char *names(struct hp_engine *x)
{
	const char *all = hp_servers[0]->name;
	size_t i;

	for (i = 1; hp_servers[i]; i++)
		all = hp_pprintf(x->scratch, "%s, %s", all, hp_servers[i]->name);
	return all;
}

/*
 * Asked for, configured, of before, or the first that is installed. One that is not installed any
 * more is still the front: another one takes over only when it is told to.
 */
static int choose_front(struct hp_engine *x, struct hp_web *web, struct hp_err *err)
{
	struct hp_web_server *asked = x->o->front ? hp_web_find(x, x->o->front) : NULL;
	const char *conf = x->o->conf ? hp_conf_get(x->o->conf, "web", "server") : NULL;
	const char *name = conf && !hp_streq(conf, "auto") ? conf : NULL;
	size_t i;

	if (x->o->front && name && !hp_streq(name, x->o->front)) {
		hp_err_set(err, HP_E_CONF,
			"%s can't be the front: " HP_CONF_FILE " says [web] server = %s",
			x->o->front, name);
		return hp_err_hint(err, "set it to %s or to auto there", x->o->front);
	}
	if (x->o->front && !asked)
		return hp_err_set(err, HP_E_USAGE, "\"%s\" is no web server; there are: %s",
			hp_str_printable(x->scratch, x->o->front, 40), names(x));
	if (asked && x->live && !asked->binary) {
		hp_err_set(err, HP_E_NOT_FOUND, "%s is not installed on this node", x->o->front);
		return hp_err_hint(err, "apt install %s", asked->is->package);
	}
	web->front_before = kept_front(x);
	if (!name)
		name = web->front_before;
	web->front = asked ? asked : name ? hp_web_find(x, name) : NULL;
	for (i = 0; i < web->n && !web->front; i++)
		if (web->v[i].binary)
			web->front = &web->v[i];
	if (!web->front)
		web->front = &web->v[0];
	web->front->front = true;
	x->whole = web->front_before && !hp_streq(web->front_before, web->front->is->name);
	return 0;
}

/*
 * The front tells servers behind it who the client is, in headers of which nobody else knows the
 * names: otherwise each website's PHP, which can reach loopback, could pretend to be anybody.
 */
int hp_web_load_key(struct hp_engine *x, struct hp_web *web, struct hp_err *err)
{
	const char *path = hp_engine_path(x, x->scratch, HP_WEB_KEY_FILE);
	struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;
	struct hp_err none = HP_ERR_INIT;
	char key[KEY_DIGITS + 1] = "";
	size_t i;

	web->key = "0";
	if (hp_file_read(path, sizeof(key), &b, &none) == 0 && b.len == KEY_DIGITS &&
		strspn(hp_buf_str(&b), "0123456789") == KEY_DIGITS) {
		web->key = hp_pstrdup(x->pool, hp_buf_str(&b));
		return 0;
	}
	if (x->dry)
		return 0;
	/* digits: they are the same in a header's name and in what CGI makes of it */
	hp_random(key, KEY_DIGITS);
	for (i = 0; i < KEY_DIGITS; i++)
		key[i] = (char)('0' + (uint8_t)key[i] % 10);
	if (hp_engine_make_dir(x, err) < 0 || hp_file_write(path, 0600, key, KEY_DIGITS, err) < 0)
		return err->code;
	web->key = hp_pstrdup(x->pool, key);
	return 0;
}

int hp_web_choose(struct hp_engine *x, struct hp_err *err)
{
	struct hp_web *web = hp_palloc(x->pool, sizeof(*web));

	x->part[HP_PART_WEB] = web;
	find_servers(x, web);
	return choose_front(x, web, err);
}
