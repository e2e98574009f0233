/*
 * What a node needs besides its files: users, folders, PHP instances, links, a server that runs.
 * The parts look at it, and make it again when told to; one site's trouble stops no other's.
 */
#include "node/engine.h"
#include "base/str.h"

int hp_mend(struct hp_engine *x, bool repair, size_t *ret_wrong, struct hp_err *err)
{
	struct hp_err one;
	size_t i;

	for (i = 0; i < HP_PARTS; i++) {
		hp_err_clear(&one);
		if (hp_parts[i]->revive && hp_parts[i]->revive(x, repair, ret_wrong, &one) < 0 &&
			!err->code)
			*err = one;
	}
	return err->code;
}

/* A plan has a line for it. */
static void show(struct hp_engine *x, const char *line)
{
	struct hp_err ignored = HP_ERR_INIT;

	if (x->dry && x->o->diff_fd >= 0)
		hp_fd_write(x->o->diff_fd, "the plan", line, strlen(line), &ignored);
}

void hp_mend_tell(struct hp_engine *x, bool repaired, const char *path, const char *domain,
	const char *message)
{
	if (x->boot)
		return;
	show(x, hp_pprintf(x->scratch, "restore %s: %s\n", path, message));
	hp_report_file(x, path, repaired ? "restored" : "drift", domain, message);
}

int hp_mend_failed(struct hp_engine *x, const char *path, const char *domain,
	const struct hp_err *why, struct hp_err *first)
{
	if (!x->boot) {
		show(x,
			hp_pprintf(x->scratch, "keep %s%s%s: %s\n", path, domain ? " of " : "",
				domain ? domain : "", why->msg));
		hp_report_file(x, path, "drift", domain, why->msg);
	}
	if (first->code)
		return first->code;
	*first = *why;
	if (domain && !hp_str_starts(first->msg, domain))
		hp_err_prefix(first, "%s", domain);
	return first->code;
}
