#!/usr/bin/env bats
# FPM instances without systemd: real masters, NGINX in front, in tests/lib/sandbox.

setup_file() {
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	export tool=${HP_BUILDDIR:-$top}/tests/node/instance HP_DATADIR=$top
	[ -x "$tool" ] || { echo "$tool is not built: make check-programs" >&2; return 1; }
	[ "${HP_SANDBOX:-}" = inside ] || { echo "run it through tests/lib/sandbox" >&2; return 1; }
	export V=8.2
	mkdir -p /etc/hosting-panel
	# what Debian 12 does not have: tests/lib/php-versions, x86-64
	export OTHERS=
	if [ "$(uname -m)" = x86_64 ]; then
		"$top/tests/lib/php-versions" >/etc/hosting-panel/hosting-panel.conf
		OTHERS='8.0 8.1 8.3 8.4'
	fi
	"$tool" units -
	"$tool" make $V 1 2 3
	"$tool" render $V 1 2 3
	for i in 1 2 3; do
		cat >/var/www/vhosts/$i.example/index.php <<-'PHP'
			<?php
			usleep((int)($_GET['us'] ?? 0));
			echo getenv('HOME') === false ? '' : '', get_current_user(), ' ', posix(), ' ', PHP_VERSION, "\n";
			function posix() { return trim(file_get_contents('/proc/self/loginuid') ?: '') . fileowner('/proc/self'); }
		PHP
		printf '<?php echo PHP_MAJOR_VERSION, ".", PHP_MINOR_VERSION;' >/var/www/vhosts/$i.example/v.php
		printf '<?php echo ini_get($_GET["k"]);' >/var/www/vhosts/$i.example/ini.php
		printf '<?php usleep(300000); echo "slow";' >/var/www/vhosts/$i.example/slow.php
		printf '<?php echo @file_get_contents($_GET["f"]) === false ? "refused" : "read";' \
			>/var/www/vhosts/$i.example/read.php
		chown -R site$i:site$i /var/www/vhosts/$i.example/*
	done
	cat >/run/nginx.conf <<-'CONF'
		user www-data;
		worker_processes 1;
		pid /run/nginx.pid;
		error_log /run/nginx.log;
		events { worker_connections 1024; }
		http {
			access_log off;
			server {
				listen 127.0.0.1:8080;
				location ~ ^/(?<site>\d+)(?<page>/.*\.php)$ {
					include /etc/nginx/fastcgi_params;
					fastcgi_param SCRIPT_FILENAME /var/www/vhosts/$site.example$page;
					fastcgi_param SCRIPT_NAME $page;
					fastcgi_pass unix:/run/hosting-panel/php/site$site.sock;
				}
			}
		}
	CONF
	nginx -c /run/nginx.conf
}

teardown_file() {
	[ "${HP_SANDBOX:-}" = inside ] || return 0
	[ -f /run/nginx.pid ] && kill "$(cat /run/nginx.pid)"
	return 0
}

teardown() {
	[ "${HP_SANDBOX:-}" = inside ] || return 0
	"$tool" kill $V 1 2 3 || true
	for v in $OTHERS; do "$tool" kill "$v" 1 || true; done
	rm -rf /etc/hosting-panel/custom
}

get() { curl -sS -m 20 "http://127.0.0.1:8080$1"; }
pid_of() { "$tool" status "$2" "$1" | awk '{print $4}'; }

# lost FILE: what wrk counted as failed
lost() {
	grep -E 'Non-2xx|Socket errors' "$1" && return 1
	grep -q 'requests in' "$1"
}

@test "start: socket, link, one master per site as the site's user" {
	"$tool" start $V 1 2
	"$tool" wait $V 1 2
	"$tool" link $V 1 2
	[ "$(stat -c '%F %U:%G %a' /run/hosting-panel/php/$V/site1.sock)" = "socket site1:www-data 660" ]
	[ "$(readlink /run/hosting-panel/php/site1.sock)" = $V/site1.sock ]
	[ "$(get /1/v.php)" = $V ]
	[ "$(stat -c %U /proc/"$(pid_of 1 $V)")" = site1 ]
	[ "$(stat -c %U /proc/"$(pid_of 2 $V)")" = site2 ]
	run "$tool" list -
	[[ ${lines[0]} =~ ^$V\ site1\ running\ [0-9]+$ ]]
	[ "${#lines[@]}" = 2 ]
}

@test "start again: the same master" {
	"$tool" start $V 1
	"$tool" wait $V 1
	p=$(pid_of 1 $V)
	"$tool" start $V 1
	[ "$(pid_of 1 $V)" = "$p" ]
}

@test "settings of the pool: limits, own folders, own sessions" {
	"$tool" start $V 1
	"$tool" link $V 1
	"$tool" wait $V 1
	[ "$(get '/1/ini.php?k=memory_limit')" = 256M ]
	[ "$(get '/1/ini.php?k=session.save_path')" = /var/lib/hosting-panel/sites/1.example/sessions ]
	[ "$(get '/1/ini.php?k=display_errors')" = '' ] || [ "$(get '/1/ini.php?k=display_errors')" = 0 ]
	[ "$(get '/1/read.php?f=/var/www/vhosts/1.example/v.php')" = read ]
	[ "$(get '/1/read.php?f=/etc/passwd')" = refused ]
	[ "$(get '/1/read.php?f=/var/www/vhosts/2.example/v.php')" = refused ]
	# not by open_basedir alone: the site's user may not
	run setpriv --reuid site1 --regid site1 --clear-groups cat /var/www/vhosts/2.example/v.php
	[ "$status" != 0 ]
}

@test "a custom snippet takes effect at restart, with a new master" {
	"$tool" start $V 1
	"$tool" link $V 1
	"$tool" wait $V 1
	p=$(pid_of 1 $V)
	mkdir -p /etc/hosting-panel/custom/1.example/php-fpm
	echo 'php_admin_value[memory_limit] = 99M' >/etc/hosting-panel/custom/1.example/php-fpm/a.conf
	"$tool" render $V 1
	"$tool" test $V 1 2
	"$tool" restart $V 1
	[ "$(get '/1/ini.php?k=memory_limit')" = 99M ]
	[ "$(pid_of 1 $V)" != "$p" ]
	[ ! -e /proc/"$p" ] || grep -q '^State:.Z' /proc/"$p"/status
	rm -r /etc/hosting-panel/custom
	"$tool" render $V 1
}

@test "test: FPM's refusal names the snippet and its line; pools of others are not blamed" {
	mkdir -p /etc/hosting-panel/custom/2.example/php-fpm
	printf '; mine\nbogus = 1\n' >/etc/hosting-panel/custom/2.example/php-fpm/a.conf
	"$tool" render $V 2
	run "$tool" test $V 1 2 3
	echo "$output"
	[ "$status" = 7 ]
	[[ $output == *"/etc/hosting-panel/custom/2.example/php-fpm/a.conf:2: unknown entry 'bogus'"* ]]
	[[ $output == *"bad: site2"* ]]
	echo 'pm = dynamic' >/etc/hosting-panel/custom/2.example/php-fpm/a.conf
	run "$tool" test $V 1 2 3
	[ "$status" = 7 ]
	[[ $output == *"/etc/hosting-panel/php/$V/site2.conf: [pool site2] pm.min_spare_servers"* ]]
	[[ $output == *"bad: site2"* ]]
	rm -r /etc/hosting-panel/custom
	"$tool" render $V 2
	"$tool" test $V 1 2 3
}

@test "a master that can't start is reported, and what it said" {
	cp /etc/hosting-panel/php/$V/site3.conf /run/keep
	sed -i 's/^pm.max_children.*/pm.max_children = 0/' /etc/hosting-panel/php/$V/site3.conf
	run bash -c "'$tool' start $V 1 3 && timeout 60 '$tool' wait $V 3"
	mv /run/keep /etc/hosting-panel/php/$V/site3.conf
	chown root:site3 /etc/hosting-panel/php/$V/site3.conf
	echo "$output"
	[ "$status" != 0 ]
	[[ $output == *"3.example"* ]]
	[[ $output == *"max_children"* ]]
}

