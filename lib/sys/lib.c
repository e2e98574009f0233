/* dlopen(3) and dlsym(3), with their errors. */
#include <dlfcn.h>
#include <string.h>

#include "sys/lib.h"

int hp_lib_load(const char *file, const struct hp_lib_sym *syms, struct hp_err *err)
{
	/* Whether its calls are bound now or when they are made, the library itself has said. */
	void *lib = dlopen(file, RTLD_LAZY | RTLD_LOCAL), *address;
	const char *why;

	if (!lib) {
		why = dlerror();
		return hp_err_set(err, HP_E_OS, "%s can't be loaded: %s", file, why ? why : "?");
	}
	for (; syms->name; syms++) {
		/* What the library depends on is found as well. */
		address = dlsym(lib, syms->name);
		if (!address)
			return hp_err_set(err, HP_E_OS, "%s does not bring %s", file, syms->name);
		/* ISO C has no cast from an object's to a function's pointer. */
		memcpy(syms->pointer, &address, sizeof(address));
	}
	return 0;
}
