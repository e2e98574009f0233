# What tests/node/settings.bats and probes.bats have in common: a website a.example on the server that the
# file's name says, and questions over HTTP. settings-server.bash knows which.
# shellcheck shell=bash
load ../lib/node
load ../lib/settings-server

setup() {
	node_setup
	runs=1
	settings_server "$BATS_TEST_FILENAME"
	if [ "$server" = openlitespeed ]; then
		load ../lib/openlitespeed
		ols_setup
		runs=$real
	fi
	node_panel
	rm -f /etc/nginx/sites-enabled/default
	[ "$front" = nginx ] || node_front "$front"
	act hp-site add a.example tenant=acme web_server=$server -q
	page a.example index.php '<?php echo "php ", $_SERVER["REQUEST_URI"];'
}

teardown() {
	[ -z "${app:-}" ] || kill "$app" 2>/dev/null || true
	[ "${server:-}" != openlitespeed ] || ols_teardown
	node_teardown
}

# A change that an apply makes, which goes its whole way.
act() {
	run -0 "$@" 3>&- 4>&-
	[ "$server" != openlitespeed ] || judged
}
set_a() { act hp-site set a.example "$@"; }

# Questions over HTTP are for servers that run. Where OpenLiteSpeed is checked only, what they want holds unasked:
# there a test fails by its changes, each of which is applied and judged.
is() { # is TEXT COMMAND …: what it prints
	[ -n "$runs" ] || return 0
	local got
	got=$("${@:2}") || true
	[ "$got" = "$1" ] || { echo "$got, not $1: ${*:2}"; return 1; }
}
like() { # like PATTERN COMMAND …
	[ -n "$runs" ] || return 0
	local got
	got=$("${@:2}") || true
	# shellcheck disable=SC2053
	[[ $got == $1 ]] || { echo "$got, not like $1: ${*:2}"; return 1; }
}
unlike() {
	[ -n "$runs" ] || return 0
	local got
	got=$("${@:2}") || true
	# shellcheck disable=SC2053
	[[ $got != $1 ]] || { echo "$got: ${*:2}"; return 1; }
}
says() { is "$1" value "${@:2}"; } # says TEXT HEADER PATH [CURL-ARGUMENT …]

headers() { # headers PATH [CURL-ARGUMENT …]: status line and headers of host's, without carriage returns
	local path=$1
	shift
	curl -s -m 20 -o /dev/null -D - -H "Host: ${host:-a.example}" "$@" "http://127.0.0.1$path" | tr -d '\r'
}

# header NAME: its values in what headers() printed, which is read from standard input
header() { sed -n "s/^$1: //Ip"; }
value() { headers "${@:2}" | header "$1"; } # value NAME PATH [CURL-ARGUMENT …]

goes() { # goes PATH STATUS LOCATION
	[ -n "$runs" ] || return 0
	local got
	got=$(headers "$1")
	# some make a path into a URL
	[ "$front" = nginx ] || got=${got//http:\/\/a.example\//\/}
	[ "$(head -1 <<<"$got" | cut -d' ' -f2)" = "$2" ] && [ "$(header location <<<"$got")" = "$3" ] ||
		{ echo "$1: $got"; return 1; }
}

# The panel's own question is answered, whoever may ask for the rest; also by what stands in for a server.
probe_answers() {
	local got
	if [ "$front" = openlitespeed ]; then
		got=$(value location /.well-known/hosting-panel/probe)
		got=${got##*/}
	else
		got=$(get a.example /.well-known/hosting-panel/probe)
	fi
	[[ $got =~ ^[0-9a-f]{16}$ ]] || { echo "the probe: $got"; return 1; }
}

start_app() { # start_app PORT
	perl "$BATS_TEST_DIRNAME/app.pl" "$1" >"$dir/app" 2>&1 3>&- 4>&- &
	app=$!
	for _ in $(seq 100); do
		grep -q ready "$dir/app" && return
		sleep 0.1
	done
	cat "$dir/app"
	return 1
}
