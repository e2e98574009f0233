# The apply engine below a sysroot: what it plans, writes, leaves alone and takes back. The real
# servers are in apply.bats.

bats_require_minimum_version 1.5.0

setup() {
	tool=${HP_BUILDDIR:?}/tests/node/hp-node-tool
	export HP_DATADIR=${HP_DATADIR:-$BATS_TEST_DIRNAME/../..}
	dir=$(mktemp -d "${BATS_TEST_TMPDIR:-/tmp}/engine.XXXXXX")
	root=$dir/root
	fresh "$root"
}

teardown() {
	umount "$root/etc/nginx" "$root/etc" "$dir/etc" 2>/dev/null || true
	rm -rf "$dir"
}

fresh() { # fresh DIR: a node with two versions of PHP and no site
	mkdir -p "$1/usr/sbin" "$1/etc"
	touch "$1/usr/sbin/php-fpm8.1" "$1/usr/sbin/php-fpm8.2"
	chmod +x "$1"/usr/sbin/*
}

state() { # state GENERATION LINE …: a document in $dir/GENERATION
	local g=$1
	shift
	printf '%s\n' "$@" | "$tool" state web1 "$g" >"$dir/$g"
}

node() { "$tool" --sysroot "$root" "$@"; }

vhost() { echo "$root/etc/nginx/sites-available/$1.conf"; }

world() { # world DIR: everything that stands there but the engine's own notes
	(
		cd "$1"
		find . -path ./var/lib/hosting-panel/node -prune -o -printf '%y %m %U:%G %l %p\n' | sort
		find . -path ./var/lib/hosting-panel/node -prune -o -type f -print0 | sort -z | xargs -0 sha256sum
		sha256sum var/lib/hosting-panel/node/state.jsonl 2>/dev/null
		ls var/lib/hosting-panel/node
	)
}

@test "a site's files, and nothing more at the second run" {
	state 1 '1 a.example +www.a.example' '2 b.example'
	run -0 node apply "$dir/1"
	[[ $output == *'"domain":"a.example","action":"add","result":"applied"'* ]]
	[[ $output == *'"generation":1,"result":"applied","sites":2,"changed":2,"failed":0'* ]]
	grep -q 'server_name a.example www.a.example;' "$(vhost a.example)"
	[ "$(readlink "$root/etc/nginx/sites-enabled/a.example.conf")" = ../sites-available/a.example.conf ]
	[ -f "$root/etc/hosting-panel/php/8.2/site1.conf" ]
	[ -d "$root/var/www/vhosts/a.example" ]
	before=$(world "$root"; stat -c %y "$root/var/lib/hosting-panel/node/manifest")
	run -0 node apply "$dir/1"
	[[ $output == *'"result":"unchanged"'* ]]
	[ "$before" = "$(world "$root"; stat -c %y "$root/var/lib/hosting-panel/node/manifest")" ]
	run -0 node plan "$dir/1"
	run -0 node verify
	[ ! -e "$root/etc/hosting-panel/.stage" ]
}

@test "plan shows differences, exits 10 and touches nothing" {
	state 1 '1 a.example'
	run -10 node plan "$dir/1"
	[ ! -e "$root/var" ] && [ ! -e "$root/etc/nginx" ]
	node apply "$dir/1"
	before=$(world "$root")
	state 2 '1 a.example gzip_enabled=false'
	run -10 --separate-stderr node plan "$dir/2"
	[[ $stderr == *"--- /etc/nginx/sites-available/a.example.conf"* ]]
	[[ $stderr == *"+	gzip off;"* ]]
	[ "$before" = "$(world "$root")" ]
	run -10 --separate-stderr node --quiet plan "$dir/2"
	[[ $stderr == *"change /etc/nginx/sites-available/a.example.conf"* ]]
}

@test "what concerns PHP alone leaves the vhost as it is" {
	state 1 '1 a.example'
	node apply "$dir/1"
	before=$(stat -c '%i %y' "$(vhost a.example)")
	state 2 '1 a.example php_version=8.1 php_memory_limit=512M'
	run -0 node apply "$dir/2"
	[ "$before" = "$(stat -c '%i %y' "$(vhost a.example)")" ]
	[ -f "$root/etc/hosting-panel/php/8.1/site1.conf" ]
	[ ! -e "$root/etc/hosting-panel/php/8.2/site1.conf" ]
	[ "$(readlink "$root/run/hosting-panel/php/site1.sock")" = 8.1/site1.sock ]
}

@test "removal keeps the document root, purge does not" {
	state 1 '1 a.example' '2 b.example'
	node apply "$dir/1"
	echo hello >"$root/var/www/vhosts/a.example/index.html"
	echo hello >"$root/var/www/vhosts/b.example/index.html"
	state 2
	run -0 node --purge b.example apply "$dir/2"
	[[ $output == *'"domain":"a.example","action":"remove","result":"applied"'* ]]
	[ ! -e "$(vhost a.example)" ] && [ ! -L "$root/etc/nginx/sites-enabled/a.example.conf" ]
	[ ! -e "$root/etc/hosting-panel/php/8.2/site1.conf" ]
	[ ! -e "$root/var/lib/hosting-panel/sites/a.example" ]
	[ ! -L "$root/run/hosting-panel/php/site1.sock" ]
	[ -f "$root/var/www/vhosts/a.example/index.html" ]
	[ ! -e "$root/var/www/vhosts/b.example" ]
}

@test "a suspended site answers 503 and keeps its files" {
	state 1 '1 a.example'
	node apply "$dir/1"
	# status is the panel's to set, so the document is written by hand
	sed 's/"status":"active"/"status":"suspended"/' "$dir/1" | head -n -1 | sed 's/"generation":1/"generation":2/' >"$dir/2"
	printf '{"end":{"sites":1,"sha256":"%s"}}\n' "$(sha256sum <"$dir/2" | cut -d' ' -f1)" >>"$dir/2"
	run -0 node apply "$dir/2"
	grep -q 'return 503' "$(vhost a.example)"
	grep -q fastcgi_pass "$(vhost a.example)" && return 1
	[ ! -L "$root/run/hosting-panel/php/site1.sock" ]
	[ -d "$root/var/www/vhosts/a.example" ]
	state 3 '1 a.example'
	run -0 node apply "$dir/3"
	grep -q fastcgi_pass "$(vhost a.example)"
	[ -L "$root/run/hosting-panel/php/site1.sock" ]
}

@test "a file edited by hand stays, its neighbour is applied, --force takes over" {
	state 1 '1 a.example' '2 b.example'
	node apply "$dir/1"
	echo '# mine' >>"$(vhost a.example)"
	# nothing is wished differently: told, not an error
	state 2 '1 a.example' '2 b.example'
	run -0 node apply "$dir/2"
	[[ $output == *'"event":"file","path":"/etc/nginx/sites-available/a.example.conf","action":"drift"'* ]]
	run -1 node verify
	state 3 '1 a.example gzip_enabled=false' '2 b.example gzip_enabled=false'
	run -4 node apply "$dir/3"
	[[ $output == *'"domain":"a.example","action":"change","result":"drift","exit":4'* ]]
	[[ $output == *'"domain":"b.example","action":"change","result":"applied"'* ]]
	[[ $output == *'"result":"partial"'* ]]
	grep -q '# mine' "$(vhost a.example)"
	grep -q 'gzip off' "$(vhost b.example)"
	run -4 node plan "$dir/3"
	run -0 node --force apply "$dir/3"
	grep -q '# mine' "$(vhost a.example)" && return 1
	grep -q 'gzip off' "$(vhost a.example)"
	run -0 node verify
}

@test "a neighbour's drift is told once by each run, and what was touched is remembered" {
	state 1 '1 a.example' '2 b.example' '3 c.example'
	node apply "$dir/1"
	echo '# mine' >>"$(vhost a.example)"
	state 2 '1 a.example' '2 b.example' '3 c.example php_version=8.1'
	state 3 '1 a.example' '2 b.example' '3 c.example php_version=8.1 gzip_enabled=false'
	state 4 '1 a.example' '2 b.example' '3 c.example php_version=9.9'
	state 5 '1 a.example' '2 b.example' '4 d.example' '5 e.example php_version=9.9'
	for g in 2 3 4 5; do
		touch "$(vhost b.example)"
		run node apply "$dir/$g"
		[ "$status" = $((g > 3 ? 2 : 0)) ] || { echo "$g: $status $output"; return 1; }
		[ "$(grep -c '"path":"/etc/nginx/sites-available/a.example.conf","action":"drift"' <<<"$output")" = 1 ]
		# with the time that the file has by now, so that it need not be read again
		t=$(stat -c %.9Y "$(vhost b.example)")
		[ $g = 4 ] || grep -q "$(printf '\t%s\t.*/b.example.conf$' "${t/./}")" "$root/var/lib/hosting-panel/node/manifest"
	done
	grep -q '# mine' "$(vhost a.example)"
}

