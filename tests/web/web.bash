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

# What tests/web/browser works on: the panel served, a node with several PHPs, people who can log in, a certificate.
web_browsed() {
	local password='correct horse battery'
	[ "$(uname -m)" = x86_64 ] || skip "the other PHPs are for x86-64"
	web_browser
	mkdir -p /etc/hosting-panel
	web_paths
	web_users
	web_conf 'rate_limit = 100000' 'login_rate_limit = 100000'
	"$HP_TOP/tests/lib/php-versions" >>/etc/hosting-panel/hosting-panel.conf
	web_node
	web_up
	hp-vhost apply -q 3>&- 4>&-
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 60 -subj /CN=a.example \
		-addext subjectAltName=DNS:a.example -keyout "$BATS_FILE_TMPDIR/key" -out "$BATS_FILE_TMPDIR/cert" 2>/dev/null
	hp-cert import a.example -q < <(cat "$BATS_FILE_TMPDIR/key" "$BATS_FILE_TMPDIR/cert")
	hp-user passwd anna -q <<<"$password"
	hp-user add chief tenant=acme role=admin operator=true -q
	hp-user passwd chief -q <<<"$password"
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

# web_in NAME PASSWORD: a session of his, as curl would send it: "NAME=TOKEN"
web_in() {
	local jar csrf
	jar=$(mktemp)
	csrf=$(get /login -c "$jar" | sed -n 's/.*name="csrf" value="\([0-9a-f]*\)".*/\1/p' | head -n 1)
	get /login -o /dev/null -b "$jar" -c "$jar" -d "csrf=$csrf" --data-urlencode "username=$1" --data-urlencode "password=$2"
	awk '$6 ~ /hp_session$/ { print $6 "=" $7 }' "$jar"
	rm -f "$jar"
}

# What mixed() asks for: users with passwords, another tenant, a key and a session, in /run.
mixed_world() {
	hp-user add carl tenant=acme role=client -q
	hp-tenant add other -q
	hp-site add foreign.example tenant=other --no-apply -q
	hp-user passwd anna -q <<<"correct horse battery"
	web_key --verbs site:list,site:show,site:set,user:list,user:show,user:set,user:add,audit:list >/run/key
	web_in anna "correct horse battery" >/run/session
	[ -s /run/key ] && [ -s /run/session ]
}

# mixed N: so many requests of many kinds, from sixteen clients at once; what was answered, counted. $key is an
# API key of anna's and $session a session of hers: what she may see, what she may not, what is there and what is
# not, things that are changed, and what no honest client sends.
mixed() {
	awk -v n="$1" -v url="$url" -v key="$key" -v session="$session" -v ca="$ca" -v csrf="$(printf 'csrf:%s' "${session#*=}" | sha256sum | cut -d' ' -f1)" '
		function ask(path, more) { printf "url = \"%s%s\"\n%s", url, path, more }
		function by_key(path, more) { ask(path, "header = \"Authorization: Bearer " key "\"\n" more) }
		function page(path, more) { ask(path, "cookie = \"" session "\"\n" more) }
		function form(path, fields) { page(path, "data = \"csrf=" csrf "&" fields "\"\n") }
		function json(path, method, body) {
			gsub(/"/, "\\\"", body)
			by_key(path, "request = \"" method "\"\nheader = \"Content-Type: application/json\"\ndata = \"" body "\"\n")
		}
		BEGIN {
			long = sprintf("%300s", ""); gsub(/ /, "x", long)
			for (i = 0; i < n; i++) {
				if (i) print "next"
				printf "cacert = \"%s\"\noutput = /dev/null\nno-progress-meter\nsilent\nshow-error\nmax-time = 120\nwrite-out = \"%%{http_code}\\n\"\n", ca
				k = i % 50
				if (k == 0) by_key("/api/v1/websites")
				else if (k == 1) by_key("/api/v1/websites/a.example")
				else if (k == 2) by_key("/api/v1/websites/foreign.example")
				else if (k == 3) json("/api/v1/websites", "POST", "{broken")
				else if (k == 4) json("/api/v1/users/carl", "PATCH", "{\"email\":\"carl" i "@x.example\"}")
				else if (k == 5) json("/api/v1/users/carl?dry_run=1", "PATCH", "{\"role\":\"admin\"}")
				else if (k == 6) by_key("/api/v1/audit?limit=5")
				else if (k == 7) ask("/api/v1/me", "header = \"Authorization: Bearer hpk_aaaaaaaaaaaa_" substr(long, 1, 43) "\"\n")
				else if (k == 8) ask("/login", "data = \"username=x&username=y\"\n")
				else if (k == 9) ask("/health?a=1&a=2", "request = GET\ndata = \"" long "\"\n")
				else if (k == 10) page("/nowhere/" i)
				else if (k == 11) ask("/health", "cookie = \"__Host-hp_session=hps_aaaaaaaaaaaa_x; a=b; =; ;;\"\n")
				else if (k == 12) page("/")
				else if (k == 13) page("/websites?q=a&sort=domain")
				else if (k == 14) page("/websites", "header = \"HX-Request: true\"\n")
				else if (k == 15) page("/websites/a.example")
				else if (k == 16) page("/websites/a.example/settings")
				else if (k == 17) form("/users/carl/edit", "email=page" i "%40x.example")
				else if (k == 18) page("/users/carl/edit", "data = \"email=x%40x.example\"\n")
				else if (k == 19) page("/websites/foreign.example")
				else if (k == 20) page("/users")
				else if (k == 21) page("/users/carl")
				else if (k == 22) page("/keys")
				else if (k == 23) page("/audit")
				else if (k == 24) page("/api/dashboard/metrics")
				else if (k == 25) page("/api/dashboard/websites")
				else if (k == 26) page("/account")
				else if (k == 27) ask("/api/v1/openapi.json", "")
				else if (k == 28) ask("/login", "")
				else if (k == 29) json("/api/v1/users", "POST", "{\"username\":\"u" i "\",\"tenant_id\":7}")
				else if (k < 35) by_key("/api/v1/me")
				else if (k < 40) page("/api/v1/me")
				else if (k < 43) ask("/health/ready", "")
				else ask("/health", "")
			}
		}' >"$BATS_TEST_TMPDIR/mixed"
	curl --parallel --parallel-max 16 -K "$BATS_TEST_TMPDIR/mixed" 2>&1 | sort | uniq -c
}
