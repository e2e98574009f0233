#!/usr/bin/env bats
load ../lib/common.bash

setup() { make_panel; }
teardown() { remove_root; }

good='correct horse battery'

@test "add, list, show: what a user has" {
	status 0 hp-user add alice role=admin email=alice@a.example --json
	is "$out" '.[0] | .username == "alice" and .action == "add" and .changed and .exit == 0'
	status 0 hp-user show alice --json
	is "$out" '.username == "alice" and .role == "admin" and .status == "active" and .tenant == "acme" and
		.email == "alice@a.example" and .parent == null and .grants == [] and .password == null and
		.last_login_at == null and (.created_at | test("Z$"))'
	hp-user add bob role=reseller grants=site:set,site:add -q
	hp-user add carol parent=bob -q
	status 0 hp-user list --json
	is "$out" 'map(.username) == ["alice", "bob", "carol"] and .[1].grants == ["site:set", "site:add"] and
		.[2].parent == "bob" and .[2].role == "client"'
	status 0 hp-user list --role client --json
	is "$out" 'map(.username) == ["carol"]'
	status 0 hp-user list --status suspended --json
	is "$out" '. == []'
	status 0 hp-user list --tenant acme --json
	is "$out" 'length == 3'
	status 3 hp-user list --tenant nope
	status 2 hp-user list --role boss
	status 3 hp-user show nobody-here
}

@test "add twice: exit 4; with --if-missing exit 0 and unchanged" {
	hp-user add alice -q
	before=$(dump)
	status 4 hp-user add alice
	status 0 hp-user add alice --if-missing --jsonl
	is "$out" '.changed == false and .result == "unchanged"'
	[ "$before" = "$(dump)" ]
}

@test "set changes, says so once, and unsets by an empty value" {
	hp-user add alice -q
	status 0 hp-user set alice email=a@b.example role=reseller grants=site:set --jsonl
	is "$out" '.changed'
	status 0 hp-user set alice email=a@b.example --jsonl
	is "$out" '.changed == false'
	status 0 hp-user set alice email= --jsonl
	status 0 hp-user show alice --json
	is "$out" '.email == null and .grants == ["site:set"]'
	status 2 hp-user set alice password=x
	status 2 hp-user set alice
	status 2 hp-user set alice grants=site:suspend
	has "$err" site:suspend
	# what can be is told, and is taken
	status 2 hp-user set alice grants=site:list
	has "$err" 'besides what every reseller may: '
	status 0 hp-user set alice grants="$(sed -n 's/.*every reseller may: //p' <<<"$err" | tr ' ' ,)"
	status 3 hp-user set nope email=a@b.example
	status 0 hp-user set nope email=a@b.example --if-exists
}

@test "suspend, resume, remove" {
	hp-user add alice -q
	status 0 hp-user suspend alice --jsonl
	is "$out" '.changed'
	status 0 hp-user suspend alice --jsonl
	is "$out" '.changed == false'
	status 5 hp-site list --as alice
	has "$err" suspended
	status 0 hp-user resume alice --jsonl
	status 0 hp-site list --as alice --json
	status 2 hp-user remove alice
	hp-site add a.example owner=alice -q
	status 4 hp-user remove alice --yes
	has "$err" "1 website"
	hp-site set a.example owner= -q
	status 0 hp-user remove alice --yes --jsonl
	is "$out" '.changed'
	status 3 hp-user remove alice --yes
	status 0 hp-user remove alice --yes --if-exists
}

@test "a tenant with users is not removed" {
	hp-user add alice -q
	status 4 hp-tenant remove acme --yes
	has "$err" "1 user still"
}

@test "a password: from standard input or a file, hashed, masked, good enough" {
	hp-user add alice -q
	status 0 hp-user passwd alice --jsonl <<<"$good"
	is "$out" '.changed'
	dump >"$ROOT/dump"
	grep -qF "'\$y\$" "$ROOT/dump"
	! grep -q "$good" "$ROOT/dump"
	status 0 hp-user passwd alice --jsonl <<<"$good"
	is "$out" '.changed == false'
	for weak in short 1234567890 aaaaaaaaaaaaaa 'Alice-2026!!' 'Password12345' ''; do
		status 2 hp-user passwd alice <<<"$weak"
		has "$err" password
		[ -z "$weak" ] || ! grep -qF -- "$weak" <<<"$err$out"
	done
	status 3 hp-user passwd nope <<<"$good"
	status 2 hp-user add bob password=geheimgeheim
	! grep -q geheimgeheim <<<"$err"
	echo "$good" >"$ROOT/pw"
	status 0 hp-user add bob "password=@$ROOT/pw" --jsonl
	status 0 hp-user add carl password=@- --jsonl <<<"$good"
	status 0 hp-user add - --jsonl <<<'{"username":"dora","password":"'"$good"'"}'
	status 0 hp-user list --json
	is "$out" 'map(.password) | all(. == "***")'
	status 0 hp-audit list --json
	! grep -q -e "$good" -e '\$y\$' <<<"$out"
	is "$out" 'map(select(.verb == "user:passwd")) | .[0].after == {"password": "***"}'
}

