# The state document on its way in: slow senders, connections, who is at the other end, and documents that
# lie; to the programs as they are installed, below a sysroot.

bats_require_minimum_version 1.5.0
load ../lib/common

setup() {
	[ "${HP_SANDBOX:-}" = inside ] || { echo "run it through tests/lib/sandbox" >&2; return 1; }
	make_panel
	hp-site add a.example tenant=acme -q
	hp-site add b.example tenant=acme -q
	inetd=$BATS_TEST_DIRNAME/../lib/inetd
	hp-site set a.example php_memory_limit=77M --no-apply -q
	command hp-node --sysroot="$ROOT" state >"$ROOT/state"
}

teardown() {
	[ -z "${bg:-}" ] || kill "$bg" 2>/dev/null || true
	remove_root
}

# answer OPTION …: of hp-vhost behind a connection
answer() { "$inetd" "$@" "$HP_BUILDDIR/cmd/hp-vhost" --sysroot="$ROOT" apply --timeout=20 -; }

memory() { sed -n 's/^php_admin_value\[memory_limit\] = *//p' "$ROOT/etc/hosting-panel/php/8.2/$1.conf"; }

@test "who sends slowly holds up nobody: another apply, a plan and a set go through meanwhile" {
	for feed in pipe socket; do
		mkfifo "$ROOT/fifo"
		if [ $feed = pipe ]; then
			command hp-vhost --sysroot="$ROOT" apply - <"$ROOT/fifo" >"$ROOT/slow" 2>&1 3>&- &
		else
			answer <"$ROOT/fifo" >"$ROOT/slow" 2>&1 3>&- &
		fi
		bg=$!
		exec 7>"$ROOT/fifo"
		head -c 300 "$ROOT/state" >&7
		sleep 0.5
		hp-site set b.example php_max_execution_time=$((RANDOM % 1000 + 1)) --wait=0 --jsonl >"$ROOT/out"
		is "$(<"$ROOT/out")" '.result == "applied"'
		status 0 hp-vhost apply --wait=0 --jsonl
		status 0 hp-vhost plan
		status 0 hp-vhost verify
		kill -0 "$bg"
		tail -c +301 "$ROOT/state" >&7
		exec 7>&-
		wait "$bg"
		bg=
		# a generation that is older by now changes nothing
		is "$(tail -n 1 "$ROOT/slow")" '.event == "end" and .result == "unchanged"'
		rm "$ROOT/fifo"
	done
	[ "$(memory site1)" = 77M ]
}

@test "who never ends the document is told so, after the time given, exit 6" {
	before=$(everything)
	got=0
	head -c 300 "$ROOT/state" | "$inetd" --stall "$HP_BUILDDIR/cmd/hp-vhost" --sysroot="$ROOT" \
		apply --timeout=1 - >"$ROOT/out" 2>"$ROOT/err" || got=$?
	[ "$got" = 6 ]
	is "$(<"$ROOT/out")" '.event == "end" and .result == "refused" and .exit == 6 and .changed == 0 and
		(.message | test("standard input has not come to its end within 1 seconds"))'
	(sleep 5) | status 6 hp-vhost apply --timeout=1 -
	(sleep 5) | status 0 hp-vhost plan --kept
	status 2 hp-vhost apply --timeout=0 - </dev/null
	status 2 hp-vhost apply --timeout=x - </dev/null
	[ "$before" = "$(everything)" ]
}

@test "who takes nothing of the report holds up nobody for long" {
	seq 1 600 | sed 's/.*/site-&.example/' | hp-site add - tenant=acme --no-apply -q
	command hp-node --sysroot="$ROOT" state >"$ROOT/state"
	"$inetd" --deaf 300 "$HP_BUILDDIR/cmd/hp-vhost" --sysroot="$ROOT" apply --timeout=1 - \
		<"$ROOT/state" >"$ROOT/out" 2>"$ROOT/err" 3>&- &
	bg=$!
	for ((i = 0; i < 600; i++)); do
		[ ! -e "$ROOT/etc/nginx/sites-available/site-600.example.conf" ] || break
		sleep 0.1
	done
	status 0 hp-site set a.example gzip_enabled=no --wait=60 --jsonl
	is "$out" '.result == "applied"'
	kill -0 "$bg"
}

@test "over a connection: applied, unchanged, and the report's last line" {
	answer <"$ROOT/state" >"$ROOT/out"
	is "$(head -n 1 "$ROOT/out")" '.event == "site" and .domain == "a.example" and .result == "applied"'
	is "$(tail -n 1 "$ROOT/out")" '.event == "end" and .result == "applied" and .exit == 0'
	[ "$(memory site1)" = 77M ]
	answer <"$ROOT/state" | jq -se 'length == 1 and .[0].result == "unchanged"' >/dev/null
}

