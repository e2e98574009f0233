/*
 * The state document. The bytes are taken three ways: as a whole document, as the lines of one
 * whose digest and count are right, and as the line of one website, which must come back the same
 * when it is accepted and written again, and be told by a look whose it is.
 */
#include <sys/mman.h>

#include "base/file.h"
#include "base/str.h"
#include "model/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void read_document(const void *p, size_t n)
{
	static const struct hp_state_handler none;
	struct hp_err err = HP_ERR_INIT;
	_cleanup_close_ int fd = memfd_create("state", MFD_CLOEXEC);

	HP_BUG_ON(fd < 0 || hp_fd_write(fd, "state", p, n, &err) < 0 || lseek(fd, 0, SEEK_SET) < 0);
	if (hp_state_read(fd, "fuzz", &none, &err) < 0)
		HP_BUG_ON(err.code != HP_E_USAGE || !hp_str_starts(err.msg, "fuzz: "));
}

static void read_completed(const char *lines, size_t n)
{
	_cleanup_buf_ struct hp_buf b = HP_BUF_INIT;
	char hex[HP_DIGEST_HEX];
	unsigned sites = 0;

	hp_buf_adds(&b, "{\"hosting_panel_state\":1,\"node\":\"web1\",\"generation\":1}\n");
	hp_buf_add(&b, lines, n);
	hp_buf_addc(&b, '\n');
	for (size_t i = 0; i < b.len; i++)
		sites += b.s[i] == '\n';
	hp_digest_of(b.s, b.len, hex);
	hp_buf_addf(&b, "{\"end\":{\"sites\":%u,\"sha256\":\"%s\"}}\n", sites - 1, hex);
	read_document(b.s, b.len);
}

/* Of what is accepted, a look says who it is. */
static void is_the_same(const struct hp_site *peeked, const struct hp_site *s)
{
	static const unsigned fields[] = {HP_SITE_ID, HP_SITE_DOMAIN, HP_SITE_USER};

	for (size_t i = 0; i < HP_ARRAY_SIZE(fields); i++)
		HP_BUG_ON(!hp_streq(peeked->v[fields[i]], s->v[fields[i]]));
	HP_BUG_ON(peeked->aliases.n != s->aliases.n);
	for (size_t i = 0; i < s->aliases.n; i++)
		HP_BUG_ON(!hp_streq(peeked->aliases.v[i], s->aliases.v[i]));
}

static void parse_site(const char *line, size_t n)
{
	static const struct hp_state_head head = {"web1", 1};
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	struct hp_err err = HP_ERR_INIT;
	struct hp_state_writer w;
	struct hp_site s, again, peeked;
	bool seen = hp_state_peek(pool, line, n, &peeked);

	if (hp_state_parse_site(pool, line, n, &s, &err) < 0) {
		HP_BUG_ON(err.code != HP_E_USAGE || !*err.msg);
		return;
	}
	if (seen)
		is_the_same(&peeked, &s);
	hp_state_begin(&w, -1, &head, &err);
	hp_buf_reset(&w.buf);
	if (hp_state_site(&w, &s, &err) == 0) {
		HP_BUG_ON(hp_state_parse_site(pool, w.buf.s, w.buf.len - 1, &again, &err) < 0);
		for (unsigned i = 0; i < HP_SITE_FIELDS; i++)
			HP_BUG_ON(!hp_streq(s.v[i], again.v[i]));
		HP_BUG_ON(s.aliases.n != again.aliases.n);
	}
	hp_buf_release(&w.buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	read_document(data, n);
	read_completed((const char *)data, n);
	parse_site((const char *)data, n);
	return 0;
}
