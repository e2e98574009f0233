#!/usr/bin/env bats
# Hostile values for every field there is: an error that names the field, exit 2, nothing changed.
load ../lib/common.bash

setup() {
	make_panel
	hp-site add a.example tenant=acme -q
}
teardown() { remove_root; }

# Values that no field whatsoever may take.
corpus() {
	printf '%s\0' $'a\rb' $'a\nb' $'x\n' $'\t' $'\001' $'\177' $'\302\205' $'\xff\xfe' $'\xc0\xaf' $'\xed\xa0\x80' \
		'"; }' "';--" '$(id)' '`id`' '${x}' '../../etc/passwd' '{{x}}' '%s%n' '1;2' 'a{b}' '<?php' '\' \
		'99999999999999999999' '-99999999999999999999'
	head -c 65536 /dev/zero | tr '\0' a
	printf '\0'
}

# try FIELD VALUE COMMAND …: refused with exit 2, naming the field.
try() {
	local field=$1 got=0
	shift 2
	"$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || got=$?
	[ "$got" = 2 ] && grep -aq "$field" "$BATS_TEST_TMPDIR/err" &&
		! LC_ALL=C grep -aq $'[\001-\010\013-\037\177]' "$BATS_TEST_TMPDIR/err" && return
	printf 'status %s for %q\n' "$got" "$*" | cut -c1-300
	cut -c1-300 "$BATS_TEST_TMPDIR/err"
	return 1
}

# Free text may have most of these: only what must not stand in any field.
is_text() { [ "$1" = name ] || [ "$1" = node ]; }

fields() { command "hp-$1" --complete -- "$2" x "" | cut -f1 | sed 's/=$//' | grep -v '^tenant$'; }

@test "hp-site set: every field, every value" {
	before=$(dump)
	n=0
	for f in $(fields site set); do
		while IFS= read -r -d '' v; do
			try "$f" "$v" hp-site set a.example "$f=$v" || return 1
			n=$((n + 1))
		done < <(corpus)
	done
	[ "$n" -ge 400 ]
	[ "$before" = "$(dump)" ]
	status 0 hp-vhost plan
}

@test "hp-site add: fields that are given only then" {
	before=$(dump)
	for f in user node; do
		while IFS= read -r -d '' v; do
			[ "$f" = node ] && [[ $v =~ ^[0-9]+$ ]] && continue
			got=0
			hp-site add b.example tenant=acme "$f=$v" >"$ROOT/log" 2>&1 || got=$?
			# a node that is only unknown is not found
			[ "$got" = 2 ] || { [ "$f" = node ] && [ "$got" = 3 ]; } ||
				{ printf '%s=%q: %s\n' "$f" "$v" "$got" | cut -c1-300; cat "$ROOT/log"; return 1; }
		done < <(corpus)
	done
	for u in root www-data daemon nobody hosting-panel mysql postgres systemd-network Upper 0a a-B \
		"$(printf '%040d' 0)" "a b" ; do
		try user "$u" hp-site add b.example tenant=acme "user=$u" || return 1
	done
	[ "$before" = "$(dump)" ]
}

