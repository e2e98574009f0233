/* The dashboard: counts of what there is, and this host as it is now. */
#include <sys/statvfs.h>
#include <sys/sysinfo.h>

#include "cgi/page.h"
#include "base/file.h"
#include "base/str.h"

#define RECENT 8
#define DAYS 30
#define DAY_S 86400

/* The rows of a list; NULL where it failed, and why in *ret_msg. */
static const struct hp_json *rows_of(struct cgi *c, struct cgi_run *run, const char **ret_msg)
{
	struct hp_err err = HP_ERR_INIT;
	struct cgi_result res;

	*ret_msg = NULL;
	if (cgi_run(c, run, &res, &err) < 0) {
		*ret_msg = hp_pstrdup(c->pool, err.msg);
		return NULL;
	}
	if (res.code && cgi_status(res.code) != 200) {
		*ret_msg = res.msg ? res.msg : "it can't be told";
		return NULL;
	}
	page_parse(c, &res);
	return page_rows_of(&res);
}

static const struct hp_json *sites_of(struct cgi *c)
{
	struct cgi_run run = {.program = "hp-site", .verb = "list"};
	const char *why;

	hp_strv_add_ref(
		c->pool, &run.args, "--columns=domain,status,web_server,php_version,updated_at");
	return rows_of(c, &run, &why);
}

/* ---- counts ---- */
static const char *text_of(const struct hp_json *row, const char *name)
{
	const struct hp_json *v = hp_json_get(row, name);
	const char *s = v ? hp_json_str(v) : NULL;

	return s ? s : "";
}

struct count {
	const char *value;
	int64_t n;
};

static int by_value(const void *a, const void *b)
{
	return strcmp(((const struct count *)a)->value, ((const struct count *)b)->value);
}

/* How many websites have each value of a setting. */
static void put_bar(struct cgi *c, struct hp_tmap *m, const char *title, const char *member,
	const struct hp_json *rows)
{
	struct count counts[32];
	struct hp_tmap *bars = hp_tmap_item(m, "bars");
	const struct hp_json *row;
	size_t n = 0, i;
	int64_t most = 1;

	for (row = rows; row; row = hp_json_next(row)) {
		const char *v = text_of(row, member);

		for (i = 0; i < n && !hp_streq(counts[i].value, v); i++)
			;
		if (i == HP_ARRAY_SIZE(counts))
			continue;
		if (i == n)
			counts[n++] = (struct count){.value = v};
		counts[i].n++;
		most = counts[i].n > most ? counts[i].n : most;
	}
	qsort(counts, n, sizeof(*counts), by_value);
	hp_tmap_str(bars, "bar_title", title);
	hp_tmap_list(bars, "bar");
	for (i = 0; i < n; i++) {
		struct hp_tmap *bar = hp_tmap_item(bars, "bar");

		hp_tmap_str(bar, "label", *counts[i].value ? counts[i].value : "none");
		hp_tmap_str(bar, "link",
			hp_pprintf(c->pool, "/websites?%s=%s", member,
				page_encoded(c, counts[i].value)));
		hp_tmap_i64(bar, "count", counts[i].n);
		hp_tmap_i64(bar, "share", counts[i].n * 100 / most);
	}
}

static int64_t count_of(const struct hp_json *rows, const char *member, const char *value)
{
	int64_t n = 0;

	for (; rows; rows = hp_json_next(rows))
		n += !value || hp_streq(text_of(rows, member), value);
	return n;
}

