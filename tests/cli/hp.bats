#!/usr/bin/env bats
load ../lib/common.bash

setup() { make_panel; }
teardown() { remove_root; }

@test "hp CONCERN VERB runs the program, with its exit status" {
	status 0 hp site list --sysroot "$ROOT" --json
	is "$out" '. == []'
	status 3 hp site show none.example --sysroot "$ROOT"
	has "$err" "hp-site: "
}

@test "nothing, something unknown, something near" {
	status 2 hp
	has "$err" "Usage:"
	status 2 hp siet list
	has "$err" "hp site"
	status 2 hp zzzzzz
	has "$err" "hint: "
	status 2 hp ../../bin/sh
	status 2 hp -x
}

@test "help and version of every program" {
	status 0 hp help
	for p in $concerns; do
		has "$out" "$p"
	done
	status 0 hp --version
	has "$out" "hosting-panel"
	for p in $concerns; do
		status 0 "hp-$p" --help
		has "$out" "Usage: hp-$p"
		has "$out" "Exit status:"
		status 0 "hp-$p" --version
		has "$out" "hp-$p (hosting-panel)"
		status 2 "hp-$p"
		status 2 "hp-$p" no-such-verb
		status 2 "hp-$p" --no-such-option
		help=$(hp help "$p")
		[ "$help" = "$("hp-$p" --help)" ]
	done
}

@test "every verb has help of its own, and no line of it is too long" {
	for p in $concerns; do
		for v in $(command "hp-$p" --complete -- "" | cut -f1); do
			status 0 "hp-$p" "$v" --help
			has "$out" "Usage: hp-$p $v"
			[ "$(wc -L <<<"$out")" -le 84 ] || { echo "$out"; return 1; }
			[ "$out" = "$(command "hp-$p" help "$v")" ]
		done
	done
}

@test "a misspelt verb and a misspelt option have a hint" {
	status 2 hp-site lst
	has "$err" "hint: "
	has "$err" list
	status 2 hp-site list --jsno
	has "$err" "--json"
}
