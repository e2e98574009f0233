# A website of which some paths have another PHP version (php_paths), asked over HTTP of the real servers with
# real FPM of 8.0 to 8.3 (tests/lib/php-versions), in tests/lib/sandbox. The file's name says which server:
# php-paths-apache.bats, php-paths-behind.bats (Apache behind NGINX), php-paths-openlitespeed.bats and others are links to
# this one.

bats_require_minimum_version 1.5.0
load ../lib/node
load ../lib/php
load ../lib/settings-server
load ../lib/openlitespeed

setup() {
	[ "$(uname -m)" = x86_64 ] || skip "the other PHPs are for x86-64"
	node_setup
	rm -f /etc/nginx/sites-enabled/default
	settings_server "$BATS_TEST_FILENAME"
	[ $server != openlitespeed ] || ols_wanted
	mkdir -p /etc/hosting-panel
	{ printf '[web]\nserver = %s\n' $front; "$HP_DATADIR/tests/lib/php-versions"; } >/etc/hosting-panel/hosting-panel.conf
	if [ $front != nginx ]; then
		kill "$(cat /run/nginx.pid)"
		until_gone /run/nginx.pid
	fi
	node_panel
	p hp-site add a.example tenant=acme php_version=8.2 web_server=$server -q
	where='<?php echo PHP_MAJOR_VERSION, ".", PHP_MINOR_VERSION, " ", $_SERVER["SCRIPT_NAME"];'
	for f in index.php x.php legacy/index.php legacy/x.php legacy/deep/index.php legacy/deep/x.php legacyfoo/x.php \
		legacy.php/x.php 'legacy/a b.php'; do
		page a.example "$f" "$where"
	done
}

teardown() {
	[ -z "${load:-}" ] || kill "$load" 2>/dev/null || true
	[ "${server:-}" != openlitespeed ] || ols_teardown
	node_teardown
}

is() { jq -e "$2" >/dev/null <<<"$1" || { echo "not so: $2"; echo "$1"; return 1; }; }

answers() { # answers PATH TEXT [CURL-ARGUMENT …]
	local path=$1 want=$2 got
	shift 2
	got=$(get a.example "$path" --path-as-is "$@")
	[ "$got" = "$want" ] || { echo "$path: $got, not $want"; return 1; }
}

refuses() { # refuses STATUS PATH …: and shows no source
	local want=$1 path got
	shift
	for path in "$@"; do
		got=$(code a.example "$path" --path-as-is)
		[ "$got" = "$want" ] || { echo "$path: $got, not $want"; return 1; }
		[[ $(get a.example "$path" --path-as-is) != *'<?php'* ]] || { echo "$path shows its source"; return 1; }
	done
}

masters() { # masters [USER]: versions of its masters
	pgrep -af '^php-fpm: master process' | sed -n "s,.*/php/\([0-9.]*\)/${1:-site1}\.conf.*,\1,p" | sort | tr '\n' ' '
}

@test "rendered: the vhost names the socket of each path's version, and none that is nobody's any more" {
	p hp-site set a.example php_paths='{"/legacy":"8.0","/old":"8.1"}'
	for version in 8.0 8.1; do grep -q "/php/$version/site1.sock" $sites/a.example.conf; done
	[ "$(masters)" = "8.0 8.1 8.2 " ]
	p hp-vhost verify
	p hp-site set a.example php_version@/legacy=
	run ! grep '/php/8.0/' $sites/a.example.conf
	[ "$(masters)" = "8.1 8.2 " ]
	p hp-vhost verify
}

