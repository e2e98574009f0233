#include "cmd/cli.h"

int main(int argc, char **argv)
{
	return hp_main(&cli_hp_user, argc, argv);
}
