# For tests with OpenLiteSpeed inside tests/lib/sandbox, where /usr/local/lsws is a copy of the machine's (or of
# $HP_LSWS_ROOT); where there is none, tests/lib/ols-check stands in for it: it judges the configuration and
# answers the panel's probe, so that each apply goes its whole way, but serves nothing.
# shellcheck shell=bash
lsws=/usr/local/lsws
own=$lsws/conf/hosting-panel
check=${BASH_SOURCE[0]%/*}/ols-check

# Behind node_setup. Sets real where the server itself is there.
ols_setup() {
	real=1
	[ -x $lsws/bin/openlitespeed ] && [ ! -e $lsws/stands-in ] || stand_in
	# whom its packages make, where HP_LSWS_ROOT is a folder alone
	getent passwd lsadm >/dev/null || useradd --system --no-create-home lsadm
	cp -a $lsws/conf "$dir/lsws-conf"
	cat >/etc/init.d/lsws <<-'SH'
		#!/bin/sh
		case $1 in
		# where its systemd unit has it, too
		start) OLS_PID_FILE=/run/openlitespeed.pid exec /usr/local/lsws/bin/openlitespeed ;;
		stop) kill -TERM "$(cat /run/openlitespeed.pid)" ;;
		esac
	SH
	chmod +x /etc/init.d/lsws
}

# What needs a server that serves has it where it is, and does without elsewhere.
ols_if_real() {
	real=
	[ ! -x $lsws/bin/openlitespeed ] || [ -e $lsws/stands-in ] || ols_setup
}

# For files whose questions are for a server that serves. A test called "rendered: …" asks none: it looks at
# what is rendered, and that the server, or the checker, takes it.
ols_wanted() {
	ols_setup
	[ -n "$real" ] || [[ $BATS_TEST_DESCRIPTION == rendered:* ]] || skip "asked of a real OpenLiteSpeed alone"
}

# Before node_teardown.
ols_teardown() {
	local p
	for p in $(pgrep -x openlitespeed) $(pgrep -f '^openlitespeed \(lshttpd'); do
		kill -KILL "$p" 2>/dev/null || true
	done
	rm -rf $lsws/conf /run/openlitespeed.pid
	find /tmp/lshttpd -mindepth 1 -delete
	[ ! -d "${dir:-}/lsws-conf" ] || cp -a "$dir/lsws-conf" $lsws/conf
}

stand_in() {
	real=
	mkdir -p $lsws/bin $lsws/conf
	touch $lsws/stands-in
	cp "$check" $lsws/bin/openlitespeed
	cat >$lsws/conf/httpd_config.conf <<-'CONF'
		serverName
		user                             nobody
		group                            nogroup

		# of the administrator
		tuning{
		    maxConnections               10000
		}
		listener Default{
		    address                  127.0.0.1:8088
		    secure                   0
		}
	CONF
}

# Whatever judges besides, the checker does.
judged() { "$check" 2>&1; }
