#!/usr/bin/env bats
# A website of which a path has another PHP version, on a machine with systemd: two instances of two template units
# that start, sleep, wake, have limits and end each for itself. 8.1 is what tests/lib/php-versions has.

load lib

setup_file() {
	[ "$(id -u)" = 0 ] || skip "root is needed"
	[ "$(uname -m)" = x86_64 ] || skip "the other PHPs are for x86-64"
	local top
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	machine_installed
	# at the same place: they look for their libraries there
	. "$top/tests/lib/machine.sh"
	mkdir -p "$dir/etc/hosting-panel" "$dir$HP_TEST_CACHE/php"
	"$top/tests/lib/php-versions" 8.1 >"$dir/etc/hosting-panel/hosting-panel.conf"
	printf '[php]\nidle_timeout = 1s\nchild_idle_timeout = 1s\n' >>"$dir/etc/hosting-panel/hosting-panel.conf"
	cp -a "$HP_TEST_CACHE/php/8.1" "$dir$HP_TEST_CACHE/php/"
	in_machine systemctl daemon-reload
	in_machine hp-db init
	in_machine hp-tenant add demo
	in_machine hp-site add a.example tenant=demo
	in_machine hp-site add b.example tenant=demo php_version=8.1
	pages a.example site1
	pages b.example site2
}

teardown_file() { machine_down; }

pages() { # pages DOMAIN USER
	in_machine sh -c "mkdir -p /var/www/vhosts/$1/legacy
		echo '<?php echo PHP_MAJOR_VERSION, \".\", PHP_MINOR_VERSION, \" \", get_current_user();' |
			tee /var/www/vhosts/$1/x.php >/var/www/vhosts/$1/legacy/x.php
		chown -R $2:$2 /var/www/vhosts/$1/legacy /var/www/vhosts/$1/x.php"
}
says() { # says DOMAIN PATH TEXT
	local got
	got=$(in_machine curl -sS -m 20 -H "Host: $1" "http://127.0.0.1$2")
	[ "$got" = "$3" ] || { echo "$1$2: $got, not $3"; return 1; }
}
master() { in_machine systemctl show -p MainPID --value "php$1-fpm@$2.service"; }
socket() { in_machine systemctl is-active "php$1-fpm@$2.socket" || true; }
units() { # units USER: what systemd knows of its instances, when it has forgotten what it will forget
	local i left
	for ((i = 0; i < 50; i++)); do
		left=$(in_machine systemctl list-units --all --no-legend --plain "php*-fpm@$1.*" | awk '{ print $1, $3 }')
		[ "$left" != "$2" ] || return 0
		sleep 0.1
	done
	echo "units: $left, not $2"
	return 1
}
limits() { in_machine systemctl show -p MemoryMax -p TasksMax -p CPUQuotaPerSecUSec "php$1-fpm@$2.service" | sort | tr '\n' ' '; }
sleeping() { # sleeping VERSION USER: after hp-php idle has been asked often enough
	local i
	for ((i = 0; i < 10; i++)); do
		[ "$(master "$1" "$2")" != 0 ] || return 0
		sleep 1.5
		in_machine hp-php idle
	done
	return 1
}

@test "a path gets its version: a socket more, and nobody else is touched" {
	says b.example /x.php "8.1 site2"
	says a.example /legacy/x.php "8.2 site1"
	before=$(master 8.1 site2) own=$(master 8.2 site1)
	in_machine hp-site set a.example php_version@/legacy=8.1
	says a.example /legacy/x.php "8.1 site1"
	says a.example /x.php "8.2 site1"
	[ "$(master 8.1 site2) $(master 8.2 site1)" = "$before $own" ]
	[ "$(socket 8.1 site1) $(socket 8.2 site1)" = "active active" ]
	[ "$(in_machine readlink /run/hosting-panel/php/site1.sock)" = 8.2/site1.sock ]
	[ "$(in_machine systemctl show -p NeedDaemonReload --value php8.1-fpm@site1.service)" = no ]
	in_machine hp-vhost verify
	[[ $(in_machine hp-site set a.example php_version@/legacy=8.1 --json) == *'"changed":false'* ]]
}

@test "each wakes at its own request, and hp-php idle puts each to sleep" {
	in_machine systemctl stop php8.1-fpm@site1.service php8.2-fpm@site1.service
	says a.example /legacy/x.php "8.1 site1"
	[ "$(master 8.2 site1)" = 0 ]
	[ "$(master 8.1 site1)" != 0 ]
	out=$(in_machine hp-php show a.example --json)
	jq -e '.applied_version == "8.2" and (.path_instances[0] | .version == "8.1" and .paths == ["/legacy"])' <<<"$out" ||
		{ echo "$out"; return 1; }
	sleeping 8.1 site1
	sleeping 8.2 site1
	[ "$(socket 8.1 site1) $(socket 8.2 site1)" = "active active" ]
	in_machine hp-vhost verify
	says a.example /legacy/x.php "8.1 site1"
	[ "$(master 8.2 site1)" = 0 ]
	says a.example /x.php "8.2 site1"
}

