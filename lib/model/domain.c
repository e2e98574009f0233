/*
 * Domain names. Nearly all of them are plain letters, digits and hyphens, for
 * which libidn2 need not be loaded: this file alone judges those. The rest goes
 * through UTS 46 first, and its result through the same door.
 */
#include <string.h>

#include "base/str.h"
#include "model/field_impl.h"
#include "sys/idn.h"

#define DOMAIN_MAX 253 /* RFC 1035 §3.1: 255 bytes on the wire */
#define LABEL_MAX 63

#define ALLOWED "letters, digits, hyphens and dots are allowed, as in www.example.com"

static int check_label(const char *label, size_t len, struct hp_err *err)
{
	size_t i;

	if (!len)
		return hp_err_set(err, HP_E_USAGE, "a label between its dots is empty");
	if (len > LABEL_MAX)
		return hp_err_set(err, HP_E_USAGE, "a label has %zu bytes, but %d are allowed", len,
			LABEL_MAX);
	for (i = 0; i < len; i++)
		if (!((label[i] >= 'a' && label[i] <= 'z') ||
			    (label[i] >= '0' && label[i] <= '9') || label[i] == '-'))
			return hp_err_set(err, HP_E_USAGE, "only " ALLOWED);
	if (label[0] == '-' || label[len - 1] == '-')
		return hp_err_set(err, HP_E_USAGE, "a label begins or ends with a hyphen");
	/* RFC 5890 §2.3.1: reserved, but for A-labels */
	if (len >= 4 && label[2] == '-' && label[3] == '-' && memcmp(label, "xn", 2) != 0)
		return hp_err_set(err, HP_E_USAGE,
			"a label has hyphens in its third and fourth place, "
			"which only A-labels (xn--) may have");
	return 0;
}

/* Browsers read a name with such an end as an IPv4 address (WHATWG URL, "ends in a number"). */
static bool is_number(const char *label, size_t len)
{
	size_t i;

	if (len >= 2 && label[0] == '0' && label[1] == 'x') {
		for (i = 2; i < len; i++)
			if (!strchr("0123456789abcdef", label[i]))
				return false;
		return true;
	}
	for (i = 0; i < len; i++)
		if (label[i] < '0' || label[i] > '9')
			return false;
	return true;
}

int hp_ldh_check(char *name, size_t len, unsigned min_labels, struct hp_err *err)
{
	size_t from = 0, i;
	unsigned labels = 0;

	if (!len || len > DOMAIN_MAX)
		return hp_err_set(err, HP_E_USAGE, "it has %zu bytes, but 1 to %d are allowed", len,
			DOMAIN_MAX);
	for (i = 0; i <= len; i++) {
		if (i < len && name[i] >= 'A' && name[i] <= 'Z')
			name[i] += 'a' - 'A';
		if (i < len && name[i] != '.')
			continue;
		if (check_label(name + from, i - from, err) < 0)
			return err->code;
		labels++;
		if (i == len && min_labels > 1 && is_number(name + from, i - from))
			return hp_err_set(err, HP_E_USAGE,
				"its last label is a number: IP addresses are no "
				"domain names");
		from = i + 1;
	}
	if (labels < min_labels)
		return hp_err_set(err, HP_E_USAGE,
			"it has no dot: at least %u labels are wanted, as in "
			"example.com",
			min_labels);
	return 0;
}

/* Plain enough to do without libidn2? */
static bool is_plain(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if ((unsigned char)s[i] >= 0x80)
			return false;
		if ((s[i] == 'x' || s[i] == 'X') && (!i || s[i - 1] == '.') && len - i >= 4 &&
			(s[i + 1] == 'n' || s[i + 1] == 'N') && s[i + 2] == '-' && s[i + 3] == '-')
			return false;
	}
	return true;
}

static int judge(
	struct hp_pool *pool, const char *s, size_t len, const char **ret, struct hp_err *err)
{
	const char *ascii;
	char *name;

	if (len && s[len - 1] == '.') /* the root's dot says nothing */
		len--;
	if (!len)
		return hp_err_set(err, HP_E_USAGE, "it is empty: a name as example.com is wanted");
	name = hp_pstrndup(pool, s, len);
	if (!is_plain(s, len)) {
		/* four bytes of UTF-8 for each byte of a name is more than any name has */
		if (len > 4 * DOMAIN_MAX)
			return hp_err_set(err, HP_E_USAGE,
				"it has %zu bytes: that is too long for any name", len);
		if (hp_idn_to_ascii(pool, name, &ascii, err) < 0)
			return err->code;
		len = strlen(ascii);
		if (len && ascii[len - 1] == '.')
			len--;
		name = hp_pstrndup(pool, ascii, len);
	}
	if (hp_ldh_check(name, len, 2, err) < 0)
		return err->code;
	/* RFC 6761 §6.3: it means the visitor's own machine */
	*ret = name;
	return 0;
}

int hp_domain_check(struct hp_pool *pool, const char *s, size_t len, bool wildcard,
	const char **ret, struct hp_err *err)
{
	struct hp_err why = HP_ERR_INIT;
	const char *name = NULL;
	bool star = len >= 2 && s[0] == '*' && s[1] == '.';
	size_t skip = star ? 2 : 0;

	if (memchr(s, 0, len) || !hp_utf8_is_valid(s, len))
		hp_err_set(&why, HP_E_USAGE, "it is not valid UTF-8 text");
	else if (hp_str_has_control(s, len))
		hp_err_set(&why, HP_E_USAGE, "it contains a control character");
	else if (star && !wildcard)
		hp_err_set(&why, HP_E_USAGE,
			"a wildcard can only be a further name (alias) of a website");
	else
		judge(pool, s + skip, len - skip, &name, &why);
	if (why.code == HP_OK && star && strlen(name) + 2 > DOMAIN_MAX)
		hp_err_set(&why, HP_E_USAGE, "it has more than %d bytes", DOMAIN_MAX);
	if (why.code) {
		/* a message of libidn2's owner names what it was given by itself */
		hp_err_set(err, why.code, "\"%s\" is not a domain name: %s",
			hp_str_printable(pool, hp_pstrndup(pool, s, len < 256 ? len : 256), 80),
			why.msg);
		if (*why.hint)
			hp_err_hint(err, "%s", why.hint);
		return err->code;
	}
	*ret = star ? hp_pprintf(pool, "*.%s", name) : name;
	return 0;
}
