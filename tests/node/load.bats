# A website under load for HP_LOAD_SECONDS (60) while everything that can happen to it happens: other PHP
# versions, other web servers, neighbours that come, go, are suspended and resumed, certificates that are
# renewed. No request fails, and each is answered by a PHP that it had at that time. Runs in tests/lib/sandbox.

bats_require_minimum_version 1.5.0
load ../lib/node
load ../lib/openlitespeed

setup() {
	[ "$(uname -m)" = x86_64 ] || skip "the other PHPs are for x86-64"
	node_setup
	rm -f /etc/nginx/sites-enabled/default
	mkdir -p /etc/hosting-panel
	"$HP_DATADIR/tests/lib/php-versions" >/etc/hosting-panel/hosting-panel.conf
	ols_if_real
	node_panel
}

teardown() {
	local p
	for p in ${load:-} ${ca:-} ${dns:-}; do
		kill "$p" 2>/dev/null || true
	done
	[ -z "$real" ] || ols_teardown
	node_teardown
}

quiet() { "$@" -q 3>&- 4>&-; }

site() { # site DOMAIN [SETTING …]
	local domain=$1
	shift
	quiet hp-site add "$domain" tenant=acme "$@"
	page "$domain" v.php '<?php echo PHP_MAJOR_VERSION, ".", PHP_MINOR_VERSION;'
	page "$domain" hello.txt "hello from $domain"
	# it runs until it is told to end, or for 50 s
	page "$domain" slow.php '<?php $on = sys_get_temp_dir() . "/slow-runs"; $q = $_SERVER["QUERY_STRING"];
		if ($q == "runs") exit(file_exists($on) ? "yes" : "no");
		if ($q) exit(@unlink($on) ? "ended" : "idle");
		touch($on);
		for ($i = 0; $i < 500 && file_exists($on); $i++) { usleep(100000); clearstatcache(); }
		echo $i < 500 ? "slow " : "never ended ", PHP_MAJOR_VERSION, ".", PHP_MINOR_VERSION;'
}

# A real CA on loopback, as in cert.bats, and DNS that leads to this node.
ca_start() {
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=test CA' -keyout "$dir/ca.key" \
		-out "$dir/ca.pem" 2>/dev/null
	openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout "$dir/server.key" -out "$dir/server.csr" 2>/dev/null
	openssl x509 -req -in "$dir/server.csr" -CA "$dir/ca.pem" -CAkey "$dir/ca.key" -CAcreateserial -days 2 \
		-extfile <(echo subjectAltName=DNS:localhost,IP:127.0.0.1) -out "$dir/server.pem" 2>/dev/null
	printf '[acme]\ndirectory_url = https://localhost:14000/dir\nca_file = %s\nemail = root@a.example\nchallenge = http-01\n' \
		"$dir/ca.pem" >>/etc/hosting-panel/hosting-panel.conf
	echo 'nameserver 127.0.0.1' >/etc/resolv.conf
	pebble-challtestsrv -defaultIPv4 127.0.0.1 -defaultIPv6 ::1 -dns01 127.0.0.1:53 -http01 '' -https01 '' \
		-tlsalpn01 '' -management 127.0.0.1:8055 >"$dir/dns.log" 2>&1 3>&- 4>&- &
	dns=$!
	cat >"$dir/pebble.json" <<-X
		{"pebble":{"listenAddress":"127.0.0.1:14000","managementListenAddress":"127.0.0.1:15000",
		"certificate":"$dir/server.pem","privateKey":"$dir/server.key","httpPort":80,"tlsPort":443,
		"ocspResponderURL":"","externalAccountBindingRequired":false}}
	X
	PEBBLE_VA_NOSLEEP=1 PEBBLE_WFE_NONCEREJECT=0 pebble -config "$dir/pebble.json" -dnsserver 127.0.0.1:53 \
		>"$dir/pebble.log" 2>&1 3>&- 4>&- &
	ca=$!
	listening 8055 && listening 14000
}

# The servers of this node that can be a website's.
servers() { hp-vhost detect --tsv -n -o server | grep -xE 'nginx|apache|openlitespeed'; }

step() { # step COMMAND …: it succeeds, while the load goes on
	echo "$(date +%s.%N) $*" >>"$dir/steps"
	quiet "$@" || { echo "failed: $*"; return 1; }
	steps=$((steps + 1))
}

