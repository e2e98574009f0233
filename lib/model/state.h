/*
 * The state document: everything that one node must be. The one seam between
 * panel and node (hp-node state web1 | ssh web1 hp-vhost apply -).
 *
 * JSON lines, so that ten thousand sites stream through a bounded memory:
 *   {"hosting_panel_state":1,"node":"web1","generation":42}
 *   {"site":{"id":1,"domain":"example.com",…,"aliases":["www.example.com"]}}   by domain
 *   {"end":{"sites":1,"sha256":"…"}}        digest over all bytes before this line
 * A document without its end line, or whose digest or count differs, was cut or
 * changed and is refused whole. Reading validates every field again with the
 * table in site.def: whoever sent it, it is untrusted input. Unknown keys, missing
 * keys, duplicate domains, users or uids, a domain that is another site's alias,
 * fields without HP_FF_NODE, values that are not canonical, and a uid that is not the one of its
 * website's id (hp_site_uid) are refused. At most HP_STATE_MAX bytes.
 */
#ifndef HP_MODEL_STATE_H
#define HP_MODEL_STATE_H

#include "base/err.h"
#include "base/buf.h"
#include "model/site.h"
#include "sys/digest.h"

#define HP_STATE_VERSION 1
#define HP_STATE_MAX ((size_t)256 << 20)
#define HP_STATE_LINE_MAX ((size_t)512 << 10)

struct hp_state_head {
	const char *node;
	int64_t generation;
};

/* ---- writing: lines go to fd through a buffer ---- */
struct hp_state_writer {
	int fd;
	struct hp_buf buf;
	struct hp_digest digest;
	uint64_t sites;
};
int hp_state_begin(struct hp_state_writer *w, int fd, const struct hp_state_head *head,
	struct hp_err *err);
int hp_state_site(struct hp_state_writer *w, const struct hp_site *site, struct hp_err *err);
int hp_state_end(struct hp_state_writer *w, struct hp_err *err);

/* ---- reading ---- */
/*
 * Calls on_site for each website in document order; the site (all of it) lives in
 * the pool given to the callback, which is reset after each call. The bytes of line are
 * the identity of the wish: equal lines, equal wishes. Because the end of the
 * document can still prove it false, the caller must not act on any site before
 * hp_state_read() has returned 0.
 */
struct hp_state_handler {
	int (*on_head)(void *arg, const struct hp_state_head *head, struct hp_err *err);
	/*
	 * May be NULL. Of site only id, domain, user and aliases are there, and only if the caller
	 * can tell that this very line was accepted before, which is 1: then it is neither read nor
	 * handed to on_site.
	 */
	int (*on_peek)(void *arg, const struct hp_site *site, const char *line, size_t len,
		struct hp_err *err);
	int (*on_site)(void *arg, struct hp_pool *pool, const struct hp_site *site,
		const char *line, size_t len, struct hp_err *err);
	/*
	 * What is read is still being written: at its end, 1 when more has come by now, 0 when that
	 * was all. NULL: all is there.
	 */
	int (*more)(void *arg, struct hp_err *err);
	void *arg;
	char *doc; /* HP_DIGEST_HEX bytes: gets the digest of all of it; or NULL */
};
/* HP_E_USAGE with the line number for anything wrong with the document. */
int hp_state_read(int fd, const char *name, const struct hp_state_handler *h, struct hp_err *err);
/* The first line alone; *ret refers to pool. */
int hp_state_parse_head(struct hp_pool *pool, const char *line, size_t len,
	struct hp_state_head *ret, struct hp_err *err);
/* One site line again (as handed to on_site): for a second pass over what was accepted. */
int hp_state_parse_site(struct hp_pool *pool, const char *line, size_t len, struct hp_site *ret,
	struct hp_err *err);
/*
 * Id, domain, user and aliases of a line that was accepted before; of any other, anything. False
 * where it has to be read for them.
 */
bool hp_state_peek(struct hp_pool *pool, const char *line, size_t len, struct hp_site *ret);

#endif
