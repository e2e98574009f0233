#!/usr/bin/env bats
load ../lib/common.bash

setup() { make_root; }
teardown() { remove_root; }

@test "init makes the embedded database; again it changes nothing" {
	status 0 hp-db init --jsonl
	is "$out" '.action == "init" and .changed == true and .result == "applied" and .exit == 0'
	[ -f "$ROOT/var/lib/hosting-panel/db/panel.db" ]
	before=$(dump)
	status 0 hp-db init --jsonl
	is "$out" '.changed == false and .result == "unchanged"'
	[ "$before" = "$(dump)" ]
}

@test "init --dry-run makes nothing" {
	status 0 hp-db init --dry-run --jsonl
	is "$out" '.changed == true and .result == "dry-run"'
	[ ! -e "$ROOT/var/lib/hosting-panel/db/panel.db" ]
}

@test "init with a URL writes it to the configuration; another one is refused" {
	status 0 hp-db init sqlite:/var/lib/hosting-panel/other.db --jsonl
	[ -f "$ROOT/var/lib/hosting-panel/other.db" ]
	has "$(<"$ROOT/etc/hosting-panel/hosting-panel.conf")" "other.db"
	[ "$(stat -c %a "$ROOT/etc/hosting-panel/hosting-panel.conf")" = 640 ]
	status 0 hp-db info --json
	is "$out" '.url | endswith("other.db")'
	status 4 hp-db init sqlite:/var/lib/hosting-panel/third.db
	has "$err" "another database is configured"
	[ ! -e "$ROOT/var/lib/hosting-panel/third.db" ]
}

@test "a URL is read from a file or standard input" {
	echo "sqlite:/var/lib/hosting-panel/f.db" >"$ROOT/url"
	status 0 hp-db init "@$ROOT/url"
	[ -f "$ROOT/var/lib/hosting-panel/f.db" ]
	status 0 hp-db init @- <"$ROOT/url"
	status 3 hp-db init @/nonexistent/file
}

@test "bad URLs are refused and nothing is made" {
	for url in oracle://h/d sqlite: postgresql://u:geheim@ 'mysql://[::1/x' nonsense; do
		got=0
		command hp-db --sysroot="$ROOT" init "$url" >"$ROOT/log" 2>&1 || got=$?
		[ "$got" = 2 ] || [ "$got" = 9 ] || [ "$got" = 6 ] || { echo "$url: $got"; cat "$ROOT/log"; return 1; }
		! grep -q geheim "$ROOT/log"
	done
	[ ! -e "$ROOT/etc/hosting-panel/hosting-panel.conf" ]
}

@test "info tells engine, versions and latency" {
	hp-db init -q
	status 0 hp-db info --json
	is "$out" '.backend == "sqlite" and (.server_version | test("^3\\.")) and
		.schema_version == .schema_wanted and (.latency_us | type) == "number"'
}

@test "without a database every program says what to do, exit 9" {
	for p in "hp-db info" "hp-db migrate" "hp-tenant list" "hp-site list" "hp-site add a.example tenant=x" \
		"hp-audit list" "hp-node list" "hp-node state"; do
		# shellcheck disable=SC2086
		status 9 $p
		has "$err" "hint: "
		has "$err" "hp-db init"
	done
	[ ! -e "$ROOT/var/lib/hosting-panel/db/panel.db" ]
}

@test "migrate has nothing to do on a new database" {
	hp-db init -q
	status 0 hp-db migrate --jsonl
	is "$out" '.changed == false'
	status 0 hp-db migrate --dry-run --jsonl
	is "$out" '.changed == false'
}

@test "a newer schema is not touched" {
	hp-db init -q
	sqlite3 "$ROOT/var/lib/hosting-panel/db/panel.db" \
		"INSERT INTO schema_migrations (version, title) VALUES (999, 'from the future')"
	before=$(dump)
	status 9 hp-site list
	status 9 hp-db migrate
	[ "$before" = "$(dump)" ]
}
