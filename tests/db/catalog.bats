#!/usr/bin/env bats
# The generators of the SQL catalog and the migrations: what they refuse, and where they say it is.

setup() {
	sql=$BATS_TEST_DIRNAME/../../sql
	cd "$BATS_TEST_TMPDIR"
}

catalog() { # catalog h|c: the statements on stdin
	cat >catalog.sql
	"${AWK:-awk}" -v what="$1" -f "$sql/scan.awk" -f "$sql/catalog.awk" catalog.sql
}

refused() { # refused LINE TEXT: the statements on stdin
	run catalog c
	[ "$status" -eq 1 ] || { echo "taken: status $status"; cat catalog.sql; return 1; }
	[[ $output == *"catalog.sql:$1: "*"$2"* ]] || { echo "said: $output"; return 1; }
	# Nothing that a compiler could take for the result.
	[[ $output != *"struct hp_sql_def"* ]]
}

tenant() { # tenant TEXT: a statement of scope tenant
	printf -- '-- name: x\n-- scope: tenant\n-- rows: many\n%s\n' "$1"
}

@test "the tree's own catalog: mawk and gawk agree" {
	local out= a what
	for what in h c; do
		for a in mawk 'gawk --posix' 'original-awk' 'busybox awk'; do
			case $a in
			original-awk | busybox*) command -v "${a%% *}" >/dev/null || continue ;;
			esac
			$a -v what=$what -f "$sql/scan.awk" -f "$sql/catalog.awk" "$sql/catalog.sql" >"out.$what"
			[ -z "${out:-}" ] || cmp "out.$what" "$out"
			cp "out.$what" first
			out=first
		done
		out=
	done
}

