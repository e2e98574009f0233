#!/usr/bin/env bats
load ../lib/common.bash

setup() { make_panel; }
teardown() { remove_root; }

@test "every change has an entry, no failed one has" {
	hp-site add a.example tenant=acme -q
	hp-site set a.example gzip_enabled=no -q
	hp-site set a.example gzip_enabled=no -q
	status 2 hp-site set a.example gzip_enabled=maybe
	hp-site set a.example gzip_enabled=yes --dry-run -q
	hp-site suspend a.example -q
	hp-site alias a.example add b.example -q
	hp-site remove a.example --yes -q
	status 0 hp-audit list --object a.example --json
	is "$out" 'map(.verb) == ["site:remove", "site:alias", "site:suspend", "site:set", "site:add"] or
		(length == 5)'
	is "$out" 'map(select(.verb == "site:set")) | .[0].before == {"gzip_enabled": true} and
		.[0].after == {"gzip_enabled": false}'
	is "$out" 'all(.actor != null and .source == "shell" and (.at | test("Z$")))'
}

@test "filters" {
	hp-site add a.example tenant=acme -q
	status 0 hp-audit list --verb tenant:add --json
	is "$out" 'length == 1 and .[0].object == "acme"'
	status 0 hp-audit list --limit 1 --json
	is "$out" 'length == 1 and .[0].verb == "site:add"'
	status 0 hp-audit list --since 1h --json
	is "$out" 'length >= 2'
	status 0 hp-audit list --since 2999-01-01T00:00:00Z --json
	is "$out" '. == []'
	status 0 hp-audit list --actor nobody-there --json
	is "$out" '. == []'
	status 2 hp-audit list --since yesterday
	status 2 hp-audit list --limit -1
}

@test "what the node refused is taken back, with a note" {
	hp-site add a.example tenant=acme -q
	echo "# by hand" >>"$ROOT/etc/nginx/sites-available/a.example.conf"
	status 4 hp-site set a.example gzip_enabled=no
	status 0 hp-audit list --object a.example --limit 1 --json
	is "$out" '.[0] | (.note | length > 0) and .after == {"gzip_enabled": true}'
}

@test "--since takes a day, a time with and without seconds and zone, and an age" {
	for t in 2020-01-31 2020-01-31T08:00 2020-01-31T08:00:00 2020-01-31T08:00:00Z '2020-01-31 08:00:00' 7d; do
		status 0 hp-audit list --since "$t" --json
		is "$out" 'length > 0'
	done
	status 0 hp-audit list --since 2999-01-01 --json
	is "$out" 'length == 0'
	for t in yesterday 2020-02-31 2020-1-1 ''; do
		status 2 hp-audit list --since "$t"
		has "$err" '2026-01-31'
	done
}

db() { sqlite3 "$ROOT/var/lib/hosting-panel/db/panel.db" "$1"; }

# who has the database's file can do that: take the triggers away, and then what he likes
tamper() {
	db "DROP TRIGGER IF EXISTS audit_log_no_update; DROP TRIGGER IF EXISTS audit_log_no_delete; $1"
}

# some entries, 1 to 8
some() {
	hp-user add anna tenant=acme role=admin -q
	hp-user add cleo tenant=acme -q
	hp-site add a.example tenant=acme -q
	hp-site set a.example gzip_enabled=no -q
	hp-site set a.example gzip_enabled=yes -q
	hp-site suspend a.example -q
	status 0 hp-audit verify --json
	is "$out" '. == []'
}

@test "the trail is only added to" {
	some
	for sql in "UPDATE audit_log SET note = 'x' WHERE id = 3" "DELETE FROM audit_log WHERE id = 3" \
		"DELETE FROM audit_log"; do
		run db "$sql"
		[ "$status" -ne 0 ]
		has "$output" 'only added to'
	done
	status 0 hp-audit verify
	has "$err" '8 entries, 1 to 8'
}

# found ENTRY PROBLEM: verify says so, and of nothing else
found() {
	status 1 hp-audit verify --json
	is "$out" "length == 1 and .[0].entry == $1 and .[0].problem == \"$2\""
	has "$err" 'not as it was written'
}

