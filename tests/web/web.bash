# web.bash: the panel served as on a real machine, inside tests/lib/sandbox: its own NGINX as hosting-panel-api,
# hp-cgi as hosting-panel, a database in /var/lib/hosting-panel/db. Without systemd, whose part tests/systemd
# tries.
# shellcheck shell=bash

url=https://localhost:8001
ca=/var/lib/hosting-panel/ca/ca.pem

web_paths() {
	export HP_TOP=${HP_TOP:-$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}
	export PATH=${HP_BUILDDIR:?}/cmd:$PATH LC_ALL=C.UTF-8
	export HP_LIBDIR=$HP_BUILDDIR/lib/db/.libs HP_LIBEXECDIR=$HP_BUILDDIR/cmd HP_BINDIR=$HP_BUILDDIR/cmd
	export HP_DATADIR=$HP_TOP HP_WEBDIR=$HP_BUILDDIR/web/files
}

web_conf() { # web_conf [LINE …]: lines of [api]
	mkdir -p /etc/hosting-panel
	printf '%s\n' '[api]' "$@" >/etc/hosting-panel/hosting-panel.conf
	chown root:hosting-panel /etc/hosting-panel/hosting-panel.conf
	chmod 0640 /etc/hosting-panel/hosting-panel.conf
}

web_users() { systemd-sysusers "$HP_TOP/systemd/sysusers.d/hosting-panel.conf"; }

# Users, folders, a database with the tenant acme, its admin anna and two websites that are not applied.
web_world() {
	[ "${HP_SANDBOX:-}" = inside ] || { echo "run it through tests/lib/sandbox" >&2; return 1; }
	web_paths
	web_users
	mkdir -p /run/hosting-panel /etc/hosting-panel
	chown root:hosting-panel /var/lib/hosting-panel
	chmod 0751 /var/lib/hosting-panel
	install -d -m 2770 -o root -g hosting-panel /var/lib/hosting-panel/db
	[ -e /etc/hosting-panel/hosting-panel.conf ] || web_conf "$@"
	hp-db init -q
	hp-tenant add acme -q
	hp-user add anna tenant=acme role=admin -q
	hp-site add a.example tenant=acme --no-apply -q
	hp-site add b.example tenant=acme --no-apply -q
}

# web_cgi [ARGUMENT …]: hp-cgi on the panel's socket; its log is /run/hp-cgi.log
web_cgi() {
	"$HP_TOP/tests/web/listen" /run/hosting-panel/cgi.sock hosting-panel hosting-panel-api \
		"${web_wrapper[@]}" "$HP_BUILDDIR/cgi/hp-cgi" "$@" 2>>/run/hp-cgi.log 3>&- 4>&- &
	echo $! >/run/hp-cgi.pid
}

web_nginx() {
	hp-node api -q
	(
		ulimit -n 65536 2>/dev/null || ulimit -n "$(ulimit -Hn)"
		exec setpriv --reuid=hosting-panel-api --regid=hosting-panel-api --clear-groups -- \
			/usr/sbin/nginx -e stderr -c /etc/hosting-panel/api/nginx.conf 2>>/run/api.log 3>&- 4>&-
	)
	until_answers
}

# What root does for hp-cgi, and the node's own NGINX: the websites are served, too.
web_node() {
	local door
	mkdir -p /run/hosting-panel
	nginx 3>&- 4>&-
	: >/run/doors.pid
	while read -r -a door; do
		"$HP_TOP/tests/lib/inetd" --listen "/run/hosting-panel/${door[0]}.sock" --group hosting-panel \
			"$HP_BUILDDIR/cmd/${door[1]}" "${door[@]:2}" >>/run/doors.log 2>&1 3>&- 4>&- &
		echo $! >>/run/doors.pid
	done <<-'END'
		web-manager hp-vhost apply --timeout=60 --wait=120 -
		web-planner hp-vhost plan --timeout=60 -
		node-manager hp-door
	END
}

# A browser of a user of its own, and what it is driven with.
web_browser() {
	useradd --system --user-group --no-create-home --shell /usr/sbin/nologin hp-browser
	install -d -m 0700 -o hp-browser -g hp-browser /run/browser
	HP_WEB_MODULES=$("$BATS_TEST_DIRNAME/../lib/web-modules")
	export HP_WEB_MODULES HP_BROWSER_USER=hp-browser HP_BROWSER_HOME=/run/browser
}

