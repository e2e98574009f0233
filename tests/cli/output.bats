#!/usr/bin/env bats
load ../lib/common.bash

setup() {
	make_panel
	hp-site add a.example tenant=acme -q
	hp-site add bücher.example tenant=acme -q
}
teardown() { remove_root; }

@test "the same rows in every mode" {
	status 0 hp-site list --json
	is "$out" 'length == 2'
	status 0 hp-site list --jsonl
	[ "$(jq -s length <<<"$out")" = 2 ]
	status 0 hp-site list --tsv
	[ "$(wc -l <<<"$out")" = 3 ]
	status 0 hp-site list --tsv -n -o domain,php_version
	[ "$out" = $'a.example\t8.2\nxn--bcher-kva.example\t8.2' ]
	command hp-site --sysroot="$ROOT" list -0 -o domain >"$ROOT/nul"
	[ "$(tr '\0' '\n' <"$ROOT/nul")" = $'a.example\nxn--bcher-kva.example' ]
	status 0 hp-site list
	has "$out" DOMAIN
	has "$out" a.example
	status 0 hp-site list -n
	! grep -q DOMAIN <<<"$out"
}

@test "python's JSON reader agrees" {
	for p in "hp-site list" "hp-site show a.example" "hp-tenant list" "hp-node list" "hp-audit list" "hp-php list" \
		"hp-vhost detect" "hp-db info" "hp-vhost show a.example"; do
		# shellcheck disable=SC2086
		status 0 $p --json
		python3 -c 'import json,sys; assert json.load(sys.stdin)' <<<"$out"
		# shellcheck disable=SC2086
		status 0 $p --jsonl
		python3 -c 'import json,sys; [json.loads(l) for l in sys.stdin]' <<<"$out"
	done
}

@test "-o: columns chosen, added, unknown" {
	status 0 hp-site list -o domain_unicode --tsv -n
	[ "$out" = $'a.example\nbücher.example' ]
	status 0 hp-site list -o +uid --tsv
	has "$(head -1 <<<"$out")" uid
	status 2 hp-site list -o no_such_column
	has "$err" no_such_column
	has "$err" domain
	before=$(dump)
	status 2 hp-site add c.example tenant=acme -o no_such_column
	[ "$before" = "$(dump)" ]
}

@test "modes exclude each other; operands and options mix" {
	status 2 hp-site list --json --tsv
	status 0 hp-site show --json a.example
	status 0 hp-site show a.example --json
	status 0 hp-site --quiet show --json -- a.example
	status 2 hp-site list extra
	status 2 hp-site show
}

@test "--quiet: no row in a table, errors stay" {
	status 0 hp-site set a.example gzip_enabled=no -q
	[ -z "$out$err" ]
	status 3 hp-site set none.example gzip_enabled=no -q
	[ -n "$err" ]
	status 0 hp-site set a.example gzip_enabled=yes -q --jsonl
	is "$out" '.changed'
}

@test "errors: program, object, hint; control characters replaced" {
	status 3 hp-site show none.example
	[[ $err == "hp-site: "*none.example* ]]
	status 2 hp-site show "$(printf 'a\033[31m\nb')"
	! grep -q $'\033' <<<"$err"
	status 2 hp-site set a.example "$(printf 'gzip_enabled=\033]0;x\007')"
	! grep -q $'\033' <<<"$err"
}

@test "a failure in JSON is a row as well" {
	status 4 hp-site add a.example tenant=acme --json
	is "$out" 'length == 1 and (.[0] | .result == "failed" and .exit == 4 and .changed == false and (.message | length > 0))'
	status 3 hp-site show none.example a.example --json
	is "$out" '. == []'
}

@test "a reader that goes away is no error" {
	seq 1 3000 | sed 's/.*/s&.example/' | { status 0 hp-site add - tenant=acme --no-apply -q; }
	(command hp-site --sysroot="$ROOT" list --tsv 2>"$ROOT/err"; echo $? >"$ROOT/rc") | head -1 >/dev/null
	[ ! -s "$ROOT/err" ]
	# what was begun is ended although nobody reads the result
	(command hp-site --sysroot="$ROOT" set - gzip_enabled=no --no-apply --jsonl 2>"$ROOT/err" < <(seq 1 3000 | sed 's/.*/s&.example/')
		echo $? >"$ROOT/rc") | head -1 >/dev/null
	cat "$ROOT/err"
	[ "$(<"$ROOT/rc")" = 0 ]
	[ ! -s "$ROOT/err" ]
	status 0 hp-site list --json
	is "$out" 'map(select(.gzip_enabled == false)) | length == 3000'
}

@test "a full disk under standard output is told" {
	got=0
	command hp-site --sysroot="$ROOT" list --json >/dev/full 2>"$ROOT/err" || got=$?
	[ "$got" = 71 ]
	[ -s "$ROOT/err" ]
}

@test "--sysroot: absolute and plain" {
	status 2 command hp-site list --sysroot relative
	status 2 command hp-site list --sysroot /a/../b
	status 2 command hp-site list --sysroot
	status 0 command hp-site list --sysroot "$ROOT/"
}

@test "started with 0, 1 and 2 closed it harms nothing" {
	before=$(dump)
	command hp-site --sysroot="$ROOT" list --json <&- >&- 2>&- || :
	command hp-site --sysroot="$ROOT" set none.example gzip_enabled=no <&- >&- 2>&- || :
	[ "$before" = "$(dump)" ]
}

@test "a full disk under standard output: help is told, a change is carried out for all all the same" {
	got=0
	command hp-site --help >/dev/full 2>"$ROOT/err" || got=$?
	[ "$got" = 71 ]
	got=0
	command hp help >/dev/full 2>"$ROOT/err" || got=$?
	[ "$got" = 71 ]
	seq -f 'full%g.example' 300 | hp-site add - tenant=acme -q
	got=0
	seq -f 'full%g.example' 300 | command hp-site --sysroot="$ROOT" remove - --yes --purge --jsonl >/dev/full 2>"$ROOT/err" || got=$?
	[ "$got" = 71 ]
	grep -q 'what was asked for is done' "$ROOT/err"
	[ -z "$(ls -d "$ROOT"/var/www/vhosts/full* "$ROOT"/var/log/hosting-panel/sites/full* 2>/dev/null)" ]
}

@test "a table shows names as people write them, in any locale" {
	for l in C C.UTF-8 xx_NO.such; do
		LC_ALL=$l status 0 hp-site list -o domain_unicode,domain
		has "$out" "bücher.example "
	done
}

@test "a limit on files' sizes is an error, not a death" {
	before=$(dump)
	got=0
	(ulimit -f 0; command hp-site --sysroot="$ROOT" add limit.example tenant=acme -q 2>/dev/null) || got=$?
	[ "$got" = 71 ]
	[ "$before" = "$(dump)" ]
}
