/* All programs in one list, for what speaks about all of them (manual pages, completion). */
#include "cmd/cli.h"
#include "base/str.h"

const struct cli_program *const cli_programs[] = {
#define CLI_PROGRAM(symbol, name, summary) &symbol,
#include "cmd/programs.def"
#undef CLI_PROGRAM
	NULL,
};

const struct cli_program *cli_program_find(const char *name)
{
	unsigned i;

	for (i = 0; cli_programs[i]; i++)
		if (hp_streq(cli_programs[i]->name, name))
			return cli_programs[i];
	return NULL;
}
