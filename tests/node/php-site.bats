#!/usr/bin/env bats
# A website's PHP as hp-site and hp-php set it, asked over HTTP and over its own socket: real NGINX,
# real FPM of 8.0 to 8.4 (tests/lib/php-versions), in tests/lib/sandbox.

bats_require_minimum_version 1.5.0
load ../lib/node
load ../lib/php

setup() {
	[ "$(uname -m)" = x86_64 ] || skip "the other PHPs are for x86-64"
	node_setup
	mkdir -p /etc/hosting-panel
	conf
	node_panel
	p hp-site add a.example tenant=acme php_version=8.2 -q
	page a.example ini.php '<?php echo ini_get($_GET["k"]);'
	page a.example v.php '<?php echo PHP_VERSION;'
}

teardown() { node_teardown; }

# conf [LINE …]: hosting-panel.conf with the PHP versions and these lines in front of them
conf() { { printf '%s\n' "$@"; "$HP_DATADIR/tests/lib/php-versions"; } >/etc/hosting-panel/hosting-panel.conf; }

ini() { get a.example "/ini.php?k=$1"; }
shown() { hp-php show a.example --json 3>&- 4>&-; } # one JSON object
is() { jq -e "$2" >/dev/null <<<"$1" || { echo "not so: $2"; echo "$1"; return 1; }; }

