#!/usr/bin/env bats
# A website's PHP as hp-site and hp-php set it, asked over HTTP and over its own socket: real NGINX,
# real FPM of 8.0 to 8.4 (tests/lib/php-versions), in tests/lib/sandbox.

bats_require_minimum_version 1.5.0
load ../lib/node

setup() {
	[ "$(uname -m)" = x86_64 ] || skip "the other PHPs are for x86-64"
	node_setup
	export HP_LIBDIR=$HP_BUILDDIR/lib/db/.libs PATH=$HP_BUILDDIR/cmd:$PATH
	mkdir -p /etc/hosting-panel
	conf
	p hp-db init -q
	p hp-tenant add acme -q
	p hp-site add a.example tenant=acme php_version=8.2 -q
	page a.example ini.php '<?php echo ini_get($_GET["k"]);'
	page a.example v.php '<?php echo PHP_VERSION;'
}

teardown() { node_teardown; }

# conf [LINE …]: hosting-panel.conf with the PHP versions and these lines in front of them
conf() { { printf '%s\n' "$@"; "$HP_DATADIR/tests/lib/php-versions"; } >/etc/hosting-panel/hosting-panel.conf; }

# masters that are started must not keep bats' own descriptors
p() { run "$@" 3>&- 4>&-; [ "$status" = 0 ] || { echo "$* ($status): $output"; return 1; }; }
fails() { # fails STATUS COMMAND …
	local want=$1
	shift
	run "$@" 3>&- 4>&-
	[ "$status" = "$want" ] || { echo "$* ($status): $output"; return 1; }
}
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
	grep -q 'cannot connect to 127.0.0.1' /var/log/hosting-panel/sites/a.example/php-fpm.log
}
