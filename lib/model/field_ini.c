/*
 * Settings of php.ini that a website may choose. What is not listed is refused: a name that
 * somebody adds to PHP later is not open by that. Refused above all is what names a file or a
 * folder, loads code, or is another setting of the panel.
 */
#include <fnmatch.h>
#include <string.h>

#include "base/str.h"
#include "model/field_impl.h"

#define VALUE_MAX_LEN 256

/* Each with what to do instead; looked at first. "*" stands for anything. */
static const struct {
	const char *name, *hint;
} refused[] = {
	{"memory_limit", "php_memory_limit sets it"},
	{"max_execution_time", "php_max_execution_time sets it"},
	{"upload_max_filesize", "php_upload_max_filesize sets it"},
	{"post_max_size", "php_post_max_size sets it"},
	{"extension", "php_extensions names them"},
	{"zend_extension", "php_extensions names them"},
	{"extension_dir", "php_extensions names the extensions that a version has"},
	{"error_log", "PHP's errors are in the website's own php-error.log"},
	{"auto_prepend_file", "a file .user.ini in the website's folder may set it"},
	{"auto_append_file", "a file .user.ini in the website's folder may set it"},
	{"include_path", "a file .user.ini in the website's folder may set it"},
	{"session.save_path", "sessions are in a folder of the website's own"},
	{"session.save_handler",
		"sessions are in a folder of the website's own; ini_set() may choose another"},
	{"upload_tmp_dir", "uploads are in a folder of the website's own"},
	{"sys_temp_dir", "temporary files are in a folder of the website's own"},
	{"open_basedir", "the panel sets it for each website"},
	{"disable_functions", "the operator sets it in custom/DOMAIN/php-fpm/*.conf"},
	{"disable_classes", "the operator sets it in custom/DOMAIN/php-fpm/*.conf"},
	{"opcache.preload*", NULL},
	{"opcache.file_cache*", NULL},
	{"opcache.error_log", NULL},
	{"opcache.lockfile_path", NULL},
	{"opcache.restrict_api", NULL},
	{"opcache.blacklist_filename", NULL},
	{"opcache.memory_consumption",
		"[php] of hosting-panel.conf(5) has what every website starts with"},
	{"opcache.jit*", "[php] of hosting-panel.conf(5) has what every website starts with"},
	{"apc.mmap_file_mask", NULL},
	{"soap.wsdl_cache_dir", NULL},
	{"sqlite3.extension_dir", NULL},
	{"mysqlnd.*log*", NULL},
	{"mysqlnd.*trace*", NULL},
	{"mysqlnd.debug", NULL},
};

/* clang-format off */
static const char *const allowed[] = {
	"allow_url_fopen", "apc.*", "arg_separator.*", "assert.*", "auto_detect_line_endings",
	"auto_globals_jit", "bcmath.*", "date.*", "default_charset", "default_mimetype",
	"default_socket_timeout", "display_errors", "docref_ext", "docref_root",
	"enable_post_data_reading", "error_append_string", "error_prepend_string", "error_reporting",
	"exif.*", "expose_php", "file_uploads", "gd.*", "html_errors", "iconv.*",
	"ignore_repeated_errors", "ignore_repeated_source", "ignore_user_abort", "imagick.*",
	"implicit_flush", "input_encoding", "internal_encoding", "intl.*", "log_errors",
	"log_errors_max_len", "max_file_uploads", "max_input_nesting_level", "max_input_time",
	"max_input_vars", "max_multipart_body_parts", "mbstring.*", "mysqli.*", "mysqlnd.*",
	"opcache.*", "output_buffering", "output_encoding", "pcre.*", "pgsql.*", "precision",
	"realpath_cache_size", "realpath_cache_ttl", "register_argc_argv", "report_memleaks",
	"request_order", "sendmail_from", "serialize_precision", "session.*", "short_open_tag",
	"soap.*", "sqlite3.*", "tidy.clean_output", "unserialize_max_depth", "url_rewriter.*",
	"user_agent", "variables_order", "zend.assertions", "zend.enable_gc",
	"zend.exception_ignore_args", "zend.exception_string_param_max_len", "zlib.*",
};
/* clang-format on */

static bool is_like(const char *pattern, const char *name)
{
	return fnmatch(pattern, name, 0) == 0;
}

static int check_name(const struct hp_check *c, const char *key, const char **ret)
{
	size_t n = strlen(key), i;

	if (!n || n > 64 || key[strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789_.")])
		return hp_check_member(c, key,
			"is not the name of a php.ini setting: 1 to 64 small letters, digits, '_' "
			"and '.'");
	for (i = 0; i < HP_ARRAY_SIZE(refused); i++)
		if (is_like(refused[i].name, key)) {
			hp_check_member(c, key, "can't be set here");
			return refused[i].hint ? hp_err_hint(c->err, "%s", refused[i].hint)
					       : c->err->code;
		}
	for (i = 0; i < HP_ARRAY_SIZE(allowed); i++)
		if (is_like(allowed[i], key)) {
			*ret = key;
			return 0;
		}
	hp_check_member(c, key, "is not among the php.ini settings that a website may choose");
	return hp_err_hint(c->err, "the operator sets it in custom/DOMAIN/php-fpm/*.conf");
}

/* What PHP's and FPM's readers could take for anything but text has no place. */
static int check_value(const struct hp_check *c, const char *key, const char *v, const char **ret)
{
	size_t n = strlen(v);

	if (n > VALUE_MAX_LEN ||
		v[strspn(v,
			"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
			" ._:/,@+*%=#-")] ||
		(n && (v[0] == ' ' || v[n - 1] == ' ')))
		return hp_check_member(c, key,
			"has a value that is not %d letters, digits, inner blanks and "
			"._:/,@+*%%=#- at most",
			VALUE_MAX_LEN);
	/* a constant's name is not read within quotes */
	if (hp_streq(key, "error_reporting") && (!n || v[strspn(v, "-0123456789")])) {
		hp_check_member(c, key, "wants a number");
		return hp_err_hint(c->err, "E_ALL is 32767, E_ALL & ~E_DEPRECATED is 24575");
	}
	*ret = v;
	return 0;
}

const struct hp_map_kind hp_map_php_settings = {.name = "php_settings",
	.of = "php.ini settings and their values",
	.key = check_name,
	.value = check_value};
