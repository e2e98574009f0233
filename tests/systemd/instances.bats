#!/usr/bin/env bats
# FPM instances as systemd's units, in a booted Debian 12 with NGINX: tests/lib/machine.sh.

load lib

setup_file() {
	[ "$(id -u)" = 0 ] || skip "root is needed"
	local top
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	local tool=${HP_BUILDDIR:-$top}/tests/node/instance
	[ -x "$tool" ] || { echo "$tool is not built: make check-programs" >&2; return 1; }
	machine_up
	mkdir -p "$dir/opt/hp"
	cp "$tool" "$dir/opt/hp/instance"
	cp -r "$top/templates" "$dir/opt/hp/"
	machine_libraries "$tool"
	cp "$BATS_TEST_DIRNAME/site.php" "$dir/opt/hp/"
	cat >"$dir/opt/hp/nginx.conf" <<-'CONF'
		server {
			listen 80 default_server;
			location ~ ^/(?<site>\d+)(?<page>/.*\.php)$ {
				include fastcgi_params;
				fastcgi_param SCRIPT_FILENAME /var/www/vhosts/$site.example$page;
				fastcgi_pass unix:/run/hosting-panel/php/site$site.sock;
			}
		}
	CONF
	in_machine mkdir -p /etc/hosting-panel
	in_machine sh -c 'echo "# secret" >/etc/hosting-panel/hosting-panel.conf
		chmod 0640 /etc/hosting-panel/hosting-panel.conf
		install -m 0644 /opt/hp/nginx.conf /etc/nginx/sites-enabled/default
		systemctl restart nginx'
	t units -
	t make 8.2 1 2
	t render 8.2 1 2
	in_machine sh -c 'for i in 1 2; do
		install -o site$i -g site$i -m 0640 /opt/hp/site.php /var/www/vhosts/$i.example/; done'
}

teardown_file() { machine_down; }

t() { in_machine env HP_DATADIR=/opt/hp /opt/hp/instance "$@"; }
get() { in_machine curl -sS -m 20 "http://localhost$1"; }
up() {
	t start 8.2 "$@"
	t link 8.2 "$@"
}
setup() { t kill 8.2 1 2; }
fresh() { in_machine systemctl show -p "$1" --value "$2"; }

@test "the units are clean" {
	run in_machine systemd-analyze verify --man=no php8.2-fpm@site1.socket php8.2-fpm@site1.service
	[ "$status" = 0 ]
	[ -z "$output" ]
	run in_machine systemd-analyze security --no-pager --threshold=20 php8.2-fpm@site1.service
	[ "$status" = 0 ]
}

@test "a started instance is a socket; the first request starts the master as the site's user" {
	up 1
	[ "$(t status 8.2 1)" = "8.2 site1 waiting 0" ]
	[ "$(in_machine stat -c '%F %U:%G %a' /run/hosting-panel/php/8.2/site1.sock)" = "socket site1:www-data 660" ]
	[ "$(get '/1/site.php?do=who')" = "site1 20001 20001" ]
	[[ $(t status 8.2 1) =~ ^8.2\ site1\ running\ [1-9][0-9]*$ ]]
	[ "$(fresh User php8.2-fpm@site1.service)" = site1 ]
}

@test "starting a site reloads no manager" {
	before=$(fresh UnitsReloadTimestampMonotonic '' 2>/dev/null || true)
	[ "$(fresh NeedDaemonReload php8.2-fpm@site1.service)" = no ]
	up 1 2
	t stop 8.2 1 2
	[ "$(fresh UnitsReloadTimestampMonotonic '' 2>/dev/null || true)" = "$before" ]
	! in_machine sh -c 'ls /etc/systemd/system /run/systemd/system | grep site'
}

@test "the sandbox holds" {
	up 1 2
	t wait 8.2 1 2
	for f in /var/www/vhosts/2.example/site.php /etc/hosting-panel/hosting-panel.conf \
		/etc/hosting-panel/php/8.2/site2.conf /etc/shadow /proc/1/environ /run/nginx.pid \
		/var/lib/hosting-panel/node /var/log/hosting-panel/sites/2.example/php-error.log; do
		[ "$(get "/1/site.php?do=read&f=$f")" = refused ] || { echo "$f can be read"; return 1; }
	done
	for f in /usr/x /etc/x /run/x /var/lib/x /var/www/vhosts/x /var/www/vhosts/2.example/x \
		/var/log/hosting-panel/sites/1.example/x /etc/hosting-panel/x /home/x; do
		[ "$(get "/1/site.php?do=write&f=$f")" = refused ] || { echo "$f can be written"; return 1; }
	done
	for f in /var/www/vhosts/1.example/x /var/lib/hosting-panel/sites/1.example/tmp/x; do
		[ "$(get "/1/site.php?do=write&f=$f")" = written ] || { echo "$f can't be written"; return 1; }
	done
	# the folders above are not to be listed: whose sites are here is nobody's business
	[ "$(get '/1/site.php?do=list&f=/var/www/vhosts')" = refused ]
	[ "$(get '/1/site.php?do=list&f=/var/lib/hosting-panel/sites')" = refused ]
	# only its own processes, and no rights
	[ "$(get '/1/site.php?do=foreign')" = 0 ]
	[[ $(get '/1/site.php?do=self') == *"NoNewPrivs:	1"* ]]
	[[ $(get '/1/site.php?do=self') == *"CapBnd:	0000000000000000"* ]]
	[[ $(get '/1/site.php?do=self') == *"Seccomp:	2"* ]]
}

