/* A server's configuration from beginning to end: text, tree, websites. */
#include <string.h>

#include "node/import_impl.h"
#include "node/web.h"
#include "base/file.h"
#include "base/str.h"
#include "sys/run.h"

#define MARK "# configuration file "

/* ---- NGINX's dump ---- */
/* "# configuration file /etc/nginx/nginx.conf:" at the start of a line: its name, or NULL. */
static const char *mark(struct hp_pool *pool, const char *line, size_t n)
{
	const size_t head = sizeof(MARK) - 1;

	if (n > head + 2 && line[n - 1] == '\r')
		n--;
	if (n <= head + 2 || memcmp(line, MARK "/", head + 1) != 0 || line[n - 1] != ':' ||
		memchr(line, 0, n))
		return NULL;
	return hp_pstrndup(pool, line + head, n - head - 1);
}

/* Each file behind its mark. False when there is none: it is a file, not a dump. */
static bool split_dump(struct hp_reader *r, const char *text, size_t len)
{
	const char *p = text, *end = text + len, *nl, *name, *start = NULL, *next;

	for (next = NULL; p < end; p = nl ? nl + 1 : end) {
		nl = memchr(p, '\n', (size_t)(end - p));
		name = *p == '#' ? mark(r->pool, p, nl ? (size_t)(nl - p) : (size_t)(end - p))
				 : NULL;
		if (!name)
			continue;
		if (next)
			hp_import_add_text(r, next, start, (size_t)(p - start));
		next = name;
		start = nl ? nl + 1 : end;
	}
	if (next)
		hp_import_add_text(r, next, start, (size_t)(end - start));
	return next;
}

/* Its first complaint; the last line says only that there was one. */
static int refused(struct hp_reader *r, const char *said, struct hp_err *err)
{
	const char *what = strstr(said, "[emerg] ");

	what = what ? what + strlen("[emerg] ") : said;
	return hp_err_set(err, HP_E_REFUSED, "nginx does not take its own configuration: %s",
		hp_str_printable(r->pool, hp_pstrndup(r->pool, what, strcspn(what, "\n")), 400));
}

static int ask_nginx(struct hp_reader *r, struct hp_err *err)
{
	const char *argv[] = {hp_run_find(hp_server_find("nginx")->binaries), "-T", NULL};
	struct hp_buf out _cleanup_buf_ = HP_BUF_INIT, errs _cleanup_buf_ = HP_BUF_INIT;
	struct hp_run run = {.argv = argv, .out = &out, .errs = &errs, .max_out = HP_IMPORT_BYTES};
	int status;

	if (!argv[0]) {
		hp_err_set(err, HP_E_NOT_FOUND, "nginx is not installed on this host");
		return hp_err_hint(err,
			"where its configuration comes from elsewhere, give the "
			"output of nginx -T as a file, or with - on standard input");
	}
	status = hp_run(&run, err);
	if (status)
		return status < 0 ? status : refused(r, hp_buf_str(&errs), err);
	if (!split_dump(r, hp_pmemdup(r->pool, hp_buf_str(&out), out.len + 1), out.len))
		return hp_err_set(err, HP_E_REFUSED, "nginx -T printed no configuration");
	return 0;
}

/* ---- the text to begin with ---- */
static int main_file(
	struct hp_reader *r, const char *const *places, struct hp_text *ret, struct hp_err *err)
{
	for (; *places; places++) {
		hp_err_clear(err);
		if (hp_import_text(r, *places, ret, err) == 0 || err->code != HP_E_NOT_FOUND)
			return err->code;
	}
	return hp_err_hint(err, "give the configuration as a file, or with - on standard input");
}

static int begin_nginx(struct hp_reader *r, struct hp_text *ret, struct hp_err *err)
{
	static const char *const places[] = {
		"/etc/nginx/nginx.conf", "/usr/local/nginx/conf/nginx.conf", NULL};

	if (r->o->text) {
		if (split_dump(r, r->o->text, r->o->len))
			r->disk = false;
		else
			hp_import_add_text(r, r->o->name, r->o->text, r->o->len);
	} else if (r->o->sysroot && *r->o->sysroot) {
		return main_file(r, places, ret, err);
	} else if (ask_nginx(r, err) < 0) {
		return err->code;
	}
	*ret = r->texts[0];
	return 0;
}

static int begin_apache(struct hp_reader *r, struct hp_text *ret, struct hp_err *err)
{
	static const char *const places[] = {
		"/etc/apache2/apache2.conf", "/etc/httpd/conf/httpd.conf", NULL};

	if (!r->o->text) {
		if (main_file(r, places, ret, err) < 0)
			return err->code;
		return r->o->sysroot && *r->o->sysroot ? 0 : hp_import_ask_apache(r, err);
	}
	hp_import_add_text(r, r->o->name, r->o->text, r->o->len);
	*ret = r->texts[0];
	return 0;
}

