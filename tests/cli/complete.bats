#!/usr/bin/env bats
load ../lib/common.bash

setup() { make_panel; }
teardown() { remove_root; }

# names PROGRAM WORD …: the candidates alone.
names() {
	local p=$1
	shift
	"$HP_BUILDDIR/cmd/$p" --complete -- "$@" | cut -f1
}

@test "verbs, options, enums" {
	[ "$(names hp-site re)" = $'resume\nremove' ]
	[ "$(names hp-site list --js)" = $'--json\n--jsonl' ]
	[ "$(names hp-site list --status=)" = $'--status=active\n--status=suspended' ]
	[ "$(names hp-site list --status s)" = suspended ]
	[ "$(names hp-site alias x.example '')" = $'add\nremove' ]
	[ -z "$(names hp-site nonsense '')" ]
	[ -z "$(names hp-site list '')" ]
}

@test "settings and their values" {
	has "$(names hp-site set x.example php_m)" "php_memory_limit="
	[ "$(names hp-site set x.example web_server=)" = $'web_server=nginx\nweb_server=apache\nweb_server=openlitespeed' ]
	[ "$(names hp-site set x.example gzip_enabled=f)" = gzip_enabled=false ]
	[ -z "$(names hp-site set x.example user=)" ] || true
	! names hp-site set x.example '' | grep -q '^user='
	names hp-site add x.example '' | grep -q '^user='
	names hp-site add x.example '' | grep -q '^tenant='
}

@test "columns" {
	[ "$(names hp-site list -o domain,php_v)" = domain,php_version ]
	[ "$(names hp-site list --columns=+ui)" = --columns=+uid ]
}

@test "what the database knows, when it can be read" {
	hp-site add a.example tenant=acme -q
	[ "$(names hp-site --sysroot "$ROOT" show '')" = a.example ]
	[ "$(names hp-site "--sysroot=$ROOT" show a)" = a.example ]
	[ "$(names hp-site --sysroot "$ROOT" list -t '')" = acme ]
	[ "$(names hp-site --sysroot "$ROOT" add x.example tenant=)" = tenant=acme ]
	[ "$(names hp-php --sysroot "$ROOT" set a.example '')" = $'8.1\n8.2' ]
	[ "$(names hp-site --sysroot "$ROOT" set a.example php_version=)" = $'php_version=8.1\nphp_version=8.2' ]
}

@test "never an error" {
	for words in "" "show" "show ''" "set x php_version=" "list -o" "list --status=" "-- x" "--"; do
		# shellcheck disable=SC2086
		eval "status 0 command hp-site --complete -- --sysroot=/nonexistent $words"
		[ -z "$err" ]
	done
	status 0 command hp-site --complete
	status 0 command hp-site --complete --
}

@test "the dispatcher" {
	[ "$(names hp si)" = site ]
	[ "$(names hp site re)" = $'resume\nremove' ]
	[ "$(names hp help si)" = site ]
	[ -z "$(names hp nonsense '')" ]
}

@test "candidates have descriptions" {
	"$HP_BUILDDIR/cmd/hp-site" --complete -- li | grep -q $'^list\t..'
}