@test "verify: each column of an entry, changed" {
	some
	local column
	for column in at actor source verb object outcome before_json after_json note request_id; do
		tamper "CREATE TABLE kept AS SELECT * FROM audit_log WHERE id = 5;
			UPDATE audit_log SET $column = '2020-01-01 00:00:00' WHERE id = 5"
		found 5 changed
		tamper "UPDATE audit_log SET $column = (SELECT $column FROM kept) WHERE id = 5; DROP TABLE kept"
		status 0 hp-audit verify
	done
	tamper "UPDATE audit_log SET tenant_id = NULL WHERE id = 5"
	found 5 changed
}

@test "verify: what stands in one column is not what stood in the next" {
	some
	tamper "UPDATE audit_log SET before_json = '{}', after_json = NULL WHERE id = 3"
	found 3 changed
}

@test "verify: one taken out, the first, the last, all" {
	some
	tamper "DELETE FROM audit_log WHERE id = 4"
	found 4 missing
	tamper "DELETE FROM audit_log WHERE id = 1"
	status 1 hp-audit verify --json
	is "$out" 'map(.entry) == [1, 4]'
	tamper "DELETE FROM audit_log WHERE id = 8"
	status 1 hp-audit verify --tsv -n
	has "$out" 'entry 8 is missing'
	tamper "DELETE FROM audit_log"
	found 1 missing
	has "$out" 'entries 1 to 8'
}

@test "verify: one put in, and two that changed places" {
	some
	tamper "INSERT INTO audit_log SELECT 9, at, tenant_id, actor, source, verb, object, before_json, after_json,
		note, outcome, request_id, hash FROM audit_log WHERE id = 8"
	found 9 inserted
	tamper "DELETE FROM audit_log WHERE id = 9;
		UPDATE audit_log SET id = 99 WHERE id = 5; UPDATE audit_log SET id = 5 WHERE id = 6;
		UPDATE audit_log SET id = 6 WHERE id = 99"
	status 1 hp-audit verify --json
	is "$out" 'map(.entry) == [5, 6, 7] and all(.problem == "changed")'
}

@test "a trail that was made anew is found by a hash that was noted" {
	some
	status 0 hp-audit head --tsv -n -o hash
	noted=$out
	hp-site resume a.example -q
	status 0 hp-audit verify --head "$noted"
	# the end cut off, and the head set to what is left
	tamper "DELETE FROM audit_log WHERE id > 6;
		UPDATE audit_head SET last_id = 6, hash = (SELECT hash FROM audit_log WHERE id = 6)"
	status 0 hp-audit verify
	status 1 hp-audit verify --head "$noted" --json
	is "$out" 'length == 1 and .[0].problem == "rewritten"'
	status 2 hp-audit verify --head abc
	has "$err" 'not a hash'
	# it goes on from there
	hp-site set a.example gzip_enabled=no -q
	status 0 hp-audit verify
}

@test "the hash is what the manual page says" {
	some
	status 0 hp-audit list --json -o +before,after,source,tenant_id,hash,request_id --limit 0
	jq -c 'reverse | .[]' <<<"$out" | python3 -c '
import hashlib, json, sys
before = ""
for line in sys.stdin:
    e = json.loads(line)
    text = before + "\n"
    for c in "id at tenant_id actor source verb object outcome before after note request_id".split():
        v = e[c]
        if c in ("before", "after") and v is not None:
            v = json.dumps(v, separators=(",", ":"), ensure_ascii=False)
        text += "-\n" if v is None else "%d:%s\n" % (len(str(v).encode()), v)
    before = hashlib.sha256(text.encode()).hexdigest()
    assert before == e["hash"], e["id"]
print(before)' >"$BATS_TEST_TMPDIR/hash"
	[ "$(<"$BATS_TEST_TMPDIR/hash")" = "$(hp-audit head --tsv -n -o hash)" ]
}