static void put_certs(struct cgi *c, struct hp_tmap *m)
{
	struct cgi_run run = {.program = "hp-cert", .verb = "list"};
	const struct hp_json *rows, *v;
	int64_t days, next = INT64_MAX, ok = 0, n = 0;
	const char *why;

	rows = rows_of(c, &run, &why);
	for (rows = rows ? hp_json_first(rows) : NULL; rows; rows = hp_json_next(rows)) {
		n++;
		ok += hp_streq(text_of(rows, "status"), "ok");
		v = hp_json_get(rows, "days");
		if (v && hp_json_i64(v, &days) == 0 && days < next)
			next = days;
	}
	hp_tmap_str(m, "certs_error", why);
	hp_tmap_i64(m, "certs_ok", ok);
	hp_tmap_i64(m, "certs_bad", n - ok);
	hp_tmap_str(m, "certs_next",
		next == INT64_MAX ? "" : hp_pprintf(c->pool, "%lld", (long long)next));
}

static void put_nodes(struct cgi *c, struct hp_tmap *m)
{
	struct cgi_run run = {.program = "hp-node", .verb = "list"};
	const char *why;

	page_rows(c, m, "nodes", rows_of(c, &run, &why));
}

/* ---- this host ---- */
static const char *gib(struct cgi *c, uint64_t bytes)
{
	return hp_pprintf(c->pool, "%.1f GiB", (double)bytes / (1 << 30));
}

/* "MemAvailable:  123 kB" of /proc/meminfo, in bytes */
static uint64_t mem_of(const char *text, const char *name)
{
	const char *at = strstr(text, name);
	unsigned long long kb = 0;

	if (at && sscanf(at + strlen(name), " %llu kB", &kb) != 1)
		kb = 0;
	return (uint64_t)kb * 1024;
}

static int64_t percent(uint64_t part, uint64_t whole)
{
	return whole ? (int64_t)(part * 100 / whole) : 0;
}

static void put_host(struct cgi *c, struct hp_tmap *m)
{
	struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;
	struct hp_err ignored = HP_ERR_INIT;
	uint64_t total = 0, free_ = 0, disk = 0, disk_free = 0;
	double load = 0;
	struct statvfs fs;
	int cpus = get_nprocs();

	if (hp_file_read("/proc/loadavg", 4096, &b, &ignored) == 0 &&
		sscanf(hp_buf_str(&b), "%lf", &load) != 1)
		load = 0;
	if (hp_file_read("/proc/meminfo", 64 << 10, &b, &ignored) == 0) {
		total = mem_of(hp_buf_str(&b), "MemTotal:");
		free_ = mem_of(hp_buf_str(&b), "MemAvailable:");
	}
	if (statvfs("/", &fs) == 0) {
		disk = (uint64_t)fs.f_blocks * fs.f_frsize;
		disk_free = (uint64_t)fs.f_bavail * fs.f_frsize;
	}
	hp_tmap_str(m, "load", hp_pprintf(c->pool, "%.2f", load));
	hp_tmap_i64(m, "cpus", cpus);
	hp_tmap_bool(m, "load_high", load > 2.0 * cpus);
	hp_tmap_i64(m, "memory", percent(total - free_, total));
	hp_tmap_str(m, "memory_total", gib(c, total));
	hp_tmap_bool(m, "memory_high", percent(total - free_, total) >= 90);
	hp_tmap_i64(m, "disk", percent(disk - disk_free, disk));
	hp_tmap_str(m, "disk_total", gib(c, disk));
	hp_tmap_bool(m, "disk_high", percent(disk - disk_free, disk) >= 90);
}

/* ---- the parts ---- */
static void put_metrics(struct cgi *c, const struct hp_json *rows, struct hp_tmap *m)
{
	const struct hp_json *first = rows ? hp_json_first(rows) : NULL;

	hp_tmap_i64(m, "sites", count_of(first, "domain", NULL));
	hp_tmap_i64(m, "suspended", count_of(first, "status", "suspended"));
	hp_tmap_list(m, "bars");
	put_bar(c, m, "By web server", "web_server", first);
	put_bar(c, m, "By PHP version", "php_version", first);
	if (!c->who.operator)
		return;
	put_host(c, m);
	put_certs(c, m);
	put_nodes(c, m);
}

