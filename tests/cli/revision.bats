#!/usr/bin/env bats
# Two who change the same object: --if-revision, and "if_revision" in JSON lines.
load ../lib/common.bash

setup() { make_panel; }
teardown() { remove_root; }

# rev PROGRAM OBJECT: its revision
rev() { "$1" show "$2" -o revision --tsv -n; }

# gone_by PROGRAM OBJECT WORD …: what is said when it is another one by now, and nothing is changed
gone_by() {
	local program=$1 object=$2 before now
	shift 2
	now=$(rev "$program" "$object")
	before=$(everything)
	status 4 "$program" "$@" --if-revision 0123456789abcdef0123456789abcdef --jsonl
	has "$err" "$object was changed meanwhile (it is now revision $now)"
	has "$err" "hint: look at it again ($program show $object -o +revision)"
	is "$out" '.exit == 4 and .changed == false and .result == "failed" and .field == "if_revision"'
	[ "$before" = "$(everything)" ]
}

@test "a revision: 32 digits, by the object alone; shown only when asked for" {
	hp-site add a.example -q
	hp-site add b.example -q
	a=$(rev hp-site a.example)
	[[ $a =~ ^[0-9a-f]{32}$ ]]
	[ "$a" != "$(rev hp-site b.example)" ]
	[ "$a" = "$(rev hp-site a.example)" ]
	[ "$a" = "$(hp-site list -o domain,revision --tsv -n | sed -n 's/^a.example\t//p')" ]
	status 0 hp-site show a.example -o +revision --json
	is "$out" '.revision == "'"$a"'" and .domain == "a.example"'
	for p in "hp-site list" "hp-site show a.example" "hp-tenant list" "hp-user list"; do
		status 0 $p --json
		! grep -q '"revision"' <<<"$out"
	done
	status 0 hp-tenant list -o revision --tsv -n
	[ "$out" = "$(rev hp-tenant acme)" ]
	hp-user add alice -q
	status 0 hp-user list -o revision --tsv -n
	[ "$out" = "$(rev hp-user alice)" ]
}

@test "each setting, further names and the status make another one; back again is the same" {
	hp-site add a.example -q
	first=$(rev hp-site a.example)
	seen=$first
	for change in "set a.example gzip_enabled=no" "set a.example index_files=a.php" "alias a.example add www.a.example" \
		"suspend a.example" "set a.example basic_auth@/x={\"alice\":\"{PLAIN}correct-horse\"}"; do
		# shellcheck disable=SC2086
		case $change in
		*PLAIN*) echo '{"domain":"a.example","basic_auth":{"/x":{"alice":"{PLAIN}correct-horse"}}}' | hp-site set - -q ;;
		*) hp-site $change -q ;;
		esac
		now=$(rev hp-site a.example)
		! grep -q "$now" <<<"$seen"
		seen+=" $now"
	done
	echo '{"domain":"a.example","basic_auth":{},"gzip_enabled":true,"index_files":["index.php","index.html","index.htm"]}' |
		hp-site set - -q
	hp-site alias a.example remove www.a.example -q
	hp-site resume a.example -q
	[ "$(rev hp-site a.example)" = "$first" ]
}

@test "a login is no change of a user; a password is; a guess at a tenant's database URL can't be tried" {
	hp-user add alice -q
	hp-user passwd alice -q <<<"correct horse battery"
	first=$(rev hp-user alice)
	hp-user login alice -q <<<"correct horse battery"
	[ "$(rev hp-user alice)" = "$first" ]
	hp-user passwd alice -q <<<"another horse battery"
	[ "$(rev hp-user alice)" != "$first" ]

	db=$ROOT/var/lib/hosting-panel/db/panel.db
	echo 'postgresql://u:guess@db.example/x' >"$ROOT/url"
	hp-tenant set acme "database_url=@$ROOT/url" -q
	first=$(rev hp-tenant acme)
	sqlite3 "$db" "UPDATE tenants SET database_url = 'postgresql://u:other@db.example/x'"
	[ "$(rev hp-tenant acme)" = "$first" ]
	sqlite3 "$db" "UPDATE tenants SET updated_at = '2026-01-01 00:00:00'"
	[ "$(rev hp-tenant acme)" != "$first" ]
}

