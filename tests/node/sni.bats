# What a TLS client gets that asks the front for a name that is no website's, or for none. Runs in
# tests/lib/sandbox. sni-apache.bats is a link to this one: Apache is the front.

bats_require_minimum_version 1.5.0
load ../lib/node
load ../lib/settings-server

setup() {
	node_setup
	node_panel
	rm -f /etc/nginx/sites-enabled/default
	settings_server "$BATS_TEST_FILENAME"
}

teardown() { node_teardown; }

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
	apache) [ "$1" = CN=unknown.invalid ] ;;
	esac
}

@test "a name that is no website's, and none at all: no website's certificate" {
	site b.example
	site a.example
	[ "$front" = nginx ] || hp-vhost front apache -q 3>&- 4>&-
	[ "$(shown a.example)" = CN=a.example ]
	[ "$(shown b.example)" = CN=b.example ]
	for name in c.example x.a.example localhost ''; do
		got=$(shown "$name")
		nobodys "$got" || { echo "$name: $got"; return 1; }
	done
	# who goes on over that connection gets nobody's page, also for a name that is a website's
	for host in c.example a.example; do
		got=$(curl -sk -m 20 -H "Host: $host" -o /dev/null -w '%{http_code}' \
			--resolve "c.example:443:127.0.0.1" https://c.example/hello.txt) || true
		case $front in
		nginx) [ "$got" = 000 ] ;;
		apache) [ "$got" = 404 ] || [ "$got" = 421 ] ;;
		esac || { echo "$host: $got"; return 1; }
	done
	[ "$(curl -s -m 20 --cacert "$dir/a.example.crt" --resolve a.example:443:127.0.0.1 https://a.example/hello.txt)" = "hello from a.example" ]
	run -0 hp-vhost verify
	# the same pair, for as long as the node is there; its key is root's alone
	[ "$front" = apache ] || return 0
	before=$(sha256sum </etc/apache2/hosting-panel/nobody.crt)
	[ "$(stat -c '%U %a' /etc/apache2/hosting-panel/nobody.key)" = "root 400" ]
	hp-site set a.example ssl_enabled=false -q 3>&- 4>&-
	hp-site set b.example ssl_enabled=false -q 3>&- 4>&-
	[ ! -e /etc/apache2/hosting-panel/nobody.key ]
	hp-site set a.example ssl_enabled=true -q 3>&- 4>&-
	[ "$(sha256sum </etc/apache2/hosting-panel/nobody.crt)" = "$before" ]
	[ "$(shown c.example)" = CN=unknown.invalid ]
}
