#include "base/file.h"

#include "base/str.h"

static uint64_t monotonic_us(void)
{
	struct timespec ts;

	HP_BUG_ON(clock_gettime(CLOCK_MONOTONIC, &ts) < 0);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

uint64_t hp_now_ms(void)
{
	return monotonic_us() / 1000;
}

uint64_t hp_now_us(void)
{
	return monotonic_us();
}

int64_t hp_now(void)
{
	struct timespec ts;

	HP_BUG_ON(clock_gettime(CLOCK_REALTIME, &ts) < 0);
	return ts.tv_sec;
}

void hp_nap(unsigned ms)
{
	struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

	nanosleep(&t, NULL);
}

void hp_time_format(int64_t t, char ret[21])
{
	/* What four digits can write: years 0000 to 9999. Times beyond are shown as the nearest. */
	const int64_t first = -62167219200, last = 253402300799;
	time_t tt = (time_t)(t < first ? first : t > last ? last : t);
	struct tm tm;

	HP_BUG_ON(!gmtime_r(&tt, &tm));
	/* The remainders only tell the compiler how many digits there can be. */
	snprintf(ret, 21, "%04u-%02u-%02uT%02u:%02u:%02uZ", (unsigned)(tm.tm_year + 1900) % 10000,
		(unsigned)(tm.tm_mon + 1) % 100, (unsigned)tm.tm_mday % 100,
		(unsigned)tm.tm_hour % 100, (unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100);
}

/* Exactly n digits at *s, which moves behind them; -1 when there are not. */
static int number(const char **s, int n)
{
	int v = 0;

	for (int i = 0; i < n; i++, (*s)++) {
		if (**s < '0' || **s > '9')
			return -1;
		v = v * 10 + (**s - '0');
	}
	return v;
}

static bool literal(const char **s, char c)
{
	if (**s != c)
		return false;
	(*s)++;
	return true;
}

static int days_in_month(int y, int m)
{
	static const signed char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return days[m - 1] + (m == 2 && ((y % 4 == 0 && y % 100 != 0) || y % 400 == 0));
}

/* Behind the seconds: [.frac] and what says UTC. need_zone: RFC 3339 wants one. */
static bool tail_is_utc(const char *s, bool need_zone)
{
	if (literal(&s, '.')) {
		if (*s < '0' || *s > '9')
			return false;
		s += strspn(s, "0123456789");
	}
	if (!*s)
		return !need_zone;
	return hp_streq(s, "Z") || hp_streq(s, "+00:00") || (!need_zone && hp_streq(s, "+00"));
}

int hp_time_parse(const char *s, int64_t *ret)
{
	struct tm tm = {0};
	int y, mon, d, h, min, sec;
	bool rfc;

	if (!s)
		return HP_E_USAGE;
	if ((y = number(&s, 4)) < 0 || !literal(&s, '-') || (mon = number(&s, 2)) < 1 || mon > 12
		|| !literal(&s, '-') || (d = number(&s, 2)) < 1 || d > days_in_month(y, mon))
		return HP_E_USAGE;
	rfc = *s == 'T';
	if (!literal(&s, 'T') && !literal(&s, ' '))
		return HP_E_USAGE;
	if ((h = number(&s, 2)) < 0 || h > 23 || !literal(&s, ':') || (min = number(&s, 2)) < 0
		|| min > 59 || !literal(&s, ':') || (sec = number(&s, 2)) < 0 || sec > 59)
		return HP_E_USAGE;
	if (!tail_is_utc(s, rfc))
		return HP_E_USAGE;
	tm.tm_year = y - 1900;
	tm.tm_mon = mon - 1;
	tm.tm_mday = d;
	tm.tm_hour = h;
	tm.tm_min = min;
	tm.tm_sec = sec;
	*ret = timegm(&tm);
	return 0;
}
