# The front sends along what a certificate's authority says of it (OCSP), where it has one to ask. Runs in
# tests/lib/sandbox. ocsp-apache.bats and ocsp-openlitespeed.bats are links to this one: that server is the front.

bats_require_minimum_version 1.5.0
load ../lib/node
load ../lib/settings-server
load ../lib/openlitespeed

setup() {
	node_setup
	node_panel
	rm -f /etc/nginx/sites-enabled/default
	settings_server "$BATS_TEST_FILENAME"
	case $front in
	nginx) log=/var/log/nginx/error.log directive=ssl_stapling ;;
	apache) log=/var/log/apache2/error.log directive=SSLUseStapling ;;
	openlitespeed) log=$lsws/logs/error.log directive=enableStapling ;;
	esac
	[ "$front" != openlitespeed ] || ols_wanted
}

teardown() {
	[ -z "${responder:-}" ] || kill "$responder" 2>/dev/null || true
	[ "$front" != openlitespeed ] || ols_teardown
	node_teardown
}

# A root, and below it an authority that issues certificates and says what has become of them.
authority() {
	cd "$dir"
	openssl req -x509 -newkey rsa:2048 -nodes -days 9 -subj '/CN=test root' -keyout root.key -out root.pem 2>/dev/null
	openssl req -newkey rsa:2048 -nodes -subj '/CN=test authority' -keyout ca.key -out ca.csr 2>/dev/null
	openssl x509 -req -in ca.csr -CA root.pem -CAkey root.key -CAcreateserial -days 9 -out ca.pem \
		-extfile <(echo basicConstraints=critical,CA:TRUE) 2>/dev/null
	mkdir issued
	: >index.txt
	echo 01 >serial
	cat >ca.conf <<-C
		[ca]
		default_ca = c
		[c]
		database = $dir/index.txt
		new_certs_dir = $dir/issued
		serial = $dir/serial
		default_md = sha256
		policy = p
		copy_extensions = copy
		[p]
		commonName = supplied
	C
}

answer() {
	openssl ocsp -index "$dir/index.txt" -port 2560 -CA "$dir/ca.pem" -rsigner "$dir/ca.pem" -rkey "$dir/ca.key" \
		-nmin 5 >"$dir/ocsp.log" 2>&1 3>&- 4>&- &
	responder=$!
	for _ in $(seq 50); do
		# not by a connection: it would wait for a question on that one
		grep -q 'waiting for OCSP' "$dir/ocsp.log" && return
		sleep 0.1
	done
	return 1
}

site() { # site DOMAIN [EXTENSION …]: with a certificate of that authority's
	local domain=$1 e ext=()
	shift
	for e in "subjectAltName=DNS:$domain" "$@"; do ext+=(-addext "$e"); done
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$dir/$domain.key" -out "$dir/csr" -subj "/CN=$domain" \
		"${ext[@]}" 2>/dev/null
	openssl ca -batch -config "$dir/ca.conf" -cert "$dir/ca.pem" -keyfile "$dir/ca.key" -in "$dir/csr" -days 9 -notext \
		-out "$dir/$domain.crt" 2>/dev/null
	cat "$dir/ca.pem" >>"$dir/$domain.crt"
	hp-site add "$domain" tenant=acme -q 3>&- 4>&-
	hp-cert import "$domain" --key "$dir/$domain.key" --cert "$dir/$domain.crt" -q 2>/dev/null 3>&- 4>&-
	hp-site set "$domain" ssl_provider=custom ssl_enabled=true -q 3>&- 4>&-
}

# The front that the file is about.
lead() { [ "$front" = nginx ] || { site z.example; hp-vhost front "$front" -q 3>&- 4>&-; }; }

stapled() { # stapled DOMAIN: good, revoked, or nothing
	openssl s_client -connect 127.0.0.1:443 -servername "$1" -status </dev/null 2>/dev/null | sed -n 's/^ *Cert Status: //p'
}

until_stapled() { # until_stapled DOMAIN STATE: the first that ask get none yet
	local i
	for i in $(seq 100); do
		[ "$(stapled "$1")" != "$2" ] || return 0
		sleep 0.1
	done
	return 1
}

