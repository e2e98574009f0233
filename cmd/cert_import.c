/* hp-cert import: a pair from elsewhere. */
#include "cmd/cert.h"
#include "base/file.h"
#include "base/str.h"

#define TEXT_MAX (HP_CERT_CHAIN_MAX + HP_CERT_KEY_MAX)

const struct hp_opt cert_import_opts[] = {
	{"key", 'k', "FILE", "file of the private key (PEM); standard input without", 0, "file"},
	{"cert", 'c', "FILE", "file of the certificate, its chain may follow in it", 0, "file"},
	{"chain", 0, "FILE", "file of the chain, where it has one of its own", 0, "file"},
	{"partial", 0, NULL, "take it even when it is not for every alias of the website", 0, NULL},
	{0},
};

static int read_text(struct cli *c, const char *option, const char *stdin_text, struct hp_buf *ret,
	struct hp_err *err)
{
	const char *path = cli_opt(c, option);

	if (!path || hp_streq(path, "-"))
		hp_buf_adds(ret, stdin_text);
	else if (c->as)
		return hp_err_set(err, HP_E_DENIED,
			"--%s: a file is root's to name; standard input has it otherwise", option);
	else if (hp_file_read(path, TEXT_MAX, ret, err) < 0)
		return hp_err_prefix(err, "--%s", option);
	/* PEM is text: NUL ends what is parsed */
	if (memchr(hp_buf_str(ret), 0, ret->len))
		return hp_err_set(err, HP_E_USAGE, "--%s: there is a NUL byte in it", option);
	return 0;
}

static bool wants_stdin(const struct cli *c)
{
	const char *key = cli_opt(c, "key"), *cert = cli_opt(c, "cert");

	return !key || !cert || hp_streq(key, "-") || hp_streq(cert, "-") ||
		hp_streq(cli_opt(c, "chain"), "-");
}

static int read_pair(struct cli *c, struct hp_buf *all, struct hp_buf *key, struct hp_buf *certs,
	struct hp_err *err)
{
	struct hp_buf chain _cleanup_buf_ = HP_BUF_INIT;

	if (wants_stdin(c)) {
		if (isatty(STDIN_FILENO))
			cli_say(c, "reading key and certificates (PEM) from standard input");
		if (hp_fd_read(STDIN_FILENO, "standard input", TEXT_MAX, all, err) < 0)
			return err->code;
		if (memchr(hp_buf_str(all), 0, all->len))
			return hp_err_set(
				err, HP_E_USAGE, "standard input: there is a NUL byte in it");
	}
	if (read_text(c, "key", hp_buf_str(all), key, err) < 0 ||
		read_text(c, "cert", hp_buf_str(all), certs, err) < 0)
		return err->code;
	if (cli_opt(c, "chain")) {
		if (read_text(c, "chain", hp_buf_str(all), &chain, err) < 0)
			return err->code;
		hp_buf_addc(certs, '\n');
		hp_buf_add(certs, hp_buf_str(&chain), chain.len);
	}
	return 0;
}

static void wipe(struct hp_buf *b)
{
	if (b->s)
		hp_wipe(b->s, b->cap);
	hp_buf_release(b);
}

int cert_import(struct cli *c, struct hp_err *err)
{
	struct hp_buf all _cleanup_(wipe) = HP_BUF_INIT, key _cleanup_(wipe) = HP_BUF_INIT,
			  certs _cleanup_(wipe) = HP_BUF_INIT;
	struct hp_err lost = HP_ERR_INIT, failure = HP_ERR_INIT;
	struct cert_job j = {0};
	struct cert_run r = {.c = c, .action = "import", .v = &j, .n = 1};

	if (cert_site(c, c->args[0], &j.site, err) < 0)
		return err->code;
	/* one that is damaged is replaced */
	hp_cert_current(c->pool, c->sysroot, j.site.domain, &j.before, &lost);
	if (read_pair(c, &all, &key, &certs, err) < 0)
		return err->code;
	if (cert_put(&r, &j, &certs, &key, "custom", cli_opt(c, "partial") != NULL, &failure) < 0)
		cert_failed(&r, &j, &failure);
	else if (j.site.letsencrypt)
		cli_warn(c,
			"%s: the next renewal asks the CA: hp-site set %s ssl_provider=custom "
			"keeps yours",
			j.site.domain, j.site.domain);
	if (c->dry_run)
		j.result = "dry-run";
	return cert_finish(&r, err);
}
