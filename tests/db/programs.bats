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

# walls ENGINE: two tenants that have the same names for everything that may have the same, and one who tries
# to reach the other by what he sends
walls() {
	local t id n unknown before seen
	use "$1"
	hp-tenant set acme name=Shop -q
	hp-tenant add beta name=Shop -q
	for t in acme beta; do
		hp-user add "$t-admin" tenant=$t role=admin email=same@shop.example -q
		hp-user passwd "$t-admin" -q <<<"correct horse battery"
		hp-user login "$t-admin" -q <<<"correct horse battery"
		hp-site add "$t.example" tenant=$t database_name=shop owner="$t-admin" -q
		hp-user key add "$t-admin" --name deploy --verbs site:list --sites 'shop.*' -q
	done
	before=$(rows)$(hp-user list --json | jq -c '.[] | del(.updated_at)')
	# what he is shown
	for seen in "hp-site list" "hp-user list" "hp-user key-list" "hp-user session-list" "hp-tenant list" \
		"hp-audit list --limit 0"; do
		# shellcheck disable=SC2086
		status 0 $seen --as beta-admin --json
		is "$out" 'length >= 1'
		[[ $out != *acme* ]] || { echo "$seen shows: $out"; return 1; }
		is "$out" '[.[].tenant_id | select(. != null)] | unique | length <= 1'
	done
	# what he sends: a tenant beside the object, and ids
	id=$(hp-tenant show acme --json | jq .id)
	for n in '{"domain":"n.example","tenant_id":ID}' '{"domain":"n.example","id":1}' \
		'{"domain":"n.example","uid":20001}'; do
		status 2 hp-site add - --as beta-admin <<<"${n//ID/$id}"
		has "$err" 'by itself'
	done
	status 3 hp-site add - --as beta-admin <<<'{"domain":"n.example","tenant":"acme"}'
	status 3 hp-site add - tenant=acme --as beta-admin <<<'{"domain":"n.example"}'
	status 3 hp-site add - --as beta-admin <<<'{"domain":"n.example","owner":"acme-admin"}'
	status 4 hp-site add - --as beta-admin <<<'{"domain":"acme.example"}'
	has "$err" 'acme.example: the name is taken already'
	status 2 hp-site set - --as beta-admin <<<"{\"domain\":\"beta.example\",\"tenant_id\":$id}"
	status 3 hp-site set - --as beta-admin <<<'{"domain":"acme.example","gzip_enabled":false}'
	status 3 hp-site set - --as beta-admin <<<'{"domain":"beta.example","owner":"acme-admin"}'
	status 2 hp-user add - --as beta-admin <<<"{\"username\":\"n\",\"tenant_id\":$id}"
	status 3 hp-user add - --as beta-admin <<<'{"username":"n","tenant":"acme"}'
	status 3 hp-user add - --as beta-admin <<<'{"username":"n","parent":"acme-admin"}'
	status 2 hp-user set - --as beta-admin <<<"{\"username\":\"beta-admin\",\"tenant_id\":$id}"
	status 3 hp-user set - --as beta-admin <<<'{"username":"acme-admin","email":"x@x.example"}'
	# numbers that he guesses: each of the other's is as one that is not there
	status 3 hp-audit undo 99999 --dry-run --as beta-admin
	unknown=${err//99999/N}
	n=0
	for id in $(hp-audit list --limit 0 --json -o id,tenant_id |
		jq ".[] | select(.tenant_id == $id or .tenant_id == null) | .id"); do
		status 3 hp-audit undo "$id" --dry-run --as beta-admin
		[ "${err//$id/N}" = "$unknown" ]
		n=$((n + 1))
	done
	[ "$n" -ge 6 ]
	for id in $(hp-user key-list acme-admin --json | jq -r '.[].key'); do
		status 3 hp-user key-show "$id" --as beta-admin
		status 3 hp-user key-remove "$id" --as beta-admin
	done
	for id in $(hp-user session-list acme-admin --json | jq -r '.[].session'); do
		status 3 hp-user session-revoke "$id" --as beta-admin
	done
	[ "$before" = "$(rows)$(hp-user list --json | jq -c '.[] | del(.updated_at)')" ]
	status 0 hp-user session-list acme-admin --json
	is "$out" 'length == 1'
	status 0 hp-audit verify
}

@test "sqlite: two tenants of the same names, bodies with a tenant in them, guessed numbers" { walls sqlite; }
@test "postgresql: two tenants of the same names, bodies with a tenant in them, guessed numbers" { walls postgresql; }
@test "mariadb: two tenants of the same names, bodies with a tenant in them, guessed numbers" { walls mariadb; }
@test "mysql: two tenants of the same names, bodies with a tenant in them, guessed numbers" { walls mysql; }

# The trail on each engine: many at once make one chain, nobody changes an entry, and what was changed is found.
sql() {
	local rest port
	case $engine in
	sqlite) sqlite3 "$ROOT/var/lib/hosting-panel/db/panel.db" "$1" ;;
	postgresql)
		rest=HP_TEST_ADMIN_POSTGRESQL
		rest=${!rest}
		port=${rest#*@:}
		psql -qXAt -v ON_ERROR_STOP=1 -h "${rest#*socket=}" -p "${port%%/*}" -U postgres panel_programs -c "$1"
		;;
	*)
		rest=HP_TEST_ADMIN_${engine^^}
		rest=${!rest}
		mariadb --no-defaults -u root -S "${rest#*socket=}" panel_programs -e "$1"
		;;
	esac
}

