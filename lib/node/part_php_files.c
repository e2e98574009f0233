/* Files of PHP: of each website's instances, and of the versions. */
#include "node/part_php.h"
#include "base/str.h"
#include "sys/units.h"

static struct hp_php_part *mine(const struct hp_engine *x)
{
	return x->part[HP_PART_PHP];
}

/* What an instance was started with besides its own files: a change means starting it anew. */
static int note_of(struct hp_engine *x, const struct hp_strv *custom, const char **ret,
	struct hp_err *err)
{
	struct hp_buf text _cleanup_buf_ = HP_BUF_INIT;
	char hex[HP_DIGEST_HEX];
	struct hp_digest d;
	size_t i;

	*ret = NULL;
	if (!custom->n)
		return 0;
	hp_digest_init(&d);
	for (i = 0; i < custom->n; i++) {
		if (hp_file_read(hp_engine_path(x, x->scratch, custom->v[i]), (size_t)1 << 20,
			    &text, err) < 0)
			return err->code;
		hp_digest_add(&d, custom->v[i], strlen(custom->v[i]) + 1);
		hp_digest_add(&d, hp_buf_str(&text), text.len);
	}
	hp_digest_hex(&d, hex);
	*ret = hp_pstrndup(x->round, hex, 16);
	return 0;
}

/* Files of one of the site's instances. */
static int render_version(struct hp_engine *x, const struct hp_wish *w, const struct hp_site *site,
	const struct hp_php *php, const struct hp_strv *custom, struct hp_emit *e,
	struct hp_err *err)
{
	struct hp_php_texts t _cleanup_php_texts_ = {0};
	struct hp_php_render r = {.root = x->root, .conf = x->o->conf, .templates = x->tmpl,
		.site = site, .php = php, .custom = custom};
	gid_t gid = (gid_t)w->uid;

	if (hp_php_render(x->scratch, &r, &t, err) < 0)
		return err->code;
	hp_emit_file(e, hp_php_conf_path(x->scratch, php->version, w->user), 0640, gid, false,
		t.conf.s, t.conf.len);
	if (t.ini.len)
		hp_emit_file(e, hp_php_ini_path(x->scratch, php->version, w->user), 0640, gid, true,
			t.ini.s, t.ini.len);
	if (t.limits.len)
		hp_emit_file(e, hp_php_limits_path(x->scratch, php->version, w->user), 0640, gid,
			false, t.limits.s, t.limits.len);
	return 0;
}

/* The site's own version first; then *site is as each further one sees it. */
static int render_versions(struct hp_engine *x, struct hp_wish *w, const struct hp_site *site,
	const struct hp_strv *custom, struct hp_emit *e, struct hp_err *err)
{
	const struct hp_php *php;
	struct hp_strv versions;
	struct hp_site other;
	size_t i;

	hp_msite_versions(x->scratch, w->now, &versions);
	for (i = 0; i < versions.n; i++) {
		if (hp_php_need(&mine(x)->list, versions.v[i], &php, err) < 0) {
			/* a suspended site needs none until it is resumed */
			if (w->suspended) {
				hp_err_clear(err);
				continue;
			}
			w->lacks = true;
			hp_err_prefix(err, i ? "php_paths" : "php_version");
			return err->code = HP_E_USAGE;
		}
		if (i && hp_engine_site_on(x, w, versions.v[i], &other, err) < 0)
			return err->code;
		if (render_version(x, w, i ? &other : site, php, custom, e, err) < 0)
			return i ? hp_err_prefix(err, "php_paths") : err->code;
	}
	return 0;
}

int hp_php_part_render_site(struct hp_engine *x, struct hp_wish *w, const struct hp_site *site,
	struct hp_emit *e, struct hp_err *err)
{
	struct hp_strv custom = {0};

	if (!w->php)
		return 0;
	/* a site that changes: its instance will have to be asked for */
	if (x->live && !x->dry && mine(x)->in.systemd)
		hp_units_expect();
	if (hp_engine_custom(x, w->domain) &&
		(hp_php_custom(x->scratch, x->root, w->domain, &custom, err) < 0 ||
			note_of(x, &custom, &w->now->note, err) < 0))
		return err->code;
	return render_versions(x, w, site, &custom, e, err);
}

static bool is_of_version(const char *path, const char *version, struct hp_pool *pool)
{
	return hp_str_starts(path, hp_pprintf(pool, HP_PHP_ETC "/%s/", version)) ||
	       hp_str_starts(path, hp_pprintf(pool, HP_SYSTEMD_DIR "/php%s-fpm@", version));
}

/* A version was uninstalled that sites are still on: what is theirs stays until it is back. */
static void keep_uninstalled(struct hp_engine *x, struct hp_emit *e)
{
	const struct hp_mfile *m;
	struct hp_strv gone = {0}, versions;
	size_t i, j;

	for (i = 0; i < x->old.n; i++) {
		hp_msite_versions(x->scratch, &x->old.sites[i], &versions);
		for (j = 0; j < versions.n; j++)
			if (!hp_php_find(&mine(x)->list, versions.v[j]) &&
				!hp_strv_has(&gone, versions.v[j]))
				hp_strv_add_ref(x->scratch, &gone, versions.v[j]);
	}
	for (m = x->old.own.files; m; m = m->next)
		for (i = 0; m->part == HP_PART_PHP && i < gone.n; i++)
			if (is_of_version(m->path, gone.v[i], x->scratch))
				hp_emit_as_is(e, m);
}

int hp_php_part_render_node(struct hp_engine *x, struct hp_emit *e, struct hp_err *err)
{
	struct hp_php_part *p = mine(x);
	struct hp_php_file *f;
	size_t i, n;

	if (hp_php_version_files(x->round, &p->list, x->o->conf, x->tmpl,
		    x->live ? hp_instances_units(&p->in) : HP_PHP_NO_UNITS, &f, &n, err) < 0)
		return err->code;
	p->files = f;
	p->n_files = n;
	for (i = 0; i < n; i++)
		hp_emit_file(e, f[i].path, 0644, 0, false, f[i].text, f[i].len);
	keep_uninstalled(x, e);
	return 0;
}
