#include "cmd/cli.h"

int main(int argc, char **argv)
{
	return hp_main(&cli_hp_cert, argc, argv);
}
