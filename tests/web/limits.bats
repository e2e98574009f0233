#!/usr/bin/env bats
# Who may ask how often, and by which name.

load web.bash

# With few requests allowed; the panel's names; a proxy at 127.0.0.8.
setup_file() {
	web_up 'rate_limit = 2' 'login_rate_limit = 2' 'server_name = panel.example, 192.0.2.10' \
		'trusted_proxies = 127.0.0.8, 2001:db8::/32'
	web_key --verbs site:list >/run/key
}
teardown_file() { web_down; }
setup() {
	web_paths
	key=$(</run/key)
}

# ask ADDRESS N PATH [CURL-ARGUMENT …]: N times from 127.0.0.x; what was answered, counted
ask() {
	local from=$1 n=$2 path=$3 i
	shift 3
	for i in $(seq "$n"); do
		printf 'url = "https://panel.example:8001%s"\noutput = "/dev/null"\n' "$path"
	done | curl -sS -m 60 --cacert $ca --resolve panel.example:8001:127.0.0.1 --interface "$from" \
		-w '%{http_code}\n' "$@" -K - | sort | uniq -c | awk '{ printf "%s:%s ", $2, $1 }'
}
count() { grep -o "$1:[0-9]*" <<<"$2" | cut -d: -f2; }

@test "an address that asks too often is told 429 and when to come again; its neighbour is served" {
	local r
	r=$(ask 127.0.1.1 60 /health)
	# a burst of 8, and 2 a second
	[ "$(count 200 "$r")" -ge 8 ]
	[ "$(count 429 "$r")" -ge 20 ]
	[ "$(ask 127.0.1.2 5 /health)" = "200:5 " ]
	curl -s --cacert $ca --resolve panel.example:8001:127.0.0.1 --interface 127.0.1.1 \
		-D "$BATS_TEST_TMPDIR/h" https://panel.example:8001/health >"$BATS_TEST_TMPDIR/b"
	if grep -q ' 429' "$BATS_TEST_TMPDIR/h"; then
		grep -qi '^retry-after: 1' "$BATS_TEST_TMPDIR/h"
		is "$(<"$BATS_TEST_TMPDIR/b")" '.status == 429 and .type == "urn:hosting-panel:error:busy"'
	fi
}

@test "of IPv6 a /64 is one client, and its neighbour another one" {
	local r="" i round
	for i in $(seq 60); do
		printf 'url = "https://panel.example:8001/health"\noutput = "/dev/null"\ncacert = "%s"\ninterface = "127.0.0.8"\n' "$ca"
		printf 'resolve = "panel.example:8001:127.0.0.1"\nwrite-out = "%%{http_code}\\n"\n'
		printf 'header = "X-Forwarded-For: 2001:db9:5:6:ROUND:2:3:%x"\nnext\n' "$i"
	done | sed '$d' >"$BATS_TEST_TMPDIR/many"
	for round in $(seq 20); do
		r+=" $(sed "s/ROUND/$round/" "$BATS_TEST_TMPDIR/many" | curl -sS -K - | tr '\n' ' ')"
		[[ $r != *429* ]] || break
	done
	[[ $r == *200*429* ]]
	[ "$(ask 127.0.0.8 1 /health -H "X-Forwarded-For: 2001:db9:5:7:1:2:3:4")" = "200:1 " ]
	[ "$(ask 127.0.0.8 1 /health -H "X-Forwarded-For: 2001:db9:5::1")" = "200:1 " ]
}

@test "an API key that asks too often is stopped wherever it asks from" {
	local i r pids=()
	# at once, each address within its own burst
	for i in $(seq 10 24); do
		ask "127.0.2.$i" 4 /api/v1/me -H "Authorization: Bearer $key" >"$BATS_TEST_TMPDIR/$i" 3>&- &
		pids+=($!)
	done
	wait "${pids[@]}"
	r=$(cat "$BATS_TEST_TMPDIR"/[0-9]*)
	grep -q 200 <<<"$r"
	grep -q 429 <<<"$r"
	# from one of those addresses, without it
	[ "$(ask 127.0.2.24 3 /health)" = "200:3 " ]
	# what only looks like a key is not counted as one
	! ask 127.0.2.40 5 /api/v1/me -H "Authorization: Bearer hpk_nonsense" | grep -q 429
}

@test "attempts to log in are counted more strictly, and only those" {
	local r
	r=$(ask 127.0.3.1 6 /login -d 'username=anna&password=x')
	[ "$(count 429 "$r")" -ge 3 ]
	[ "$(ask 127.0.3.2 6 /login | grep -c 429)" = 0 ]
	# and not by another spelling of the path
	r=$(ask 127.0.3.3 6 /%6cogin -d 'username=anna&password=x')
	[ "$(count 429 "$r")" -ge 3 ]
}

@test "a name that is not the panel's gets nothing of it" {
	local r
	for r in localhost evil.example 'panel.example.evil.example' 192.0.2.11; do
		[ "$(curl -s -o "$BATS_TEST_TMPDIR/b" -w '%{http_code}' --cacert $ca --interface 127.0.4.1 -H "Host: $r" https://localhost:8001/health)" = 421 ]
		! grep -q evil "$BATS_TEST_TMPDIR/b"
	done
	for r in panel.example panel.example:8001 PANEL.EXAMPLE 192.0.2.10; do
		[ "$(curl -s -o /dev/null -w '%{http_code}' --cacert $ca --interface 127.0.4.2 -H "Host: $r" https://localhost:8001/health)" = 200 ]
	done
	[[ $(raw 'GET /health HTTP/1.1\r\nConnection: close\r\n\r\n') == HTTP/1.1\ 400* ]]
	[[ $(raw 'GET /health HTTP/1.1\r\nHost: panel.example\r\nHost: evil.example\r\nConnection: close\r\n\r\n') == HTTP/1.1\ 400* ]]
	[[ $(raw 'GET https://evil.example/health HTTP/1.1\r\nHost: panel.example\r\nConnection: close\r\n\r\n') == HTTP/1.1\ 421* ]]
	# the certificate is for its names, though
	openssl s_client -connect localhost:8001 -CAfile $ca -verify_return_error -verify_hostname panel.example </dev/null >/dev/null
	openssl s_client -connect localhost:8001 -CAfile $ca -verify_return_error -verify_ip 192.0.2.10 </dev/null >/dev/null
}

@test "X-Forwarded-For counts from a trusted proxy alone, and only what that one has added" {
	local me=(-H "Authorization: Bearer $key")
	me() { # me FROM HEADER
		curl -sS --cacert $ca --resolve panel.example:8001:127.0.0.1 --interface "$1" "${me[@]}" -H "X-Forwarded-For: $2" \
			https://panel.example:8001/api/v1/me
	}
	sleep 5 # the key's burst
	is "$(me 127.0.0.8 192.0.2.7)" '.address == "192.0.2.7"'
	is "$(me 127.0.0.8 '10.9.9.9, 2001:db8:1::1')" '.address == "10.9.9.9"'
	is "$(me 127.0.0.8 '198.51.100.1, 192.0.2.7')" '.address == "192.0.2.7"'
	is "$(me 127.0.5.1 192.0.2.7)" '.address == "127.0.5.1"'
}
