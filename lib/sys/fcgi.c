#include <errno.h>
#include <fcgiapp.h>

#include "sys/fcgi.h"
#include "base/file.h"

struct hp_fcgi {
	FCGX_Request r;
	bool plain, answered;
};

bool hp_fcgi_is_plain(void)
{
	return FCGX_IsCGI();
}

int hp_fcgi_new(struct hp_fcgi **ret, struct hp_err *err)
{
	static struct hp_fcgi one;

	one.plain = hp_fcgi_is_plain();
	if (!one.plain &&
		(FCGX_Init() != 0 || FCGX_InitRequest(&one.r, 0, FCGI_FAIL_ACCEPT_ON_INTR) != 0))
		return hp_err_set(err, HP_E_OS, "FastCGI can't be begun on descriptor 0");
	*ret = &one;
	return 0;
}

int hp_fcgi_accept(struct hp_fcgi *f)
{
	if (f->plain)
		return !f->answered;
	return FCGX_Accept_r(&f->r) == 0;
}

const char *hp_fcgi_param(const struct hp_fcgi *f, const char *name)
{
	return f->plain ? getenv(name) : FCGX_GetParam(name, f->r.envp);
}

ssize_t hp_fcgi_read(struct hp_fcgi *f, void *p, size_t n)
{
	ssize_t got;

	if (!f->plain)
		return FCGX_GetStr(p, n > INT32_MAX ? INT32_MAX : (int)n, f->r.in);
	do {
		got = read(STDIN_FILENO, p, n);
	} while (got < 0 && errno == EINTR);
	return got;
}

void hp_fcgi_write(struct hp_fcgi *f, const void *p, size_t n)
{
	struct hp_err err = HP_ERR_INIT;

	if (f->plain)
		hp_fd_write(STDOUT_FILENO, "standard output", p, n, &err);
	else
		for (; n > INT32_MAX; n -= INT32_MAX, p = (const char *)p + INT32_MAX)
			FCGX_PutStr(p, INT32_MAX, f->r.out);
	if (!f->plain)
		FCGX_PutStr(p, (int)n, f->r.out);
}

void hp_fcgi_end(struct hp_fcgi *f)
{
	f->answered = true;
	if (!f->plain)
		FCGX_Finish_r(&f->r);
}