@test "a request has a name, of its own or as it was given" {
	hp-site add a.example tenant=acme -q --request-id web:1.2_3-x
	hp-site add b.example tenant=acme -q
	hp-site add c.example tenant=acme -q
	status 0 hp-audit list --request web:1.2_3-x --json
	is "$out" 'length == 1 and .[0].object == "a.example" and .[0].request_id == "web:1.2_3-x"'
	status 0 hp-audit list --json -o request_id
	is "$out" 'map(.request_id) | (length == (unique | length)) and all(length > 7)'
	# one run, one name
	printf 'd.example\ne.example\n' | hp-site add - tenant=acme -q
	status 0 hp-audit list --limit 2 --json
	is "$out" '.[0].request_id == .[1].request_id'
	for bad in '' 'a b' $'a\nb' "$(printf 'x%.0s' {1..65})" 'ä' '"'; do
		status 2 hp-site add f.example tenant=acme --request-id "$bad"
		has "$err" 'not the name of a request'
	done
}

@test "denials are written down, of what is looked at as of what is changed" {
	some
	status 5 hp-site suspend a.example --as cleo@192.0.2.7 --request-id r1
	status 5 hp-audit list --as cleo@192.0.2.7
	status 5 hp-vhost apply --as cleo@192.0.2.7
	status 3 hp-site show nono.example --as cleo@192.0.2.7
	status 3 hp-site show a.example --as cleo@192.0.2.7
	status 5 hp-site set a.example gzip_enabled=no --as cleo@192.0.2.8 --dry-run --force
	printf 'a.example\nb.example\n' | status 3 hp-site set - gzip_enabled=no --as cleo@192.0.2.9
	status 0 hp-audit list --outcome denied --json
	is "$out" 'map(.actor == "cleo" and .tenant_id == 1) | all'
	is "$out" 'map([.source, .verb, .object]) == [
		["192.0.2.9", "site:set", "b.example"], ["192.0.2.9", "site:set", "a.example"],
		["192.0.2.8", "site:set", "a.example"],
		["192.0.2.7", "site:show", "a.example"], ["192.0.2.7", "site:show", "nono.example"],
		["192.0.2.7", "vhost:apply", ""], ["192.0.2.7", "audit:list", ""],
		["192.0.2.7", "site:suspend", "a.example"]]'
	is "$out" '.[7].request_id == "r1"'
	status 0 hp-audit list --outcome ok --json
	is "$out" 'length == 8'
	# the operator's own mistakes are no denials
	status 3 hp-site show nono.example
	# what his tenant's admin sees of it, and another tenant's does not
	hp-tenant add beta -q
	hp-user add otto tenant=beta role=admin -q
	status 0 hp-audit list --outcome denied --as anna --json
	is "$out" 'length == 8 and all(.hash == null)'
	status 0 hp-audit list --as otto --json -o +actor
	is "$out" 'map(.verb) == ["user:add", "tenant:add"]'
	status 2 hp-audit list --outcome maybe
}

@test "who is suspended, whose key or session is no good" {
	some
	local secret
	secret=$(printf 'c%.0s' {1..43})
	hp-user suspend cleo -q
	status 5 hp-site list --as cleo@192.0.2.7
	status 5 hp-user key check --from 192.0.2.8 <<<"hpk_aaaaaaaaaaaa_$secret"
	status 5 hp-user session check --from 192.0.2.9 <<<"hps_bbbbbbbbbbbb_$secret"
	status 0 hp-audit list --outcome denied --json
	is "$out" 'map([.actor, .source, .verb, .object]) == [
		["nobody", "192.0.2.9", "session:check", "bbbbbbbbbbbb"],
		["nobody", "192.0.2.8", "key:check", "aaaaaaaaaaaa"], ["cleo", "192.0.2.7", "site:list", ""]]'
	[[ $out != *$secret* ]]
}

