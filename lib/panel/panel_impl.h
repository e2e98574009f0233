/* What the files of the control plane share; nobody else includes this. */
#ifndef HP_PANEL_PANEL_IMPL_H
#define HP_PANEL_PANEL_IMPL_H

#include "base/str.h"
#include "panel/panel.h"

/* ---- open.c ---- */
/*
 * One transaction, and one at a time: the trail is one chain. fn is called again after bad luck: it
 * must set its results anew each time. With
 * dry_run it is rolled back and 0 is returned. Whatever tenant fn chose is forgotten afterwards.
 */
int hp_panel_tx(struct hp_panel *p, int (*fn)(struct hp_panel *p, void *arg, struct hp_err *err),
	void *arg, struct hp_err *err);
/*
 * The same for a note that nobody's request may wait for or fail on: best effort, in no trail, and
 * left out by who rehearses.
 */
void hp_panel_note(struct hp_panel *p,
	int (*fn)(struct hp_panel *p, void *arg, struct hp_err *err), void *arg);
/* Statements of scope tenant run as this one from here on; a tenant who acts stays himself. */
void hp_panel_as(struct hp_panel *p, int64_t tenant);
void hp_panel_as_self(struct hp_panel *p);
/* The url from the configuration. */
const char *hp_panel_url(const struct hp_conf *conf);
/* Who acts, given where the database is. p->pool and p->sysroot are set. */
void hp_panel_find_actor(struct hp_panel *p, const char *url);

/*
 * The object as it was just read to be changed: is it what p->if_revision says, and has p->guard
 * nothing against it? HP_E_EXISTS.
 */
int hp_panel_may_begin_with(const struct hp_panel *p, const struct hp_field_table *t,
	const char *const *v, const struct hp_strv *aliases, const char *name, struct hp_err *err);

/* ---- may.c ---- */
/* One assignment of a request: HP_FF_READONLY, HP_FF_CREATE (unless creating), HP_FF_OPERATOR. */
int hp_may_assign(
	const struct hp_actor *a, const struct hp_field *f, bool creating, struct hp_err *err);
/* Does it run for others: the operator, or the panel's own user? HP_E_DENIED. */
int hp_may_speak(const struct hp_actor *host, struct hp_err *err);
/* Is it one that may be done by somebody? By somebody else than the operator? */
bool hp_verb_is_known(const char *verb);
bool hp_verb_is_users(const char *verb);
/* Is what it is done with a website? */
bool hp_verb_is_of_site(const char *verb);
/* May a reseller be granted it? */
bool hp_may_be_granted(const char *verb);
/* What may, in order, with spaces between. */
const char *hp_verbs_to_grant(struct hp_pool *pool);
/* The operator, or the admin of his tenant. */
bool hp_is_above_users(const struct hp_actor *a);
/* Whose websites and users statements of scope tenant see (:mine): 0 for all of the tenant's. */
int64_t hp_mine(const struct hp_actor *a);

/* ---- audit.c ---- */
/* One object as JSON (NULL: was not there), with the fields that differ from other, or all of them.
 */
const char *hp_audit_json(struct hp_pool *pool, const struct hp_field_table *t,
	const char *const *v, const char *const *other, const struct hp_strv *aliases);
int hp_audit_add(struct hp_panel *p, int64_t tenant, const char *verb, const char *object,
	const char *before, const char *after, const char *note, struct hp_err *err);

/* The entry, if the actor may know of it: 1, or 0 for none. ret lives as long as *ret_st. */
int hp_audit_get(struct hp_panel *p, int64_t id, struct hp_stmt **ret_st, struct hp_audit_row *ret,
	struct hp_err *err);

/* ---- audit_chain.c ---- */
/* Columns of an entry, in the order of the catalog. */
enum {
	HP_AUDIT_ID, HP_AUDIT_AT, HP_AUDIT_TENANT, HP_AUDIT_ACTOR, HP_AUDIT_SOURCE, HP_AUDIT_VERB,
	HP_AUDIT_OBJECT, HP_AUDIT_OUTCOME, HP_AUDIT_BEFORE, HP_AUDIT_AFTER, HP_AUDIT_NOTE,
	HP_AUDIT_REQUEST, HP_AUDIT_COLS
};
struct hp_audit_entry {
	int64_t tenant; /* 0: above tenants */
	const char *actor, *source, *verb, *object, *outcome, *before, *after, *note;
};
struct hp_audit_head {
	int64_t first, last, left_out, left_out_since;
	char hash[HP_DIGEST_HEX];
};
#define HP_DENIALS_S 60 /* so many of them within that time are written down (denied.c) */
/* In hp_panel_tx(), which has taken the lock. */
int hp_audit_write(struct hp_panel *p, const struct hp_audit_entry *e, struct hp_err *err);
int hp_audit_lock(struct hp_panel *p, struct hp_err *err);
int hp_audit_head_get(struct hp_panel *p, struct hp_audit_head *ret, struct hp_err *err);
int hp_audit_leave_out(struct hp_panel *p, int64_t left_out, int64_t since, struct hp_err *err);

