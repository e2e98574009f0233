/*
 * fcgi-constant: the floor of bench/web: a program with libfcgi and nothing else that prints a
 * constant, as many times at once as it is told to, on the socket at descriptor 0.
 *   fcgi-constant N
 */
#include <fcgiapp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void answer(void)
{
	static const char text[] = "Status: 200 OK\r\nContent-Type: application/json\r\n"
				   "Content-Length: 16\r\n\r\n{\"status\":\"ok\"}\n";
	FCGX_Request r;

	FCGX_Init();
	FCGX_InitRequest(&r, 0, 0);
	while (FCGX_Accept_r(&r) == 0) {
		FCGX_PutStr(text, (int)sizeof(text) - 1, r.out);
		FCGX_Finish_r(&r);
	}
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 1;

	while (n-- > 0) {
		if (fork() == 0) {
			answer();
			_exit(0);
		}
	}
	while (wait(NULL) > 0)
		;
	return 0;
}
