/* Owner of <qrencode.h>. */
#include <errno.h>
#include <qrencode.h>

#include "base/buf.h"
#include "sys/lib.h"
#include "sys/qr.h"

#define QUIET 4 /* modules around it, ISO/IEC 18004 §6.3.8 */

static struct {
	__typeof__(&QRcode_encodeString) encode;
	__typeof__(&QRcode_free) free;
} lib;

static int load(struct hp_err *err)
{
	static const struct hp_lib_sym syms[] = {
		{"QRcode_encodeString", &lib.encode},
		{"QRcode_free", &lib.free},
		{NULL, NULL},
	};

	return lib.free ? 0 : hp_lib_load(HP_LIB_QRENCODE, syms, err);
}

/* Dark ones that lie side by side are one stroke. */
static void put_row(struct hp_buf *b, const QRcode *q, int y)
{
	const unsigned char *row = q->data + (size_t)y * (size_t)q->width;
	int x, from;

	for (x = 0; x < q->width; x++) {
		if (!(row[x] & 1))
			continue;
		for (from = x; x < q->width && (row[x] & 1); x++)
			;
		hp_buf_addf(b, "M%d %dh%dv1h-%dz", from + QUIET, y + QUIET, x - from, x - from);
	}
}

int hp_qr_path(struct hp_pool *pool, const char *text, int *ret_side, const char **ret,
	struct hp_err *err)
{
	struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;
	QRcode *q;
	int y;

	if (load(err) < 0)
		return err->code;
	q = lib.encode(text, 0, QR_ECLEVEL_M, QR_MODE_8, 1);
	if (!q)
		return hp_err_errno(err, HP_E_OS, errno, "libqrencode can't draw it");
	for (y = 0; y < q->width; y++)
		put_row(&b, q, y);
	*ret_side = q->width + 2 * QUIET;
	*ret = hp_pstrdup(pool, hp_buf_str(&b));
	lib.free(q);
	return 0;
}
