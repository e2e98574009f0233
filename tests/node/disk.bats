# Disks that are full or can't be written, and commands at the same time: the programs with their database
# below a sysroot, on file systems of the test's own.

bats_require_minimum_version 1.5.0
load ../lib/common

setup() {
	[ "${HP_SANDBOX:-}" = inside ] || { echo "run it through tests/lib/sandbox" >&2; return 1; }
	make_panel
	hp-site add a.example tenant=acme -q
}

teardown() {
	umount "$ROOT/etc" "$ROOT/var/lib/hosting-panel" 2>/dev/null || true
	remove_root
}

# small DIR SIZE: from now on it lies on a file system of that size
small() {
	mkdir "$ROOT/small"
	mount -t tmpfs -o "size=$2" tmpfs "$ROOT/small"
	cp -a "$1/." "$ROOT/small/"
	chmod --reference="$1" "$ROOT/small"
	mount --move "$ROOT/small" "$1"
	rmdir "$ROOT/small"
}

sites() { hp-site list --json -o domain,gzip_enabled; }

@test "a read-only /etc: exit 71, nothing changed, the record taken back" {
	files=$(tree) rows=$(sites)
	mount --bind "$ROOT/etc" "$ROOT/etc"
	mount -o remount,ro,bind "$ROOT/etc"
	for cmd in "add b.example tenant=acme" "set a.example gzip_enabled=no" "suspend a.example" "remove a.example --yes"; do
		# shellcheck disable=SC2086
		status 71 hp-site $cmd
		has "$err" "Read-only file system"
		has "$err" "hint: "
		[ "$files" = "$(tree)" ]
		[ "$rows" = "$(sites)" ]
	done
	umount "$ROOT/etc"
	status 0 hp-vhost apply
	[ "$files" = "$(tree)" ]
	status 0 hp-site add b.example tenant=acme
	status 0 hp-vhost verify
}

@test "the disk full while staging: exit 71, nothing changed, the records taken back" {
	small "$ROOT/etc" 300k
	files=$(tree) rows=$(sites)
	seq 1 300 | sed 's/.*/s&.example/' >"$ROOT/batch"
	status 71 hp-site add - tenant=acme --jsonl <"$ROOT/batch"
	[ "$(jq -c 'select(.exit == 71 and .result == "failed" and (.message | test("No space left")))' <<<"$out" | wc -l)" = 300 ]
	[ "$files" = "$(tree)" ]
	[ "$rows" = "$(sites)" ]
	status 0 hp-vhost apply
	[ "$files" = "$(tree)" ]
	status 0 hp-site add b.example tenant=acme
}

# However much is left for the database and the engine's notes, from nothing to enough.
@test "the disk of the database and of the notes full: all or nothing, and told" {
	lib=$ROOT/var/lib/hosting-panel
	small "$lib" 2m
	refused=0 done=0
	for free in $(seq 0 12 240); do
		files=$(tree) rows=$(sites)
		head -c "$(($(stat -f -c '%a * %S' "$lib") - free * 1024))" /dev/zero >"$lib/filler" || true
		got=0
		hp-site set a.example "cache_ttl_seconds=$free" >"$ROOT/log" 2>&1 || got=$?
		rm "$lib/filler"
		[[ $got == [08] || $got == 71 ]] || { echo "$free KiB: $got"; cat "$ROOT/log"; return 1; }
		if [ $got = 0 ]; then
			done=$((done + 1))
		else
			refused=$((refused + 1))
			grep -qE 'full|No space left|taken back' "$ROOT/log" || { echo "$free KiB:"; cat "$ROOT/log"; return 1; }
			[ "$files" = "$(tree)" ] || { echo "$free KiB: $got, half done"; cat "$ROOT/log"; return 1; }
		fi
		status 0 hp-vhost apply
		status 0 hp-vhost plan
		status 0 hp-vhost verify
	done
	echo "$refused refused, $done done"
	[ $refused -gt 0 ] && [ $done -gt 0 ]
}

@test "two applies at once, of an older and a newer document: the newer one stands" {
	for i in 1 2 3 4 5; do
		hp-site set a.example "cache_ttl_seconds=$i" cache_enabled=yes --no-apply -q
		hp-node state >"$ROOT/older"
		hp-site set a.example "cache_ttl_seconds=$((i + 100))" --no-apply -q
		hp-node state >"$ROOT/newer"
		for doc in older newer; do
			command hp-vhost --sysroot="$ROOT" apply - <"$ROOT/$doc" >"$ROOT/$doc.out" 2>&1 3>&- &
			eval "$doc=\$!"
		done
		# shellcheck disable=SC2154
		wait "$older"
		# shellcheck disable=SC2154
		wait "$newer"
		is "$(tail -n 1 "$ROOT/newer.out")" '.exit == 0 and .result == "applied"'
		is "$(tail -n 1 "$ROOT/older.out")" '.exit == 0'
		grep -q "max-age=$((i + 100))\|expires.*$((i + 100))" "$ROOT/etc/nginx/sites-available/a.example.conf"
		status 0 hp-vhost plan
		status 0 hp-vhost verify
	done
}

@test "eight commands at once: each done, none lost" {
	pids=()
	for i in 1 2 3 4 5 6 7 8; do
		command hp-site --sysroot="$ROOT" add "s$i.example" tenant=acme --wait=120 >"$ROOT/$i.out" 2>&1 3>&- &
		pids+=($!)
	done
	for p in "${pids[@]}"; do wait "$p" || { cat "$ROOT"/*.out; return 1; }; done
	status 0 hp-site list --json
	is "$out" 'length == 9'
	for i in 1 2 3 4 5 6 7 8; do [ -e "$ROOT/etc/nginx/sites-available/s$i.example.conf" ]; done
	status 0 hp-vhost plan
	status 0 hp-vhost verify
}
