/* Unified differences of two texts, as diff -u prints them. */
#ifndef HP_NODE_DIFF_H
#define HP_NODE_DIFF_H

#include "base/buf.h"

/*
 * Append the difference between a and b to out, with three lines of context; nothing when they
 * are equal. a_name and b_name head it ("/dev/null" for a file that is not there).
 * Myers, "An O(ND) Difference Algorithm and Its Variations", 1986; texts that differ in more
 * than some thousand lines are shown as replaced whole.
 */
void hp_diff(struct hp_buf *out, const char *a_name, const char *a, size_t a_len,
	const char *b_name, const char *b, size_t b_len);

#endif