@test "a peer who may not is told so, and nothing is done" {
	before=$(everything)
	chmod 0755 "$ROOT"
	for uid in 65534 33 20001; do
		got=0
		answer --uid $uid <"$ROOT/state" >"$ROOT/out" 2>"$ROOT/err" || got=$?
		[ "$got" = 5 ]
		is "$(<"$ROOT/out")" ".event == \"end\" and .result == \"refused\" and .exit == 5 and
			(.message | contains(\"uid $uid may neither apply\"))"
		grep -q "uid $uid may neither apply" "$ROOT/err"
	done
	[ "$before" = "$(everything)" ]
	# the panel's own user may
	useradd -r -M hosting-panel 2>/dev/null || true
	answer --uid "$(id -u hosting-panel)" <"$ROOT/state" >"$ROOT/out"
	is "$(tail -n 1 "$ROOT/out")" '.result == "applied"'
}

@test "a pair of sockets is a pipe, whoever made it" {
	answer --pair --uid 65534 <"$ROOT/state" >"$ROOT/out"
	is "$(tail -n 1 "$ROOT/out")" '.result == "applied"'
}

# document LINE: one of a single website, with the right count and digest
document() {
	printf '{"hosting_panel_state":1,"node":"%s","generation":99}\n%s\n' "$(hostname)" "$1" >"$ROOT/doc"
	printf '{"end":{"sites":1,"sha256":"%s"}}\n' "$(sha256sum <"$ROOT/doc" | cut -d' ' -f1)" >>"$ROOT/doc"
}

@test "a path or a user smuggled in, keys twice or unknown: refused whole, though count and digest are right" {
	line=$(sed -n 2p "$ROOT/state")
	document "$line"
	status 10 hp-vhost plan - <"$ROOT/doc"
	before=$(everything)
	while IFS='|' read -r from to why; do
		document "${line/"$from"/"$to"}"
		grep -qF -- "$to" "$ROOT/doc"
		for verb in apply plan; do
			status 2 hp-vhost $verb - <"$ROOT/doc" || { echo "$to"; return 1; }
			has "$err" "standard input: line 2: "
			has "$err" "$why"
		done
		answer <"$ROOT/doc" >"$ROOT/out" 2>/dev/null || true
		is "$(<"$ROOT/out")" '.exit == 2 and .changed == 0'
		[ "$before" = "$(everything)" ]
	done <<-'END'
		"domain":"a.example"|"domain":"../../etc/cron.d/x"|domain
		"domain":"a.example"|"domain":"/etc/passwd"|domain
		"user":"site1"|"user":"root"|user
		"user":"site1"|"user":"www-data"|user
		"user":"site1"|"user":"../root"|user
		"uid":20001|"uid":0|uid
		"uid":20001|"uid":33|uid
		"uid":20001|"uid":20001,"uid":20001|uid
		"uid":20001|"uid":20001,"document_root":"/etc"|document_root
		"uid":20001|"uid":20001,"home":"/root"|home
		"php_version":"8.2"|"php_version":"../8.2"|php_version
		"php_extensions":[]|"php_extensions":["../../tmp/evil"]|php_extensions
		"aliases":[]|"aliases":["x.example;"]|aliases
		"aliases":[]|"aliases":[],"aliases":["x.example"]|aliases
	END
}

@test "a document that does not end: cut off at 256 MiB, exit 2, nothing kept" {
	before=$(everything)
	got=0
	(cat "$ROOT/state"; cat /dev/zero 2>/dev/null || true) | hp-vhost apply - >"$ROOT/out" 2>"$ROOT/err" || got=$?
	[ "$got" = 2 ]
	grep -q 'longer than 256 MiB' "$ROOT/err"
	is "$(<"$ROOT/out")" '.exit == 2 and .result == "refused"'
	[ "$before" = "$(everything)" ]
}

@test "every refusal comes back as a line with message and status" {
	head -n -1 "$ROOT/state" >"$ROOT/cut"
	sed 's/77M/78M/' "$ROOT/state" >"$ROOT/changed"
	: >"$ROOT/empty"
	head -c 300000 /dev/urandom >"$ROOT/noise"
	before=$(everything)
	for doc in cut changed empty noise; do
		for how in connection pipe; do
			got=0
			if [ $how = connection ]; then
				answer <"$ROOT/$doc" >"$ROOT/out" 2>"$ROOT/err" || got=$?
			else
				cat "$ROOT/$doc" | hp-vhost apply - >"$ROOT/out" 2>"$ROOT/err" || got=$?
			fi
			[ "$got" = 2 ] || { echo "$doc: $got"; return 1; }
			is "$(<"$ROOT/out")" '.event == "end" and .result == "refused" and .exit == 2 and
				.changed == 0 and (.message | startswith("standard input"))'
			[ "$(jq -r .message "$ROOT/out")" = "$(sed -n '1s/^hp-vhost: //p' "$ROOT/err")" ]
		done
	done
	# what is wrong with the node itself is said there, too
	exec 8>"$ROOT/var/lib/hosting-panel/node/lock"
	flock 8
	got=0
	"$inetd" "$HP_BUILDDIR/cmd/hp-vhost" --sysroot="$ROOT" apply --wait=0 - <"$ROOT/state" >"$ROOT/out" 2>/dev/null 8>&- || got=$?
	flock -u 8
	[ "$got" = 6 ]
	is "$(<"$ROOT/out")" '.exit == 6 and (.message | contains("another run is at work"))'
	[ "$before" = "$(everything)" ]
	echo 'nonsense' >"$ROOT/etc/hosting-panel/hosting-panel.conf"
	got=0
	answer <"$ROOT/state" >"$ROOT/out" 2>/dev/null || got=$?
	[ "$got" = 9 ]
	is "$(<"$ROOT/out")" '.exit == 9 and (.message | contains("hosting-panel.conf"))'
}
