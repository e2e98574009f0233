#!/usr/bin/env bats
# What the panel does when there is trouble: clients that are slow or gone, workers that die, a database that is away.

load web.bash
load ../lib/hold.bash

setup_file() {
	# what a sanitizer keeps back of freed memory is not to be taken for a leak
	export ASAN_OPTIONS=detect_leaks=1:quarantine_size_mb=1
	web_up 'rate_limit = 100000' 'login_rate_limit = 100000' 'workers = 4'
	web_key --verbs site:list,site:show,site:set >/run/key
}
teardown_file() { web_down; }
setup() {
	web_paths
	key=$(</run/key)
}

@test "clients that send their headers slowly are sent away, and nobody waits for them" {
	local i t pids=() began=$SECONDS
	for i in $(seq 60); do
		{
			printf 'GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: '
			for t in $(seq 60); do printf x || exit; sleep 0.5; done
		} 2>/dev/null | openssl s_client -quiet -connect 127.0.0.1:8001 >/dev/null 2>&1 3>&- &
		pids+=($!)
	done
	for i in $(seq 20); do [ "$(code /health -m 10)" = 200 ]; done
	# 10 s for all headers together, however they trickle in
	until [ "$(ss -Htn state established '( sport = :8001 )' | wc -l)" = 0 ] || [ $((SECONDS - began)) -gt 28 ]; do sleep 0.5; done
	[ $((SECONDS - began)) -le 28 ]
	kill "${pids[@]}" 2>/dev/null || true
	wait || true
}

@test "clients that send their body slowly keep no worker, and one address no more than its share" {
	local i t pids=()
	for i in $(seq 100); do
		{
			printf 'POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n'
			for t in $(seq 30); do printf x || exit; sleep 0.5; done
		} 2>/dev/null | openssl s_client -quiet -connect 127.0.0.1:8001 -bind 127.0.7.7 >>"$BATS_TEST_TMPDIR/out" 2>/dev/null 3>&- &
		pids+=($!)
	done
	for i in $(seq 100); do [ "$(grep -c '429 Too Many' "$BATS_TEST_TMPDIR/out" || true)" -lt 20 ] || break; sleep 0.1; done
	# 64 at once; there are 4 workers, and all of them are free
	[ "$(grep -c '^HTTP/1.1 429' "$BATS_TEST_TMPDIR/out")" -ge 20 ]
	for i in $(seq 20); do [ "$(code /health -m 10)" = 200 ]; done
	kill "${pids[@]}" 2>/dev/null || true
	wait || true
}

@test "workers that are killed are replaced, and no request that can be repeated is lost" {
	local i p first
	first=$(workers | sort | tr '\n' ' ')
	[ "$(wc -w <<<"$first")" = 4 ]
	(
		for i in $(seq 400); do echo "url = $url/health"; echo "output = /dev/null"; done |
			curl -sS --cacert $ca -w '%{http_code}\n' -K - | sort | uniq -c >"$BATS_TEST_TMPDIR/got"
	) &
	for p in $first; do
		kill -KILL "$p"
		sleep 0.2
	done
	wait $!
	read -r n status <"$BATS_TEST_TMPDIR/got"
	[ "$n $status" = "400 200" ] || { cat "$BATS_TEST_TMPDIR/got" /run/api.log; return 1; }
	for i in $(seq 100); do
		[ "$(workers | wc -l)" != 4 ] || break
		sleep 0.1
	done
	[ "$(workers | wc -l)" = 4 ]
	[ "$(workers | sort | tr '\n' ' ')" != "$first" ]
}

