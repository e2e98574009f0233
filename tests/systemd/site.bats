#!/usr/bin/env bats
# The whole way on a machine with systemd: the installed programs, NGINX, PHP in units.

load lib

setup_file() {
	[ "$(id -u)" = 0 ] || skip "root is needed"
	machine_installed
	in_machine systemctl daemon-reload
	install -m 0755 "$BATS_TEST_DIRNAME/../lib/smtp-sink" "$dir/usr/local/bin/"
	in_machine hp-db init
	in_machine hp-tenant add demo
}

teardown_file() { machine_down; }

page() { # page DOMAIN TEXT: index.php of the site
	in_machine sh -c "cat >/var/www/vhosts/$1/index.php" <<<"$2"
	in_machine sh -c "chown \$(stat -c %U:%U /var/www/vhosts/$1) /var/www/vhosts/$1/index.php"
}
get() { in_machine curl -sS -m 20 -H "Host: $1" "http://127.0.0.1${2:-/index.php}"; }
code() { in_machine curl -sS -m 20 -o /dev/null -w '%{http_code}' -H "Host: $1" http://127.0.0.1/index.php; }
master() { in_machine systemctl show -p MainPID --value "php8.2-fpm@$1.service"; }

@test "hp-site add: its page comes from its own PHP under its own user" {
	in_machine hp-site add a.example tenant=demo
	page a.example '<?php echo get_current_user(), " ", posix_geteuid(), " ", PHP_SAPI;'
	[ "$(get a.example)" = "site1 20001 fpm-fcgi" ]
	[ "$(in_machine systemctl is-active php8.2-fpm@site1.socket)" = active ]
	[ "$(in_machine readlink /run/hosting-panel/php/site1.sock)" = 8.2/site1.sock ]
	in_machine hp-vhost verify
}

@test "a second site leaves the first one's master alone" {
	before=$(master site1)
	[ "$before" != 0 ]
	in_machine hp-site add b.example tenant=demo
	page b.example '<?php echo get_current_user();'
	[ "$(get b.example)" = site2 ]
	[ "$(master site1)" = "$before" ]
}

@test "a setting arrives; the other site's master is the same" {
	before=$(master site2)
	page a.example '<?php echo ini_get("memory_limit");'
	in_machine hp-site set a.example php_memory_limit=97M
	[ "$(get a.example)" = 97M ]
	[ "$(master site2)" = "$before" ]
}

@test "a broken snippet is refused with its file and line, and nothing changes" {
	in_machine sh -c 'mkdir -p /etc/hosting-panel/custom/a.example/php-fpm
		echo "bogus = 1" >/etc/hosting-panel/custom/a.example/php-fpm/x.conf'
	before=$(in_machine sh -c 'find /etc/hosting-panel/php /etc/nginx -type f | sort | xargs sha256sum')
	run in_machine hp-site set a.example php_memory_limit=98M
	[ "$status" = 7 ]
	[[ $output == *"/etc/hosting-panel/custom/a.example/php-fpm/x.conf:1"* ]]
	[ "$(in_machine sh -c 'find /etc/hosting-panel/php /etc/nginx -type f | sort | xargs sha256sum')" = "$before" ]
	[ "$(get a.example)" = 97M ]
	in_machine rm -r /etc/hosting-panel/custom/a.example
}

@test "suspend: 503 and no PHP; resume: as before" {
	in_machine hp-site suspend a.example
	[ "$(code a.example)" = 503 ]
	[ "$(in_machine systemctl is-active php8.2-fpm@site1.socket || true)" = inactive ]
	[ "$(code b.example)" = 200 ]
	in_machine hp-site resume a.example
	[ "$(get a.example)" = 97M ]
}

@test "hp-php show: what sleeps is woken and says what runs" {
	in_machine systemctl stop php8.2-fpm@site1.service
	[ "$(in_machine hp-php show a.example --tsv -n -o instance,applied_version)" = $'waiting\t8.2' ]
	[ "$(master site1)" = 0 ]
	out=$(in_machine hp-php show a.example --json)
	jq -e '.sapi == "fpm-fcgi" and .uid == 20001 and .memory_limit == "97M" and .opcache == "on"
		and (.release | startswith("8.2."))' <<<"$out"
	[ "$(in_machine ps -o ppid= -p "$(jq .pid <<<"$out")" | tr -d ' ')" = "$(master site1)" ]
	# what the website itself may read is that script and its own files
	page a.example '<?php echo @file_get_contents("/etc/hosting-panel/php/8.2/site1.conf") === false ? "refused" : "read";'
	[ "$(get a.example)" = refused ]
}

@test "mail() reaches an SMTP server from inside the sandbox" {
	in_machine mkdir -p /run/sink
	in_machine systemd-run -q --unit=sink /usr/local/bin/smtp-sink /run/sink
	in_machine sh -c 'while ! [ -s /run/sink/port ]; do sleep 0.1; done
		printf "[php]\nmail_server = 127.0.0.1:%s\n" "$(cat /run/sink/port)" >/etc/hosting-panel/hosting-panel.conf'
	in_machine hp-vhost apply
	page a.example '<?php var_dump(mail("rcpt@dest.example", "a subject", "text"));'
	[ "$(get a.example)" = "bool(true)" ]
	in_machine cat /run/sink/1
	in_machine grep -q '^MAIL FROM:<site1@a.example>' /run/sink/1
	in_machine systemctl stop sink
	in_machine rm -r /etc/hosting-panel/hosting-panel.conf /run/sink
	in_machine hp-vhost apply
}

@test "the slow log is written inside the sandbox" {
	in_machine hp-site set a.example php_slowlog_seconds=1
	page a.example $'<?php\nfunction dawdle() { usleep(2500000); }\ndawdle(); echo "slow";'
	[ "$(get a.example)" = slow ]
	in_machine cat /var/log/hosting-panel/sites/a.example/php-slow.log
	in_machine grep -q 'dawdle() /var/www/vhosts/a.example/index.php:3' /var/log/hosting-panel/sites/a.example/php-slow.log
	in_machine hp-site set a.example php_slowlog_seconds=0
}

limits() { # of site1's unit
	in_machine systemctl show -p MemoryMax -p MemoryLimit -p TasksMax -p CPUQuotaPerSecUSec php8.2-fpm@site1.service |
		sort | tr '\n' ' '
}
held() {
	local n ms out
	page a.example '<?php $n = 0; for ($i = 0; $i < 100; $i++) { $h[] = $p = @proc_open(["/bin/sleep", "20"], [], $x);
		$n += is_resource($p) ? 1 : 0; } foreach ($h as $p) if ($p) { proc_terminate($p, 9); proc_close($p); } echo $n;'
	n=$(get a.example)
	[ "$n" -gt 5 ] && [ "$n" -lt 40 ] || { echo "$n tasks"; return 1; }
	# 0.4 s of CPU time take 0.8 s of the clock
	page a.example '<?php $r = fn() => ($u = getrusage()) ? $u["ru_utime.tv_sec"] + $u["ru_utime.tv_usec"] / 1e6 : 0;
		$a = $r(); $t = microtime(true); while ($r() - $a < 0.4); printf("%d", (microtime(true) - $t) * 1000);'
	ms=$(get a.example)
	[ "$ms" -gt 600 ] || { echo "$ms ms"; return 1; }
	# memory that PHP's own memory_limit does not see
	page a.example '<?php passthru("head -c 419430400 /dev/zero | tail -c 419430400 | wc -c"); echo "end";'
	out=$(get a.example)
	[[ $out == *end && $out != *419430400* ]] || { echo "$out"; return 1; }
}
# systemd tells one of the two names that is in force in this machine's cgroups; both follow from MemoryMax=
@test "limits of a website: in force at once, without a restart; tasks, memory and CPU are held" {
	page a.example '<?php echo ini_get("memory_limit");'
	get a.example
	standard=$(limits)
	in_machine hp-site set a.example memory_max=256M
	get a.example
	before=$(master site1)
	in_machine hp-site set a.example cpu_quota=50 tasks_max=40
	! counted php8.2-fpm@site1.service || [ "$(master site1)" = "$before" ]
	[[ $(limits) == *"CPUQuotaPerSecUSec=500ms "*"MemoryMax=$((256 << 20)) "*"TasksMax=40 "* ]] || { limits; return 1; }
	# whether they are held, where this machine's control groups have what it takes
	! counted php8.2-fpm@site1.service || held
	in_machine hp-site set a.example cpu_quota= tasks_max=
	[[ $(limits) == *"CPUQuotaPerSecUSec=infinity "*"MemoryMax=$((256 << 20)) "*"TasksMax=512 "* ]] || { limits; return 1; }
	in_machine hp-site set a.example memory_max=
	[ "$(limits)" = "$standard" ]
	! in_machine ls /run/systemd/system.control/php8.2-fpm@site1.service.d
	# refused by a server in the same run: as before
	in_machine hp-site set a.example tasks_max=60
	in_machine sh -c 'mkdir -p /etc/hosting-panel/custom/a.example/nginx
		echo "bogus;" >/etc/hosting-panel/custom/a.example/nginx/x.conf'
	run in_machine hp-site set a.example tasks_max=70
	[ "$status" = 7 ]
	[[ $(limits) == *"TasksMax=60 "* ]]
	in_machine rm -r /etc/hosting-panel/custom/a.example
	in_machine hp-site set a.example memory_max=300M
	page a.example '<?php echo ini_get("memory_limit");'
	in_machine hp-vhost verify
}

