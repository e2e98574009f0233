# unit: one test program a library file, named after it.
