#!/usr/bin/env bats
# The unit of a website's PHP says what it may not call: the list has to keep up with what there is.

unit=$BATS_TEST_DIRNAME/../../templates/systemd/php-fpm.service

expand() { # expand NAME|@SET …: the system calls in them
	local n
	for n; do
		case $n in
		@*) expand $(systemd-analyze syscall-filter --no-pager "$n" | sed -n 's/^    \([a-z@_0-9-]*\)$/\1/p') ;;
		*) echo "$n" ;;
		esac
	done
}

setup() {
	command -v systemd-analyze >/dev/null || skip "no systemd-analyze here"
	cd "$BATS_TEST_TMPDIR"
	echo '#include <sys/syscall.h>' | gcc -E -dM - | sed -n 's/^#define __NR_\([a-z0-9_]*\) .*/\1/p' | sort -u >there
	expand @system-service @default | sort -u >services
	expand $(sed -n 's/^SystemCallFilter=~//p' "$unit") | sort -u >refused
	sed -n 's/^SystemCallFilter=\([^~@]\)/\1/p' "$unit" | sort -u >again
	[ "$(wc -l <there)" -gt 300 ] && [ "$(wc -l <services)" -gt 300 ]
}

@test "what a system service does not need is refused, but for what does no harm" {
	# without an implementation, about the caller's own memory, or a filter of its own
	tr -s ' \t' '\n' >names <<-E
		afs_syscall create_module get_kernel_syms getpmsg putpmsg query_module security tuxcall vserver
		sysfs ustat mincore memfd_secret pkey_alloc pkey_free pkey_mprotect process_mrelease
		landlock_add_rule landlock_create_ruleset landlock_restrict_self seccomp
	E
	# the kernel's log is refused by ProtectKernelLogs
	grep -qx ProtectKernelLogs=yes "$unit"
	echo syslog >>names
	run bash -c "comm -23 there services | comm -23 - refused | grep -vxF -f names"
	echo "$output"
	[ -z "$output" ]
}

@test "what is let through again is little" {
	run tr '\n' ' ' <again
	[ "$output" = "ptrace setpriority " ]
}

@test "it is short: systemd keeps it for each website" {
	# with 96 its table takes 2 KiB, with one more 4
	n=$(wc -l <refused)
	echo "$n system calls"
	[ "$n" -le 96 ]
}