@test "a password on a terminal: asked for twice, not shown" {
	command -v script >/dev/null || skip "no script(1)"
	hp-user add alice -q
	say() { # say FIRST SECOND: typed once the question is there
		local n=1 w
		for w in "$@"; do
			for _ in {1..200}; do
				[ "$(grep -c "password of\|Once more" "$ROOT/said" 2>/dev/null)" -ge $n ] && break
				sleep 0.05
			done
			echo "$w"
			n=$((n + 1))
		done
	}
	run_script() { script -qefc "$HP_BUILDDIR/cmd/hp-user --sysroot=$ROOT passwd alice -q" "$ROOT/said" >/dev/null 3>&-; }
	say "$good" "$good" | run_script
	has "$(<"$ROOT/said")" "New password of alice: "
	! grep -q "$good" "$ROOT/said"
	status 0 hp-user passwd alice --jsonl <<<"$good"
	is "$out" '.changed == false'
	rm "$ROOT/said"
	! say "$good" "another horse battery" | run_script
	has "$(<"$ROOT/said")" "not the same"
}

@test "what is named in the command line can be seen by everybody: no password is" {
	hp-user add alice -q
	mkfifo "$ROOT/fifo"
	hp-user passwd alice -q <"$ROOT/fifo" 3>&- &
	child=$!
	exec 9>"$ROOT/fifo"
	printf '%s' "${good:0:9}" >&9
	for _ in {1..100}; do
		[ -e "/proc/$child/cmdline" ] && break
		sleep 0.02
	done
	! grep -rqs "${good:0:9}" "/proc/$child/cmdline" "/proc/$child/environ"
	printf '%s\n' "${good:9}" >&9
	exec 9>&-
	wait "$child"
	status 0 hp-user passwd alice --jsonl <<<"$good"
	is "$out" '.changed == false'
}

@test "--as: the rights of that user, and the trail says who and on whose behalf" {
	hp-tenant add beta -q
	hp-user add alice tenant=acme -q
	hp-user add otto tenant=beta role=admin -q
	hp-site add a.example tenant=acme owner=alice -q
	hp-site add b.example tenant=acme -q
	status 0 hp-site list --as alice --json
	is "$out" 'map(.domain) == ["a.example"]'
	status 0 hp-site list --as otto --json
	is "$out" '. == []'
	status 0 hp-site set a.example gzip_enabled=no --as alice@192.0.2.7 --jsonl
	is "$out" '.result == "applied"'
	status 0 hp-audit list --limit 1 --json
	is "$out" '.[0] | .actor == "alice" and .source == "192.0.2.7"'
	status 0 hp-site set a.example gzip_enabled=yes --as alice --jsonl
	status 0 hp-audit list --limit 1 --json
	is "$out" '.[0] | .actor == "alice" and (.source | startswith("shell: "))'
	# what is another's is as what is not there
	for who in alice otto; do
		status 3 hp-site set b.example gzip_enabled=no --as $who
		foreign=${err//b.example/X}
		status 3 hp-site set c.example gzip_enabled=no --as $who
		[ "$foreign" = "${err//c.example/X}" ]
	done
	status 5 hp-site add n.example --as alice
	status 5 hp-vhost plan --as otto
	status 5 hp-db info --as otto
	status 5 hp-node state --as otto
	status 5 hp-site set a.example gzip_enabled=no --force --as alice
	status 3 hp-site list --as nope
	status 2 hp-site list --as alice@here
}

@test "--as: a change that the node refuses is taken back" {
	hp-user add alice -q
	hp-site add a.example owner=alice -q
	echo "# by hand" >>"$ROOT/etc/nginx/sites-available/a.example.conf"
	status 4 hp-site set a.example gzip_enabled=no --as alice
	status 0 hp-site show a.example --json
	is "$out" '.gzip_enabled and .owner == "alice"'
}

@test "--as: not for somebody who is not the operator" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	hp-user add alice -q
	chmod 0777 "$ROOT/var/lib/hosting-panel" "$ROOT/var/lib/hosting-panel/db"
	chmod 0666 "$ROOT"/var/lib/hosting-panel/db/panel.db*
	status 5 as_nobody hp-site --sysroot="$ROOT" list --as alice
	has "$err" operator
}

