#!/usr/bin/env bats
load ../lib/common.bash

setup() { make_panel; }
teardown() { remove_root; }

@test "every change has an entry, no failed one has" {
	hp-site add a.example tenant=acme -q
	hp-site set a.example gzip_enabled=no -q
	hp-site set a.example gzip_enabled=no -q
	status 2 hp-site set a.example gzip_enabled=maybe
	hp-site set a.example gzip_enabled=yes --dry-run -q
	hp-site suspend a.example -q
	hp-site alias a.example add b.example -q
	hp-site remove a.example --yes -q
	status 0 hp-audit list --object a.example --json
	is "$out" 'map(.verb) == ["site:remove", "site:alias", "site:suspend", "site:set", "site:add"] or
		(length == 5)'
	is "$out" 'map(select(.verb == "site:set")) | .[0].before == {"gzip_enabled": true} and
		.[0].after == {"gzip_enabled": false}'
	is "$out" 'all(.actor != null and .source == "shell" and (.at | test("Z$")))'
}

@test "filters" {
	hp-site add a.example tenant=acme -q
	status 0 hp-audit list --verb tenant:add --json
	is "$out" 'length == 1 and .[0].object == "acme"'
	status 0 hp-audit list --limit 1 --json
	is "$out" 'length == 1 and .[0].verb == "site:add"'
	status 0 hp-audit list --since 1h --json
	is "$out" 'length >= 2'
	status 0 hp-audit list --since 2999-01-01T00:00:00Z --json
	is "$out" '. == []'
	status 0 hp-audit list --actor nobody-there --json
	is "$out" '. == []'
	status 2 hp-audit list --since yesterday
	status 2 hp-audit list --limit -1
}

@test "what the node refused is taken back, with a note" {
	hp-site add a.example tenant=acme -q
	echo "# by hand" >>"$ROOT/etc/nginx/sites-available/a.example.conf"
	status 4 hp-site set a.example gzip_enabled=no
	status 0 hp-audit list --object a.example --limit 1 --json
	is "$out" '.[0] | (.note | length > 0) and .after == {"gzip_enabled": true}'
}

@test "--since takes a day, a time with and without seconds and zone, and an age" {
	for t in 2020-01-31 2020-01-31T08:00 2020-01-31T08:00:00 2020-01-31T08:00:00Z '2020-01-31 08:00:00' 7d; do
		status 0 hp-audit list --since "$t" --json
		is "$out" 'length > 0'
	done
	status 0 hp-audit list --since 2999-01-01 --json
	is "$out" 'length == 0'
	for t in yesterday 2020-02-31 2020-1-1 ''; do
		status 2 hp-audit list --since "$t"
		has "$err" '2026-01-31'
	done
}