trail() {
	local i k pids=() pid
	use "$1"
	for i in 1 2 3 4 5 6; do
		(for k in 1 2 3; do hp-user add "u$i-$k" tenant=acme -q || exit 1; done) 3>&- &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do wait "$pid"; done
	status 0 hp-audit verify
	has "$err" '20 entries, 1 to 20'
	# what is rolled back leaves no gap
	status 4 hp-user add u1-1 tenant=acme
	hp-user add x tenant=acme --dry-run -q
	hp-user add y tenant=acme -q
	status 0 hp-audit verify
	has "$err" '21 entries, 1 to 21'
	for i in "UPDATE audit_log SET note = 'x' WHERE id = 5" "DELETE FROM audit_log WHERE id = 5"; do
		run sql "$i"
		[ "$status" -ne 0 ]
		has "$output" 'only added to'
	done
	# read by a program that opened the database for reading
	status 5 hp-audit list --as u1-1@192.0.2.7
	status 0 hp-audit list --outcome denied --json
	is "$out" 'length == 1 and .[0].actor == "u1-1" and .[0].verb == "audit:list"'
	case $1 in
	postgresql) sql "ALTER TABLE audit_log DISABLE TRIGGER ALL" ;;
	*) sql "DROP TRIGGER audit_log_no_update"; sql "DROP TRIGGER audit_log_no_delete" ;;
	esac
	sql "UPDATE audit_log SET note = 'x' WHERE id = 5"
	sql "DELETE FROM audit_log WHERE id IN (9, 10)"
	status 1 hp-audit verify --json
	is "$out" 'map([.entry, .problem]) == [[5, "changed"], [9, "missing"]]'
	sql "DELETE FROM audit_log WHERE id > 20"
	status 1 hp-audit verify --json
	is "$out" '.[2].entry == 21 and .[2].problem == "missing"'
	status 0 hp-audit undo "$(hp-audit list --verb user:add --limit 1 --tsv -n -o id)" --yes --json
	is "$out" '.[0].changed'
}

@test "sqlite: the audit trail" { trail sqlite; }
@test "postgresql: the audit trail" { trail postgresql; }
@test "mariadb: the audit trail" { trail mariadb; }
@test "mysql: the audit trail" { trail mysql; }
