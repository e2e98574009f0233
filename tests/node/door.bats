# What root does for users: certificates and the like, asked for by the panel's own user through the node manager's
# socket, and judged by the programs themselves. Runs in tests/lib/sandbox.

bats_require_minimum_version 1.5.0
load ../lib/node

setup() {
	node_setup
	node_users
	mkdir -p /etc/hosting-panel /run/hosting-panel
	printf '[node]\nname = web1\n' >/etc/hosting-panel/hosting-panel.conf
	node_panel
	export HP_BINDIR=$HP_BUILDDIR/cmd
	panel hp-tenant add beta -q
	panel hp-user add cleo tenant=acme -q
	panel hp-user add olga tenant=acme operator=yes -q
	panel hp-site add a.example tenant=acme owner=cleo -q
	panel hp-site add b.example tenant=beta -q
	socket=/run/hosting-panel/node-manager.sock
	"$BATS_TEST_DIRNAME/../lib/inetd" --listen "$socket" --group hosting-panel "$HP_BUILDDIR/cmd/hp-door" \
		>"$dir/door" 2>&1 3>&- 4>&- &
	listener=$!
	for _ in $(seq 100); do [ ! -S "$socket" ] || break; sleep 0.05; done
}

teardown() {
	[ -z "${listener:-}" ] || kill "$listener" 2>/dev/null || true
	node_teardown
}

he() { panel setpriv --reuid hosting-panel --regid hosting-panel --clear-groups --inh-caps=-all "$@"; }
door() { he "$HP_BUILDDIR/tests/node/door-run" "$@"; }