@test "hp-php idle puts masters to sleep; the next request wakes them" {
	in_machine sh -c 'printf "[php]\nidle_timeout = 1s\nchild_idle_timeout = 1s\n" >>/etc/hosting-panel/hosting-panel.conf'
	in_machine hp-vhost apply
	get b.example >/dev/null
	# FPM takes its time to end a child that is idle; then the master is seen idle twice
	for ((i = 0; i < 10; i++)); do
		[ "$(master site2)" != 0 ] || break
		sleep 1.5
		in_machine hp-php idle
	done
	[ "$(master site2)" = 0 ]
	[ "$(get b.example)" = site2 ]
}

@test "after a boot every site answers" {
	in_machine systemctl enable hosting-panel-recover.service
	machine_off
	machine_again
	[ "$(get a.example)" = 97M ]
	[ "$(get b.example)" = site2 ]
	[[ $(limits) == *"MemoryMax=$((300 << 20)) "*"TasksMax=60 "* ]] || { limits; return 1; }
}

@test "hp-site remove: units, user, folders and socket are gone" {
	in_machine hp-site remove a.example --yes
	! in_machine getent passwd site1
	! in_machine test -e /var/www/vhosts/a.example
	! in_machine test -e /run/hosting-panel/php/site1.sock
	! in_machine test -e /run/hosting-panel/php/8.2/site1.sock
	! in_machine test -e /run/systemd/system.control/php8.2-fpm@site1.service.d
	# systemd forgets a stopped unit when it next has time for that
	for ((i = 0; i < 50; i++)); do
		left=$(in_machine systemctl list-units --all --no-legend 'php8.2-fpm@site1*')
		[ -n "$left" ] || break
		sleep 0.1
	done
	[ -z "$left" ] || { echo "left: $left"; return 1; }
	[ "$(get b.example)" = site2 ]
	in_machine hp-vhost verify
}
