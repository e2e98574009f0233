# kill -9 at every step of a run with the real NGINX and PHP-FPM. Whatever the step: every site
# that was served goes on being served, and the next run finds or makes the old world or the new one, whole.

bats_require_minimum_version 1.5.0
load ../lib/node

setup() { node_setup; }

teardown() {
	[ -z "${watcher:-}" ] || kill "$watcher" 2>/dev/null || true
	node_teardown
}

# Ask the bystander for its PHP page all the time; note what is not answered rightly.
watch_bystander() {
	(
		trap 'exit 0' TERM
		while :; do
			got=$(curl -s -m 20 -H 'Host: by.example' http://127.0.0.1/ 2>&1) || got="$got curl:$?"
			[ "$got" = standing ] || echo "$(date +%T.%N) $got" >>"$dir/missed"
			echo >>"$dir/asked"
			sleep 0.03
		done
	) 3>&- 4>&- &
	watcher=$!
}

old_state() { state 1 '1 by.example' '2 a.example' '3 b.example +www.b.example' '4 c.example'; }
new_state() { state 2 '1 by.example' '2 a.example gzip_enabled=false tasks_max=99' '3 b.example php_memory_limit=99M' '5 d.example'; }

# The world without what differs from one making to the next: pids, and the manifest's stat signatures.
world_here() { world | grep -v '\.pid$\|\.idle$'; }

begin_old() {
	old_state
	node apply "$dir/1" >/dev/null
	page by.example index.php '<?php echo "standing";'
	page a.example index.php '<?php echo "a";'
	page b.example index.php '<?php echo ini_get("memory_limit");'
	page c.example index.php '<?php echo "c";'
	[ "$(get by.example /)" = standing ]
}

# What the sites answer: of the old world or the new one?
answers() {
	echo "a=$(get a.example /) b=$(get b.example /) c=$(get c.example / | head -c 1) d=$(code d.example /)" \
		"gzip=$(curl -sD - -o /dev/null -H 'Host: a.example' -H 'Accept-Encoding: gzip' http://127.0.0.1/big.txt | grep -ci '^Content-Encoding: gzip' || true)"
}

one_point() { # one_point NAME …: kill there, look, recover, look, finish, go back
	local point=$1 got
	HP_FAULT=$point run node apply "$dir/2"
	[ "$status" = 137 ] || { echo "$point: exit $status: $output"; return 1; }
	nginx -t 2>/dev/null || { echo "$point: nginx -t fails right after the kill"; return 1; }
	[ "$(get by.example /)" = standing ] || { echo "$point: the bystander is down after the kill"; return 1; }
	[ "$(get a.example /)" = a ] || { echo "$point: a site being changed is down after the kill"; return 1; }
	run node recover
	[ "$status" = 0 ] || { echo "$point: recover: exit $status: $output"; return 1; }
	got=$(world_here)
	case $got in
	"$old") was=old ;;
	"$new") was=new ;;
	*)
		echo "$point: neither the old world nor the new one"
		diff <(echo "$old") <(echo "$got")
		return 1
		;;
	esac
	got=$(answers)
	local want=$new_answers
	[ "$was" = new ] || want=$old_answers
	[ "$got" = "$want" ] || { echo "$point: world $was, answers $got, not $want"; return 1; }
	run node verify
	[ "$status" = 0 ] || { echo "$point: verify: $output"; return 1; }
	run node apply "$dir/2"
	[ "$status" = 0 ] || { echo "$point: apply after it: exit $status: $output"; return 1; }
	[ "$(world_here)" = "$new" ] || { echo "$point: not new at last"; diff <(echo "$new") <(world_here); return 1; }
	[ "$(answers)" = "$new_answers" ] || { echo "$point: at last $(answers)"; return 1; }
	go_back
}

go_back() {
	node --force --purge d.example apply "$dir/1" >/dev/null
	page c.example index.php '<?php echo "c";'
}

prepare() {
	begin_old
	head -c 5000 /dev/zero | tr '\0' x >/var/www/vhosts/a.example/big.txt
	new_state
	node apply "$dir/2" >/dev/null
	new=$(world_here)
	new_answers=$(answers)
	go_back
	old=$(world_here)
	old_answers=$(answers)
	[ "$old" != "$new" ] && [ "$old_answers" != "$new_answers" ]
}

run_points() {
	local p
	watch_bystander
	for p in "$@"; do
		one_point "$p"
	done
	kill "$watcher"
	watcher=
	[ "$(wc -l <"$dir/asked")" -gt 20 ]
	[ ! -s "$dir/missed" ] || { echo "the bystander was not answered:"; cat "$dir/missed"; return 1; }
}

@test "killed before the switch" {
	prepare
	run_points after-stage after-test before-journal after-journal mid-rename after-early after-users mid-folders \
		after-start before-switch
}

@test "killed while switching" {
	prepare
	run_points mid-rename:3 mid-rename:4 mid-rename:5 mid-rename:6 after-rename mid-link after-link after-restart
}

@test "killed between reload and decision" {
	prepare
	run_points after-reload after-change after-probe before-commit
}

@test "killed while breaking the old world" {
	prepare
	run_points after-commit mid-break mid-break:2 mid-break:3 after-break before-manifest mid-manifest \
		after-manifest before-clear:2
}

@test "the same without a private namespace" {
	export HP_NO_NAMESPACE=1
	prepare
	run_points after-journal mid-rename:4 after-rename after-reload after-commit
}

@test "killed while undoing, again and again" {
	prepare
	watch_bystander
	HP_FAULT=after-reload run node apply "$dir/2"
	[ "$status" = 137 ]
	for n in 1 2 3 4 5; do
		HP_FAULT=mid-rollback:$n run node recover
		[ "$status" = 137 ]
		nginx -t 2>/dev/null
		[ "$(get a.example /)" = a ]
	done
	run node recover
	[ "$status" = 0 ]
	[ "$(world_here)" = "$old" ] || { diff <(echo "$old") <(world_here); return 1; }
	[ "$(answers)" = "$old_answers" ]
	kill "$watcher"
	watcher=
	[ ! -s "$dir/missed" ] || { cat "$dir/missed"; return 1; }
}

@test "a reload that can't be, a commit that can't be written: undone whole" {
	prepare
	watch_bystander
	for point in reload commit; do
		HP_FAULT=$point:err run node apply "$dir/2"
		[ "$status" = 71 ]
		[[ $output == *'"result":"undone"'*"fault injected at $point"* ]]
		[ "$(world_here)" = "$old" ] || { echo "$point"; diff <(echo "$old") <(world_here); return 1; }
		[ "$(answers)" = "$old_answers" ]
		run node verify
		[ "$status" = 0 ]
	done
	kill "$watcher"
	watcher=
	[ ! -s "$dir/missed" ] || { cat "$dir/missed"; return 1; }
}
