/* The table of users, their names and mail addresses, and what a password must be. */
#include <ctype.h>
#include <string.h>

#include "base/str.h"
#include "model/field_impl.h"
#include "model/user.h"

#define HP_FIELD(id, name, type, min, max, arg, deflt, flags, group, help)                         \
	{name, type, min, max, arg, deflt, flags, group, help},

static const struct hp_field user_fields[] = {
#include "model/user.def"
};
#undef HP_FIELD

const struct hp_field_table hp_user_table = {"user", user_fields, HP_USER_FIELDS};

/* ---- names ---- */
/* Who acts without being a user is called so in the audit trail. */
static bool is_reserved(const char *name)
{
	static const char *const reserved[] = {"root", "operator", "nobody", "hosting-panel"};
	size_t i;

	for (i = 0; i < HP_ARRAY_SIZE(reserved); i++)
		if (hp_streq(name, reserved[i]))
			return true;
	return false;
}

int hp_check_login(const struct hp_check *c, const char **ret)
{
	const char *s;

	if (!c->len || c->len > (size_t)c->f->max)
		return hp_check_bad(
			c, "is not a user's name of 1 to %lld characters", (long long)c->f->max);
	s = hp_pstrndup(c->pool, c->value, c->len);
	if (*s < 'a' || *s > 'z' || s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789._-")])
		return hp_check_bad(c,
			"is not a user's name: lower case letters, digits, '.', '_' and '-' are "
			"allowed, a letter first");
	if (is_reserved(s))
		return hp_check_bad(c, "is reserved: the panel itself is called so");
	*ret = s;
	return 0;
}

/* What people have of RFC 5321: no quotes, no comments, no address literal, no signs of shells. */
int hp_check_email(const struct hp_check *c, const char **ret)
{
	struct hp_err why = HP_ERR_INIT;
	const char *s = hp_pstrndup(c->pool, c->value, c->len), *at = strrchr(s, '@'), *domain;
	size_t local = at ? (size_t)(at - s) : 0;

	if (!local || local > 64 || *s == '.' || at[-1] == '.' || strstr(s, "..") ||
		strspn(s,
			"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
			"._+-") != local)
		return hp_check_bad(c, "is not a mail address as alice@example.com");
	if (hp_domain_check(c->pool, at + 1, strlen(at + 1), false, &domain, &why) < 0)
		return hp_check_bad(c, "is not a mail address: %s", why.msg);
	if (local + 1 + strlen(domain) > (size_t)c->f->max)
		return hp_check_bad(c, "has more than %lld bytes", (long long)c->f->max);
	*ret = hp_pprintf(c->pool, "%.*s@%s", (int)local, s, domain);
	return 0;
}

/* ---- passwords ---- */
/* What is tried first, each with anything of digits and signs behind it; lower case. */
static const char *const tried_first[] = {"password", "passwort", "motdepasse", "contrasena",
	"qwerty", "qwertz", "azerty", "letmein", "welcome", "iloveyou", "changeme", "administrator",
	"admin", "hosting-panel", "hostingpanel", "secret", "dragon", "monkey", "football",
	"baseball", "sunshine", "princess", "superman", "trustno", "master", "login", "abc"};

static size_t characters(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static unsigned different(const char *s)
{
	bool seen[256] = {false};
	unsigned n = 0;

	for (; *s; s++) {
		n += !seen[(unsigned char)*s];
		seen[(unsigned char)*s] = true;
	}
	return n;
}

/* Does every character follow the one before it: 123456…, abcdef…, or backwards? */
static bool is_run(const char *s)
{
	int step = s[0] && s[1] ? s[1] - s[0] : 0;

	if (step != 1 && step != -1)
		return false;
	for (; s[1]; s++)
		if (s[1] - s[0] != step && !(s[0] == '9' && s[1] == '0'))
			return false;
	return true;
}

/* Is s word (in any case), and nothing else but digits and signs around it? */
static bool is_made_of(const char *s, const char *word)
{
	size_t n = strlen(word);
	const char *at = n ? strcasestr(s, word) : NULL, *p;

	if (!at)
		return false;
	for (p = s; *p; p++)
		if ((p < at || p >= at + n) && (isalpha((unsigned char)*p) || (*p & 0x80)))
			return false;
	return true;
}

static int weak(struct hp_err *err, const char *why)
{
	hp_err_field(err, HP_E_USAGE, "password", "%s", why);
	return hp_err_hint(
		err, "four or five words in a row are easy to keep in mind and hard to guess");
}

int hp_password_check(const char *password, const char *username, struct hp_err *err)
{
	size_t i, n = strlen(password);

	if (n > HP_PASSWORD_MAX)
		return hp_err_field(
			err, HP_E_USAGE, "password", "it has more than %d bytes", HP_PASSWORD_MAX);
	if (!hp_utf8_is_valid(password, n) || hp_str_has_control(password, n))
		return hp_err_field(err, HP_E_USAGE, "password",
			"it contains a control character, or is not valid UTF-8");
	if (characters(password) < HP_PASSWORD_MIN)
		return hp_err_field(err, HP_E_USAGE, "password",
			"%d characters are wanted at the least", HP_PASSWORD_MIN);
	if (different(password) < 5 || is_run(password))
		return weak(err, "it has too few different characters, or is a mere row of them");
	if (is_made_of(password, username))
		return weak(err, "it is the user's name with something around it");
	for (i = 0; i < HP_ARRAY_SIZE(tried_first); i++)
		if (is_made_of(password, tried_first[i]))
			return weak(err, "it is one of those that are tried first");
	return 0;
}
