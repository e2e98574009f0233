/*
 * The control plane: who may change what, one transaction per change, an audit
 * row in the same transaction, and the state document for a node. Never touches
 * a server's file; never includes lib/node.
 *
 * Every function that changes something: authorises the actor, validates through
 * the field table, changes rows, writes the audit row, raises the generation of
 * the node concerned; all in one transaction.
 */
#ifndef HP_PANEL_PANEL_H
#define HP_PANEL_PANEL_H

#include "base/err.h"
#include "base/pool.h"
#include "db/db.h"
#include "model/key.h"
#include "model/site.h"
#include "model/session.h"
#include "model/user.h"
#include "panel/token.h"
#include "sys/conf.h"
#include "sys/digest.h"
#include "sys/totp.h"

/* ---- who acts ---- */
enum hp_actor_kind {
	HP_ACTOR_NOBODY,    /* may nothing */
	HP_ACTOR_OPERATOR,  /* above all tenants: root, or who owns the database's folder; or a user
			       (user_id) of whom root has said so, within his key */
	HP_ACTOR_USER,      /* a user of the panel, by his role */
	HP_ACTOR_SERVICE,   /* the panel's own user: acts for users, and does what that entails */
};
enum hp_role {
	HP_ROLE_CLIENT,   /* own websites */
	HP_ROLE_RESELLER, /* what was granted, with own websites and those of sub-clients */
	HP_ROLE_ADMIN,    /* all of one tenant */
};
struct hp_actor {
	enum hp_actor_kind kind;
	enum hp_role role;      /* this and the next four: of a user */
	int64_t tenant_id, user_id; /* user_id 0: no user */
	int64_t parent_id;      /* a sub-client's reseller; 0 for none */
	const char *grants;     /* JSON array: a reseller's, of a sub-client his reseller's */
	const struct hp_key *key; /* what was asked with, and bounds it; NULL: the user himself */
	int64_t key_id;
	const char *name;       /* for the audit trail: "root", "alice" */
	const char *source;     /* address or "shell" */
	bool has_password;      /* of a user; who came in by one for once has none */
};

struct hp_panel {
	struct hp_pool *home;    /* lives as long as the panel */
	struct hp_pool *pool;    /* likewise, or until hp_panel_rest() */
	struct hp_db *db;
	const struct hp_conf *conf;
	const char *sysroot;
	struct hp_actor actor;
	struct hp_actor host;    /* who runs the program, whoever he acts as */
	struct hp_actor refused; /* who was not let in; name NULL: nobody was refused that */
	bool dry_run;            /* everything is done and checked, then rolled back */
	/* With dry_run: asked in between, in the same transaction; what it refuses is refused. */
	int (*rehearsed)(void *arg, struct hp_err *err);
	void *rehearsed_arg;
	/*
	 * Website, tenant or user, what is changed must be this revision still
	 * (hp_field_revision()), as the same transaction reads it: else HP_E_EXISTS, and nothing
	 * is. NULL: whatever it is.
	 */
	const char *if_revision;
	bool read_only;
	const char *request_id; /* in the audit trail; made when it is wanted first */
	const char *note;       /* of entries in the audit trail that bring none, or NULL */
	/*
	 * Asked within the transaction that changes an object, of the object as it was found: 0, or
	 * what is wrong with changing that. aliases: of a website. NULL: nothing is asked.
	 */
	int (*guard)(const void *arg, const char *const *v, const struct hp_strv *aliases,
		struct hp_err *err);
	const void *guard_arg;
	/*
	 * Set by the program, since only the node knows: is this PHP version installed here?
	 * 0, or HP_E_USAGE and why not ("php_version: …"). Asked for websites of this host's node
	 * only. NULL: any version is taken. php_default: for websites made without one, or NULL.
	 */
	int (*php_ok)(void *arg, const char *version, struct hp_err *err);
	void *php_ok_arg;
	const char *php_default;
	const char *server_default; /* likewise the web server; NULL: nginx */
};
/*
 * Opens the configured database, finds out who acts, refuses a schema that is not
 * this build's (HP_E_CONF, hint: hp-db migrate).
 */