# probes: php_paths
@test "a path has its version, and nothing beside it" {
	p hp-site set a.example php_version@/legacy=8.0
	answers / "8.2 /index.php"
	answers /x.php "8.2 /x.php"
	answers /nothing "8.2 /index.php"
	answers /legacy/ "8.0 /legacy/index.php"
	answers /legacy/x.php "8.0 /legacy/x.php"
	answers /legacy/x.php/info "8.0 /legacy/x.php"
	answers /legacy/deep/ "8.0 /legacy/deep/index.php"
	answers /legacy/a%20b.php "8.0 /legacy/a b.php"
	# what is neither file nor folder there is the folder's own index file's
	answers '/legacy/no/such/thing?a=b' "8.0 /legacy/index.php"
	# written otherwise it is the same path
	answers /%6cegacy/x.php "8.0 /legacy/x.php"
	answers //legacy//x.php "8.0 /legacy/x.php"
	answers /x/../legacy/x.php "8.0 /legacy/x.php"
	answers /legacy/%2e%2e/x.php "8.2 /x.php"
	answers /legacy/../x.php "8.2 /x.php"
	# a name that begins alike is not below it
	answers /legacyfoo/x.php "8.2 /legacyfoo/x.php"
	[ "$(code a.example /legacy)" = 301 ]
	[ "$(masters)" = "8.0 8.2 " ]
}

@test "below it as above: what is not there is an error, and no source is shown" {
	p hp-site set a.example php_version@/legacy=8.0
	page a.example legacy/.secret.php "$where"
	page a.example legacy/.env password
	page a.example legacy/empty/a.txt text
	refuses 404 /legacy/none.php /legacy/none.php/x /legacy/.secret.php /legacy/.env /legacy/deep/.git/config \
		/legacy/.secret.php/x /legacy/%2esecret.php
	[ "$(get a.example /legacy/empty/a.txt)" = text ]
	refuses $([ $server = openlitespeed ] && echo 404 || echo 403) /legacy/empty/
	# the pool's own pages are nobody's
	for path in /.well-known/hosting-panel/status /.well-known/hosting-panel/ping \
		/legacy/.well-known/hosting-panel/status /legacy/x.php/.well-known/hosting-panel/status; do
		[[ $(get a.example "$path") != *"accepted conn"* && $(get a.example "$path") != pong ]] ||
			{ echo "$path answers"; return 1; }
	done
	# without an index file of PHP there is nothing to fall back to
	p hp-site set a.example index_files=index.html
	refuses 404 /legacy/nothing /nothing
	answers /legacy/x.php "8.0 /legacy/x.php"
}

@test "of several the longest counts, one may be a script, and one may have the website's own version" {
	p hp-site set a.example php_paths='{"/legacy":"8.0","/legacy/deep":"8.3","/x.php":"8.1","/legacy/deep/own":"8.2"}'
	page a.example legacy/deep/own/x.php "$where"
	answers /legacy/x.php "8.0 /legacy/x.php"
	answers /legacy/deep/x.php "8.3 /legacy/deep/x.php"
	answers /legacy/deep/nothing "8.3 /legacy/deep/index.php"
	answers /legacy/deep/own/x.php "8.2 /legacy/deep/own/x.php"
	answers /x.php "8.1 /x.php"
	answers /x.php/more "8.1 /x.php"
	answers / "8.2 /index.php"
	[ "$(masters)" = "8.0 8.1 8.2 8.3 " ]
	p hp-site set a.example php_paths='{"/legacy/deep":"8.0"}'
	answers /legacy/deep/x.php "8.0 /legacy/deep/x.php"
	answers /legacy/x.php "8.2 /legacy/x.php"
	answers /x.php "8.2 /x.php"
	[ "$(masters)" = "8.0 8.2 " ]
}