@test "a document's lines are held against those that are as before: nothing twice" {
	state 1 '1 a.example +www.a.example' '2 b.example'
	node apply "$dir/1"
	before=$(world "$root")
	# document LINE …: the head, these lines and an end that is right
	document() {
		printf '%s\n' "$(head -n 1 "$dir/1" | sed 's/"generation":1/"generation":9/')" "$@" >"$dir/9"
		printf '{"end":{"sites":%d,"sha256":"%s"}}\n' $# "$(sha256sum <"$dir/9" | cut -d' ' -f1)" >>"$dir/9"
	}
	a=$(sed -n 2p "$dir/1") b=$(sed -n 3p "$dir/1")
	document "$a" "$b" "$a"
	run -2 node apply "$dir/9"
	[[ $output == *'a.example stands in it twice'* ]]
	document "$a" "${b/'"aliases":[]'/'"aliases":["www.a.example"]'}"
	run -2 node apply "$dir/9"
	[[ $output == *'the name www.a.example stands in it twice'* ]]
	document "$a" "${b/'"user":"site2"'/'"user":"site1"'}"
	run -2 node apply "$dir/9"
	[[ $output == *'the user site1 stands in it twice'* ]]
	[ "$before" = "$(world "$root")" ]
	# in whatever order they come
	document "${b/'"gzip_enabled":true'/'"gzip_enabled":false'}" "$a"
	run -0 node apply "$dir/9"
	[[ $output == *'"domain":"b.example","action":"change","result":"applied"'*'"sites":2,"changed":1'* ]]
	run -0 node verify
}