int hp_panel_open(const char *sysroot, const struct hp_conf *conf, struct hp_panel **ret,
	struct hp_err *err);
/* The same for programs that only read: costs less, and changing something is HP_E_DENIED. */
int hp_panel_open_read(const char *sysroot, const struct hp_conf *conf, struct hp_panel **ret,
	struct hp_err *err);
void hp_panel_close(struct hp_panel *p);
/*
 * Between two requests of a process that stays: nobody is acted for any more, and what was found
 * out on the way is forgotten.
 */
void hp_panel_rest(struct hp_panel *p);
static inline void hp_cleanup_panel(struct hp_panel **p)
{
	hp_panel_close(*p);
}
#define _cleanup_panel_ _cleanup_(hp_cleanup_panel)

/*
 * Act as a user of the panel from here on: as "alice", or "alice@192.0.2.1" to say where from the
 * request came, or "key:NAME@192.0.2.1" with what that key may. The operator and the
 * panel's own user may; HP_E_DENIED
 * for a user who is suspended or whose tenant is, and for a key that is no good; HP_E_NOT_FOUND.
 */
int hp_panel_act(struct hp_panel *p, const char *who, struct hp_err *err);
/*
 * What the request is called that is served, in the audit trail: letters, digits and . _ : - The
 * operator's alone to say.
 */
#define HP_REQUEST_MAX 64
int hp_panel_request(struct hp_panel *p, const char *id, struct hp_err *err);
/*
 * An entry in the audit trail: whoever acts was refused that, for that reason; nothing for other
 * reasons than that he may not, or that there is no such thing for him, and for the operator.
 * Behind it a panel that was opened for reading is good for being closed only. Whether it could be
 * written is told to nobody: the answer is the same.
 */
void hp_panel_denied(
	struct hp_panel *p, const char *verb, const char *object, const struct hp_err *why);
/*
 * Between the two the program does for itself what a user's change entails: it exports the state,
 * notes what became of it, takes back what the node refused. They may nest.
 */
struct hp_actor hp_panel_begin_own(struct hp_panel *p);
void hp_panel_end_own(struct hp_panel *p, const struct hp_actor *was);

/* This host's node: [node] name, or the host name's first label, lower case. */
int hp_panel_node_name(struct hp_pool *pool, const struct hp_conf *conf, const char **ret,
	struct hp_err *err);

/* ---- setting up ---- (lib/panel/setup.c; needs no schema yet) */
struct hp_panel_setup {
	const char *url;        /* without password */
	const char *backend;    /* "sqlite" … */
	const char *server_version;
	const char *node;
	int schema_before, schema_after, schema_want;
	bool changed;
	bool wrote_conf;        /* [database] url went into the configuration file */
	uint64_t latency_us;    /* info only */
};
/*
 * Folders, database, tables, this host's node. url NULL: the configured one. A url is written to
 * the configuration file (0640) when that has none; HP_E_EXISTS when it has another one. Again:
 * changes nothing. on_step (may be NULL) hears of each migration. dry_run: only what would be done.
 */
int hp_panel_init(struct hp_pool *pool, const char *sysroot, const struct hp_conf *conf,
	const char *url, bool dry_run, void (*on_step)(void *arg, int n, const char *title),
	void *arg, struct hp_panel_setup *ret, struct hp_err *err);
/* Bring an existing database's schema to this build's. */
int hp_panel_migrate(struct hp_pool *pool, const char *sysroot, const struct hp_conf *conf,
	bool dry_run, void (*on_step)(void *arg, int n, const char *title), void *arg,
	struct hp_panel_setup *ret, struct hp_err *err);
int hp_panel_info(struct hp_pool *pool, const char *sysroot, const struct hp_conf *conf,
	struct hp_panel_setup *ret, struct hp_err *err);

/* ---- may they? ---- (lib/panel/may.c: the one function) */
/* Whose an object is; each 0 for none. */
struct hp_object {
	int64_t tenant; /* 0: above tenants, or not there */
	int64_t owner;  /* of a website, its user; of a user, himself */
	int64_t parent; /* that user's reseller */
	const char *site; /* of a website: its domain */
	bool any;         /* whichever of his own the actor may do it to */
};
/*
 * verb as "site:set". 0, or HP_E_DENIED with the reason. A foreign object and an unknown one get
 * the same answer from the functions below: HP_E_NOT_FOUND, same text.
 */
