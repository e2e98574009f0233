# What a server's own test lets pass, or what kills it at a reload, provoked for real beside a neighbour that is
# asked all the time: the change is refused or undone, and none of the neighbour's requests fails. Runs in
# tests/lib/sandbox. The file's name says which server the website has and which is the front; the others
# are links to this one.

bats_require_minimum_version 1.5.0
load ../lib/node

setup() {
	case ${BATS_TEST_FILENAME##*/} in
	*-openlitespeed.bats) server=openlitespeed front=openlitespeed ;;
	*-openlitespeed-behind.bats) server=openlitespeed front=nginx ;;
	*-apache.bats) server=apache front=apache ;;
	*-apache-behind.bats) server=apache front=nginx ;;
	*-nginx-behind.bats) server=nginx front=apache ;;
	*) server=nginx front=nginx ;;
	esac
	etc=/etc/nginx port=80 runs=1
	[ "$server" != apache ] || etc=/etc/apache2
	[ "$server" = "$front" ] || port=127.0.0.1:818$([ "$server" = nginx ] && echo 1 || echo 2)
	node_setup
	if [ "$server" = openlitespeed ]; then
		load ../lib/openlitespeed
		ols_setup
		etc=$lsws/conf runs=$real
	fi
	node_panel
	rm -f /etc/nginx/sites-enabled/default
	[ "$front" = nginx ] || node_front "$front"
	site a.example
	site b.example
}

teardown() {
	[ -z "${load:-}" ] || kill "$load" 2>/dev/null || true
	[ "${server:-}" != openlitespeed ] || ols_teardown
	node_teardown
}

site() { # site DOMAIN [SETTING …]
	local domain=$1
	shift
	hp-site add "$domain" tenant=acme web_server=$server "$@" -q 3>&- 4>&-
	page "$domain" who.php '<?php echo "user ", posix_geteuid();'
	page "$domain" hello.txt "hello from $domain"
}

# The neighbour is asked from here on, where its server runs: OpenLiteSpeed may be checked only …
watch() {
	[ -n "$runs" ] || return 0
	"$BATS_TEST_DIRNAME/../lib/load" -c 2 -t 300 b.example /who.php='user 20002' \
		/hello.txt='hello from b.example' >"$dir/load" 3>&- 4>&- &
	load=$!
}

# … until here, and has been answered each time.
unharmed() {
	[ -n "$runs" ] || return 0
	local l=$load
	load=
	kill -TERM "$l"
	wait "$l" || { echo "the neighbour:"; cat "$dir/load"; return 1; }
	[ "$(sed 's/ .*//' "$dir/load")" -gt 10 ] || { cat "$dir/load"; return 1; }
}

# refused STATUS TEXT COMMAND …: it says so, and the world is as it was
refused() {
	local want=$1 text=$2 before
	shift 2
	before=$(settled)
	took=$SECONDS
	run "$@" 3>&- 4>&-
	took=$((SECONDS - took))
	[ "$status" = "$want" ] && [[ $output == *"$text"* ]] || { echo "exit $status: $*: $output"; return 1; }
	diff <(echo "$before") <(settled)
}
# a log is there from its first line on
settled() { world | grep -v '/\(error\|access\)\.log$\|\.pid$\|\.idle$\|/apache2/ssl_scache\|/fpm-test\|\.d$' | sed 's/ [0-9]*:[0-9]* / /'; }

alive() { # alive [DOMAIN]: it answers, from its own PHP
	[ -z "$runs" ] || [ "$(get "${1:-a.example}" /who.php)" = "user ${2:-20001}" ]
}

greets() { # greets HOST DOMAIN: whose file it is
	[ -z "$runs" ] || [ "$(get "$1" /hello.txt)" = "hello from $2" ]
}

certificate() { # certificate FILE DAYS NAME …
	local f=$1 days=$2
	shift 2
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$dir/$f.key" \
		-out "$dir/$f.crt" -days "$days" -subj "/CN=$1" \
		-addext "subjectAltName=$(printf 'DNS:%s,' "$@" | sed 's/,$//')" 2>/dev/null
}

own_vhost() { # own_vhost NAME: a hand-made one, on the same address as the websites'
	if [ "$server" = nginx ]; then
		printf 'server {\n\tlisten %s;\n\tserver_name %s;\n\treturn 200 mine;\n}\n' "$port" "$1"
	else
		printf '<VirtualHost %s>\n\tServerName %s\n</VirtualHost>\n' "${port/#80/*:80}" "$1"
	fi >$etc/sites-enabled/aaa.conf
}