@test "passwords, redirects, caching and addresses hold below it" {
	page a.example legacy/a.css 'a{}'
	printf '{"/legacy/deep":{"alice":"%s"}}' "$(openssl passwd -6 geheim)" >"$dir/auth"
	p hp-site set a.example php_version@/legacy=8.0 cache_enabled=true cache_ttl_seconds=777 "basic_auth=@$dir/auth" \
		redirects='{"/legacy/old":"301 /legacy/new","/legacy/moved/*":"302 /there/*"}'
	refuses 401 /legacy/deep/x.php /legacy/deep/ /legacy/deep/nothing /legacy/deep/x.php/y //legacy/deep/x.php
	answers /legacy/deep/x.php "8.0 /legacy/deep/x.php" -u alice:geheim
	# docs/design.md: there what is no file below a password is none
	[ $server = openlitespeed ] || answers /legacy/deep/no "8.0 /legacy/index.php" -u alice:geheim
	answers /legacy/x.php "8.0 /legacy/x.php"
	refuses 301 /legacy/old
	refuses 302 /legacy/moved/x.php /legacy/moved/y
	curl -s -D - -o /dev/null -H 'Host: a.example' http://127.0.0.1/legacy/a.css | grep -qi 'max-age=777'
	p hp-site set a.example basic_auth= redirects='{"/*":"302 https://b.example/*"}'
	refuses 302 /legacy/x.php /legacy/
	p hp-site set a.example redirects= blocked_ips=127.0.0.1
	refuses 403 /legacy/x.php /legacy/ /x.php
	p hp-site set a.example blocked_ips=
	p hp-site suspend a.example
	refuses 503 /legacy/x.php /x.php
	[ "$(masters)" = "" ]
	[ ! -e /run/hosting-panel/php/8.0/site1.sock ]
	p hp-site resume a.example
	answers /legacy/x.php "8.0 /legacy/x.php"
	p hp-site remove a.example --yes
	[ "$(masters)" = "" ]
	[ ! -e /etc/hosting-panel/php/8.0/site1.conf ]
}

