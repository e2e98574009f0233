/* Sessions of users who have logged in: values indexed by field. */
#ifndef HP_MODEL_SESSION_H
#define HP_MODEL_SESSION_H

#include "model/field.h"

enum hp_session_field {
	HP_SESSION_SESSION, HP_SESSION_USERNAME, HP_SESSION_ADDRESS, HP_SESSION_CREATED_AT,
	HP_SESSION_LAST_SEEN_AT, HP_SESSION_EXPIRES_AT, HP_SESSION_FIELDS
};
extern const struct hp_field_table hp_session_table;

struct hp_session {
	const char *v[HP_SESSION_FIELDS];
};

#define HP_SESSION_MAX_S (12 * 3600) /* from logging in */
#define HP_SESSION_IDLE_S (2 * 3600) /* from when it was last used */

#endif
