/* What OpenLiteSpeed does of its own accord: to its files' owners, to logs, and to names. */
#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "node/folders.h"
#include "node/web.h"
#include "base/str.h"
#include "model/state.h"

/* ---- whose its configuration is ---- */
/* Its web administration's user; none: it leaves its folders as they are. */
#define ETC "/usr/local/lsws/conf"
#define OWN_NAME "hosting-panel"
#define OWNER "lsadm"
#define CONF_MODE 0750
#define DEEPEST 32

static bool is_handed_over(const char *dir, uid_t uid, gid_t gid)
{
	struct stat st;

	return stat(dir, &st) < 0 ||
		(st.st_uid == uid && st.st_gid == gid && (st.st_mode & 0777) == CONF_MODE);
}

static int hand_over(int parent, const char *name, uid_t uid, gid_t gid, unsigned depth);

/* All but what is ours: our folder, and what is staged at this moment. */
static int hand_over_below(DIR *d, uid_t uid, gid_t gid, unsigned depth)
{
	struct dirent *e;
	int rc = 0;

	while (!rc && (e = readdir(d)))
		if (!hp_streq(e->d_name, ".") && !hp_streq(e->d_name, "..") &&
			!hp_streq(e->d_name, HP_STAGE_NAME) &&
			!(depth == 0 && hp_streq(e->d_name, OWN_NAME)))
			rc = hand_over(dirfd(d), e->d_name, uid, gid, depth + 1);
	return rc;
}

static int hand_over(int parent, const char *name, uid_t uid, gid_t gid, unsigned depth)
{
	int fd = openat(parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), rc;
	struct stat st;
	DIR *d;

	/* a link stays whose it is; gone is gone */
	if (fd < 0)
		return errno == ELOOP || errno == ENOENT || errno == ENXIO ? 0 : -1;
	rc = fstat(fd, &st);
	/* which may be the same as a file elsewhere */
	if (!rc && (S_ISDIR(st.st_mode) || (S_ISREG(st.st_mode) && st.st_nlink == 1)))
		rc = fchown(fd, uid, gid);
	if (rc || !S_ISDIR(st.st_mode)) {
		close(fd);
		return rc;
	}
	d = fchmod(fd, CONF_MODE) < 0 || depth > DEEPEST ? NULL : fdopendir(fd);
	if (!d) {
		close(fd);
		return -1;
	}
	rc = hand_over_below(d, uid, gid, depth);
	closedir(d);
	return rc;
}

/*
 * When one of these is not its administration's and its group's, it makes everything below theirs
 * and open to them at its start: websites' keys, and what stands in our files is "changed by hand".
 * The group is another one as soon as we write it into httpd_config.conf. So we do that, and leave
 * out what is ours.
 */
static int give_folders(struct hp_engine *x, struct hp_err *err)
{
	static const char *const dirs[] = {ETC, ETC "/templates", ETC "/vhosts"};
	struct passwd *owner = getpwnam(OWNER);
	gid_t gid = hp_part_web_gid(x);
	size_t i;

	for (i = 0; owner && i < HP_ARRAY_SIZE(dirs); i++)
		if (!is_handed_over(dirs[i], owner->pw_uid, gid))
			return hand_over(AT_FDCWD, ETC, owner->pw_uid, gid, 0) == 0
				? 0 : hp_err_errno(err, HP_E_OS, errno,
					ETC " can't be given to " OWNER);
	return 0;
}

/* ---- logs ---- */
/* acl(5), as the kernel takes it: version 2, then these in the order of their tags. */
struct acl_entry {
	uint16_t tag, perm;
	uint32_t id;
};
enum { ACL_OWNER = 1, ACL_ITS_GROUP = 4, ACL_GROUP = 8, ACL_MASK = 16, ACL_OTHERS = 32 };

/* The website's, as folders.c makes it, and the web servers' group may go through. */
static int let_through(int dir, gid_t web)
{
	static const unsigned all[][2] = {{ACL_OWNER, 7}, {ACL_ITS_GROUP, 5}, {ACL_GROUP, 1},
		{ACL_MASK, 5}, {ACL_OTHERS, 0}};
	struct {
		uint32_t version;
		struct acl_entry v[HP_ARRAY_SIZE(all)];
	} acl = {.version = htole32(2)};
	size_t i;

	for (i = 0; i < HP_ARRAY_SIZE(all); i++)
		acl.v[i] = (struct acl_entry){
			.tag = htole16((uint16_t)all[i][0]),
			.perm = htole16((uint16_t)all[i][1]),
			.id = all[i][0] == ACL_GROUP ? htole32(web) : UINT32_MAX,
		};
	return fsetxattr(dir, "system.posix_acl_access", &acl, sizeof(acl), 0);
}

/*
 * Its workers close a website's logs each second and open them anew when there is a line, which is
 * lost where their user may not come. A file system without such lists has no better to offer.
 */
