/*
 * What the settings of a website become: which directives of which server, of PHP, of systemd.
 * Each server says it of itself, beside its templates (struct hp_server), PHP does in
 * php_render.c; docs/settings.md and hp-vhost settings are made from it, and
 * tests/node/directives.bats holds it against what is rendered.
 */
#ifndef HP_NODE_SETTINGS_H
#define HP_NODE_SETTINGS_H

#include "model/site.h"

struct hp_becomes {
	const char *directives; /* names, parted by blanks; NULL: none */
	const char *note;       /* when, with what, or why none; NULL: there is nothing to say */
};

/* Who reads the configuration: "nginx", "apache" …, "php-fpm", "php.ini", "systemd", "node". */
struct hp_setting_place {
	const char *name;
	const struct hp_becomes *v; /* by enum hp_site_field; both NULL: it concerns this one not */
};

/* The web servers first, in the order of hp_servers; a name NULL ends them. */
#define HP_SETTING_PLACES_MAX 16
void hp_setting_places(struct hp_setting_place ret[HP_SETTING_PLACES_MAX], size_t *ret_servers);

static inline bool hp_becomes_any(const struct hp_becomes *b)
{
	return b->directives || b->note;
}

#endif
