/* The web servers that can be driven; a new one is a row here, a file and its templates. */
#include "node/web.h"

extern const struct hp_server hp_server_nginx, hp_server_apache;

const struct hp_server *const hp_servers[] = {
	&hp_server_nginx,
	&hp_server_apache,
	NULL,
};
