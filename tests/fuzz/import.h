/* What the fuzzers of both servers' configurations do. */
#ifndef HP_TESTS_FUZZ_IMPORT_H
#define HP_TESTS_FUZZ_IMPORT_H

#include <stddef.h>
#include <stdint.h>

/*
 * Read the text as a configuration of this server (hp_import()). What comes out is what every
 * setting takes, and what is said of it can be printed. No file of this machine is read.
 */
int fuzz_import(const char *server, const uint8_t *data, size_t n);

#endif
