# What tests/node/settings.bats and probes.bats have in common: a website a.example on the server that the
# file's name says, and questions over HTTP. settings-server.bash knows which.
# shellcheck shell=bash
load ../lib/node
load ../lib/settings-server

setup() {
	node_setup
	node_panel
	settings_server "$BATS_TEST_FILENAME"
	rm -f /etc/nginx/sites-enabled/default
	[ "$front" = nginx ] || node_front "$front"
	hp-site add a.example tenant=acme web_server=$server -q 3>&- 4>&-
	page a.example index.php '<?php echo "php ", $_SERVER["REQUEST_URI"];'
}

teardown() {
	[ -z "${app:-}" ] || kill "$app" 2>/dev/null || true
	node_teardown
}

set_a() { run -0 hp-site set a.example "$@" 3>&- 4>&-; }

headers() { # headers PATH [CURL-ARGUMENT …]: status line and headers, without carriage returns
	local path=$1
	shift
	curl -s -m 20 -o /dev/null -D - -H 'Host: a.example' "$@" "http://127.0.0.1$path" | tr -d '\r'
}

# header NAME: its values in what headers() printed, which is read from standard input
header() { sed -n "s/^$1: //Ip"; }

goes() { # goes PATH STATUS LOCATION
	local got
	got=$(headers "$1")
	# Apache makes a path into a URL
	[ "$front" = nginx ] || got=${got//http:\/\/a.example\//\/}
	[ "$(head -1 <<<"$got" | cut -d' ' -f2)" = "$2" ] && [ "$(header location <<<"$got")" = "$3" ] ||
		{ echo "$1: $got"; return 1; }
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