@test "show: the PHP itself says what runs, of every version" {
	for v in 8.1 8.3 8.2 8.0 8.4; do
		p hp-php set a.example $v
		is "$(shown)" ".applied_version == \"$v\" and (.release | startswith(\"$v.\")) and .sapi == \"fpm-fcgi\"
			and .uid == 20001 and .pid > 1 and .memory_limit == \"256M\" and .max_execution_time == \"300\"
			and .upload_max_filesize == \"64M\" and .post_max_size == \"64M\"
			and (.extensions | index(\"json\") != null) and .opcache == \"on\" and .jit == false
			and .requests > 0 and .slow_requests == 0"
		[[ $(get a.example /v.php) == $v.* ]]
	done
	# the process that answers is the site's own
	[ "$(stat -c %U /proc/"$(shown | jq .pid)")" = site1 ]
	# nothing of this was put where the website's files are
	[ "$(find /var/www/vhosts/a.example -name 'probe*' | wc -l)" = 0 ]
}

@test "show: what is asked stands behind no URL, and a website's PHP that is gone is told" {
	for path in /etc/hosting-panel/php/8.2/probe.php /probe.php /.well-known/hosting-panel/status \
		/.well-known/hosting-panel/status?json /.well-known/hosting-panel/ping; do
		[ "$(code a.example "$path")" = 404 ] || { echo "$path answers"; return 1; }
	done
	# a path that ends as a script's does not help
	for path in /.well-known/hosting-panel/status/x.php /v.php/.well-known/hosting-panel/status; do
		run get a.example "$path"
		[[ $output != *"accepted conn"* ]] || { echo "$path answers"; return 1; }
	done
	# a column that needs no asking asks nothing
	kill -STOP "$(pgrep -u site1 -f 'master process')"
	pkill -STOP -u site1
	run timeout 5 hp-php show a.example -o domain,socket --tsv -n
	[ "$output" = $'a.example\t/run/hosting-panel/php/site1.sock' ]
	pkill -KILL -u site1
	until ! pgrep -u site1 >/dev/null; do sleep 0.05; done
	fails 0 hp-php show a.example --json
	is "$output" '.instance == "stopped" and .release == null'
}

@test "extensions: one that the version lacks is refused with those that it has, others are loaded" {
	fails 2 hp-site set a.example php_extensions=nosuch
	[[ $output == *'PHP 8.2 has no extension "nosuch"; it has: '*json* ]] || { echo "$output"; return 1; }
	is "$(hp-site show a.example --json)" '.php_extensions == []'
	p hp-php set a.example 8.3
	is "$(shown)" '(.extensions | index("mysqli")) == null'
	p hp-site set a.example php_extensions=mysqli,mysqlnd,curl,opcache
	is "$(shown)" '.extensions as $e | (["curl", "mysqli", "mysqlnd"] - $e) == [] and .opcache == "on"'
	[ ! -s /var/log/hosting-panel/sites/a.example/php-error.log ]
	# another version that has none of that name: refused, and the site stays
	fails 2 hp-site set a.example php_version=8.4 php_extensions=swoole
	[[ $output == *'PHP 8.4 has no extension "swoole"; it has: '*mbstring* ]] || { echo "$output"; return 1; }
	[[ $(get a.example /v.php) == 8.3.* ]]
}

@test "what is taken away is gone from the PHP that answers: the last extension, the last setting" {
	p hp-php set a.example 8.3
	p hp-site set a.example php_extensions=mysqli,mysqlnd
	is "$(shown)" '.extensions | index("mysqli") != null'
	p hp-site set a.example php_extensions=
	is "$(shown)" '.extensions | index("mysqli") == null'
	[ ! -e /etc/hosting-panel/php/8.3/site1.d ]
	# refused by the server in the same run: it is there again
	p hp-site set a.example php_extensions=mysqli,mysqlnd
	snippet a.example php-fpm x.conf 'no_such_thing = 1'
	fails 7 hp-site set a.example php_extensions=
	is "$(shown)" '.extensions | index("mysqli") != null'
	[ -s /etc/hosting-panel/php/8.3/site1.d/site.ini ]
}

@test "a version's section: OPcache and JIT act on its sites alone" {
	p hp-site add b.example tenant=acme php_version=8.3 -q
	sed -i 's/^\[php."8.3"\]/&\njit_enabled = true/; s/^\[php."8.4"\]/&\nopcache_enabled = false/' \
		/etc/hosting-panel/hosting-panel.conf
	p hp-vhost apply
	is "$(hp-php show b.example --json)" '.opcache == "on" and .jit == true'
	is "$(shown)" '.opcache == "on" and .jit == false'
	p hp-php set b.example 8.4
	is "$(hp-php show b.example --json)" '(.opcache == "off" or .opcache == "missing") and .jit == false'
}

@test "mail(): handed over by SMTP with the website's envelope, whatever the script wants" {
	mkdir /run/sink
	"$HP_DATADIR/tests/lib/smtp-sink" /run/sink 3>&- 4>&- &
	sink=$!
	for i in $(seq 50); do [ -s /run/sink/port ] && break; sleep 0.1; done
	conf '[php]' "mail_server = 127.0.0.1:$(cat /run/sink/port)"
	p hp-vhost apply
	page a.example mail.php '<?php var_dump(mail("rcpt@dest.example", "a subject", "line\n.\nlast\n",
		"Bcc: hidden@dest.example\r\nX-Mine: 1", "-fforged@elsewhere.example"));'
	for v in 8.2 8.0 8.1 8.3 8.4; do
		p hp-php set a.example $v
		rm -f /run/sink/[0-9]*
		[ "$(get a.example /mail.php)" = "bool(true)" ]
		cat /run/sink/[0-9]*
		grep -qi '^MAIL FROM:<site1@a.example>' /run/sink/[0-9]*
		grep -q '^EHLO a.example$' /run/sink/[0-9]*
		grep -q '^RCPT TO:<rcpt@dest.example>' /run/sink/[0-9]*
		grep -q '^RCPT TO:<hidden@dest.example>' /run/sink/[0-9]*
		grep -q '^Subject: a subject' /run/sink/[0-9]*
		grep -q '^X-Mine: 1' /run/sink/[0-9]*
		grep -q '^last' /run/sink/[0-9]*
		! grep -qi '^Bcc:\|forged' /run/sink/[0-9]*
	done
	kill $sink
	# nobody there: mail() says so, and the log why
	[ "$(get a.example /mail.php)" = "bool(false)" ]
	for i in $(seq 100); do
		! grep -q 'cannot connect to 127.0.0.1' /var/log/hosting-panel/sites/a.example/php-fpm.log || break
		sleep 0.1
	done
	grep -q 'cannot connect to 127.0.0.1' /var/log/hosting-panel/sites/a.example/php-fpm.log
}