@test "a flood of denials: ten a minute of one, and how many were left out" {
	some
	local i
	for i in {1..14}; do
		status 5 hp-audit list --as cleo@192.0.2.7
	done
	status 5 hp-audit list --as cleo@192.0.2.8
	status 0 hp-audit list --outcome denied --json
	is "$out" 'length == 11 and (map(select(.source == "192.0.2.7")) | length) == 10'
	db "UPDATE audit_head SET left_out_since = datetime(left_out_since, '-61 seconds')"
	hp-site resume a.example -q
	status 0 hp-audit list --limit 2 --json
	is "$out" '.[0].verb == "site:resume" and .[1].verb == "audit:left-out" and .[1].after.denials == 4'
	hp-site suspend a.example -q
	status 0 hp-audit list --verb audit:left-out --json
	is "$out" 'length == 1'
	status 0 hp-audit verify
}

@test "a denial is answered the same when it can't be written down" {
	[ "$(id -u)" = 0 ] || skip "as root the file is mounted read-only"
	some
	status 5 hp-audit list --as cleo
	local said=$err
	unshare -m bash -c 'mount --bind "$ROOT/var/lib/hosting-panel" "$ROOT/var/lib/hosting-panel" &&
		mount -o remount,bind,ro "$ROOT/var/lib/hosting-panel" &&
		exec hp-audit --sysroot "$ROOT" list --as cleo' 2>"$BATS_TEST_TMPDIR/err" || got=$?
	[ "$got" = 5 ]
	[ "$(<"$BATS_TEST_TMPDIR/err")" = "$said" ]
	status 0 hp-audit list --outcome denied --json
	is "$out" 'length == 1'
}

@test "entries of before the chain: told, and not more" {
	some
	tamper "UPDATE audit_log SET hash = NULL, request_id = NULL WHERE id < 4;
		UPDATE audit_head SET first_id = 4"
	status 1 hp-audit verify --json
	is "$out" 'map(.entry) == [4]'
	has "$err" '3 entries below 4 are from before the chain'
}

@test "many at once: one chain" {
	some
	local i pids=() pid
	for i in {1..8}; do
		(for k in 1 2 3; do hp-user add "u$i-$k" tenant=acme -q || exit 1; done) &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do wait "$pid"; done
	status 0 hp-audit verify
	has "$err" '32 entries, 1 to 32'
}

# entry VERB: number of the newest entry of that verb
entry() {
	hp-audit list --verb "$1" --limit 1 --tsv -n -o id
}

@test "undo: settings, aliases, owner, suspended or not" {
	some
	hp-site add b.example tenant=acme owner=cleo allowed_ips='["192.0.2.1"]' -q
	hp-site set b.example gzip_enabled=no cache_ttl_seconds=60 php_memory_limit=64M allowed_ips='[]' -q
	status 0 hp-audit undo "$(entry site:set)" --dry-run --json
	is "$out" '.[0].object == "b.example" and .[0].result == "dry-run" and
		(.[0].message | contains("cache_ttl_seconds: 60 -> 3600") and contains("php_memory_limit: 64M -> null"))'
	undone=$(entry site:set)
	status 0 hp-audit undo "$undone" --json --request-id u1
	is "$out" '.[0].object == "b.example" and .[0].action == "undo" and .[0].changed'
	status 0 hp-site show b.example --json
	is "$out" '.gzip_enabled and .cache_ttl_seconds == 3600 and .php_memory_limit == null and
		.allowed_ips == ["192.0.2.1"]'
	status 0 hp-audit list --limit 1 --json
	is "$out" ".[0].verb == \"site:set\" and .[0].note == \"undoes $undone\" and .[0].request_id == \"u1\""
	grep -q 'allow 192.0.2.1' "$ROOT/etc/nginx/sites-available/b.example.conf"
	# and that undone
	status 0 hp-audit undo "$(entry site:set)" -q
	status 0 hp-site show b.example --json
	is "$out" '.gzip_enabled == false and .allowed_ips == []'

	hp-site alias b.example add www.b.example shop.example -q
	hp-site alias b.example remove shop.example -q
	status 0 hp-audit undo "$(entry site:alias)" -q
	status 0 hp-site show b.example --json
	is "$out" '.aliases == ["shop.example", "www.b.example"]'

	hp-site set b.example owner= -q
	status 0 hp-audit undo "$(entry site:set)" -q
	status 0 hp-site show b.example --json
	is "$out" '.owner == "cleo"'

	status 0 hp-audit undo "$(entry site:suspend)" --json
	status 0 hp-site show a.example --json
	is "$out" '.status == "active"'
	status 0 hp-audit list --limit 1 --json
	is "$out" '.[0].verb == "site:resume"'
}

