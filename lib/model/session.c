#include "model/session.h"

#define RO HP_FF_READONLY
#define LI HP_FF_LISTED
static const struct hp_field session_fields[] = {
	{"session", HP_F_TEXT, 1, 12, NULL, NULL, RO | LI, "session", "name of it, no secret"},
	{"username", HP_F_LOGIN, 1, 63, NULL, NULL, RO | LI, "session", "who has logged in"},
	{"address", HP_F_HOST, 0, 64, NULL, NULL, RO | LI, "session", "address it was begun from"},
	{"created_at", HP_F_TIME, 0, 0, NULL, NULL, RO | LI, "session", "when that was, UTC"},
	{"last_seen_at", HP_F_TIME, 0, 0, NULL, NULL, RO | LI, "session",
		"when it was last used, UTC, to the minute"},
	{"expires_at", HP_F_TIME, 0, 0, NULL, NULL, RO | LI, "session",
		"when it ends at the latest, UTC"},
};

const struct hp_field_table hp_session_table = {"session", session_fields, HP_SESSION_FIELDS};