@test "--if-revision: every verb that changes a website, a tenant or a user" {
	hp-site add a.example -q
	hp-user add alice -q
	gone_by hp-site a.example set a.example gzip_enabled=no
	gone_by hp-site a.example alias a.example add www.a.example
	gone_by hp-site a.example suspend a.example
	gone_by hp-site a.example resume a.example
	gone_by hp-site a.example remove a.example --yes
	gone_by hp-tenant acme set acme name=Other
	gone_by hp-tenant acme suspend acme
	gone_by hp-tenant acme resume acme
	gone_by hp-tenant acme remove acme --yes
	gone_by hp-user alice set alice email=a@b.example
	gone_by hp-user alice suspend alice
	gone_by hp-user alice resume alice
	gone_by hp-user alice remove alice --yes
	gone_by hp-user alice passwd alice <<<"correct horse battery"

	status 0 hp-site set a.example gzip_enabled=no --if-revision "$(rev hp-site a.example)" --jsonl
	is "$out" '.changed and .field == null'
	status 0 hp-site alias a.example add www.a.example --if-revision "$(rev hp-site a.example)"
	status 0 hp-site suspend a.example --if-revision "$(rev hp-site a.example)"
	status 0 hp-site resume a.example --if-revision "$(rev hp-site a.example)"
	status 0 hp-site remove a.example --yes --if-revision "$(rev hp-site a.example)"
	status 0 hp-user passwd alice --if-revision "$(rev hp-user alice)" <<<"correct horse battery"
	status 0 hp-user set alice email=a@b.example --if-revision "$(rev hp-user alice)"
	status 0 hp-user suspend alice --if-revision "$(rev hp-user alice)"
	status 0 hp-user resume alice --if-revision "$(rev hp-user alice)"
	status 0 hp-user remove alice --yes --if-revision "$(rev hp-user alice)"
	status 0 hp-tenant set acme name=Other --if-revision "$(rev hp-tenant acme)"
	status 0 hp-tenant suspend acme --if-revision "$(rev hp-tenant acme)"
	status 0 hp-tenant resume acme --if-revision "$(rev hp-tenant acme)"
	status 0 hp-tenant remove acme --yes --if-revision "$(rev hp-tenant acme)"
}

@test "--if-revision: a dry run says so, too; what is not there is not found; verbs that make have none" {
	hp-site add a.example -q
	status 4 hp-site set a.example gzip_enabled=no --if-revision x --dry-run
	status 3 hp-site set nope.example gzip_enabled=no --if-revision x
	status 0 hp-site set nope.example gzip_enabled=no --if-revision x --if-exists
	status 4 hp-site set a.example gzip_enabled=no --if-revision ""
	status 2 hp-site add b.example --if-revision x
	status 2 hp-site list --if-revision x
}

@test "of JSON lines each has its own; the option is for one object" {
	hp-site add a.example -q
	hp-site add b.example -q
	a=$(rev hp-site a.example) b=$(rev hp-site b.example)
	status 4 hp-site set - --jsonl <<-END
		{"domain":"a.example","gzip_enabled":false,"if_revision":"$a"}
		{"domain":"b.example","gzip_enabled":false,"if_revision":"$a"}
	END
	is "$(grep '"a.example"' <<<"$out")" '.changed'
	is "$(grep '"b.example"' <<<"$out")" '.exit == 4 and (.message | test("changed meanwhile"))'
	[ "$(rev hp-site b.example)" = "$b" ]
	status 0 hp-site suspend - --jsonl <<<"{\"domain\":\"b.example\",\"if_revision\":\"$b\"}"
	b=$(rev hp-site b.example)
	status 2 hp-site resume - --if-revision "$b" --jsonl <<-'END'
		b.example
		a.example
	END
	has "$err" "--if-revision: it is for one object"
	is "$(tail -n 1 <<<"$out")" '.domain == "b.example" and .changed'
	status 2 hp-site set - <<<'{"domain":"a.example","gzip_enabled":true,"if_revision":7}'
	has "$err" "if_revision: a string is wanted"
	status 2 hp-site add - <<<'{"domain":"c.example","if_revision":"x"}'
	has "$err" if_revision
}

@test "of many who change the same state at once, one is heard" {
	hp-site add a.example -q
	hp-user add alice -q
	for p in "hp-site a.example php_max_execution_time=" "hp-tenant acme name=n" "hp-user alice email=a@b.example"; do
		read -r program object word <<<"$p"
		[ "$program" != hp-user ] || word=email=
		now=$(rev "$program" "$object")
		pids=()
		for i in {1..6}; do
			value=$word$i
			[ "$program" != hp-user ] || value=email=a$i@b.example
			"$program" set "$object" "$value" --if-revision "$now" --jsonl >"$ROOT/out.$i" 2>/dev/null 3>&- &
			pids+=($!)
		done
		good=0
		for pid in "${pids[@]}"; do
			got=0
			wait "$pid" || got=$?
			[ "$got" != 0 ] || good=$((good + 1))
			[ "$got" = 0 ] || [ "$got" = 4 ]
		done
		[ "$good" = 1 ]
		[ "$(cat "$ROOT"/out.? | jq -s 'map(select(.changed)) | length')" = 1 ]
		[ "$(rev "$program" "$object")" != "$now" ]
	done
}
