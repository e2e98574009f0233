#include "base/version.h"
#include "config.h"

const char *hp_version(void)
{
	return PACKAGE_VERSION;
}
