/* What a changed tenant takes with it. */
#ifndef HP_CMD_TENANT_H
#define HP_CMD_TENANT_H

#include "cmd/cli.h"

/*
 * The tenant's status was changed: its websites follow on this node, and its row is printed. When
 * the node can do nothing of it, the tenant has the status back again.
 */
int cli_tenant_follow(
	struct cli *c, const char *action, const char *name, const char *back, struct hp_err *err);

#endif