@test "a file removed by hand is drift, a foreign one of the same name a conflict" {
	state 1 '1 a.example'
	mkdir -p "$root/etc/nginx/sites-available"
	echo '# theirs' >"$(vhost a.example)"
	run -4 node apply "$dir/1"
	[[ $output == *'was not made by hosting-panel'* ]]
	[ "$(cat "$(vhost a.example)")" = '# theirs' ]
	[ ! -e "$root/etc/hosting-panel/php/8.2/site1.conf" ]
	[ ! -e "$root/var/www/vhosts/a.example" ]
	run -0 node --force apply "$dir/1"
	rm "$(vhost a.example)"
	state 2 '1 a.example gzip_enabled=false'
	run -4 node apply "$dir/2"
	[[ $output == *'was removed by hand'* ]]
	[ ! -e "$(vhost a.example)" ]
	run -0 node --force apply "$dir/2"
	[ -e "$(vhost a.example)" ]
}

@test "a change within the clock's grain and of the same size is seen" {
	state 1 '1 a.example'
	node apply "$dir/1"
	f=$(vhost a.example)
	sed -i 's/gzip on/gzip On/' "$f"
	touch -r "$root/etc/nginx/conf.d/hosting-panel.conf" "$f"
	run -1 node verify
}

@test "the wishes of one site are its own fault: exit 2 and the others applied" {
	state 1 '1 a.example' '2 b.example php_version=9.9'
	run -2 node apply "$dir/1"
	[[ $output == *'"domain":"b.example","action":"add","result":"refused","exit":2,"message":"php_version'* ]]
	[[ $output == *'"domain":"a.example","action":"add","result":"applied"'* ]]
	[ ! -e "$root/var/www/vhosts/b.example" ]
	# the same once more: a stays, b is tried again
	run -2 node apply "$dir/1"
	[[ $output == *'"result":"undone"'* ]]
}

@test "a port that is a server's own, or the panel's, is no program's: that site is refused alone" {
	state 1 '1 a.example proxy_port=8181' '2 b.example proxy_port=8182' '3 c.example proxy_port=8001' '4 d.example proxy_port=8180'
	run -2 node apply "$dir/1"
	[[ $output == *'"domain":"a.example","action":"add","result":"refused","exit":2,"message":"proxy_port: on 8181 nginx listens'* ]]
	[[ $output == *'"domain":"b.example","action":"add","result":"refused","exit":2,"message":"proxy_port: on 8182 apache listens'* ]]
	[[ $output == *'"domain":"c.example","action":"add","result":"refused","exit":2,"message":"proxy_port: on 8001 the panel listens'* ]]
	[[ $output == *'"domain":"d.example","action":"add","result":"applied"'* ]]
}

