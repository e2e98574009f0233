#include "state.h"
#include "sys/json.h"

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
				assert_true(hp_streq(got->v[i], want.v[i]));
		assert_int_equal(got->aliases.n, 2);
		assert_string_equal(got->aliases.v[0], want.aliases.v[0]);
		hp_buf_add(&s->lines, line, len);
		hp_buf_addc(&s->lines, '\n');
	}
	return 0;
}

static int read_fd(int fd, struct seen *seen, struct hp_err *err)
{
	const struct hp_state_handler h = {
		.on_head = on_head, .on_site = on_site, .arg = seen};

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

static int read_lines(const char *const *lines, struct hp_err *err)
{
	const struct hp_state_handler h = {.arg = NULL};

	return read_lines_to(&h, lines, err);
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
		{"\"aliases\":", "\"aliases\":[\"x.example\"],\"aliases\":", "aliases"},
		{"{\"site\":", "{\"site\":{},\"site\":", "site"},
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

/* A site's line in which field i is this JSON, and extra (or nothing) stands behind it. */
static const char *line_with(unsigned i, const char *json, const char *extra)
{
	struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;
	struct hp_site s = site(1);
	struct hp_jw w;

	hp_jw_init(&w, &b, false);
	hp_jw_obj(&w, NULL);
	hp_jw_obj(&w, "site");
	for (unsigned k = 0; k < HP_SITE_FIELDS; k++) {
		const struct hp_field *f = &hp_site_table.fields[k];

		if (!(f->flags & HP_FF_NODE))
			continue;
		if (k == i)
			hp_buf_addf(&b, "%s\"%s\":%s%s", b.s[b.len - 1] == '{' ? "" : ",", f->name,
				json, extra);
		else
			hp_field_json(&w, f, s.v[k]);
		w.comma |= (uint64_t)1 << w.depth;
	}
	hp_buf_adds(&b, ",\"aliases\":[]}}");
	return hp_pstrndup(pool, b.s, b.len);
}

static void refused_for(const char *line, const char *name)
{
	const char *lines[] = {head_line, line, NULL};
	struct hp_err err = HP_ERR_INIT;

	if (read_lines(lines, &err) != HP_E_USAGE)
		fail_msg("%s: taken: %s", name, line);
	if (!hp_str_starts(err.msg, "doc: line 2: ") || !strstr(err.msg, name))
		fail_msg("%s: %s", name, err.msg);
	assert_false(hp_str_has_control(err.msg, strlen(err.msg)));
}

/* What the writer makes of it. */
static const char *json_of(unsigned i)
{
	struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;
	struct hp_site s = site(1);
	struct hp_jw w;

	hp_jw_init(&w, &b, false);
	hp_field_json(&w, &hp_site_table.fields[i], s.v[i]);
	/* without its key */
	return hp_pstrdup(pool, strchr(hp_buf_str(&b), ':') + 1);
}

/* What is wrong for most fields may be right for this one. */
static bool is_right(const struct hp_field *f, const char *json)
{
	if (hp_streq(json, "null"))
		return f->flags & HP_FF_NULLABLE;
	return f->type == HP_F_SUBPATH && (hp_streq(json, "\"\"") || hp_streq(json, "\"020001\"") ||
						  hp_streq(json, "\"True\""));
}

/* Every field that a document has, with hostile text, other types, twice, and not at all. */
static void hostile_fields(void **state HP_UNUSED)
{
	static const char *const bad[] = {"\\r", "\\n", "\\u0000", "\\t", "\\u001b[2J", "\\u0085",
		"\xff", "\xc0\xaf", "\xed\xa0\x80", "\\ud800", "\\\"", "'", ";", "{", "}", "$", "%",
		"../", "/etc/passwd", "\\\\", " ", "\u0430", "\u202e", "$(id)", "{{x}}"};
	static const char *const types[] = {"null", "5.5", "1e400", "-1", "\"\"", "[5]", "[null]",
		"[[]]", "[{}]", "{\"X-A\":5}", "{\"X-A\":null}", "{\"X-A\":[]}", "0x10",
		"99999999999999999999", "\"[]\"", "\"{}\"", "\"020001\"", "\"True\""};
	char *big = hp_palloc(pool, 65537);
	unsigned n = 0;

	memset(big, 'a', 65536);
	for (unsigned i = 0; i < HP_SITE_FIELDS; i++) {
		const struct hp_field *f = &hp_site_table.fields[i];
		const char *good = json_of(i);
		const char *lines[] = {head_line, NULL, NULL};
		struct hp_err err = HP_ERR_INIT;

		if (!(f->flags & HP_FF_NODE)) {
			/* what a node need not know has no place, whatever it says */
			refused_for(line_with(HP_SITE_ID, "1",
					    hp_pprintf(pool, ",\"%s\":%s", f->name, good)),
				f->name);
			continue;
		}
		n++;
		lines[1] = line_with(i, good, "");
		if (read_lines(lines, &err) < 0)
			fail_msg("%s: %s", f->name, err.msg);
		for (size_t k = 0; k < HP_ARRAY_SIZE(bad); k++) {
			/* what is no JSON has no fields that could be named */
			bool json = hp_utf8_is_valid(bad[k], strlen(bad[k])) &&
				!hp_streq(bad[k], "\\u0000") && !hp_streq(bad[k], "\\ud800");
			const char *name = json ? f->name : "JSON";
			char last = good[strlen(good) - 1];

			refused_for(line_with(i, hp_pprintf(pool, "\"%s\"", bad[k]), ""), name);
			/* behind a folder, a path is one; behind nothing, null is no text */
			if (last == '"' && (f->type != HP_F_SUBPATH || *bad[k] != '/'))
				refused_for(line_with(i,
						    hp_pprintf(pool, "%.*s%s\"",
							    (int)strlen(good) - 1, good, bad[k]),
						    ""),
					name);
			if (f->type == HP_F_LIST)
				refused_for(line_with(i, hp_pprintf(pool, "[\"%s\"]", bad[k]), ""),
					name);
			if (f->type == HP_F_MAP)
				refused_for(
					line_with(
						i, hp_pprintf(pool, "{\"A\":\"%s$\"}", bad[k]), ""),
					name);
		}
		for (size_t k = 0; k < HP_ARRAY_SIZE(types); k++)
			if (!hp_streq(types[k], good) && !is_right(f, types[k]))
				refused_for(line_with(i, types[k], ""),
					strstr("1e400 0x10", types[k]) ? "JSON" : f->name);
		refused_for(line_with(i, hp_pprintf(pool, "\"%s\"", big), ""), f->name);
		refused_for(
			line_with(i, good, hp_pprintf(pool, ",\"%s\":%s", f->name, good)), f->name);
		refused_for(line_with(i, good, hp_pprintf(pool, ",\"%s \":%s", f->name, good)),
			f->name);
		refused_for(
			line_with(i, good, hp_pprintf(pool, ",\"x-%s\":%s", f->name, good)), "x-");
	}
	assert_true(n > 15);
}

/* Keys that would be paths or users, if anybody looked at them. */
static void smuggled_keys(void **state HP_UNUSED)
{
	static const char *const keys[] = {"document_root", "root", "home", "shell", "user_name",
		"gid", "groups", "path", "socket", "log_dir", "custom", "include",
		"php_admin_value", "listen", "Domain", "USER", "user\\u0000", "__proto__", "", "."};

	for (size_t i = 0; i < HP_ARRAY_SIZE(keys); i++)
		refused_for(line_with(HP_SITE_DOMAIN, json_of(HP_SITE_DOMAIN),
				    hp_pprintf(pool, ",\"%s\":\"/etc/passwd\"", keys[i])),
			strchr(keys[i], '\\') ? "JSON" : "key");
}

static void bad_ends(void **state HP_UNUSED)
{
	static const char *const ends[] = {
		"{\"end\":{\"sites\":1,\"sha256\":\"%s\",\"x\":1}}",
		"{\"end\":{\"sites\":1,\"sites\":1,\"sha256\":\"%s\"}}",
		"{\"end\":{\"sites\":2,\"sha256\":\"%s\"}}",
		"{\"end\":{\"sites\":0,\"sha256\":\"%s\"}}",
		"{\"end\":{\"sites\":-1,\"sha256\":\"%s\"}}",
		"{\"end\":{\"sites\":\"1\",\"sha256\":\"%s\"}}",
		"{\"end\":{\"sha256\":\"%s\"}}",
		"{\"end\":{\"sites\":1,\"sha256\":\"%.63s\"}}",
		"{\"end\":{\"sites\":1,\"sha256\":\"0%s\"}}",
		"{\"end\":{\"sites\":1,\"sha256\":[\"%s\"]}}",
		"{\"end\":{\"sites\":1,\"sha256\":\"%s\"},\"x\":1}",
		"{\"end\":{\"sites\":1,\"sha256\":\"%s\"},\"end\":{}}",
		"{\"end\":[1,\"%s\"]}",
		"{\"end\":null}",
	};
	const struct hp_state_handler h = {.arg = NULL};
	const char *body = hp_pprintf(pool, "%s\n%s\n", head_line, line_of(1));
	char hex[HP_DIGEST_HEX];

	hp_digest_of(body, strlen(body), hex);
	for (size_t i = 0; i <= HP_ARRAY_SIZE(ends); i++) {
		int fd _cleanup_close_ = new_fd();
		struct hp_err err = HP_ERR_INIT;
		/* the one before the first shows that the others are refused for what is in them */
		const char *fmt = i ? ends[i - 1] : "{\"end\":{\"sites\":1,\"sha256\":\"%s\"}}";
		const char *at = strchr(fmt, '%'), *doc;
		int n = at && at[1] == '.' ? 63 : 64;

		doc = at ? hp_pprintf(pool, "%s%.*s%.*s%s\n", body, (int)(at - fmt), fmt, n, hex,
				   strchr(at, 's') + 1)
			 : hp_pprintf(pool, "%s%s\n", body, fmt);
		assert_int_equal(hp_fd_write(fd, "doc", doc, strlen(doc), &err), 0);
		assert_true(lseek(fd, 0, SEEK_SET) == 0);
		if (hp_state_read(fd, "doc", &h, &err) != (i ? HP_E_USAGE : 0))
			fail_msg("%s: %s", fmt, err.msg);
		if (i)
			assert_non_null(strstr(err.msg, "doc: line 3"));
	}
}

/* Longer than any document may be: not read to its end. */
static void too_long(void **state HP_UNUSED)
{
	const struct hp_state_handler h = {.arg = NULL};
	const char *good = line_of(1);
	struct hp_err err = HP_ERR_INIT;
	int fd _cleanup_close_ = new_fd();

	/* holes: a file of that length that takes no room */
	assert_int_equal(hp_fd_write(fd, "doc", head_line, strlen(head_line), &err), 0);
	assert_int_equal(hp_fd_write(fd, "doc", "\n", 1, &err), 0);
	assert_int_equal(hp_fd_write(fd, "doc", good, strlen(good), &err), 0);
	assert_true(ftruncate(fd, (off_t)HP_STATE_MAX + 10) == 0 && lseek(fd, 0, SEEK_SET) == 0);
	assert_int_equal(hp_state_read(fd, "doc", &h, &err), HP_E_USAGE);
	assert_true(lseek(fd, 0, SEEK_CUR) < (off_t)1 << 20);
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
		const struct hp_state_handler h = {.arg = NULL};

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
	char *big = hp_palloc(pool, 600000);
	const char *lines[] = {head_line, big, NULL};

	memset(big, ' ', 599999);
	big[599999] = 0;
	assert_int_equal(read_lines(lines, &err), HP_E_USAGE);
	assert_non_null(strstr(err.msg, "bytes"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(no_sites),
		cmocka_unit_test(bad_sites),
		cmocka_unit_test(hostile_fields),
		cmocka_unit_test(smuggled_keys),
		cmocka_unit_test(bad_ends),
		cmocka_unit_test(too_long),
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