# raw: standard input into the socket as it is, what comes back to standard output
raw() {
	he perl -MIO::Socket::UNIX -e '
		my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die "connect: $!\n";
		local $SIG{PIPE} = "IGNORE";
		while (sysread(STDIN, my $b, 65536)) { syswrite($s, $b) // last }
		shutdown($s, 1);
		while (sysread($s, my $b, 65536)) { print $b }' "$socket"
}

pair() { # pair DOMAIN: its key and certificate, signed by itself
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 60 -subj "/CN=$1" \
		-addext "subjectAltName=DNS:$1" -keyout "$dir/$1.key" -out "$dir/$1.pem" 2>/dev/null
	cat "$dir/$1.key" "$dir/$1.pem"
}

@test "certificates of a user: imported, listed, shown, checked, removed, in his name" {
	pair a.example >"$dir/pair"
	run -0 door hp-cert import a.example --json --as cleo@192.0.2.7 <"$dir/pair"
	[[ $output == *'"changed": true'* || $output == *'"changed":true'* ]] || { echo "$output"; return 1; }
	[ -e /var/lib/hosting-panel/certs/a.example/current ]
	[ "$(hp-audit list --limit 1 -n --tsv -o actor,source,verb,object)" = $'cleo\t192.0.2.7\tcert:import\ta.example' ]
	pair b.example | panel hp-cert import b.example -q
	run -0 door hp-cert list --as cleo -n --tsv -o domain </dev/null
	[ "$output" = a.example ]
	run -0 door hp-cert list --as olga -n --tsv -o domain </dev/null
	[ "$output" = $'a.example\nb.example' ]
	run -0 door hp-cert show a.example --as cleo --json </dev/null
	[ "$(jq -r .status <<<"$output")" = unused ]
	run -0 door hp-cert check a.example --as cleo </dev/null
	run -0 door hp-cert renew --as cleo --dry-run </dev/null
	# another's is as one that is not there
	for verb in "show %" "check %" "renew %" "issue %" "import %" "remove % --yes"; do
		# shellcheck disable=SC2086
		run -3 door hp-cert ${verb//%/b.example} --as cleo <"$dir/pair"
		foreign=${output//b.example/X}
		# shellcheck disable=SC2086
		run -3 door hp-cert ${verb//%/nono.example} --as cleo <"$dir/pair"
		[ "$foreign" = "${output//nono.example/X}" ]
	done
	run -0 door hp-cert remove a.example --yes --as cleo </dev/null
	[ ! -e /var/lib/hosting-panel/certs/a.example/current ]
	[ -e /var/lib/hosting-panel/certs/b.example/current ]
	run -5 door hp-cert issue a.example --anew --as cleo </dev/null
	[[ $output == *"only the operator"* ]]
}

@test "what runs, kept answers, a website with its files" {
	run -0 door hp-php list --json --as cleo </dev/null
	[ "$(jq -r '.[0] | "\(.php_version) \(.sites)"' <<<"$output")" = "8.2 null" ]
	run -0 door hp-php list --json --as olga </dev/null
	[ "$(jq -r '.[0].sites' <<<"$output")" = 2 ]
	run -0 door hp-php show a.example --json --as cleo </dev/null
	[ "$(jq -r .uid <<<"$output")" = 20001 ]
	run -3 door hp-php show b.example --as cleo </dev/null
	run -0 door hp-vhost purge a.example --as cleo </dev/null
	[ "$(hp-audit list --limit 1 -n --tsv -o actor,verb)" = $'cleo\tvhost:purge' ]
	run -3 door hp-vhost purge b.example --as cleo </dev/null
	run -0 door hp-vhost verify --as olga </dev/null
	run -5 door hp-vhost verify --as cleo </dev/null
	run -0 door hp-vhost detect --as olga </dev/null
	page a.example index.html 'here'
	run -5 door hp-site remove a.example --purge --yes --as cleo </dev/null
	run -0 door hp-site remove a.example --purge --yes --as olga </dev/null
	[ ! -e /var/www/vhosts/a.example ]
}

@test "nothing but what is marked for it, and nothing without a user" {
	before=$(world)
	for cmd in "hp-cert list" "hp-vhost apply --as olga" "hp-vhost plan --as olga" "hp-db migrate --as olga" "hp-site list --as cleo" \
		"hp-site set a.example gzip_enabled=no --as cleo" "hp-user passwd cleo --as olga" "hp-vhost adopt a.example --as olga" \
		"hp-cert remove a.example --yes --as olga --sysroot=/tmp" "hp --as cleo" \
		"hp-cert issue a.example --as olga --force" "hp-cert --help" "hp-cert list --help --as cleo" "hp-cert --version --as cleo" \
		"hp-cert --complete -- list" "hp-cert list -- --as olga" "sh -c id --as olga" "/bin/sh -c id --as olga" \
		"acme-hook --as olga" "hp-door --as olga" "hp-cert --as olga" "hp-cert help list --as olga"; do
		# shellcheck disable=SC2086
		run door $cmd </dev/null
		[[ $status == [25] && $output == hp-door:* ]] || { echo "$cmd ($status): $output"; return 1; }
	done
	# files are root's to name
	printf 'secret\n' >"$dir/root-only"
	chmod 0600 "$dir/root-only"
	for opt in key cert chain; do
		run -5 door hp-cert import a.example --$opt "$dir/root-only" --as cleo </dev/null
		[[ $output != *secret* ]]
	done
	run -3 door hp-cert list --as root </dev/null || run -2 door hp-cert list --as root </dev/null
	run -2 door hp-cert list --as '' </dev/null
	[ "$before" = "$(world)" ]
}

@test "hostile requests are answered and nothing is run" {
	before=$(world)
	refused() { # refused PATTERN: what raw says to standard input
		local said
		said=$(raw)
		[[ $(jq -r '.exit' <<<"$said") == [0-9]* && $(jq -r .exit <<<"$said") != 0 && $(jq -r .stderr <<<"$said") == hp-door:*$1* ]] ||
			{ echo "$1: $said"; return 1; }
	}
	refused 'was cut' </dev/null
	printf '{"argv":["hp-cert","list","--as","cleo"]}' | refused 'was cut'
	printf '{"argv":["hp-cert","list","--as","cleo"]}\n{}\n' | refused 'something behind'
	printf '{"argv":["hp-cert","list","--as","cleo"]}\n ' | refused 'something behind'
	echo '[]' | refused 'no object'
	echo '{}' | refused 'argv: it is missing'
	echo '{"argv":[]}' | refused 'argv: it is empty'
	echo '{"argv":"hp-cert"}' | refused 'argv'
	echo '{"argv":["hp-cert",7]}' | refused 'not acceptable'
	echo '{"argv":["hp-cert",null]}' | refused 'not acceptable'
	echo '{"argv":["hp-cert","list\n--as"]}' | refused 'not acceptable'
	echo '{"argv":["hp-cert","list","--as","cleo"],"env":["LD_PRELOAD=/tmp/x"]}' | refused 'env: it is not known'
	echo '{"argv":["hp-cert","list","--as","cleo"],"stdin":7}' | refused 'stdin'
	printf '{"argv":["hp-cert","list","--as","cleo"],"stdin":"\\u0000"}\n' | refused ''
	printf '\xff\xfe\n' | refused ''
	{ printf '{"argv":["hp-cert"'; printf ',"x%.0s"' $(seq 100); echo ']}'; } | refused 'more than 64'
	{ printf '{"argv":["hp-cert","'; head -c 5000 /dev/zero | tr '\0' a; echo '"]}'; } | refused 'not acceptable'
	head -c 2000000 /dev/zero | tr '\0' ' ' | refused 'more than 524288 bytes'
	head -c 300000 /dev/zero | tr '\0' '[' | refused ''
	[ "$before" = "$(world)" ]
	# and it is there for who asks properly
	run -0 door hp-cert list --as cleo </dev/null
}

@test "anybody else is turned away by the socket, and by the program when its mode was widened" {
	them() { setpriv --reuid "$1" --regid nogroup --clear-groups "$HP_BUILDDIR/tests/node/door-run" hp-cert list --as olga </dev/null; }
	for who in nobody www-data site1; do
		run -5 them $who
		[[ $output == *"Permission denied"* ]]
	done
	chmod 0666 "$socket"
	run -5 them nobody
	[[ $output == *"uid 65534 may neither"* ]]
	kill "$listener"
	run -6 door hp-cert list --as olga </dev/null
	[[ $output == *"can't be reached: Connection refused"* ]]
	rm "$socket"
	"$BATS_TEST_DIRNAME/../lib/inetd" --listen "$socket" --group hosting-panel sh -c 'cat >/dev/null' >/dev/null 2>&1 3>&- 4>&- &
	listener=$!
	for _ in $(seq 100); do [ ! -S "$socket" ] || break; sleep 0.05; done
	run -6 door hp-cert list --as olga </dev/null
	[[ $output == *"closed without an answer"* ]]
}
