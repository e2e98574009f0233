#!/usr/bin/env bats
# Which rows a list has, and in which order: --sort, --match, --limit, --offset, --paged.
load ../lib/common.bash

setup_file() {
	make_panel
	hp-tenant add beta name=Zeta -q
	hp-tenant add gamma name=acorn website_limit=7 -q
	hp-tenant add delta name=Mid website_limit=30 -q
	hp-site add - -q --no-apply <<-'END'
		{"domain":"a.example","tenant":"acme","php_memory_limit":"512M","php_version":"8.1","cache_ttl_seconds":9}
		{"domain":"b.example","tenant":"beta","php_memory_limit":"1G","php_version":"8.2","cache_ttl_seconds":100}
		{"domain":"c.example","tenant":"acme","php_version":"8.1","cache_ttl_seconds":9,"aliases":["shop.example"]}
		{"domain":"d.example","tenant":"beta","php_memory_limit":"64M","php_version":"8.2","cache_ttl_seconds":20}
		{"domain":"bücher.example","tenant":"gamma","php_memory_limit":"9000K","php_version":"8.2","cache_ttl_seconds":3}
	END
}
teardown_file() { remove_root; }

# names OPTION …: the domains of a list, in one line
names() { hp-site list -o domain --tsv -n "$@" | sed 's/\.example$//; s/^xn--bcher-kva/ü/' | paste -sd ' '; }

@test "--sort: text, numbers, sizes; what is not there comes last, whichever way" {
	[ "$(names)" = "a b c d ü" ]
	[ "$(names --sort domain)" = "a b c d ü" ]
	[ "$(names --sort -domain)" = "ü d c b a" ]
	[ "$(names --sort=-DOMAIN)" = "ü d c b a" ]
	[ "$(names --sort cache_ttl_seconds)" = "ü a c d b" ]
	[ "$(names --sort -cache_ttl_seconds)" = "b d a c ü" ]
	[ "$(names --sort php_memory_limit)" = "ü d a b c" ]
	[ "$(names --sort -php_memory_limit)" = "b a d ü c" ]
	status 0 hp-tenant list --sort name -o name --tsv -n
	[ "$out" = $'acme\nacorn\nMid\nZeta' ]
	status 0 hp-tenant list --sort -website_limit -o subdomain --tsv -n
	[ "$out" = $'delta\ngamma\nacme\nbeta' ]
}

@test "--sort: by several columns, and otherwise in the order they come" {
	[ "$(names --sort php_version)" = "a c b d ü" ]
	[ "$(names --sort -php_version)" = "b d ü a c" ]
	[ "$(names --sort=-php_version,-domain)" = "ü d b c a" ]
	[ "$(names --sort 'tenant, -cache_ttl_seconds')" = "a c b d ü" ]
}

@test "--sort: every mode, columns that are printed and that are not" {
	for o in --json --jsonl; do
		status 0 hp-site list --sort -cache_ttl_seconds $o
		[ "$(jq -r 'if type == "array" then .[] else . end | .domain' <<<"$out" | head -2 | paste -sd ' ')" = "b.example d.example" ]
	done
	status 0 hp-site list --sort -domain --json
	[ "$(jq -cS 'sort_by(.domain)' <<<"$out")" = "$(hp-site list --json | jq -cS 'sort_by(.domain)')" ]
	status 0 hp-site list --sort -domain
	[ "$(awk 'NR > 1 { print $1 }' <<<"$out" | head -1)" = xn--bcher-kva.example ]
	[ "$(head -1 <<<"$out" | awk '{ print $1 }')" = DOMAIN ]
	command hp-site --sysroot="$ROOT" list -0 -o domain --sort -domain >"$BATS_TEST_TMPDIR/nul"
	[ "$(tr '\0' ' ' <"$BATS_TEST_TMPDIR/nul")" = "xn--bcher-kva.example d.example c.example b.example a.example " ]
	status 0 hp-site list --sort -uid --json -o domain
	is "$out" '.[0] == {"domain":"xn--bcher-kva.example"}'
	status 0 hp-site list --sort domain --status suspended --json
	is "$out" '. == []'
}

@test "--sort: what is no column is told, with the nearest" {
	status 2 hp-site list --sort domian
	has "$err" '--sort: there is no column "domian"'
	has "$err" "did you mean domain?"
	status 2 hp-site list --sort domain,-domain
	has "$err" "named twice"
	status 2 hp-site list --sort ,
	status 2 hp-site list --sort --json
	status 2 hp-site show a.example --sort domain
	status 2 hp-site set a.example gzip_enabled=no --sort domain
	command hp-site --complete -- list --sort domain,-cac | cut -f1 >"$BATS_TEST_TMPDIR/offered"
	grep -qx 'domain,-cache_ttl_seconds' "$BATS_TEST_TMPDIR/offered"
}

@test "--match: text in a column that a table shows, or -o; in any case" {
	[ "$(names --match B.EXAMPLE)" = b ]
	[ "$(hp-site list --match acme --tsv -n | wc -l)" = 2 ]
	[ "$(hp-site list --match nothing-of-that --tsv -n | wc -l)" = 0 ]
	# the same rows whatever the mode
	for o in --json --jsonl --tsv -0 ""; do
		# shellcheck disable=SC2086
		[ "$(hp-site list --match beta $o | tr '\0' '\n' | grep -c '[bd]\.example')" = 2 ]
	done
	[ "$(names --match shop)" = "" ]
	[ "$(hp-site list -o +aliases --match SHOP --tsv -n | cut -f1)" = c.example ]
	[ "$(hp-site list -o domain,domain_unicode --match büch --tsv -n | cut -f2)" = bücher.example ]
	# of the columns that -o chooses alone
	[ "$(names --match acme)" = "" ]
	# neither numbers nor yes and no are looked through
	[ "$(hp-site list -o domain,gzip_enabled,uid --match true --tsv -n | wc -l)" = 0 ]
	[ "$(hp-site list -o domain,gzip_enabled,uid --match 2000 --tsv -n | wc -l)" = 0 ]
	[ "$(names --match '')" = "a b c d ü" ]
	[ "$(names --match example --sort -domain --limit 2)" = "ü d" ]
}

