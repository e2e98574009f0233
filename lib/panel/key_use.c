/* API keys, used: who comes with one, and what for he may. */
#include "base/file.h"
#include "panel/panel_impl.h"
#include "panel/token.h"

#define NOTE_EVERY_S 60 /* last use is written so often, lest every look be a change */

/* NULL, or why the key is no good from there. */
static const char *no_good(const struct hp_key_row *r, const char *address)
{
	int64_t until = 0;

	if (hp_time_parse(r->k.v[HP_KEY_EXPIRES_AT] ? r->k.v[HP_KEY_EXPIRES_AT] : "", &until) < 0 ||
		until <= hp_now())
		return "it has expired";
	if (address && !hp_addresses_fit(r->k.v[HP_KEY_FROM], address))
		return "it is not good from that address";
	return NULL;
}

static int become(
	struct hp_panel *p, const struct hp_key_row *r, const char *source, struct hp_err *err)
{
	struct hp_key *k = hp_pmemdup(p->pool, &r->k, sizeof(*k));

	return hp_panel_become(p, k->v[HP_KEY_USERNAME], k, r->id,
		hp_pprintf(p->pool, "%s, key %s", source, k->v[HP_KEY_KEY]), err);
}

int hp_key_act(struct hp_panel *p, const char *key, const char *address, const char *source,
	struct hp_err *err)
{
	struct hp_key_row r;
	const char *why;
	int rc;

	p->actor = p->host;
	rc = hp_key_look(p, p->pool, key, &r, err);
	if (rc < 0)
		return rc;
	if (rc == 0)
		return hp_err_set(err, HP_E_NOT_FOUND, "there is no key %s",
			hp_str_printable(p->pool, key, 60));
	why = no_good(&r, address);
	if (why)
		return hp_err_set(err, HP_E_DENIED, "key %s: %s", key, why);
	return become(p, &r, source, err);
}

/* ---- with the token itself ---- */
static int used(struct hp_panel *p, void *arg, struct hp_err *err)
{
	const struct hp_key_row *r = arg;
	struct hp_stmt *st _cleanup_stmt_ = NULL;

	hp_panel_as(p, r->tenant_id);
	if (hp_db_stmt(p->db, HP_SQL_KEY_USED, &st, err) < 0)
		return err->code;
	hp_stmt_i64(st, "id", r->id);
	hp_stmt_text(st, "address", r->k.v[HP_KEY_LAST_USED_FROM]);
	return hp_stmt_exec(st, err) < 0 ? err->code : 0;
}

/* Where somebody else is writing, the next use is noted. */
static void note_use(struct hp_panel *p, struct hp_key_row *r, const char *address)
{
	int64_t last = 0;

	if (r->k.v[HP_KEY_LAST_USED_AT])
		hp_time_parse(r->k.v[HP_KEY_LAST_USED_AT], &last);
	if (last > hp_now() - NOTE_EVERY_S && hp_streq(r->k.v[HP_KEY_LAST_USED_FROM], address))
		return;
	r->k.v[HP_KEY_LAST_USED_FROM] = address;
	hp_panel_note(p, used, r);
}

/* Whose it is, and why, is for the trail alone: only where the secret was right is it somebody's.
 */
static int not_valid(struct hp_panel *p, const char *id, const struct hp_key_row *r,
	const char *from, const char *why, struct hp_err *err)
{
	struct hp_audit_entry e = {.tenant = r ? r->tenant_id : 0,
		.actor = r ? r->k.v[HP_KEY_USERNAME] : "nobody",
		.source = from,
		.verb = "key:check",
		.object = id,
		.note = why};

	p->actor = p->host;
	p->refused.name = NULL; /* told here */
	hp_panel_as_self(p);
	hp_audit_denied(p, &e);
	return hp_err_set(err, HP_E_DENIED, "the key is not valid");
}

int hp_key_login(struct hp_panel *p, const char *token, const char *address, struct hp_err *err)
{
	char id[HP_TOKEN_ID_LEN + 1];
	struct hp_key_row r = {.hash = NULL};
	const char *from = hp_address(p->pool, address), *why;
	int rc;

	if (hp_may_speak(&p->host, err) < 0)
		return err->code;
	if (!from)
		return hp_err_set(err, HP_E_USAGE, "“%s” is not an address",
			hp_str_printable(p->pool, address, 60));
	p->actor = p->host;
	hp_token_id("hpk_", token, id);
	rc = hp_key_look(p, p->pool, id, &r, err);
	if (rc < 0)
		return rc;
	if (!hp_token_is(token, rc ? r.hash : NULL))
		return not_valid(p, id, NULL, from, "it is no key", err);
	why = no_good(&r, from);
	if (why)
		return not_valid(p, id, &r, from, why, err);
	note_use(p, &r, from);
	rc = become(p, &r, from, err);
	if (rc != HP_E_DENIED && rc != HP_E_NOT_FOUND)
		return rc;
	return not_valid(p, id, &r, from, hp_pstrdup(p->pool, err->msg), err);
}