/* ---- denied.c ---- */
/* The same for a denial, if there is room for it. */
int hp_audit_deny(struct hp_panel *p, const struct hp_audit_entry *e, struct hp_err *err);
/* In a transaction of its own, which may fail. */
void hp_audit_denied(struct hp_panel *p, struct hp_audit_entry *e);

/* ---- node.c ---- */
int hp_node_find(struct hp_panel *p, const char *name, int64_t *ret_id, struct hp_err *err);
int hp_node_raise(struct hp_panel *p, int64_t node_id, struct hp_err *err);
int hp_node_generation(struct hp_panel *p, int64_t node_id, int64_t *ret, struct hp_err *err);

/* ---- tenant.c ---- */
/*
 * HP_E_NOT_FOUND for an unknown one and for one that the actor may not see. lock: inside a
 * transaction that will change it, or count what it has; others who do so wait.
 */
int hp_tenant_find(struct hp_panel *p, struct hp_pool *pool, const char *subdomain, bool lock,
	struct hp_tenant *ret, struct hp_err *err);
int64_t hp_tenant_id(const struct hp_tenant *t);
/* Of a user who acts, his own; whatever he may. */
int hp_tenant_own(struct hp_panel *p, struct hp_pool *pool, struct hp_tenant *ret,
	struct hp_err *err);
/* Changes of the tenant's users, and who counts what it has, wait for each other from here on. */
int hp_tenant_lock(struct hp_panel *p, int64_t id, struct hp_err *err);
/*
 * The tenant that something new belongs to where none is named: the actor's own, or the only one.
 * what: "website".
 */
int hp_tenant_default(struct hp_panel *p, struct hp_pool *pool, const char *what,
	const char **ret, struct hp_err *err);
/* How many websites the tenant has as whom statements run. */
int hp_tenant_sites(struct hp_panel *p, int64_t *ret, struct hp_err *err);

/* ---- user_row.c ---- */
struct hp_user_row {
	struct hp_user u;
	int64_t id, tenant_id, parent_id;
	const char *tenant; /* its subdomain */
};
/* Does the user act as the operator? Then he is nobody whom a tenant knows of. */
bool hp_user_is_operator(const struct hp_user *u);
/* In whose trail stands what is done to him: his tenant's, or nobody's but the operator's. */
int64_t hp_user_trail(const struct hp_user_row *r);
void hp_user_from_row(struct hp_stmt *st, struct hp_pool *pool, struct hp_user_row *ret);
/* Among those that the actor may know of; judged by nobody yet. HP_E_NOT_FOUND. */
int hp_user_look(struct hp_panel *p, struct hp_pool *pool, const char *username,
	struct hp_user_row *ret, struct hp_err *err);
/* Judged for verb; statements of scope tenant run as the user's tenant from here on. */
int hp_user_find(struct hp_panel *p, struct hp_pool *pool, const char *username, const char *verb,
	struct hp_user_row *ret, struct hp_err *err);
/* Who acts when this user does, a sub-client with the grants of his reseller; in pool. */
int hp_user_become(struct hp_panel *p, struct hp_pool *pool, const struct hp_user_row *r,
	struct hp_actor *ret, struct hp_err *err);

/* ---- user_change.c ---- */
/* A key would be as strong as whoever it could raise, or whose password it could set. */
int hp_user_key_fits(struct hp_panel *p, const struct hp_user *before, const struct hp_user *after,
	struct hp_err *err);

/* ---- key.c ---- */
struct hp_key_row {
	struct hp_key k;
	int64_t id, user_id, tenant_id, parent_id;
	int64_t trail; /* hp_user_trail() of its user */
	const char *hash;
};
/* Among those that the actor may know of; judged by nobody yet. 1, or 0 for none. */
int hp_key_look(struct hp_panel *p, struct hp_pool *pool, const char *key, struct hp_key_row *ret,
	struct hp_err *err);
/* Judged for verb, and likewise HP_E_NOT_FOUND. */
int hp_key_find(struct hp_panel *p, struct hp_pool *pool, const char *key, const char *verb,
	struct hp_key_row *ret, struct hp_err *err);

/* ---- key_use.c ---- */
/* Act as the key's user, with what the key may, if it is good for that address (NULL: any). */
int hp_key_act(struct hp_panel *p, const char *key, const char *address, const char *source,
	struct hp_err *err);

/* ---- session.c ---- */
/* In a transaction, as the user's tenant. */
int hp_session_begin(struct hp_panel *p, const struct hp_user_row *u, const char *address,
	struct hp_token *t, struct hp_err *err);
/* May the actor do that to the session? As hp_session_revoke() asks. */
int hp_session_judge(struct hp_panel *p, struct hp_pool *pool, const char *session,
	const char *verb, struct hp_err *err);