int hp_may(const struct hp_actor *a, const char *verb, const struct hp_object *o,
	struct hp_err *err);
/* Before anything is looked up: may this actor do that to anything at all? */
int hp_may_begin(const struct hp_actor *a, const char *verb, struct hp_err *err);

/* ---- tenants ---- */
int hp_tenant_add(struct hp_panel *p, const char *subdomain, const struct hp_assign *a, size_t n,
	struct hp_tenant *ret, struct hp_err *err);
int hp_tenant_get(struct hp_panel *p, struct hp_pool *pool, const char *subdomain,
	struct hp_tenant *ret, struct hp_err *err);
int hp_tenant_each(struct hp_panel *p,
	int (*fn)(void *arg, const struct hp_tenant *t, int64_t sites, struct hp_err *err),
	void *arg, struct hp_err *err);
/* *ret_changed: false when all values were so already. */
int hp_tenant_set(struct hp_panel *p, const char *subdomain, const struct hp_assign *a, size_t n,
	bool *ret_changed, struct hp_err *err);
/* status "active" or "suspended"; its sites follow on their nodes. */
int hp_tenant_status(struct hp_panel *p, const char *subdomain, const char *status,
	bool *ret_changed, struct hp_err *err);
/* Refused (HP_E_EXISTS, says how many) while it has websites or users. */
int hp_tenant_remove(struct hp_panel *p, const char *subdomain, struct hp_err *err);

/* ---- users ---- */
/*
 * tenant: subdomain; NULL for the actor's own, or the only one there is. A password (of a) must be
 * good enough (hp_password_check()) and is kept as a yescrypt hash.
 */
int hp_user_add(struct hp_panel *p, const char *username, const char *tenant,
	const struct hp_assign *a, size_t n, struct hp_user *ret, struct hp_err *err);
int hp_user_get(struct hp_panel *p, struct hp_pool *pool, const char *username,
	struct hp_user *ret, const char **ret_tenant, struct hp_err *err);
struct hp_user_filter {
	const char *tenant, *role, *status; /* NULL = all */
};
int hp_user_each(struct hp_panel *p, const struct hp_user_filter *f,
	int (*fn)(void *arg, const struct hp_user *u, const char *tenant, struct hp_err *err),
	void *arg, struct hp_err *err);
int hp_user_set(struct hp_panel *p, const char *username, const struct hp_assign *a, size_t n,
	bool *ret_changed, struct hp_err *err);
/* *ret_changed: false when it was that one already. */
int hp_user_passwd(struct hp_panel *p, const char *username, const char *password,
	bool *ret_changed, struct hp_err *err);
/* The same, of one that lets in once, within a day: who came in by it sets his own then. */
int hp_user_passwd_once(struct hp_panel *p, const char *username, const char *password,
	bool *ret_changed, struct hp_err *err);
/* "active" or "suspended": may he log in, and may anybody act as him? His websites go on. */
int hp_user_status(struct hp_panel *p, const char *username, const char *status,
	bool *ret_changed, struct hp_err *err);
/* Refused (HP_E_EXISTS, says how many) while the user owns websites or has sub-clients. */
int hp_user_remove(struct hp_panel *p, const char *username, struct hp_err *err);
/*
 * May that user do verb to object (a domain, a user's name, a tenant, as the verb wants it; NULL:
 * to anything)? 0, or HP_E_NO and why, in the words that the user himself would be told.
 */
int hp_user_can(struct hp_panel *p, const char *username, const char *verb, const char *object,
	struct hp_err *err);

/* ---- API keys ---- */
struct hp_key_new {
	const char *name, *verbs, *sites, *from; /* as given; NULL: as hp_key_table says */
	int64_t expires_s; /* from now; 0: HP_KEY_EXPIRES_S */
};
/*
 * username NULL: the actor's own. Whoever acts with a key makes weaker ones of the same user only,
 * and what is not given is that key's. ret_token[] is not kept and can't be had again; wipe it.
 */
