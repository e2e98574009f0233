#include <errno.h>
#include <signal.h>
#include <termios.h>

#include "cmd/password.h"
#include "base/file.h"
#include "base/str.h"

/* The terminal shows again what is typed, however this ends. */
static struct termios shown;
static volatile sig_atomic_t hidden;

static void show_again(void)
{
	if (hidden)
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
	hidden = 0;
}

static void on_signal(int sig)
{
	show_again();
	signal(sig, SIG_DFL);
	raise(sig);
}

static int hide(struct hp_err *err)
{
	struct termios t;

	if (tcgetattr(STDIN_FILENO, &shown) < 0)
		return hp_err_errno(err, HP_E_OS, errno, "the terminal can't be asked");
	t = shown;
	t.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
	t.c_lflag |= ICANON;
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	signal(SIGHUP, on_signal);
	hidden = 1;
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &t) < 0)
		return hp_err_errno(err, HP_E_OS, errno, "the terminal can't be told to hide it");
	return 0;
}

/* One line, read byte by byte: what stands behind it is somebody else's. */
static int read_line(const char *what, char *buf, size_t size, struct hp_err *err)
{
	size_t n = 0;
	ssize_t r;
	char ch;

	while ((r = read(STDIN_FILENO, &ch, 1)) == 1 || (r < 0 && errno == EINTR)) {
		if (r < 0)
			continue;
		if (ch == '\n')
			break;
		if (n + 1 == size)
			return hp_err_set(
				err, HP_E_USAGE, "%s: it has more than %zu bytes", what, size - 2);
		if (!ch)
			return hp_err_set(err, HP_E_USAGE, "%s: there is a NUL byte in it", what);
		buf[n++] = ch;
	}
	if (r < 0)
		return hp_err_errno(err, HP_E_OS, errno, "standard input can't be read");
	if (n && buf[n - 1] == '\r')
		n--;
	buf[n] = 0;
	return 0;
}

static int password_line(char *buf, struct hp_err *err)
{
	if (read_line("password", buf, HP_PASSWORD_MAX + 2, err) < 0)
		return err->code;
	if (!*buf)
		return hp_err_set(err, HP_E_USAGE, "password: none was given on standard input");
	return 0;
}

static int ask(const char *prompt, char *buf, struct hp_err *err)
{
	int r;

	fputs(prompt, stderr);
	r = password_line(buf, err);
	fputc('\n', stderr);
	return r;
}

int cli_password(
	struct cli *c, const char *whose, bool is_new, char **ret, struct hp_err *err)
{
	char *one = hp_palloc(c->pool, HP_PASSWORD_MAX + 2);
	char *two = hp_palloc(c->pool, HP_PASSWORD_MAX + 2);
	int r;

	*ret = one;
	if (!isatty(STDIN_FILENO))
		return password_line(one, err);
	r = hide(err);
	if (r == 0)
		r = ask(hp_pprintf(c->pool, "%s of %s: ", is_new ? "New password" : "Password",
				hp_str_printable(c->pool, whose, 63)),
			one, err);
	if (r == 0 && is_new)
		r = ask("Once more: ", two, err);
	show_again();
	if (r == 0 && is_new && strcmp(one, two) != 0)
		r = hp_err_set(err, HP_E_USAGE, "password: the two are not the same");
	hp_wipe(two, HP_PASSWORD_MAX + 2);
	return r;
}

int cli_code(struct cli *c, const char *whose, char ret[HP_CODE_SIZE], struct hp_err *err)
{
	int r;

	if (!isatty(STDIN_FILENO))
		return read_line("code", ret, HP_CODE_SIZE, err);
	r = hide(err);
	if (r == 0) {
		fprintf(stderr, "Code of %s: ", hp_str_printable(c->pool, whose, 63));
		r = read_line("code", ret, HP_CODE_SIZE, err);
		fputc('\n', stderr);
	}
	show_again();
	return r;
}
