#!/usr/bin/env bats
load ../lib/common.bash

setup() { make_panel; }
teardown() { remove_root; }

@test "add, list, show: the columns of the reference page" {
	status 0 hp-tenant add shop name="Shop & Söhne" storage_quota_gb=20 website_limit=3 email_accounts_limit=50 --json
	is "$out" '.[0] | .subdomain == "shop" and .action == "add" and .changed and .exit == 0'
	status 0 hp-tenant show shop --json
	is "$out" '.name == "Shop & Söhne" and .storage_quota_gb == 20 and .website_limit == 3 and
		.email_accounts_limit == 50 and .status == "active" and .database_backend == null and
		.websites == 0 and (.created_at | test("^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$"))'
	status 0 hp-tenant list --json
	is "$out" 'map(.subdomain) | sort == ["acme", "shop"]'
}

@test "the name is the subdomain unless given" {
	status 0 hp-tenant show acme --json
	is "$out" '.name == "acme"'
}

@test "add twice: exit 4; with --if-missing exit 0 and unchanged" {
	before=$(dump)
	status 4 hp-tenant add acme
	has "$err" acme
	status 0 hp-tenant add acme --if-missing --jsonl
	is "$out" '.changed == false and .result == "unchanged"'
	[ "$before" = "$(dump)" ]
}

@test "set changes, says so once, and unsets by an empty value" {
	status 0 hp-tenant set acme website_limit=5 --jsonl
	is "$out" '.changed'
	status 0 hp-tenant set acme website_limit=5 --jsonl
	is "$out" '.changed == false'
	status 0 hp-tenant set acme website_limit= --jsonl
	status 0 hp-tenant show acme --json
	is "$out" '.website_limit == null'
	status 3 hp-tenant set nobody name=x
	status 0 hp-tenant set nobody name=x --if-exists
	status 2 hp-tenant set acme
	status 2 hp-tenant set acme website_limit=1 website_limit=2
	has "$err" website_limit
}

@test "a secret is read from a file and never shown" {
	status 2 hp-tenant set acme database_url=postgresql://u:geheim@db/x
	has "$err" database_url
	! grep -q geheim <<<"$err"
	echo "postgresql://u:geheim@db.example/acme" >"$ROOT/url"
	status 0 hp-tenant set acme database_backend=postgresql "database_url=@$ROOT/url" --jsonl
	for p in "hp-tenant show acme --json" "hp-audit list --json"; do
		# shellcheck disable=SC2086
		status 0 $p
		! grep -q geheim <<<"$out"
	done
	status 0 hp-tenant show acme --json
	is "$out" '.database_url == "***"'
}

@test "suspend and resume take the websites along" {
	hp-site add a.example tenant=acme -q
	status 0 hp-tenant suspend acme --jsonl
	is "$out" '.changed and .result == "applied"'
	status 0 hp-tenant suspend acme --jsonl
	is "$out" '.changed == false'
	status 0 hp-node state
	is "$(grep '"site"' <<<"$out")" '.site.status == "suspended"'
	grep -q 503 "$ROOT/etc/nginx/sites-available/a.example.conf"
	status 0 hp-tenant resume acme --jsonl
	status 0 hp-node state
	is "$(grep '"site"' <<<"$out")" '.site.status == "active"'
	! grep -q "return 503" "$ROOT/etc/nginx/sites-available/a.example.conf"
}

@test "remove: not without --yes, not with websites" {
	status 2 hp-tenant remove acme
	has "$err" "--yes"
	hp-site add a.example tenant=acme -q
	status 4 hp-tenant remove acme --yes
	has "$err" 1
	hp-site remove a.example --yes -q
	status 0 hp-tenant remove acme --yes --jsonl
	is "$out" '.changed'
	status 3 hp-tenant remove acme --yes
	status 0 hp-tenant remove acme --yes --if-exists
	status 3 hp-tenant show acme
}

@test "--dry-run changes nothing, and finds the same mistakes" {
	before=$(dump)
	status 0 hp-tenant add new --dry-run --jsonl
	is "$out" '.changed and .result == "dry-run"'
	status 0 hp-tenant set acme name=Other --dry-run --jsonl
	status 0 hp-tenant suspend acme --dry-run --jsonl
	status 0 hp-tenant remove acme --dry-run --jsonl
	status 4 hp-tenant add acme --dry-run
	[ "$before" = "$(dump)" ]
}

@test "from standard input: one result a line, failures counted" {
	status 4 hp-tenant add - --jsonl <<-'END'
		one
		{"subdomain":"two","name":"Zwei","website_limit":7}
		acme
		three
	END
	[ "$(wc -l <<<"$out")" = 4 ]
	is "$(sed -n 3p <<<"$out")" '.result == "failed" and .exit == 4 and .subdomain == "acme"'
	has "$err" "1 of 4 failed"
	status 0 hp-tenant show two --json
	is "$out" '.name == "Zwei" and .website_limit == 7'
	status 0 hp-tenant show three
}

@test "bad names are refused" {
	before=$(dump)
	for name in "" . a.b a_b -a a- "a b" "$(printf 'a\nb')" "$(printf '%064d' 0)" 'x;y' ../x; do
		status 2 hp-tenant add -- "$name"
	done
	[ "$before" = "$(dump)" ]
}
