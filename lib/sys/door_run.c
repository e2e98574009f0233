/* A program run by root: hp_run() through hosting-panel-node-manager.socket. */
#include "base/paths.h"
#include "base/str.h"
#include "sys/door.h"
#include "sys/json.h"

#define OUT_DEFAULT ((size_t)1 << 20)
#define MS_DEFAULT 60000

struct answer {
	const struct hp_run *r;
	size_t max;
	int status; /* -1: none yet */
	struct hp_err *err;
};

static void take(struct answer *a, const char *what, const char *text, struct hp_buf *ret)
{
	if (!text || !ret)
		return;
	if (strlen(text) > a->max)
		hp_err_set(a->err, HP_E_REFUSED, "%s: more than %zu bytes of output",
			what, a->max);
	else
		hp_buf_adds(ret, text);
}

static void on_line(void *arg, const char *line, size_t len)
{
	struct answer *a = arg;
	struct hp_json *doc _cleanup_json_ = NULL;
	struct hp_err bad = HP_ERR_INIT;
	const struct hp_json *v;
	int64_t status;

	if (a->status >= 0 || hp_json_parse(line, len, &doc, &bad) < 0)
		return;
	v = hp_json_get(doc, "exit");
	if (!v || hp_json_i64(v, &status) < 0 || status < 0 || status > 255)
		return;
	a->status = (int)status;
	v = hp_json_get(doc, "stdout");
	take(a, a->r->argv[0], v ? hp_json_str(v) : NULL, a->r->out);
	v = hp_json_get(doc, "stderr");
	take(a, a->r->argv[0], v ? hp_json_str(v) : NULL, a->r->errs);
}

static int write_request(const struct hp_run *r, struct hp_buf *b, struct hp_err *err)
{
	struct hp_buf in _cleanup_buf_ = HP_BUF_INIT;
	const char *slash = strrchr(r->argv[0], '/');
	struct hp_jw w;
	size_t i;

	hp_jw_init(&w, b, false);
	hp_jw_obj(&w, NULL);
	hp_jw_arr(&w, "argv");
	hp_jw_str(&w, NULL, slash ? slash + 1 : r->argv[0]);
	for (i = 1; r->argv[i]; i++)
		hp_jw_str(&w, NULL, r->argv[i]);
	hp_jw_end(&w, ']');
	if (r->in_len) {
		/* what can't be said in JSON is no text, which is all that these programs read */
		if (memchr(r->in, 0, r->in_len) || !hp_utf8_is_valid(r->in, r->in_len))
			return hp_err_set(err, HP_E_USAGE, "%s: its input is no text", r->argv[0]);
		hp_buf_add(&in, r->in, r->in_len);
		hp_jw_str(&w, "stdin", hp_buf_str(&in));
		hp_wipe(in.s, in.cap);
	}
	hp_jw_end(&w, '}');
	hp_buf_addc(b, '\n');
	return 0;
}

int hp_door_run(const struct hp_run *r, struct hp_err *err)
{
	struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;
	struct hp_err said = HP_ERR_INIT;
	struct answer a = {
		.r = r, .max = r->max_out ? r->max_out : OUT_DEFAULT, .status = -1, .err = &said};
	struct hp_door d = {.path = HP_NODE_MANAGER_SOCKET,
		.timeout_ms = r->timeout_ms ? r->timeout_ms : MS_DEFAULT,
		.line = on_line,
		.arg = &a};

	HP_BUG_ON(r->in_fd > 0 || r->out_fd > 0 || r->in_child);
	/* a byte is six in JSON at the most */
	d.max_line = 2 * 6 * a.max + 4096;
	if (write_request(r, &b, err) == 0) {
		d.in = b.s;
		d.in_len = b.len;
		hp_door_call(&d, err);
	}
	if (b.s)
		hp_wipe(b.s, b.cap);
	if (a.status < 0 && !err->code)
		return hp_err_set(err, HP_E_BUSY, "%s was closed without an answer", d.path);
	if (err->code)
		return err->code;
	*err = said;
	return err->code ? err->code : a.status;
}