@test "an older document is not applied, one for another node refused" {
	state 2 '1 a.example'
	node apply "$dir/2"
	state 1
	run -0 node apply "$dir/1"
	[[ $output == *'"generation":2,"result":"unchanged"'* ]]
	[ -e "$(vhost a.example)" ]
	printf '1 a.example\n' | "$tool" state web2 3 >"$dir/3"
	run -2 node apply "$dir/3"
	[[ $output == *'is for node web2'* ]]
}

@test "without a document the kept one is applied" {
	run -3 node apply
	state 1 '1 a.example'
	node apply - <"$dir/1"
	cmp "$dir/1" "$root/var/lib/hosting-panel/node/state.jsonl"
	rm "$(vhost a.example)"
	run -0 node --force apply
	[ -e "$(vhost a.example)" ]
}

@test "a document cut short changes nothing" {
	state 1 '1 a.example' '2 b.example'
	head -n -1 "$dir/1" >"$dir/cut"
	run -2 node apply "$dir/cut"
	head -c 700 "$dir/1" >"$dir/cut"
	run -2 node apply "$dir/cut"
	sed 's/b.example/c.example/' "$dir/1" >"$dir/cut"
	run -2 node apply - <"$dir/cut"
	[ ! -e "$root/etc/nginx" ] && [ ! -e "$root/var/www" ]
}

@test "hand-made nginx directives are copied, and their change is a change" {
	mkdir -p "$root/etc/hosting-panel/custom/a.example/nginx"
	echo 'add_header X-A 1;' >"$root/etc/hosting-panel/custom/a.example/nginx/10-a.conf"
	state 1 '1 a.example' '2 b.example'
	node apply "$dir/1"
	copy=$root/etc/nginx/hosting-panel/custom/a.example@10-a.conf
	grep -q X-A "$copy"
	grep -q 'include /etc/nginx/hosting-panel/custom/a.example@10-a.conf;' "$(vhost a.example)"
	run -0 node apply "$dir/1"
	[[ $output == *'"result":"unchanged"'* ]]
	echo 'add_header X-B 1;' >"$root/etc/hosting-panel/custom/a.example/nginx/10-a.conf"
	run -0 node apply "$dir/1"
	[[ $output == *'"domain":"a.example","action":"change","result":"applied"'* ]]
	[[ $output != *b.example* ]]
	grep -q X-B "$copy"
	rm "$root/etc/hosting-panel/custom/a.example/nginx/10-a.conf"
	run -0 node apply "$dir/1"
	[ ! -e "$copy" ]
}

@test "a PHP file of the site's own goes with its folder" {
	mkdir -p "$root/etc/php/8.2/mods-available"
	echo 'extension=zz.so' >"$root/etc/php/8.2/mods-available/zz.ini"
	state 1 '1 a.example php_extensions=["zz"]'
	run -0 node apply "$dir/1"
	[ -f "$root/etc/hosting-panel/php/8.2/site1.d/site.ini" ]
	state 2 '1 a.example'
	run -0 node apply "$dir/2"
	[ ! -e "$root/etc/hosting-panel/php/8.2/site1.d" ]
	[ -d "$root/etc/nginx/sites-enabled" ]
}

@test "two runs at once: one waits, or gives up" {
	state 1 '1 a.example'
	mkdir -p "$root/var/lib/hosting-panel/node"
	exec 8>"$root/var/lib/hosting-panel/node/lock"
	flock 8
	run -6 node --wait 50 apply "$dir/1"
	[[ $output == *'another run is at work'* ]]
	(sleep 0.5; flock -u 8) &
	run -0 node --wait 10000 apply "$dir/1"
	wait
}

@test "a full disk while staging and a read-only /etc leave everything as it was" {
	state 1 '1 a.example'
	node apply "$dir/1"
	seq 1 400 | sed 's/.*/& site&.example/' | "$tool" state web1 2 >"$dir/2"
	mkdir "$dir/etc"
	mount -t tmpfs -o size=400k tmpfs "$dir/etc"
	cp -a "$root/etc/." "$dir/etc/"
	mount --bind "$dir/etc" "$root/etc"
	before=$(world "$root")
	run -71 node apply "$dir/2"
	[[ $output == *'No space left'* ]]
	[ "$before" = "$(world "$root")" ]
	mount -o remount,ro,bind "$root/etc"
	state 3 '1 a.example' '2 b.example'
	run -71 node apply "$dir/3"
	[[ $output == *'Read-only file system'* ]]
	[ "$before" = "$(world "$root")" ]
	umount "$root/etc"
	umount "$dir/etc"
	run -0 node apply "$dir/3"
}

