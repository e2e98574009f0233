#!/usr/bin/env bats
# Logging in and sessions: hp-user login, session list, check, revoke.
load ../lib/common.bash

good='correct horse battery'

setup() {
	make_panel
	hp-user add alice -q
	hp-user add bob -q
	hp-user passwd alice -q <<<"$good"
}
teardown() { remove_root; }

login() { # login USER PASSWORD [OPTION …]: $token
	status 0 hp-user login "$1" --json "${@:3}" <<<"$2"
	token=$(jq -r .token <<<"$out")
}

check() { hp-user session check "$@" <<<"$token"; }

# later SECONDS: as if so much time had gone by for all sessions
later() {
	sqlite3 "$ROOT/var/lib/hosting-panel/db/panel.db" "UPDATE sessions SET
		last_seen_at = datetime(last_seen_at, '-$1 seconds'), expires_at = datetime(expires_at, '-$1 seconds')"
}

@test "login: a token, shown once and kept as a hash" {
	login alice "$good" --from 192.0.2.7
	[[ $token == hps_????????????_* ]]
	! dump | grep -q -e "${token#hps_*_}"
	status 0 hp-user session list --json
	is "$out" 'length == 1 and .[0].username == "alice" and .[0].address == "192.0.2.7"'
	status 0 hp-user session-list bob --json
	is "$out" '. == []'
	status 0 check --json
	is "$out" '.username == "alice"'
	status 0 hp-user show alice --json
	is "$out" '.last_login_at | test("Z$")'
	status 0 hp-audit list --json
	! grep -q -e "${token#hps_*_}" -e "$good" <<<"$out"
	is "$out" '.[0].verb == "user:login" and .[0].actor == "alice" and .[0].source == "192.0.2.7"'
}

@test "a wrong name and a wrong password are answered alike" {
	status 5 hp-user login alice <<<"wrong horse battery"
	first=$err
	status 5 hp-user login nobody-here <<<"$good"
	[ "$err" = "$first" ]
	status 5 hp-user login bob <<<"$good"
	[ "$err" = "$first" ]
	status 0 hp-audit list --verb user:login-failed --json
	is "$out" 'length == 3 and all(.[]; .source == "127.0.0.1")'
	! grep -q "horse" <<<"$out"
	status 2 hp-user login alice --from here <<<"$good"
}

@test "after five failures nothing is looked at for a while, whoever asks" {
	for _ in 1 2 3 4 5; do status 5 hp-user login alice <<<"wrong horse battery"; done
	got=0
	for n in 1 2 3 4 5 6 7 8; do
		got=0
		hp-user login alice --from "192.0.2.$n" <<<"wrong horse battery" 2>"$ROOT/said" || got=$?
		[ "$got" = 5 ] || break
	done
	[ "$got" = 6 ]
	grep -q 'try again in [0-9]* second' "$ROOT/said"
}

@test "a session ends: by itself, when idle, revoked, with the password, with the user" {
	login alice "$good"
	later 3600
	status 0 check
	# it was used just now
	later 3600
	status 0 check
	later 7201
	status 5 check
	has "$err" over
	status 0 hp-user session-list --json
	is "$out" '. == []'
	login alice "$good"
	sqlite3 "$ROOT/var/lib/hosting-panel/db/panel.db" "UPDATE sessions SET expires_at = datetime('now', '-1 seconds')"
	status 5 check
	login alice "$good"
	id=$(hp-user session-list alice --tsv -n -o session)
	status 0 hp-user session-revoke "$id" --dry-run --jsonl
	status 0 check
	status 0 hp-user session-revoke "$id" --jsonl
	is "$out" '.changed'
	status 5 check
	status 3 hp-user session revoke "$id"
	status 0 hp-user session revoke "$id" --if-exists
	login alice "$good"
	hp-user passwd alice -q <<<"another horse battery"
	status 5 check
	login alice "another horse battery"
	hp-user remove alice --yes -q
	status 5 check
}

@test "--dry-run: nothing is begun" {
	before=$(records)
	status 0 hp-user login alice --dry-run --json <<<"$good"
	is "$out" '.token == null'
	status 5 hp-user login alice --dry-run <<<"wrong horse battery"
	[ "$before" = "$(records)" ]
	status 5 hp-user session-check <<<"nonsense"
}

@test "a password for once lets in once, and only within a day; then it is none" {
	local db=$ROOT/var/lib/hosting-panel/db/panel.db
	hp-user add once tenant=acme -q
	hp-user passwd once --once -q <<<"correct horse battery"
	status 5 hp-user login once <<<"wrong horse battery"
	status 0 hp-user login once <<<"correct horse battery"
	status 5 hp-user login once <<<"correct horse battery"
	status 0 hp-user show once --tsv -n -o password
	[ -z "$out" ]
	# too late
	hp-user passwd once --once -q <<<"correct horse battery"
	[[ $(sqlite3 "$db" "SELECT password_hash FROM users WHERE username = 'once'") == once:*:\$y\$* ]]
	sqlite3 "$db" "UPDATE users SET password_hash = 'once:' || (strftime('%s') - 1) || substr(password_hash, 16) WHERE username = 'once'"
	[[ $(sqlite3 "$db" "SELECT password_hash FROM users WHERE username = 'once'") == once:??????????:\$y\$* ]]
	status 5 hp-user login once <<<"correct horse battery"
	# one of his own is for good
	hp-user passwd once -q <<<"correct horse battery"
	status 0 hp-user login once <<<"correct horse battery"
	status 0 hp-user login once <<<"correct horse battery"
}
