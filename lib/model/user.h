/* People who use the panel, as the rest of the program knows them: values indexed by field. */
#ifndef HP_MODEL_USER_H
#define HP_MODEL_USER_H

#include "model/field.h"

enum hp_user_field {
#define HP_FIELD(id, ...) HP_USER_##id,
#include "model/user.def"
#undef HP_FIELD
	HP_USER_FIELDS
};
extern const struct hp_field_table hp_user_table;

struct hp_user {
	const char *v[HP_USER_FIELDS]; /* v[HP_USER_PASSWORD]: the hash, or NULL */
};

#define HP_PASSWORD_MIN 10  /* characters */
#define HP_PASSWORD_MAX 512 /* bytes */
/*
 * Is the password good enough for that user? Length, variety, not made of the user's name, none of
 * those that are tried first. HP_E_USAGE says what is wanted and never repeats the password.
 */
int hp_password_check(const char *password, const char *username, struct hp_err *err);

#endif