@test "a bad pool: refused by FPM or by us, before anything is touched" {
	watch
	snippet a.example php-fpm x.conf 'no_such_setting = 1'
	refused 7 "/etc/hosting-panel/custom/a.example/php-fpm/x.conf:1: unknown entry 'no_such_setting'" \
		hp-site set a.example php_memory_limit=99M
	# FPM's own test says yes to these
	for line in 'user = root' 'group = root' ' user=root' 'USER = root' 'listen = /run/x.sock' 'listen.owner = root'; do
		snippet a.example php-fpm x.conf "$line"
		refused 7 'custom/a.example/php-fpm/x.conf:1: "' hp-site set a.example php_memory_limit=99M
		[[ $output == *"is set by the panel"*"hint: correct the file"* ]]
	done
	for line in '[site2]' '[site1]' '[global]' ' [site2]' 'include = /etc/hosting-panel/php/8.2/site2.conf'; do
		snippet a.example php-fpm x.conf "$line"
		refused 7 'custom/a.example/php-fpm/x.conf:1: ' hp-site set a.example php_memory_limit=99M
	done
	rm /etc/hosting-panel/custom/a.example/php-fpm/x.conf
	hp-site set a.example php_memory_limit=99M -q 3>&- 4>&-
	alive
	unharmed
}

@test "a template of the administrator's with two pools, one of another name, or a user" {
	mkdir -p /etc/hosting-panel/templates/php-fpm
	t=/etc/hosting-panel/templates/php-fpm/site.conf
	watch
	for line in '[site2]' '[{{user|user}}]' 'user = root'; do
		{ cat "$HP_DATADIR/templates/php-fpm/site.conf"; echo "$line"; } >$t
		refused 7 'hp-site: a.example: ' hp-site set a.example php_memory_limit=99M
		[[ $output == *"the pool must not set a user"* || $output == *"the one pool in it must be [site1], not ["* ]]
	done
	sed 's/^\[{{user|user}}\]/[www]/' "$HP_DATADIR/templates/php-fpm/site.conf" >$t
	refused 7 'the one pool in it must be [site1], not [www]' hp-site set a.example php_memory_limit=99M
	rm $t
	alive
	unharmed
}

@test "a pool that passes the test and does not start: noticed within 5 s, undone, and started again" {
	# root could write there, the website's user can't
	snippet a.example php-fpm x.conf 'access.log = /var/log/own-access.log'
	watch
	# the quickest of some: a machine that is busy with other things delays any of them, a failure that is
	# not noticed all of them
	for _ in 1 2 3 4; do
		refused 7 'a.example: ' hp-site set a.example php_memory_limit=99M
		[ "$took" -gt 5 ] || break
	done
	[ "$took" -le 5 ] || { echo "$took s"; return 1; }
	[[ $output == *"PHP 8.2"*"hint: "*"/var/log/own-access.log"* ]] || { echo "$output"; return 1; }
	alive
	refused 7 '/var/log/own-access.log' hp-site set a.example gzip_enabled=false php_memory_limit=98M
	alive
	unharmed
	rm /etc/hosting-panel/custom/a.example/php-fpm/x.conf
	hp-site set a.example php_memory_limit=99M -q 3>&- 4>&-
	run -0 hp-vhost verify
}

@test "a name that another vhost has: hand-made, in a website's own directives, or another website's" {
	if [ "$server" != openlitespeed ]; then
		own_vhost c.example
		"$([ "$server" = nginx ] && echo nginx || echo apache2ctl)" $([ "$server" = nginx ] && echo -s reload || echo graceful)
	fi
	watch
	# the administrator's own listeners are not the panel's on OpenLiteSpeed, nor vhosts on them
	if [ "$server" != openlitespeed ]; then
		refused 4 'has the name c.example' hp-site add c.example tenant=acme web_server=$server
		[[ $output == *"hint: find it with: grep -rn -F 'c.example' $etc"* ]]
		refused 4 'has the name c.example' hp-site alias a.example add c.example
	fi
	# of two websites the panel knows itself
	refused 4 'b.example' hp-site alias a.example add b.example
	refused 4 'a.example' hp-site add a.example tenant=acme
	case $server in
	nginx) line='server_name b.example;' ;;
	apache) line='ServerAlias b.example' ;;
	openlitespeed) line='vhDomain b.example' ;;
	esac
	snippet a.example $server x.conf "$line"
	if [ "$server" = openlitespeed ]; then
		# the first line of a kind counts there, and that is the panel's
		run hp-site set a.example gzip_enabled=false 3>&- 4>&-
		greets b.example b.example
	else
		refused 4 'has the name b.example' hp-site set a.example gzip_enabled=false
	fi
	rm /etc/hosting-panel/custom/a.example/$server/x.conf
	[ "$server" != openlitespeed ] || hp-site set a.example gzip_enabled=true -q 3>&- 4>&-
	alive
	unharmed
}

