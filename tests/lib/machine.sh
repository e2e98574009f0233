# shellcheck shell=bash
# machine.sh: whole Debian machines with systemd as PID 1, booted from a folder (bash, to be sourced).
# Root only. Folders are made from a base image that is kept in $HP_TEST_CACHE.

HP_TEST_CACHE=${HP_TEST_CACHE:-/var/cache/hosting-panel-tests}

# machine_base: the base image (a bare Debian 12 with systemd) as a tar file; made when missing.
machine_base() {
	local tar=$HP_TEST_CACHE/debian-12.tar
	if [ ! -s "$tar" ]; then
		mkdir -p "$HP_TEST_CACHE"
		mmdebstrap --quiet --format=tar --variant=apt --include=systemd-sysv,dbus,ca-certificates \
			bookworm "$tar.$$" >&2
		mv "$tar.$$" "$tar"
	fi
	echo "$tar"
}

# machine_make DIR: a machine's root folder. apt is set up as on this machine.
machine_make() {
	local dir=$1 tar
	tar=$(machine_base)
	mkdir -p "$dir"
	tar -C "$dir" --numeric-owner -xpf "$tar"
	rm -rf "$dir/etc/apt/sources.list" "$dir/etc/apt/sources.list.d"
	mkdir -p "$dir/etc/apt/sources.list.d"
	cp /etc/apt/sources.list "$dir/etc/apt/" 2>/dev/null || true
	# grep's status says nothing here: with -L it depends on grep's version
	{ grep -ls bookworm /etc/apt/sources.list.d/* || true; } |
		xargs -r cp -t "$dir/etc/apt/sources.list.d/"
	{ grep -LsE '(/usr/bin|/bin/)|docker' /etc/apt/apt.conf.d/* || true; } |
		xargs -r cp -t "$dir/etc/apt/apt.conf.d/"
	echo "${dir##*/}" >"$dir/etc/hostname"
	# as Debian's installer writes it; a debootstrapped root has none
	printf '127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n' >"$dir/etc/hosts"
	rm -f "$dir/etc/resolv.conf"
	cp -L /etc/resolv.conf "$dir/etc/resolv.conf"
}

# machine_cgroup NAME: this (sub)shell into control groups of its own, or two machines at once would
# share theirs: units of the same name, each with the other's processes.
machine_cgroup() {
	local top
	for top in /sys/fs/cgroup /sys/fs/cgroup/systemd /sys/fs/cgroup/unified; do
		[ -w "$top/cgroup.procs" ] || continue
		mkdir -p "$top/$1"
		echo "$BASHPID" >"$top/$1/cgroup.procs"
	done
}

# machine_boot DIR [NSPAWN-OPTION …]: boot it and wait until it is up. Sets machine_pid (its PID 1
# as seen from here) and machine_nspawn (ours to stop).
machine_boot() {
	local dir=$1 i unit=()
	shift
	# Without systemd nobody makes a scope for it; with, it needs one of its own.
	[ -d /run/systemd/system ] || unit=(--keep-unit)
	machine_name=${dir##*/}
	(
		[ -d /run/systemd/system ] || machine_cgroup "$machine_name"
		exec systemd-nspawn --quiet --boot -D "$dir" --machine="hp-$$-$machine_name" --register=no \
			"${unit[@]}" --resolv-conf=off --timezone=off --console=pipe "$@"
	) </dev/null >"$dir.console" 2>&1 &
	machine_nspawn=$!
	machine_pid=
	for ((i = 0; i < 300; i++)); do
		machine_pid=$(pgrep -P "$machine_nspawn" | head -n 1) || true
		if [ -n "$machine_pid" ]; then
			case $(machine_run systemctl is-system-running 2>/dev/null) in
			running | degraded) return 0 ;;
			esac
		fi
		kill -0 "$machine_nspawn" 2>/dev/null || break
		sleep 0.2
	done
	echo "machine_boot: $dir did not come up; its console:" >&2
	tail -n 20 "$dir.console" >&2
	return 1
}

# machine_run COMMAND [ARG …]: run it inside as root, with a fresh environment.
machine_run() {
	nsenter --target "$machine_pid" --cgroup --mount --uts --ipc --net --pid --root --wd \
		env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
		LANG=C.UTF-8 TERM=dumb CI="${CI:-}" "$@"
}

# machine_stop: end it, by pid.
machine_stop() {
	[ -n "${machine_nspawn:-}" ] || return 0
	[ -z "${machine_pid:-}" ] || kill -s RTMIN+4 "$machine_pid" 2>/dev/null || true
	local i
	for ((i = 0; i < 50; i++)); do
		kill -0 "$machine_nspawn" 2>/dev/null || break
		sleep 0.2
	done
	# it has gone by now, or is another shell's child: both are fine, under set -e, too
	kill "$machine_nspawn" 2>/dev/null || true
	wait "$machine_nspawn" 2>/dev/null || true
	machine_nspawn='' machine_pid=''
	[ -z "${machine_name:-}" ] ||
		find /sys/fs/cgroup -depth -type d -path "*/$machine_name*" -exec rmdir {} + 2>/dev/null || true
	return 0
}
