#!/usr/bin/env bats
load ../lib/common.bash

setup() { make_panel; }
teardown() { remove_root; }

@test "add makes vhost, PHP pool and folders at once" {
	status 0 hp-site add shop.example tenant=acme php_version=8.1 --alias www.shop.example --jsonl
	is "$out" '.domain == "shop.example" and .action == "add" and .changed and .result == "applied" and
		.exit == 0 and .generation >= 1'
	[ -f "$ROOT/etc/nginx/sites-available/shop.example.conf" ]
	[ -L "$ROOT/etc/nginx/sites-enabled/shop.example.conf" ]
	grep -q www.shop.example "$ROOT/etc/nginx/sites-available/shop.example.conf"
	[ -d "$ROOT/var/www/vhosts/shop.example" ]
	[ -n "$(ls "$ROOT/etc/hosting-panel/php/8.1/"*.conf)" ]
	status 0 hp-vhost plan
}

@test "every setting of website_configs is shown, with its default" {
	hp-site add a.example tenant=acme -q
	status 0 hp-site show a.example --json
	is "$out" '.domain == "a.example" and .tenant == "acme" and .status == "active" and
		.web_server == "nginx" and .php_version == "8.2" and .php_memory_limit == null and
		.php_max_execution_time == null and .php_extensions == [] and .ssl_enabled == false and
		.http_security_headers == {} and .allowed_ips == [] and .aliases == [] and
		has("database_backend") and has("database_host") and has("database_port") and
		has("database_name") and has("database_charset") and has("ssl_provider") and
		has("ssl_auto_renew") and has("gzip_enabled") and has("cache_enabled") and
		has("cache_ttl_seconds") and has("blocked_ips") and has("php_upload_max_filesize") and
		has("php_post_max_size") and has("created_at") and has("updated_at")'
}

@test "who takes away what can't be unset is told its default" {
	hp-site add a.example tenant=acme -q
	status 2 hp-site set a.example index_files=
	[[ $err == *'hint: index_files=["index.php","index.html","index.htm"] is its default'* ]]
	status 2 hp-site set a.example gzip_enabled=
	has "$err" 'hint: gzip_enabled=true is its default'
	# and not, when something else is wrong
	status 2 hp-site set a.example gzip_enabled=perhaps
	[[ $err != *hint* ]]
}

@test "every setting can be set, and is stored and exported" {
	hp-site add a.example tenant=acme -q
	status 0 hp-site set a.example php_version=8.1 php_memory_limit=512M php_max_execution_time=60 \
		php_upload_max_filesize=128M php_post_max_size=128M php_extensions='[]' \
		database_backend=mariadb database_host=db.example database_port=3306 database_name=shop \
		database_charset=utf8mb4 ssl_provider=custom ssl_auto_renew=no gzip_enabled=off \
		cache_enabled=yes cache_ttl_seconds=60 http_security_headers='{"X-Frame-Options":"DENY"}' \
		allowed_ips='["192.0.2.0/24","2001:db8::/32"]' blocked_ips='["198.51.100.7"]' --jsonl
	is "$out" '.changed and .result == "applied"'
	status 0 hp-site show a.example --json
	is "$out" '.php_version == "8.1" and .php_memory_limit == "512M" and .php_max_execution_time == 60 and
		.database_backend == "mariadb" and .database_host == "db.example" and .database_port == 3306 and
		.database_name == "shop" and .database_charset == "utf8mb4" and .ssl_provider == "custom" and
		.ssl_auto_renew == false and .gzip_enabled == false and .cache_enabled == true and
		.cache_ttl_seconds == 60 and .http_security_headers == {"X-Frame-Options":"DENY"} and
		.allowed_ips == ["192.0.2.0/24","2001:db8::/32"] and (.blocked_ips | length) == 1'
	status 0 hp-site set a.example database_port= --jsonl
	status 0 hp-site show a.example --json
	is "$out" '.database_port == null'
}