@test "a master that is stopped is not waited for, and said to be" {
	local pid began
	"$tool" start $V 1
	"$tool" wait $V 1
	pid=$(pid_of 1 $V)
	kill -STOP "$pid" $(pgrep -P "$pid")
	began=$SECONDS
	run "$tool" wait $V 1
	kill -CONT "$pid" $(pgrep -P "$pid")
	[ "$status" != 0 ]
	[[ $output == *"1.example: PHP $V of user site1 does not answer: its processes ($pid) are stopped by a signal"* ]]
	[ $((SECONDS - began)) -lt 60 ]
	"$tool" wait $V 1
	[ "$(pid_of 1 $V)" = "$pid" ]
}

@test "restart under load loses no request" {
	"$tool" start $V 1
	"$tool" link $V 1
	"$tool" wait $V 1
	wrk -t1 -c8 -d8 --timeout 20s http://127.0.0.1:8080/1/v.php >/run/wrk 3>&- &
	w=$!
	for i in 1 2 3 4 5 6; do
		sleep 0.5
		"$tool" restart $V 1
	done
	wait $w
	cat /run/wrk
	lost /run/wrk
}

@test "who has found the socket, and comes to it only when it was replaced, is answered" {
	"$tool" start $V 1
	"$tool" link $V 1
	"$tool" wait $V 1
	late=()
	for i in 1 2 3 4 5 6; do
		"$HP_DATADIR/tests/lib/latecomer" /run/hosting-panel/php/site1.sock 30 >/run/late$i 3>&- &
		late+=($!)
	done
	for i in 1 2 3 4 5 6; do
		sleep 0.2
		"$tool" restart $V 1
	done
	for to in ${OTHERS:+8.1 8.3}; do
		"$tool" render $to 1
		from=$(dirname "$(readlink /run/hosting-panel/php/site1.sock)")
		"$tool" start $to 1
		"$tool" wait $to 1
		"$tool" link $to 1
		"$tool" stop "$from" 1
	done
	kill "${late[@]}"
	wait "${late[@]}"
	cat /run/late?
	[ "$(cat /run/late? | grep -c '^[1-9][0-9]* asked, 0 lost$')" = 6 ]
}

