#include <sys/mman.h>
#include <fcntl.h>

#include "unit.h"
#include "base/file.h"
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
	s.v[HP_SITE_PHP_VERSION] = "8.2";
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

static void write_doc(int fd, unsigned n)
{
	const struct hp_state_head head = {"web1", 42};
	struct hp_state_writer w;
	struct hp_err err = HP_ERR_INIT;

	assert_int_equal(hp_state_begin(&w, fd, &head, &err), 0);
	for (unsigned i = 1; i <= n; i++) {
		struct hp_site s = site(i);

		assert_int_equal(hp_state_site(&w, &s, &err), 0);
	}
	assert_int_equal(hp_state_end(&w, &err), 0);
}

struct seen {
	unsigned sites;
	int64_t generation;
	struct hp_buf lines;
};

static int on_head(void *arg, const struct hp_state_head *head, struct hp_err *err HP_UNUSED)
{
	struct seen *s = arg;

	assert_string_equal(head->node, "web1");
	s->generation = head->generation;
	return 0;
}

static int on_site(void *arg, struct hp_pool *row HP_UNUSED, const struct hp_site *got,
	const char *line, size_t len, struct hp_err *err HP_UNUSED)
{
	struct seen *s = arg;
	struct hp_site want = site(++s->sites);

	if (s->sites % 1000 == 1) {
		for (unsigned i = 0; i < HP_SITE_FIELDS; i++)
			if (hp_site_table.fields[i].flags & HP_FF_NODE)
				assert_string_equal(got->v[i], want.v[i]);
		assert_int_equal(got->aliases.n, 2);
		assert_string_equal(got->aliases.v[0], want.aliases.v[0]);
		hp_buf_add(&s->lines, line, len);
		hp_buf_addc(&s->lines, '\n');
	}
	return 0;
}

static int read_fd(int fd, struct seen *seen, struct hp_err *err)
{
	const struct hp_state_handler h = {on_head, on_site, seen};

	assert_true(lseek(fd, 0, SEEK_SET) == 0);
	return hp_state_read(fd, "doc", &h, err);
}

static void there_and_back(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;
	struct seen seen = {0};
	struct hp_site s;
	int fd _cleanup_close_ = new_fd();
	const char *nl;

	write_doc(fd, 3000);
	assert_int_equal(read_fd(fd, &seen, &err), 0);
	assert_int_equal(seen.sites, 3000);
	assert_int_equal(seen.generation, 42);
	nl = strchr(hp_buf_str(&seen.lines), '\n');
	assert_int_equal(
		hp_state_parse_site(pool, seen.lines.s, (size_t)(nl - seen.lines.s), &s, &err), 0);
	assert_string_equal(s.v[HP_SITE_DOMAIN], "s00001.example.com");
	hp_buf_release(&seen.lines);
}

static void no_sites(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;
	struct seen seen = {0};
	int fd _cleanup_close_ = new_fd();

	write_doc(fd, 0);
	assert_int_equal(read_fd(fd, &seen, &err), 0);
	assert_int_equal(seen.sites, 0);
}

