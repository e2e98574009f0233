/* What a server's test said, read: the first complaint and the website to blame, or NULL. */
#ifndef HP_TESTS_UNIT_VERDICT_H
#define HP_TESTS_UNIT_VERDICT_H

#include "tests/unit/unit.h"
#include "node/web.h"

static inline void expect_verdict(
	void (*read)(struct hp_pool *pool, const char *text, struct hp_web_verdict *ret),
	const char *said, const char *message, const char *domain)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	struct hp_web_verdict v;

	read(pool, said, &v);
	if (message)
		assert_string_equal(v.message, message);
	else
		assert_null(v.message);
	if (domain)
		assert_string_equal(v.domain, domain);
	else
		assert_null(v.domain);
}
#endif
