/* What people are told, on standard error. */
#include <poll.h>

#include "cmd/cli.h"
#include "base/str.h"

void cli_print_err(const struct cli *c, const struct hp_err *err)
{
	if (!*err->msg)
		return;
	fprintf(stderr, "%s: %s\n", c->prog->name, err->msg);
	if (*err->hint)
		fprintf(stderr, "hint: %s\n", err->hint);
}

static void HP_PRINTF(2, 0) vsay(const struct cli *c, const char *fmt, va_list ap)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	const char *text = hp_pvprintf(pool, fmt, ap);

	fprintf(stderr, "%s: %s\n", c->prog->name, hp_str_printable(pool, text, 2000));
}

void cli_warn(const struct cli *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsay(c, fmt, ap);
	va_end(ap);
}

void cli_say(const struct cli *c, const char *fmt, ...)
{
	va_list ap;

	if (c->quiet)
		return;
	va_start(ap, fmt);
	vsay(c, fmt, ap);
	va_end(ap);
}

bool cli_reader_is_gone(void)
{
	struct pollfd p = {.fd = STDOUT_FILENO, .events = POLLOUT};

	return poll(&p, 1, 0) == 1 && (p.revents & POLLERR);
}