@test "undo: what has been changed since stands" {
	some
	hp-site set a.example gzip_enabled=no cache_ttl_seconds=60 -q
	first=$(entry site:set)
	hp-site set a.example php_memory_limit=64M -q
	hp-site set a.example cache_ttl_seconds=90 -q
	before=$(dump)
	status 4 hp-audit undo "$first"
	has "$err" "a.example: cache_ttl_seconds has been changed since entry $first"
	[ "$before" = "$(dump)" ]
	# other settings are no matter
	hp-site set a.example cache_ttl_seconds=60 -q
	status 0 hp-audit undo "$first" -q
	status 0 hp-site show a.example --json
	is "$out" '.php_memory_limit == "64M" and .cache_ttl_seconds == 3600'
	# twice is a conflict, too
	status 4 hp-audit undo "$first"
	hp-site alias a.example add x.example -q
	hp-site alias a.example add y.example -q
	hp-site alias a.example remove x.example -q
	status 4 hp-audit undo "$(hp-audit list --verb site:alias --limit 2 --tsv -n -o id | tail -n 1)"
	has "$err" aliases
}

@test "undo: what was made goes, with --yes; what went is made again" {
	some
	hp-site add b.example tenant=acme gzip_enabled=no owner=cleo -q
	status 0 hp-site show b.example --json
	was=$out
	status 2 hp-audit undo "$(entry site:add)"
	has "$err" 'removes b.example, and is not done without --yes'
	status 0 hp-audit undo "$(entry site:add)" --dry-run
	status 0 hp-audit undo "$(entry site:add)" --yes -q
	status 3 hp-site show b.example
	[ ! -e "$ROOT/etc/nginx/sites-available/b.example.conf" ]
	# its files are root's since
	status 4 hp-audit undo "$(entry site:remove)"
	has "$err" 'belongs to user number 0'
	status 3 hp-site show b.example
	status 0 hp-audit undo "$(entry site:remove)" --force -q
	status 0 hp-site show b.example --json
	is "$out" "del(.created_at, .updated_at) == ($was | del(.created_at, .updated_at))"
	[ -e "$ROOT/etc/nginx/sites-available/b.example.conf" ]
	# once only: it is there
	status 4 hp-audit undo "$(entry site:remove)"
	# one that was changed since is not the one that was made
	hp-site add c.example tenant=acme -q
	hp-site set c.example gzip_enabled=no -q
	status 4 hp-audit undo "$(entry site:add)" --yes

	hp-tenant add beta website_limit=3 name=Beta -q
	status 0 hp-audit undo "$(entry tenant:add)" --yes -q
	status 3 hp-tenant show beta
	status 0 hp-audit undo "$(entry tenant:remove)" -q
	status 0 hp-tenant show beta --json
	is "$out" '.website_limit == 3 and .name == "Beta"'
	hp-tenant set beta website_limit=4 -q
	status 0 hp-audit undo "$(entry tenant:set)" -q
	hp-tenant suspend acme -q
	status 0 hp-audit undo "$(entry tenant:suspend)" --json
	is "$out" '.[0].object == "acme"'
	status 0 hp-tenant show acme --json
	is "$out" '.status == "active"'

	hp-user add dora tenant=acme email=d@d.example -q
	hp-user suspend dora -q
	status 0 hp-audit undo "$(entry user:suspend)" -q
	hp-user suspend dora -q
	hp-user remove dora --yes -q
	status 0 hp-audit undo "$(entry user:remove)" -q
	status 0 hp-user show dora --json
	is "$out" '.email == "d@d.example" and .status == "suspended"'
	hp-user set dora email= -q
	status 0 hp-audit undo "$(entry user:set)" -q
	status 0 hp-user show dora --json
	is "$out" '.email == "d@d.example"'
	hp-user key add cleo --verbs site:list -q
	status 2 hp-audit undo "$(entry key:add)"
	status 0 hp-audit undo "$(entry key:add)" --yes -q
	status 0 hp-user key list --json
	is "$out" '. == []'
}