int hp_key_add(struct hp_panel *p, struct hp_pool *pool, const char *username,
	const struct hp_key_new *w, struct hp_key *ret, char ret_token[HP_TOKEN_SIZE],
	struct hp_err *err);
int hp_key_get(struct hp_panel *p, struct hp_pool *pool, const char *key, struct hp_key *ret,
	struct hp_err *err);
/* username NULL: all that the actor may see. */
int hp_key_each(struct hp_panel *p, const char *username,
	int (*fn)(void *arg, const struct hp_key *k, struct hp_err *err), void *arg,
	struct hp_err *err);
/* Those that it has made go with it. */
int hp_key_remove(struct hp_panel *p, const char *key, struct hp_err *err);
/*
 * Whose is the token, used from that address? From here on the key's user acts, with what the key
 * may; its last use is noted. Whatever is wrong with it: HP_E_DENIED, in the same words.
 */
int hp_key_login(struct hp_panel *p, const char *token, const char *address, struct hp_err *err);

/* ---- the second factor (lib/panel/second.c) ---- */
#define HP_TOTP_URI_SIZE 384
struct hp_totp { /* wipe it */
	char secret[HP_TOTP_SECRET_SIZE];
	char uri[HP_TOTP_URI_SIZE]; /* otpauth://…, what an authenticator takes as a picture */
};
/*
 * A secret that can't be had again. It counts when a code of it was confirmed; until then another
 * one takes its place. HP_E_EXISTS where one counts already.
 */
int hp_totp_enable(struct hp_panel *p, const char *username, struct hp_totp *ret,
	struct hp_err *err);
/* From here on a code is wanted at each login; sessions that were begun without one end. */
int hp_totp_confirm(
	struct hp_panel *p, const char *username, const char *code, struct hp_err *err);
/* Recovery codes go with it. *ret_changed: false when there was nothing. */
int hp_totp_disable(
	struct hp_panel *p, const char *username, bool *ret_changed, struct hp_err *err);
#define HP_RECOVERY_CODES 10
#define HP_RECOVERY_SIZE 24 /* four groups of five characters, 100 bits */
/* In the place of those there are; kept as hashes, each good once in the place of a code. */
int hp_recovery_make(struct hp_panel *p, const char *username,
	char ret[HP_RECOVERY_CODES][HP_RECOVERY_SIZE], struct hp_err *err);

/* ---- logging in (lib/panel/login.c), sessions ---- */
#define HP_CODE_SIZE 64
struct hp_login {
	const char *username, *password, *address;
	/*
	 * Called when the password is right and the user has a second factor: a code, or a recovery
	 * code; "" for none. In no transaction: it may take its time. NULL: there is none.
	 */
	int (*code)(void *arg, char ret[HP_CODE_SIZE], struct hp_err *err);
	void *arg;
};
/*
 * Whoever he is, from that address: a session, and its token, which is not kept; wipe it. For the
 * operator and the panel's own user alone, for whom a user speaks to. A wrong name and a wrong
 * password are HP_E_DENIED in the same words and the same time; after some failures of one name, or
 * from one address (of IPv6: one /64), nothing is looked at for longer and longer: HP_E_BUSY, says
 * how long. A wrong code is such a failure, too; one that is missing is HP_E_DENIED and none.
 */
int hp_login(struct hp_panel *p, const struct hp_login *l, char ret_token[HP_TOKEN_SIZE],
	struct hp_err *err);
/*
 * From here on the user acts whose session it is, from that address. Whatever is wrong with it:
 * HP_E_DENIED, in the same words. It ends when the password changes, too, and with the user.
 */
int hp_session_use(struct hp_panel *p, const char *token, const char *address,
	struct hp_session *ret, struct hp_err *err);
/* Those that are not over. username NULL: all that the actor may see. */
int hp_session_each(struct hp_panel *p, const char *username,
	int (*fn)(void *arg, const struct hp_session *s, struct hp_err *err), void *arg,
	struct hp_err *err);
int hp_session_revoke(struct hp_panel *p, const char *session, struct hp_err *err);

