#!/usr/bin/env bats
# Files that NGINX keeps open because they are asked for often: what was changed is served a second later, and
# what is not asked for often at once. Runs in tests/lib/sandbox.

bats_require_minimum_version 1.5.0
load ../lib/node

setup() {
	node_setup
	rm -f /etc/nginx/sites-enabled/default
	node_panel
	hp-site add a.example tenant=acme -q 3>&- 4>&-
	root=/var/www/vhosts/a.example
}

teardown() { node_teardown; }

heat() { # heat PATH: often enough for every worker
	local i
	for i in $(seq 60); do
		get a.example "$1" >"$dir/heat"
	done
}

becomes() { # becomes PATH TEXT: within three seconds, and whole
	local i
	for i in $(seq 60); do
		[ "$(get a.example "$1" 2>"$dir/trouble")" != "$2" ] || return 0
		sleep 0.05
	done
	return 1
}

@test "a file that is exchanged, rewritten in place or removed while it is hot" {
	page a.example hot.txt "one"
	heat /hot.txt
	page a.example new.txt "exchanged"
	mv $root/new.txt $root/hot.txt
	becomes /hot.txt "exchanged"
	heat /hot.txt
	printf 'rewritten in its place, and much longer\n' >$root/hot.txt
	becomes /hot.txt 'rewritten in its place, and much longer'
	heat /hot.txt
	rm $root/hot.txt
	becomes /hot.txt "$(get a.example /nothing-here.txt)"
}

@test "what is asked for now and then is never old" {
	for i in $(seq 30); do
		page a.example cold.txt "version $i"
		[ "$(get a.example /cold.txt)" = "version $i" ]
		rm $root/cold.txt
		[ "$(get a.example /cold.txt)" != "version $i" ]
		sleep 0.1
	done
}

@test "a link to somebody else's file that takes a hot file's place leads to nothing" {
	hp-site add b.example tenant=acme -q 3>&- 4>&-
	page b.example secret.txt "b's own"
	page a.example hot.txt "mine"
	heat /hot.txt
	ln -sfn /var/www/vhosts/b.example/secret.txt $root/link
	chown -h "$(stat -c %U:%G $root)" $root/link
	mv -T $root/link $root/hot.txt
	for i in $(seq 40); do
		[ "$(get a.example /hot.txt)" != "b's own" ]
		sleep 0.05
	done
	[ "$(get a.example /hot.txt)" != "mine" ]
}