@test "a tenant statement without its tenant" {
	refused 4 'tenant_id = :tenant' < <(tenant 'SELECT * FROM websites WHERE id = :id;')
	refused 4 'tenant_id = :tenant' < <(tenant 'UPDATE sites SET status = :s WHERE id = :id;')
	refused 4 'tenant_id = :tenant' < <(tenant 'DELETE FROM sites;')
	refused 4 'tenant_id = :tenant' < <(tenant 'UPDATE sites SET tenant_id = :tenant WHERE id = :id;')
	refused 4 'tenant_id = :tenant' < <(tenant "SELECT 'tenant_id = :tenant' FROM sites WHERE id = :id;")
	refused 4 'tenant_id = :tenant' < <(tenant 'SELECT * FROM sites WHERE id = :id -- AND tenant_id = :tenant
;')
	refused 4 'tenant_id = :tenant' < <(tenant 'SELECT * FROM sites /* WHERE tenant_id = :tenant */;')
	refused 4 'tenant_id = :tenant' < <(tenant \
		'SELECT * FROM sites WHERE id IN (SELECT website_id FROM website_names WHERE tenant_id = :tenant);')
	refused 4 'tenant_id = :tenant' < <(tenant 'SELECT * FROM sites WHERE tenant_id = :tenant_id;')
	refused 4 'tenant_id = :tenant' < <(tenant 'SELECT * FROM sites WHERE tenant_id <> :tenant;')
}

@test "a tenant statement with a hole beside its tenant" {
	refused 4 OR < <(tenant 'SELECT * FROM sites WHERE tenant_id = :tenant OR id = :id;')
	refused 4 OR < <(tenant 'SELECT * FROM sites WHERE id = :id or tenant_id = :tenant AND id > 0
	AND tenant_id = :tenant;')
	refused 4 UNION < <(tenant 'SELECT id FROM sites WHERE tenant_id = :tenant UNION SELECT id FROM sites;')
	refused 4 upsert < <(tenant \
		'INSERT INTO t (a, tenant_id) VALUES (:a, :tenant) ON CONFLICT (a) DO UPDATE SET b = 1;')
	refused 4 tenant_id < <(tenant 'INSERT INTO t (a, tenant_id) VALUES (:tenant, :a);')
	refused 4 tenant_id < <(tenant 'INSERT INTO t (a) VALUES (:tenant);')
	refused 4 'one row' < <(tenant 'INSERT INTO t (a, tenant_id) VALUES (:a, :tenant), (:a, 2);')
}

@test "a tenant statement that says its tenant" {
	tenant 'SELECT * FROM sites WHERE tenant_id = :tenant AND (a = :a OR b = :a);' | catalog c
	tenant 'SELECT * FROM sites s WHERE a = :a
	AND s.tenant_id = :tenant
	ORDER BY a;' | catalog c
	tenant 'INSERT INTO t (a, tenant_id, b) VALUES (COALESCE(:a, 1), :tenant, 2);' | catalog c
}

@test "headers" {
	refused 1 'without "-- name:"' <<<'SELECT 1;'
	refused 1 'needs a "-- why:"' < <(printf -- '-- name: x\n-- scope: global\n-- rows: one\nSELECT 1;\n')
	refused 1 'scope is' < <(printf -- '-- name: x\n-- scope: all\n-- rows: one\nSELECT 1;\n')
	refused 1 'rows is' < <(printf -- '-- name: x\n-- scope: system\n-- why: y\nSELECT 1;\n')
	refused 1 'lower case' < <(printf -- '-- name: X-y\n-- scope: system\n-- why: y\n-- rows: one\nSELECT 1;\n')
	refused 2 'is written' < <(printf -- '-- name: x\n--scope: tenant\nSELECT 1;\n')
	refused 6 'stands twice' < <(for _ in 1 2; do
		printf -- '-- name: x\n-- scope: system\n-- why: y\n-- rows: one\nSELECT 1;\n'
	done)
	refused 2 'again' < <(printf -- '-- name: x\n-- name: y\nSELECT 1;\n')
	refused 1 'has no text' <<<'-- name: x'
	refused 5 'semicolon' < <(printf -- '-- name: x\n-- scope: system\n-- why: y\n-- rows: one\nSELECT 1\n')
}

@test "parts" {
	local head='-- part: p\na,\n\tb;\n\n-- name: x\n-- scope: system\n-- why: y\n-- rows: one\n'
	printf -- "${head}SELECT @p@, @p@, c FROM t;\n" | catalog c >out
	grep -q '"SELECT a, b, a, b, c FROM t"' out
	refused 9 'no part "q"' < <(printf -- "${head}SELECT @q@;\n")
	refused 4 'stands twice' < <(printf -- '-- part: p\na;\n\n-- part: p\nb;\n')
	refused 3 'semicolon' < <(printf -- '-- part: p\na\n\n')
	refused 1 'lower case' < <(printf -- '-- part: P\na;\n')
}

@test "texts for one engine" {
	local head='-- name: x\n-- scope: system\n-- why: y\n-- rows: one\nSELECT :a;\n'
	refused 6 'no engine' < <(printf -- "$head-- name: x\n-- engine: oracle\nSELECT :a;\n")
	refused 8 'parameter :b' < <(printf -- "$head-- name: x\n-- engine: mysql\nSELECT :b;\n")
	refused 8 'lacks a parameter' < <(printf -- "$head-- name: x\n-- engine: mysql\nSELECT 1;\n")
	refused 6 'first text only' < <(printf -- "$head-- name: x\n-- engine: mysql\n-- rows: one\nSELECT :a;\n")
	refused 9 'two texts' < <(printf -- "$head-- name: x\n-- engine: mysql\nSELECT :a;\n-- name: x\n-- engine: mysql\nSELECT :a;\n")
	refused 1 'before its general' < <(printf -- '-- name: x\n-- engine: mysql\nSELECT 1;\n')
}

@test "parameters, casts, strings and comments" {
	local head='-- name: x\n-- scope: system\n-- why: y\n-- rows: one\n'
	run catalog c < <(printf -- "$head%s" "SELECT :b, :a::int, ':c', \"d:e\", '--', 'it''s', :b -- :f
	/* :g
	   ; */ FROM t;")
	[ "$status" -eq 0 ]
	[[ $output == *'{"b", "a", }'* ]]
	[[ $output == *"SELECT ?1, ?2::int, ':c', \\\"d:e\\\", '--', 'it''s', ?1 FROM t\""* ]]
	[[ $output == *"SELECT \$1, \$2::int,"* ]]
	[[ $output == *'order_1_3[] = {0, 1, 0, }'* ]]
	refused 5 ':tenant is bound' < <(printf -- "${head}SELECT :tenant;\n")
	refused 5 'parameters are :name' < <(printf -- "${head}SELECT ?;\n")
	refused 5 'parameters are :name' < <(printf -- "${head}SELECT \$1;\n")
	refused 5 'parameters are :name' < <(printf -- "${head}SELECT \`a\`;\n")
	refused 5 'backslash' < <(printf -- "$head%s\n" "SELECT 'a\\b';")
	refused 5 'after the statement' < <(printf -- "${head}SELECT 1; SELECT 2;\n")
}

@test "migrations: gaps, titles, tokens, engines" {
	migrations() { "${AWK:-awk}" -f "$sql/scan.awk" -f "$sql/migrations.awk" "$@"; }
	printf -- '-- title: a\nCREATE TABLE t (id @ID@) @TABLE@;\n' >0000-a.sql
	run migrations 0000-a.sql
	[ "$status" -eq 0 ]
	[[ $output == *AUTOINCREMENT*IDENTITY*AUTO_INCREMENT* ]]
	cp 0000-a.sql 0002-a.sql
	run migrations 0000-a.sql 0002-a.sql
	[ "$status" -eq 1 ] && [[ $output == *'0002-a.sql:1: the next migration is number 1'* ]]
	printf 'SELECT 1;\n' >0000-b.sql
	run migrations 0000-b.sql
	[ "$status" -eq 1 ] && [[ $output == *'no "-- title:"'* ]]
	printf -- '-- title: a\nSELECT @NOPE@;\n' >0000-c.sql
	run migrations 0000-c.sql
	[ "$status" -eq 1 ] && [[ $output == *'0000-c.sql:2: no token @NOPE@'* ]]
	printf -- '-- title: a\n-- engine: mysql\nSELECT 7;\n-- engine: all\nSELECT 8;\n' >0000-d.sql
	run migrations 0000-d.sql
	[ "$(grep -c 'SELECT 7' <<<"$output")" = 1 ]
	[ "$(grep -c 'SELECT 8' <<<"$output")" = 4 ]
}