@test "a version's section is what its websites start from, and a website's own setting wins" {
	timeout=/etc/nginx/sites-available/a.example.conf
	{ printf '[php."8.2"]\nmemory_limit = "512M"\nmax_execution_time = 77\n'
		"$HP_DATADIR/tests/lib/php-versions" | sed 's/^\[php."8.3"\]/&\nmemory_limit = "384M"/'
	} >/etc/hosting-panel/hosting-panel.conf
	p hp-vhost apply
	is "$(shown)" '.memory_limit == "512M" and .max_execution_time == "77"
		and .php_memory_limit == null and .php_max_execution_time == null'
	grep -q 'fastcgi_read_timeout 8[0-9]s' $timeout
	p hp-php set a.example 8.3
	is "$(shown)" '.memory_limit == "384M" and .max_execution_time == "300"'
	p hp-site set a.example php_memory_limit=99M php_max_execution_time=20
	is "$(shown)" '.memory_limit == "99M" and .max_execution_time == "20"'
	p hp-site set a.example php_memory_limit= php_max_execution_time=
	is "$(shown)" '.memory_limit == "384M" and .max_execution_time == "300" and .php_memory_limit == null'
	# no request is let in that would have the whole website killed
	p hp-site set a.example memory_max=128M
	is "$(shown)" '.memory_limit == "128M"'
	fails 2 hp-site set a.example php_memory_limit=256M
	p hp-vhost verify
}

@test "php_settings are the website's php.ini: of every kind, and scripts may go on from there" {
	settings='php_settings={"date.timezone":"Europe/Berlin","display_errors":"1","session.gc_maxlifetime":"77",'
	settings+='"opcache.revalidate_freq":"9","expose_php":"0","realpath_cache_size":"8M","session.gc_probability":"5"}'
	page a.example set.php '<?php ini_set("date.timezone", "Asia/Tokyo"); echo ini_get("date.timezone");'
	for v in 8.2 8.0 8.1 8.3 8.4; do
		p hp-php set a.example $v
		[ "$(ini display_errors)" = 0 ] || [ "$(ini display_errors)" = '' ] || [ "$(ini display_errors)" = off ]
		p hp-site set a.example "$settings"
		[ "$(ini date.timezone)" = Europe/Berlin ]
		[ "$(ini display_errors)" = 1 ]
		[ "$(ini session.gc_maxlifetime)" = 77 ]
		[ "$(ini session.gc_probability)" = 5 ]
		[ "$(ini opcache.revalidate_freq)" = 9 ]
		[ "$(ini realpath_cache_size)" = 8M ]
		[ -z "$(curl -sI -H 'Host: a.example' http://127.0.0.1/v.php | grep -i x-powered-by)" ]
		[ "$(get a.example /set.php)" = Asia/Tokyo ]
		p hp-site set a.example php_settings@date.timezone=UTC
		[ "$(ini date.timezone)/$(ini display_errors)" = UTC/1 ]
		p hp-site set a.example php_settings=
		[ "$(ini session.gc_probability)" = 1 ]
		[ ! -e /etc/hosting-panel/php/$v/site1.d ]
	done
	[ "$(ini session.save_path)" = /var/lib/hosting-panel/sites/a.example/sessions ]
}

@test "php_max_children: more wait, and show counts it" {
	page a.example sleep.php '<?php usleep(600000); echo "slept";'
	p hp-site set a.example php_max_children=1
	begin=$(date +%s%N)
	for i in 1 2 3; do get a.example /sleep.php >"$dir/slept.$i" 3>&- 4>&- & done
	wait
	took=$((($(date +%s%N) - begin) / 1000000))
	[ "$took" -ge 1800 ] || { echo "$took ms"; return 1; }
	[ "$(cat "$dir"/slept.?)" = sleptsleptslept ]
	is "$(shown)" '.max_children_reached > 0 and .php_max_children == 1'
	p hp-site set a.example php_max_children=3
	# each waits for the others: they are served at the same time
	page a.example meet.php '<?php $met = sys_get_temp_dir() . "/met-"; touch($met . $_GET["n"]);
		for ($i = 0; $i < 300 && count(glob($met . "*")) < 3; $i++) usleep(100000);
		echo $i < 300 ? "met" : "alone";'
	# One after the other: FPM (ondemand) starts nobody while one is free, be it for two who ask at the same instant,
	# and then the second of these waits until some request ends.
	for i in 1 2 3; do
		get a.example "/meet.php?n=$i" >"$dir/met.$i" 3>&- 4>&- &
		for n in $(seq 100); do
			[ ! -e /var/lib/hosting-panel/sites/a.example/tmp/met-$i ] || break
			sleep 0.1
		done
	done
	wait
	[ "$(cat "$dir"/met.?)" = metmetmet ]
}

