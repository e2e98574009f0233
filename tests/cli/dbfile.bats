#!/usr/bin/env bats
# The embedded database gone, held, or spoilt, before and in the middle of a command: a clear error, and the
# node goes on as it was.
load ../lib/common.bash
load ../lib/hold.bash

setup() {
	make_panel
	hp-site add a.example tenant=acme -q
	db=$ROOT/var/lib/hosting-panel/db/panel.db
}
teardown() {
	[ -z "${holder:-}" ] || kill "$holder" 2>/dev/null || true
	remove_root
}

commands=("hp-site add b.example tenant=acme" "hp-site set a.example gzip_enabled=no" "hp-site suspend a.example"
	"hp-site remove a.example --yes" "hp-site alias a.example add x.example" "hp-tenant add other"
	"hp-tenant set acme website_limit=1")

# each STATUS-PATTERN MESSAGE: every command that changes something fails so, and changes no file of the node
each() {
	local files cmd got
	files=$(tree)
	for cmd in "${commands[@]}"; do
		got=0
		# shellcheck disable=SC2086
		$cmd >"$ROOT/log" 2>&1 || got=$?
		[[ $got == $1 ]] && grep -q "$2" "$ROOT/log" || { echo "$cmd: $got"; cat "$ROOT/log"; return 1; }
		[ "$files" = "$(tree)" ] || { echo "$cmd: files changed"; return 1; }
	done
}

@test "removed: exit 9, no new one is made, and the node keeps what it serves" {
	rm -f "$db"*
	each 9 "hp-db init"
	[ ! -e "$db" ]
	# what was applied last is what there is to apply
	status 0 hp-vhost plan
	status 0 hp-vhost apply
	status 0 hp-vhost verify
	[ -e "$ROOT/etc/nginx/sites-available/a.example.conf" ]
	[ ! -e "$db" ]
}

@test "emptied, overwritten, cut, its pages spoilt: exit 8 or 9, and nothing is applied from it" {
	sqlite3 "$db" 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null
	cp "$db" "$ROOT/good.db"
	files=$(tree)
	for how in emptied overwritten cut spoilt header folder; do
		rm -rf "$db"*
		cp "$ROOT/good.db" "$db"
		case $how in
		emptied) : >"$db" ;;
		overwritten) head -c 100000 /dev/urandom >"$db" ;;
		cut) truncate -s 4096 "$db" ;;
		spoilt) yes garbage | dd of="$db" bs=4096 seek=1 count=30 conv=notrunc iflag=fullblock status=none ;;
		header) printf 'SQLite format 4' | dd of="$db" conv=notrunc status=none ;;
		folder) rm "$db" && mkdir "$db" ;;
		esac
		each '[5789]' database || { echo "$how"; return 1; }
		for cmd in "hp-site list" "hp-node state" "hp-vhost apply" "hp-vhost plan"; do
			got=0
			$cmd >"$ROOT/log" 2>&1 || got=$?
			[[ $got == [589] || $got == 71 ]] || { echo "$how: $cmd: $got"; cat "$ROOT/log"; return 1; }
		done
		[ "$files" = "$(tree)" ]
	done
	rm -rf "$db"*
	cp "$ROOT/good.db" "$db"
	status 0 hp-vhost plan
	status 0 hp-site set a.example gzip_enabled=no
}

@test "held by another: exit 6 after a while, reading goes on, nothing changed" {
	before=$(everything)
	hold "$db" "$ROOT"
	status 6 hp-site add b.example tenant=acme
	has "$err" busy
	has "$err" hint:
	status 6 hp-site set a.example gzip_enabled=no
	status 0 hp-site list
	status 0 hp-vhost plan
	release
	[ "$before" = "$(everything)" ]
	status 0 hp-site add b.example tenant=acme
}

@test "its index half written, as a reader finds it between two steps of a writer: read all the same" {
	# the writer's part is played: what he holds is his connection, and not the lock on changes
	hold "$db" "$ROOT"
	echo 'ROLLBACK; SELECT count(*) FROM sites; SELECT "idle"; BEGIN;' >&7
	until grep -q idle "$ROOT/held"; do sleep 0.05; done
	hp-site add b.example tenant=acme -q --no-apply
	head -c 136 /dev/zero | dd of="$db-shm" conv=notrunc status=none
	status 0 hp-site show a.example --tsv -n -o domain
	[ "$out" = a.example ]
	head -c 136 /dev/zero | dd of="$db-shm" conv=notrunc status=none
	status 0 hp-site list --tsv -n -o domain
	has "$out" b.example
	release
}

@test "held for a moment: waited for" {
	hold "$db" "$ROOT"
	(sleep 1; echo 'ROLLBACK;' >&7) &
	status 0 hp-site add b.example tenant=acme
	wait $!
	exec 7>&-
	wait "$holder"
	holder=
	status 0 hp-vhost plan
}

@test "one has thousands of things to write, others one each: they have their turn between his" {
	local i yes=true pids=() lines
	mkfifo "$ROOT/lines"
	(
		while printf '{"domain":"a.example","gzip_enabled":%s}\n' $yes; do
			[ $yes = true ] && yes=false || yes=true
		done
	) >"$ROOT/lines" 2>/dev/null 3>&- &
	lines=$!
	command hp-site --sysroot="$ROOT" set - -q --no-apply <"$ROOT/lines" >"$ROOT/many" 2>&1 3>&- &
	holder=$!
	for i in $(seq 300); do
		[ "$(hp-audit list --verb site:set --limit 1 --tsv -n -o id | wc -l)" = 0 ] || break
		sleep 0.1
	done
	for i in 1 2 3 4 5 6 7 8; do
		hp-tenant add "t$i" -q >"$ROOT/t$i" 2>&1 3>&- &
		pids+=($!)
	done
	for i in "${pids[@]}"; do wait "$i" || { cat "$ROOT"/t?; kill $lines; return 1; }; done
	# he was at it all the time
	kill -0 $holder
	kill $lines $holder
	wait || true
	holder=
}

@test "removed in the middle: not said to be done" {
	files=$(tree)
	hold "$db" "$ROOT"
	command hp-site --sysroot="$ROOT" add b.example tenant=acme >"$ROOT/log" 2>&1 3>&- &
	pid=$!
	sleep 1
	kill -0 $pid
	rm -f "$db"*
	release
	got=0
	wait $pid || got=$?
	cat "$ROOT/log"
	[ "$got" = 8 ]
	grep -q 'removed or replaced' "$ROOT/log"
	[ "$files" = "$(tree)" ]
	[ ! -e "$db" ] || [ ! -s "$db" ]
	status 0 hp-vhost verify
}

@test "a spoilt file is named, and what to do about it" {
	sqlite3 "$db" 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null
	rm -f "$db"-*
	dd if=/dev/urandom of="$db" bs=4096 seek=3 count=30 conv=notrunc status=none
	status 8 hp-user list
	has "$err" "$db: "
	has "$err" .recover
}
