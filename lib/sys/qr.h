/* QR codes (ISO/IEC 18004). The only user of libqrencode, which is loaded at the first. */
#ifndef HP_SYS_QR_H
#define HP_SYS_QR_H

#include "base/err.h"
#include "base/pool.h"

/*
 * What an SVG's <path d="…"> draws the text by: a square of 1 for each dark module, in a field of
 * *ret_side each way, with the quiet zone that readers want.
 */
int hp_qr_path(struct hp_pool *pool, const char *text, int *ret_side, const char **ret,
	struct hp_err *err);

#endif