@test "another website's and the panel's are out of reach: files, sessions, sockets, logs, processes, OPcache" {
	up 1 2
	t wait 8.2 1 2
	in_machine sh -c 'umask 077; echo secret >/var/lib/hosting-panel/sites/2.example/sessions/sess_x
		chown site2:site2 /var/lib/hosting-panel/sites/2.example/sessions/sess_x
		mkdir -p /var/lib/hosting-panel/certs/2.example/1 /var/lib/hosting-panel/acme /var/lib/hosting-panel/db /etc/nginx/hosting-panel/tls /run/hosting-panel/x
		echo key | tee /var/lib/hosting-panel/certs/2.example/1/key.pem /var/lib/hosting-panel/acme/key \
			/var/lib/hosting-panel/db/panel.db /var/lib/hosting-panel/node-key /etc/nginx/hosting-panel/tls/2.example.key'
	get '/2/site.php?do=who' >/dev/null
	for f in /var/lib/hosting-panel/sites/2.example/sessions/sess_x /var/lib/hosting-panel/certs/2.example/1/key.pem \
		/var/lib/hosting-panel/acme/key /var/lib/hosting-panel/db/panel.db /etc/nginx/hosting-panel/tls/2.example.key \
		/var/log/hosting-panel/sites/2.example/php-fpm.log /etc/hosting-panel/php/8.2/site2.conf; do
		in_machine test -e "$f" || { echo "$f is not there to be read"; return 1; }
		[ "$(get "/1/site.php?do=read&f=$f")" = refused ] || { echo "$f can be read"; return 1; }
	done
	for f in /var/lib/hosting-panel/sites/2.example/sessions /var/lib/hosting-panel/certs /var/log/hosting-panel/sites; do
		[ "$(get "/1/site.php?do=list&f=$f")" = refused ] || { echo "$f can be listed"; return 1; }
	done
	# its own socket is there, the other one's is closed to it
	[ "$(get '/1/site.php?do=connect&f=/run/hosting-panel/php/8.2/site1.sock')" = connected ]
	for f in 8.2/site2.sock site2.sock; do
		[ "$(get "/1/site.php?do=connect&f=/run/hosting-panel/php/$f")" = refused ] || { echo "$f is open"; return 1; }
	done
	[ "$(get '/1/site.php?do=foreign')" = 0 ]
	[ "$(get '/1/site.php?do=opcache&f=/var/www/vhosts/1.example/')" = 0 ]
	in_machine rm -r /var/lib/hosting-panel/certs /var/lib/hosting-panel/acme /var/lib/hosting-panel/db /etc/nginx/hosting-panel
}