# What its front's vhosts say of it. A checker in the server's place has no TLS to become the front with.
said() {
	if [ $front = nginx ]; then cat $sites/*.conf; else run -10 hp-vhost plan --front $front && echo "$output"; fi |
		grep -c "$directive" || true
}

@test "rendered: the vhost asks for the word of a responder that the certificate names, and for no other" {
	authority
	site b.example
	[ "$(said)" = 0 ]
	site a.example authorityInfoAccess=OCSP\;URI:http://127.0.0.1:2560/
	[ "$(said)" = 1 ]
}

@test "with a responder in the certificate its word goes along; without one nobody speaks of it" {
	authority
	lead
	site a.example authorityInfoAccess=OCSP\;URI:http://127.0.0.1:2560/
	site b.example
	# it reads what was issued when it starts
	answer
	until_stapled a.example good
	[ -z "$(stapled b.example)" ]
	run ! grep -i stapling "$log"
	run -0 hp-vhost verify
}

@test "a revoked certificate: hp-cert names it, a renewal is due, and the front serves on" {
	authority
	lead
	site a.example authorityInfoAccess=OCSP\;URI:http://127.0.0.1:2560/
	page a.example hello.txt hello
	answer
	until_stapled a.example good
	run -0 hp-cert check --days 1
	[ "$(hp-cert list --tsv -n -o domain,status | grep a.example)" = $'a.example\tok' ]
	kill "$responder"
	wait "$responder" || true
	responder=
	# nobody who answers is no answer, and nobody's fault
	run -0 hp-cert check --days 1
	[[ $output == *"a.example: whether its certificate is revoked is not known: "*"(http://127.0.0.1:2560/)"* ]] || { echo "$output"; return 1; }
	serial=$(openssl x509 -in "$dir/a.example.crt" -noout -serial)
	openssl ca -config "$dir/ca.conf" -cert "$dir/ca.pem" -keyfile "$dir/ca.key" -revoke "$dir/issued/${serial#serial=}.pem" \
		-crl_reason keyCompromise 2>/dev/null
	answer
	run -1 hp-cert check --days 1
	[[ $output == *a.example*"its authority has revoked it: "*"(keyCompromise)"* ]] || { echo "$output"; return 1; }
	# that stays known without asking, and of this certificate alone
	kill "$responder"
	wait "$responder" || true
	[ "$(hp-cert list --tsv -n -o domain,status | grep a.example)" = $'a.example\trevoked' ]
	[ "$(hp-cert show a.example --json | jq -r .status)" = revoked ]
	answer
	# the front serves the website on; Apache sends such a word along, NGINX keeps it to itself, and OpenLiteSpeed
	# goes on with the one before until that is an hour old
	hp-site set a.example gzip_enabled=false -q 3>&- 4>&-
	case $front in
	nginx) word='' ;;
	apache) word=revoked ;;
	openlitespeed) word=good ;;
	esac
	[ -z "$word" ] || until_stapled a.example "$word"
	for _ in 1 2 3; do
		[ "$(curl -s -m 20 --cacert "$dir/root.pem" --resolve a.example:443:127.0.0.1 https://a.example/hello.txt)" = hello ]
		[ "$(stapled a.example)" = "$word" ]
		sleep 0.3
	done
	# by who has it from a CA it is to be had anew at once, whatever its age
	[[ $(hp-cert renew a.example 2>&1) == *"nothing is due"* ]]
	hp-site set a.example ssl_provider=letsencrypt -q 3>&- 4>&-
	run ! hp-cert renew a.example
	[[ $output != *"nothing is due"* ]] || { echo "$output"; return 1; }
	# another one is not revoked
	rm "$dir/csr"
	hp-site set a.example ssl_provider=custom -q 3>&- 4>&-
	openssl ca -batch -config "$dir/ca.conf" -cert "$dir/ca.pem" -keyfile "$dir/ca.key" -days 9 -notext -out "$dir/a.example.crt" -in <(
		openssl req -new -key "$dir/a.example.key" -subj /CN=a.example -addext subjectAltName=DNS:a.example) 2>/dev/null
	cat "$dir/ca.pem" >>"$dir/a.example.crt"
	hp-cert import a.example --key "$dir/a.example.key" --cert "$dir/a.example.crt" -q 2>/dev/null 3>&- 4>&-
	run -0 hp-cert check --days 1
	[ "$(hp-cert list --tsv -n -o domain,status | grep a.example)" = $'a.example\tok' ]
}

@test "a responder that does not answer: the website is served all the same, without a word" {
	authority
	site a.example authorityInfoAccess=OCSP\;URI:http://127.0.0.1:2560/
	lead
	page a.example hello.txt hello
	for _ in 1 2; do
		[ "$(curl -s -m 20 --cacert "$dir/root.pem" --resolve a.example:443:127.0.0.1 https://a.example/hello.txt)" = hello ]
		[ -z "$(stapled a.example)" ]
	done
}
