# shellcheck shell=bash
# vm.sh: a machine's folder (machine.sh, with $VM_KERNEL installed) booted with its own kernel under QEMU,
# for what namespaces can't show: control groups that count. Root only; bash, to be sourced.
# Emulated, on two CPUs with 1 GiB, and without a network. HP_VM_ACCEL=kvm where that works is much faster.

# shellcheck disable=SC2034 # for those who source this
VM_KERNEL=linux-image-cloud-amd64
# no machine lives longer than this, whatever becomes of the test
VM_SECONDS=2400

# vm_lacks: why it can't be; fails when it can.
vm_lacks() {
	local p
	for p in qemu-system-x86_64 mke2fs; do
		command -v "$p" >/dev/null || { echo "$p is missing: tools/packages install vm"; return 0; }
	done
	[ "$(dpkg --print-architecture)" = amd64 ] || { echo "the machines of tests/lib/vm.sh are amd64 ones"; return 0; }
	return 1
}

# vm_boot DIR: boots a copy of it and waits until it is up. Sets vm_pid, and vm_socket for vm_run.
vm_boot() {
	local dir=$1 i
	vm_socket=$dir.shell
	install -m 0755 "$(dirname "${BASH_SOURCE[0]}")/vm-shell" "$dir/usr/local/sbin/vm-shell"
	cat >"$dir/etc/systemd/system/vm-shell.service" <<-'UNIT'
		[Unit]
		Description=Commands of the test
		[Service]
		ExecStart=/usr/local/sbin/vm-shell serve /dev/virtio-ports/vm-shell
		Environment=HOME=/root LANG=C.UTF-8 TERM=dumb ASAN_OPTIONS=detect_leaks=0
		OOMScoreAdjust=-1000
		[Install]
		WantedBy=multi-user.target
	UNIT
	ln -sf ../vm-shell.service "$dir/etc/systemd/system/multi-user.target.wants/vm-shell.service"
	# what takes a minute of emulated start and is of no use here
	ln -sf /dev/null "$dir/etc/systemd/system/e2scrub_reap.service"
	mke2fs -q -t ext4 -E lazy_itable_init=1 -d "$dir" "$dir.img" 3G
	timeout --kill-after=10 "$VM_SECONDS" qemu-system-x86_64 -accel "${HP_VM_ACCEL:-tcg}" -cpu max -M q35 -smp 2 -m 1024 \
		-nodefaults -nic none -display none -no-reboot -serial "file:$dir.console" \
		-kernel "$(echo "$dir"/boot/vmlinuz-*)" -initrd "$(echo "$dir"/boot/initrd.img-*)" \
		-append "root=/dev/vda rw console=ttyS0 panic=-1 net.ifnames=0" \
		-drive "file=$dir.img,format=raw,if=virtio,cache=unsafe" \
		-chardev "socket,id=shell,path=$vm_socket,server=on,wait=off" \
		-device virtio-serial -device virtserialport,chardev=shell,name=vm-shell </dev/null >"$dir.qemu" 2>&1 &
	vm_pid=$!
	for ((i = 0; i < 300; i++)); do
		[ ! -S "$vm_socket" ] || break
		kill -0 "$vm_pid" 2>/dev/null || break
		sleep 0.1
	done
	# the first answer comes when multi-user.target has been reached
	if [ "$(VM_PATIENCE=600 vm_run systemctl is-system-running --wait)" = running ]; then
		return 0
	fi
	echo "vm_boot: $dir did not come up; its console:" >&2
	tail -n 20 "$dir.qemu" "$dir.console" >&2
	vm_run systemctl --failed --no-legend >&2 || true
	return 1
}

# vm_run COMMAND [ARG …]: inside, as root; for VM_PATIENCE seconds (180) at the most.
vm_run() {
	"$(dirname "${BASH_SOURCE[0]}")/vm-shell" run "$vm_socket" "${VM_PATIENCE:-180}" /usr/bin/env "$@"
}

# vm_stop: the power is cut; by pid.
vm_stop() {
	[ -n "${vm_pid:-}" ] || return 0
	kill "$vm_pid" 2>/dev/null || true
	wait "$vm_pid" 2>/dev/null || true
	vm_pid=
}
