#!/usr/bin/env bats
# A whole request as one JSON line on standard input, secrets included; and which part of it was refused.
load ../lib/common.bash

setup() { make_panel; }
teardown() { remove_root; }

good='correct horse battery'

# refused STATUS FIELD PROGRAM VERB WORD … <LINE: the row names the field
refused() {
	local want=$1 field=$2
	shift 2
	status "$want" "$@" --json
	is "$out" 'if type == "array" then .[-1] else . end |
		.field == "'"$field"'" and .exit == '"$want"' and (.message | length > 0)'
}

@test "tenants and users: add and set by a line" {
	status 0 hp-tenant add - --json <<<'{"subdomain":"beta","name":"Beta","website_limit":3}'
	is "$out" '.[0] | .subdomain == "beta" and .changed and .exit == 0 and .field == null'
	status 0 hp-tenant set - --json \
		<<<'{"subdomain":"beta","website_limit":null,"database_url":"postgresql://u:secret-word@db.example/x"}'
	status 0 hp-tenant show beta --json
	is "$out" '.name == "Beta" and .website_limit == null and .database_backend == "postgresql" and .database_url == "***"'
	status 0 hp-user add - --json \
		<<<'{"username":"alice","tenant":"beta","role":"reseller","grants":["site:set"],"password":"'"$good"'"}'
	status 0 hp-user login alice --json <<<"$good"
	status 0 hp-user set - --json <<<'{"username":"alice","email":"a@b.example","grants":[]}'
	status 0 hp-user show alice --json
	is "$out" '.tenant == "beta" and .email == "a@b.example" and .grants == []'
}

@test "further names: come and go in one change" {
	hp-site add a.example --alias old.example -q
	status 0 hp-site alias - --json <<<'{"domain":"a.example","add":["www.a.example","*.a.example"],"remove":["old.example"]}'
	is "$out" '.[0] | .action == "alias" and .result == "applied"'
	status 0 hp-site show a.example --json
	is "$out" '.aliases == ["*.a.example", "www.a.example"]'
	status 0 hp-site alias - --json <<<'{"domain":"a.example","add":["www.a.example"]}'
	is "$out" '.[0].changed == false'
	status 0 hp-audit list --limit 1 --json
	is "$out" '.[0] | .verb == "site:alias" and .after.aliases == ["*.a.example", "www.a.example"]'
	refused 2 add hp-site alias - <<<'{"domain":"a.example"}'
	refused 2 add hp-site alias - <<<'a.example'
	refused 2 add hp-site alias - <<<'{"domain":"a.example","add":"www.a.example"}'
	refused 2 remove hp-site alias - <<<'{"domain":"a.example","remove":[7]}'
	refused 2 aliases hp-site alias - <<<'{"domain":"a.example","add":["a b"]}'
	refused 2 aliases hp-site alias - <<<'{"domain":"a.example","add":["x.example"],"remove":["x.example"]}'
	refused 2 gzip_enabled hp-site alias - <<<'{"domain":"a.example","add":[],"gzip_enabled":true}'
	has "$err" "there are: domain, if_revision, add, remove"
	status 2 hp-site alias - add www.a.example </dev/null
	status 2 hp-site alias a.example add
	status 2 hp-site alias a.example
	has "$err" "usage: hp-site alias"
}

@test "a password and a code by a line: set, confirmed, logged in with" {
	hp-user add alice -q
	status 0 hp-user passwd - --json <<<'{"username":"alice","password":"'"$good"'"}'
	is "$out" '.[0] | .username == "alice" and .changed'
	! grep -q horse <<<"$out$err"
	status 0 hp-user passwd - --json <<<'{"username":"alice","password":"'"$good"'"}'
	is "$out" '.[0].changed == false'
	status 0 hp-user login - --json <<<'{"username":"alice","password":"'"$good"'"}'
	is "$out" '.username == "alice" and (.token | length > 20)'
	secret=$(hp-user totp-enable alice --tsv -n -o secret)
	refused 2 code hp-user totp-confirm - <<<'{"username":"alice"}'
	status 0 hp-user totp-confirm - --json <<<'{"username":"alice","code":"'"$(totp "$secret")"'"}'
	status 5 hp-user login - --json <<<'{"username":"alice","password":"'"$good"'"}'
	status 5 hp-user login - --json <<<'{"username":"alice","password":"'"$good"'","code":"000000"}'
	status 0 hp-user login - --json <<<'{"username":"alice","password":"'"$good"'","code":"'"$(totp "$secret" 1)"'"}'
	status 2 hp-user login - <<<'{"username":"alice"}'
	has "$err" "password: it is missing"
	refused 2 password hp-user passwd - <<<'{"username":"alice","password":"short"}'
	refused 2 password hp-user passwd - <<<'{"username":"alice"}'
	refused 2 password hp-user passwd - <<<'alice'
	refused 2 email hp-user passwd - <<<'{"username":"alice","password":"x","email":"a@b.example"}'
	status 3 hp-user passwd - <<<'{"username":"nope","password":"'"$good"'"}'
	! grep -q horse <<<"$out$err"
}

