/*
 * door-run: what the web's side does to have a program run by root.
 *   door-run PROGRAM [ARG …]     its input, output and exit status as if it ran here
 */
#include <stdio.h>

#include "base/file.h"
#include "sys/door.h"

int main(int argc, char **argv)
{
	struct hp_buf in _cleanup_buf_ = HP_BUF_INIT, out _cleanup_buf_ = HP_BUF_INIT,
			 errs _cleanup_buf_ = HP_BUF_INIT;
	struct hp_err err = HP_ERR_INIT;
	struct hp_run r = {.argv = (const char *const *)argv + 1, .out = &out, .errs = &errs};
	int status;

	if (argc < 2 || hp_fd_read(STDIN_FILENO, "stdin", (size_t)1 << 20, &in, &err) < 0)
		return 2;
	r.in = hp_buf_str(&in);
	r.in_len = in.len;
	status = hp_door_run(&r, &err);
	fputs(hp_buf_str(&out), stdout);
	fputs(hp_buf_str(&errs), stderr);
	if (status >= 0)
		return status;
	fprintf(stderr, "door-run: %s\n", err.msg);
	return hp_exit_status(status);
}