# job NAME: tests/web/browser/NAME.js; the panel's certificate is taken, and nobody else's
job() {
	HP_BROWSER_PIN=$(openssl x509 -in /var/lib/hosting-panel/api/chain.pem -noout -pubkey | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64)
	export HP_BROWSER_PIN
	node "$HP_TOP/tests/web/browser/main.js" "$1" 3>&- 4>&- || {
		echo "the panel's log:"
		tail -n 20 /run/hp-cgi.log /run/doors.log /run/api.log
		return 1
	}
}

until_answers() {
	local i
	for i in $(seq 200); do
		[[ ! $(code /health) =~ ^(200|421)$ ]] || return 0
		sleep 0.1
	done
	echo "the panel does not answer:"
	cat /run/api.log /run/hp-cgi.log
	return 1
}

web_up() { # web_up [LINE OF [api] …]
	web_wrapper=()
	web_world "$@"
	web_cgi
	web_nginx
}

web_down() {
	local f
	[ "${HP_SANDBOX:-}" = inside ] || return 0
	for f in /run/hosting-panel-api/nginx.pid /run/hp-cgi.pid /run/doors.pid /run/nginx.pid; do
		# shellcheck disable=SC2046 # numbers
		[ ! -s "$f" ] || kill $(<"$f") 2>/dev/null || true
	done
}

# a key of anna's: the secret alone
web_key() { hp-user key add anna "$@" --tsv -n -o token; }

get() { # get PATH [CURL-ARGUMENT …]: the body
	local path=$1
	shift
	curl -sS -m 60 --cacert $ca "$@" "$url$path"
}
code() { # the status alone
	local path=$1
	shift
	curl -s -m 60 --cacert $ca -o /dev/null -w '%{http_code}' "$@" "$url$path"
}
api() { # api KEY PATH [CURL-ARGUMENT …]: the body
	local key=$1 path=$2
	shift 2
	get "$path" -H "Authorization: Bearer $key" "$@"
}
is() { # is JSON FILTER
	[[ $1 == *[![:space:]]* ]] && jq -e "$2" >/dev/null <<<"$1" || {
		echo "not so: $2"
		echo "$1"
		return 1
	}
}
# raw TEXT (as printf's %b takes it): bytes over TLS, and what comes back until the server hangs up
raw() { printf '%b' "$1" | timeout 30 openssl s_client -quiet -connect 127.0.0.1:8001 -CAfile $ca 2>/dev/null; }
workers() { pgrep -P "$(</run/hp-cgi.pid)"; }

# mixed N: so many requests of many kinds, over kept connections; what was answered, counted
mixed() {
	local i
	for i in $(seq "$1"); do
		case $((i % 25)) in
		0) printf 'url = "%s/api/v1/websites/a.example"\nheader = "Authorization: Bearer %s"\n' "$url" "$key" ;;
		[1-4]) printf 'url = "%s/api/v1/me"\nheader = "Authorization: Bearer %s"\n' "$url" "$key" ;;
		[5-6]) printf 'url = "%s/api/v1/websites"\ndata = "{broken"\nheader = "Content-Type: application/json"\nheader = "Authorization: Bearer %s"\n' "$url" "$key" ;;
		7) printf 'url = "%s/api/v1/me"\nheader = "Authorization: Bearer hpk_aaaaaaaaaaaa_%s"\n' "$url" "$(printf 'a%.0s' $(seq 43))" ;;
		8) printf 'url = "%s/login"\ndata = "username=x&username=y"\n' "$url" ;;
		9) printf 'url = "%s/health?a=1&a=2"\nrequest = GET\ndata = "%s"\n' "$url" "$(printf 'x%.0s' $(seq 300))" ;;
		10) printf 'url = "%s/nowhere/%d"\n' "$url" "$i" ;;
		11) printf 'url = "%s/health"\ncookie = "__Host-hp_session=hps_aaaaaaaaaaaa_x; a=b; =; ;;"\n' "$url" ;;
		12) printf 'url = "%s/health/ready"\n' "$url" ;;
		*) printf 'url = "%s/health"\n' "$url" ;;
		esac
		printf 'output = /dev/null\nnext\n'
	done | sed '$d' >"$BATS_TEST_TMPDIR/mixed"
	curl -sS --cacert $ca --no-progress-meter -K <(sed "s|^url|cacert = $ca\nwrite-out = \"%{http_code}\\\\n\"\nurl|" "$BATS_TEST_TMPDIR/mixed") 2>&1 | sort | uniq -c
}