@test "settings of what a website serves, and how" {
	hp-site add a.example tenant=acme -q
	status 0 hp-site show a.example --json
	is "$out" '.document_root == "" and .index_files == ["index.php","index.html","index.htm"] and .redirects == {} and
		.error_pages == {} and .basic_auth == {} and .proxy_port == null and .https_redirect == true and
		.hsts_max_age == 0 and .php_settings == {} and .php_paths == {} and .php_max_children == null and
		.php_slowlog_seconds == 0 and .memory_max == null and .cpu_quota == null and .tasks_max == null'
	hash=$(openssl passwd -6 geheim)
	jq -nc --arg h "$hash" '{"/admin/": {"alice": $h}}' >"$ROOT/auth"
	status 0 hp-site set a.example document_root=public/ index_files=home.html,index.php \
		redirects='{"/old/*":"301 /new/*"}' error_pages='{"404":"/404.html"}' "basic_auth=@$ROOT/auth" proxy_port=8080 \
		https_redirect=no ssl_enabled=yes hsts_max_age=600 php_settings='{"date.timezone":"Europe/Berlin"}' \
		php_paths='{"/legacy":"8.1"}' php_max_children=5 php_slowlog_seconds=10 memory_max=512M cpu_quota=150 \
		tasks_max=64 --no-apply --jsonl
	is "$out" '.changed'
	status 0 hp-site show a.example --json
	is "$out" '.document_root == "public" and .index_files == ["home.html","index.php"] and
		.redirects == {"/old/*":"301 /new/*"} and .error_pages == {"404":"/404.html"} and
		.basic_auth == {"/admin":{"alice":"***"}} and .proxy_port == 8080 and .https_redirect == false and
		.hsts_max_age == 600 and .php_settings == {"date.timezone":"Europe/Berlin"} and .php_paths == {"/legacy":"8.1"} and
		.php_max_children == 5 and .php_slowlog_seconds == 10 and .memory_max == "512M" and .cpu_quota == 150 and
		.tasks_max == 64'
	# the node needs the hash, the audit trail doesn't
	hp-node state | grep -qF "$hash"
	status 0 hp-audit list --json
	[[ $out != *"$hash"* ]]
	has "$out" '***'
	# a port that the node's servers have is refused by the node, and the website is as it was
	status 2 hp-site set a.example proxy_port=8182
	has "$err" "on 8182 apache listens"
	is "$(hp-site show a.example --json)" '.proxy_port == 8080'
	for f in proxy_port php_max_children memory_max cpu_quota tasks_max; do
		status 0 hp-site set a.example "$f=" --no-apply
	done
	status 0 hp-site show a.example --json
	is "$out" '[.proxy_port, .php_max_children, .memory_max, .cpu_quota, .tasks_max] == [null,null,null,null,null]'
	status 0 hp-node state
	is "$(grep '"site":' <<<"$out")" '.site | has("proxy_port") and .proxy_port == null'
}

