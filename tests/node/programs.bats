# The programs as root on a machine of their own (tests/lib/sandbox), with the real NGINX and PHP-FPM: what a
# failure on the node leaves in the panel's database, and the other way round.

bats_require_minimum_version 1.5.0
load ../lib/node

setup() {
	node_setup
	node_panel
	panel hp-site add a.example tenant=acme -q
	panel hp-site add b.example tenant=acme -q
	page a.example index.php '<?php echo "a ", ini_get("memory_limit");'
	page b.example index.php '<?php echo "b ", ini_get("memory_limit");'
}

teardown() {
	[ -z "${watcher:-}" ] || kill "$watcher" 2>/dev/null || true
	node_teardown
}

p() { run "$@" 3>&- 4>&-; }
# but when each was changed last: a change taken back is one, too
rows() { hp-site list --json | jq -c '.[] | del(.updated_at)'; }

# nothing_changed: as at the time of remember
remember() { files=$(world) records=$(rows); }
nothing_changed() {
	[ "$files" = "$(world)" ] || { diff <(echo "$files") <(world); return 1; }
	[ "$records" = "$(rows)" ] || { diff <(echo "$records") <(rows); return 1; }
	[[ $(get a.example /) == "a "* ]] && [[ $(get b.example /) == "b "* ]]
}

@test "NGINX refuses a snippet: exit 7, file and line, everything byte for byte as before, the record too" {
	snippet a.example nginx 10-broken.conf $'add_header X-A 1;\nno_such_directive on;'
	remember
	p hp-site set a.example gzip_enabled=no
	[ "$status" = 7 ]
	[[ $output == *"/etc/hosting-panel/custom/a.example/nginx/10-broken.conf:2"* ]]
	[[ $output == *"unknown directive"* ]]
	nothing_changed
	snippet c.example nginx x.conf 'broken;'
	remember
	p hp-site add c.example tenant=acme
	[ "$status" = 7 ]
	[[ $output == *"/etc/hosting-panel/custom/c.example/nginx/x.conf:1"* ]] || { echo "$output"; return 1; }
	nothing_changed
	run ! id site3
	# a neighbour is changed all the same
	p hp-site set b.example php_memory_limit=99M gzip_enabled=no
	[ "$status" = 0 ]
	[ "$(get b.example /)" = "b 99M" ]
	[ "$(get a.example /)" = "a 256M" ]
	rm -r /etc/hosting-panel/custom
	p hp-site set a.example gzip_enabled=no
	[ "$status" = 0 ]
	p hp-vhost verify
	[ "$status" = 0 ]
}

@test "a file edited by hand survives a set: drift, exit 4; its neighbour is applied; --force takes over" {
	local conf=/etc/nginx/sites-available/a.example.conf
	echo '# by hand' >>$conf
	remember
	p hp-site set a.example gzip_enabled=no
	[ "$status" = 4 ]
	[[ $output == *"$conf was changed by hand"* ]] || [[ $output == *"by hand"* ]]
	nothing_changed
	p hp-site set b.example php_memory_limit=99M
	[ "$status" = 0 ]
	[ "$(get b.example /)" = "b 99M" ]
	grep -q '# by hand' $conf
	p hp-vhost verify
	[ "$status" = 1 ]
	p hp-site set a.example gzip_enabled=no --force
	[ "$status" = 0 ]
	! grep -q '# by hand' $conf
	grep -q 'gzip off' $conf
	p hp-vhost verify
	[ "$status" = 0 ]
}

@test "a user or a folder that is somebody else's: exit 4, and no record" {
	useradd -M carol
	mkdir /var/www/vhosts/d.example
	remember
	p hp-site add c.example tenant=acme user=carol
	[ "$status" = 4 ]
	nothing_changed
	p hp-site add d.example tenant=acme
	[ "$status" = 4 ]
	nothing_changed
}

@test "php_version=9.9 and other wishes that this node can't carry out: exit 2, nothing changed" {
	remember
	for kv in php_version=9.9 php_version=7.4; do
		p hp-site set a.example $kv
		[ "$status" = 2 ]
		[[ $output == *"${kv%=*}"* ]]
		p hp-site add c.example tenant=acme $kv
		[ "$status" = 2 ]
		[[ $output == *"${kv%=*}"* ]]
	done
	nothing_changed
}

@test "killed: the next command, of whatever kind, finds or makes one whole world" {
	local point
	(
		trap 'exit 0' TERM
		while :; do
			got=$(curl -s -m 20 -H 'Host: b.example' http://127.0.0.1/ 2>&1) || got="$got curl:$?"
			[ "$got" = "b 256M" ] || echo "$got" >>"$dir/missed"
			sleep 0.03
		done
	) 3>&- 4>&- &
	watcher=$!
	for point in after-stage after-journal mid-rename:2 after-rename after-reload before-commit after-commit after-break \
		after-manifest; do
		HP_FAULT=$point p hp-site add c.example tenant=acme
		[ "$status" = 137 ] || { echo "$point: $status $output"; return 1; }
		nginx -t 2>/dev/null
		# it was recorded: the next command brings it, with its own change
		p hp-site set a.example php_memory_limit=$((RANDOM % 100 + 100))M
		[ "$status" = 0 ] || { echo "$point: $output"; return 1; }
		page c.example index.php '<?php echo "c";'
		[ "$(get c.example /)" = c ] || { echo "$point"; return 1; }
		p hp-vhost verify
		[ "$status" = 0 ]
		p hp-vhost plan
		[ "$status" = 0 ]
		p hp-site remove c.example --yes --purge
		[ "$status" = 0 ]
	done
	kill "$watcher"
	watcher=
	[ ! -s "$dir/missed" ] || { cat "$dir/missed"; return 1; }
}