@test "--limit and --offset" {
	[ "$(names --limit 2)" = "a b" ]
	[ "$(names -l 2)" = "a b" ]
	[ "$(names --limit 2 --offset 1)" = "b c" ]
	[ "$(names --offset 3)" = "d ü" ]
	[ "$(names --offset 5)" = "" ]
	[ "$(names --offset 9 --limit 1)" = "" ]
	[ "$(names --limit 0)" = "a b c d ü" ]
	[ "$(names --limit 100)" = "a b c d ü" ]
	[ "$(names --match '.example' --limit 2 --offset 3)" = "d ü" ]
	[ "$(names --sort -domain --limit 2 --offset 1)" = "d c" ]
	[ "$(names --sort -domain --offset 4)" = "a" ]
	[ "$(names --sort -domain --offset 7)" = "" ]
	status 0 hp-site list --limit 2 --offset 4 --json
	is "$out" 'length == 1 and .[0].domain == "xn--bcher-kva.example" and .[0].cache_ttl_seconds == 3'
	status 0 hp-site list --offset 9 --json
	is "$out" '. == []'
	for bad in -1 x 1.5 99999999999 ""; do
		status 2 hp-site list --limit "$bad"
		has "$err" "--limit"
		status 2 hp-site list --offset "$bad"
	done
}

@test "--paged: the rows, and how many there are in all" {
	status 0 hp-site list --json --paged --limit 2 --offset 1 -o domain
	is "$out" '. == {"rows":[{"domain":"b.example"},{"domain":"c.example"}],"offset":1,"limit":2,"total":5}'
	status 0 hp-site list --json --paged --limit 2 --offset 4 -o domain
	is "$out" '(.rows | length) == 1 and .total == 5'
	status 0 hp-site list --json --paged -o domain
	is "$out" '(.rows | length) == 5 and .offset == 0 and .limit == null and .total == 5'
	status 0 hp-site list --json --paged --offset 7
	is "$out" '. == {"rows":[],"offset":7,"limit":null,"total":5}'
	status 0 hp-site list --json --paged --match beta --limit 1
	is "$out" '.rows[0].domain == "b.example" and .total == 2'
	status 0 hp-site list --json --paged --sort -domain --limit 1 -o domain
	is "$out" '. == {"rows":[{"domain":"xn--bcher-kva.example"}],"offset":0,"limit":1,"total":5}'
	status 0 hp-site list --json --paged --status suspended
	is "$out" '. == {"rows":[],"offset":0,"limit":null,"total":0}'
	status 2 hp-site list --paged
	has "$err" "--paged: it is for --json alone"
	status 2 hp-site list --paged --jsonl
}

@test "each list has them" {
	hp-user add zoe tenant=acme role=admin -q
	hp-user add adam tenant=acme -q
	for u in zoe adam; do
		hp-user passwd $u -q <<<"correct horse battery"
		hp-user login $u -q <<<"correct horse battery"
		hp-user key add $u --verbs site:list -q
	done
	for p in "hp-user list" "hp-user key-list" "hp-user session-list"; do
		# shellcheck disable=SC2086
		status 0 $p --sort -username --limit 1 --json --paged
		is "$out" '.rows[0].username == "zoe" and .total == 2'
		# shellcheck disable=SC2086
		status 0 $p --limit 1 --json
		is "$out" 'length == 1'
	done
	for p in "hp-tenant list" "hp-tenant list --as zoe" "hp-node list" "hp-audit list" "hp-php list" "hp-vhost detect" \
		"hp-vhost settings" "hp-cert list"; do
		# shellcheck disable=SC2086
		status 0 $p --json --paged --limit 1
		is "$out" '(.rows | length) <= 1 and .total >= (.rows | length) and .limit == 1'
		# shellcheck disable=SC2086
		status 0 $p --limit 1 --tsv -n
	done
	status 0 hp-vhost settings --match gzip_enabled --json
	is "$out" 'length > 1 and all(.setting == "gzip_enabled")'
}

@test "the trail: the newest 100, and one meaning of --limit" {
	hp-site set - gzip_enabled=no -q --no-apply < <(for i in {1..60}; do echo a.example; echo '{"domain":"a.example","gzip_enabled":true}'; done)
	status 0 hp-audit list --json
	is "$out" 'length == 100'
	newest=$(jq '.[0].id' <<<"$out")
	status 0 hp-audit list --limit 1 --json
	is "$out" 'length == 1 and .[0].id == '"$newest"
	status 0 hp-audit list --limit 2 --offset 3 --json
	is "$out" 'map(.id) == ['$((newest - 3)),$((newest - 4))']'
	status 0 hp-audit list --limit 0 --json
	is "$out" 'length > 120'
	total=$(jq length <<<"$out")
	status 0 hp-audit list --sort id --limit 1 --json
	is "$out" '.[0].id == 1 and .[0].verb == "node:add"'
	status 0 hp-audit list --json --paged
	is "$out" '(.rows | length) == 100 and .total == '"$total"
	status 0 hp-audit list --match tenant:add --json
	is "$out" 'length == 4'
}