@test "hp-tenant set: every field, every value" {
	before=$(dump)
	for f in $(fields tenant set); do
		[ "$f" = database_url ] && continue
		while IFS= read -r -d '' v; do
			if is_text "$f"; then
				LC_ALL=C grep -aq $'[\001-\037\177\xc0-\xff]' <<<"${v:0:300}x" 2>/dev/null || [ ${#v} -gt 255 ] || continue
			fi
			try "$f" "$v" hp-tenant set acme "$f=$v" || return 1
		done < <(corpus)
	done
	[ "$before" = "$(dump)" ]
}

@test "a tenant's database URL" {
	before=$(dump)
	while IFS= read -r -d '' v; do
		printf '%s' "$v" >"$ROOT/v"
		case $v in $'x\n') continue ;; esac
		try database_url "$v" hp-tenant set acme "database_url=@$ROOT/v" || return 1
	done < <(corpus)
	printf 'postgresql://h/d\0x' >"$ROOT/v"
	try database_url "" hp-tenant set acme "database_url=@$ROOT/v"
	[ "$before" = "$(dump)" ]
}

@test "domains, and aliases" {
	before=$(dump)
	while IFS= read -r -d '' v; do
		status 2 hp-site add tenant=acme -- "$v" || status 2 hp-site add "$v" tenant=acme
		status 2 hp-site alias a.example add -- "$v"
	done < <(corpus)
	for v in localhost . .. a..b -a.example a-.example "*.example" "*" "a.*.example" "a b.example" 192.0.2.1 \
		"$(printf '%064d' 0).example" "paypаl.example" "a.example." "xn--a.example" "a_b.example" "é.1" ; do
		got=0
		hp-site add tenant=acme -- "$v" >"$ROOT/log" 2>&1 || got=$?
		case $v in
		a.example.) [ "$got" = 2 ] || [ "$got" = 4 ] ;; # refused, or the same name
		*) [ "$got" = 2 ] || { echo "$v: $got"; cat "$ROOT/log"; return 1; } ;;
		esac
	done
	[ "$before" = "$(dump)" ]
}

@test "bounds of numbers and sizes" {
	before=$(dump)
	for kv in php_max_execution_time=0 php_max_execution_time=86401 php_max_execution_time=1.5 \
		php_max_execution_time=+5 php_max_execution_time=0x10 database_port=0 database_port=65536 \
		cache_ttl_seconds=-1 cache_ttl_seconds=31536001 php_memory_limit=1 php_memory_limit=65G \
		php_memory_limit=256MB php_memory_limit=-1 php_version=9.9 php_version=8 php_version=8.2.1 \
		web_server=iis database_backend=oracle ssl_enabled=2 'allowed_ips=["300.1.1.1"]' \
		'allowed_ips=["192.0.2.0/33"]' 'allowed_ips={}' 'allowed_ips=[1]' allowed_ips=192.0.2.1,x \
		'http_security_headers=[]' 'http_security_headers={"a b":"c"}' \
		'http_security_headers={"X":"a\nSet-Cookie: x"}' 'http_security_headers={"X":1}' \
		'php_extensions=["../x"]' 'php_extensions=["a;b"]' php_memory_limit= web_server= ; do
		try "${kv%%=*}" "" hp-site set a.example "$kv" || return 1
	done
	for kv in id=5 tenant_id=1 uid=0 status=suspended created_at=2020-01-01T00:00:00Z domain=b.example user=x; do
		try "${kv%%=*}" "" hp-site set a.example "$kv" || return 1
	done
	for kv in website_limit=-1 website_limit=1000001 storage_quota_gb=x subdomain=x status=active id=1; do
		try "${kv%%=*}" "" hp-tenant set acme "$kv" || return 1
	done
	for kv in =x x "" gzip_enable=yes "a b=c" ; do
		status 2 hp-site set a.example "$kv"
	done
	[ "$before" = "$(dump)" ]
}

@test "JSON lines: the same walls" {
	before=$(dump)
	while IFS= read -r line; do
		status 2 hp-site set - --jsonl <<<"$line"
	done <<-'END'
		{"domain":"a.example","gzip_enabled":"maybe"}
		{"domain":"a.example","php_max_execution_time":1e9}
		{"domain":"a.example","php_memory_limit":"1\n2"}
		{"domain":"a.example","php_memory_limit":"\u0000"}
		{"domain":"a.example","gzip_enabled":true,"gzip_enabled":false}
		{"domain":"a.example","uid":0}
		{"domain":"a.example","web_server":["nginx"]}
		{"domain":"a.example"} trailing
		{"domain":7,"gzip_enabled":true}
		{"gzip_enabled":true}
		{"domain":"a.example","a=b":"c"}
		{"domain":"a.example","aliases":["x.example"]}
		{"domain":"a.example"
		[]
	END
	printf 'a.example\0\n' | { status 2 hp-site set - gzip_enabled=no; }
	head -c 300000 /dev/zero | tr '\0' a | { status 2 hp-site set - gzip_enabled=no; }
	[ "$before" = "$(dump)" ]
}