static int open_logs(struct hp_engine *x, struct hp_err *err)
{
	const char *path;
	size_t i;

	for (i = 0; i < x->n_sites; i++) {
		int fd _cleanup_close_ = -1;

		path = hp_folders_logs(x->round, x->sites[i].domain);
		fd = openat(x->rootfd, hp_rel(path),
			O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if ((fd < 0 && errno != ENOENT) ||
			(fd >= 0 && let_through(fd, hp_part_web_gid(x)) < 0 &&
				errno != EOPNOTSUPP))
			return hp_err_errno(err, HP_E_OS, errno,
				"%s can't be opened to web servers", path);
	}
	return 0;
}

int hp_openlitespeed_make(struct hp_engine *x, struct hp_err *err)
{
	return give_folders(x, err) < 0 ? err->code : open_logs(x, err);
}

/* ---- names ---- */
struct name {
	const char *name; /* without "www." */
	struct hp_wish *w;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct name *)a)->name, ((const struct name *)b)->name);
}

static size_t add_names(struct hp_engine *x, struct hp_wish *w, struct name *v)
{
	struct hp_err ignored = HP_ERR_INIT;
	const char *name;
	struct hp_site site;
	size_t i, n = 0;

	hp_pool_reset(x->scratch);
	if (!w->line || hp_state_parse_site(x->scratch, w->line, w->len, &site, &ignored) < 0)
		return 0;
	for (i = 0; i <= site.aliases.n; i++) {
		name = i < site.aliases.n ? site.aliases.v[i] : w->domain;
		if (hp_str_starts(name, "www."))
			name += 4;
		v[n++] = (struct name){hp_pstrdup(x->round, name), w};
	}
	return n;
}

/* Of two websites the one that changes has to do without. */
static int are_one(struct hp_engine *x, const struct name *a, const struct name *b,
	struct hp_err *err)
{
	struct hp_wish *w = hp_wish_moves(b->w) ? b->w : a->w;

	if (a->w == b->w || strcmp(a->name, b->name) != 0 || !hp_wish_moves(w))
		return 0;
	hp_err_set(err, HP_E_EXISTS,
		"openlitespeed can't have %s and www.%s as names of two websites: the other one is %s",
		a->name, a->name, w == a->w ? b->w->domain : a->w->domain);
	hp_err_hint(err, "give both names to one website, or serve them with another server");
	return hp_blame(x, w, HP_IS_REFUSED, err);
}

/*
 * It takes "www." off whatever names are configured and asked for; of two websites the last would
 * have both, whose ever the first one's name is.
 */
int hp_openlitespeed_names(struct hp_engine *x, const struct hp_web_server *s, struct hp_err *err)
{
	struct hp_wish *w;
	struct name *v = NULL, *more;
	size_t i, n = 0, room = 0;
	bool moves = false;
	int rc = 0;

	for (i = 0; i < x->n_sites; i++)
		moves |= hp_wish_moves(&x->sites[i]);
	for (i = 0; moves && i < x->n_sites; i++) {
		w = &x->sites[i];
		if (!w->now || w->outcome != HP_IS_FINE || !hp_web_has_files(x, w->now->files, s))
			continue;
		if (n + HP_SITE_ALIASES_MAX + 1 > room) {
			room = 2 * room + HP_SITE_ALIASES_MAX + 1;
			more = hp_palloc(x->round, room * sizeof(*v));
			if (n)
				memcpy(more, v, n * sizeof(*v));
			v = more;
		}
		n += add_names(x, w, v + n);
	}
	if (n)
		qsort(v, n, sizeof(*v), by_name);
	for (i = 1; i < n && !rc; i++)
		rc = are_one(x, &v[i - 1], &v[i], err);
	return rc;
}

/* ---- what it shows who asks for no website's name ---- */
/* As it will be after the switch. */
static bool is_whole(struct hp_engine *x, const struct hp_web_server *s, const char *suffix)
{
	struct hp_buf is _cleanup_buf_ = HP_BUF_INIT, should _cleanup_buf_ = HP_BUF_INIT;
	const char *path = hp_pprintf(x->round, "%s/nobody%s", s->is->own, suffix);
	const char *staged = hp_stage_path(x, x->round, false, path);
	struct hp_err ignored = HP_ERR_INIT;

	if (faccessat(x->rootfd, hp_rel(staged), F_OK, 0) == 0)
		return true;
	return hp_file_read(hp_engine_path(x, x->round, path), 65536, &is, &ignored) == 0 &&
		hp_file_read(hp_engine_path(x, x->round,
				     hp_pprintf(x->round, HP_WEB_NOBODY "%s", suffix)),
			65536, &should, &ignored) == 0 &&
		hp_streq(hp_buf_str(&is), hp_buf_str(&should));
}

/*
 * With a listener's certificate that is none the listener is gone after a reload, and all websites'
 * TLS with it; its test looks at none.
 */
int hp_openlitespeed_listener(
	struct hp_engine *x, const struct hp_web_server *s, struct hp_err *err)
{
	if (!s->front || !hp_web_any_tls(x) || (is_whole(x, s, ".crt") && is_whole(x, s, ".key")))
		return 0;
	hp_err_set(err, HP_E_REFUSED,
		"%s would take no TLS connection any more: %s/nobody.crt and .key, its listener's, "
		"were changed by hand",
		s->is->name, s->is->own);
	return hp_err_hint(err, "take them back with: hp-vhost apply --force");
}