@test "slow log: a request that takes long is noted where it stands, for the website's user to read" {
	log=/var/log/hosting-panel/sites/a.example/php-slow.log
	page a.example slow.php $'<?php\nfunction dawdle() { usleep(2500000); }\ndawdle();\necho "slow";'
	for v in 8.2 8.0 8.1 8.3 8.4; do
		p hp-php set a.example $v
		p hp-site set a.example php_slowlog_seconds=1
		: >$log
		[ "$(get a.example /slow.php)" = slow ]
		for i in $(seq 20); do [ -s $log ] && break; sleep 0.1; done
		cat $log
		grep -q 'script_filename = /var/www/vhosts/a.example/slow.php' $log
		grep -q 'dawdle() /var/www/vhosts/a.example/slow.php:3' $log
		is "$(shown)" '.slow_requests == 1'
		[ "$(stat -c '%U %a' $log)" = "site1 640" ]
		setpriv --reuid site1 --regid site1 --clear-groups cat $log >/dev/null
		p hp-site set a.example php_slowlog_seconds=0
		: >$log
	done
	[ "$(get a.example /slow.php)" = slow ]
	[ ! -s $log ]
}

# of_master WHAT: a line of its /proc/PID/limits
of_master() { sed -n "s/^$1  *\([^ ]*\)  *.*/\1/p" /proc/"$(pgrep -u site1 -f 'master process')"/limits; }

@test "limits without systemd: each process and all together, changed while they run, taken away again" {
	# the kernel counts them by user, together with those of tests that run beside this one
	page a.example fork.php '<?php $n = 0; for ($i = 0; $i < 200; $i++) {
		$h[] = $p = @proc_open(["/bin/sleep", "20"], [], $pipes); $n += is_resource($p) ? 1 : 0; }
		foreach ($h as $p) if ($p) { proc_terminate($p, 9); proc_close($p); } echo $n;'
	half=$(($(getconf _PHYS_PAGES) * $(getconf PAGESIZE) / 2))
	[ "$(of_master 'Max data size')" = "$half" ]
	[ "$(of_master 'Max processes')" = 512 ]
	# it ends before what is more dear does, when the machine's memory runs out
	[ "$(cat /proc/"$(pgrep -u site1 -f 'master process')"/oom_score_adj)" = 500 ]
	master=$(pgrep -u site1 -f 'master process')
	get a.example /v.php
	p hp-site set a.example memory_max=256M tasks_max=128
	[ "$(of_master 'Max data size')" = $((256 << 20)) ]
	[ "$(of_master 'Max processes')" = 128 ]
	for pid in $(pgrep -u site1); do grep -q "^Max processes *128 " /proc/$pid/limits; done
	n=$(get a.example /fork.php)
	[ "$n" -gt 5 ] && [ "$n" -lt 128 ] || { echo "$n processes"; return 1; }
	# the pool's size follows from memory_max, which is a restart; a limit alone is none
	master=$(pgrep -u site1 -f 'master process')
	p hp-site set a.example cpu_quota=50 tasks_max=140
	# where root may not change others' limits (CAP_SYS_RESOURCE), a new master has them
	if ((0x$(sed -n 's/^CapEff:\t//p' /proc/self/status) >> 24 & 1)); then
		[ "$(pgrep -u site1 -f 'master process')" = "$master" ]
	fi
	[ "$(of_master 'Max processes')" = 140 ]
	# with the next version, too
	p hp-php set a.example 8.3
	[ "$(of_master 'Max processes')" = 140 ]
	[ "$(cat /etc/hosting-panel/php/8.3/site1.limits)" = $'MemoryMax=268435456\nCPUQuota=50%\nTasksMax=140' ]
	[ ! -e /etc/hosting-panel/php/8.2/site1.limits ]
	p hp-site set a.example memory_max= cpu_quota= tasks_max=
	[ "$(of_master 'Max data size')" = "$half" ]
	[ "$(of_master 'Max processes')" = 512 ]
	p hp-vhost verify
}