@test "can: yes, or no and why" {
	hp-user add bob role=reseller grants=site:set -q
	hp-user add carol parent=bob -q
	hp-site add a.example owner=carol -q
	hp-site add b.example -q
	status 0 hp-user can carol site:set a.example --json
	is "$out" '.[0].can == true and .[0].why == null'
	status 0 hp-user can bob site:set a.example
	status 1 hp-user can bob site:remove a.example --json
	is "$out" '.[0].can == false and (.[0].why | test("not granted"))'
	status 1 hp-user can bob site:set b.example --json
	foreign=$(jq -c '.[0].why | sub("b.example"; "X")' <<<"$out")
	status 1 hp-user can bob site:set nope.example --json
	[ "$foreign" = "$(jq -c '.[0].why | sub("nope.example"; "X")' <<<"$out")" ]
	status 1 hp-user can carol vhost:apply
	status 1 hp-user can carol nonsense
	status 0 hp-user can bob user:suspend carol
	status 1 hp-user can carol user:suspend bob
	status 3 hp-user can nope site:set
	# about others, others are not told
	status 3 hp-user can bob site:set --as carol
	status 0 hp-user can carol site:set --as bob
}

@test "--dry-run changes nothing, and finds the same mistakes" {
	hp-user add alice -q
	before=$(dump)
	status 0 hp-user add bob --dry-run --jsonl
	is "$out" '.changed and .result == "dry-run"'
	status 0 hp-user set alice role=admin --dry-run --jsonl
	status 0 hp-user passwd alice --dry-run --jsonl <<<"$good"
	status 0 hp-user suspend alice --dry-run --jsonl
	status 0 hp-user resume alice --dry-run --jsonl
	status 0 hp-user remove alice --dry-run --jsonl
	status 4 hp-user add alice --dry-run
	[ "$before" = "$(dump)" ]
}

@test "from standard input: one result a line, failures counted" {
	status 4 hp-user add - --jsonl <<-'END'
		one
		{"username":"two","role":"admin","tenant":"acme"}
		one
	END
	[ "$(wc -l <<<"$out")" = 3 ]
	has "$err" "1 of 3 failed"
	status 0 hp-user show two --json
	is "$out" '.role == "admin"'
}

