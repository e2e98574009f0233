/* The web servers that can be driven; a new one is a row here, a file and its templates. */
#include "node/web.h"
#include "base/str.h"

extern const struct hp_server hp_server_nginx, hp_server_apache, hp_server_openlitespeed;

const struct hp_server *const hp_servers[] = {
	&hp_server_nginx,
	&hp_server_apache,
	&hp_server_openlitespeed,
	NULL,
};

const struct hp_server *hp_server_find(const char *name)
{
	size_t i;

	for (i = 0; hp_servers[i]; i++)
		if (hp_streq(hp_servers[i]->name, name))
			return hp_servers[i];
	return NULL;
}
