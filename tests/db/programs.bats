#!/usr/bin/env bats
# The programs on each engine: two at once, and a database that goes away at every moment of a command.
load ../lib/common.bash

setup() {
	. "$BATS_TEST_DIRNAME/../lib/servers.sh"
	make_root
}
teardown() {
	[ -z "${proxy:-}" ] || kill "$proxy" 2>/dev/null || true
	remove_root
}

# use ENGINE: the panel's database is a new one on that engine
use() {
	engine=$1 tcp=
	if [ "$1" = sqlite ]; then
		hp-db init -q
	else
		local url=HP_TEST_URL_${1^^}_TCP
		[ -n "${!url:-}" ] || { echo "no $1 server: run this in tests/lib/servers.sh"; return 1; }
		servers_database "$1" panel_programs >/dev/null
		tcp=${!url%/*}/panel_programs?sslmode=disable
		server_port=${tcp##*127.0.0.1:}
		server_port=${server_port%%/*}
		hp-db init "$tcp" -q
	fi
	hp-tenant add acme -q
}

# the websites as the database has them, whatever the engine
rows() { hp-site list --json | jq -c '.[] | del(.updated_at)'; }

two_at_once() {
	local i a b first second
	use "$1"
	for i in 1 2 3 4 5; do
		a=0 b=0
		command hp-site --sysroot="$ROOT" add "s$i.example" tenant=acme >"$ROOT/1" 2>&1 3>&- &
		first=$!
		command hp-site --sysroot="$ROOT" add "s$i.example" tenant=acme >"$ROOT/2" 2>&1 3>&- &
		second=$!
		wait $first || a=$?
		wait $second || b=$?
		case $a$b in
		04) loser=2 ;;
		40) loser=1 ;;
		*) echo "exit $a and $b"; cat "$ROOT/1" "$ROOT/2"; return 1 ;;
		esac
		grep -qE "s$i.example: .*(taken|already)" "$ROOT/$loser" || { cat "$ROOT/$loser"; return 1; }
		status 0 hp-site list --json
		is "$out" "length == $i and (map(.user) | unique | length) == $i"
		[ -e "$ROOT/etc/nginx/sites-available/s$i.example.conf" ]
	done
	status 0 hp-vhost plan
	status 0 hp-vhost verify
}

@test "sqlite: two adds of one domain at once: one wins, the other exits 4" { two_at_once sqlite; }
@test "postgresql: two adds of one domain at once: one wins, the other exits 4" { two_at_once postgresql; }
@test "mariadb: two adds of one domain at once: one wins, the other exits 4" { two_at_once mariadb; }
@test "mysql: two adds of one domain at once: one wins, the other exits 4" { two_at_once mysql; }

# through WHEN COMMAND …: the command, its database behind a proxy that goes dead; status in $got, whether the
# moment came in $came
through() {
	local conf=$ROOT/etc/hosting-panel/hosting-panel.conf
	rm -f "$ROOT/port"
	"$BATS_TEST_DIRNAME/../lib/dbproxy" "$ROOT/port" "$server_port" "$1" 3>&- &
	proxy=$!
	shift
	until [ -e "$ROOT/port" ]; do
		kill -0 "$proxy" || return 1
		sleep 0.02
	done
	cp "$conf" "$ROOT/conf"
	sed -i "s/127\.0\.0\.1:$server_port/127.0.0.1:$(<"$ROOT/port")/" "$conf"
	got=0
	"$@" >"$ROOT/log" 2>&1 || got=$?
	cp "$ROOT/conf" "$conf"
	came=yes
	wait "$proxy" || came=no
	proxy=
}

# gone ENGINE: the database goes away at every message of every command. Whatever the moment: what is not
# recorded is not done either, and told so; what is recorded and not done is done by the next apply.
gone() {
	local cmd n plain=0 recorded=0 before files
	use "$1"
	hp-site add a.example tenant=acme -q
	for cmd in "hp-site add b.example tenant=acme" "hp-site remove b.example --yes"; do
		before=$(rows) files=$(tree)
		for ((n = 1; ; n++)); do
			# shellcheck disable=SC2086
			through $n $cmd
			[ $came = yes ] || break
			[[ $got == [068] ]] || { echo "$cmd, $n: $got"; cat "$ROOT/log"; return 1; }
			[ "$got" = 0 ] || grep -qE '^hp-[a-z]+: .*(database|connect|server)' "$ROOT/log" ||
				{ echo "$cmd, $n: $got"; cat "$ROOT/log"; return 1; }
			! grep -q 'p@ss\|p%40ss' "$ROOT/log"
			if [ "$before" = "$(rows)" ]; then
				[ "$got" != 0 ] && [ "$files" = "$(tree)" ] ||
					{ echo "$cmd, $n: $got, done and not recorded"; cat "$ROOT/log"; return 1; }
				plain=$((plain + 1))
				continue
			fi
			recorded=$((recorded + 1))
			[ "$got" = 0 ] || [ "$files" = "$(tree)" ] ||
				{ echo "$cmd, $n: $got, half done"; cat "$ROOT/log"; return 1; }
			hp-vhost apply -q
			status 0 hp-vhost verify
			# an apply throws no document root away, and the next website has another uid
			[ -e "$ROOT/etc/nginx/sites-available/b.example.conf" ] || rm -rf "$ROOT/var/www/vhosts/b.example"
			# as before, for the next moment
			case $cmd in
			*add*) hp-site remove b.example --yes -q ;;
			*remove*) hp-site add b.example tenant=acme -q ;;
			esac
			before=$(rows) files=$(tree)
		done
		[ "$got" = 0 ] || { echo "$cmd: $got"; cat "$ROOT/log"; return 1; }
		status 0 hp-vhost plan
	done
	echo "$plain times nothing done, $recorded times recorded"
	[ "$plain" -gt 20 ] && [ "$recorded" -gt 0 ]
}

@test "postgresql: gone at every moment of a command" { gone postgresql; }
@test "mariadb: gone at every moment of a command" { gone mariadb; }
@test "mysql: gone at every moment of a command" { gone mysql; }

in_commit() {
	use "$1"
	through commit hp-site add b.example tenant=acme
	[ "$came$got" = yes8 ]
	grep -q 'broke during COMMIT: whether the change was made is unknown' "$ROOT/log"
	grep -q '^hint: look whether it is there' "$ROOT/log"
	status 0 hp-site list --json
	is "$out" 'length == 0'
	through commit+ hp-site add b.example tenant=acme
	[ "$came$got" = yes8 ]
	grep -q 'is unknown' "$ROOT/log"
	status 0 hp-site list --json
	is "$out" 'length == 1'
	[ ! -e "$ROOT/etc/nginx/sites-available/b.example.conf" ]
	status 4 hp-site add b.example tenant=acme
	status 0 hp-vhost apply
	[ -e "$ROOT/etc/nginx/sites-available/b.example.conf" ]
}

@test "postgresql: gone in COMMIT: said to be unknown, exit 8" { in_commit postgresql; }
@test "mariadb: gone in COMMIT: said to be unknown, exit 8" { in_commit mariadb; }
@test "mysql: gone in COMMIT: said to be unknown, exit 8" { in_commit mysql; }