/* Includes are relative to the main file's folder; of a virtual host's alone, to the server's. */
static const char *prefix(struct hp_reader *r, const char *name, const char *usual)
{
	static const char *const mains[] = {"nginx.conf", "apache2.conf", "httpd.conf", NULL};
	const char *slash = strrchr(name, '/');

	if (name[0] != '/' || !hp_import_is_one(mains, slash + 1))
		return usual;
	if (hp_str_ends(name, "/conf/httpd.conf"))
		return hp_pstrndup(r->pool, name, strlen(name) - strlen("/conf/httpd.conf"));
	return slash == name ? "/" : hp_pstrndup(r->pool, name, (size_t)(slash - name));
}

/* ---- what else stands in a website's files ---- */
static bool is_site_file(const struct hp_build *b, const char *file)
{
	return hp_strv_has(&b->f.files, file);
}

/* Virtual hosts of another website, or anything beside virtual hosts, in the same file. */
static void look_beside(struct hp_reader *r, struct hp_build *b, const struct hp_directive *block,
	const char *vhost)
{
	const struct hp_directive *d;
	size_t i;

	for (d = block->child; d; d = d->next)
		if (is_site_file(b, d->file) && !hp_streq(d->name, vhost) &&
			!hp_streq(d->name, "include"))
			b->f.alone = false;
	for (i = 0; i < r->n_sites; i++)
		if (r->sites[i] != b && r->sites[i]->at && is_site_file(b, r->sites[i]->at->file))
			b->f.alone = false;
}

static void look_alone(struct hp_reader *r, const struct hp_directive *root)
{
	const struct hp_directive *d;
	size_t i;

	for (i = 0; i < r->n_sites; i++) {
		struct hp_build *b = r->sites[i];

		b->f.alone = true;
		if (hp_streq(r->o->server, "apache")) {
			look_beside(r, b, root, "<virtualhost");
			continue;
		}
		for (d = root->child; d; d = d->next)
			if (hp_streq(d->name, "http"))
				look_beside(r, b, d, "server");
			else if (is_site_file(b, d->file) && !hp_streq(d->name, "server"))
				b->f.alone = false;
	}
}

/* ---- the whole ---- */
static void give(struct hp_reader *r, struct hp_import *ret)
{
	size_t i, j;

	memset(ret, 0, sizeof(*ret));
	ret->v = hp_palloc(r->pool, (r->n_sites + 1) * sizeof(*ret->v));
	for (i = 0; i < r->n_sites; i++) {
		if (!r->sites[i]->f.domain)
			continue;
		hp_import_finish(r, r->sites[i]);
		ret->v[ret->n] = r->sites[i]->f;
		for (j = 0; j < r->n_notes; j++)
			ret->v[ret->n].lost +=
				hp_streq(r->notes[j].domain, ret->v[ret->n].domain) &&
				!r->notes[j].kept && !r->notes[j].hint;
		ret->n++;
	}
	ret->notes = r->notes;
	ret->n_notes = r->n_notes;
}

int hp_import(struct hp_pool *pool, const struct hp_import_opts *o, struct hp_import *ret,
	struct hp_err *err)
{
	bool apache = hp_streq(o->server, "apache");
	struct hp_reader r = {.o = o, .pool = pool, .disk = !o->text || o->read_files};
	struct hp_directive root = {.name = "", .file = "", .block = true};
	struct hp_text t;

	if (!apache && !hp_streq(o->server, "nginx"))
		return hp_err_set(err, HP_E_USAGE, "%s: nginx or apache is wanted", o->server);
	if (o->len > HP_IMPORT_BYTES)
		return hp_err_set(
			err, HP_E_CONF, "%s has more than %zu bytes", o->name, HP_IMPORT_BYTES);
	if ((apache ? begin_apache(&r, &t, err) : begin_nginx(&r, &t, err)) < 0)
		return err->code;
	r.prefix = prefix(&r, t.name, apache ? "/etc/apache2" : "/etc/nginx");
	if ((apache ? hp_import_parse_apache(&r, &t, &root, 0, err)
		    : hp_import_parse_nginx(&r, &t, &root, 0, err)) < 0)
		return err->code;
	if (apache) {
		hp_import_apache(&r, &root);
		hp_import_missed_apache(&r, &root);
	} else {
		hp_import_nginx(&r, &root);
	}
	look_alone(&r, &root);
	give(&r, ret);
	return 0;
}
