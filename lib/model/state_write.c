/* The state document on its way out. Equal sites give equal lines: order and spelling are fixed. */
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "model/state.h"
#include "sys/json.h"

#define CHUNK ((size_t)64 << 10)

static int flush(struct hp_state_writer *w, struct hp_err *err)
{
	int r;

	hp_digest_add(&w->digest, w->buf.s, w->buf.len);
	r = hp_fd_write(w->fd, "the state document", w->buf.s, w->buf.len, err);
	hp_buf_reset(&w->buf);
	return r;
}

int hp_state_begin(struct hp_state_writer *w, int fd, const struct hp_state_head *head,
	struct hp_err *err HP_UNUSED)
{
	struct hp_jw jw;

	memset(w, 0, sizeof(*w));
	w->fd = fd;
	hp_digest_init(&w->digest);
	hp_buf_reserve(&w->buf, 2 * CHUNK);
	hp_jw_init(&jw, &w->buf, false);
	hp_jw_obj(&jw, NULL);
	hp_jw_i64(&jw, "hosting_panel_state", HP_STATE_VERSION);
	hp_jw_str(&jw, "node", head->node);
	hp_jw_i64(&jw, "generation", head->generation);
	hp_jw_end(&jw, '}');
	hp_buf_addc(&w->buf, '\n');
	return 0;
}

int hp_state_site(struct hp_state_writer *w, const struct hp_site *site, struct hp_err *err)
{
	struct hp_jw jw;
	size_t i;

	hp_jw_init(&jw, &w->buf, false);
	hp_jw_obj(&jw, NULL);
	hp_jw_obj(&jw, "site");
	for (i = 0; i < HP_SITE_FIELDS; i++)
		if (hp_site_table.fields[i].flags & HP_FF_NODE)
			hp_field_json(&jw, &hp_site_table.fields[i], site->v[i]);
	hp_jw_arr(&jw, "aliases");
	for (i = 0; i < site->aliases.n; i++)
		hp_jw_str(&jw, NULL, site->aliases.v[i]);
	hp_jw_end(&jw, ']');
	hp_jw_end(&jw, '}');
	hp_jw_end(&jw, '}');
	hp_buf_addc(&w->buf, '\n');
	w->sites++;
	return w->buf.len < CHUNK ? 0 : flush(w, err);
}

int hp_state_end(struct hp_state_writer *w, struct hp_err *err)
{
	char hex[HP_DIGEST_HEX];
	struct hp_jw jw;
	int r = flush(w, err);

	if (r == 0) {
		hp_digest_hex(&w->digest, hex);
		hp_jw_init(&jw, &w->buf, false);
		hp_jw_obj(&jw, NULL);
		hp_jw_obj(&jw, "end");
		hp_jw_i64(&jw, "sites", (int64_t)w->sites);
		hp_jw_str(&jw, "sha256", hex);
		hp_jw_end(&jw, '}');
		hp_jw_end(&jw, '}');
		hp_buf_addc(&w->buf, '\n');
		r = hp_fd_write(w->fd, "the state document", w->buf.s, w->buf.len, err);
	}
	hp_buf_release(&w->buf);
	return r;
}
