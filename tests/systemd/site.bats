#!/usr/bin/env bats
# The whole way on a machine with systemd: the installed programs, NGINX, PHP in units.

load lib

setup_file() {
	[ "$(id -u)" = 0 ] || skip "root is needed"
	local build=${HP_BUILDDIR:-$BATS_TEST_DIRNAME/../..}
	machine_up
	make -s -C "$build" install DESTDIR="$dir" >"$BATS_FILE_TMPDIR/install" 2>&1 3>&- ||
		{ cat "$BATS_FILE_TMPDIR/install" >&2; return 1; }
	for p in "$dir"/usr/local/bin/hp-site "$dir"/usr/local/lib/hosting-panel/*.so; do
		machine_libraries "$p"
	done
	in_machine systemctl daemon-reload
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
}

@test "hp-site remove: units, user, folders and socket are gone" {
	in_machine hp-site remove a.example --yes
	! in_machine getent passwd site1
	! in_machine test -e /var/www/vhosts/a.example
	! in_machine test -e /run/hosting-panel/php/site1.sock
	! in_machine test -e /run/hosting-panel/php/8.2/site1.sock
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
