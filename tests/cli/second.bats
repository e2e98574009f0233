#!/usr/bin/env bats
# The second factor: hp-user totp enable, confirm, disable, recovery codes, and logging in with it.
load ../lib/common.bash

good='correct horse battery'

setup() {
	make_panel
	hp-user add alice -q
	hp-user add anna role=admin -q
	hp-user passwd alice -q <<<"$good"
}
teardown() { remove_root; }

# enable: alice's second factor counts, which she confirmed by $code; $secret
enable() {
	secret=$(hp-user totp-enable alice --tsv -n -o secret)
	code=$(totp "$secret")
	hp-user totp-confirm alice -q <<<"$code"
}

# again: as if no code had been used yet
again() { sqlite3 "$ROOT/var/lib/hosting-panel/db/panel.db" "UPDATE second_factors SET last_step = 0"; }

login() { # login CODE [OPTION …]
	hp-user login alice "${@:2}" <<<"$good
$1"
}

@test "the authenticator of these tests is the RFC's" {
	date() { echo 1111111109; }
	[ "$(totp GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ)" = 081804 ]
}

@test "enable, confirm, log in with a code, disable" {
	status 0 hp-user totp enable alice --json
	secret=$(jq -r .secret <<<"$out")
	[[ $secret =~ ^[A-Z2-7]{32}$ ]]
	is "$out" '.secret as $s | .uri | test("^otpauth://totp/hosting-panel:alice@[a-z0-9.-]+[?]secret=" + $s + "&issuer=hosting-panel&")'
	status 0 hp-user show alice --json
	is "$out" '.second_factor == false'
	# nothing is asked for yet
	status 0 hp-user login alice <<<"$good"
	status 5 hp-user totp confirm alice <<<"$(totp "$secret" 40)"
	has "$err" "the code is wrong"
	status 5 hp-user totp confirm alice </dev/null
	totp "$secret" >"$ROOT/code"
	status 0 hp-user totp confirm alice --dry-run <"$ROOT/code"
	status 0 hp-user login alice <<<"$good"
	status 0 hp-user totp confirm alice --jsonl <"$ROOT/code"
	is "$out" '.changed'
	status 0 hp-user list --json
	is "$out" 'map(select(.second_factor)) | length == 1 and .[0].username == "alice"'
	status 0 hp-user session list --json
	is "$out" '. == []'
	status 4 hp-user totp enable alice
	has "$err" "totp-disable"
	again
	status 0 login "$(totp "$secret")" --json
	is "$out" '.token | test("^hps_")'
	status 0 hp-user totp-disable alice --jsonl
	is "$out" '.changed'
	status 0 hp-user totp disable alice --jsonl
	is "$out" '.changed == false'
	status 0 hp-user login alice <<<"$good"
}

@test "no code, a wrong code, one used before: no session" {
	enable
	status 5 hp-user login alice <<<"$good"
	has "$err" "a code of the second factor is wanted"
	status 5 login "$(totp "$secret" 40)"
	has "$err" "wrong, or was used already"
	# that it was confirmed with
	status 5 login "$code"
	status 5 hp-user login alice <<<"wrong horse battery
$(totp "$secret" 1)"
	has "$err" "the name or the password is wrong"
	again
	code=$(totp "$secret")
	status 0 login "$code" --dry-run
	status 0 login "${code:0:3} ${code:3}"
	status 5 login "$code"
	status 0 hp-user session list --json
	is "$out" 'length == 1'
	status 2 login "$(printf '%070d' 1)"
	has "$err" "code: it has more than"
	status 0 hp-audit list --verb user:login-failed --json
	is "$out" 'map(.note) | sort | unique == ["no code", "wrong code", "wrong password"]'
}

@test "wrong codes are kept waiting as wrong passwords are" {
	enable
	got=0
	for n in 1 2 3 4 5 6 7 8 9 10 11 12; do
		got=0
		login "$(totp "$secret" 40)" --from "192.0.2.$n" 2>"$ROOT/said" || got=$?
		[ "$got" = 5 ] || break
	done
	[ "$got" = 6 ]
	[ "$n" -gt 5 ]
	grep -q 'try again in [0-9]* second' "$ROOT/said"
}

@test "recovery codes: ten, shown once, each good once" {
	status 3 hp-user recovery-codes alice
	has "$err" "totp-enable"
	enable
	status 0 hp-user recovery-codes alice --dry-run --json
	is "$out" 'length == 10 and all(.[]; .code == null)'
	status 0 hp-user recovery codes alice --tsv -n -o code
	mapfile -t codes <<<"$out"
	[ "${#codes[@]}" = 10 ]
	[ "$(printf '%s\n' "${codes[@]}" | sort -u | wc -l)" = 10 ]
	status 0 login "${codes[7]}"
	status 5 login "${codes[7]}"
	status 0 login "${codes[2]^^}"
	status 0 hp-audit list --verb user:login --json
	is "$out" '.[0].note == "by a recovery code, 8 left"'
	old=${codes[0]}
	status 0 hp-user recovery-codes alice
	status 5 login "$old"
	[ "$(dump | grep -c "INSERT INTO recovery_codes")" = 10 ]
	for code in "${codes[@]}"; do
		[ "$(dump | grep -c -e "$code" -e "${code//-/}")" = 0 ]
	done
}

@test "the secret is told nowhere again" {
	enable
	for what in "list" "show alice" "list --json" "show alice --json"; do
		# shellcheck disable=SC2086
		status 0 hp-user $what
		[[ $out$err != *"$secret"* ]]
	done
	status 0 hp-audit list --json
	[[ $out != *"$secret"* ]]
	is "$out" 'map(select(.verb == "user:totp-enable"))[0].after.totp_secret == "***"'
	status 0 hp-user totp-enable anna --dry-run --json
	is "$out" '.secret == null and .uri == null'
	[ "$(dump | grep -c "$secret")" = 1 ]
}

@test "a new password, of an admin's too, leaves the second factor on" {
	enable
	hp-user passwd alice -q --as anna <<<"another horse battery"
	good="another horse battery"
	status 5 hp-user login alice <<<"$good"
	has "$err" "a code of the second factor is wanted"
	again
	status 0 login "$(totp "$secret")"
}
