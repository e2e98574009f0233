/* What an object is, in a few digits: whoever changes it can say of which state he thinks. */
#include <string.h>

#include "base/str.h"
#include "model/field.h"
#include "sys/digest.h"

static void add(struct hp_digest *d, const char *name, const char *v)
{
	hp_digest_add(d, name, strlen(name) + 1);
	/* the empty value is one, too */
	hp_digest_add(d, v ? "=" : "-", 1);
	if (v)
		hp_digest_add(d, v, strlen(v) + 1);
}

/*
 * Passwords are hashed with a salt, so that nobody can try any on the digest. Those in a URL are
 * not: when the object was changed stands for them.
 */
static bool is_guessable(const struct hp_field *f)
{
	return f->type == HP_F_DBURL;
}

void hp_field_revision(const struct hp_field_table *t, const char *const *v,
	const struct hp_strv *aliases, char ret[HP_REVISION_SIZE])
{
	char hex[HP_DIGEST_HEX];
	struct hp_digest d;
	bool guessable = false;
	size_t i;

	hp_digest_init(&d);
	for (i = 0; i < t->n; i++) {
		const struct hp_field *f = &t->fields[i];

		guessable |= v[i] && is_guessable(f);
		if (f->type == HP_F_TIME ? guessable && strcmp(f->name, "updated_at") == 0
					 : !is_guessable(f))
			add(&d, f->name, v[i]);
		else if (is_guessable(f))
			add(&d, f->name, v[i] ? HP_FIELD_MASK : NULL);
	}
	for (i = 0; aliases && i < aliases->n; i++)
		add(&d, "alias", aliases->v[i]);
	hp_digest_hex(&d, hex);
	memcpy(ret, hex, HP_REVISION_SIZE - 1);
	ret[HP_REVISION_SIZE - 1] = 0;
}
