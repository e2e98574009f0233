#!/usr/bin/env bats
# The panel's own units on a booted Debian 12: the door for state documents, what happens at boot, and the
# timers' work, all inside their sandboxes.

load lib

setup_file() {
	[ "$(id -u)" = 0 ] || skip "root is needed"
	machine_installed
	machine_without_leaks
	cat >"$dir/root/send" <<-'PERL'
		#!/usr/bin/perl
		# send: standard input into the web manager's socket, its answer to standard output
		use Socket;
		socket(my $s, AF_UNIX, SOCK_STREAM, 0) or die "socket: $!\n";
		connect($s, pack_sockaddr_un('/run/hosting-panel/web-manager.sock')) or die "connect: $!\n";
		local $SIG{PIPE} = 'IGNORE';
		while (sysread(STDIN, my $b, 65536)) { syswrite($s, $b) // last }
		shutdown($s, 1);
		while (sysread($s, my $b, 65536)) { print $b }
	PERL
	install -m 0755 "$dir/root/send" "$dir/usr/local/bin/send"
	in_machine systemctl daemon-reexec
	in_machine systemd-sysusers
	in_machine systemd-tmpfiles --create
	in_machine systemctl -q enable --now hosting-panel-web-manager.socket hosting-panel-web-planner.socket \
		hosting-panel-node-manager.socket hosting-panel-recover.service \
		hosting-panel-php-manager.timer hosting-panel-cache.timer health-check.timer
	in_machine hp-db init
	in_machine hp-tenant add demo
	in_machine hp-site add a.example tenant=demo
	page a.example
	in_machine hp-site add b.example tenant=demo
	page b.example
}

teardown_file() { machine_down; }

page() { # page DOMAIN: its PHP tells its user, its memory limit, and whether a session can be kept
	in_machine sh -c "cat >/var/www/vhosts/$1/index.php" <<-'PHP'
		<?php
		session_start();
		$_SESSION['a'] = 1;
		echo posix_getpwuid(posix_geteuid())['name'], ' ', ini_get('memory_limit'), ' ', session_write_close() ? 'session' : 'no session';
	PHP
	in_machine sh -c "chown \$(stat -c %U:%U /var/www/vhosts/$1) /var/www/vhosts/$1/index.php"
}
get() { in_machine curl -sS -m 20 -H "Host: $1" http://127.0.0.1/index.php; }
code() { in_machine curl -sS -m 20 -o /dev/null -w '%{http_code}' -H "Host: $1" http://127.0.0.1/index.php; }
master() { in_machine systemctl show -p MainPID --value "php8.2-fpm@$1.service"; }
as() { # as USER COMMAND …
	local user=$1
	shift
	in_machine setpriv --reuid "$user" --regid "$(in_machine id -g "$user")" --clear-groups "$@"
}
nothing_failed() {
	local failed
	failed=$(in_machine systemctl --failed --no-legend --plain)
	[ -z "$failed" ] || { echo "$failed"; in_machine journalctl -b -p warning --no-pager | tail -n 30; return 1; }
}
# idle UNIT-GLOB: wait until no such unit is there any more
idle() {
	local i
	for ((i = 0; i < 50; i++)); do
		[ -n "$(in_machine systemctl list-units --no-legend --plain "$1")" ] || return 0
		sleep 0.2
	done
	return 1
}

@test "units, user and folders as installed" {
	run in_machine systemd-analyze verify --man=no hosting-panel-web-manager.socket hosting-panel-web-planner.socket hosting-panel-web-planner@.service \
		hosting-panel-web-manager@.service hosting-panel-recover.service \
		hosting-panel-php-manager.service hosting-panel-php-manager.timer health-check.service health-check.timer \
		hosting-panel-cert-renew.service hosting-panel-cert-renew.timer hosting-panel-cache.timer \
		hosting-panel-cache-openlitespeed.service \
		hosting-panel-node-manager.socket hosting-panel-node-manager@.service \
		hosting-panel-cgi.socket hosting-panel-cgi.service hosting-panel-api.service
	echo "$output"
	[ "$status" = 0 ]
	[ -z "$output" ]
	[ "$(in_machine stat -c '%U:%G %a' /run/hosting-panel/web-manager.sock)" = "root:hosting-panel 660" ]
	[ "$(in_machine stat -c '%U:%G %a' /run/hosting-panel/node-manager.sock)" = "root:hosting-panel 660" ]
	[ "$(in_machine stat -c '%U:%G %a' /var/lib/hosting-panel)" = "root:hosting-panel 751" ]
	[ "$(in_machine stat -c '%U:%G %a' /var/lib/hosting-panel/node)" = "root:root 700" ]
	[ "$(in_machine stat -c '%U:%G %a' /var/lib/hosting-panel/db)" = "root:hosting-panel 2770" ]
	[ "$(in_machine stat -c '%U:%G %a' /var/lib/hosting-panel/db/panel.db)" = "root:hosting-panel 660" ]
	[ "$(in_machine systemctl is-active hosting-panel-php-manager.timer hosting-panel-cache.timer health-check.timer | sort -u)" = active ]
	nothing_failed
}

@test "the exposure that docs/security.md tells is not exceeded" {
	local n=0
	while IFS='|' read -r _ unit _ most _; do
		unit=${unit//[ \`]/} most=${most// /}
		unit=${unit/@./@x.}
		unit=${unit/phpX.Y-fpm@USER/php8.2-fpm@x}
		in_machine systemd-analyze security --no-pager --threshold="${most/./}" "$unit" >"$BATS_TEST_TMPDIR/out" ||
			{ tail -n 2 "$BATS_TEST_TMPDIR/out"; return 1; }
		n=$((n + 1))
	done < <(grep -E '^\| `[^`]*\.service` \|' "$BATS_TEST_DIRNAME/../../docs/security.md")
	[ "$n" = 12 ]
}

@test "sites serve PHP under their users, with sessions; a second one needs no daemon-reload" {
	[ "$(get a.example)" = "site1 256M session" ]
	before=$(in_machine systemctl show --property=UnitsLoadTimestampMonotonic)
	[[ $before == *=[1-9]* ]]
	in_machine hp-site add c.example tenant=demo
	page c.example
	[[ $(get c.example) == "site3 "* ]]
	[ "$(in_machine systemctl show --property=UnitsLoadTimestampMonotonic)" = "$before" ]
}

@test "a state document through the socket is applied, and the report comes back" {
	in_machine hp-site set a.example php_memory_limit=77M --no-apply
	[[ $(get a.example) != *77M* ]]
	in_machine sh -c 'hp-node state >/tmp/state'
	in_machine chmod 0644 /tmp/state
	as hosting-panel sh -c 'send </tmp/state' >"$BATS_TEST_TMPDIR/report"
	cat "$BATS_TEST_TMPDIR/report"
	grep -q '"domain":"a.example".*"result":"applied"' "$BATS_TEST_TMPDIR/report"
	tail -n 1 "$BATS_TEST_TMPDIR/report" | grep -q '"event":"end".*"result":"applied"'
	[ "$(get a.example)" = "site1 77M session" ]
	# again: nothing to do
	as hosting-panel sh -c 'send </tmp/state' | tail -n 1 | grep -q '"result":"unchanged"'
	in_machine hp-vhost verify
	nothing_failed
}

@test "new sites, suspended ones, and their end come through the socket as well" {
	in_machine hp-site add d.example tenant=demo --no-apply
	in_machine hp-site suspend b.example --no-apply
	in_machine sh -c 'hp-node state >/tmp/state && chmod 0644 /tmp/state'
	as hosting-panel sh -c 'send </tmp/state' | tee "$BATS_TEST_TMPDIR/report"
	tail -n 1 "$BATS_TEST_TMPDIR/report" | grep -q '"result":"applied"'
	page d.example
	[[ $(get d.example) == "site4 "*" session" ]]
	[ "$(code b.example)" = 503 ]
	in_machine hp-site resume b.example --no-apply
	in_machine hp-site remove d.example --yes --no-apply
	in_machine sh -c 'hp-node state >/tmp/state && chmod 0644 /tmp/state'
	as hosting-panel sh -c 'send </tmp/state' | tee "$BATS_TEST_TMPDIR/report"
	tail -n 1 "$BATS_TEST_TMPDIR/report" | grep -q '"result":"applied"'
	[[ $(get b.example) == "site2 "*" session" ]]
	! in_machine getent passwd site4
	in_machine test -e /var/www/vhosts/d.example/index.php # a document does not say "purge"
	in_machine sh -c "rm -r /var/www/vhosts/d.example /var/log/hosting-panel/sites/d.example"
	[ -z "$(in_machine systemctl list-units --all --no-legend 'php8.2-fpm@site4*')" ]
	in_machine hp-vhost verify
	nothing_failed
}

@test "the panel's own user runs the programs for users: what they change is applied behind the socket" {
	in_machine hp-user add cleo tenant=demo
	in_machine hp-site set a.example owner=cleo
	as hosting-panel hp-site set a.example php_memory_limit=79M --as cleo@192.0.2.7 --jsonl | tee "$BATS_TEST_TMPDIR/out"
	grep -q '"result":"applied"' "$BATS_TEST_TMPDIR/out"
	[ "$(get a.example)" = "site1 79M session" ]
	in_machine hp-audit list --limit 1 -n --tsv -o actor,source,verb | grep -q $'^cleo\t192.0.2.7\tsite:set$'
	in_machine hp-node list -n --tsv -o generation,applied_generation | grep -q $'^\(.*\)\t\\1$'
	run as hosting-panel hp-site set a.example php_memory_limit=80M
	[ "$status" = 5 ]
	# what the node refuses is taken back
	in_machine sh -c 'mkdir -p /etc/hosting-panel/custom/a.example/nginx
		echo "bogus on;" >/etc/hosting-panel/custom/a.example/nginx/x.conf'
	run as hosting-panel hp-site set a.example php_memory_limit=80M --as cleo
	echo "$output"
	[ "$status" = 7 ]
	[[ $output == *"custom/a.example/nginx/x.conf:1"* ]]
	in_machine rm -r /etc/hosting-panel/custom/a.example
	[ "$(in_machine hp-site show a.example --tsv -n -o php_memory_limit)" = 79M ]
	in_machine hp-vhost apply
	in_machine hp-site set a.example php_memory_limit=77M owner=
	in_machine hp-user remove cleo --yes
	nothing_failed
}

@test "what root does for users comes through the other socket" {
	in_machine hp-user add cleo tenant=demo
	in_machine hp-site set a.example owner=cleo
	in_machine sh -c 'openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 60 -subj /CN=a.example \
		-addext subjectAltName=DNS:a.example -keyout /tmp/key -out /tmp/cert 2>/dev/null; cat /tmp/key /tmp/cert >/tmp/pair
		chmod 0644 /tmp/pair'
	in_machine sh -c 'cat >/usr/local/bin/ask; chmod 0755 /usr/local/bin/ask' <<-'PERL'
		#!/usr/bin/perl
		# ask PROGRAM ARG ...: a request with standard input to the node manager; its answer
		use Socket;
		sub text { my $s = shift; $s =~ s/(["\\])/\\$1/g; $s =~ s/\n/\\n/g; "\"$s\"" }
		socket(my $s, AF_UNIX, SOCK_STREAM, 0) or die "socket: $!\n";
		connect($s, pack_sockaddr_un('/run/hosting-panel/node-manager.sock')) or die "connect: $!\n";
		local $/;
		syswrite($s, '{"argv":[' . join(',', map { text($_) } @ARGV) . '],"stdin":' . text(<STDIN> // '') . "}\n");
		shutdown($s, 1);
		while (sysread($s, my $b, 65536)) { print $b }
	PERL
	as hosting-panel sh -c 'ask hp-cert import a.example --json --as cleo@192.0.2.7 </tmp/pair' | tee "$BATS_TEST_TMPDIR/out"
	grep -q '^{"exit":0,' "$BATS_TEST_TMPDIR/out"
	in_machine test -e /var/lib/hosting-panel/certs/a.example/current
	in_machine hp-audit list --limit 1 -n --tsv -o actor,source,verb | grep -q $'^cleo\t192.0.2.7\tcert:import$'
	as hosting-panel sh -c 'ask hp-php show a.example --json --as cleo </dev/null' | grep -q '^{"exit":0,.*fpm-fcgi'
	as hosting-panel sh -c 'ask hp-vhost purge a.example --as cleo </dev/null' | grep -q '^{"exit":0,'
	as hosting-panel sh -c 'ask hp-cert show b.example --as cleo </dev/null' | grep -q '^{"exit":3,'
	as hosting-panel sh -c 'ask hp-vhost apply --as cleo </dev/null' | grep -q '^{"exit":5,'
	as hosting-panel sh -c 'ask hp-cert remove a.example --yes --as cleo </dev/null' | grep -q '^{"exit":0,'
	! in_machine test -e /var/lib/hosting-panel/certs/a.example/current
	run as www-data sh -c 'ask hp-cert list --as cleo </dev/null'
	[[ $output == *"Permission denied"* ]]
	in_machine hp-site set a.example owner=
	in_machine hp-user remove cleo --yes
	nothing_failed
}

@test "another user is refused by the socket, and by the program when the socket's mode was widened" {
	in_machine sh -c 'hp-node state >/tmp/state && chmod 0644 /tmp/state'
	for user in nobody www-data site1; do
		run as "$user" sh -c 'send </tmp/state'
		[ "$status" != 0 ]
		[[ $output == *"connect: Permission denied"* ]]
	done
	in_machine chmod 0666 /run/hosting-panel/web-manager.sock
	run as site1 sh -c 'send </tmp/state'
	in_machine chmod 0660 /run/hosting-panel/web-manager.sock
	[[ $output != *applied* ]]
	[[ $output != *unchanged* ]]
	[[ $output == *'"event":"end","result":"refused"'*'"message":"uid 20001 may neither apply nor see anything on this node"'*'"exit":5}'* ]]
	in_machine journalctl --no-pager -b -t hosting-panel-web-manager | grep -q 'uid 20001 may neither apply'
	nothing_failed
}

@test "a document that was cut, or is none, is refused whole" {
	before=$(in_machine sh -c 'find /etc -type f | sort | xargs sha256sum')
	in_machine sh -c 'hp-node state | head -n -1 >/tmp/state; chmod 0644 /tmp/state'
	run as hosting-panel sh -c 'send </tmp/state'
	[[ $output == *'"event":"end","result":"refused"'*'its last line is missing'*'"exit":2}'* ]]
	run as hosting-panel sh -c 'head -c 300000 /dev/urandom | send'
	[[ $output == *'"event":"end","result":"refused"'*'"exit":2}'* ]]
	idle 'hosting-panel-web-manager@*'
	[ "$(in_machine sh -c 'find /etc -type f | sort | xargs sha256sum')" = "$before" ]
	nothing_failed
}

@test "a client that never ends its document holds nobody up" {
	in_machine sh -c 'hp-node state >/tmp/state && chmod 0644 /tmp/state'
	as hosting-panel sh -c '(head -c 200 /tmp/state; sleep 600) | send' >/dev/null 2>&1 3>&- &
	local client=$! i
	for ((i = 0; i < 50; i++)); do
		[ -z "$(in_machine systemctl list-units --no-legend --plain 'hosting-panel-web-manager@*.service')" ] || break
		sleep 0.2
	done
	in_machine hp-vhost apply --wait=0
	as hosting-panel sh -c 'send </tmp/state' | tail -n 1 | grep -q '"exit":0}'
	in_machine pkill -f 'sleep 600'
	wait "$client" || true
	idle 'hosting-panel-web-manager@*'
	nothing_failed
}

@test "a snippet that NGINX refuses is reported with its file and line" {
	in_machine sh -c 'mkdir -p /etc/hosting-panel/custom/a.example/nginx
		echo "bogus on;" >/etc/hosting-panel/custom/a.example/nginx/x.conf
		hp-site set a.example php_memory_limit=78M --no-apply
		hp-node state >/tmp/state && chmod 0644 /tmp/state'
	run as hosting-panel sh -c 'send </tmp/state'
	echo "$output"
	[[ $output == *"custom/a.example/nginx/x.conf:1"* ]]
	[ "$(get a.example)" = "site1 77M session" ]
	in_machine rm -r /etc/hosting-panel/custom/a.example
	as hosting-panel sh -c 'send </tmp/state' >/dev/null
	[ "$(get a.example)" = "site1 78M session" ]
	nothing_failed
}

@test "the timers' services work in their sandboxes" {
	in_machine systemctl start health-check.service
	in_machine sh -c 'printf "[php]\nidle_timeout = 1s\nchild_idle_timeout = 1s\n" >>/etc/hosting-panel/hosting-panel.conf'
	in_machine hp-vhost apply
	get b.example >/dev/null
	[ "$(master site2)" != 0 ]
	# FPM takes its time to end a child that is idle; then the master is seen idle twice
	for ((i = 0; i < 10; i++)); do
		[ "$(master site2)" != 0 ] || break
		sleep 1.5
		in_machine systemctl start hosting-panel-php-manager.service
	done
	[ "$(master site2)" = 0 ]
	[[ $(get b.example) == "site2 "* ]]
	nothing_failed
}

@test "health-check fails where something was changed by hand, and says what" {
	in_machine sh -c 'echo "# by hand" >>/etc/nginx/sites-available/c.example.conf'
	run in_machine systemctl start health-check.service
	[ "$status" != 0 ]
	in_machine journalctl --no-pager -b -u health-check.service | grep -q 'not as hosting-panel left'
	in_machine hp-vhost apply --force
	in_machine systemctl start health-check.service
	nothing_failed
}

@test "after a boot every site answers, before anybody does anything" {
	machine_off
	machine_again
	[ "$(get a.example)" = "site1 78M session" ]
	[[ $(get b.example) == "site2 "* ]]
	[[ $(get c.example) == "site3 "* ]]
	[ "$(in_machine systemctl is-active hosting-panel-recover.service)" = active ]
	[ "$(in_machine systemctl is-active hosting-panel-web-manager.socket)" = active ]
	# before the web server, and in a reasonable time
	[ "$(in_machine systemctl show -p ExecMainExitTimestampMonotonic --value hosting-panel-recover.service)" -le \
		"$(in_machine systemctl show -p ExecMainStartTimestampMonotonic --value nginx.service)" ]
	in_machine hp-vhost verify
	in_machine hp-vhost plan
	nothing_failed
}

@test "a run that the power cut short is undone at boot" {
	grep -q 'define HP_FAULT_POINTS 1' "${HP_BUILDDIR:-$BATS_TEST_DIRNAME/../..}/config.h" ||
		skip "built without fault points"
	in_machine env HP_FAULT=after-rename hp-site add e.example tenant=demo || true
	in_machine test -e /etc/nginx/sites-available/e.example.conf
	in_machine test -e /var/lib/hosting-panel/node/journal
	machine_off
	machine_again
	! in_machine test -e /etc/nginx/sites-available/e.example.conf
	! in_machine test -e /var/lib/hosting-panel/node/journal
	! in_machine getent passwd site5
	[ "$(get a.example)" = "site1 78M session" ]
	nothing_failed
	in_machine hp-vhost apply
	page e.example
	[[ $(get e.example) == "site5 "* ]]
}

@test "suspended sites stay asleep through a boot" {
	in_machine hp-site suspend b.example
	machine_off
	machine_again
	[ "$(code b.example)" = 503 ]
	[ "$(in_machine systemctl is-active php8.2-fpm@site2.socket || true)" = inactive ]
	[ "$(get a.example)" = "site1 78M session" ]
	nothing_failed
}

@test "removed sites leave no unit, no user, no folder" {
	for d in $(in_machine hp-site list --tsv -n -o domain); do
		in_machine hp-site remove "$d" --yes --purge
	done
	[ -z "$(in_machine systemctl list-units --all --no-legend 'php8.2-fpm@*')" ]
	! in_machine sh -c 'getent passwd | grep ^site'
	[ -z "$(in_machine ls /var/www/vhosts /var/lib/hosting-panel/sites /var/log/hosting-panel/sites | grep -v ':$' | grep .)" ]
	in_machine systemctl start health-check.service
	nothing_failed
}