@test "one member of an object at a time" {
	hp-site add a.example tenant=acme -q
	status 0 hp-site set a.example php_version@/legacy=8.1 redirects@/a="301 /b" redirects@/c="302 https://c.example/" \
		http_security_headers@X-A=b --no-apply --jsonl
	is "$out" '.changed'
	status 0 hp-site show a.example --json
	is "$out" '.php_paths == {"/legacy":"8.1"} and .php_version == "8.2" and .http_security_headers == {"X-A":"b"} and
		.redirects == {"/a":"301 /b","/c":"302 https://c.example/"}'
	status 0 hp-site set a.example php_version@/legacy/=8.1 redirects@/nope= --no-apply --jsonl
	is "$out" '.changed == false'
	status 0 hp-site set a.example redirects@/a= php_version@/legacy= --no-apply
	status 0 hp-site show a.example --json
	is "$out" '.php_paths == {} and .redirects == {"/c":"302 https://c.example/"}'
	status 2 hp-site set a.example redirects@/a="301 /b" redirects@/a="301 /c"
	has "$err" "given twice"
	status 2 hp-site set a.example php_version@/legacy=9.9
	has "$err" "/legacy"
	status 2 hp-site set a.example gzip_enabled@x=1
	# a secret is none the less one for being a member
	status 2 hp-site set a.example basic_auth@/admin='{"alice":"geheim"}'
	[[ $err != *geheim* ]]
	has "$err" @FILE
	jq -nc --arg h "$(openssl passwd -6 geheim)" '{"alice": $h}' |
		status 0 hp-site set a.example basic_auth@/admin=@- --no-apply
	# a password in clear becomes a hash, which stays as long as the password does
	printf '{"alice":"{PLAIN}geheim"}' >"$ROOT/auth"
	status 0 hp-site set a.example "basic_auth@/admin=@$ROOT/auth" --no-apply --jsonl
	is "$out" '.changed == false'
	printf '{"alice":"{PLAIN}ganz geheim"}' >"$ROOT/auth"
	status 0 hp-site set a.example "basic_auth@/admin=@$ROOT/auth" --no-apply --jsonl
	is "$out" '.changed'
	status 0 hp-site set a.example "basic_auth@/admin=@$ROOT/auth" --no-apply --jsonl
	is "$out" '.changed == false'
	hash=$(hp-node state | grep -oE '"alice":"[^"]*' | cut -d'"' -f4)
	[ "$hash" = "$(openssl passwd -6 -salt "$(cut -d'$' -f3 <<<"$hash")" "ganz geheim")" ]
	# who is shown it masked sends it back so, with another one's beside it
	status 0 hp-site set - --no-apply --jsonl <<<'{"domain":"a.example","basic_auth":{"/admin":{"alice":"***","bob":"{PLAIN}geheim"}}}'
	is "$out" '.changed'
	[ "$(hp-node state | grep -oE '"alice":"[^"]*' | cut -d'"' -f4)" = "$hash" ]
	status 0 hp-site set - --no-apply --jsonl <<<'{"domain":"a.example","basic_auth":{"/admin":{"alice":"***","bob":"***"}}}'
	is "$out" '.changed == false'
	status 2 hp-site set - --no-apply <<<'{"domain":"a.example","basic_auth":{"/other":{"alice":"***"}}}'
	has "$err" "alice of /other has no password yet"
	status 2 hp-site add - --no-apply <<<'{"domain":"c.example","tenant":"acme","basic_auth":{"/":{"alice":"***"}}}'
	rm "$ROOT/auth"
	[ -z "$(grep -rla geheim "$ROOT")" ]
	status 0 hp-site set a.example basic_auth@/admin= --no-apply
	status 0 hp-site show a.example --json
	is "$out" '.basic_auth == {}'
	status 0 hp-site add b.example tenant=acme php_version@/old=8.1 --no-apply
	printf '{"domain":"%s","php_version@/x":"8.1"}\n' a.example b.example | status 0 hp-site set - --no-apply
	status 0 hp-site show b.example --json
	is "$out" '.php_paths == {"/old":"8.1","/x":"8.1"}'
}

@test "an alias that would make a redirect lead to itself is refused, and so is the other way round" {
	hp-site add a.example tenant=acme redirects='{"/*":"301 https://www.a.example/*"}' -q
	before=$(dump)
	status 2 hp-site alias a.example add www.a.example
	has "$err" redirects
	[ "$before" = "$(dump)" ]
	status 0 hp-site alias a.example add ww2.a.example
	status 2 hp-site set a.example redirects='{"/*":"301 https://ww2.a.example/*"}'
}

@test "the same set twice changes nothing" {
	hp-site add a.example tenant=acme -q
	hp-site set a.example gzip_enabled=no -q
	before=$(dump) files=$(tree)
	status 0 hp-site set a.example gzip_enabled=false --jsonl
	is "$out" '.changed == false and .result == "unchanged"'
	[ "$before" = "$(dump)" ]
	[ "$files" = "$(tree)" ]
}

@test "add twice: exit 4; --if-missing: exit 0" {
	hp-site add a.example tenant=acme -q
	before=$(dump)
	status 4 hp-site add a.example tenant=acme
	has "$err" a.example
	status 0 hp-site add a.example tenant=acme --if-missing --jsonl
	is "$out" '.changed == false'
	[ "$before" = "$(dump)" ]
}

@test "--if-missing lets nothing else pass: another's alias, a limit, a suspended tenant" {
	hp-site add a.example tenant=acme --alias www.a.example -q
	before=$(dump)
	status 4 hp-site add www.a.example tenant=acme --if-missing
	has "$err" "further name of website a.example"
	[ "$before" = "$(dump)" ]
	hp-tenant set acme website_limit=1 -q
	before=$(dump)
	status 4 hp-site add b.example tenant=acme --if-missing
	has "$err" "website_limit is 1"
	# what is there already is said, not the limit
	status 4 hp-site add a.example tenant=acme
	has "$err" "website of that name"
	status 0 hp-site add a.example tenant=acme --if-missing
	[ "$before" = "$(dump)" ]
	hp-tenant suspend acme -q
	status 4 hp-site add b.example tenant=acme --if-missing
	has "$err" suspended
	status 0 hp-site add a.example tenant=acme --if-missing
}

@test "two adds of one domain at once: one wins, the other exits 4" {
	a=0 b=0
	command hp-site --sysroot="$ROOT" add a.example tenant=acme >"$ROOT/1" 2>&1 &
	pid=$!
	command hp-site --sysroot="$ROOT" add a.example tenant=acme >"$ROOT/2" 2>&1 || b=$?
	wait $pid || a=$?
	echo "$a $b"; cat "$ROOT/1" "$ROOT/2"
	[ $((a + b)) = 4 ]
	[ $((a * b)) = 0 ]
	status 0 hp-site list --json
	is "$out" 'length == 1'
	status 0 hp-vhost plan
}

@test "website_limit is refused at the limit, exit 4, with the number" {
	hp-tenant set acme website_limit=2 -q
	hp-site add a.example tenant=acme -q
	hp-site add b.example tenant=acme -q
	before=$(dump)
	status 4 hp-site add c.example tenant=acme
	has "$err" 2
	has "$err" limit
	[ "$before" = "$(dump)" ]
	hp-tenant set acme website_limit= -q
	status 0 hp-site add c.example tenant=acme
}

@test "a tenant that is not there: exit 3; none given where there are several: exit 2" {
	status 3 hp-site add a.example tenant=nobody
	hp-tenant add other -q
	status 2 hp-site add a.example
	has "$err" tenant
	status 0 hp-site list --json
	is "$out" 'length == 0'
}

@test "names by IDNA: stored as A-label, shown both ways, found by either" {
	status 0 hp-site add bücher.example tenant=acme --alias 'WWW.Bücher.Example' --jsonl
	is "$out" '.domain == "xn--bcher-kva.example"'
	[ -f "$ROOT/etc/nginx/sites-available/xn--bcher-kva.example.conf" ]
	for name in bücher.example xn--bcher-kva.example BÜCHER.example XN--BCHER-KVA.EXAMPLE; do
		status 0 hp-site show "$name" --json
		is "$out" '.domain == "xn--bcher-kva.example" and .domain_unicode == "bücher.example" and
			.aliases == ["www.xn--bcher-kva.example"]'
	done
	status 4 hp-site add BÜCHER.example tenant=acme
}

@test "aliases: wildcards, added and removed, unique over all sites" {
	hp-site add a.example tenant=acme -q
	hp-site add b.example tenant=acme -q
	status 0 hp-site alias a.example add '*.a.example' www.a.example --jsonl
	is "$out" '.changed and .result == "applied"'
	status 0 hp-site alias a.example add www.a.example --jsonl
	is "$out" '.changed == false'
	status 4 hp-site alias b.example add www.a.example
	status 4 hp-site add www.a.example tenant=acme
	status 4 hp-site alias b.example add a.example
	status 0 hp-site show a.example --json
	is "$out" '.aliases | sort == ["*.a.example", "www.a.example"]'
	status 0 hp-site alias a.example remove www.a.example --jsonl
	is "$out" '.changed'
	status 0 hp-site alias b.example add www.a.example
	status 2 hp-site alias a.example drop x.example
	status 2 hp-site alias a.example add 'x.*.example'
	status 2 hp-site alias a.example add '*'
	status 3 hp-site alias none.example add x.example
	status 0 hp-vhost plan
}

@test "suspend serves 503 on every name and keeps all; resume brings it back" {
	hp-site add a.example tenant=acme --alias www.a.example -q
	cp "$ROOT/etc/nginx/sites-available/a.example.conf" "$ROOT/before.conf"
	status 0 hp-site suspend a.example --jsonl
	is "$out" '.changed and .result == "applied"'
	grep -q 503 "$ROOT/etc/nginx/sites-available/a.example.conf"
	grep -q www.a.example "$ROOT/etc/nginx/sites-available/a.example.conf"
	[ -d "$ROOT/var/www/vhosts/a.example" ]
	status 0 hp-site suspend a.example --jsonl
	is "$out" '.changed == false'
	status 0 hp-site list --status suspended --json
	is "$out" 'length == 1'
	status 0 hp-site resume a.example --jsonl
	is "$out" '.changed'
	! grep -q 'return 503' "$ROOT/etc/nginx/sites-available/a.example.conf"
}

@test "remove: not without --yes; files stay unless --purge" {
	hp-site add a.example tenant=acme -q
	hp-site add b.example tenant=acme -q
	echo hello >"$ROOT/var/www/vhosts/a.example/index.html"
	echo hello >"$ROOT/var/www/vhosts/b.example/index.html"
	before=$(dump)
	status 2 hp-site remove a.example
	has "$err" "--yes"
	[ "$before" = "$(dump)" ]
	status 0 hp-site remove a.example --yes --jsonl
	is "$out" '.changed and .result == "applied" and (.message | contains("/var/www/vhosts/a.example"))'
	[ -f "$ROOT/var/www/vhosts/a.example/index.html" ]
	[ ! -e "$ROOT/etc/nginx/sites-available/a.example.conf" ]
	[ ! -L "$ROOT/etc/nginx/sites-enabled/a.example.conf" ]
	status 0 hp-site remove b.example --yes --purge --jsonl
	[ ! -e "$ROOT/var/www/vhosts/b.example" ]
	[ ! -e "$ROOT/var/log/hosting-panel/sites/b.example" ]
	[ ! -e "$ROOT/var/lib/hosting-panel/sites/b.example" ]
	status 3 hp-site remove a.example --yes
	status 0 hp-site remove a.example --yes --if-exists --jsonl
	is "$out" '.changed == false'
	status 2 hp-site remove x.example --yes --purge --keep-files
	status 2 hp-site remove x.example --yes --purge --no-apply
	status 0 hp-vhost plan
}

@test "an empty document root goes with its website" {
	hp-site add a.example tenant=acme -q
	status 0 hp-site remove a.example --yes
	[ ! -e "$ROOT/var/www/vhosts/a.example" ]
}

@test "--no-apply only records; the next apply brings it" {
	status 0 hp-site add a.example tenant=acme --no-apply --jsonl
	is "$out" '.changed and .result == "recorded"'
	[ ! -e "$ROOT/etc/nginx/sites-available/a.example.conf" ]
	status 10 hp-vhost plan
	has "$out" "a.example.conf"
	status 0 hp-vhost apply
	[ -e "$ROOT/etc/nginx/sites-available/a.example.conf" ]
	status 0 hp-vhost plan
}

@test "an unchanged set brings along what an earlier command only recorded" {
	hp-site add a.example tenant=acme --no-apply -q
	status 0 hp-site set a.example gzip_enabled=true --jsonl
	is "$out" '.changed == false'
	[ -e "$ROOT/etc/nginx/sites-available/a.example.conf" ]
}

@test "a website of another node is only recorded" {
	hp-site add here.example tenant=acme -q
	sqlite3 "$ROOT/var/lib/hosting-panel/db/panel.db" "INSERT INTO nodes (name) VALUES ('web2')"
	status 0 hp-site add there.example tenant=acme node=web2 php_version=8.2 --jsonl
	is "$out" '.result == "recorded" and .node == "web2" and (.message | contains("hp-node state web2"))'
	[ ! -e "$ROOT/etc/nginx/sites-available/there.example.conf" ]
	status 0 hp-node state web2
	has "$out" there.example
}

@test "--dry-run changes nothing, for every verb" {
	hp-site add a.example tenant=acme -q
	before=$(dump) files=$(tree)
	status 0 hp-site add b.example tenant=acme --dry-run --jsonl
	is "$out" '.changed and .result == "dry-run"'
	status 0 hp-site set a.example gzip_enabled=no --dry-run --jsonl
	is "$out" '.changed and .result == "dry-run"'
	status 0 hp-site alias a.example add x.example --dry-run
	status 0 hp-site suspend a.example --dry-run
	status 0 hp-site remove a.example --dry-run
	status 4 hp-site add a.example tenant=acme --dry-run
	status 3 hp-site set none.example gzip_enabled=no --dry-run
	[ "$before" = "$(dump)" ]
	[ "$files" = "$(tree)" ]
}

@test "a file edited by hand survives: drift, exit 4, the record is taken back; --force takes over" {
	hp-site add a.example tenant=acme -q
	hp-site add b.example tenant=acme -q
	conf=$ROOT/etc/nginx/sites-available/a.example.conf
	echo "# by hand" >>"$conf"
	status 4 hp-site set a.example gzip_enabled=no
	has "$err" a.example
	has "$err" "hint: "
	grep -q "by hand" "$conf"
	status 0 hp-site show a.example --json
	is "$out" '.gzip_enabled == true'
	status 0 hp-site set b.example gzip_enabled=no
	status 1 hp-vhost verify
	status 0 hp-site set a.example gzip_enabled=no --force
	! grep -q "by hand" "$conf"
	status 0 hp-vhost verify
	status 0 hp-vhost plan
}

@test "of a batch, the one in drift fails alone" {
	for d in a b c; do hp-site add $d.example tenant=acme -q; done
	echo "# by hand" >>"$ROOT/etc/nginx/sites-available/b.example.conf"
	status 4 hp-site set - gzip_enabled=no --jsonl <<-'END'
		a.example
		b.example
		c.example
	END
	is "$(jq -s . <<<"$out")" 'map(select(.result == "applied") | .domain) | sort == ["a.example", "c.example"]'
	is "$(jq -s . <<<"$out")" 'map(select(.result == "failed") | [.domain, .exit]) == [["b.example", 4]]'
	status 0 hp-site list --json
	is "$out" 'map([.domain, .gzip_enabled]) | sort == [["a.example",false],["b.example",true],["c.example",false]]'
}

@test "php_version that is not installed here is refused and named" {
	hp-site add a.example tenant=acme -q
	before=$(dump)
	status 2 hp-site set a.example php_version=9.9
	has "$err" php_version
	has "$err" 8.2
	status 2 hp-site add b.example tenant=acme php_version=7.4
	[ "$before" = "$(dump)" ]
}

@test "from standard input: names and JSON lines; one apply for all" {
	status 4 hp-site add - tenant=acme --jsonl <<-'END'
		a.example
		{"domain":"b.example","php_version":"8.1","aliases":["www.b.example"],"allowed_ips":["192.0.2.1"],"gzip_enabled":false}
		a.example
		{"domain":"bad domain"}
		{"domain":"c.example","no_such_key":1}
		{"domain":
		{"domain":"d.example"}
	END
	rows=$(jq -s . <<<"$out")
	is "$rows" 'length == 7'
	is "$rows" 'map(select(.result == "applied") | .domain) | sort == ["a.example","b.example","d.example"]'
	is "$rows" 'map(select(.result == "failed") | .exit) | sort == [2,2,2,4]'
	has "$err" no_such_key
	status 0 hp-site show b.example --json
	is "$out" '.php_version == "8.1" and .aliases == ["www.b.example"] and .gzip_enabled == false'
	status 0 hp-vhost plan
	printf 'a.example\nb.example\n' | { status 0 hp-site remove - --yes --jsonl; }
	status 0 hp-site list --json
	is "$out" 'length == 1'
}

@test "a batch of nothing is fine" {
	status 0 hp-site add - tenant=acme </dev/null
	status 0 hp-site set - gzip_enabled=no </dev/null
}

@test "list: filters" {
	hp-tenant add other -q
	hp-site add a.example tenant=acme -q
	hp-site add b.example tenant=other php_version=8.1 -q
	for f in "-t other" "--tenant=other" "--php 8.1" "--php=8.1"; do
		# shellcheck disable=SC2086
		status 0 hp-site list $f --json
		is "$out" 'map(.domain) == ["b.example"]'
	done
	status 0 hp-site list --web-server apache --json
	is "$out" '. == []'
}

@test "a database that can't be written: an error, nothing changed" {
	[ "$(id -u)" = 0 ] || skip "needs root to become somebody else"
	hp-site add a.example tenant=acme -q
	chmod 0755 "$ROOT"/var/lib/hosting-panel{,/db}
	chmod 0644 "$ROOT"/var/lib/hosting-panel/db/panel.db*
	before=$(dump)
	for v in "add b.example tenant=acme" "set a.example gzip_enabled=no" "suspend a.example" "remove a.example --yes"; do
		got=0
		# shellcheck disable=SC2086
		as_nobody hp-site --sysroot="$ROOT" $v >"$BATS_TEST_TMPDIR/log" 2>&1 || got=$?
		cat "$BATS_TEST_TMPDIR/log"
		case $got in 5 | 8 | 71) ;; *) echo "status $got"; return 1 ;; esac
	done
	[ "$before" = "$(dump)" ]
}

@test "ten thousand websites: recorded, listed, exported" {
	seq 1 10000 | sed 's/.*/site-&.example/' | { status 0 hp-site add - tenant=acme --no-apply -q; }
	status 0 hp-site list --json
	is "$out" 'length == 10000'
	status 0 hp-site list -n --tsv -o domain
	[ "$(wc -l <<<"$out")" = 10000 ]
	[ "$(LC_ALL=C sort -c <<<"$out" && echo sorted)" = sorted ]
	hp-node state >"$ROOT/state"
	[ "$(wc -l <"$ROOT/state")" = 10002 ]
	is "$(tail -1 "$ROOT/state")" '.end.sites == 10000'
}

@test "lists with comments, blanks and the line ends of other systems; errors name the line" {
	printf '# sites\r\n\r\n  a.example \t\nb.example\r\n\n  {"domain":"c.example"}\nbad_name\n{"domain":"d.example","gzipp":1}' >"$ROOT/list"
	status 2 hp-site add - tenant=acme --jsonl <"$ROOT/list"
	is "$(jq -s . <<<"$out")" 'map(select(.result == "applied") | .domain) == ["a.example", "b.example", "c.example"] and length == 5'
	has "$err" 'hp-site: line 7: domain: "bad_name" is not a domain name'
	has "$err" 'hp-site: line 8: "gzipp" is not a setting'
	has "$err" '2 of 5 failed'
}

@test "mistyped operands and keys: what was meant is named" {
	status 2 hp-site add tenant=acme a.example
	has "$err" 'hint: the domain comes first: hp-site add DOMAIN|-'
	status 2 hp-site add a.example acme
	has "$err" 'hint: usage: hp-site add DOMAIN|-'
	hp-site add a.example tenant=acme -q
	status 2 hp-site set a.example memory_limit=64M
	has "$err" 'did you mean php_memory_limit'
	status 2 hp-site set a.example gzip=no
	has "$err" 'did you mean gzip_enabled'
	status 2 hp-site set a.example tenant=other
	has "$err" 'stays with the tenant'
	status 2 hp-site set a.example alias=b.example
	has "$err" 'hp-site alias DOMAIN add'
	status 2 hp-site alias add a.example www.a.example
	has "$err" 'hp-site alias example.com add www.example.com'
	for o in --status=suspnded --web-server=ngnix --php=foo; do
		status 2 hp-site list $o
		has "$err" "hp-site: ${o%=*}: "
	done
	status 0 hp-site list --php=8.9 --json
}

@test "resuming a website of a suspended tenant says why it still answers 503" {
	hp-site add a.example tenant=acme -q
	hp-tenant suspend acme -q
	status 0 hp-site resume a.example --json
	is "$out" '.[0].result == "unchanged" and (.[0].message | contains("hp-tenant resume acme"))'
}

@test "a dry run of remove tells what would become of the files" {
	hp-site add a.example tenant=acme -q
	status 0 hp-site remove a.example --dry-run --json
	is "$out" '.[0].message == null'
	touch "$ROOT/var/www/vhosts/a.example/index.html"
	status 0 hp-site remove a.example --dry-run --json
	is "$out" '.[0].message | contains("would be kept in /var/www/vhosts/a.example")'
	status 0 hp-site remove a.example --dry-run --purge --json
	is "$out" '.[0].message | contains("would be deleted")'
	[ -e "$ROOT/var/www/vhosts/a.example/index.html" ]
}

@test "a website may be named by its number; another's number is as unknown as one that is not there" {
	hp-site add a.example tenant=acme -q
	status 0 hp-site show a.example --json
	id=$(jq .id <<<"$out")
	status 0 hp-site set "$id" php_memory_limit=98M --json
	is "$out" '.[0].domain == "a.example"'
	status 0 hp-site show "$id" --json
	is "$out" '.domain == "a.example" and .php_memory_limit == "98M"'
	hp-user add cl tenant=acme role=client -q
	for n in "$id" 999; do
		status 3 hp-site show "$n" --as cl
		[ "$err" = "hp-site: there is no website $n"$'\n'"hint: hp-site list shows them" ]
	done
}
