#include "base/err.h"

#include <errno.h>
#include <stdarg.h>

#include "base/str.h"

/* An error number's text. The GNU strerror_r() gives a string for any number. */
static const char *errno_text(int errnum, char *buf, size_t size)
{
	return strerror_r(errnum, buf, size);
}

static void set_text(char *dst, size_t size, const char *fmt, va_list ap) HP_PRINTF(3, 0);
static void put_text(char *dst, size_t size, const char *fmt, ...) HP_PRINTF(3, 4);

/*
 * Format through a buffer of our own, because the arguments may point into the
 * very text that is being replaced.
 */
static void set_text(char *dst, size_t size, const char *fmt, va_list ap)
{
	char tmp[sizeof(((struct hp_err *)0)->msg)];
	size_t max = size < sizeof(tmp) ? size : sizeof(tmp);
	int n = vsnprintf(tmp, max, fmt, ap);

	if (n < 0) {
		tmp[0] = '\0';
		n = 0;
	}
	hp_str_to_printable(
		dst, size, tmp, (size_t)n < max ? (size_t)n : max - 1, (size_t)n >= max);
}

static void put_text(char *dst, size_t size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_text(dst, size, fmt, ap);
	va_end(ap);
}

int hp_err_set(struct hp_err *err, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_text(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	err->hint[0] = '\0';
	err->field[0] = '\0';
	err->code = code;
	return code;
}

int hp_err_about(struct hp_err *err, const char *field)
{
	/* that the database was away is no fault of any */
	if (err->code == HP_E_USAGE || err->code == HP_E_NOT_FOUND || err->code == HP_E_EXISTS ||
		err->code == HP_E_DENIED)
		put_text(err->field, sizeof(err->field), "%s", field);
	return err->code;
}

int hp_err_field(struct hp_err *err, int code, const char *field, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_text(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	err->hint[0] = '\0';
	err->code = code;
	hp_err_about(err, field);
	return hp_err_prefix(err, "%s", field);
}

int hp_err_errno(struct hp_err *err, int code, int errnum, const char *fmt, ...)
{
	char what[sizeof(err->msg)], buf[128];
	va_list ap;

	va_start(ap, fmt);
	set_text(what, sizeof(what), fmt, ap);
	va_end(ap);
	/* The reason matters more than the end of a very long name. */
	return hp_err_set(err, code, "%.*s: %s",
		(int)hp_utf8_cut(what, sizeof(what) - sizeof(buf) - 3), what,
		errno_text(errnum, buf, sizeof(buf)));
}

int hp_err_prefix(struct hp_err *err, const char *fmt, ...)
{
	char pre[sizeof(err->msg)], msg[sizeof(err->msg)];
	size_t n = strlen(err->msg);
	va_list ap;

	va_start(ap, fmt);
	set_text(pre, sizeof(pre), fmt, ap);
	va_end(ap);
	memcpy(msg, err->msg, n + 1);
	put_text(err->msg, sizeof(err->msg), "%.*s: %s", (int)hp_utf8_cut(pre, sizeof(pre) / 2),
		pre, msg);
	return err->code;
}

int hp_err_hint(struct hp_err *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_text(err->hint, sizeof(err->hint), fmt, ap);
	va_end(ap);
	return err->code;
}

void hp_err_clear(struct hp_err *err)
{
	err->code = HP_OK;
	err->msg[0] = '\0';
	err->hint[0] = '\0';
	err->field[0] = '\0';
}

static const struct {
	int status;
	const char *name, *text;
} statuses[] = {
#define HP_ERROR(n, s, t) {s, #n, t},
#include "base/errors.def"
#undef HP_ERROR
};

int hp_exit_status(int code)
{
	if (code == HP_OK)
		return 0;
	for (size_t i = 0; i < HP_ARRAY_SIZE(statuses); i++)
		if (statuses[i].status == -code)
			return -code;
	return -HP_E_BUG;
}

int hp_exit_status_at(unsigned i, int *ret_status, const char **ret_name, const char **ret_text)
{
	if (i >= HP_ARRAY_SIZE(statuses))
		return 0;
	*ret_status = statuses[i].status;
	*ret_name = statuses[i].name;
	*ret_text = statuses[i].text;
	return 1;
}

/*
 * Memory may be gone and locks may be held: a buffer on the stack, write(2) and
 * _exit(2), no handlers. What the caller has open is rolled back as after a kill.
 */
void hp_die(int code, const char *fmt, ...)
{
	char msg[1024] = "hosting-panel: ";
	size_t n = strlen(msg);
	ssize_t r HP_UNUSED;
	va_list ap;

	va_start(ap, fmt);
	set_text(msg + n, sizeof(msg) - n - 1, fmt, ap);
	va_end(ap);
	n = strlen(msg);
	msg[n++] = '\n';
	r = write(STDERR_FILENO, msg, n);
#ifdef HP_FUZZING
	abort(); /* a fuzzer keeps the input of a signal, not that of an exit */
#endif
	_exit(hp_exit_status(code));
}
