#!/usr/bin/env bats
load ../lib/common.bash

setup() {
	make_panel
	hp-site add a.example tenant=acme -q
}
teardown() { remove_root; }

@test "detect finds the servers" {
	status 0 hp-vhost detect --json
	is "$out" 'map(.server) | index("nginx") != null'
}

@test "settings: which directives they become, on any host" {
	status 0 hp-vhost settings gzip_enabled memory_max --json
	is "$out" 'map(select(.setting == "gzip_enabled") | .where) | index("nginx") != null and index("apache") != null'
	is "$out" 'map(select(.setting == "memory_max" and .where == "systemd") | .directives) == ["MemoryMax"]'
	status 0 hp-vhost settings --json
	is "$out" 'map(.setting) | index("proxy_port") != null'
	status 2 hp-vhost settings gzip
	has "$err" '"gzip" is no setting of a website'
	has "$(command hp-vhost --complete -- settings gzip)" gzip_enabled
}

@test "front: only to a server that there is" {
	files=$(tree)
	status 2 hp-vhost front iis
	has "$err" '"iis" is no web server; there are: nginx, apache'
	[ "$files" = "$(tree)" ]
}

@test "plan: a unified diff and exit 10, or nothing and exit 0; touches nothing" {
	status 0 hp-vhost plan
	[ -z "$out" ]
	hp-site set a.example cache_enabled=yes --no-apply -q
	files=$(tree)
	status 10 hp-vhost plan
	has "$out" "sites-available/a.example.conf"
	grep -q '^--- ' <<<"$out"
	grep -q '^+++ ' <<<"$out"
	grep -q '^@@ ' <<<"$out"
	[ -z "$err" ]
	status 10 hp-vhost plan --paths
	has "$out" "sites-available/a.example.conf"
	! grep -q '^@@ ' <<<"$out"
	status 10 hp-vhost plan -q
	[ -z "$out" ]
	status 10 hp-vhost plan --json
	is "$out" 'map(select(.event == "site") | .domain) == ["a.example"]'
	[ "$files" = "$(tree)" ]
}

@test "plan: that hashes of passwords change, not what they are" {
	hp-site set a.example basic_auth=@- --no-apply -q <<<'{"/admin":{"alice":"{PLAIN}geheim"}}'
	status 10 hp-vhost plan
	grep -qE "^add .*/hosting-panel/users/a.example@" <<<"$out"
	! grep -qF '$6$' <<<"$out"
	! grep -qF '$y$' <<<"$out"
	hp-vhost apply -q
	hp-site set a.example basic_auth= --no-apply -q
	status 10 hp-vhost plan
	grep -qE "^remove .*/hosting-panel/users/a.example@" <<<"$out"
	! grep -qF alice: <<<"$out"
}

@test "the diff is one that patch(1) takes" {
	hp-site set a.example cache_enabled=yes --no-apply -q
	status 10 hp-vhost plan
	cp -a "$ROOT/etc/nginx" "$ROOT/copy"
	grep -q . <<<"$out"
	(cd "$ROOT/copy" && patch -s -p3 --dry-run <<<"$out") || (cd "$ROOT" && patch -s -p1 --dry-run <<<"$out") ||
		(cd "$ROOT" && sed 's,^\(---\|+++\) /,\1 x/,' <<<"$out" | patch -s -p1 --dry-run)
}

@test "apply: the panel's document, the kept one, one from standard input" {
	hp-site set a.example cache_enabled=yes --no-apply -q
	status 0 hp-vhost apply --kept
	status 10 hp-vhost plan
	status 0 hp-vhost apply --jsonl
	is "$(head -1 <<<"$out")" '.event == "site" and .domain == "a.example" and .result == "applied"'
	is "$(tail -1 <<<"$out")" '.event == "end" and .result == "applied" and .changed == 1 and .failed == 0'
	status 0 hp-vhost apply --jsonl
	is "$(tail -1 <<<"$out")" '.result == "unchanged"'
	hp-node list --json >"$ROOT/nodes"
	is "$(<"$ROOT/nodes")" '.[0] | .generation == .applied_generation'
	hp-site add b.example tenant=acme --no-apply -q
	hp-node state >"$ROOT/state"
	status 0 hp-vhost apply - <"$ROOT/state"
	has "$out" '"domain":"b.example"'
	[ -f "$ROOT/etc/nginx/sites-available/b.example.conf" ]
}

