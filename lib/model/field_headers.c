/*
 * Response headers that a website adds: a JSON object of field name (RFC 9110
 * §5.1) and value. What frames the message, or what the server has to say by
 * itself, can't be set: a wrong one breaks every response.
 */
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "model/field_impl.h"
#include "model/site.h"

#define NAME_MAX_LEN 64
#define VALUE_MAX_LEN 4096

/* clang-format off */
static const char *const refused[] = {
	"accept-ranges", "age", "connection", "content-encoding", "content-length",
	"content-range", "content-type", "date", "etag", "host", "keep-alive", "last-modified",
	"location", "proxy-authenticate", "proxy-authorization", "proxy-connection",
	"set-cookie", "status", "te", "trailer", "transfer-encoding", "upgrade", "via",
	"x-accel-redirect", "x-sendfile",
};
/* clang-format on */

static bool is_token(const char *s)
{
	size_t n = strlen(s);

	return n && n <= NAME_MAX_LEN &&
		strspn(s,
			"!#%&'*+-.^_`|~"
			"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == n;
}

static int check_name(const struct hp_check *c, const char *name, const char **ret)
{
	size_t i;

	if (!is_token(name))
		return hp_check_member(c, name,
			"is not a header name of 1 to %d characters (RFC 9110)", NAME_MAX_LEN);
	for (i = 0; i < HP_ARRAY_SIZE(refused); i++)
		if (strcasecmp(name, refused[i]) == 0)
			return hp_check_member(
				c, name, "is a header of the server's own and can't be set here");
	*ret = name;
	return 0;
}

static int check_value(const struct hp_check *c, const char *name, const char *v, const char **ret)
{
	size_t n = strlen(v);

	if (!n && !hp_site_header_default(name))
		return hp_check_member(c, name,
			"has an empty value, which takes away a header "
			"that is sent by default, and this one is not");
	if (n > VALUE_MAX_LEN)
		return hp_check_member(c, name, "has a value of more than %d bytes", VALUE_MAX_LEN);
	if (n && (v[0] == ' ' || v[n - 1] == ' '))
		return hp_check_member(c, name, "has a value that begins or ends with a blank");
	if (memchr(v, '$', n)) /* NGINX has no way to write it */
		return hp_check_member(
			c, name, "has a \"$\" in its value, which not every web server can write");
	*ret = v;
	return 0;
}

const struct hp_map_kind hp_map_headers = {.name = "headers",
	.of = "header names and values",
	.any_case = true,
	.key = check_name,
	.value = check_value};

/* ---- what is sent without being asked ---- */
const struct hp_site_header hp_site_header_defaults[HP_SITE_HEADER_DEFAULTS] = {
	{"X-Content-Type-Options", "nosniff"},
	{"X-Frame-Options", "SAMEORIGIN"},
	{"Referrer-Policy", "strict-origin-when-cross-origin"},
};

const struct hp_site_header *hp_site_header_default(const char *name)
{
	size_t i;

	for (i = 0; i < HP_SITE_HEADER_DEFAULTS; i++)
		if (strcasecmp(name, hp_site_header_defaults[i].name) == 0)
			return &hp_site_header_defaults[i];
	return NULL;
}