# limited ID LINE …: the site starts anew with these limits; without any, with the unit's
limited() {
	local id=$1
	shift
	printf '%s\n' "$@" | in_machine sh -c "cat >/etc/hosting-panel/php/8.2/site$id.limits"
	[ $# -gt 0 ] || in_machine rm "/etc/hosting-panel/php/8.2/site$id.limits"
	t restart 8.2 "$id"
	t wait 8.2 "$id"
}
tasks() { in_machine sh -c "ps -L -u site$1 -o lwp= | wc -l"; }

# By control groups where this machine has some that count, else by the user: tests/vm/limits.bats has the former.
# The user's are counted together with those of tests that run beside this one.
@test "a website that forks as it can is held by its limit, and its neighbour answers" {
	up 1 2
	t wait 8.2 1 2
	limited 1 TasksMax=128
	n=$(get '/1/site.php?do=forks')
	[ "$(get '/2/site.php?do=who')" = "site2 20002 20002" ]
	[ "$n" -gt 5 ] && [ "$n" -lt 128 ] || { echo "$n forks"; return 1; }
	[ "$(get '/1/site.php?do=bomb')" = started ]
	most=0
	for i in 1 2 3 4 5 6; do
		[ "$(get '/2/site.php?do=who')" = "site2 20002 20002" ]
		n=$(tasks 1)
		[ "$n" -le "$most" ] || most=$n
		sleep 0.7
	done
	[ "$most" -gt 20 ] && [ "$most" -le 128 ] || { echo "$most tasks"; return 1; }
	# it has burnt out
	for ((i = 0; i < 40; i++)); do
		[ "$(tasks 1)" -gt 5 ] || break
		sleep 0.5
	done
	[ "$(get '/1/site.php?do=who')" = "site1 20001 20001" ]
	limited 1
}

@test "a child of a website's gets no more memory than memory_max" {
	up 1
	limited 1 MemoryMax=67108864
	[ "$(get '/1/site.php?do=memory&f=10')" = "took it" ]
	[ "$(get '/1/site.php?do=memory&f=100')" = refused ]
	limited 1
	[ "$(get '/1/site.php?do=memory&f=100')" = "took it" ]
}

@test "when memory runs out a website's processes go before others'" {
	up 1
	t wait 8.2 1
	pid=$(fresh MainPID php8.2-fpm@site1.service)
	[ "$(in_machine cat "/proc/$pid/oom_score_adj")" = 500 ]
}

@test "a busy loop ends with max_execution_time, a request that only waits a little later; the neighbour answers" {
	up 1 2
	t wait 8.2 1 2
	in_machine sed -i -e 's/^request_terminate_timeout.*/request_terminate_timeout = 7s/' \
		-e 's/^\(php_admin_value.max_execution_time.\).*/\1 = 2/' /etc/hosting-panel/php/8.2/site1.conf
	limited 1
	for x in "spin 500" "sleep 502"; do
		read -r do code <<<"$x"
		in_machine curl -sS -m 60 -o /dev/null -w '%{http_code} %{time_total}' "http://localhost/1/site.php?do=$do" \
			>"$BATS_TEST_TMPDIR/$do" 3>&- &
		p=$!
		for i in 1 2 3; do [ "$(get '/2/site.php?do=who')" = "site2 20002 20002" ]; done
		wait $p
		cat "$BATS_TEST_TMPDIR/$do"
		[[ $(cat "$BATS_TEST_TMPDIR/$do") == "$code "* ]]
		[ "$(get '/1/site.php?do=who')" = "site1 20001 20001" ]
	done
	in_machine grep -q 'Maximum execution time of 2 seconds exceeded' /var/log/hosting-panel/sites/1.example/php-error.log
	in_machine grep -q 'execution timed out' /var/log/hosting-panel/sites/1.example/php-fpm.log
	t render 8.2 1
	limited 1
}

@test "what websites need works: sessions, temporary files, random, children, OPcache" {
	up 1
	got=$(get "/1/site.php?do=works")
	[ "$got" = "session tmpfile random child regex dns" ] || { echo "only: $got"; return 1; }
}

@test "restart: the socket stays, a sleeping master is left asleep, a running one is a new one" {
	up 1
	t restart 8.2 1
	[ "$(t status 8.2 1)" = "8.2 site1 waiting 0" ]
	t wait 8.2 1
	old=$(t status 8.2 1)
	t restart 8.2 1
	[ "$(get '/1/site.php?do=who')" = "site1 20001 20001" ]
	[ "$(t status 8.2 1)" != "$old" ]
}

@test "restarted many times in a row it is not taken for one that fails" {
	up 1
	t wait 8.2 1
	for i in $(seq 25); do
		t restart 8.2 1
		[ "$(get '/1/site.php?do=who')" = "site1 20001 20001" ]
	done
}

# Each request is one connection to FPM; failures are counted by curl itself.
load() { # load SECONDS
	in_machine sh -c "end=\$((\$(date +%s) + $1)); n=0; bad=0
		while [ \$(date +%s) -lt \$end ]; do
			for i in 1 2 3 4; do
				curl -sS -f -m 20 -o /dev/null 'http://localhost/1/site.php?do=who&[1-20]' || bad=\$((bad + 1))
			done
			n=\$((n + 80))
		done
		echo \"\$n requests, \$bad failed\""
}

@test "restart under load loses no request" {
	up 1
	t wait 8.2 1
	load 8 >"$BATS_TEST_TMPDIR/load" 2>&1 3>&- &
	l=$!
	for i in 1 2 3 4; do
		sleep 1
		t restart 8.2 1
	done
	wait $l
	cat "$BATS_TEST_TMPDIR/load"
	grep -q ', 0 failed' "$BATS_TEST_TMPDIR/load"
}

@test "idle masters are put to sleep and wake with the next request" {
	up 1 2
	t wait 8.2 1 2
	in_machine sh -c 'sed -i "s/^pm.process_idle_timeout.*/pm.process_idle_timeout = 1s/" /etc/hosting-panel/php/8.2/site?.conf'
	t restart 8.2 1 2
	t wait 8.2 1 2
	[ "$(t idle - 2)" = 0 ]
	sleep 3
	[ "$(t idle - 2)" = 0 ] # seen idle for the first time
	get '/2/site.php?do=who' >/dev/null # one of them works again meanwhile
	sleep 2.5
	[ "$(t idle - 2)" = 1 ]
	[ "$(t status 8.2 1)" = "8.2 site1 waiting 0" ]
	[[ $(t status 8.2 2) == *" running "* ]]
	[ "$(get '/1/site.php?do=who')" = "site1 20001 20001" ]
	t render 8.2 1 2
}

@test "stop: units, socket and link are gone; again is fine" {
	up 1
	t wait 8.2 1
	t stop 8.2 1
	[ "$(t status 8.2 1)" = "8.2 site1 stopped 0" ]
	run in_machine ls -A /run/hosting-panel/php
	[ "$output" = 8.2 ]
	t stop 8.2 1
	[ -z "$(in_machine systemctl list-units --no-legend --all 'php*-fpm@*')" ]
}

@test "an instance whose master failed too often starts again" {
	up 1
	in_machine cp -p /etc/hosting-panel/php/8.2/site1.conf /root/keep
	in_machine sed -i 's/^pm.max_children.*/pm.max_children = 0/' /etc/hosting-panel/php/8.2/site1.conf
	for i in 1 2 3 4 5 6 7 8; do get '/1/site.php?do=who' >/dev/null || true; done
	in_machine cp -p /root/keep /etc/hosting-panel/php/8.2/site1.conf
	t start 8.2 1
	t wait 8.2 1
	[ "$(get '/1/site.php?do=who')" = "site1 20001 20001" ]
}

@test "a socket whose path was removed is made again" {
	up 1
	t wait 8.2 1
	in_machine rm /run/hosting-panel/php/8.2/site1.sock
	t start 8.2 1
	t wait 8.2 1
}

@test "a socket that somebody restarts by hand is open to the web server, and gets its owner back" {
	up 1
	get /1/site.php >/dev/null
	in_machine sh -c 'systemctl stop php8.2-fpm@site1.service php8.2-fpm@site1.socket
		systemctl start php8.2-fpm@site1.socket'
	[ "$(in_machine stat -c '%U:%G %a' /run/hosting-panel/php/8.2/site1.sock)" = "root:www-data 660" ]
	[ "$(in_machine stat -c '%U:%G %a' /run/hosting-panel/php/8.2)" = "root:www-data 2755" ]
	[ "$(in_machine curl -s -o /dev/null -w '%{http_code}' http://localhost/1/site.php)" = 200 ]
	t start 8.2 1
	[ "$(in_machine stat -c '%U:%G %a' /run/hosting-panel/php/8.2/site1.sock)" = "site1:www-data 660" ]
}

@test "systemd executes itself anew in the middle: it is asked again" {
	up 1
	run t reexec 8.2 1
	echo "$output"
	[ "$status" = 0 ]
	[ "$output" = "8.2 site1 waiting 0"$'\n'"8.2 site1 waiting 0" ]
}

@test "retired and started again while the old master serves its last request" {
	in_machine sed -i 's/^pm.max_children.*/pm.max_children = 3/' /etc/hosting-panel/php/8.2/site1.conf
	# whether the socket stops before or after it is looked at is luck: some rounds
	for _ in 1 2 3 4 5 6 7 8; do
		up 1
		t wait 8.2 1
		get '/1/site.php?do=slow&f=1.5' >"$BATS_TEST_TMPDIR/slow" 3>&- &
		local slow=$!
		sleep 0.7
		t retire 8.2 1
		up 1
		[ "$(in_machine systemctl is-active php8.2-fpm@site1.socket)" = active ]
		t wait 8.2 1
		wait "$slow"
		[ "$(cat "$BATS_TEST_TMPDIR/slow")" = late ]
	done
	t render 8.2 1 2
}

@test "many instances: one call each way, listed in order" {
	ids=$(seq 11 40)
	t make 8.2 $ids
	t render 8.2 $ids
	t test 8.2 $ids
	t start 8.2 $ids
	t link 8.2 $ids >/dev/null
	[ "$(t list - | grep -c waiting)" = 30 ]
	t wait 8.2 $ids
	[ "$(t list - | grep -c running)" = 30 ]
	t stop 8.2 $ids
	[ -z "$(t list -)" ]
	t remove 8.2 $ids
}
