#!/usr/bin/env bats
# Apache on a machine with systemd, where its own tools hand over to systemctl: started, tried, reloaded, behind NGINX
# and as the front.

load lib

setup_file() {
	[ "$(id -u)" = 0 ] || skip "root is needed"
	machine_installed apache2
	in_machine systemctl daemon-reload
	in_machine systemctl enable -q hosting-panel-recover.service
	# as after installing it beside NGINX: one of the two has the port
	in_machine systemctl stop apache2
	in_machine systemctl reset-failed apache2
	# which would keep port 80 when Apache becomes the front
	in_machine rm /etc/nginx/sites-enabled/default
	in_machine systemctl restart nginx
	in_machine hp-db init
	in_machine hp-tenant add demo
	in_machine hp-site add b.example tenant=demo web_server=nginx
}

teardown_file() { machine_down; }

says() { # says DOMAIN PATH TEXT
	local got
	got=$(in_machine curl -sS -m 20 -H "Host: $1" "http://127.0.0.1$2")
	[[ $got == $3 ]] || { echo "$1$2: $got, not $3"; return 1; }
}
apache() { in_machine systemctl show -p MainPID --value apache2; }
snippet() { # snippet TEXT: directives of a.example's own
	in_machine sh -c 'mkdir -p /etc/hosting-panel/custom/a.example/apache
		printf "%s\n" "$1" >/etc/hosting-panel/custom/a.example/apache/x.conf' - "$1"
}

failures() { in_machine journalctl -q -u apache2 --no-pager | grep -c 'Failed to start' || true; }

@test "what Apache can't be started with is refused, and its unit never failed for it" {
	before=$(failures)
	snippet 'SSLEngine on'
	run in_machine hp-site add a.example tenant=demo web_server=apache
	[ "$status" = 7 ]
	[[ $output == *"apache refuses the configuration: "*certificate* ]] || { echo "$output"; return 1; }
	[ "$(failures)" = "$before" ]
	in_machine rm -r /etc/hosting-panel/custom
	in_machine hp-vhost verify
}

@test "a website on it: its unit runs it, behind NGINX" {
	in_machine hp-site add a.example tenant=demo web_server=apache
	in_machine sh -c 'echo "<?php echo get_current_user(), \" \", \$_SERVER[\"SERVER_SOFTWARE\"];" >/var/www/vhosts/a.example/x.php
		chown --reference=/var/www/vhosts/a.example /var/www/vhosts/a.example/x.php'
	says a.example /x.php "site? Apache*"
	[ "$(apache)" != 0 ]
	[ "$(in_machine systemctl is-active apache2)" = active ]
	in_machine hp-vhost verify
}

@test "what would end it at a reload is refused, and it runs on" {
	before=$(apache) failed=$(failures)
	snippet 'SSLEngine on'
	run in_machine hp-site set a.example gzip_enabled=false
	[ "$status" = 7 ]
	[[ $output == *"apache refuses the configuration: "*certificate* ]] || { echo "$output"; return 1; }
	[ "$(apache)" = "$before" ]
	says a.example /x.php "site? Apache*"
	# tried in a world of its own: its unit has heard nothing of it
	[ "$(failures)" = "$failed" ]
	in_machine rm -r /etc/hosting-panel/custom
	in_machine hp-site set a.example gzip_enabled=false
	[ "$(apache)" = "$before" ]
	says a.example /x.php "site? Apache*"
}

@test "it becomes the front and is it no more; both units run" {
	in_machine hp-vhost front apache
	says a.example /x.php "site? Apache*"
	in_machine hp-vhost verify
	[ "$(in_machine systemctl is-active apache2 nginx)" = $'active\nactive' ]
	in_machine sh -c 'echo b >/var/www/vhosts/b.example/x.txt'
	says b.example /x.txt b
	in_machine hp-vhost front nginx
	says a.example /x.php "site? Apache*"
	says b.example /x.txt b
	in_machine hp-vhost verify
	[ "$(in_machine systemctl is-active apache2 nginx)" = $'active\nactive' ]
}

@test "after a boot both serve" {
	machine_off
	machine_again
	says a.example /x.php "site? Apache*"
	says b.example /x.txt b
	in_machine hp-vhost verify
}