/* ---- requests that may come again (lib/panel/repeat.c) ---- */
/*
 * A client that has not heard the answer sends its request again, by the same name: then it is not
 * done twice, but told what it was answered with. Names are of the user's, for a day.
 */
struct hp_repeat {
	int64_t user_id;
	const char *key;     /* the name, as the client chose it, with what he asks by */
	const char *request; /* all that makes it this request and no other */
	size_t request_len;
	int status;          /* of its answer; out, and in for hp_repeat_end() */
	const char *body;    /* NULL: it was shown once; likewise */
};
/*
 * 1: it is the first time: hp_repeat_end() has to follow. 0: it was done already, *r says how it
 * was answered. HP_E_EXISTS: the name was of another request. HP_E_BUSY: it is being done.
 */
int hp_repeat_begin(struct hp_panel *p, struct hp_pool *pool, struct hp_repeat *r,
	struct hp_err *err);
/* status 0: as if it had never come, so that it can be tried again. */
int hp_repeat_end(struct hp_panel *p, const struct hp_repeat *r, struct hp_err *err);

/* ---- websites ---- */
/*
 * What a change did, so that it can be taken back when the node refuses it: the rows as they were
 * and as they are. before.v[HP_SITE_ID] NULL: was not there; after likewise. Lives in the pool
 * given.
 */
struct hp_site_change {
	struct hp_site before, after;
	bool changed;
	int64_t generation;     /* of the node, after it; only what the node must know raises it */
	const char *node;
	const char *note;       /* the caller's, for people; NULL */
};
int hp_site_add(struct hp_panel *p, struct hp_pool *pool, const char *domain, const char *tenant,
	const struct hp_assign *a, size_t n, const struct hp_strv *aliases,
	struct hp_site_change *ret, struct hp_err *err);
int hp_site_get(struct hp_panel *p, struct hp_pool *pool, const char *domain, struct hp_site *ret,
	struct hp_err *err);
/*
 * May the actor do verb to the website? 0; HP_E_NOT_FOUND as for any other verb. What is left of
 * one that is gone is the operator's.
 */
int hp_site_may(struct hp_panel *p, const char *domain, const char *verb, struct hp_err *err);
/* The subdomain of a website's tenant, and whether that is suspended. */
int hp_site_tenant(struct hp_panel *p, struct hp_pool *pool, const struct hp_site *s,
	const char **ret, bool *ret_suspended, struct hp_err *err);
/*
 * In order of domain. filter fields NULL = all. The site lives until fn returns. Here and in the
 * other hp_…_each(): where fn returns 1, the rest is not read, and all is well.
 */
struct hp_site_filter {
	const char *tenant;      /* subdomain */
	const char *php_version;
	const char *status;
	const char *web_server;
	const char *node;
};
int hp_site_each(struct hp_panel *p, const struct hp_site_filter *f,
	int (*fn)(void *arg, const struct hp_site *s, const char *tenant, struct hp_err *err),
	void *arg, struct hp_err *err);
int hp_site_set(struct hp_panel *p, struct hp_pool *pool, const char *domain,
	const struct hp_assign *a, size_t n, struct hp_site_change *ret, struct hp_err *err);
/* add and remove names; a name that any site of the node has already is HP_E_EXISTS. */
int hp_site_alias(struct hp_panel *p, struct hp_pool *pool, const char *domain,
	const struct hp_strv *add, const struct hp_strv *remove, struct hp_site_change *ret,
	struct hp_err *err);
int hp_site_status(struct hp_panel *p, struct hp_pool *pool, const char *domain, const char *status,
	struct hp_site_change *ret, struct hp_err *err);
int hp_site_remove(struct hp_panel *p, struct hp_pool *pool, const char *domain,
	struct hp_site_change *ret, struct hp_err *err);
/*
 * Take a change back because the node could not carry it out: the rows become change->before again,
 * as a new generation with an audit row that says why. HP_E_EXISTS if somebody has changed the site
 * since: then theirs stands.
 */
int hp_site_revert(struct hp_panel *p, const struct hp_site_change *change, const char *why,
	struct hp_err *err);

