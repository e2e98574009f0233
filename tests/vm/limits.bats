#!/usr/bin/env bats
# What a website takes of its machine, on a kernel of its own whose control groups count (tests/lib/vm.sh): a fork
# bomb, a memory hog and busy loops from its PHP, beside a neighbour. Emulated: times are wide.

load ../systemd/lib

setup_file() {
	[ "$(id -u)" = 0 ] || skip "root is needed"
	. "$BATS_TEST_DIRNAME/../lib/vm.sh"
	local d lacks
	! lacks=$(vm_lacks) || skip "$lacks"
	# set up where that is fast
	machine_installed "$VM_KERNEL"
	machine_without_leaks
	in_machine systemctl daemon-reload
	in_machine systemctl -q enable hosting-panel-recover.service
	in_machine hp-db init
	in_machine hp-tenant add demo
	for d in a b; do
		in_machine hp-site add $d.example tenant=demo php_max_execution_time=20 php_max_children=6
		install -m 0644 "$BATS_TEST_DIRNAME/attack.php" "$dir/var/www/vhosts/$d.example/attack.php"
	done
	cat >"$dir/usr/local/bin/watch-neighbour" <<-'SH'
		#!/bin/bash
		# a line a second: status and seconds of b.example, seconds that a new unit's process takes, tasks and
		# bytes of memory that a.example has
		a=/sys/fs/cgroup$(systemctl show -p ControlGroup --value php8.2-fpm@site1.service)
		for (( ; ; )); do
			web=$(curl -sS -m 60 -o /dev/null -w '%{http_code} %{time_total}' -H 'Host: b.example' 'http://127.0.0.1/attack.php?do=who' 2>&1)
			start=${EPOCHREALTIME/./}
			systemd-run --quiet --wait true
			echo "$web $(((${EPOCHREALTIME/./} - start) / 1000000)) $(cat "$a/pids.current" 2>/dev/null || echo 0) $(cat "$a/memory.current" 2>/dev/null || echo 0)"
			sleep 1
		done
	SH
	chmod 0755 "$dir/usr/local/bin/watch-neighbour"
	machine_off
	rm "$dir.env"
	vm_boot "$dir" 3>&- || { vm_stop; return 1; }
	echo "vm_pid=$vm_pid vm_socket=$vm_socket" >"$dir.vm"
}

teardown_file() {
	[ -n "${dir:-}" ] || return 0
	. "$BATS_TEST_DIRNAME/../lib/vm.sh"
	if [ -f "$dir.vm" ]; then
		. "$dir.vm"
		vm_stop
	fi
	machine_down
	rm -f "$dir".{img,shell,qemu,console,vm}
}

in_vm() {
	. "$BATS_TEST_DIRNAME/../lib/vm.sh"
	. "$dir.vm"
	vm_run "$@"
}
get() { # get DOMAIN QUERY
	in_vm curl -sS -m 60 -H "Host: $1" "http://127.0.0.1/attack.php?$2"
}
group() { in_vm systemctl show -p ControlGroup --value "php8.2-fpm@$1.service"; }
# of SITE FILE [KEY]: a number out of its control group
of() { in_vm awk -v key="${3:-}" 'key == "" || $1 == key {print $NF}' "/sys/fs/cgroup$(group "$1")/$2"; }
limits() { in_vm systemctl show -p MemoryMax -p TasksMax -p CPUQuotaPerSecUSec php8.2-fpm@site1.service | sort | tr '\n' ' '; }
# what must be the same behind an attack as before it
world() {
	in_vm sh -c 'systemctl show -p MainPID --value nginx dbus systemd-journald php8.2-fpm@site2.service | tr "\n" " "
		systemctl is-system-running'
}
setup() {
	get a.example do=who
	get b.example do=who
	world >"$BATS_TEST_TMPDIR/world"
	cat "$BATS_TEST_TMPDIR/world"
	in_vm systemctl reset-failed
	in_vm systemd-run --quiet --unit=watch sh -c 'exec watch-neighbour >/run/watch'
}
teardown() { in_vm systemctl stop watch; }
# bystanders N: in N seconds and more everybody else has been served, in bounded time, and nobody has been killed
bystanders() {
	in_vm systemctl stop watch
	in_vm cat /run/watch
	in_vm awk -v lines="$1" '$1 != 200 || $2 > 20 || $3 > 20 { bad = 1 } END { exit bad || NR < lines }' /run/watch
	world >"$BATS_TEST_TMPDIR/after"
	diff "$BATS_TEST_TMPDIR/world" "$BATS_TEST_TMPDIR/after"
}
most() { in_vm awk -v c="$1" '$c > m { m = $c } END { print m + 0 }' /run/watch; }
# recovers: by itself a.example answers again, within a minute
recovers() {
	local i
	for ((i = 0; i < 30; i++)); do
		[ "$(get a.example do=who || true)" != site1 ] || return 0
		sleep 2
	done
	return 1
}

@test "the kernel counts: the site's group has the unit's limits" {
	[[ $(limits) == *"CPUQuotaPerSecUSec=infinity "*"TasksMax=512 "* ]] || { limits; return 1; }
	[ "$(of site1 pids.max)" = 512 ]
	total=$(in_vm awk '/^MemTotal/ {print $2 * 1024}' /proc/meminfo)
	max=$(of site1 memory.max)
	[ "$max" -gt $((total * 45 / 100)) ] && [ "$max" -lt $((total * 55 / 100)) ]
	in_vm ls "/sys/fs/cgroup$(group site1)"
}