int hp_session_end_all(struct hp_panel *p, int64_t user, struct hp_err *err);
/* All of a user's, in a transaction, as the user's tenant. */
int hp_key_remove_all(struct hp_panel *p, int64_t user, struct hp_err *err);

/* ---- second.c ---- */
struct hp_factor {
	char secret[HP_TOTP_SECRET_SIZE]; /* wipe it */
	int64_t last_step; /* its code and those before it are used up */
	bool counts;
};
/* Statements run as the user's tenant already. 1, or 0 for none. */
int hp_factor_get(struct hp_panel *p, int64_t user, struct hp_factor *ret, struct hp_err *err);
/* With its recovery codes. */
int hp_factor_remove(struct hp_panel *p, int64_t user, struct hp_err *err);
/*
 * In a transaction that holds the tenant: the code is used up, if it is right. 1, or 0 when it is
 * not. *ret_left: of a recovery code, how many there are still; else -1.
 */
int hp_factor_use(struct hp_panel *p, int64_t user, const struct hp_factor *f, const char *code,
	int64_t *ret_left, struct hp_err *err);

/* ---- login.c ---- */
/* A name that is given anew has no failures. */
int hp_login_forget(struct hp_panel *p, const char *username, struct hp_err *err);

/* ---- open.c, for key_use.c and the like ---- */
/* Act as that user, unless he or his tenant is suspended. key may be NULL. */
int hp_panel_become(struct hp_panel *p, const char *username, const struct hp_key *key,
	int64_t key_id, const char *source, struct hp_err *err);

/* ---- site_row.c ---- */
/* Columns of the view websites from column first on; copied into pool. */
void hp_site_from_row(struct hp_stmt *st, unsigned first, struct hp_pool *pool, struct hp_site *s);
/* The website and its node's id; statements of scope tenant run as its tenant from here on. */
int hp_site_find(struct hp_panel *p, struct hp_pool *pool, const char *domain, const char *verb,
	bool lock, struct hp_site *ret, int64_t *ret_node_id, struct hp_err *err);
/*
 * Whose it is, as it was changed from "before" (NULL: it is new): may the actor do that, and who is
 * that? Statements run as the website's tenant already. HP_E_NOT_FOUND "owner: …".
 */
int hp_site_owner_check(struct hp_panel *p, struct hp_pool *pool, const struct hp_site *before,
	const struct hp_site *s, int64_t *ret_user, struct hp_err *err);
/* user_id 0: the tenant's. */
int hp_site_owner_write(
	struct hp_panel *p, const struct hp_site *s, int64_t user_id, struct hp_err *err);
/* Bind the settings of website_configs. */
void hp_site_bind(struct hp_stmt *st, const struct hp_site *s);
/* The A-label of what somebody wrote. */
int hp_site_name(struct hp_pool *pool, const char *field, const char *name, bool wildcard,
	const char **ret, struct hp_err *err);
bool hp_site_same_names(const struct hp_site *a, const struct hp_site *b);
bool hp_site_same(const struct hp_site *a, const struct hp_site *b);

/* ---- site_add.c ---- */
/* A website that was removed, as it was, under its own id: judged, counted and checked as a new
 * one. */
int hp_site_bring_back(struct hp_panel *p, struct hp_pool *pool, const char *tenant,
	const struct hp_site *s, struct hp_site_change *ret, struct hp_err *err);

/* ---- site_write.c ---- */
/* HP_E_NOT_FOUND, with a hint whose further name it is. */
int hp_site_unknown(struct hp_panel *p, const char *name, struct hp_err *err);
/* HP_E_EXISTS saying whose the name is, as far as the actor may know it. */
int hp_site_name_free(
	struct hp_panel *p, const char *field, const char *name, struct hp_err *err);
int hp_site_user_free(struct hp_panel *p, const char *user, int64_t node_id, struct hp_err *err);
int hp_site_name_add(struct hp_panel *p, const struct hp_site *s, const char *name, bool is_alias,
	struct hp_err *err);
int hp_site_name_remove(
	struct hp_panel *p, const struct hp_site *s, const char *name, struct hp_err *err);
int hp_site_config_write(
	struct hp_panel *p, enum hp_sql statement, const struct hp_site *s, struct hp_err *err);
int hp_site_touch(struct hp_panel *p, const struct hp_site *s, struct hp_err *err);
int hp_site_delete(struct hp_panel *p, const struct hp_site *s, struct hp_err *err);
int hp_site_put_back(
	struct hp_panel *p, const struct hp_site *s, int64_t node_id, struct hp_err *err);
/* PHP is asked of this host for websites of this host's node. */
int hp_site_php_ok(struct hp_panel *p, const struct hp_site *s, struct hp_err *err);
/* Raise the node if what it must know has changed; audit; fill the change's last members. */
int hp_site_changed(struct hp_panel *p, const char *verb, struct hp_pool *pool, int64_t node_id,
	struct hp_site_change *c, const char *note, struct hp_err *err);

/* In front of a password's hash: "once:", until when (seconds since 1970), ":". */
#define HP_ONCE "once:"

#endif