@test "restart answers what is being served" {
	"$tool" start $V 1
	"$tool" link $V 1
	"$tool" wait $V 1
	get /1/slow.php >/run/answer 3>&- &
	g=$!
	sleep 0.1
	"$tool" restart $V 1
	wait $g
	[ "$(cat /run/answer)" = slow ]
}

@test "switching among 8.0, 8.1, 8.2, 8.3 and 8.4 under load loses no request" {
	[ "$(uname -m)" = x86_64 ] || skip "the other PHPs are for x86-64"
	for v in $OTHERS; do
		"$tool" render "$v" 1
		"$tool" test "$v" 1
	done
	"$tool" start $V 1
	"$tool" link $V 1
	"$tool" wait $V 1
	timeout 60 wrk -t1 -c8 -d10 --timeout 20s http://127.0.0.1:8080/1/v.php >/run/wrk 3>&- &
	w=$!
	for to in 8.1 8.3 $V 8.0 8.4; do
		sleep 0.4
		from=$(dirname "$(readlink /run/hosting-panel/php/site1.sock)")
		"$tool" start $to 1
		"$tool" wait $to 1
		"$tool" link $to 1
		"$tool" stop "$from" 1
		[ "$(get /1/v.php)" = $to ]
		[ ! -e "/run/hosting-panel/php/$from/site1.sock" ]
	done
	wait $w
	cat /run/wrk
	lost /run/wrk
	[ "$(readlink /run/hosting-panel/php/site1.sock)" = 8.4/site1.sock ]
}

