#include "node/settings.h"
#include "node/php.h"
#include "node/web.h"

/* What is no directive of anybody's. */
static const struct hp_becomes node[HP_SITE_FIELDS] = {
	[HP_SITE_NODE] = {NULL, "which node's state document the website is in"},
	[HP_SITE_USER] = {NULL, "the Unix user that owns its files, made by systemd-sysusers(8)"},
	[HP_SITE_UID] = {NULL, "the number of that user"},
	[HP_SITE_OWNER] = {NULL, "which user of the panel has it (hp-user(8))"},
	[HP_SITE_DATABASE_BACKEND] = {NULL, "kept for whoever asks; no server reads it"},
	[HP_SITE_DATABASE_HOST] = {NULL, "as database_backend"},
	[HP_SITE_DATABASE_PORT] = {NULL, "as database_backend"},
	[HP_SITE_DATABASE_NAME] = {NULL, "as database_backend"},
	[HP_SITE_DATABASE_CHARSET] = {NULL, "as database_backend"},
	[HP_SITE_SSL_PROVIDER] = {NULL, "where hp-cert(8) has its certificate from"},
	[HP_SITE_SSL_AUTO_RENEW] = {NULL, "whether it is renewed by itself"},
};

void hp_setting_places(struct hp_setting_place ret[HP_SETTING_PLACES_MAX], size_t *ret_servers)
{
	const struct hp_setting_place *php;
	size_t n = 0;

	for (; hp_servers[n]; n++)
		ret[n] = (struct hp_setting_place){hp_servers[n]->name, hp_servers[n]->becomes};
	*ret_servers = n;
	for (php = hp_php_places; php->name; php++)
		ret[n++] = *php;
	ret[n++] = (struct hp_setting_place){"node", node};
	ret[n] = (struct hp_setting_place){NULL, NULL};
}