@test "connections that are kept shut nobody out: more of them than workers, from two sides" {
	local i
	# NGINX' processes keep one to each of the four workers; then somebody else comes
	for i in $(seq 40); do code /health >/dev/null; done
	cat >"$BATS_TEST_TMPDIR/ask" <<-'PERL'
		use IO::Socket::UNIX;
		sub rec { my ($t, $b) = @_; pack("CCnnCC", 1, $t, 1, length $b, 0, 0) . $b }
		my $s = IO::Socket::UNIX->new(Peer => "/run/hosting-panel/cgi.sock") or die "connect: $!";
		my %p = (REQUEST_METHOD => "GET", PATH_INFO => "/health", REMOTE_ADDR => "192.0.2.1");
		my $p = join "", map { pack("CC", length $_, length $p{$_}) . $_ . $p{$_} } sort keys %p;
		syswrite $s, rec(1, pack("nCx5", 1, 1)) . rec(4, $p) . rec(4, "") . rec(5, "");
		alarm 10;
		sysread $s, my $b, 4096 or die "no answer";
		$b =~ /Status: 200/ or die $b;
		syswrite STDOUT, "served\n";
		sleep 60; # and keeps the connection
	PERL
	# eight that keep theirs, which four workers can serve only one after the other
	for i in $(seq 8); do
		perl "$BATS_TEST_TMPDIR/ask" >"$BATS_TEST_TMPDIR/served.$i" 2>&1 3>&- &
	done
	for i in $(seq 100); do
		[ "$(cat "$BATS_TEST_TMPDIR"/served.* | grep -c served)" != 8 ] || break
		sleep 0.1
	done
	[ "$(cat "$BATS_TEST_TMPDIR"/served.* | grep -c '^served')" = 8 ] || { cat "$BATS_TEST_TMPDIR"/served.*; return 1; }
	[ "$(code /health -m 10)" = 200 ]
	# shellcheck disable=SC2046
	kill $(jobs -p)
	wait || true
}

@test "the database goes and comes back: alive all the time, ready when it is there" {
	[ "$(code /health/ready)" = 200 ]
	mv /var/lib/hosting-panel/db /var/lib/hosting-panel/away
	for i in $(seq 8); do
		[ "$(code /health)" = 200 ]
		[ "$(code /health/ready)" = 503 ]
		[ "$(code /api/v1/me -H "Authorization: Bearer $key")" = 503 ]
	done
	mv /var/lib/hosting-panel/away /var/lib/hosting-panel/db
	for i in $(seq 8); do
		[ "$(code /health/ready)" = 200 ]
		[ "$(code /api/v1/me -H "Authorization: Bearer $key")" = 200 ]
	done
}

@test "while somebody writes for long, who only reads is answered; that he was there is noted when it can be" {
	local fresh session holder db=/var/lib/hosting-panel/db/panel.db
	hp-user passwd anna -q <<<"correct horse battery"
	hp-user add carl tenant=acme role=client -q
	session=$(web_in anna "correct horse battery")
	fresh=$(web_key --verbs site:list,site:show,user:set)
	# its use is to be noted, and so is the session's
	sqlite3 "$db" "UPDATE sessions SET last_seen_at = datetime('now', '-5 minutes')"
	hold "$db" "$BATS_TEST_TMPDIR"
	for path in /api/v1/me /api/v1/websites /api/v1/websites/a.example; do
		[ "$(code $path -H "Authorization: Bearer $fresh")" = 200 ]
		[ "$(code $path -b "$session")" = 200 ]
	done
	[ "$(code /health/ready)" = 200 ]
	# none of them has waited for the end of it: it is still there
	[ "$(sqlite3 "$db" "SELECT count(*) FROM api_keys WHERE token_id = '${fresh:4:12}' AND last_used_at IS NULL")" = 1 ]
	# and who writes waits
	code /api/v1/users/carl -X PATCH -H "Authorization: Bearer $fresh" -H 'Content-Type: application/json' \
		-d '{"email":"carl@x.example"}' >"$BATS_TEST_TMPDIR/wrote" 3>&- &
	for i in $(seq 100); do [ -z "$(pgrep -f 'hp-user set')" ] || break; sleep 0.1; done
	release
	wait $!
	[ "$(<"$BATS_TEST_TMPDIR/wrote")" = 200 ]
	[ "$(code /api/v1/me -H "Authorization: Bearer $fresh")" = 200 ]
	[ "$(code /api/v1/me -b "$session")" = 200 ]
	[ "$(sqlite3 "$db" "SELECT count(*) FROM api_keys WHERE token_id = '${fresh:4:12}' AND last_used_at IS NOT NULL")" = 1 ]
	[ "$(sqlite3 "$db" "SELECT count(*) FROM sessions WHERE last_seen_at < datetime('now', '-2 minutes')")" = 0 ]
}
