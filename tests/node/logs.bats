# Logs of websites are rotated by the real logrotate(8) with the file that is installed, while requests come
# in. Runs in tests/lib/sandbox. logs-apache.bats and logs-openlitespeed.bats are links to this one: that server is
# the front.

bats_require_minimum_version 1.5.0
load ../lib/node
load ../lib/settings-server
load ../lib/openlitespeed

setup() {
	node_setup
	node_panel
	rm -f /etc/nginx/sites-enabled/default
	settings_server "$BATS_TEST_FILENAME"
	[ "$front" != openlitespeed ] || ols_wanted
	hp-site add a.example tenant=acme web_server=$server -q 3>&- 4>&-
	[ "$front" = nginx ] || hp-vhost front "$front" -q 3>&- 4>&-
	page a.example hello.txt hello
	page a.example log.php '<?php error_log("said " . $_GET["n"]); echo "ok";'
	page a.example loud.php '<?php fwrite(fopen("php://stderr", "w"), "loud " . $_GET["n"] . "\n"); echo "ok";'
	logs=/var/log/hosting-panel/sites/a.example
	conf=$dir/logrotate
	sed "s,^\([ \t]*\)/.*/\(hp-[a-z]* reopen\),\1$HP_BUILDDIR/cmd/\2," "$HP_BUILDDIR/logrotate/hosting-panel" >"$conf"
	[ "$(grep -c "$HP_BUILDDIR/cmd/hp-" "$conf")" = 2 ]
}

teardown() {
	[ -z "${load:-}" ] || kill "$load" 2>/dev/null || true
	[ "$front" != openlitespeed ] || ols_teardown
	node_teardown
}

# 1.1 s: names of old files have the second in them
rotate() { sleep 1.1; logrotate -f -s "$dir/logrotate.state" "$conf" 3>&- 4>&-; }

@test "rendered: the vhost names the website's own files, and logrotate's file covers them" {
	grep -q "$logs/access.log" $sites/a.example.conf
	grep -q "$logs/error.log" $sites/a.example.conf
	logrotate -d "$conf" 2>&1 | grep -q "considering log $logs/access.log"
	run -0 hp-vhost verify
}

@test "what the panel asks of a website is not in its log" {
	hp-site set a.example gzip_enabled=false -q 3>&- 4>&-
	get a.example /.well-known/hosting-panel/probe >/dev/null
	get a.example /hello.txt >/dev/null
	for i in {1..100}; do ! grep -q hello.txt "$logs/access.log" || break; sleep 0.1; done
	grep -q hello.txt "$logs/access.log"
	! grep hosting-panel/ "$logs/access.log"
}

@test "rotated under load: no request fails, no line is lost, and the new files are as the old" {
	# OpenLiteSpeed makes the file when it is told to open it anew, or has a line for it
	run -0 rotate
	rm -f "$logs"/access.log-*
	before=$(stat -c '%U:%G %a' "$logs/access.log")
	"$BATS_TEST_DIRNAME/../lib/load" -c 4 -t 60 a.example /hello.txt=hello >"$dir/load" 3>&- 4>&- &
	load=$!
	for i in 1 2 3; do
		sleep 1
		run -0 rotate
		[ "$output" = "" ] || { echo "$output"; return 1; }
	done
	sleep 1
	kill -TERM "$load"
	wait "$load" || { cat "$dir/load"; return 1; }
	load=
	asked=$(sed 's/ .*//' "$dir/load")
	[ "$asked" -gt 100 ]
	[ "$(stat -c '%U:%G %a' "$logs/access.log")" = "$before" ]
	# each of them got lines, so that the servers did go on in new files; all but the last old one are compressed
	logged "$logs/access.log" hello.txt
	[ "$(ls "$logs"/access.log-* | wc -l)" = 3 ]
	[ "$(ls "$logs"/access.log-*.gz | wc -l)" = 2 ]
	lines=0
	for i in $(seq 30); do
		lines=$(zcat -f "$logs"/access.log* | grep -c ' /hello.txt ')
		[ "$lines" != "$asked" ] || break
		sleep 0.1
	done
	echo "# $(cat "$dir/load"), $lines lines" >&3
	[ "$lines" = "$asked" ]
	for f in "$logs"/access.log*; do
		[ "$(zcat -f "$f" | grep -c ' /hello.txt ')" -gt 0 ]
	done
}

