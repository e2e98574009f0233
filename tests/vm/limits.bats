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
	in_machine hp-site add a.example tenant=demo
	in_machine hp-site add b.example tenant=demo
	in_machine hp-site add c.example tenant=demo memory_max=128M cpu_quota=50 tasks_max=60 php_max_children=6 \
		php_max_execution_time=15
	for d in a b c; do
		install -m 0644 "$BATS_TEST_DIRNAME/attack.php" "$dir/var/www/vhosts/$d.example/attack.php"
	done
	cat >"$dir/usr/local/sbin/watch-neighbour" <<-'SH'
		#!/bin/bash
		# a line a second: status and seconds of b.example, seconds that a new unit's process takes, tasks and
		# bytes of memory of site $1
		group=/sys/fs/cgroup$(systemctl show -p ControlGroup --value "php8.2-fpm@$1.service")
		for (( ; ; )); do
			web=$(curl -sS -m 60 -o /dev/null -w '%{http_code} %{time_total}' -H 'Host: b.example' 'http://127.0.0.1/attack.php?do=who' 2>&1)
			start=${EPOCHREALTIME/./}
			systemd-run --quiet --wait true
			echo "$web $(((${EPOCHREALTIME/./} - start) / 1000000)) $(cat "$group/pids.current" || echo 0) $(cat "$group/memory.current" || echo 0)"
			sleep 1
		done
	SH
	cat >"$dir/usr/local/sbin/take" <<-'SH'
		#!/bin/bash
		# take SITE SECONDS: microseconds of processor time and periods held back, in microseconds by the clock
		group=/sys/fs/cgroup$(systemctl show -p ControlGroup --value "php8.2-fpm@$1.service")
		now() { echo "${EPOCHREALTIME/./} $(awk '$1 == "usage_usec" || $1 == "nr_throttled" {print $2}' "$group/cpu.stat" | tr '\n' ' ')"; }
		read -r t u n <<<"$(now)"
		sleep "$2"
		read -r t2 u2 n2 <<<"$(now)"
		echo "$((u2 - u)) $((n2 - n)) $((t2 - t))"
	SH
	cat >"$dir/usr/local/sbin/figure" <<-'SH'
		#!/bin/bash
		group=/sys/fs/cgroup$(systemctl show -p ControlGroup --value "php8.2-fpm@$1.service")
		[ $# = 3 ] || exec cat "$group/$2"
		while read -r key value; do [ "$key" != "$3" ] || echo "$value"; done <"$group/$2"
	SH
	chmod 0755 "$dir"/usr/local/sbin/{watch-neighbour,take,figure}
	machine_off
	rm "$dir.env"
	vm_boot "$dir" 3>&- || { vm_stop; return 1; }
	echo "vm_pid=$vm_pid vm_socket=$vm_socket" >"$dir.vm"
	# in the folder no control group counted, here they do: other units
	VM_PATIENCE=400 in_vm hp-vhost apply
	in_vm systemctl try-restart 'php8.2-fpm@*.service'
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
	in_vm curl -sS -m 60 -H "Host: $1.example" "http://127.0.0.1/attack.php?$2"
}
# of SITE FILE [KEY]: what its control group's file says, or says behind this key
of() {
	in_vm figure "$@"
}
# what must be the same behind an attack as before it
world() {
	in_vm sh -c 'systemctl show -p MainPID --value nginx dbus systemd-journald php8.2-fpm@site2.service | xargs
		systemctl is-system-running'
}
# attack SITE: it is being watched from now on, as is everybody else
attack() {
	local s
	for s in a b c; do recovers $s; done
	world >"$BATS_TEST_TMPDIR/world"
	cat "$BATS_TEST_TMPDIR/world"
	killed=$(in_vm awk '/^oom_kill / {print $2}' /proc/vmstat)
	killed_here=$(of "$1" memory.events oom_kill)
	refused=$(of "$1" pids.events max)
	in_vm systemd-run --quiet --unit=watch sh -c "exec watch-neighbour $1 >/run/watch"
}
teardown() { in_vm systemctl stop watch 2>/dev/null || true; }
# bystanders LINES: watched so often at least, everybody else was served in bounded time, and nobody has ended
bystanders() {
	in_vm systemctl stop watch
	in_vm cat /run/watch
	in_vm awk -v lines="$1" '$1 != 200 || $2 > 20 || $3 > 20 { bad = 1 } END { exit bad || NR < lines }' /run/watch
	world >"$BATS_TEST_TMPDIR/after"
	diff "$BATS_TEST_TMPDIR/world" "$BATS_TEST_TMPDIR/after"
}
most() { in_vm awk -v "c=$1" '$c > m { m = $c } END { printf "%d\n", m }' /run/watch; }
# recovers X: by itself X.example answers again
recovers() {
	local i
	for ((i = 0; i < 30; i++)); do
		[[ $(get "$1" do=who || true) != site? ]] || return 0
		sleep 2
	done
	echo "$1.example does not answer any more"
	return 1
}

