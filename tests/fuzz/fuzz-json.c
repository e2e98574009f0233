/* JSON: what the reader accepts the writer writes so that it reads back as the same. */
#include "base/str.h"
#include "sys/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void walk(const struct hp_json *v)
{
	const char *s = hp_json_str(v);
	int64_t i;

	HP_BUG_ON(s && !hp_utf8_is_valid(s, strlen(s)));
	HP_BUG_ON(hp_json_i64(v, &i) == 0 && hp_json_type(v) != HP_JSON_NUMBER);
	for (const struct hp_json *c = hp_json_first(v); c; c = hp_json_next(c)) {
		if (hp_json_type(v) == HP_JSON_OBJECT)
			HP_BUG_ON(hp_json_get(v, hp_json_key(c)) != c);
		walk(c);
	}
}

static void write_value(struct hp_buf *b, const struct hp_json *v, bool pretty)
{
	struct hp_jw w;

	hp_jw_init(&w, b, pretty);
	hp_jw_value(&w, NULL, v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	for (int pretty = 0; pretty < 2; pretty++) {
		_cleanup_buf_ struct hp_buf one = HP_BUF_INIT, two = HP_BUF_INIT;
		_cleanup_json_ struct hp_json *doc = NULL, *again = NULL;
		struct hp_err err = HP_ERR_INIT;

		if (hp_json_parse((const char *)data, n, &doc, &err) < 0) {
			HP_BUG_ON(err.code != HP_E_USAGE || !*err.msg);
			return 0;
		}
		walk(doc);
		write_value(&one, doc, pretty);
		HP_BUG_ON(hp_json_parse(one.s, one.len, &again, &err) < 0);
		write_value(&two, again, pretty);
		HP_BUG_ON(one.len != two.len || memcmp(one.s, two.s, one.len) != 0);
	}
	return 0;
}