@test "API keys by a line" {
	hp-user add alice role=admin -q
	status 0 hp-user key add - --json \
		<<<'{"username":"alice","name":"the CI","verbs":["site:list","site:set"],"sites":["shop.*"],"from":["192.0.2.0/24"],"expires":"30d"}'
	is "$out" '.username == "alice" and .name == "the CI" and .verbs == ["site:list", "site:set"] and
		.sites == ["shop.*"] and .from == ["192.0.2.0/24"] and (.token | startswith("hpk_")) and .exit == 0'
	hp-user key check --from 192.0.2.1 -q < <(jq -r .token <<<"$out")
	status 0 hp-user key-add - --as alice --json <<<'{"verbs":"site:list"}'
	is "$out" '.username == "alice" and .verbs == ["site:list"]'
	before=$(dump)
	refused 2 verbs hp-user key-add - <<<'{"username":"alice"}'
	refused 2 verbs hp-user key-add - <<<'{"username":"alice","verbs":["node:state"]}'
	refused 2 sites hp-user key-add - <<<'{"username":"alice","verbs":["site:list"],"sites":["a b"]}'
	refused 2 from hp-user key-add - <<<'{"username":"alice","verbs":["site:list"],"from":"here"}'
	refused 2 expires hp-user key-add - <<<'{"username":"alice","verbs":["site:list"],"expires":"soon"}'
	refused 2 expires hp-user key-add - <<<'{"username":"alice","verbs":["site:list"],"expires":30}'
	refused 2 username hp-user key-add - <<<'{"verbs":["site:list"]}'
	refused 2 token hp-user key-add - <<<'{"username":"alice","verbs":["site:list"],"token":"x"}'
	refused 2 verbs hp-user key-add alice
	[ "$before" = "$(dump)" ]
}

@test "which field was refused, of websites" {
	hp-site add a.example -q
	hp-site add b.example --alias taken.example -q
	hp-user add alice -q
	hp-tenant add beta -q
	hp-user add otto tenant=beta -q
	refused 2 php_version hp-site set a.example php_version=x
	refused 2 php_version hp-site set a.example php_version=8.4
	refused 2 php_paths hp-site set a.example php_version@/old=7.0
	refused 2 http_security_headers hp-site set a.example 'http_security_headers={"a b":"c"}'
	refused 2 allowed_ips hp-site set a.example allowed_ips=nowhere
	refused 2 gzip hp-site set - <<<'{"domain":"a.example","gzip":true}'
	refused 2 uid hp-site set - <<<'{"domain":"a.example","uid":0}'
	refused 2 tenant_id hp-site set - <<<'{"domain":"a.example","tenant_id":2}'
	refused 2 user hp-site set - <<<'{"domain":"a.example","user":"root"}'
	refused 2 proxy_port hp-site set a.example proxy_port=80
	refused 2 php_post_max_size hp-site set a.example php_post_max_size=1M
	refused 2 hsts_max_age hp-site set a.example hsts_max_age=60
	refused 2 gzip_enabled hp-site set a.example gzip_enabled=
	refused 3 owner hp-site set a.example owner=nope
	refused 2 owner hp-site set a.example owner=otto
	hp-site set a.example owner=alice -q
	refused 5 memory_max hp-site set a.example memory_max=1G --as alice
	refused 2 domain hp-site add - <<<'{"domain":"not a name"}'
	refused 2 domain hp-site add - <<<'{"gzip_enabled":true}'
	refused 4 domain hp-site add - <<<'{"domain":"a.example","tenant":"acme"}'
	refused 4 domain hp-site add - <<<'{"domain":"taken.example","tenant":"acme"}'
	refused 4 aliases hp-site add - <<<'{"domain":"c.example","aliases":["taken.example"],"tenant":"acme"}'
	refused 2 aliases hp-site add - <<<'{"domain":"c.example","aliases":["c.example"]}'
	refused 2 aliases hp-site add - <<<'{"domain":"c.example","aliases":"d.example"}'
	refused 3 tenant hp-site add - <<<'{"domain":"c.example","tenant":"nope"}'
	refused 2 tenant hp-site add - <<<'{"domain":"c.example","tenant":7}'
	refused 2 tenant hp-site add - <<<'{"domain":"c.example"}'
	refused 2 node hp-site add - <<<'{"domain":"c.example","tenant":"acme","node":"nowhere"}'
	refused 2 user hp-site add - <<<'{"domain":"c.example","tenant":"acme","user":"site7"}'
	status 0 hp-site list -o domain --tsv -n
	[ "$out" = $'a.example\nb.example' ]
}

@test "which field was refused, of tenants and users" {
	hp-user add alice role=admin -q
	hp-user add bob role=reseller -q
	hp-user add carol parent=bob -q
	refused 2 subdomain hp-tenant add - <<<'{"subdomain":"a b"}'
	refused 4 subdomain hp-tenant add - <<<'{"subdomain":"acme"}'
	refused 2 website_limit hp-tenant set acme website_limit=-1
	refused 2 name hp-tenant set acme name=
	echo 'postgresql://u:p@db.example/x' >"$ROOT/url"
	refused 2 database_backend hp-tenant set acme "database_url=@$ROOT/url" database_backend=mysql
	refused 5 website_limit hp-tenant set acme website_limit=9 --as alice
	refused 2 username hp-user add - <<<'{"username":"Root"}'
	refused 4 username hp-user add - <<<'{"username":"alice"}'
	refused 2 password hp-user add - <<<'{"username":"dora","password":"short"}'
	refused 3 tenant hp-user add - <<<'{"username":"dora","tenant":"nope"}'
	refused 2 email hp-user set alice email=nobody
	refused 2 parent hp-user set alice parent=bob
	refused 3 parent hp-user set carol parent=nope
	refused 2 grants hp-user set alice grants=site:set
	refused 2 grants hp-user set bob grants=site:suspend
	refused 4 role hp-user set bob role=client
	refused 5 role hp-user set carol role=admin --as bob
	refused 2 password hp-user set alice password=
}

@test "no field where none is to blame; no line is repeated that may hold a secret" {
	hp-site add a.example -q
	status 3 hp-site set nope.example gzip_enabled=no --json
	is "$out" '.[0].field == null'
	status 2 hp-user add - --json <<<'{"username":"dora","password":"geheim-und-lang"'
	is "$out" '.[0] | .field == null and .username == "line 1" and .exit == 2'
	! grep -q geheim <<<"$out$err"
}