@test "the kernel counts: the sites' groups have the units' limits" {
	! in_vm grep prlimit /etc/systemd/system/php8.2-fpm@.service
	get a do=who
	[ "$(of site1 pids.max)" = 512 ]
	total=$(in_vm awk '/^MemTotal/ {print $2 * 1024}' /proc/meminfo)
	max=$(of site1 memory.max)
	[ "$max" -gt $((total * 45 / 100)) ] && [ "$max" -lt $((total * 55 / 100)) ]
	[ "$(of site1 memory.swap.max)" = 0 ]
	get c do=who
	[ "$(of site3 pids.max) $(of site3 memory.max) $(of site3 cpu.max)" = "60 $((128 << 20)) 50000 100000" ]
}

@test "a fork bomb has 512 tasks, or tasks_max, and no more; everybody else goes on, and it ends" {
	for x in "a site1 512" "c site3 60"; do
		read -r s site max <<<"$x"
		attack "$site"
		get $s 'do=bomb&s=25'
		sleep 30
		recovers $s
		bystanders 3
		[ "$(most 4)" -le "$max" ] && [ "$(most 4)" -gt $((max / 2)) ]
		[ "$(of "$site" pids.events max)" -gt "$refused" ]
		[ "$(of "$site" pids.current)" -lt 20 ]
	done
}

@test "a memory hog of many processes has half of the memory, or memory_max; only its own are killed" {
	for x in "a site1 12" "c site3 4"; do
		read -r s site n <<<"$x"
		attack "$site"
		get $s "do=hog&n=$n&s=25"
		sleep 30
		recovers $s
		bystanders 3
		[ "$(most 5)" -le "$(of "$site" memory.max)" ]
		[ "$(of "$site" memory.events oom_kill)" -gt "$killed_here" ]
		# whom the kernel killed on all of the machine
		[ $(($(in_vm awk '/^oom_kill / {print $2}' /proc/vmstat) - killed)) = \
			$(($(of "$site" memory.events oom_kill) - killed_here)) ]
	done
}

@test "a memory hog has none of the swap" {
	in_vm sh -c 'dd if=/dev/zero of=/swap bs=1M count=300 status=none && chmod 0600 /swap && mkswap -q /swap && swapon /swap'
	attack site3
	get c 'do=hog&n=4&s=15'
	sleep 12
	swapped=$(of site3 memory.swap.current)
	sleep 6
	recovers c
	in_vm swapoff /swap
	bystanders 3
	[ "$swapped" = 0 ]
	[ "$(of site3 memory.events oom_kill)" -gt "$killed_here" ]
}

@test "busy loops in every process have the quota, and the time that a request may take ends them" {
	attack site3
	# more than there are processes: what is left waits for them
	in_vm sh -c 'for i in 1 2 3 4 5 6 7 8; do
		curl -sS -m 100 -o /dev/null -H "Host: c.example" "http://127.0.0.1/attack.php?do=spin" & done >/dev/null 2>&1 </dev/null'
	sleep 2
	read -r used held clock <<<"$(in_vm take site3 8)"
	echo "$used of $clock us, held back $held times"
	# half of one processor of two, and a little for how it is counted
	[ "$used" -gt $((clock * 30 / 100)) ] && [ "$used" -lt $((clock * 60 / 100)) ]
	[ "$held" -gt 20 ]
	# 15 and 5 seconds by the clock
	for ((i = 0; i < 40; i++)); do
		[ "$(of site3 pids.current)" -gt 1 ] || break
		sleep 3
	done
	in_vm grep -c 'execution timed out' /var/log/hosting-panel/sites/c.example/php-fpm.log
	recovers c
	bystanders 3
}