@test "a version changes its place: the website's becomes a path's, and the other way round, no request lost" {
	p hp-site set a.example php_version@/legacy=8.0
	"$HP_DATADIR/tests/lib/load" -c 2 -t 12 a.example /legacy/x.php /x.php >"$dir/load" 2>&1 3>&- 4>&- &
	load=$!
	p hp-site set a.example php_version=8.0 php_paths='{"/legacy":"8.2"}'
	answers /x.php "8.0 /x.php"
	answers /legacy/x.php "8.2 /legacy/x.php"
	[ "$(masters)" = "8.0 8.2 " ]
	p hp-site set a.example php_version=8.3
	answers /x.php "8.3 /x.php"
	answers /legacy/x.php "8.2 /legacy/x.php"
	[ "$(masters)" = "8.2 8.3 " ]
	p hp-site set a.example php_version=8.2
	answers /legacy/x.php "8.2 /legacy/x.php"
	[ "$(masters)" = "8.2 " ]
	p hp-site set a.example php_version@/legacy=
	answers /legacy/x.php "8.2 /legacy/x.php"
	answers /legacy/nothing "8.2 /index.php"
	p hp-vhost verify
	wait $load || true
	load=
	grep -q '^[1-9][0-9]* requests, 0 failed' "$dir/load" || { cat "$dir/load" /var/log/hosting-panel/sites/a.example/*error*; return 1; }
}

@test "hp-php tells each version's PHP and what it answers, and whose settings it has" {
	sed -i 's/^\[php."8.0"\]/&\nmemory_limit = "99M"\nmax_execution_time = 444/' /etc/hosting-panel/hosting-panel.conf
	p hp-site set a.example php_version@/legacy=8.0 php_settings='{"date.timezone":"Asia/Tokyo"}' tasks_max=99
	page a.example legacy/ini.php '<?php echo ini_get("date.timezone"), " ", ini_get("memory_limit");'
	answers /legacy/ini.php "Asia/Tokyo 99M"
	is "$(hp-php show a.example --json 3>&- 4>&-)" '.applied_version == "8.2" and .memory_limit == "256M" and
		(.path_instances | length) == 1 and (.path_instances[0] | .version == "8.0" and .paths == ["/legacy"] and
		.instance == "running" and (.release | startswith("8.0.")) and .memory_limit == "99M" and .pid > 1)'
	is "$(hp-php list --json 3>&- 4>&- | jq -cs .)" 'flatten | map(select(.sites == 1).php_version) == ["8.0", "8.2"]'
	# servers wait for the most patient of them
	grep -rqE '(read_timeout|ProxyTimeout|initTimeout) 454' /etc/nginx/sites-available /etc/apache2/sites-available $sites
	# an extension must be there in each
	fails 2 hp-site set a.example php_extensions=nosuch
	pkill -KILL -u site1
	for i in $(seq 100); do
		pgrep -u site1 >/dev/null || break
		sleep 0.05
	done
	run hp-php show a.example --json 3>&- 4>&-
	is "$output" '.path_instances[0].instance == "stopped"'
	fails 1 hp-vhost verify
	[[ $output == *"/run/hosting-panel/php/8.0/site1.sock"* ]]
	p hp-vhost apply
	answers /legacy/x.php "8.0 /legacy/x.php"
	answers /x.php "8.2 /x.php"
}

@test "a version that is not there is refused, one that was taken away stays as it is" {
	fails 2 hp-site set a.example php_version@/legacy=7.4
	[[ $output == *"php_paths"*"PHP 7.4 is not installed"* ]] || { echo "$output"; return 1; }
	p hp-site set a.example php_version@/legacy=8.0
	sed -i '/^\[php."8.0"\]/,/^extension_dir/d' /etc/hosting-panel/hosting-panel.conf
	run hp-site set a.example gzip_enabled=false 3>&- 4>&-
	[ "$status" != 0 ] && [[ $output == *"PHP 8.0 is not installed"* ]] || { echo "$output"; return 1; }
	answers /legacy/x.php "8.0 /legacy/x.php"
	p hp-site set a.example php_version@/legacy=8.1
	answers /legacy/x.php "8.1 /legacy/x.php"
	[ "$(masters)" = "8.1 8.2 " ]
}

@test "killed at any step of getting, changing and losing a path's version: the old world or the new one" {
	[ $server = nginx ] || skip "one server suffices: files and instances are the same"
	doc() { # doc old|new: a document, newer than all before
		local words='php_version=8.2'
		[ "$1" = old ] || words='php_version=8.3 php_paths={"/a":"8.2","/b":"8.0"}'
		echo "2 c.example $words" | "$tool" state "$(uname -n)" $((++g)) >"$dir/$1"
	}
	g=1000
	p hp-site remove a.example --yes
	c() { "$tool" --conf /etc/hosting-panel/hosting-panel.conf "$@" 3>&- 4>&-; }
	doc old
	c apply "$dir/old" >/dev/null
	for f in x.php a/x.php b/x.php; do page c.example $f '<?php echo PHP_MAJOR_VERSION, ".", PHP_MINOR_VERSION;'; done
	said() { echo "$(get c.example /x.php) $(get c.example /a/x.php) $(get c.example /b/x.php)"; }
	[ "$(said)" = "8.2 8.2 8.2" ]
	for point in after-journal after-start mid-link after-link after-reload before-commit after-commit mid-break after-break; do
		for way in new old; do
			doc $way
			HP_FAULT=$point run c apply "$dir/$way"
			# back to the one version, nothing has to be started
			[ "$status" = 137 ] || [ "$point $way $status" = "after-start old 0" ] || { echo "$point $way: $status: $output"; return 1; }
			run c recover
			[ "$status" = 0 ] || { echo "$point $way: recover: $output"; return 1; }
			run c verify
			[ "$status" = 0 ] || { echo "$point $way: verify: $output"; return 1; }
			case $(said) in
			"8.2 8.2 8.2") want="8.2 " ;;
			"8.3 8.2 8.0") want="8.0 8.2 8.3 " ;;
			*) echo "$point $way: $(said)"; return 1 ;;
			esac
			[ "$(masters site2)" = "$want" ] || { echo "$point $way: $(masters site2), not $want"; return 1; }
			c apply "$dir/$way" >/dev/null
		done
	done
}