/* Those that were changed last, the newest first. */
static void put_recent(struct cgi *c, const struct hp_json *rows, struct hp_tmap *m)
{
	const struct hp_json *last[RECENT] = {NULL}, *row;
	size_t n = 0, i;

	for (row = rows ? hp_json_first(rows) : NULL; row; row = hp_json_next(row)) {
		const char *at = text_of(row, "updated_at");

		for (i = n; i && strcmp(text_of(last[i - 1], "updated_at"), at) < 0; i--)
			if (i < RECENT)
				last[i] = last[i - 1];
		if (i < RECENT)
			last[i] = row;
		if (n < RECENT)
			n++;
	}
	hp_tmap_list(m, "recent");
	for (i = 0; i < n; i++)
		page_json(c, hp_tmap_item(m, "recent"), last[i]);
}

void page_dashboard(struct cgi *c, const struct cgi_route *r HP_UNUSED)
{
	struct hp_tmap *m = page_data(c, "Dashboard", "dashboard");
	const struct hp_json *rows = sites_of(c);

	put_metrics(c, rows, m);
	put_recent(c, rows, m);
	hp_tmap_str(m, "uplot", page_asset(c, "uplot.js"));
	hp_tmap_str(m, "uplot_style", page_asset(c, "uplot.css"));
	page_show(c, 200, "dashboard.html", m);
}

void page_metrics(struct cgi *c, const struct cgi_route *r HP_UNUSED)
{
	struct hp_tmap *m = page_data(c, "", "");

	put_metrics(c, sites_of(c), m);
	page_show(c, 200, "metrics.html", m);
}

void page_recent(struct cgi *c, const struct cgi_route *r HP_UNUSED)
{
	struct hp_tmap *m = page_data(c, "", "");

	put_recent(c, sites_of(c), m);
	page_show(c, 200, "recent.html", m);
}

/* ---- charts: points as uPlot takes them, seconds and values ---- */
/* Changes a day, from the audit trail. */
static void chart_changes(struct cgi *c, struct hp_jw *w)
{
	struct cgi_run run = {.program = "hp-audit", .verb = "list"};
	int64_t days[DAYS] = {0}, today = hp_now() / DAY_S, at;
	const struct hp_json *rows;
	const char *why;
	int i;

	hp_strv_addf(c->pool, &run.args, "--since=%dd", DAYS - 1);
	hp_strv_add_ref(c->pool, &run.args, "--limit=0");
	hp_strv_add_ref(c->pool, &run.args, "--columns=at");
	rows = rows_of(c, &run, &why);
	for (rows = rows ? hp_json_first(rows) : NULL; rows; rows = hp_json_next(rows)) {
		if (hp_time_parse(text_of(rows, "at"), &at) < 0)
			continue;
		at = today - at / DAY_S;
		if (at >= 0 && at < DAYS)
			days[DAYS - 1 - at]++;
	}
	hp_jw_arr(w, "x");
	for (i = 0; i < DAYS; i++)
		hp_jw_i64(w, NULL, (today - (DAYS - 1 - i)) * DAY_S);
	hp_jw_end(w, ']');
	hp_jw_arr(w, "y");
	for (i = 0; i < DAYS; i++)
		hp_jw_i64(w, NULL, days[i]);
	hp_jw_end(w, ']');
}

void page_chart(struct cgi *c, const struct cgi_route *r HP_UNUSED)
{
	struct hp_jw w;

	if (!hp_streq(c->var[0], "changes")) {
		c->page = false;
		cgi_problem(c, 404, HP_E_NOT_FOUND, "there is no such chart",
			"there is: changes; nothing is measured over time yet", NULL);
		return;
	}
	c->ans.status = 200;
	c->ans.type = "application/json";
	hp_jw_init(&w, &c->ans.body, false);
	hp_jw_obj(&w, NULL);
	hp_jw_str(&w, "label", "changes a day");
	chart_changes(c, &w);
	hp_jw_end(&w, '}');
}
