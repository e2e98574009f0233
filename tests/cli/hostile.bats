#!/usr/bin/env bats
# Hostile values for every field there is: an error that names the field, exit 2, nothing changed.
load ../lib/common.bash
load ../lib/corpus.bash

setup() {
	make_panel
	hp-site add a.example tenant=acme -q
}
teardown() { remove_root; }

# A folder or a file may be named by a number.
is_file() { [[ $1 == document_root || $1 == index_files ]]; }

# try FIELD VALUE COMMAND …: refused with exit 2, naming the field.
try() {
	local field=$1 got=0
	shift 2
	"$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || got=$?
	[ "$got" = 2 ] && grep -aqE "^hp-[a-z]+: ([^ ]+: )?$field: " "$BATS_TEST_TMPDIR/err" &&
		! LC_ALL=C grep -aq $'[\001-\010\013-\037\177]' "$BATS_TEST_TMPDIR/err" && return
	printf 'status %s for %q\n' "$got" "$*" | cut -c1-300
	cut -c1-300 "$BATS_TEST_TMPDIR/err"
	return 1
}

# Free text may have most of these: only what must not stand in any field.
is_text() { [ "$1" = name ]; }

fields() { command "hp-$1" --complete -- "$2" x "" | cut -f1 | sed 's/=$//' | grep -v '^tenant$'; }

@test "hp-site set: every field, every value" {
	before=$(everything)
	n=0
	for f in $(fields site set); do
		while IFS= read -r -d '' v; do
			if is_file "$f" && [[ $v =~ ^[0-9]+$ ]]; then continue; fi
			try "$f" "$v" hp-site set a.example "$f=$v" || return 1
			n=$((n + 1))
		done < <(corpus)
	done
	[ "$n" -ge 900 ]
	[ "$before" = "$(everything)" ]
	status 0 hp-vhost plan
}

@test "hp-site add: fields that are given only then" {
	before=$(everything)
	for f in user node; do
		while IFS= read -r -d '' v; do
			# a number may be a node's name
			if [ "$f" = node ] && [[ $v =~ ^[0-9]+$ ]]; then continue; fi
			try "$f" "$v" hp-site add b.example tenant=acme "$f=$v" || return 1
		done < <(corpus)
	done
	for u in root www-data daemon nobody hosting-panel hosting-panel-x mysql postgres systemd-network Upper \
		0a a-B "$(printf '%040d' 0)" "a b" site7 $(cut -d: -f1 /usr/share/base-passwd/{passwd,group}.master); do
		try user "$u" hp-site add b.example tenant=acme "user=$u" || return 1
	done
	try node web9 hp-site add b.example tenant=acme node=web9
	[ "$before" = "$(everything)" ]
}