@test "undo: refused plainly where the trail does not say enough" {
	some
	hp-user passwd cleo -q <<<"correct horse battery"
	hp-user login cleo -q <<<"correct horse battery"
	hp-user key add cleo --verbs site:list -q
	hp-user key remove "$(hp-user key list --tsv -n -o key)" -q
	status 5 hp-audit list --as cleo
	for verb in user:passwd user:login key:remove audit:list; do
		status 1 hp-audit undo "$(entry $verb)"
		has "$err" "can't be undone: "
	done
	status 3 hp-audit undo 9999
	status 3 hp-audit undo x
	# a password that is gone with its user
	hp-site add b.example tenant=acme -q
	hp-user remove cleo --yes -q
	status 1 hp-audit undo "$(entry user:remove)"
	has "$err" 'password is a secret, and masked'
	# a tenant's database
	echo 'mysql://u:geheim@db/x' >"$ROOT/secret"
	hp-tenant set acme "database_url=@$ROOT/secret" -q
	status 1 hp-audit undo "$(entry tenant:set)"
	has "$err" 'database_url is a secret'
}

@test "undo: who undoes may make the change, of his own" {
	some
	hp-tenant add beta -q
	hp-user add otto tenant=beta role=admin -q
	hp-site add o.example tenant=beta -q
	hp-user add rita tenant=acme role=reseller grants=audit:undo,site:set -q
	hp-site add r.example tenant=acme owner=rita -q
	hp-site set r.example gzip_enabled=no -q --as rita
	own=$(entry site:set)
	hp-site set a.example gzip_enabled=no -q --as anna
	status 3 hp-audit undo "$(entry site:set)" --as rita
	status 0 hp-audit undo "$own" --as rita -q
	status 3 hp-audit undo "$(entry site:set)" --as otto
	status 5 hp-audit undo "$(entry site:set)" --as cleo
	status 0 hp-audit undo "$(hp-audit list --verb site:set --object a.example --limit 1 --tsv -n -o id)" --as anna -q
	# resuming is the operator's
	status 5 hp-audit undo "$(entry site:suspend)" --as anna
	has "$err" 'site:resume'
	status 0 hp-audit list --outcome denied --limit 1 --json
	is "$out" '.[0].verb == "audit:undo" and .[0].object == "a.example"'
	# and so is what only he sets
	hp-site set a.example memory_max=128M -q
	status 5 hp-audit undo "$(entry site:set)" --as anna
	has "$err" memory_max
	hp-site remove a.example --yes -q
	status 5 hp-audit undo "$(entry site:remove)" --as anna
	has "$err" memory_max
	status 0 hp-audit undo "$(entry site:remove)" -q
	# the tenant's limits hold
	hp-site remove a.example --yes -q
	hp-tenant set acme website_limit=1 -q
	status 4 hp-audit undo "$(entry site:remove)"
	has "$err" website_limit
}

@test "undo: what the node refuses is taken back" {
	some
	hp-site set a.example gzip_enabled=no -q
	set=$(entry site:set)
	echo "# by hand" >>"$ROOT/etc/nginx/sites-available/a.example.conf"
	status 4 hp-audit undo "$set"
	status 0 hp-site show a.example --json
	is "$out" '.gzip_enabled == false'
	status 0 hp-audit undo "$set" --force -q
	status 0 hp-site show a.example --json
	is "$out" '.gzip_enabled'
	hp-site set a.example gzip_enabled=no -q --no-apply
	status 0 hp-audit undo "$(entry site:set)" --no-apply --json
	is "$out" '.[0].result == "recorded"'
}