/* A document of these lines, with a right digest and count at its end. */
static int read_lines(const char *const *lines, struct hp_err *err)
{
	const struct hp_state_handler h = {NULL, NULL, NULL};
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
	return hp_state_read(fd, "doc", &h, err);
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

static void bad_sites(void **state HP_UNUSED)
{
	static const struct {
		const char *from, *to, *why;
	} bad[] = {
		{"\"s00001.example.com\"", "\"../../etc\"", "domain"},
		{"\"s00001.example.com\"", "\"S00001.example.com\"", "domain"},
		{"\"s00001.example.com\"", "\"localhost\"", "domain"},
		{"\"s00001.example.com\"", "7", "domain"},
		{"\"s00001.example.com\"", "null", "domain"},
		{"\"site1\"", "\"root\"", "user"},
		{"\"site1\"", "\"www-data\"", "user"},
		{"\"site1\"", "\"a/../b\"", "user"},
		{"20001", "0", "uid"},
		{"20001", "1000", "uid"},
		{"20001", "33", "uid"},
		{"20001", "20002", "uid"},
		{"20001", "\"20001\"", "uid"},
		{"20001", "20001.5", "uid"},
		{"\"id\":1", "\"id\":0", "id"},
		{"\"8.2\"", "\"8.2;\"", "php_version"},
		{"\"256M\"", "\"262144K\"", "php_memory_limit"},
		{"\"256M\"", "\"99999G\"", "php_memory_limit"},
		{"\"active\"", "\"gone\"", "status"},
		{"[\"10.0.0.0/8\"]", "\"10.0.0.0/8\"", "allowed_ips"},
		{"[\"10.0.0.0/8\"]", "[\"10.0.0.1/8\"]", "allowed_ips"},
		{"{\"X-A\":", "{\"Content-Length\":", "http_security_headers"},
		{"\"ssl_enabled\":false", "\"ssl_enabled\":\"false\"", "ssl_enabled"},
		{"\"ssl_enabled\":false", "\"ssl_enabled\":false,\"ssl_enabled\":true",
			"ssl_enabled"},
		{"\"ssl_enabled\":false", "\"root\":\"/etc\"", "root"},
		{"\"ssl_enabled\":false,", "", "ssl_enabled"},
		{"\"ssl_enabled\":false", "\"ssl_enabled\":false,\"node\":\"x\"", "node"},
		{"\"ssl_enabled\":false", "\"ssl_enabled\":false,\"tenant_id\":1", "tenant_id"},
		{"\"64M\"", "\"128M\"", "php_post_max_size"},
		{"\"www.s00001.example.com\"", "\"*.s00001.example.com\"", "aliases"},
		{"\"www.s00001.example.com\"", "\"s00001.example.com\",\"www.s00001.example.com\"",
			"aliases"},
		{"\"www.s00001.example.com\"", "\"a;b.example\"", "aliases"},
		{"\"*.s00001.example.com\"", "1", "aliases"},
		{"\"aliases\":[\"*.s00001.example.com\",\"www.s00001.example.com\"]",
			"\"aliases\":null", "aliases"},
		{"{\"site\":", "{\"x\":", "site"},
		{"{\"site\":", "{\"y\":1,\"site\":", "site"},
	};
	struct hp_err err = HP_ERR_INIT;
	const char *good = line_of(1);
	const char *lines[] = {head_line, good, NULL};

	assert_int_equal(read_lines(lines, &err), 0);
	for (size_t i = 0; i < HP_ARRAY_SIZE(bad); i++) {
		lines[1] = swap(good, bad[i].from, bad[i].to);
		if (read_lines(lines, &err) != HP_E_USAGE)
			fail_msg("%s was taken", lines[1]);
		unit_assert_err(&err, HP_E_USAGE, bad[i].why);
		assert_non_null(strstr(err.msg, "doc: line 2"));
	}
}

static void nothing_twice(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;
	const char *lines[] = {head_line, line_of(1), line_of(2), NULL};
	const char *two = lines[2];

	assert_int_equal(read_lines(lines, &err), 0);
	lines[2] = swap(two, "\"s00002.example.com\"", "\"s00001.example.com\"");
	assert_int_equal(read_lines(lines, &err), HP_E_USAGE);
	assert_non_null(strstr(err.msg, "s00001.example.com stands in it twice"));
	lines[2] = swap(two, "\"www.s00002.example.com\"", "\"s00001.example.com\"");
	assert_int_equal(read_lines(lines, &err), HP_E_USAGE);
	lines[2] = swap(two, "\"*.s00002.example.com\"", "\"*.s00001.example.com\"");
	assert_int_equal(read_lines(lines, &err), HP_E_USAGE);
	lines[2] = swap(two, "\"site2\"", "\"site1\"");
	assert_int_equal(read_lines(lines, &err), HP_E_USAGE);
	assert_non_null(strstr(err.msg, "user site1"));
	lines[2] = swap(swap(two, "\"id\":2,", "\"id\":1,"), "20002", "20001");
	assert_int_equal(read_lines(lines, &err), HP_E_USAGE);
}

static void bad_heads(void **state HP_UNUSED)
{
	static const char *const bad[] = {
		"",
		"{}",
		"[]",
		"x",
		"{\"hosting_panel_state\":2,\"node\":\"web1\",\"generation\":1}",
		"{\"hosting_panel_state\":1,\"node\":\"web1\"}",
		"{\"hosting_panel_state\":1,\"node\":\"../x\",\"generation\":1}",
		"{\"hosting_panel_state\":1,\"node\":\"web1\",\"generation\":-1}",
		"{\"hosting_panel_state\":1,\"node\":\"web1\",\"generation\":1,\"x\":1}",
		"{\"hosting_panel_state\":1,\"node\":\"web1\",\"node\":\"web1\",\"generation\":1}",
		"{\"hosting_panel_state\":1,\"node\":null,\"generation\":1}",
	};
	struct hp_err err = HP_ERR_INIT;

	for (size_t i = 0; i < HP_ARRAY_SIZE(bad); i++) {
		const char *lines[] = {bad[i], NULL};

		assert_int_equal(read_lines(lines, &err), HP_E_USAGE);
		assert_non_null(strstr(err.msg, "doc: line 1"));
	}
}

/* Cut at every byte, and one byte changed at every place: never taken. */
static void cut_and_changed(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;
	int fd _cleanup_close_ = new_fd();
	_cleanup_free_ char *doc = NULL;
	off_t size, i;

	write_doc(fd, 2);
	size = lseek(fd, 0, SEEK_END);
	doc = malloc((size_t)size);
	assert_true(pread(fd, doc, (size_t)size, 0) == size);
	for (i = 0; i < size; i++) {
		int cut _cleanup_close_ = new_fd();
		const struct hp_state_handler h = {NULL, NULL, NULL};

		assert_int_equal(hp_fd_write(cut, "x", doc, (size_t)i, &err), 0);
		assert_true(lseek(cut, 0, SEEK_SET) == 0);
		hp_err_clear(&err);
		assert_int_equal(hp_state_read(cut, "doc", &h, &err), HP_E_USAGE);
		doc[i] ^= 1;
		assert_true(ftruncate(cut, 0) == 0 && lseek(cut, 0, SEEK_SET) == 0);
		assert_int_equal(hp_fd_write(cut, "x", doc, (size_t)size, &err), 0);
		doc[i] ^= 1;
		assert_true(lseek(cut, 0, SEEK_SET) == 0);
		hp_err_clear(&err);
		assert_int_equal(hp_state_read(cut, "doc", &h, &err), HP_E_USAGE);
	}
	assert_int_equal(hp_fd_write(fd, "x", "\n", 1, &err), 0);
	{
		struct seen seen = {0};

		assert_int_equal(read_fd(fd, &seen, &err), HP_E_USAGE);
		hp_buf_release(&seen.lines);
	}
}

static void long_lines(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;
	char *big = hp_palloc(pool, 400000);
	const char *lines[] = {head_line, big, NULL};

	memset(big, ' ', 399999);
	assert_int_equal(read_lines(lines, &err), HP_E_USAGE);
	assert_non_null(strstr(err.msg, "bytes"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(no_sites),
		cmocka_unit_test(bad_sites),
		cmocka_unit_test(nothing_twice),
		cmocka_unit_test(bad_heads),
		cmocka_unit_test(cut_and_changed),
		cmocka_unit_test(long_lines),
	};
	int r;

	pool = hp_pool_new();
	r = cmocka_run_group_tests_name("state", tests, NULL, NULL);
	hp_pool_free(pool);
	return r;
}