@test "a node without a database applies what it is sent, and keeps it" {
	hp-node state >"$BATS_TEST_TMPDIR/state"
	remove_root
	make_root
	status 10 hp-vhost plan - <"$BATS_TEST_TMPDIR/state"
	status 0 hp-vhost apply - <"$BATS_TEST_TMPDIR/state"
	is "$(tail -1 <<<"$out")" '.event == "end" and .sites == 1'
	status 0 hp-vhost plan
	status 0 hp-vhost apply --jsonl
	is "$(tail -1 <<<"$out")" '.result == "unchanged"'
	[ ! -e "$ROOT/var/lib/hosting-panel/db/panel.db" ]
	[ -z "$(find "$ROOT" -name '*.db')" ]
	rm "$ROOT/etc/nginx/sites-available/a.example.conf"
	status 1 hp-vhost verify
}

@test "documents that lie are refused whole" {
	hp-site add b.example tenant=acme --no-apply -q
	hp-node state >"$ROOT/state"
	files=$(tree)
	head -2 "$ROOT/state" >"$ROOT/cut"
	sed 's/b.example/c.example/' "$ROOT/state" >"$ROOT/changed"
	head -c 50 "$ROOT/state" >"$ROOT/short"
	: >"$ROOT/empty"
	head -c 5000 /dev/urandom >"$ROOT/noise"
	for f in cut changed short empty noise; do
		status 2 hp-vhost apply - <"$ROOT/$f"
		status 2 hp-vhost plan - <"$ROOT/$f"
	done
	[ "$files" = "$(tree)" ]
}

@test "verify: drift is told, exit 1; nothing is changed by it" {
	status 0 hp-vhost verify
	conf=$ROOT/etc/nginx/sites-available/a.example.conf
	echo "# by hand" >>"$conf"
	status 1 hp-vhost verify --json
	is "$out" 'map(select(.event == "file")) | length == 1 and (.[0].path | endswith("a.example.conf"))'
	grep -q "by hand" "$conf"
	status 0 hp-vhost apply --force
	status 0 hp-vhost verify
	rm "$ROOT/etc/nginx/sites-enabled/a.example.conf"
	status 1 hp-vhost verify
	status 0 hp-vhost apply --force
	status 0 hp-vhost verify
	[ -L "$ROOT/etc/nginx/sites-enabled/a.example.conf" ]
}

@test "purge: what is kept of a website, by the key in each file" {
	local dir=$ROOT/var/cache/hosting-panel-nginx-php/a/bc
	mkdir -p "$dir"
	printf '\003\000head\nKEY: a.example site1 0 GET http://a.example/\nHTTP' >"$dir/1"
	printf '\003\000head\nKEY: a.example.org site2 0 GET http://a.example/\nKEY: a.example \n' >"$dir/2"
	printf 'KEY: a.example' >"$dir/3"
	ln -s 1 "$dir/4"
	# as the other servers have them
	local apache=$ROOT/var/cache/hosting-panel-apache/a/b ols=$ROOT/var/cache/hosting-panel-openlitespeed
	mkdir -p "$apache/1.header.vary" "$ols/a.example/http/1/2" "$ols/a.example.org/https/1"
	printf '\006\000numbers http://a.example/index.php?Vary: x' | tee "$apache/1.header.vary/2.header" >"$apache/3.header"
	printf '\006\000numbers http://a.example.org/?http://a.example/' >"$apache/4.header"
	touch "$apache/1.header.vary/2.data" "$apache/4.data" "$ols/a.example/http/1/2/3" "$ols/a.example.org/https/1/3"
	status 0 hp-vhost purge a.example --dry-run --json
	is "$out" '.[0].domain == "a.example" and .[0].removed == 4'
	[ -e "$dir/1" ]
	status 0 hp-vhost purge a.example --json
	is "$out" '.[0].removed == 4 and .[0].exit == 0'
	[ "$(cd "$ROOT/var/cache" && find hosting-panel-{apache,openlitespeed} -type f | LC_ALL=C sort | tr '\n' ' ')" = \
		"hosting-panel-apache/a/b/4.data hosting-panel-apache/a/b/4.header hosting-panel-openlitespeed/a.example.org/https/1/3 " ]
	[ ! -e "$dir/1" ] && [ -e "$dir/2" ] && [ -e "$dir/3" ] && [ -L "$dir/4" ]
	status 0 hp-audit list --json
	is "$out" 'map(select(.verb == "vhost:purge")) | length == 1'
	status 3 hp-vhost purge none.example
	status 2 hp-vhost purge ../etc
	status 2 hp-vhost purge
}

