#!/usr/bin/env bats
load ../lib/common.bash

setup() { make_panel; }
teardown() { remove_root; }

@test "list and show: this host's node" {
	hp-site add a.example tenant=acme -q
	status 0 hp-node list --json
	is "$out" 'length == 1 and (.[0] | .here and .sites == 1 and .generation == .applied_generation and
		.last_result == "applied" and (.applied_at | test("Z$")))'
	node=$(jq -r '.[0].node' <<<"$out")
	status 0 hp-node show --json
	is "$out" ".node == \"$node\""
	status 0 hp-node show "$node" --json
	status 3 hp-node show nowhere
	status 3 hp-node state nowhere
}

@test "state: head, sites in order, digest" {
	hp-site add b.example tenant=acme --no-apply -q
	hp-site add a.example tenant=acme --no-apply -q
	hp-node state >"$ROOT/state"
	is "$(jq -s . <"$ROOT/state")" '.[0].hosting_panel_state == 1 and
		(map(select(.site) | .site.domain) == ["a.example", "b.example"]) and .[-1].end.sites == 2'
	sum=$(jq -r 'select(.end) | .end.sha256' <"$ROOT/state")
	[ "$sum" = "$(head -n -1 "$ROOT/state" | sha256sum | cut -d' ' -f1)" ]
}

@test "the state holds nothing that a node need not know" {
	hp-site add a.example tenant=acme database_backend=mysql database_name=geheim --no-apply -q
	status 0 hp-node state
	! grep -q 'database_\|geheim\|tenant' <<<"$out"
}

@test "the node's name comes from the configuration" {
	remove_root
	make_root
	mkdir -p "$ROOT/etc/hosting-panel"
	printf '[node]\nname = web7\n' >"$ROOT/etc/hosting-panel/hosting-panel.conf"
	hp-db init -q
	status 0 hp-node list --json
	is "$out" '.[0].node == "web7" and .[0].here'
}

@test "api: the panel's own web server is configured once; what was edited by hand stays" {
	status 0 hp-node api --json --dry-run
	is "$out" '.changed'
	[ ! -e "$ROOT/etc/hosting-panel/api/nginx.conf" ]
	status 0 hp-node api --json
	is "$out" '.changed and .certificate == "own" and (.edited | not)'
	[ "$(stat -c %a "$ROOT/var/lib/hosting-panel/ca/key.pem")" = 600 ]
	status 0 hp-node api --json
	is "$out" '.changed | not'
	echo "# mine" >>"$ROOT/etc/hosting-panel/api/nginx.conf"
	status 0 hp-node api --json
	is "$out" '.edited'
	grep -q '^# mine' "$ROOT/etc/hosting-panel/api/nginx.conf"
	status 0 hp-node api --json --force
	if grep -q '^# mine' "$ROOT/etc/hosting-panel/api/nginx.conf"; then return 1; fi
}