@test "servers' folders on another file system get a stage of their own" {
	mkdir -p "$root/etc/nginx"
	mount -t tmpfs tmpfs "$root/etc/nginx"
	state 1 '1 a.example'
	run -0 node apply "$dir/1"
	state 2 '1 a.example gzip_enabled=false'
	HP_FAULT=after-rename run -137 node apply "$dir/2"
	[ -d "$root/etc/nginx/.hosting-panel-stage" ]
	run -0 node recover
	grep -q 'gzip on' "$(vhost a.example)"
	run -0 node apply "$dir/2"
	grep -q 'gzip off' "$(vhost a.example)"
	[ ! -e "$root/etc/nginx/.hosting-panel-stage" ]
	umount "$root/etc/nginx"
}

@test "killed at any step: the old world or the new one, whole" {
	state 1 '1 a.example' '2 b.example' '3 c.example'
	node apply "$dir/1"
	echo hello >"$root/var/www/vhosts/c.example/index.html"
	cp -a "$root" "$dir/old"
	state 2 '1 a.example gzip_enabled=false' '2 b.example php_version=8.1' '4 d.example +www.d.example'
	root=$dir/new
	cp -a "$dir/old" "$root"
	node apply "$dir/2"
	old=$(world "$dir/old")
	new=$(world "$dir/new")
	[ "$old" != "$new" ]
	killed=0
	for point in after-stage after-test before-journal after-journal mid-rename mid-rename:2 mid-rename:3 \
		after-early mid-folders before-switch mid-rename:4 mid-rename:5 mid-rename:6 mid-rename:7 \
		after-rename mid-link mid-link:2 after-link after-change after-probe before-commit \
		after-commit mid-break mid-break:2 mid-break:3 after-break before-manifest mid-manifest \
		after-manifest before-clear:2; do
		rm -rf "$root"
		cp -a "$dir/old" "$root"
		HP_FAULT=$point run node apply "$dir/2"
		[ "$status" = 137 ] || { echo "$point: exit $status"; echo "$output"; return 1; }
		killed=$((killed + 1))
		run -0 node recover
		got=$(world "$root")
		case $got in
		"$old") was=old ;;
		"$new") was=new ;;
		*) echo "$point: neither old nor new"; diff <(echo "$new") <(echo "$got"); return 1 ;;
		esac
		case $point in
		after-commit | mid-break* | after-break | *-manifest | before-clear*) [ $was = new ] ;;
		*) [ $was = old ] ;;
		esac || { echo "$point: $was"; return 1; }
		run -0 node apply "$dir/2"
		[ "$(world "$root")" = "$new" ] || { echo "$point: not new at last"; return 1; }
		run -0 node verify
	done
	[ $killed -gt 25 ]
}

# What is remembered is written before the decision, while masters come up.
@test "killed at any step of a change of PHP alone: the old world or the new one, whole" {
	state 1 '1 a.example' '2 b.example' '3 c.example'
	node apply "$dir/1"
	cp -a "$root" "$dir/old"
	state 2 '1 a.example' '2 b.example php_version=8.1' '3 c.example'
	root=$dir/new
	cp -a "$dir/old" "$root"
	node apply "$dir/2"
	old=$(world "$dir/old")
	new=$(world "$dir/new")
	[ "$old" != "$new" ]
	for point in after-journal mid-rename after-early after-remember before-switch after-rename mid-link after-link \
		after-change after-probe before-commit after-commit after-break before-manifest mid-manifest \
		after-manifest before-clear:2; do
		rm -rf "$root"
		cp -a "$dir/old" "$root"
		HP_FAULT=$point run node apply "$dir/2"
		[ "$status" = 137 ] || { echo "$point: exit $status"; echo "$output"; return 1; }
		run -0 node recover
		got=$(world "$root")
		case $point in
		after-commit | after-break | *-manifest | before-clear*) [ "$got" = "$new" ] ;;
		*) [ "$got" = "$old" ] ;;
		esac || { echo "$point: not the world it is to be"; diff <(echo "$new") <(echo "$got"); return 1; }
		run -0 node apply "$dir/2"
		[ "$(world "$root")" = "$new" ] || { echo "$point: not new at last"; return 1; }
		run -0 node verify
	done
	# and when it can't be written
	rm -rf "$root"
	cp -a "$dir/old" "$root"
	HP_FAULT=commit:err run -71 node apply "$dir/2"
	[ "$(world "$root")" = "$old" ]
	run -0 node verify
}