@test "PHP's logs are renamed, and what it says goes on into new files of the website's user" {
	[ "$(get a.example '/log.php?n=1')" = ok ]
	grep -q 'said 1' "$logs/php-error.log"
	echo old >>"$logs/php-fpm.log"
	owner=$(stat -c '%U:%G %a' "$logs/php-fpm.log")
	n=0
	master=$(pgrep -f '^php-fpm: master process \(/etc/hosting-panel')
	run -0 rotate
	[ "$(get a.example '/log.php?n=2')" = ok ]
	[ "$(grep -c said "$logs/php-error.log")" = 1 ]
	grep -q 'said 2' "$logs/php-error.log"
	grep -q 'said 1' "$logs"/php-error.log-*
	for f in php-error.log php-fpm.log; do
		[ "$(stat -c '%U:%G %a' "$logs/$f")" = "$owner" ]
		[ "$(stat -c '%U:%G %a' "$logs"/$f-*)" = "$owner" ]
	done
	# the same master, which writes to the new file
	[ "$(pgrep -f '^php-fpm: master process \(/etc/hosting-panel')" = "$master" ]
	until grep -q 're-opened' "$logs/php-fpm.log"; do
		[ "$((n += 1))" -le 50 ]
		sleep 0.1
	done
	[ "$(get a.example '/loud.php?n=2')" = ok ]
	until grep -q 'loud 2' "$logs/php-fpm.log"; do
		[ "$((n += 1))" -le 50 ]
		sleep 0.1
	done
	run ! grep -h 'loud 2' "$logs"/php-fpm.log-*
}

@test "a website's user can neither put anything into the log folder nor stop rotation" {
	user=$(stat -c %U "$logs/php-error.log")
	hp-site add b.example tenant=acme -q 3>&- 4>&-
	run ! setpriv --reuid="$user" --regid="$user" --clear-groups ln -s /etc/shadow "$logs/evil.log"
	run ! setpriv --reuid="$user" --regid="$user" --clear-groups mv "$logs/php-error.log" "$logs/x.log"
	run ! setpriv --reuid="$user" --regid="$user" --clear-groups ln -sf /etc/shadow "$logs/access.log"
	# what is the user's own: as large as it likes, linked to from elsewhere, open to nobody
	setpriv --reuid="$user" --regid="$user" --clear-groups truncate -s 200G "$logs/php-error.log"
	setpriv --reuid="$user" --regid="$user" --clear-groups chmod 0 "$logs/php-slow.log"
	home=/var/lib/hosting-panel/sites/a.example/tmp
	if [ "$(stat -c %d "$home")" = "$(stat -c %d "$logs")" ]; then
		setpriv --reuid="$user" --regid="$user" --clear-groups ln "$logs/php-error.log" "$home/mine" || true
	fi
	echo b >>/var/log/hosting-panel/sites/b.example/php-error.log
	code b.example /
	logged /var/log/hosting-panel/sites/b.example/access.log /
	run -0 rotate
	[ "$(stat -c %s "$logs/php-error.log")" = 0 ]
	[ "$(stat -c '%U %s' "$logs"/php-error.log-*)" = "$user 214748364800" ]
	grep -q b /var/log/hosting-panel/sites/b.example/php-error.log-*
	[ -s "$(ls /var/log/hosting-panel/sites/b.example/access.log-*)" ]
	# not even root's own mistake is followed
	rm "$logs/error.log" "$logs/php-slow.log"
	cp /etc/hostname "$dir/victim"
	ln -s "$dir/victim" "$logs/error.log"
	ln -s "$dir/victim" "$logs/php-slow.log"
	code b.example /
	logrotate -f -s "$dir/logrotate.state" "$conf" 3>&- 4>&- || true
	cmp "$dir/victim" /etc/hostname
	[ ! -e "$dir"/victim-* ]
}

@test "a server that refuses what was changed by hand goes on in the old file, and nothing is lost" {
	code a.example /hello.txt
	logged "$logs/access.log" hello.txt
	case $front in
	nginx) bad=/etc/nginx/conf.d/zz.conf ;;
	apache) bad=/etc/apache2/conf-enabled/zz.conf ;;
	# an unknown word of the administrator's is no error to it
	openlitespeed) bad=$sites/zz.conf ;;
	esac
	echo 'nonsense on;' >$bad
	run ! rotate
	[[ $output == *"goes on in the old log files"*nonsense* ]] || { echo "$output"; return 1; }
	[ "$(code a.example '/hello.txt?again')" = 200 ]
	old=1
	case $front in
	# it opens a log anew by itself
	openlitespeed) old=2 && logged "$logs/access.log" again ;;
	*)
		logged "$(ls "$logs"/access.log-*)" again
		[ ! -s "$logs/access.log" ]
		;;
	esac
	[ "$(cat "$logs"/access.log* | grep -c hello.txt)" = 2 ]
	# the next night finds it still so
	run rotate
	[ "$(ls "$logs"/access.log-* | wc -l)" = $old ]
	rm $bad
	run -0 --separate-stderr hp-vhost reopen --json
	jq -r '.[] | select(.event == "reload") | .server' <<<"$output" | grep -qx "$front"
	[ "$(code a.example /hello.txt)" = 200 ]
	logged "$logs/access.log" hello.txt
}
