#!/usr/bin/env bats
# The REST API, by the wrapper as plain CGI (RFC 3875) over a machine in a folder: which program a route runs, as
# whom, and what becomes of its answer. tests/web tries the same behind the panel's own web server.
load ../lib/common.bash

setup() {
	make_panel
	export HP_BINDIR=$HP_BUILDDIR/cmd HP_LIBEXECDIR=$HP_BUILDDIR/cmd
	hp-user add anna tenant=acme role=admin -q
	hp-tenant add other -q
	hp-user add olga tenant=other role=admin -q
	hp-site add a.example tenant=acme -q
	hp-site add o.example tenant=other -q
	key=$(all_of anna)
}
teardown() { remove_root; }

all_of() { # all_of USER [OPTION …]: a key for whatever an admin may
	local user=$1
	shift
	hp-user key-add "$user" --verbs "$(awk -F'\t' '!/^#/ && $6 == "yes" && $3 != "-" && !seen[$3]++ { printf "%s%s", n++ ? "," : "", $3 }' "$HP_TOP/tests/cli/matrix.tsv")" "$@" -o token -n
}

# req METHOD PATH[?QUERY] [BODY]: status in $code, headers in $head, body in $body. auth: "" for nobody.
req() {
	local path=${2%%\?*} query= type=${type-application/json}
	[ "$path" = "$2" ] || query=${2#*\?}
	printf '%s' "${3-}" | env -i PATH="$PATH" HP_LIBDIR="$HP_LIBDIR" HP_LIBEXECDIR="$HP_LIBEXECDIR" HP_BINDIR="$HP_BINDIR" \
		HP_DATADIR="$HP_DATADIR" ${ASAN_OPTIONS:+ASAN_OPTIONS="$ASAN_OPTIONS"} \
		GATEWAY_INTERFACE=CGI/1.1 REQUEST_METHOD="$1" SCRIPT_NAME= PATH_INFO="$path" QUERY_STRING="$query" \
		REMOTE_ADDR="${from-192.0.2.7}" HTTP_HOST=panel.example HTTPS=on ${3+CONTENT_LENGTH=${#3} CONTENT_TYPE="$type"} \
		${auth+HTTP_AUTHORIZATION="$auth"} ${more[@]+"${more[@]}"} \
		"$HP_BUILDDIR/cgi/hp-cgi" --sysroot="$ROOT" >"$BATS_TEST_TMPDIR/answer" 2>"$BATS_TEST_TMPDIR/log"
	head=$(sed '/^\r$/,$d' "$BATS_TEST_TMPDIR/answer" | tr -d '\r')
	body=$(sed '1,/^\r$/d' "$BATS_TEST_TMPDIR/answer")
	code=$(sed -n 's/^Status: \([0-9]*\).*/\1/p' <<<"$head")
}

# want CODE METHOD PATH [BODY]
want() {
	local code_wanted=$1
	shift
	req "$@"
	[ "$code" = "$code_wanted" ] || { echo "$code instead of $code_wanted: $*"; echo "$head"; echo "$body"; cat "$BATS_TEST_TMPDIR/log"; return 1; }
}

header() { sed -n "s/^$1: //p" <<<"$head"; }

@test "health: alive says no more than that, ready asks the database" {
	want 200 GET /health
	is "$body" '.status == "ok"'
	want 200 GET /health/ready
	is "$body" '.status == "ready"'
	mv "$ROOT/var/lib/hosting-panel/db" "$ROOT/away"
	want 200 GET /health
	want 503 GET /health/ready
	[ "$(header Retry-After)" = 5 ]
	[[ $body != *panel.db* ]]
	auth="Bearer $key" want 503 GET /api/v1/websites
}

@test "each answer bars what a browser might do with it" {
	for path in /health /api/v1 /nowhere; do
		req GET "$path"
		[[ $(header Content-Security-Policy) == "default-src 'none';"*"frame-ancestors 'none'" ]]
		[ "$(header X-Content-Type-Options)" = nosniff ]
		[ "$(header X-Frame-Options)" = DENY ]
		[ "$(header Cache-Control)" = no-store ]
		[[ $(header X-Request-Id) =~ ^[0-9a-f]{32}$ ]]
	done
}

@test "who asks: a key, or nobody; what is wrong with one is not told" {
	want 401 GET /api/v1/websites
	[ "$(header WWW-Authenticate)" = 'Bearer realm="hosting-panel"' ]
	is "$body" '.status == 401 and .type == "urn:hosting-panel:error:denied"'
	auth="Bearer $key" want 200 GET /api/v1/me
	is "$body" '.username == "anna" and .role == "admin" and .by == "key" and .address == "192.0.2.7"'
	local said=
	for auth in "Bearer ${key%?}$([[ $key == *x ]] && echo y || echo x)" "Bearer hpk_aaaaaaaaaaaa_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
		"Bearer $(all_of anna --from 198.51.100.0/24)"; do
		want 401 GET /api/v1/me
		said+=$(jq -c 'del(.request_id)' <<<"$body")$'\n'
	done
	[ "$(sort -u <<<"$said" | grep -c .)" = 1 ]
	for auth in "Basic YTpi" "Bearer" "Bearer " "$key" ""; do
		want 401 GET /api/v1/websites
	done
	unset auth
	# a web server that does not tell who asks is not trusted to let anybody in
	from='' auth="Bearer $key" want 500 GET /api/v1/websites
}

@test "websites as the reference page calls them: made, looked at by name and number, changed, removed" {
	export auth="Bearer $key"
	want 201 POST /api/v1/web/vhosts '{"domain":"example.com","php_version":"8.1","web_server":"nginx"}'
	is "$body" '.domain == "example.com" and .changed and .result == "applied"'
	[ "$(header Location)" = /api/v1/web/vhosts/example.com ]
	want 200 GET /api/v1/websites/example.com
	is "$body" '.domain == "example.com" and .php_version == "8.1" and (.id | type) == "number"'
	id=$(jq .id <<<"$body")
	want 200 PUT "/api/v1/websites/$id" '{"php_version":"8.2"}'
	is "$body" '.domain == "example.com" and .changed and .exit == 0'
	want 200 GET "/api/v1/websites/$id"
	is "$body" '.php_version == "8.2"'
	want 200 PATCH /api/v1/websites/example.com '{"allowed_ips":["192.0.2.0/24"],"gzip_enabled":false}'
	status 0 hp-site show example.com --json
	is "$out" '.allowed_ips == ["192.0.2.0/24"] and .gzip_enabled == false'
	want 200 PUT /api/v1/websites/example.com/aliases/www.example.com
	want 200 GET '/api/v1/websites?q=example.com&fields=domain,aliases'
	is "$body" '.total == 1 and .rows == [{"domain":"example.com","aliases":["www.example.com"]}]'
	want 409 PUT /api/v1/websites/a.example/aliases/www.example.com
	want 200 DELETE /api/v1/websites/example.com/aliases/www.example.com
	want 200 DELETE /api/v1/websites/example.com
	want 404 GET /api/v1/websites/example.com
	# the trail tells which request it was, and from where
	want 200 GET '/api/v1/audit?object=example.com&verb=site:remove'
	is "$body" '.rows[0].actor == "anna" and (.rows[0].source | contains("192.0.2.7")) and (.rows[0].request_id | length) == 32'
}

@test "lists come in pages, sorted and searched" {
	export auth="Bearer $key"
	for d in c b d; do hp-site add $d.example tenant=acme --no-apply -q; done
	want 200 GET '/api/v1/websites?sort=-domain&limit=2&offset=1&fields=domain'
	is "$body" '.total == 4 and .limit == 2 and .offset == 1 and [.rows[].domain] == ["c.example", "b.example"]'
	want 200 GET '/api/v1/websites?status=suspended'
	is "$body" '.rows == [] and .total == 0'
	for q in limit=x limit=1001 offset=-1 sort=nope fields=nope nope=1 status=nope 'limit=1&limit=2' '%zz=1' 'q=%ff'; do
		want 400 GET "/api/v1/websites?$q"
		is "$body" '.status == 400 and (.detail | length) > 0'
	done
}

@test "what a program refuses is told as it tells it: status, words, hint, field" {
	export auth="Bearer $key"
	want 400 PATCH /api/v1/websites/a.example '{"php_memory_limit":"lots"}'
	is "$body" '.type == "urn:hosting-panel:error:usage" and .exit == 2 and .field == "php_memory_limit" and (.detail | contains("lots"))'
	want 400 PATCH /api/v1/websites/a.example '{"tenant_id":2}'
	is "$body" '.field == "tenant_id"'
	want 400 PATCH /api/v1/websites/a.example '{"domain":"o.example","gzip_enabled":false}'
	want 409 POST /api/v1/websites '{"domain":"a.example"}'
	is "$body" '.exit == 4'
	want 403 POST /api/v1/tenants '{"subdomain":"third"}'
	want 403 POST /api/v1/websites/a.example/suspend
	for b in '' '{' '[]' '"x"' '{"a":1,"a":2}' "{\"gzip_enabled\":$(printf '[%.0s' {1..40})"; do
		want 400 PATCH /api/v1/websites/a.example "$b"
	done
	type=text/plain want 415 PATCH /api/v1/websites/a.example '{"gzip_enabled":false}'
	want 413 PATCH /api/v1/websites/a.example "$(printf '{"x":"%1048576s"}' '')"
	want 400 DELETE /api/v1/websites/a.example '{}'
	want 405 DELETE /api/v1/websites
	[ "$(header Allow)" = "GET, POST" ]
	want 204 OPTIONS /api/v1/websites
	want 404 GET /api/v1/nowhere
	want 404 GET /api/v1/websites/
	status 0 hp-site show a.example --json
	is "$out" '.gzip_enabled == true and .php_memory_limit == null'
}

@test "foreign and unknown websites are told apart by nothing" {
	export auth="Bearer $key"
	local foreign unknown
	for how in 'GET ' 'PATCH {"gzip_enabled":false}' 'DELETE ' 'GET #' ; do
		local method=${how%% *} b=${how#* } o=o.example n=n.example
		[ "$b" != '#' ] || { b= o=2 n=99; }
		want 404 "$method" "/api/v1/websites/$o" ${b:+"$b"}
		foreign=$(jq -c 'del(.request_id)' <<<"$body" | sed "s/$o/X/g")
		want 404 "$method" "/api/v1/websites/$n" ${b:+"$b"}
		unknown=$(jq -c 'del(.request_id)' <<<"$body" | sed "s/$n/X/g")
		[ "$foreign" = "$unknown" ] || { echo "$foreign"; echo "$unknown"; return 1; }
	done
	status 0 hp-site show o.example --json
	is "$out" '.gzip_enabled == true'
}

@test "dry_run changes nothing; two editors do not overwrite each other" {
	export auth="Bearer $key"
	before=$(records)
	want 200 PATCH '/api/v1/websites/a.example?dry_run=1' '{"gzip_enabled":false}'
	is "$body" '.result == "dry-run" and .changed'
	want 200 POST '/api/v1/websites?dry_run=true' '{"domain":"n.example"}'
	want 400 PATCH '/api/v1/websites/a.example?dry_run=perhaps' '{"gzip_enabled":false}'
	want 200 GET /api/v1/websites/a.example
	tag=$(header ETag)
	[[ $tag =~ ^\"[0-9a-f]{32}\"$ ]]
	more=(HTTP_IF_NONE_MATCH="$tag")
	want 304 GET /api/v1/websites/a.example
	[ -z "$body" ]
	diff <(echo "$before" | grep -v "INTO api_keys\|INTO keys\|user_keys") <(records | grep -v "INTO api_keys\|INTO keys\|user_keys")
	more=(HTTP_IF_MATCH="$tag")
	want 200 PATCH /api/v1/websites/a.example '{"gzip_enabled":false}'
	want 412 PATCH /api/v1/websites/a.example '{"gzip_enabled":true}'
	is "$body" '.status == 412 and (.detail | contains("was changed meanwhile"))'
	want 412 DELETE /api/v1/websites/a.example
	status 0 hp-site show a.example --json
	is "$out" '.gzip_enabled == false'
	more=(HTTP_IF_MATCH='W/"x"')
	want 412 PATCH /api/v1/websites/a.example '{"gzip_enabled":true}'
}

@test "Idempotency-Key: sent again, a request is answered as before and not done twice" {
	export auth="Bearer $key"
	more=(HTTP_IDEMPOTENCY_KEY=one)
	want 201 POST /api/v1/websites '{"domain":"n.example"}'
	first=$body
	want 201 POST /api/v1/websites '{"domain":"n.example"}'
	[ "$body" = "$first" ]
	[ "$(header Idempotency-Replayed)" = true ]
	want 422 POST /api/v1/websites '{"domain":"m.example"}'
	want 422 DELETE /api/v1/websites/n.example
	want 200 GET /api/v1/websites/n.example
	# another one's, and another key's, is another
	auth="Bearer $(all_of olga)" want 201 POST /api/v1/websites '{"domain":"p.example"}'
	auth="Bearer $(hp-user key-add anna --verbs site:list -o token -n)" want 403 POST /api/v1/websites '{"domain":"n.example"}'
	# a refusal is an answer, a denial none
	more=(HTTP_IDEMPOTENCY_KEY=two)
	want 409 POST /api/v1/websites '{"domain":"n.example"}'
	first=$(jq -r .request_id <<<"$body")
	want 409 POST /api/v1/websites '{"domain":"n.example"}'
	[ "$(jq -r .request_id <<<"$body")" = "$first" ]
	# what is shown once is not kept
	more=(HTTP_IDEMPOTENCY_KEY=three)
	want 201 POST /api/v1/users/anna/keys '{"verbs":["site:list"],"name":"once"}'
	token=$(jq -r .token <<<"$body")
	want 409 POST /api/v1/users/anna/keys '{"verbs":["site:list"],"name":"once"}'
	[[ $(dump) != *"${token#hpk_*_}"* ]]
	[ "$(hp-user key-list anna --json | jq '[.[] | select(.name == "once")] | length')" = 1 ]
	more=(HTTP_IDEMPOTENCY_KEY="$(printf '%0256d' 1)")
	want 400 POST /api/v1/websites '{"domain":"q.example"}'
	# a day later it is another
	sqlite3 "$ROOT/var/lib/hosting-panel/db/panel.db" "UPDATE repeated_requests SET created_at = '2020-01-01 00:00:00'"
	more=(HTTP_IDEMPOTENCY_KEY=one)
	want 201 POST /api/v1/websites '{"domain":"m.example"}'
}

@test "keys and passwords: shown once, never in arguments, never in the log" {
	export auth="Bearer $(hp-user key-add anna --verbs key:add,key:list,key:show,key:remove,site:list,user:passwd,user:add -o token -n)"
	want 201 POST /api/v1/users/anna/keys '{"verbs":["site:list"],"sites":["a.*"],"expires":"12h","name":"weak"}'
	weak=$(jq -r .token <<<"$body") name=$(jq -r .key <<<"$body")
	[[ $weak == hpk_* ]]
	[[ $(dump) != *"${weak#hpk_*_}"* ]]
	[ ! -s "$BATS_TEST_TMPDIR/log" ]
	want 200 GET "/api/v1/keys/$name"
	is "$body" '.name == "weak" and (has("token") | not)'
	auth="Bearer $weak" want 200 GET /api/v1/websites
	auth="Bearer $weak" want 403 GET /api/v1/keys
	want 200 DELETE "/api/v1/keys/$name"
	auth="Bearer $weak" want 401 GET /api/v1/websites
}

@test "without a key, or with one that is expired, revoked, narrowed or a stranger's: 401, 403 or 404, by every method" {
	local k expired revoked narrow method path n=0
	revoked=$(all_of anna)
	hp-user key-remove "$(cut -d_ -f2 <<<"$revoked")" -q
	expired=$(all_of anna --expires 1s)
	narrow=$(hp-user key-add anna --verbs site:list --sites 'none.*' -o token -n)
	stranger=$(all_of olga)
	sleep 2
	before=$(records | grep -v 'INTO api_keys')
	want 200 GET /api/v1/openapi.json
	while read -r path; do
		path=$(sed 's/{website}/a.example/; s/{user}/anna/; s/{tenant}/acme/; s/{key}/aaaaaaaaaaaa/; s/{[a-z]*}/x/g' <<<"$path")
		for method in GET POST PUT PATCH DELETE; do
			for k in "" "$expired" "$revoked"; do
				auth=${k:+Bearer $k} req "$method" "$path" '{}'
				[[ $code == 401 ]] || { echo "$code: $method $path with “$k”"; echo "$body"; return 1; }
			done
			for k in "$narrow" "$stranger"; do
				auth="Bearer $k" req "$method" "$path" '{}'
				case $code in
				400 | 401 | 403 | 404 | 405) ;;
				# what is his own, and nothing of anna's
				200) [[ $body != *a.example* && $body != *'"anna"'* ]] || [ "$path $k" = "/api/v1/me $narrow" ] || { echo "$method $path: $body"; return 1; } ;;
				*) echo "$code: $method $path with “$k”"; echo "$body"; return 1 ;;
				esac
			done
			n=$((n + 5))
		done
	done < <(jq -r '.paths | to_entries[] | select([.value[] | .security] | all(. == null)) | .key' <<<"$body")
	[ "$n" -gt 500 ]
	diff <(echo "$before") <(records | grep -v 'INTO api_keys')
}

@test "the description says what there is, and is OpenAPI 3.1" {
	want 200 GET /api/v1/openapi.json
	is "$body" '.openapi == "3.1.0" and (.info.title | length) > 0'
	# each operation is whole, and named once
	is "$body" '[.paths[][] | select((.operationId and .summary and .responses and (.parameters | type) == "array") | not)] == []'
	is "$body" '[.paths[][].operationId] | length == (unique | length)'
	is "$body" '[.paths | to_entries[] | .key as $p | .value[] | ([.parameters[] | select(.in == "path") | .name] | sort) ==
		([$p | scan("{([a-z_]+)}")[0]] | sort)] | all'
	is "$body" '.paths["/api/v1/websites/{website}"].patch.requestBody.content["application/json"].schema.properties |
		.php_version.type == "string" and .gzip_enabled.type == "boolean" and .cache_ttl_seconds.maximum > 0 and
		.web_server.enum == ["nginx", "apache", "openlitespeed"] and (has("tenant_id") | not)'
	is "$body" '.components.responses.problem.content["application/problem+json"]'
	# every reference leads somewhere
	is "$body" '. as $d | [.. | objects | select(has("$ref")) | ."$ref" | ltrimstr("#/") / "/" | . as $at | $d | getpath($at)] | all(. != null)'
}

@test "what can't be done is no success; what the answer no is to, is" {
	auth="Bearer $key"
	hp-user add carl tenant=acme -q
	hp-user passwd carl -q <<<"plum trace orbit 8 velvet"
	hp-user remove carl --yes -q
	id=$(hp-audit list --object carl --verb user:remove --limit 1 --tsv -n -o id)
	want 422 POST "/api/v1/audit/$id/undo"
	is "$body" '.status == 422 and .exit == 1 and (.detail | contains("masked in the trail"))'
	want 200 GET /api/v1/users/anna/may/tenant:add
	is "$body" '.can == false'
	# what was made goes again: who sends the request has said so
	want 201 POST /api/v1/users '{"username":"newman"}'
	id=$(hp-audit list --object newman --verb user:add --limit 1 --tsv -n -o id)
	want 200 POST "/api/v1/audit/$id/undo?dry_run=1"
	want 200 GET /api/v1/users/newman
	want 200 POST "/api/v1/audit/$id/undo"
	is "$body" '.changed and .object == "newman"'
	want 404 GET /api/v1/users/newman
}

@test "nothing is called \"-\": no program goes and reads names" {
	auth="Bearer $key"
	for path in /api/v1/sessions/- /api/v1/keys/- /api/v1/users/- /api/v1/websites/-; do
		want 404 DELETE $path
		is "$body" '.status == 404'
	done
	want 404 POST /api/v1/users/-/suspend
	want 404 POST /api/v1/websites/-/resume
}

@test "If-Match: what has no tag can't have that one" {
	auth="Bearer $key"
	more=(HTTP_IF_MATCH='"x"')
	want 412 POST /api/v1/users/anna/keys '{"verbs":["site:list"]}'
	is "$body" '.detail | contains("no entity tag")'
}

@test "what breaks inside is told to the log, and not to who asks" {
	auth="Bearer $key"
	sqlite3 "$ROOT/var/lib/hosting-panel/db/panel.db" 'ALTER TABLE website_configs RENAME TO elsewhere'
	want 500 GET /api/v1/websites/a.example
	is "$body" '.status == 500 and .exit == 8 and (.request_id as $id | .hint | contains($id)) and (tojson | contains("website_configs") | not)'
	grep -q "$(jq -r .request_id <<<"$body").*website_configs" "$BATS_TEST_TMPDIR/log"
}

@test "Idempotency-Key: no digest of a password that could be tried is kept" {
	auth="Bearer $key"
	line='{"username":"paul","password":"plum trace orbit 8 velvet"}'
	more=(HTTP_IDEMPOTENCY_KEY=9f1c2a7e)
	want 201 POST /api/v1/users "$line"
	kept=$(sqlite3 "$ROOT/var/lib/hosting-panel/db/panel.db" 'SELECT request_hash FROM repeated_requests')
	[ ${#kept} -eq 64 ]
	[ "$kept" != "$(printf 'POST /api/v1/users\n\n%s' "$line" | sha256sum | cut -c1-64)" ]
	[ "$kept" != "$(printf '\n9f1c2a7e\nPOST /api/v1/users\n\n%s' "$line" | sha256sum | cut -c1-64)" ]
	want 201 POST /api/v1/users "$line"
	grep -qi '^Idempotency-Replayed: true' <<<"$head"
}