@test "operator: a user above all tenants, whom none of them knows of" {
	hp-tenant add beta -q
	hp-user add anna tenant=acme role=admin -q
	hp-user add rita tenant=acme role=reseller -q
	status 0 hp-user add olga tenant=acme operator=yes --jsonl
	status 0 hp-user show olga --json
	is "$out" '.operator == true and .role == "admin" and .tenant == "acme"'
	hp-user passwd olga -q <<<"$good"
	hp-user login olga -q <<<"$good"
	session=$(hp-user session list olga --tsv -n -o session)
	key=$(hp-user key add olga --verbs site:list,tenant:add --tsv -n -o key)
	# he acts as the operator, as himself
	status 0 hp-tenant add gamma --as olga@192.0.2.9 --jsonl
	status 0 hp-site add a.example tenant=beta --as olga --jsonl
	status 0 hp-site set a.example memory_max=1G --as olga@192.0.2.9
	status 0 hp-site suspend a.example --as olga
	status 0 hp-audit list --as olga --verb site:set --json
	is "$out" '.[0] | .actor == "olga" and .source == "192.0.2.9"'
	status 0 hp-db info --as olga
	# what is root's stays closed
	for cmd in "hp-vhost apply" "hp-site set a.example gzip_enabled=no --force" "hp-php idle" "hp-db migrate" \
		"hp-user login anna"; do
		# shellcheck disable=SC2086
		status 5 $cmd --as olga <<<"$good"
	done
	# to everybody else he is as one who is not there
	for who in anna rita; do
		status 0 hp-user list --as $who --json
		is "$out" 'map(.username) | index("olga") == null'
		for cmd in "hp-user show %" "hp-user set % email=x@x.example" "hp-user set % role=client" "hp-user passwd %" \
			"hp-user suspend %" "hp-user resume %" "hp-user remove % --yes" "hp-user totp-enable %" \
			"hp-user totp-disable %" "hp-user recovery-codes %" "hp-user key list %" "hp-user session list %" \
			"hp-user key add % --verbs site:list" "hp-user can % site:list" \
			"hp-site add b.example owner=%"; do
			for name in olga nono; do
				got=0
				# shellcheck disable=SC2086
				${cmd//%/$name} --as $who <<<"$good" >"$ROOT/$name.said" 2>&1 || got=$?
				[[ $got == [35] ]]
				sed -i "s/$name/X/g; \$a $got" "$ROOT/$name.said"
			done
			diff "$ROOT/olga.said" "$ROOT/nono.said"
		done
		for cmd in "hp-user key show $key" "hp-user key remove $key" "hp-user session revoke $session"; do
			# shellcheck disable=SC2086
			status 3 $cmd --as $who
		done
		status 0 hp-user key list --as $who --json
		is "$out" 'map(.username) | index("olga") == null'
		status 0 hp-user session list --as $who --json
		is "$out" 'map(.username) | index("olga") == null'
	done
	# nor in his tenant's trail, but as who did something there; that somebody tried his name is there as for any
	status 0 hp-audit list --as anna --json
	is "$out" 'map(select(.outcome == "ok") | select(.object == "olga" or (.verb | startswith("key:")) or .verb == "user:login")) == []'
	status 5 hp-user set anna operator=yes --as anna
	status 5 hp-user add mal operator=yes --as anna
	status 0 hp-user show olga --as olga --json
	# a tenant that is suspended does not lock him out
	hp-tenant suspend acme -q
	status 5 hp-user list --as anna
	status 0 hp-tenant resume acme --as olga
}

@test "operator: who becomes one begins anew, and owns nothing" {
	hp-user add bob role=admin -q
	hp-user add carol -q
	hp-user passwd bob -q <<<"$good"
	hp-user login bob -q <<<"$good"
	hp-user key add bob --verbs site:list -q
	secret=$(hp-user totp-enable bob --tsv -n -o secret)
	hp-user totp-confirm bob -q <<<"$(totp "$secret")"
	hp-user login bob -q <<<"$good"$'\n'"$(totp "$secret" 1)" || true
	hp-site add a.example owner=bob -q
	status 4 hp-user set bob operator=yes
	has "$err" "1 website still"
	hp-site set a.example owner= -q
	status 2 hp-user set carol operator=yes
	has "$err" role=admin
	status 0 hp-user set bob operator=yes --jsonl
	status 0 hp-user show bob --json
	is "$out" '.operator and .password == null and .second_factor == false'
	status 0 hp-user key list bob --json
	is "$out" '. == []'
	status 0 hp-user session list bob --json
	is "$out" '. == []'
	status 2 hp-site set a.example owner=bob
	has "$err" "owns no website"
	status 2 hp-user set bob role=client
	# and is again what he was, with what he has by then
	hp-user passwd bob -q <<<"$good"
	status 0 hp-user set bob operator=no --jsonl
	status 5 hp-tenant add gamma --as bob
	status 0 hp-user show bob --json
	is "$out" '.operator == false and .password == "***"'
}

@test "operator: a key of his bounds him, too" {
	hp-tenant add beta -q
	hp-user add olga operator=yes tenant=acme -q
	hp-user add uwe operator=yes tenant=acme -q
	hp-user add anna tenant=beta role=admin -q
	hp-site add a.example tenant=acme -q
	hp-site add b.example tenant=beta -q
	status 2 hp-user key add anna --verbs tenant:add
	has "$err" "no user may tenant:add"
	status 2 hp-user key add olga --verbs tenant:nonsense
	key=key:$(hp-user key add olga --verbs site:list,site:set,user:passwd,user:add,user:set,key:add,tenant:add --sites 'a.*' --tsv -n -o key)
	status 0 hp-site list --as $key --json
	is "$out" 'map(.domain) == ["a.example"]'
	status 0 hp-site set a.example gzip_enabled=no --as $key
	status 3 hp-site set b.example gzip_enabled=no --as $key
	status 5 hp-site suspend a.example --as $key
	status 5 hp-site remove a.example --yes --as $key
	status 5 hp-db info --as $key
	status 0 hp-tenant add gamma --as $key
	# no way to be more than the key: not by his own password, another's, a new operator, another key
	for cmd in "hp-user passwd olga" "hp-user passwd uwe" "hp-user passwd anna" "hp-user set anna operator=yes" \
		"hp-user add mal tenant=acme operator=yes" "hp-user add mal tenant=acme role=admin" \
		"hp-user key add uwe --verbs site:list" "hp-user key add olga --verbs site:remove"; do
		# shellcheck disable=SC2086
		status 5 $cmd --as $key <<<"$good"
	done
	status 0 hp-user key add --verbs tenant:add --as $key --jsonl
	is "$out" '.username == "olga"'
}