@test "trim: the oldest of what OpenLiteSpeed keeps go, until the others have no more than that" {
	local dir=$ROOT/var/cache/hosting-panel-openlitespeed i
	status 0 hp-vhost trim 1M --json
	is "$out" '.removed == 0 and .bytes == 0'
	for i in 1 2 3 4; do
		mkdir -p "$dir/$i.example/http/priv/a"
		head -c 65536 /dev/urandom >"$dir/$i.example/http/priv/a/$i"
		touch -d "2026-01-01 00:00:0$((5 - i))" "$dir/$i.example/http/priv/a/$i"
	done
	head -c 65536 /dev/urandom >"$ROOT/victim"
	touch -d 2020-01-01 "$ROOT/victim"
	ln -s "$ROOT/victim" "$dir/1.example/http/link"
	ln -s "$ROOT" "$dir/1.example/http/folder"
	status 0 hp-vhost trim 150K --dry-run --json
	is "$out" '.removed == 2 and .bytes == 131072'
	status 0 hp-vhost trim 150K --json
	is "$out" '.removed == 2 and .bytes == 131072'
	[ "$(cd "$dir" && echo */http/priv/a/*)" = "1.example/http/priv/a/1 2.example/http/priv/a/2" ]
	[ -e "$ROOT/victim" ]
	status 0 hp-vhost trim 0 --json
	is "$out" '.removed == 2 and .bytes == 0'
	[ -z "$(find "$dir" -type f)" ] && [ -L "$dir/1.example/http/link" ]
	status 2 hp-vhost trim much
	status 2 hp-vhost trim
}

@test "reopen tells no server in a folder" {
	status 0 hp-vhost reopen --quiet
	[ -z "$out" ]
	status 0 hp-vhost reopen --json
	is "$out" 'map(.event) == ["end"] and .[0].result == "unchanged"'
	status 2 hp-vhost reopen a.example
}

@test "show tells what is here for a website" {
	status 0 hp-vhost show a.example --json
	is "$out" '.domain == "a.example" and .document_root == "/var/www/vhosts/a.example" and
		(.files | length >= 2) and .php_version == "8.2"'
	status 3 hp-vhost show none.example
	status 2 hp-vhost show ../etc
}

@test "recover with nothing to recover" {
	status 0 hp-vhost recover
}

@test "apply needs root on a real machine" {
	[ "$(id -u)" = 0 ] || skip "needs root to become somebody else"
	got=0
	as_nobody hp-vhost apply - </dev/null >"$BATS_TEST_TMPDIR/log" 2>&1 || got=$?
	[ "$got" = 5 ]
}

@test "custom snippets of a website are included" {
	mkdir -p "$ROOT/etc/hosting-panel/custom/a.example/nginx"
	echo "client_max_body_size 1m;" >"$ROOT/etc/hosting-panel/custom/a.example/nginx/own.conf"
	grep -q "/etc/hosting-panel/custom/a.example/nginx/" "$ROOT/etc/nginx/sites-available/a.example.conf"
}
