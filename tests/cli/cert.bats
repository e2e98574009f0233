#!/usr/bin/env bats
# hp-cert below --sysroot: imports, the store, what is told. CAs are asked in tests/node/cert.bats.
load ../lib/common.bash

setup() {
	make_panel
	hp-site add a.example tenant=acme ssl_provider=custom --alias www.a.example -q
	store=$ROOT/var/lib/hosting-panel/certs
	d=$BATS_TEST_TMPDIR
	pki
}
teardown() { remove_root; }

# A root, an intermediate, and pairs made by "leaf".
pki() {
	selfsigned root 'RSA-PSS root' -addext basicConstraints=critical,CA:TRUE
	csr inter 'Test intermediate'
	sign inter root 30 'basicConstraints=critical,CA:TRUE'
	leaf good a.example www.a.example
}
selfsigned() { # selfsigned FILE NAME [OPTION …]
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=$2" \
		-keyout "$d/$1.key" -out "$d/$1.pem" "${@:3}" 2>/dev/null
}
csr() { # csr FILE NAME [KEY-OPTION …]
	local key=("${@:3}")
	[ ${#key[@]} -gt 0 ] || key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256)
	openssl req "${key[@]}" -nodes -subj "/CN=$2" -keyout "$d/$1.key" -out "$d/$1.csr" 2>/dev/null
}
sign() { # sign FILE BY DAYS EXTENSIONS [OPTION …]
	openssl x509 -req -in "$d/$1.csr" -CA "$d/$2.pem" -CAkey "$d/$2.key" -CAcreateserial -days "$3" \
		-extfile <(printf '%s\n' "$4") -out "$d/$1.pem" "${@:5}" 2>/dev/null
}
san() { local IFS=,; printf 'subjectAltName=%s' "${*/#/DNS:}"; }
leaf() { # leaf FILE NAME …
	csr "$1" "$2"
	sign "$1" inter 20 "$(san "${@:2}")"
}
import() { hp-cert import "$@" -q; }
good() { import a.example -k "$d/good.key" -c "$d/good.pem" --chain "$d/inter.pem"; }
refused() { # refused TEXT ARGUMENT …: exit 2, and nothing in the store has changed
	local before after
	before=$(find "$store" ! -name .lock ! -name .pending -printf '%p %l\n' 2>/dev/null | sort)
	status 2 import a.example "${@:2}"
	has "$err" "$1"
	after=$(find "$store" ! -name .lock ! -name .pending -printf '%p %l\n' 2>/dev/null | sort)
	[ "$before" = "$after" ]
}

@test "import from files: stored, shown, listed, in the audit trail; again changes nothing" {
	status 0 hp-cert import a.example --key "$d/good.key" --cert "$d/good.pem" --chain "$d/inter.pem" --json
	is "$out" 'length == 1 and .[0].domain == "a.example" and .[0].action == "import" and .[0].changed and
		.[0].result == "recorded" and (.[0].message | test("ssl_enabled=yes"))'
	[ "$(readlink "$store/a.example/current")" = 1 ]
	[ "$(grep -c BEGIN "$store/a.example/1/fullchain.pem")" = 2 ]
	[ "$(stat -c %a "$store" "$store/a.example" "$store/a.example/1" "$store/a.example/1/key.pem" | xargs)" = "700 700 700 600" ]
	status 0 hp-cert show a.example --json
	is "$out" '.names == ["a.example", "www.a.example"] and .provider == "custom" and .status == "unused" and
		(.days | IN(19, 20)) and .issuer == "CN=Test intermediate" and .key_type == "ec256"'
	is "$out" ".sha256 == \"$(openssl x509 -in "$d/good.pem" -outform DER | sha256sum | cut -d' ' -f1)\""
	is "$out" ".serial == \"$(openssl x509 -in "$d/good.pem" -noout -serial | sed 's/.*=//; s/^00//' | tr A-F a-f)\""
	is "$out" ".not_after == \"$(date -u -d "$(openssl x509 -in "$d/good.pem" -noout -enddate | cut -d= -f2)" +%FT%TZ)\""
	status 0 hp-cert list --json
	is "$out" 'length == 1 and .[0].domain == "a.example"'
	status 0 hp-audit list --verb cert:import --json
	is "$out" 'length == 1 and .[0].after.provider == "custom" and .[0].before == null'
	status 0 hp-cert import a.example -k "$d/good.key" -c "$d/good.pem" --chain "$d/inter.pem" --json
	is "$out" '.[0].changed == false'
	[ ! -e "$store/a.example/2" ]
	status 0 hp-audit list --verb cert:import --json
	is "$out" 'length == 1'
	hp-site set a.example ssl_enabled=yes -q
	status 0 hp-cert show a.example --json
	is "$out" '.status == "ok"'
	# another one for a site that is served: applied
	leaf other a.example www.a.example
	status 0 hp-cert import a.example -k "$d/other.key" -c "$d/other.pem" --chain "$d/inter.pem" --json
	is "$out" '.[0].changed and .[0].result == "applied"'
	[ "$(readlink "$store/a.example/current")" = 2 ]
	[ ! -e "$store/.pending" ]
}

@test "import from standard input: everything in one, in any order of key and certificates" {
	cat "$d/good.pem" "$d/inter.pem" "$d/good.key" >"$d/all"
	status 0 import a.example <"$d/all"
	cmp "$store/a.example/1/fullchain.pem" <(cat "$d/good.pem" "$d/inter.pem")
	cat "$d/good.key" "$d/good.pem" "$d/inter.pem" | status 0 import a.example
	[ ! -e "$store/a.example/2" ]
	status 0 import a.example --key - --cert "$d/good.pem" --chain "$d/inter.pem" <"$d/good.key"
	# the leaf twice, a root at the end, text between: none of it is stored
	{ echo "secret notes"; cat "$d/good.pem" "$d/good.pem" "$d/inter.pem" "$d/root.pem" "$d/good.key"; } >"$d/all"
	status 0 import a.example <"$d/all"
	cmp "$store/a.example/current/fullchain.pem" <(cat "$d/good.pem" "$d/inter.pem")
}

@test "what can't be right is refused with what is wrong, and nothing is half made" {
	good
	refused "there is no private key" -k /dev/null -c "$d/good.pem"
	refused "there is no certificate" -k "$d/good.key" -c "$d/good.key"
	refused "the key does not belong to" -k "$d/inter.key" -c "$d/good.pem"
	has "$err" "CN=a.example"
	refused "the key does not belong to" -k "$d/good.key" -c "$d/inter.pem" --chain "$d/good.pem"
	has "$err" "hint: it belongs to certificate 2 of 2"
	refused "was not issued by the one behind it" -k "$d/good.key" -c "$d/good.pem" --chain "$d/root.pem"
	has "$err" "hint: its issuer is CN=Test intermediate"
	openssl pkey -in "$d/good.key" -aes256 -passout pass:x -out "$d/locked.key"
	refused "the private key is encrypted" -k "$d/locked.key" -c "$d/good.pem"
	has "$err" "openssl pkey"
	leaf narrow a.example
	refused "the certificate is not for www.a.example, but for a.example" -k "$d/narrow.key" -c "$d/narrow.pem" --chain "$d/inter.pem"
	has "$err" "--partial"
	leaf foreign b.example
	refused "the certificate is not for a.example, but for b.example" -k "$d/foreign.key" -c "$d/foreign.pem" --chain "$d/inter.pem"
	refused "the certificate is not for a.example" -k "$d/foreign.key" -c "$d/foreign.pem" --chain "$d/inter.pem" --partial
	csr weak a.example -newkey rsa:1024
	sign weak inter 20 "$(san a.example www.a.example)"
	refused "the key (rsa1024) is too weak" -k "$d/weak.key" -c "$d/weak.pem" --chain "$d/inter.pem"
	csr sha1 a.example
	sign sha1 inter 20 "$(san a.example www.a.example)" -sha1
	refused "too weak a digest" -k "$d/sha1.key" -c "$d/sha1.pem" --chain "$d/inter.pem"
	csr client a.example
	sign client inter 20 "$(san a.example www.a.example)"$'\nextendedKeyUsage=clientAuth'
	refused "is not for a TLS server" -k "$d/client.key" -c "$d/client.pem" --chain "$d/inter.pem"
	csr nameless a.example
	sign nameless inter 20 'basicConstraints=CA:FALSE'
	refused "names no domain" -k "$d/nameless.key" -c "$d/nameless.pem" --chain "$d/inter.pem"
	csr expired a.example
	sign expired inter -1 "$(san a.example www.a.example)"
	refused "expired at" -k "$d/expired.key" -c "$d/expired.pem" --chain "$d/inter.pem"
	sed '10s/./!/' "$d/good.pem" >"$d/torn.pem"
	refused "that can be read" -k "$d/good.key" -c "$d/torn.pem"
	cat "$d/good.pem" "$d/torn.pem" >"$d/half.pem"
	refused "certificate 2" -k "$d/good.key" -c "$d/half.pem"
	printf 'a\0b' >"$d/nul"
	refused "NUL byte" -k "$d/nul" -c "$d/good.pem"
	status 3 import a.example -k "$d/none" -c "$d/good.pem"
	status 3 import b.example -k "$d/good.key" -c "$d/good.pem"
	has "$err" "no website of this name"
	status 2 import 'a..example' -k "$d/good.key" -c "$d/good.pem"
	# tried only
	leaf other a.example www.a.example
	status 0 hp-cert import a.example -k "$d/other.key" -c "$d/other.pem" --chain "$d/inter.pem" --dry-run --json
	is "$out" '.[0].result == "dry-run"'
	[ "$(readlink "$store/a.example/current")" = 1 ]
	status 2 hp-cert import a.example -k "$d/narrow.key" -c "$d/narrow.pem" --chain "$d/inter.pem" --dry-run
}

@test "a chain that ends before its certificate does counts" {
	sign inter root 5 'basicConstraints=critical,CA:TRUE'
	good
	status 0 hp-cert show a.example --json
	is "$out" '.days | IN(4, 5)'
}

@test "names: wildcards stand for one label, and --partial leaves aliases out" {
	leaf wild a.example '*.a.example'
	status 0 import a.example -k "$d/wild.key" -c "$d/wild.pem" --chain "$d/inter.pem"
	hp-site alias a.example add x.y.a.example -q
	refused "is not for x.y.a.example" -k "$d/wild.key" -c "$d/wild.pem" --chain "$d/inter.pem"
	status 0 hp-cert show a.example --json
	is "$out" '.status == "uncovered"'
	status 0 import a.example -k "$d/good.key" -c "$d/good.pem" --chain "$d/inter.pem" --partial
	has "$err" "not for its alias x.y.a.example"
	hp-site alias a.example remove x.y.a.example -q
	hp-site alias a.example add '*.a.example' -q
	refused 'is not for *.a.example' -k "$d/good.key" -c "$d/good.pem" --chain "$d/inter.pem"
	status 0 import a.example -k "$d/wild.key" -c "$d/wild.pem" --chain "$d/inter.pem"
}

@test "check: missing, expiring, damaged and foreign ones are named, exit 1" {
	status 0 hp-cert check
	good
	hp-site set a.example ssl_enabled=yes -q
	rm -r "$store/a.example"
	status 1 hp-cert check --json
	is "$out" 'length == 1 and .[0].domain == "a.example" and .[0].problem == "it has no certificate"'
	good
	status 0 hp-cert check
	status 0 hp-cert check --days 18
	status 1 hp-cert check --days 25 --json
	is "$out" '.[0].problem == "it expires soon" and (.[0].days | IN(19, 20))'
	status 2 hp-cert check --days soon
	status 2 hp-cert check --days 36501
	has "$err" "from 0 to 36500"
	# a file that somebody has changed, or taken away
	leaf other a.example www.a.example
	cp "$d/other.key" "$store/a.example/1/key.pem"
	status 1 hp-cert check a.example --tsv -n -o problem
	has "$out" "is not what was stored"
	rm "$store/a.example/1/meta.json"
	status 1 hp-cert check --tsv -n -o problem
	has "$out" "meta.json"
	status 0 hp-cert list --json
	is "$out" '.[0].status == "damaged"'
	# storing one anew mends it
	good
	status 0 hp-cert check
	hp-site alias a.example add more.a.example -q
	status 1 hp-cert check --tsv -n -o problem
	[ "$out" = "it is not for more.a.example" ]
	status 3 hp-cert check nobody.example
}

@test "remove: refused while it is served, then all of it goes" {
	status 3 hp-cert remove a.example --yes
	status 0 hp-cert remove a.example --yes --if-exists
	good
	hp-site set a.example ssl_enabled=yes -q
	status 4 hp-cert remove a.example --yes
	has "$err" "ssl_enabled=no"
	hp-site set a.example ssl_enabled=no -q
	status 2 hp-cert remove a.example
	status 0 hp-cert remove a.example --dry-run
	[ -e "$store/a.example/1/key.pem" ]
	status 0 hp-cert remove a.example --yes --json
	is "$out" '.[0].changed'
	[ ! -e "$store/a.example" ]
	status 0 hp-audit list --verb cert:remove --json
	is "$out" '.[0].before.provider == "custom" and .[0].after == null'
	status 3 hp-cert show b.example
}

@test "only the last three pairs are kept, the one in use among them" {
	local i
	for i in 1 2 3 4 5; do
		leaf "l$i" a.example www.a.example
		import a.example -k "$d/l$i.key" -c "$d/l$i.pem" --chain "$d/inter.pem"
	done
	[ "$(ls "$store/a.example" | xargs)" = "3 4 5 current renewal.json" ]
	[ "$(readlink "$store/a.example/current")" = 5 ]
}

@test "a kill at any moment of storing leaves the old pair or the new one" {
	good
	leaf other a.example www.a.example
	for point in cert-store cert-link; do
		HP_FAULT=$point status 137 hp-cert import a.example -k "$d/other.key" -c "$d/other.pem" --chain "$d/inter.pem"
		cmp "$store/a.example/current/key.pem" "$store/a.example/1/key.pem"
		status 0 hp-cert check a.example
	done
	HP_FAULT=cert-store:err status 71 hp-cert import a.example -k "$d/other.key" -c "$d/other.pem" --chain "$d/inter.pem"
	status 0 import a.example -k "$d/other.key" -c "$d/other.pem" --chain "$d/inter.pem"
	status 0 hp-cert check a.example
	[ -z "$(find "$store/a.example" -name '.*')" ]
}

@test "issue and renew below --sysroot ask no CA" {
	hp-site add b.example tenant=acme -q
	status 2 hp-cert issue b.example
	has "$err" "--sysroot"
	status 0 hp-cert renew
	status 3 hp-cert renew nobody.example
}
