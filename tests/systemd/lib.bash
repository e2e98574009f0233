# lib.bash: a booted Debian 12 with NGINX and PHP-FPM for the tests of this folder (bats).

# machine_up [PACKAGE …]: makes and boots one in $dir (exported), from $HP_BUILDDIR's world.
machine_up() {
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	export dir
	. "$top/tests/lib/machine.sh"
	dir=$(mktemp -d /var/tmp/hp-machine.XXXXXX)
	chmod 0755 "$dir"
	tar -C "$dir" --numeric-owner -xpf "$("$top/tests/lib/machine-php" "$@")"
	machine_again
}

# machine_installed [PACKAGE …]: the same, with the build installed in it.
machine_installed() {
	local build=${HP_BUILDDIR:-$BATS_TEST_DIRNAME/../..} p
	machine_up "$@"
	make -s -C "$build" install DESTDIR="$dir" >"$BATS_FILE_TMPDIR/install" 2>&1 3>&- ||
		{ cat "$BATS_FILE_TMPDIR/install" >&2; return 1; }
	for p in "$dir"/usr/local/bin/hp-site "$dir"/usr/local/lib/hosting-panel/*.so; do
		machine_libraries "$p"
	done
}

# machine_without_leaks: a build with sanitizers looks for leaks by ptrace(2), which no unit's sandbox lets it.
machine_without_leaks() {
	mkdir -p "$dir/etc/systemd/system.conf.d"
	printf '[Manager]\nDefaultEnvironment=ASAN_OPTIONS=detect_leaks=0\n' >"$dir/etc/systemd/system.conf.d/asan.conf"
}

# machine_again: boots it (once more). Its pids are kept in a file: a test's variables die with it.
machine_again() {
	. "$BATS_TEST_DIRNAME/../lib/machine.sh"
	machine_boot "$dir" --private-network 3>&- || { machine_stop; return 1; }
	echo "machine_pid=$machine_pid machine_nspawn=$machine_nspawn machine_name=$machine_name" >"$dir.env"
}

machine_off() {
	. "$BATS_TEST_DIRNAME/../lib/machine.sh"
	. "$dir.env"
	machine_stop
}

# machine_libraries PROGRAM: what a build with sanitizers brings besides Debian's own.
machine_libraries() {
	ldd "$1" | awk '/lib(a|ub)san/ {print $3}' | xargs -r -I{} cp -L {} "$dir/usr/lib/x86_64-linux-gnu/"
}

machine_down() {
	[ -n "${dir:-}" ] || return 0
	[ ! -f "$dir.env" ] || machine_off
	rm -rf "$dir" "$dir.console" "$dir.env"
}

# counted UNIT: do this machine's control groups count what it runs? Elsewhere limits are each process's own, and
# where the kernel lets nobody change those, a new master gets them.
counted() { [ "$(in_machine systemctl show -p TasksCurrent --value "$1")" != "[not set]" ]; }

in_machine() {
	. "$BATS_TEST_DIRNAME/../lib/machine.sh"
	. "$dir.env"
	machine_run env ASAN_OPTIONS=detect_leaks=0 "$@"
}
