#include "base/fault.h"

#ifdef HP_FAULT_POINTS

#include <signal.h>

#include "base/str.h"

enum action { ACT_NONE, ACT_KILL, ACT_ERROR };

/* What HP_FAULT wants of this passage of the point. */
static enum action passage(const char *name)
{
	static uint64_t passed;
	const char *want = secure_getenv("HP_FAULT"), *rest, *colon;
	uint64_t nth = 1;

	rest = want ? hp_str_after(want, name) : NULL;
	if (!rest || (*rest && *rest != ':'))
		return ACT_NONE;
	if (*rest == ':' && rest[1] >= '0' && rest[1] <= '9') {
		char digits[21] = "";

		colon = strchrnul(rest + 1, ':');
		snprintf(digits, sizeof(digits), "%.*s", (int)(colon - rest - 1), rest + 1);
		if (hp_parse_u64(digits, UINT64_MAX, &nth) < 0)
			hp_die(HP_E_BUG, "HP_FAULT=%s: not a number behind the name", want);
		rest = colon;
	}
	if (*rest && !hp_streq(rest, ":err"))
		hp_die(HP_E_BUG, "HP_FAULT=%s: name, name:N, name:err or name:N:err is wanted",
			want);
	/* The environment names one point, so one counter serves. */
	if (++passed != nth)
		return ACT_NONE;
	return *rest ? ACT_ERROR : ACT_KILL;
}

void hp_fault(const char *name)
{
	if (passage(name) == ACT_KILL)
		raise(SIGKILL);
}

int hp_fault_err(const char *name, struct hp_err *err)
{
	switch (passage(name)) {
	case ACT_KILL:
		raise(SIGKILL);
		break;
	case ACT_ERROR:
		return hp_err_set(err, HP_E_OS, "fault injected at %s", name);
	case ACT_NONE:
		break;
	}
	return 0;
}

#endif
