/*
 * acme-hook begin|done|failed TYPE IDENT TOKEN AUTH: what uacme(1) starts for each challenge. A
 * token that the CA will ask for over HTTP becomes a file that every vhost serves; challenges of
 * other kinds are declined.
 */
#include "base/file.h"
#include "base/str.h"
#include "node/certs.h"

#define TOKEN_MAX 200
#define BASE64URL "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

/* RFC 8555 §8.3: it becomes a file's name, so it is looked at whoever sent it. */
static bool is_token(const char *s)
{
	size_t n = strspn(s, BASE64URL);

	return n && n <= TOKEN_MAX && !s[n];
}

/* The token, a dot, the account key's thumbprint. */
static bool is_answer(const char *s, const char *token)
{
	const char *rest = hp_str_after(s, token);

	return rest && *rest == '.' && is_token(rest + 1);
}

int main(int argc, char **argv)
{
	struct hp_err err = HP_ERR_INIT;
	char path[sizeof(HP_CERT_CHALLENGE_DIR) + TOKEN_MAX + 2];

	if (argc != 6)
		return hp_exit_status(HP_E_USAGE);
	if (!hp_streq(argv[2], "http-01") || !is_token(argv[4]) || !is_answer(argv[5], argv[4]))
		return hp_exit_status(HP_E_NO);
	snprintf(path, sizeof(path), "%s/%s", HP_CERT_CHALLENGE_DIR, argv[4]);
	if (!hp_streq(argv[1], "begin")) {
		unlink(path);
		return 0;
	}
	if (hp_file_write(path, 0644, argv[5], strlen(argv[5]), &err) < 0) {
		fprintf(stderr, "acme-hook: %s\n", err.msg);
		return hp_exit_status(err.code);
	}
	return 0;
}