@test "a name with a star takes nothing away from the website that has the name itself" {
	site x.b.example
	hp-site alias a.example add '*.b.example' -q 3>&- 4>&-
	greets x.b.example x.b.example
	greets y.b.example a.example
	site y.b.example
	greets y.b.example y.b.example
	alive b.example 20002
	case $server in
	nginx) line='server_name *.example;' ;;
	apache) line='ServerAlias *' ;;
	openlitespeed) line='vhAliases *' ;;
	esac
	snippet a.example $server x.conf "$line"
	watch
	run hp-site set a.example gzip_enabled=false 3>&- 4>&-
	greets b.example b.example
	greets x.b.example x.b.example
	unharmed
}

@test "TLS without a certificate, with a key of another, expired, unreadable: refused, and the one of before serves" {
	certificate good 90 a.example
	certificate other 90 a.example
	certificate names 90 z.example
	hp-site set a.example ssl_enabled=true ssl_provider=custom https_redirect=false -q 3>&- 4>&-
	alive # and over HTTP until there is one
	# what stands in for OpenLiteSpeed speaks no TLS
	[ -n "$runs" ] || [ "$front" != openlitespeed ] || return 0
	hp-cert import a.example --key "$dir/good.key" --cert "$dir/good.crt" -q 3>&- 4>&-
	shown() { openssl s_client -connect 127.0.0.1:443 -servername a.example </dev/null 2>/dev/null | openssl x509 -noout -fingerprint; }
	before=$(shown)
	[ -n "$before" ]
	watch
	refused 2 'a.example: ' hp-cert import a.example --key "$dir/other.key" --cert "$dir/good.crt"
	[[ $output == *"key"* ]]
	refused 2 'a.example' hp-cert import a.example --key "$dir/names.key" --cert "$dir/names.crt"
	faketime_certificate
	refused 2 'a.example: ' hp-cert import a.example --key "$dir/old.key" --cert "$dir/old.crt"
	[[ $output == *"expired"* || $output == *"ended"* ]] || { echo "$output"; return 1; }
	# behind our back, in the store: what would be copied next to the front is judged before it counts
	store=/var/lib/hosting-panel/certs/a.example/current
	for what in other.key names.crt empty; do
		cp -p $store/key.pem "$dir/keep.key"
		cp -p $store/fullchain.pem "$dir/keep.crt"
		case $what in
		*.key) cat "$dir/$what" >$store/key.pem ;;
		*.crt) cat "$dir/$what" >$store/fullchain.pem ;;
		empty) : >$store/key.pem ;;
		esac
		run hp-site set a.example gzip_enabled=false 3>&- 4>&-
		[ "$status" != 0 ] && [[ $output == *a.example* ]] || { echo "$what: exit $status: $output"; return 1; }
		[ "$(shown)" = "$before" ] || { echo "$what: shows $(shown)"; return 1; }
		alive || { echo "$what: down"; return 1; }
		cat "$dir/keep.key" >$store/key.pem
		cat "$dir/keep.crt" >$store/fullchain.pem
	done
	# in its own directives
	case $front in
	nginx) line='ssl_certificate /nowhere.crt;' ;;
	apache) line='SSLCertificateFile /nowhere.crt' ;;
	openlitespeed) line=$'vhssl {\nkeyFile /nowhere.key\ncertFile /nowhere.crt\n}' ;;
	esac
	snippet a.example $front x.conf "$line"
	refused 7 "$front refuses the configuration: " hp-site set a.example gzip_enabled=false
	[[ $output == *"/nowhere.crt"* ]]
	if [ "$server" = apache ]; then
		# "Syntax OK" to its test, and the end of it at a reload
		rm /etc/hosting-panel/custom/a.example/$front/x.conf
		printf '<VirtualHost 127.0.0.1:9443>\n\tSSLEngine on\n</VirtualHost>\n' >"$dir/own.conf"
		snippet a.example apache x.conf "$([ "$front" = apache ] && echo 'SSLCACertificateFile /etc/hostname' || echo 'SSLEngine on')"
		refused 7 'a.example: apache refuses the configuration: ' hp-site set a.example gzip_enabled=false
		# the reason, not that it ends for one
		[[ $output != *AH02311* ]] || { echo "$output"; return 1; }
	fi
	rm -r /etc/hosting-panel/custom/a.example
	alive
	unharmed
	hp-site set a.example gzip_enabled=false -q 3>&- 4>&-
	[ "$(shown)" = "$before" ]
}

faketime_certificate() { # $dir/old.*: of last year
	mkdir "$dir/ca"
	touch "$dir/ca/index"
	echo 01 >"$dir/ca/serial"
	printf '[ca]\ndefault_ca=x\n[x]\ndatabase=%s/index\nserial=%s/serial\nnew_certs_dir=%s\ndefault_md=sha256\npolicy=p\nx509_extensions=e\n[p]\ncommonName=supplied\n[e]\nsubjectAltName=DNS:a.example\n' \
		"$dir/ca" "$dir/ca" "$dir/ca" >"$dir/ca/conf"
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=a.example -keyout "$dir/old.key" \
		-out "$dir/ca/csr" 2>/dev/null
	openssl ca -batch -selfsign -config "$dir/ca/conf" -in "$dir/ca/csr" -keyfile "$dir/old.key" -notext \
		-startdate 20240101000000Z -enddate 20240201000000Z -out "$dir/old.crt" 2>/dev/null
}

