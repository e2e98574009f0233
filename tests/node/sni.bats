# What a TLS client gets that asks the front for a name that is no website's, or for none. Runs in
# tests/lib/sandbox. sni-apache.bats and sni-openlitespeed.bats are links to this one: that server is the front.

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
}

teardown() {
	[ "$front" != openlitespeed ] || ols_teardown
	node_teardown
}

site() { # site DOMAIN: with a certificate of its own
	hp-site add "$1" tenant=acme -q 3>&- 4>&-
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$dir/$1.key" -out "$dir/$1.crt" \
		-days 90 -subj "/CN=$1" -addext "subjectAltName=DNS:$1" 2>/dev/null
	hp-cert import "$1" --key "$dir/$1.key" --cert "$dir/$1.crt" -q 2>/dev/null 3>&- 4>&-
	hp-site set "$1" ssl_provider=custom ssl_enabled=true -q 3>&- 4>&-
	page "$1" hello.txt "hello from $1"
}

shown() { # shown [NAME]: the subject of what the front shows; nothing: it breaks off
	local sni=(-noservername)
	[ -z "${1:-}" ] || sni=(-servername "$1")
	openssl s_client -connect 127.0.0.1:443 "${sni[@]}" </dev/null 2>/dev/null |
		openssl x509 -noout -subject -nameopt RFC2253 2>/dev/null | sed 's/^subject=//'
}

nobodys() { # no website's certificate
	case $front in
	nginx) [ -z "$1" ] ;;
	*) [ "$1" = CN=unknown.invalid ] ;;
	esac
}

become_front() { [ "$front" = nginx ] || hp-vhost front "$front" -q 3>&- 4>&-; }

@test "rendered: for a name that is nobody's there is a pair of nobody's, or none" {
	site a.example
	if [ $front = nginx ]; then
		grep -q '^[[:space:]]*ssl_reject_handshake on;' $etc/conf.d/hosting-panel.conf
	else
		# a checker in the server's place has no TLS to become the front with
		run -10 hp-vhost plan --front $front
		[[ $output == *"$etc/hosting-panel/nobody.key"* && $output == *"$etc/hosting-panel/nobody.crt"* ]] || { echo "$output"; return 1; }
	fi
}

@test "a name that is no website's, and none at all: no website's certificate" {
	site b.example
	site a.example
	become_front
	[ "$(shown a.example)" = CN=a.example ]
	[ "$(shown b.example)" = CN=b.example ]
	for name in c.example x.a.example localhost ''; do
		got=$(shown "$name")
		nobodys "$got" || { echo "$name: $got"; return 1; }
	done
	# who goes on over that connection gets nobody's page, with most also for a name that is a website's
	for host in c.example a.example; do
		got=$(curl -sk -m 20 -H "Host: $host" -o /dev/null -w '%{http_code}' \
			--resolve "c.example:443:127.0.0.1" https://c.example/hello.txt) || true
		case $front in
		nginx) [ "$got" = 000 ] ;;
		apache) [ "$got" = 404 ] || [ "$got" = 421 ] ;;
		# it looks at the name in the request alone
		*) [ "$got" = "$([ $host = c.example ] && echo 404 || echo 200)" ] ;;
		esac || { echo "$host: $got"; return 1; }
	done
	[ "$(curl -s -m 20 --cacert "$dir/a.example.crt" --resolve a.example:443:127.0.0.1 https://a.example/hello.txt)" = "hello from a.example" ]
	run -0 hp-vhost verify
	# the same pair, for as long as the node is there; its key is root's alone
	[ "$front" != nginx ] || return 0
	before=$(sha256sum <$etc/hosting-panel/nobody.crt)
	[ "$(stat -c '%U %a' $etc/hosting-panel/nobody.key)" = "root 400" ]
	hp-site set a.example ssl_enabled=false -q 3>&- 4>&-
	hp-site set b.example ssl_enabled=false -q 3>&- 4>&-
	[ ! -e $etc/hosting-panel/nobody.key ]
	hp-site set a.example ssl_enabled=true -q 3>&- 4>&-
	[ "$(sha256sum <$etc/hosting-panel/nobody.crt)" = "$before" ]
	[ "$(shown c.example)" = CN=unknown.invalid ]
}

asked() { # what becomes of who asks for a.example over TLS: curl's exit status, its status; 28 waited in vain
	local rc=0
	curl -sk -m 8 -o /dev/null -w '%{http_code}' --resolve a.example:443:"$1" https://a.example/hello.txt || rc=$?
	echo " $rc"
}

refused() { # refused ADDRESS …
	local address got
	for address; do
		got=$(asked "$address")
		# Debian's Apache listens as long as its module is there, and speaks no TLS then
		[ "$got" = "000 7" ] || { [ $front = apache ] && [ "$got" = "000 35" ]; } || { echo "$address: $got"; return 1; }
	done
}

@test "with the last website that has TLS goes who listens for it, and is back with the next" {
	site a.example
	become_front
	[ "$(asked 127.0.0.1)" = "200 0" ]
	hp-site set a.example ssl_enabled=false -q 3>&- 4>&-
	refused 127.0.0.1 ::1
	[ "$(get a.example /hello.txt)" = "hello from a.example" ]
	hp-site set a.example ssl_enabled=true -q 3>&- 4>&-
	[ "$(asked ::1)" = "200 0" ]
	hp-site suspend a.example -q 3>&- 4>&-
	[ "$(asked 127.0.0.1)" = "503 0" ]
	hp-site remove a.example --yes -q 3>&- 4>&-
	refused 127.0.0.1 ::1
}

@test "what was to be the first website with TLS is undone: nobody listens for it" {
	hp-site add a.example tenant=acme -q 3>&- 4>&-
	page a.example hello.txt hello
	become_front
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$dir/key" -out "$dir/crt" -days 9 -subj /CN=a.example \
		-addext subjectAltName=DNS:a.example 2>/dev/null
	hp-cert import a.example --key "$dir/key" --cert "$dir/crt" -q 3>&- 4>&-
	run -137 env HP_FAULT=before-commit hp-site set a.example ssl_provider=custom ssl_enabled=true 3>&- 4>&-
	run -0 hp-vhost recover 3>&- 4>&-
	refused 127.0.0.1 ::1
	[ "$(get a.example /hello.txt)" = hello ]
}
