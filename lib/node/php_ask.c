#include "base/str.h"
#include "node/php.h"
#include "node/php_ask.h"
#include "node/procs.h"
#include "sys/json.h"
#include "sys/probe.h"

/* The JSON behind the headers of an answer. */
static int body_of(
	const struct hp_buf *out, const char *socket, struct hp_json **ret, struct hp_err *err)
{
	const char *text = out->len ? memmem(out->s, out->len, "\r\n\r\n", 4) : NULL;
	struct hp_err why = HP_ERR_INIT;

	if (text) {
		text += 4;
		if (hp_json_parse(text, out->len - (size_t)(text - out->s), ret, &why) == 0)
			return 0;
	}
	return hp_err_set(err, HP_E_BUSY, "%s: what answers there is not this panel's PHP%s%s",
		socket, *why.msg ? ": " : "", why.msg);
}

static const char *text_of(struct hp_pool *pool, const struct hp_json *obj, const char *key)
{
	const struct hp_json *v = hp_json_get(obj, key);
	const char *s = v ? hp_json_str(v) : NULL;

	return s ? hp_str_printable(pool, s, 64) : NULL;
}

static int64_t number_of(const struct hp_json *obj, const char *key)
{
	const struct hp_json *v = hp_json_get(obj, key);
	int64_t n;

	return v && hp_json_type(v) == HP_JSON_NUMBER && hp_json_i64(v, &n) == 0 && n >= 0 ? n : 0;
}

static const char *list_of(struct hp_pool *pool, const struct hp_json *list)
{
	_cleanup_buf_ struct hp_buf out = HP_BUF_INIT;
	const struct hp_json *v;
	struct hp_strv l = {0};
	struct hp_jw w;
	size_t i;

	for (v = list ? hp_json_first(list) : NULL; v && l.n < 1000; v = hp_json_next(v))
		if (hp_json_str(v))
			hp_strv_add_ref(pool, &l, hp_str_printable(pool, hp_json_str(v), 64));
	hp_strv_sort(&l);
	hp_jw_init(&w, &out, false);
	hp_jw_arr(&w, NULL);
	for (i = 0; i < l.n; i++)
		hp_jw_str(&w, NULL, l.v[i]);
	hp_jw_end(&w, ']');
	return hp_pstrdup(pool, hp_buf_str(&out));
}

static int ask_probe(struct hp_pool *pool, const char *socket, const char *version,
	unsigned timeout_ms, struct hp_php_facts *f, struct hp_err *err)
{
	const char *script = hp_php_probe_path(pool, version);
	const char *const params[] = {
		hp_pprintf(pool, "SCRIPT_FILENAME=%s", script),
		"SCRIPT_NAME=/probe.php",
		"REQUEST_METHOD=GET",
		"SERVER_PROTOCOL=HTTP/1.1",
		"GATEWAY_INTERFACE=CGI/1.1",
		"REDIRECT_STATUS=200",
		"QUERY_STRING=",
		NULL,
	};
	_cleanup_buf_ struct hp_buf out = HP_BUF_INIT;
	_cleanup_json_ struct hp_json *doc = NULL;
	const struct hp_json *limits;

	if (hp_fcgi_request(socket, params, timeout_ms, &out, err) < 0 ||
		body_of(&out, socket, &doc, err) < 0)
		return err->code;
	limits = hp_json_get(doc, "limits");
	f->release = text_of(pool, doc, "version");
	f->sapi = text_of(pool, doc, "sapi");
	f->pid = (pid_t)number_of(doc, "pid");
	f->uid = f->pid > 0 ? hp_proc_uid(f->pid) : (uid_t)-1;
	f->extensions = list_of(pool, hp_json_get(doc, "extensions"));
	f->memory_limit = text_of(pool, limits, "memory_limit");
	f->max_execution_time = text_of(pool, limits, "max_execution_time");
	f->upload_max_filesize = text_of(pool, limits, "upload_max_filesize");
	f->post_max_size = text_of(pool, limits, "post_max_size");
	f->opcache = text_of(pool, doc, "opcache");
	f->jit = hp_json_get(doc, "jit") && hp_json_is_true(hp_json_get(doc, "jit"));
	f->opcache_bytes = number_of(doc, "opcache_memory");
	f->opcache_scripts = number_of(doc, "opcache_scripts");
	if (!f->release || !f->sapi)
		return hp_err_set(
			err, HP_E_BUSY, "%s: what answers there tells no PHP version", socket);
	return 0;
}

static int ask_status(
	const char *socket, unsigned timeout_ms, struct hp_php_facts *f, struct hp_err *err)
{
	static const char *const params[] = {
		"SCRIPT_NAME=" HP_PHP_STATUS,
		"SCRIPT_FILENAME=" HP_PHP_STATUS,
		"REQUEST_METHOD=GET",
		"SERVER_PROTOCOL=HTTP/1.1",
		"QUERY_STRING=json",
		NULL,
	};
	_cleanup_buf_ struct hp_buf out = HP_BUF_INIT;
	_cleanup_json_ struct hp_json *doc = NULL;

	if (hp_fcgi_request(socket, params, timeout_ms, &out, err) < 0 ||
		body_of(&out, socket, &doc, err) < 0)
		return err->code;
	f->requests = number_of(doc, "accepted conn");
	f->active = number_of(doc, "active processes");
	f->max_active = number_of(doc, "max active processes");
	f->max_children_reached = number_of(doc, "max children reached");
	f->slow_requests = number_of(doc, "slow requests");
	return 0;
}

int hp_php_ask(struct hp_pool *pool, const char *socket, const char *version, unsigned timeout_ms,
	struct hp_php_facts *ret, struct hp_err *err)
{
	struct hp_php_facts f = {0};

	if (ask_probe(pool, socket, version, timeout_ms, &f, err) < 0 ||
		ask_status(socket, timeout_ms, &f, err) < 0)
		return err->code;
	*ret = f;
	return 0;
}