# The list above must not go stale: a step without its own kill is a hole.
@test "every fault point of the engine is killed at somewhere" {
	local top=$BATS_TEST_DIRNAME/../.. name missing= killed
	killed=$(sed -e ':a' -e '/\\$/{N;s/\\\n//;ba' -e '}' "$top"/tests/node/{adopt,engine,fault,php,cert}.bats |
		grep -E 'HP_FAULT=|for point in|run_points ' | tr -s ' \t=;:"$' '\n')
	for name in $(grep -hoE 'hp_fault(_err)?\("[a-z-]+"' "$top"/lib/node/*.c | cut -d'"' -f2 | sort -u); do
		grep -qxF -- "$name" <<<"$killed" || missing+=" $name"
	done
	[ -z "$missing" ] || { echo "no test kills at:$missing"; return 1; }
}

@test "killed while clearing the old world away, again and again: the new one in the end" {
	state 1 '1 a.example' '2 b.example' '3 c.example'
	node apply "$dir/1"
	cp -a "$root" "$dir/new"
	state 2 '1 a.example gzip_enabled=false' '4 d.example'
	root=$dir/new node apply "$dir/2"
	new=$(world "$dir/new")
	HP_FAULT=after-commit run -137 node apply "$dir/2"
	for point in mid-break mid-break:2 mid-break:3 after-break before-manifest mid-manifest after-manifest \
		before-clear; do
		HP_FAULT=$point run -137 node recover
	done
	run -0 node recover
	[ "$(world "$root")" = "$new" ] || { diff <(echo "$new") <(world "$root"); return 1; }
	run -0 node verify
}

@test "killed while undoing: undone by the next" {
	state 1 '1 a.example' '2 b.example'
	node apply "$dir/1"
	old=$(world "$root")
	state 2 '1 a.example gzip_enabled=false' '3 c.example'
	HP_FAULT=after-rename run -137 node apply "$dir/2"
	for n in 1 2 3 4; do
		HP_FAULT=mid-rollback:$n run -137 node recover
	done
	run -0 node recover
	[ "$(world "$root")" = "$old" ]
}

@test "an error at any step undoes all of it" {
	state 1 '1 a.example' '2 b.example' '3 c.example'
	node apply "$dir/1"
	old=$(world "$root")
	state 2 '1 a.example gzip_enabled=false' '2 b.example php_version=8.1' '4 d.example'
	for point in stage-write stage-write:3 stage-sync rename rename:4 commit; do
		HP_FAULT=$point:err run -71 node apply "$dir/2"
		[[ $output == *'"result":"undone"'* ]]
		[ "$(world "$root")" = "$old" ] || { echo "$point"; diff <(echo "$old") <(world "$root"); return 1; }
		run -0 node verify
	done
	run -0 node apply "$dir/2"
}

# So many that several threads make the folders, and files are synced in the background.
@test "a thousand sites at once: all of them, or none" {
	local lines=() i
	for ((i = 1; i <= 1024; i++)); do lines+=("$i s$i.example"); done
	state 1 "${lines[@]}"
	HP_FAULT=mid-folders:700 run -137 node apply "$dir/1"
	run -0 node recover
	[ -z "$(find "$root/var/www/vhosts" "$root/var/lib/hosting-panel/sites" "$root/etc/nginx" -name '*.example*')" ]
	for point in commit before-commit; do
		[ "$point" = commit ] && HP_FAULT=commit:err run -71 node apply "$dir/1"
		[ "$point" = commit ] || HP_FAULT=$point run -137 node apply "$dir/1"
		run -0 node recover
		[ -z "$(find "$root/var/www/vhosts" "$root/var/lib/hosting-panel/sites" "$root/etc/nginx" -name '*.example*')" ]
	done
	# in the way of one of them: that one is left out
	mkdir -p "$root/var/www/vhosts"
	echo mine >"$root/var/www/vhosts/s900.example"
	run -4 node apply "$dir/1"
	[[ $output == *'"domain":"s900.example","action":"add","result":"refused"'* ]]
	[[ $output == *'"result":"partial","sites":1023,"changed":1023,"failed":1'* ]]
	[ "$(cat "$root/var/www/vhosts/s900.example")" = mine ]
	[ "$(find "$root/var/lib/hosting-panel/sites" -name uploads | wc -l)" = 1023 ]
	[ "$(find "$root/var/lib/hosting-panel/sites" -name uploads ! -perm 700 | wc -l)" = 0 ]
	rm "$root/var/www/vhosts/s900.example"
	run -0 node apply "$dir/1"
	run -0 node verify
}
