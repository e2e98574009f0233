/* What is shown once of a second factor: the secret, and recovery codes. */
#include "cmd/second.h"
#include "base/str.h"

const struct hp_col cli_totp_cols[] = {
	{"username", HP_COL_STR, "whose it is", false},
	{"secret", HP_COL_STR, "what the authenticator wants, in base32; shown this once", false},
	{"uri", HP_COL_STR, "the same for a QR code", false},
	{NULL, HP_COL_STR, NULL, false},
};

int cli_totp_enable(struct cli *c, struct hp_err *err)
{
	struct hp_totp t;
	int r;

	if (cli_panel(c, err) < 0)
		return err->code;
	r = hp_totp_enable(c->panel, c->args[0], &t, err);
	if (r == 0)
		r = cli_out(c, err);
	if (r == 0) {
		hp_out_str(c->out, 0, c->args[0]);
		/* a rehearsed one would be good for nothing */
		if (!c->dry_run) {
			hp_out_str(c->out, 1, t.secret);
			hp_out_str(c->out, 2, t.uri);
		}
		r = hp_out_row(c->out, err);
	}
	hp_wipe(&t, sizeof(t));
	return r;
}

const struct hp_col cli_recovery_cols[] = {
	{"username", HP_COL_STR, "whose it is", true},
	{"code", HP_COL_STR, "good once in the place of a code; shown this once", false},
	{NULL, HP_COL_STR, NULL, false},
};

int cli_recovery_codes(struct cli *c, struct hp_err *err)
{
	char codes[HP_RECOVERY_CODES][HP_RECOVERY_SIZE];
	size_t i;
	int r;

	if (cli_panel(c, err) < 0)
		return err->code;
	r = hp_recovery_make(c->panel, c->args[0], codes, err);
	if (r == 0)
		r = cli_out(c, err);
	for (i = 0; r == 0 && i < HP_RECOVERY_CODES; i++) {
		hp_out_str(c->out, 0, c->args[0]);
		if (!c->dry_run)
			hp_out_str(c->out, 1, codes[i]);
		r = hp_out_row(c->out, err);
	}
	hp_wipe(codes, sizeof(codes));
	return r;
}