@test "stop: socket, link, pid file and master are gone; again is fine" {
	"$tool" start $V 1
	"$tool" link $V 1
	"$tool" wait $V 1
	p=$(pid_of 1 $V)
	"$tool" stop $V 1
	[ -z "$(ls -A /run/hosting-panel/php/$V)" ]
	[ ! -L /run/hosting-panel/php/site1.sock ]
	! kill -0 "$p" 2>/dev/null
	"$tool" stop $V 1
	[ "$("$tool" status $V 1)" = "$V site1 stopped 0" ]
}

@test "a master that died is noticed, and started again; its orphans end" {
	"$tool" start $V 1
	"$tool" wait $V 1
	kill -9 "$(pid_of 1 $V)"
	sleep 0.1
	[ "$("$tool" status $V 1)" = "$V site1 stopped 0" ]
	[ -n "$(pgrep -u site1)" ]
	"$tool" start $V 1
	"$tool" wait $V 1
	p=$(pid_of 1 $V)
	[ "$(pgrep -u site1 -P 1)" = "$p" ]
}

@test "a pid that is another process's by now is left alone" {
	"$tool" start $V 1
	"$tool" wait $V 1
	kill -9 "$(pid_of 1 $V)"
	sleep 60 3>&- &
	other=$!
	echo "$other 12345" >/run/hosting-panel/php/$V/site1.pid
	[ "$("$tool" status $V 1)" = "$V site1 stopped 0" ]
	"$tool" stop $V 1
	kill -0 $other
	kill $other
}

@test "masters that a killed run left are taken in" {
	"$tool" start $V 1
	"$tool" link $V 1
	"$tool" wait $V 1
	p=$(pid_of 1 $V)
	# as if killed between a new master's start and its pid file
	rm /run/hosting-panel/php/$V/site1.pid
	"$tool" start $V 1
	"$tool" wait $V 1
	[ "$(pid_of 1 $V)" != "$p" ]
	! kill -0 "$p" 2>/dev/null
	[ "$(pgrep -u site1 -f 'master process' | wc -l)" = 1 ]
	[ "$(get /1/v.php)" = $V ]
}

@test "killed at any step of a restart: the site answers, and the next start leaves one master" {
	grep -q 'define HP_FAULT_POINTS 1' "${HP_BUILDDIR:-$BATS_TEST_DIRNAME/../..}/config.h" ||
		skip "built without fault points"
	for point in instance-next instance-pid instance-taken; do
		"$tool" start $V 1
		"$tool" link $V 1
		"$tool" wait $V 1
		HP_FAULT=$point run "$tool" restart $V 1
		[ "$status" = 137 ]
		[ "$(get /1/v.php)" = $V ]
		"$tool" start $V 1
		"$tool" wait $V 1
		[ "$(get /1/v.php)" = $V ]
		[ "$(pgrep -u site1 -f 'master process' | wc -l)" = 1 ]
		[ "$(pid_of 1 $V)" = "$(pgrep -u site1 -f 'master process')" ]
	done
	"$tool" stop $V 1
	[ -z "$(ls -A /run/hosting-panel/php/$V)" ]
	HP_FAULT=instance-started run "$tool" start $V 1
	[ "$status" = 137 ]
	"$tool" stop $V 1
	[ -z "$(ls -A /run/hosting-panel/php/$V)" ]
	[ -z "$(pgrep -u site1)" ]
}

@test "idle stop never stops what nothing would wake" {
	"$tool" start $V 1
	"$tool" wait $V 1
	[ "$("$tool" idle - 0)" = 0 ]
	[ "$(pid_of 1 $V)" != 0 ]
}

@test "users and folders go, processes of the user with them" {
	"$tool" make $V 3
	touch /var/www/vhosts/3.example/kept
	setpriv --reuid site3 --regid site3 --clear-groups sleep 300 3>&- &
	s=$!
	"$tool" remove $V 3
	! kill -0 $s 2>/dev/null || grep -q '^State:.Z' /proc/$s/status
	! getent passwd site3
	! getent group site3
	[ ! -e /var/www/vhosts/3.example ]
	[ ! -e /var/lib/hosting-panel/sites/3.example ]
	run "$tool" remove $V 3
	[ "$status" = 0 ]
}
