/*
 * What every web server makes of a website's settings alike: slots of templates, so that a server's
 * own file has nothing to do but write them in its grammar.
 *
 *   folder root       the website's own folder, and what of it is served
 *   index             list of file: one at least, and no script where there is no PHP
 *   fallback          "/index.php": what PHP answers for paths that are no file, or ""
 *   redirects         list of from, exact, code, to, query (append the request's): one path each;
 *                     exact finds it
 *   moves             list of below, code, to, rest, query, pattern: all paths below, longest
 *                     first. rest: append what stands behind it; pattern finds that in a URL as
 *                     sent, as $1 and by the name hosting_panel_rest; request is
 *                     the same for a request's first line
 *   all               the same for the whole website: none or one
 *   error_pages       list of code, page
 *   pages             list of page: those of them that are plain files, each once
 *   headers           list of name, value: sent in any case, instead of what PHP sends
 *   default_headers   list of name, value, variable: sent unless PHP sends one
 *   guarded realms    is there any? list of path, pattern, realm, users: longest last;
 *                     whole: it is the website's; rank: orders them as text, longest first
 *   proxied           requests go to a program at proxy_port of 127.0.0.1
 */
#ifndef HP_NODE_WEB_SLOTS_H
#define HP_NODE_WEB_SLOTS_H

#include "node/engine.h"
#include "sys/tmpl.h"

/*
 * users are files below own, a folder of the server's, that the web servers' group can read; they
 * are emitted to e unless the website is suspended.
 */
int hp_web_slots(struct hp_engine *x, const struct hp_wish *w, const struct hp_site *s,
	const char *own, struct hp_tmap *m, struct hp_emit *e, struct hp_err *err);
/* default_headers alone, for what all websites of a server share. */
void hp_web_default_headers(struct hp_pool *pool, struct hp_tmap *m);

#endif
