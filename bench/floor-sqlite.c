/*
 * The floor of a short command on SQLite: libc and libsqlite3 are linked and loaded; it returns 0.
 */
#include <sqlite3.h>

int main(int argc, char **argv)
{
	(void)argv;
	return argc > 1000 ? sqlite3_libversion_number() : 0;
}
