/* What the tests of state documents share. */
#ifndef HP_TESTS_UNIT_STATE_H
#define HP_TESTS_UNIT_STATE_H

#include <sys/mman.h>
#include <fcntl.h>

#include "unit.h"
#include "base/file.h"
#include "base/str.h"
#include "model/state.h"

static struct hp_pool *pool;

static struct hp_site site(unsigned id)
{
	struct hp_site s = {0};

	for (unsigned i = 0; i < HP_SITE_FIELDS; i++)
		s.v[i] = hp_site_table.fields[i].deflt;
	s.v[HP_SITE_ID] = hp_pprintf(pool, "%u", id);
	s.v[HP_SITE_UID] = hp_pprintf(pool, "%u", 20000 + id);
	s.v[HP_SITE_USER] = hp_pprintf(pool, "site%u", id);
	s.v[HP_SITE_DOMAIN] = hp_pprintf(pool, "s%05u.example.com", id);
	s.v[HP_SITE_WEB_SERVER] = "nginx";
	s.v[HP_SITE_PHP_VERSION] = "8.2";
	s.v[HP_SITE_PHP_MEMORY_LIMIT] = "256M";
	s.v[HP_SITE_DOCUMENT_ROOT] = "public";
	s.v[HP_SITE_PROXY_PORT] = "8080";
	s.v[HP_SITE_REDIRECTS] = "{\"/a\":\"301 /b\"}";
	s.v[HP_SITE_ALLOWED_IPS] = "[\"10.0.0.0/8\"]";
	s.v[HP_SITE_HTTP_SECURITY_HEADERS] = "{\"X-A\":\"b \\\"c\\\"\"}";
	hp_strv_add(pool, &s.aliases, hp_pprintf(pool, "*.s%05u.example.com", id));
	hp_strv_add(pool, &s.aliases, hp_pprintf(pool, "www.s%05u.example.com", id));
	return s;
}

static int new_fd(void)
{
	int fd = memfd_create("state", MFD_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

/* A document of these lines, with a right digest and count at its end. */
static int read_lines_to(const struct hp_state_handler *h, const char *const *lines,
	struct hp_err *err)
{
	char hex[HP_DIGEST_HEX];
	struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;
	int fd _cleanup_close_ = new_fd();
	unsigned sites = 0;

	for (unsigned i = 0; lines[i]; i++) {
		hp_buf_adds(&b, lines[i]);
		hp_buf_addc(&b, '\n');
		sites += i > 0;
	}
	hp_digest_of(b.s, b.len, hex);
	hp_buf_addf(&b, "{\"end\":{\"sites\":%u,\"sha256\":\"%s\"}}\n", sites, hex);
	assert_int_equal(hp_fd_write(fd, "doc", b.s, b.len, err), 0);
	assert_true(lseek(fd, 0, SEEK_SET) == 0);
	hp_err_clear(err);
	return hp_state_read(fd, "doc", h, err);
}

static const char head_line[] = "{\"hosting_panel_state\":1,\"node\":\"web1\",\"generation\":1}";

static char *line_of(unsigned id)
{
	const struct hp_state_head head = {"web1", 1};
	struct hp_state_writer w;
	struct hp_err err = HP_ERR_INIT;
	struct hp_site s = site(id);
	char *line;

	assert_int_equal(hp_state_begin(&w, -1, &head, &err), 0);
	hp_buf_reset(&w.buf);
	assert_int_equal(hp_state_site(&w, &s, &err), 0);
	line = hp_pstrndup(pool, w.buf.s, w.buf.len - 1);
	hp_buf_release(&w.buf);
	return line;
}

/* line with the first "from" in it replaced. */
static char *swap(const char *line, const char *from, const char *to)
{
	const char *at = strstr(line, from);

	assert_non_null(at);
	return hp_pprintf(pool, "%.*s%s%s", (int)(at - line), line, to, at + strlen(from));
}

#endif
