/*
 * Unix user names that a website may have. A name that the distribution or a
 * service of this machine uses, or may come to use, is never given to a site:
 * its PHP would run with that service's rights.
 */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "model/field.h"

#define USER_MAX 31 /* useradd(8) and utmp know 32 bytes */

/* Sorted bytewise. Users and groups of base-passwd, of systemd, and of the services we drive. */
/* clang-format off */
static const char *const reserved[] = {
	"adm", "admin", "administrator", "amavis", "apache", "apache2", "audio", "avahi", "backup",
	"bin", "bind", "cdrom", "clamav", "colord", "crontab", "daemon", "debian-spamd",
	"debian-tor", "dialout", "dip", "disk", "dovecot", "dovenull", "fax", "floppy", "ftp",
	"fwupd-refresh", "games", "geoclue", "git", "gnats", "hosting-panel", "http", "httpd",
	"input", "irc", "kmem", "kvm", "lightdm", "list", "lp", "lsadm", "lsws", "mail", "man",
	"mariadb", "memcache", "memcached", "messagebus", "mlocate", "munin", "mysql", "netdev",
	"news", "nginx", "nobody", "nogroup", "ntp", "ntpsec", "opendkim", "opendmarc", "openldap",
	"operator", "panel", "pgbouncer", "plocate", "plugdev", "polkitd", "postdrop", "postfix",
	"postgres", "postgresql", "powerdns", "proftpd", "proxy", "pulse", "rabbitmq", "redis",
	"render", "root", "rtkit", "saned", "sasl", "sgx", "shadow", "shutdown", "sogo", "src",
	"ssh", "ssh-cert", "sshd", "ssl-cert", "staff", "statd", "sudo", "sync", "sys", "syslog",
	"tape", "tcpdump", "tftp", "tss", "tty", "unscd", "usbmux", "users", "utempter", "utmp",
	"uucp", "uuidd", "varnish", "vboxadd", "video", "vmail", "voice", "wheel", "www", "www-data",
};
/* clang-format on */

static int cmp(const void *key, const void *item)
{
	return strcmp(key, *(const char *const *)item);
}

static bool is_reserved(const char *name)
{
	return hp_str_starts(name, "systemd-") || hp_str_starts(name, "hosting-panel-") ||
	       bsearch(name, reserved, HP_ARRAY_SIZE(reserved), sizeof(*reserved), cmp);
}

int hp_username_check(const char *s, size_t len, struct hp_err *err)
{
	char name[USER_MAX + 1], shown[USER_MAX + 1];
	size_t i, n = len < USER_MAX ? len : USER_MAX;

	for (i = 0; i < n; i++)
		shown[i] = s[i] > ' ' && s[i] < 0x7f ? s[i] : '?';
	shown[n] = 0;
	for (i = 0; i < n; i++)
		if (!((s[i] >= 'a' && s[i] <= 'z') || (i && s[i] >= '0' && s[i] <= '9') ||
			    (i && s[i] == '-')))
			break;
	if (!len || len > USER_MAX || i < n)
		return hp_err_set(err, HP_E_USAGE,
			"\"%s\" is not a Unix user name: a lower case letter and "
			"up to %d letters, digits and hyphens are allowed",
			shown, USER_MAX - 1);
	memcpy(name, s, len);
	name[len] = 0;
	if (is_reserved(name))
		return hp_err_set(err, HP_E_USAGE,
			"\"%s\" is reserved: users of the system and of its "
			"services are not given to websites",
			name);
	return 0;
}