@test "hp-tenant set: every field, every value" {
	before=$(everything)
	for f in $(fields tenant set); do
		[ "$f" = database_url ] && continue
		while IFS= read -r -d '' v; do
			if is_text "$f"; then
				[[ $v == *[[:cntrl:]]* ]] || [ ${#v} -gt 255 ] || ! iconv -f UTF-8 -t UTF-8 >/dev/null 2>&1 <<<"$v" || continue
			fi
			try "$f" "$v" hp-tenant set acme "$f=$v" || return 1
		done < <(corpus)
	done
	[ "$before" = "$(everything)" ]
}

@test "hp-user add and set: every field, every value" {
	hp-user add alice tenant=acme -q
	before=$(everything)
	for f in $(fields user set); do
		while IFS= read -r -d '' v; do
			try "$f" "$v" hp-user set alice "$f=$v" || return 1
		done < <(corpus)
	done
	while IFS= read -r -d '' v; do
		status 2 hp-user add tenant=acme -- "$v" || status 2 hp-user add "$v" tenant=acme
		status 2 hp-site list --as="$v"
	done < <(corpus)
	[ "$before" = "$(everything)" ]
}

@test "passwords of paths, from a file" {
	before=$(everything)
	while IFS= read -r -d '' v; do
		case $v in $'x\n') continue ;; esac
		[ ${#v} -lt 60000 ] || v=${v:0:60000}
		printf '%s' "$v" >"$ROOT/v"
		try basic_auth "$v" hp-site set a.example "basic_auth=@$ROOT/v" || return 1
		try basic_auth "$v" hp-site set a.example "basic_auth@/a=@$ROOT/v" || return 1
		jq -nc --arg v "$(printf '%s' "$v" | iconv -f UTF-8 -t UTF-8 -c | tr -d '\0')" '{"/a": {"alice": $v}}' >"$ROOT/v"
		try basic_auth "$v" hp-site set a.example "basic_auth=@$ROOT/v" || return 1
	done < <(corpus)
	[ "$before" = "$(everything)" ]
}

@test "a tenant's database URL" {
	before=$(everything)
	while IFS= read -r -d '' v; do
		printf '%s' "$v" >"$ROOT/v"
		case $v in $'x\n') continue ;; esac
		try database_url "$v" hp-tenant set acme "database_url=@$ROOT/v" || return 1
	done < <(corpus)
	printf 'postgresql://h/d\0x' >"$ROOT/v"
	try database_url "" hp-tenant set acme "database_url=@$ROOT/v"
	[ "$before" = "$(everything)" ]
}

@test "domains, and aliases" {
	before=$(everything)
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
	[ "$before" = "$(everything)" ]
}

@test "bounds of numbers and sizes" {
	before=$(everything)
	for kv in php_max_execution_time=0 php_max_execution_time=86401 php_max_execution_time=1.5 \
		php_max_execution_time=+5 php_max_execution_time=0x10 database_port=0 database_port=65536 \
		cache_ttl_seconds=-1 cache_ttl_seconds=31536001 php_memory_limit=1 php_memory_limit=65G \
		php_memory_limit=256MB php_memory_limit=-1 php_version=9.9 php_version=8 php_version=8.2.1 \
		web_server=iis database_backend=oracle ssl_enabled=2 'allowed_ips=["300.1.1.1"]' \
		'allowed_ips=["192.0.2.0/33"]' 'allowed_ips={}' 'allowed_ips=[1]' allowed_ips=192.0.2.1,x \
		'http_security_headers=[]' 'http_security_headers={"a b":"c"}' \
		'http_security_headers={"X":"a\nSet-Cookie: x"}' 'http_security_headers={"X":1}' \
		'redirects={"/a":"301 /a"}' 'redirects={"/a":"200 /b"}' 'redirects={"a":"301 /b"}' \
		'redirects={"/a":"301 //evil.example"}' 'error_pages={"200":"/a"}' 'error_pages={"404":"a"}' \
		document_root=/etc document_root=../x 'index_files=["a/b"]' index_files= proxy_port=0 proxy_port=65536 \
		hsts_max_age=1 hsts_max_age=63072001 php_slowlog_seconds=86401 php_max_children=0 php_max_children=501 \
		memory_max=63M cpu_quota=0 tasks_max=7 'php_settings={"open_basedir":""}' \
		'php_settings={"date.timezone":"a;b"}' 'php_paths={"/":"8.1"}' 'php_paths={"/a":"9.9"}' \
		'php_extensions=["../x"]' 'php_extensions=["a;b"]' php_post_max_size= web_server= ; do
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
	[ "$before" = "$(everything)" ]
}

# lines KEY NAME FIELD [TEXT]: JSON lines that set FIELD of NAME to each kind of hostile value; TEXT: those
# alone that free text may not have either
lines() {
	jq -nc --arg key "$1" --arg name "$2" --arg f "$3" --arg text "${4:-}" '
		(["a\rb", "a\nb", "x\n", "\t", "\u0001", "\u0000", "x\u0000", "\u007f", "\u0085", "\u001b[2J", "a" * 65536]
		+ if $text == "" then
			["\"", "\u0027", ";", "{", "}", "$", "%", "../", "../../etc/passwd", "$(id)", "`id`", "{{x}}",
			"\\", "<?php", "p\u0430ypal", "a\u202eb", "99999999999999999999", "-99999999999999999999",
			1e300, -1e300, 0.5, [[]], [{}], {"a": {}}, ["a", 1]] else [] end)[] as $v |
		{($key): $name, ($f): $v}'
	[ "${4:-}" ] || printf '{"%s":"%s","%s":"\xff"}\n{"%s":"%s","%s":"\\ud800"}\n' "$1" "$2" "$3" "$1" "$2" "$3"
}

no_numbers() { if is_file "$1"; then grep -avE ':(0\.5|"9+")}$'; else cat; fi; }

# none PROGRAM VERB FIELD …: every line of standard input is refused with exit 2, naming FIELD
none() {
	local field=$3 n
	cat >"$BATS_TEST_TMPDIR/lines"
	n=$(wc -l <"$BATS_TEST_TMPDIR/lines")
	status 2 "$1" "$2" - "${@:4}" --jsonl <"$BATS_TEST_TMPDIR/lines" || return 1
	[ "$n" -ge 11 ] && [ "$(jq -s 'map(select(.exit == 2 and .result == "failed" and .changed == false)) | length' <<<"$out")" = "$n" ] ||
		{ jq -c 'select(.exit != 2)' <<<"$out" | cut -c1-300; return 1; }
	# what is no JSON at all names the place instead
	[ "$(grep -acE "^hp-[a-z]+: (.*$field: |invalid JSON|.*byte [0-9])" <<<"$err")" = "$n" ] ||
		{ cut -c1-200 <<<"$err"; echo "$field: not $n messages"; return 1; }
}

@test "the same values as JSON, for every field: set and add of websites and tenants" {
	before=$(everything)
	n=0
	for f in $(fields site set); do
		lines domain a.example "$f" | no_numbers "$f" | none hp-site set "$f" || return 1
		n=$((n + 1))
	done
	for f in $(fields site add | grep -v '^aliases$'); do
		[ "$f" != domain ] || continue
		lines domain b.example "$f" | no_numbers "$f" | none hp-site add "$f" tenant=acme || return 1
		n=$((n + 1))
	done
	for f in $(fields tenant set); do
		# a secret comes from a file
		[ "$f" != database_url ] || continue
		lines subdomain acme "$f" "$(is_text "$f" && echo text)" | none hp-tenant set "$f" || return 1
		n=$((n + 1))
	done
	for f in $(fields tenant add); do
		[ "$f" != database_url ] || continue
		lines subdomain other "$f" "$(is_text "$f" && echo text)" | none hp-tenant add "$f" || return 1
		n=$((n + 1))
	done
	[ "$n" -ge 50 ]
	[ "$before" = "$(everything)" ]
}

@test "names of objects: every verb that takes one" {
	before=$(everything)
	while IFS= read -r -d '' v; do
		for cmd in "hp-site show" "hp-site suspend" "hp-site remove --yes" "hp-vhost show" "hp-php show" "hp-tenant add" \
			"hp-node show" "hp-node state"; do
			case $cmd:$v in hp-node*:99999999999999999999 | hp-tenant*:99999999999999999999) continue ;; esac
			got=0
			# shellcheck disable=SC2086
			$cmd -- "$v" >"$ROOT/log" 2>&1 || got=$?
			[ "$got" = 2 ] && ! LC_ALL=C grep -aq $'[\001-\010\013-\037\177]' "$ROOT/log" ||
				{ printf '%s %q: %s\n' "$cmd" "$v" "$got" | cut -c1-300; cut -c1-300 "$ROOT/log"; return 1; }
		done
		try php_version "$v" hp-php set -- a.example "$v" || return 1
		# a tenant who is not there is as unknown as one that can't be
		for cmd in "hp-tenant show" "hp-tenant remove --yes" "hp-tenant suspend"; do
			got=0
			# shellcheck disable=SC2086
			$cmd -- "$v" >"$ROOT/log" 2>&1 || got=$?
			case $got in 2 | 3) ;; *) printf '%s %q: %s\n' "$cmd" "$v" "$got" | cut -c1-300; cut -c1-300 "$ROOT/log"; return 1 ;; esac
			! LC_ALL=C grep -aq $'[\001-\010\013-\037\177]' "$ROOT/log"
		done
	done < <(corpus)
	[ "$before" = "$(everything)" ]
}

@test "the node's name in the configuration" {
	before=$(everything)
	for v in 'a;b' '../x' 'a b' '-a' '$x' "$(printf '%064d' 0)" 'wеb1'; do
		printf '[node]\nname = %s\n' "$v" >"$ROOT/etc/hosting-panel/hosting-panel.conf"
		for cmd in "hp-site add b.example tenant=acme" "hp-site set a.example gzip_enabled=no" "hp-vhost apply"; do
			# shellcheck disable=SC2086
			status 9 $cmd || return 1
			grep -q 'node' <<<"$err"
		done
	done
	rm "$ROOT/etc/hosting-panel/hosting-panel.conf"
	[ "$before" = "$(everything)" ]
}

@test "JSON lines: the same walls" {
	before=$(everything)
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
	# a line without an end is not waited for
	(yes aaaaaaaa 2>/dev/null || true) | (tr -d '\n' 2>/dev/null || true) | {
		status 2 hp-site set - gzip_enabled=no
		has "$err" "line 1 is longer than"
	}
	[ "$before" = "$(everything)" ]
}