@test "a website's folder, log folder, user, socket or link is gone: nobody else's trouble, and the next change brings it back" {
	site c.example
	watch
	for gone in root logs user socket link state; do
		case $gone in
		root) rm -rf /var/www/vhosts/a.example ;;
		logs) rm -rf /var/log/hosting-panel/sites/a.example ;;
		state) rm -rf /var/lib/hosting-panel/sites/a.example ;;
		socket) rm /run/hosting-panel/php/8.2/site1.sock ;;
		link) rm /run/hosting-panel/php/site1.sock ;;
		user)
			pkill -KILL -u site1 || true
			until ! pgrep -u site1 >/dev/null; do sleep 0.05; done
			userdel site1
			;;
		esac
		alive b.example 20002
		# somebody else's change is not held up by it
		run hp-site set c.example php_memory_limit=$((90 + ${#gone}))M gzip_enabled=false 3>&- 4>&-
		[ "$status" = 0 ] || { echo "$gone: $output"; return 1; }
		hp-site set c.example gzip_enabled=true -q 3>&- 4>&-
		run hp-site set a.example php_memory_limit=$((80 + ${#gone}))M gzip_enabled=false 3>&- 4>&-
		[ "$status" = 0 ] || { echo "$gone: $output"; return 1; }
		[ "$gone" != root ] || page a.example who.php '<?php echo "user ", posix_geteuid();'
		alive || { echo "$gone: still down: $(get a.example /who.php | head -c 200)"; return 1; }
		hp-site set a.example gzip_enabled=true -q 3>&- 4>&-
	done
	alive c.example 20003
	unharmed
	run -0 hp-vhost verify
}

@test "a server that can't be reloaded or started for the change is noticed and runs again" {
	# somebody has the port that it is to listen on
	perl -MIO::Socket::INET -e 'IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => 8199, Listen => 5, ReuseAddr => 1) && sleep 100' 3>&- 4>&- &
	other=$!
	[ "$server" = nginx ] || skip "no vhost makes this server listen"
	line='listen 127.0.0.1:8199;'
	until (exec 7<>/dev/tcp/127.0.0.1/8199) 2>/dev/null; do sleep 0.05; done
	watch
	snippet a.example $server x.conf "$line"
	since=$SECONDS
	run hp-site set a.example gzip_enabled=false 3>&- 4>&-
	kill $other
	[ "$status" = 7 ] && [[ $output == *"a.example: nginx "*"bind() to 127.0.0.1:8199 failed (98: "* ]] || { echo "$status $output"; return 1; }
	# and once more when the panel takes the setting back: the directives are still there
	[ $((SECONDS - since)) -le 30 ] || { echo "$((SECONDS - since)) s"; return 1; }
	alive
	unharmed
	rm /etc/hosting-panel/custom/a.example/$server/x.conf
	hp-site set a.example gzip_enabled=false -q 3>&- 4>&-
	run -0 hp-vhost verify
}

@test "a listener's bad certificate: passed over by the server's test, and nobody's trouble but that listener's" {
	[ "$server" = openlitespeed ] || skip "its test reads them"
	certificate good 90 a.example
	watch
	# the administrator's own
	echo nonsense >"$dir/bad.crt"
	printf 'listener own {\n    address                  127.0.0.1:8444\n    secure                   1\n    keyFile                  %s\n    certFile                 %s\n}\n' \
		"$dir/good.key" "$dir/bad.crt" >>$etc/httpd_config.conf
	hp-site set a.example gzip_enabled=false -q 3>&- 4>&-
	alive
	unharmed
	[ "$front" = openlitespeed ] && [ -n "$runs" ] || return 0
	# the panel's: a hand has been at the pair that it shows for no website's name
	hp-cert import a.example --key "$dir/good.key" --cert "$dir/good.crt" -q 3>&- 4>&-
	hp-site set a.example ssl_provider=custom ssl_enabled=true https_redirect=false -q 3>&- 4>&-
	watch
	echo nonsense >$etc/hosting-panel/nobody.crt
	refused 7 'nobody.crt and .key' hp-site set a.example gzip_enabled=true
	alive
	unharmed
	[ "$(curl -sk --resolve a.example:443:127.0.0.1 https://a.example/hello.txt)" = "hello from a.example" ]
	run -0 hp-vhost apply --force 3>&- 4>&-
	run -0 hp-vhost verify
}