# systemd tells what it was set to, also where the machine's control groups count nothing
@test "limits are set on both instances, without a restart, and go from both; a neighbour has its own" {
	standard=$(limits 8.1 site1)
	says a.example /legacy/x.php "8.1 site1"
	says a.example /x.php "8.2 site1"
	in_machine hp-site set b.example tasks_max=77
	in_machine hp-site set a.example memory_max=256M
	says a.example /legacy/x.php "8.1 site1"
	before=$(master 8.1 site1)
	in_machine hp-site set a.example cpu_quota=50 tasks_max=40
	for v in 8.1 8.2; do
		[ "$(limits $v site1)" = "CPUQuotaPerSecUSec=500ms MemoryMax=$((256 << 20)) TasksMax=40 " ] ||
			{ echo "$v: $(limits $v site1)"; return 1; }
	done
	[[ $(limits 8.1 site2) == *"CPUQuotaPerSecUSec=infinity "*"TasksMax=77 "* ]]
	! counted php8.1-fpm@site1.service || [ "$(master 8.1 site1)" = "$before" ]
	# also for an instance that slept meanwhile, and for a further one
	in_machine systemctl stop php8.1-fpm@site1.service
	in_machine hp-site set a.example tasks_max=41
	says a.example /legacy/x.php "8.1 site1"
	[[ $(limits 8.1 site1) == *"TasksMax=41 "* ]]
	in_machine hp-site set a.example memory_max= cpu_quota= tasks_max=
	in_machine hp-site set b.example tasks_max=
	[ "$(limits 8.1 site1)" = "$standard" ]
	in_machine sh -c '! ls -d /run/systemd/system.control/php*@site*'
}

@test "suspended both are gone, resumed both are back" {
	in_machine hp-site suspend a.example
	units site1 ""
	in_machine sh -c '! ls /run/hosting-panel/php/site1.sock /run/hosting-panel/php/8.*/site1.sock'
	says b.example /x.php "8.1 site2"
	in_machine hp-vhost verify
	in_machine hp-site resume a.example
	says a.example /legacy/x.php "8.1 site1"
	says a.example /x.php "8.2 site1"
}

@test "the versions change places, and a failure leaves each where it was" {
	in_machine hp-site set a.example php_version=8.1 php_version@/legacy=8.2
	says a.example /x.php "8.1 site1"
	says a.example /legacy/x.php "8.2 site1"
	in_machine sh -c 'mkdir -p /etc/hosting-panel/custom/a.example/nginx
		echo "bogus;" >/etc/hosting-panel/custom/a.example/nginx/x.conf'
	run in_machine hp-site set a.example php_version=8.2 php_version@/legacy=8.1
	[ "$status" = 7 ]
	in_machine rm -r /etc/hosting-panel/custom/a.example
	says a.example /x.php "8.1 site1"
	says a.example /legacy/x.php "8.2 site1"
	# the path's version becomes the website's: one instance is enough
	in_machine hp-site set a.example php_version=8.2
	says a.example /x.php "8.2 site1"
	says a.example /legacy/x.php "8.2 site1"
	units site1 $'php8.2-fpm@site1.service active\nphp8.2-fpm@site1.socket active'
	in_machine sh -c '! ls /run/hosting-panel/php/8.1/site1.sock /etc/hosting-panel/php/8.1/site1.conf'
	in_machine hp-site set a.example php_version@/legacy=8.1
	in_machine hp-vhost verify
}

@test "killed or stopped by hand it comes back" {
	says a.example /legacy/x.php "8.1 site1"
	in_machine kill -KILL "$(master 8.1 site1)"
	says a.example /legacy/x.php "8.1 site1"
	in_machine systemctl stop php8.1-fpm@site1.socket
	run in_machine hp-vhost verify
	[ "$status" = 1 ]
	[[ $output == *"/run/hosting-panel/php/8.1/site1.sock"* ]]
	in_machine hp-vhost apply
	says a.example /legacy/x.php "8.1 site1"
	in_machine hp-vhost verify
}

@test "its PHP is uninstalled: others go on, and what needs it says so" {
	in_machine sh -c 'cp /etc/hosting-panel/hosting-panel.conf /root/keep
		sed -i "/8.1/,/^extension_dir/d" /etc/hosting-panel/hosting-panel.conf'
	in_machine hp-site add c.example tenant=demo
	says a.example /legacy/x.php "8.1 site1"
	run in_machine hp-site set a.example gzip_enabled=false
	[ "$status" != 0 ]
	[[ $output == *"PHP 8.1 is not installed"* ]]
	in_machine hp-site suspend a.example
	run in_machine hp-site resume a.example
	[ "$status" != 0 ]
	[[ $output == *"PHP 8.1 is not installed"* ]]
	in_machine cp /root/keep /etc/hosting-panel/hosting-panel.conf
	in_machine hp-site resume a.example
	says a.example /legacy/x.php "8.1 site1"
	in_machine hp-site remove c.example --yes
	in_machine hp-vhost verify
}

@test "after a boot both answer" {
	in_machine systemctl enable hosting-panel-recover.service
	in_machine hp-site set a.example tasks_max=60
	machine_off
	machine_again
	says a.example /legacy/x.php "8.1 site1"
	says a.example /x.php "8.2 site1"
	[[ $(limits 8.1 site1) == *"TasksMax=60 "* && $(limits 8.2 site1) == *"TasksMax=60 "* ]]
	in_machine hp-vhost verify
}

@test "removed, it leaves no unit, socket, file, limit or user behind" {
	in_machine hp-site remove a.example --yes
	units site1 ""
	in_machine sh -c '! getent passwd site1'
	left=$(in_machine sh -c 'find /etc/hosting-panel /run/hosting-panel /run/systemd/system.control /etc/systemd/system \
		/etc/nginx -name "*site1*" -o -name "*a.example*" 2>/dev/null')
	[ -z "$left" ] || { echo "left: $left"; return 1; }
	says b.example /x.php "8.1 site2"
	in_machine hp-vhost verify
}