@test "60 s of load, every change there is: 0 failed requests, each by the PHP of its time" {
	ca_start
	site a.example php_version=8.1 web_server=nginx
	site b.example
	quiet hp-cert issue a.example
	quiet hp-site set a.example ssl_enabled=true https_redirect=false
	seconds=${HP_LOAD_SECONDS:-60} steps=0
	mapfile -t others < <(servers | grep -vx nginx)
	[ "${#others[@]}" -ge 1 ]
	[ -z "$real" ] || [[ ${others[*]} == *openlitespeed ]]
	began=$(date +%s)
	"$BATS_TEST_DIRNAME/../lib/load" -c 16 -t 600 -l "$dir/answers" a.example '/v.php=8\.[123]' \
		'/hello.txt=hello from a.example' >"$dir/load" 3>&- 4>&- &
	load=$!
	while [ "$(($(date +%s) - began))" -lt "$seconds" ] || [ "${rounds:-0}" = 0 ]; do
		step hp-php set a.example 8.3
		for s in "${others[@]}" nginx; do
			step hp-site set a.example web_server="$s"
			step hp-site suspend b.example
			step hp-site add c.example tenant=acme web_server="$s"
			step hp-site resume b.example
			step hp-site remove c.example --yes --purge
		done
		step hp-php set a.example 8.2
		step hp-cert issue a.example --anew
		[ "$(($(date +%s) - began))" -ge "$seconds" ] || step hp-php set a.example 8.1
		rounds=$((${rounds:-0} + 1))
	done
	[ "$(get a.example /v.php)" = 8.2 ] || step hp-php set a.example 8.2
	sleep 1
	kill -TERM "$load"
	wait "$load" || { cat "$dir/load" "$dir/steps"; return 1; }
	load=
	echo "# $steps changes in $(($(date +%s) - began)) s: $(cat "$dir/load")" >&3
	[ "$(sed 's/ .*//' "$dir/load")" -gt 1000 ]
	# all three were seen, in their order the first time, and the last answers are the last version's
	grep -E ' 8\.[0-9]$' "$dir/answers" | sort -n >"$dir/versions"
	[ "$(cut -d' ' -f2 "$dir/versions" | awk '!seen[$1]++' | tr '\n' ' ')" = "8.1 8.3 8.2 " ]
	[ "$(tail -n 32 "$dir/versions" | cut -d' ' -f2 | sort -u)" = 8.2 ]
	# the certificate is the newest
	[ "$(readlink /var/lib/hosting-panel/certs/a.example/current)" -gt 1 ]
	run -0 hp-vhost verify
}

@test "a change to one website while another one of its version runs a long request: nobody waits, nobody is lost" {
	site a.example php_version=8.1
	site b.example php_version=8.1
	site c.example php_version=8.1
	for d in a b c; do [ "$(get $d.example /v.php)" = 8.1 ]; done
	changes=('hp-site set a.example php_memory_limit=99M' 'hp-php set a.example 8.3' 'hp-site set a.example gzip_enabled=false'
		'hp-site set a.example web_server=apache')
	[ -z "$real" ] || changes+=('hp-site set a.example web_server=openlitespeed')
	for change in "${changes[@]}"; do
		get b.example /slow.php >"$dir/slow" 3>&- 4>&- &
		slow=$!
		until [ "$(get b.example '/slow.php?runs')" = yes ]; do kill -0 "$slow"; sleep 0.05; done
		"$BATS_TEST_DIRNAME/../lib/load" -c 1 -t 100 c.example /v.php='8\.1' >"$dir/load" 3>&- 4>&- &
		load=$!
		# whoever loses the vhost behind the front is told when the front's old worker is through
		[[ $change != *openlitespeed ]] || { sleep 5 && get b.example '/slow.php?end' 3>&- 4>&- & }
		# shellcheck disable=SC2086 # words
		quiet $change
		# the next one of the website that is busy, too
		[ "$(get b.example /v.php)" = 8.1 ]
		[ "$(get c.example /v.php)" = 8.1 ]
		[[ $change == *openlitespeed ]] || kill -0 "$slow" || { echo "$change waited for it, or lost it: $(cat "$dir/slow")"; return 1; }
		kill -TERM "$load"
		wait "$load" || { echo "$change:"; cat "$dir/load"; return 1; }
		load=
		get b.example '/slow.php?end' >"$dir/end"
		wait "$slow"
		[ "$(cat "$dir/slow")" = 'slow 8.1' ] || { echo "$change: $(cat "$dir/slow")"; return 1; }
	done
}
