#!/usr/bin/env bats
load ../lib/common.bash

setup() {
	make_panel
	hp-site add a.example tenant=acme php_version=8.2 -q
}
teardown() { remove_root; }

@test "list tells the versions of this node and the sites on each" {
	status 0 hp-php list --json
	is "$out" 'map([.php_version, .sites, .default]) == [["8.1", 0, false], ["8.2", 1, true]]'
}

@test "set switches pool and link; again it changes nothing" {
	status 0 hp-php set a.example 8.1 --jsonl
	is "$out" '.domain == "a.example" and .changed and .result == "applied"'
	[ -n "$(ls "$ROOT"/etc/hosting-panel/php/8.1/site*.conf)" ]
	[ -z "$(ls "$ROOT"/etc/hosting-panel/php/8.2/site*.conf 2>/dev/null)" ]
	status 0 hp-php set a.example 8.1 --jsonl
	is "$out" '.changed == false'
	status 0 hp-site show a.example --json
	is "$out" '.php_version == "8.1"'
	status 0 hp-php list --json
	is "$out" 'map([.php_version, .sites]) == [["8.1", 1], ["8.2", 0]]'
}

@test "set: versions that are none, and websites that are none" {
	before=$(dump)
	status 2 hp-php set a.example 9.9
	has "$err" php_version
	status 2 hp-php set a.example eight
	status 2 hp-php set a.example
	status 3 hp-php set none.example 8.1
	status 0 hp-php set none.example 8.1 --if-exists
	status 0 hp-php set a.example 8.1 --dry-run --jsonl
	is "$out" '.result == "dry-run"'
	[ "$before" = "$(dump)" ]
}

@test "set: a version of one path, and no settings of others" {
	status 0 hp-php set a.example php_version@/legacy=8.1 --no-apply --jsonl
	is "$out" '.changed'
	status 0 hp-php show a.example --json
	is "$out" '.php_paths == {"/legacy":"8.1"} and .php_version == "8.2"'
	status 0 hp-php set a.example php_version@/legacy= --no-apply
	status 0 hp-php show a.example --json
	is "$out" '.php_paths == {}'
	status 2 hp-php set a.example php_version@/legacy=9.9
	has "$err" php_paths
	status 2 hp-php set a.example gzip_enabled=no
	has "$err" "not a setting of PHP"
}

@test "set -: many websites, one apply" {
	hp-site add b.example tenant=acme -q
	status 3 hp-php set - 8.1 --jsonl < <(printf 'a.example\nb.example\nnone.example\n')
	is "$(jq -s . <<<"$out")" 'map(select(.result == "applied")) | length == 2'
	status 0 hp-php list --json
	is "$out" 'map(.sites) == [2, 0]'
}

@test "set -: JSON lines with settings of their own; all of a tenant from a list" {
	hp-site add b.example tenant=acme php_version=8.2 -q
	hp-tenant add other -q
	hp-site add c.example tenant=other php_version=8.2 -q
	status 2 hp-php set - --jsonl <<-'LINES'
		{"domain":"a.example","php_version":"8.1","php_memory_limit":"99M"}
		{"domain":"b.example"}
		{"domain":"c.example","gzip_enabled":false}
	LINES
	is "$(jq -s . <<<"$out")" 'map([.domain, .result]) | sort ==
		[["a.example", "applied"], ["b.example", "failed"], ["c.example", "failed"]]'
	has "$err" "php_version: it is missing"
	has "$err" "gzip_enabled: it is not a setting of PHP"
	grep -q 'memory_limit. = 99M' "$ROOT"/etc/hosting-panel/php/8.1/site1.conf
	# the line's version wins
	status 0 hp-php set - 8.1 -q < <(printf '%s\n' '{"domain":"a.example","php_version":"8.2"}' b.example)
	is "$(hp-site list --json)" 'map([.domain, .php_version]) ==
		[["a.example", "8.2"], ["b.example", "8.1"], ["c.example", "8.2"]]'
	before=$(hp-node list --json | jq '.[0].generation')
	hp-site list --tenant acme -n --tsv -o domain | hp-php set - 8.1 -q
	is "$(hp-php list --json)" 'map([.php_version, .sites]) == [["8.1", 2], ["8.2", 1]]'
	hp-site list --tenant acme --jsonl -o domain,php_version >"$ROOT/acme"
	status 0 hp-php set - --jsonl <"$ROOT/acme"
	is "$(jq -s . <<<"$out")" 'map(.changed) == [false, false]'
	[ "$before" -lt "$(hp-node list --json | jq '.[0].generation')" ]
	status 2 hp-php set a.example
	has "$err" "php_version: it is missing"
}

@test "show: what serves the website, and its settings" {
	status 0 hp-php show a.example --json
	is "$out" '.domain == "a.example" and .applied_version == "8.2" and .php_version == "8.2" and
		.php_memory_limit == null and (.socket | startswith("/run/hosting-panel/php/"))'
	hp-site set a.example php_version=8.1 --no-apply -q
	status 0 hp-php show a.example --json
	is "$out" '.applied_version == "8.2" and .php_version == "8.1"'
	status 3 hp-php show none.example
}

@test "apply is the engine's" {
	hp-site set a.example php_memory_limit=64M --no-apply -q
	status 0 hp-php apply --jsonl
	has "$out" '"domain":"a.example"'
	grep -qr 64M "$ROOT/etc/hosting-panel/php/8.2/"
}

@test "idle has nobody to put to sleep in a folder" {
	status 0 hp-php idle --json
	is "$out" '.stopped == 0 and .idle_seconds == 900'
	mkdir -p "$ROOT/etc/hosting-panel"
	printf '[php]\nidle_timeout = 0\n' >"$ROOT/etc/hosting-panel/hosting-panel.conf"
	status 0 hp-php idle --json
	is "$out" '.idle_seconds == 0'
}

@test "reopen has nobody to tell in a folder" {
	status 0 hp-php reopen --json
	is "$out" '.told == 0'
	status 0 hp-php reopen --quiet
	[ -z "$out" ]
}

@test "without any PHP: said so" {
	rm "$ROOT"/usr/sbin/php-fpm*
	status 0 hp-php list --json
	is "$out" '. == []'
	status 2 hp-site add b.example tenant=acme
	has "$err" php_version
}