/* ---- what a node does by itself ---- */
/*
 * An entry in the audit trail: what a node did with a website's certificate or kept answers (before
 * and after JSON objects or NULL), or why it could not (note). verb as "cert:renew"; the operator's
 * alone.
 */
int hp_node_note(struct hp_panel *p, const char *verb, const char *domain, const char *before,
	const char *after, const char *note, struct hp_err *err);

/* ---- nodes ---- */
/*
 * The state document of a node to fd, from one consistent snapshot, and the generation that it says
 * (or NULL). HP_E_NOT_FOUND.
 */
int hp_node_state(struct hp_panel *p, const char *node, int fd, int64_t *ret_generation,
	struct hp_err *err);
/* Remember what the node reported. */
int hp_node_applied(struct hp_panel *p, const char *node, int64_t generation, const char *result,
	struct hp_err *err);
struct hp_node_row {
	const char *name, *applied_at, *last_result;
	int64_t generation, applied_generation, sites;
};
int hp_node_each(struct hp_panel *p, int (*fn)(void *arg, const struct hp_node_row *r,
	struct hp_err *err), void *arg, struct hp_err *err);

/* ---- audit ---- */
struct hp_audit_row {
	int64_t id, tenant_id;
	const char *at, *actor, *source, *verb, *object;
	const char *outcome;        /* "ok" "denied" */
	const char *before, *after; /* JSON objects of what changed, secrets masked; or NULL */
	const char *note, *request_id;
	const char *hash; /* for the operator only */
};
struct hp_audit_filter {
	const char *object, *actor, *verb, *since, *outcome, *request; /* NULL = all */
	int64_t limit; /* newest first; 0 = all */
};
int hp_audit_each(struct hp_panel *p, const struct hp_audit_filter *f,
	int (*fn)(void *arg, const struct hp_audit_row *r, struct hp_err *err), void *arg,
	struct hp_err *err);
/* ---- an entry undone (lib/panel/undo.c) ---- */
enum hp_undo_kind { HP_UNDO_SITE, HP_UNDO_TENANT, HP_UNDO_USER, HP_UNDO_KEY };
struct hp_undo_side;
struct hp_undo {
	int64_t id, tenant_id;
	const char *verb, *object; /* of the entry */
	enum hp_undo_kind kind;
	bool removes;        /* what was made goes */
	bool applies;        /* a tenant's websites follow on their nodes */
	const char *summary; /* for people: what would become of it */
	struct hp_undo_side *before, *after;
};
/*
 * HP_E_NOT_FOUND for an entry that is not there or another's; HP_E_NO and why for one that can't be
 * undone. ret lives in pool.
 */
int hp_undo_find(struct hp_panel *p, struct hp_pool *pool, const char *entry, struct hp_undo *ret,
	struct hp_err *err);
/*
 * The change that undoes it, judged as that; HP_E_EXISTS when what it changed is not as it left it.
 * ret: of a website, the change; ret_changed: of others.
 */
int hp_undo(struct hp_panel *p, struct hp_pool *pool, const struct hp_undo *u,
	struct hp_site_change *ret, bool *ret_changed, struct hp_err *err);

/* ---- the chain ---- */
/* That the trail is (lib/panel/audit_chain.c); the operator's alone. */
struct hp_audit_chain {
	int64_t first, last;               /* entries; what is before it has no hash */
	char hash[HP_DIGEST_HEX];          /* of the last one; "" when there is none */
	int64_t entries, before, findings; /* of hp_audit_verify(): how many were seen */
};
struct hp_audit_finding {
	int64_t id;
	const char *problem; /* "changed" "missing" "inserted" "rewritten" */
	const char *detail;
};
int hp_audit_head(struct hp_panel *p, struct hp_audit_chain *ret, struct hp_err *err);
/*
 * HP_E_NO when anything is not as it was written, each told to fn. hash: one that hp_audit_head()
 * gave at any time, which has to be there still; or NULL.
 */
int hp_audit_verify(struct hp_panel *p, const char *hash,
	int (*fn)(void *arg, const struct hp_audit_finding *f, struct hp_err *err), void *arg,
	struct hp_audit_chain *ret, struct hp_err *err);

#endif
