#!/usr/bin/env bats
# API keys: hp-user key add, list, show, check, remove, and what one may who acts with one.
load ../lib/common.bash

setup() {
	make_panel
	hp-user add alice role=admin -q
	hp-site add shop.example -q
	hp-site add blog.example -q
}
teardown() { remove_root; }

add() { # add OPTION …: $key and $token
	status 0 hp-user key add alice "$@" --json
	key=$(jq -r .key <<<"$out") token=$(jq -r .token <<<"$out")
}

check() { hp-user key check "$@" <<<"$token"; }

@test "add shows the token once; list and show have the rest" {
	add --verbs site:list,site:set --sites 'shop.*' --expires 30d --from 192.0.2.0/24 --name "the CI"
	[[ $token == hpk_${key}_* ]]
	is "$out" '.username == "alice" and .verbs == ["site:list", "site:set"] and .sites == ["shop.*"] and
		.from == ["192.0.2.0/24"] and .name == "the CI" and .last_used_at == null and .made_by == null'
	status 0 hp-user key-show "$key" --json
	is "$out" '.name == "the CI" and has("token") == false'
	status 0 hp-user key list alice --json
	is "$out" 'length == 1 and .[0].key == "'"$key"'"'
	status 3 hp-user key list nope
	status 3 hp-user key show aaaaaaaaaaaa
	# neither the database nor the trail has it, nor its second half
	! dump | grep -q "${token#hpk_*_}"
	status 0 hp-audit list --json
	! grep -q "${token#hpk_*_}" <<<"$out"
	is "$out" '.[0].verb == "key:add" and .[0].object == "'"$key"'"'
}

@test "add: what is refused" {
	before=$(dump)
	status 2 hp-user key add alice
	has "$err" verbs
	status 2 hp-user key add alice --verbs node:state
	has "$err" node:state
	status 2 hp-user key add alice --verbs site:list --expires 10000d
	status 2 hp-user key add alice --verbs site:list --expires 0
	status 2 hp-user key add alice --verbs site:list --expires soon
	status 2 hp-user key add alice --verbs site:list --from 192.0.2.1/24
	has "$err" from
	status 2 hp-user key add alice --verbs site:list --sites 'a b'
	has "$err" sites
	status 2 hp-user key add --verbs site:list
	status 3 hp-user key add nope --verbs site:list
	status 0 hp-user key add alice --verbs site:list --dry-run --json
	is "$out" '.token == null'
	[ "$before" = "$(dump)" ]
	status 2 hp-user key nonsense
	has "$err" "key-show, key-add"
	status 2 hp-user key
	has "$err" "key-show, key-add"
}

@test "check: good, from where; not good, without a reason" {
	add --verbs site:list --from 192.0.2.0/24
	status 0 check --from 192.0.2.9 --json
	is "$out" '.username == "alice" and .key == "'"$key"'"'
	status 0 hp-user key show "$key" --json
	is "$out" '.last_used_from == "192.0.2.9" and (.last_used_at | test("Z$"))'
	status 5 check --from 192.0.3.9
	first=$err
	token=${token%?}$([[ $token == *x ]] && echo y || echo x) status 5 check --from 192.0.2.9
	[ "$err" = "$first" ]
	token=nonsense status 5 check --from 192.0.2.9
	[ "$err" = "$first" ]
	hp-user suspend alice -q
	status 5 check --from 192.0.2.9
	[ "$err" = "$first" ]
}

@test "acting with one: no more than it lists, and what it lists of its websites" {
	add --verbs site:list,site:set,key:add --sites 'shop.*'
	status 0 hp-site list --as "key:$key" --json
	is "$out" 'map(.domain) == ["shop.example"]'
	status 0 hp-site set shop.example gzip_enabled=no --as "key:$key@192.0.2.4" --jsonl
	status 0 hp-audit list --limit 1 --json
	is "$out" '.[0].actor == "alice" and .[0].source == "192.0.2.4, key '"$key"'"'
	status 3 hp-site set blog.example gzip_enabled=no --as "key:$key"
	foreign=${err//blog.example/X}
	status 3 hp-site set nono.example gzip_enabled=no --as "key:$key"
	[ "$foreign" = "${err//nono.example/X}" ]
	status 5 hp-site remove shop.example --yes --as "key:$key"
	status 5 hp-user list --as "key:$key"
	status 3 hp-site list --as key:aaaaaaaaaaaa
	# a weaker one
	status 5 hp-user key add --verbs site:remove --as "key:$key"
	status 5 hp-user key add --sites '*' --as "key:$key"
	status 0 hp-user key add --verbs site:list --as "key:$key" --json
	is "$out" '.sites == ["shop.*"] and .made_by == "'"$key"'"'
	small=$(jq -r .key <<<"$out")
	status 5 hp-site set shop.example gzip_enabled=no --as "key:$small"
	status 0 hp-user key-remove "$key" --jsonl
	is "$out" '.changed'
	status 3 hp-user key show "$small"
	status 3 hp-user key remove "$key"
	status 0 hp-user key remove "$key" --if-exists
	status 0 hp-user key-list --json
	is "$out" '. == []'
}

@test "the trail, with a key for some websites, tells nothing of others" {
	hp-site set blog.example gzip_enabled=no -q
	hp-site set shop.example gzip_enabled=no -q
	theirs=$(hp-audit list --object blog.example --verb site:set --tsv -n -o id)
	own=$(hp-audit list --object shop.example --verb site:set --tsv -n -o id)
	hp-site set blog.example cache_enabled=yes -q
	add --verbs audit:list,audit:undo,site:set --sites 'shop.*'
	status 0 hp-audit list --as "key:$key" --json
	is "$out" 'any(.object == "shop.example") and any(.verb == "user:add") and all(.object != "blog.example")'
	# the newest that it may know
	status 0 hp-audit list --verb site:set --limit 1 --as "key:$key" --json
	is "$out" 'map(.object) == ["shop.example"]'
	status 3 hp-audit undo "$theirs" --as "key:$key"
	foreign=${err//$theirs/X}
	status 3 hp-audit undo 999999 --as "key:$key"
	[ "$foreign" = "${err//999999/X}" ]
	status 0 hp-audit undo "$own" --as "key:$key" --no-apply
}

@test "a user's keys go with the user" {
	add --verbs site:list
	hp-user remove alice --yes -q
	status 5 check
	status 0 hp-user key-list --json
	is "$out" '. == []'
}

@test "--dry-run changes nothing, completion knows two words" {
	add --verbs site:list
	before=$(dump)
	status 0 hp-user key-remove "$key" --dry-run --jsonl
	status 0 hp-user key-add alice --verbs site:list --dry-run
	status 0 check --dry-run
	status 0 hp-user key-check --dry-run <<<"$token"
	[ "$before" = "$(dump)" ]
	command hp-user --complete -- --sysroot "$ROOT" key show "" | grep -q "^$key"
}
