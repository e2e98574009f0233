#!/usr/bin/env bats
# Every verb of every program, done by every role to what is his own, somebody else's and nobody's: what the table
# tests/cli/matrix.tsv says. What is somebody else's and what is not there are told in the same words, with the
# same exit status, and nothing is changed by asking.
load ../lib/common.bash

table=$BATS_TEST_DIRNAME/matrix.tsv

setup_file() {
	make_panel
	hp-tenant add beta -q
	hp-user add anna tenant=acme role=admin -q
	hp-user add rita tenant=acme role=reseller \
		grants=audit:list,audit:undo,cert:import,cert:issue,cert:remove,cert:renew,vhost:purge,site:add,site:alias,site:remove,site:set,tenant:list,tenant:show -q
	hp-user add rolf tenant=acme role=reseller -q
	hp-user add cleo tenant=acme -q
	hp-user add cara tenant=acme parent=rolf -q
	hp-user add kid1 tenant=acme parent=rita -q
	hp-user add kid2 tenant=acme parent=rolf -q
	hp-user add kid3 tenant=acme -q
	hp-user add otto tenant=beta role=admin -q
	hp-user add olga tenant=acme operator=yes -q
	local who
	for who in rita rolf cleo cara anna; do
		hp-site add "$who.example" tenant=acme "owner=$who" -q --no-apply
	done
	hp-site add otto.example tenant=beta owner=otto -q --no-apply
	hp-site add none.example tenant=acme -q --no-apply
	hp-vhost apply -q
	for who in cleo cara anna kid1 kid2 kid3 otto olga; do
		hp-user passwd $who -q <<<"correct horse battery"
		hp-user login $who -q <<<"correct horse battery"
		hp-user session list $who --tsv -n -o session >"$ROOT/session.$who"
		hp-user totp-enable $who --tsv -n -o secret >"$ROOT/secret.$who"
		hp-user key add $who --verbs site:list --tsv -n -o key >"$ROOT/key.$who"
	done
	# what each has done himself, as far as he may, and what nobody of them has
	for who in anna rita otto; do
		hp-site set "$who.example" gzip_enabled=no -q --no-apply --as "$who"
		hp-audit list --verb site:set --limit 1 --tsv -n -o id >"$ROOT/entry.$who"
	done
	hp-site set none.example gzip_enabled=no -q
	hp-audit list --verb site:set --limit 1 --tsv -n -o id >"$ROOT/entry.none"
	for who in rolf cleo cara olga; do cp "$ROOT/entry.none" "$ROOT/entry.$who"; done
	hp-user set olga email=olga@x.example -q
	hp-audit list --verb user:set --limit 1 --tsv -n -o id >"$ROOT/entry.hidden"
	echo "correct horse battery" >"$ROOT/password"
}
teardown_file() { remove_root; }

@test "the table has every verb of every program" {
	local p
	for p in $concerns; do
		command "hp-$p" --complete -- "" | cut -f1 | sed "s/^/hp-$p /"
	done | sort >"$BATS_TEST_TMPDIR/verbs"
	grep -v '^#' "$table" | cut -f1,2 | tr '\t' ' ' | sort | diff "$BATS_TEST_TMPDIR/verbs" -
}

# object KIND WHOSE: the name of one
object() {
	case $1/$2 in
	site/own) echo "$own_site" ;;
	user/own) echo "$own_user" ;;
	tenant/own) echo acme ;;
	site/foreign) echo otto.example ;;
	user/foreign) echo otto ;;
	tenant/foreign) echo beta ;;
	site/neighbour) echo none.example ;;
	user/neighbour) echo anna ;;
	user/hidden) echo olga ;;
	session/own) cat "$ROOT/session.$own_user" ;;
	session/foreign) cat "$ROOT/session.otto" ;;
	session/neighbour) cat "$ROOT/session.anna" ;;
	session/hidden) cat "$ROOT/session.olga" ;;
	session/unknown) echo aaaaaaaaaaaa ;;
	entry/own) cat "$ROOT/entry.$who" ;;
	entry/foreign) cat "$ROOT/entry.otto" ;;
	entry/neighbour) cat "$ROOT/entry.none" ;;
	entry/hidden) cat "$ROOT/entry.hidden" ;;
	entry/unknown) echo 99999 ;;
	key/own) cat "$ROOT/key.$own_user" ;;
	key/foreign) cat "$ROOT/key.otto" ;;
	key/neighbour) cat "$ROOT/key.anna" ;;
	key/hidden) cat "$ROOT/key.olga" ;;
	key/unknown) echo aaaaaaaaaaaa ;;
	site/unknown) echo nono.example ;;
	user/unknown | tenant/unknown) echo nono ;;
	esac
}

# try PROGRAM VERB WORDS OBJECT: status in $got, what was said with OBJECT taken out in $said
try() {
	local words=${3//%/$4} input=$ROOT/password
	[ "$words" != - ] || words=
	if [[ $2 == totp-confirm && -e $ROOT/secret.$4 ]]; then
		input=$BATS_TEST_TMPDIR/code
		totp "$(<"$ROOT/secret.$4")" >"$input"
	fi
	got=0
	# shellcheck disable=SC2086
	"$1" "$2" $words --as "$who" <"$input" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || got=$?
	said=$(cat "$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR/err")
	[ -z "$4" ] || said=${said//"$4"/X}
}

# may STATUS PERMISSION OBJECT: hp-user can answers so
may() {
	local r=0
	[ "$2" != - ] || return 0
	# shellcheck disable=SC2086
	hp-user can "$who" "$2" $3 --tsv -n -o why >"$BATS_TEST_TMPDIR/why" 2>&1 || r=$?
	[ "$r" = "$1" ] || complain "hp-user can $who $2 $3: $r instead of $1: $(<"$BATS_TEST_TMPDIR/why")"
}

# wanted COLUMN ANSWERS: yes or no in $want, and what yes comes to in $ok
wanted() {
	want=$(cut -f "$1" <<<"$2")
	ok=${want#yes}
	[[ $want != yes?* ]] || want=yes
	[[ $ok == [0-9] ]] || ok=0
}

complain() { echo "$*" >>"$BATS_TEST_TMPDIR/bad"; }

# everything COLUMN WHO OWN-SITE OWN-USER
everything_by() {
	local column=$1 who=$2 own_site=$3 own_user=$4 ok got said before line p v perm kind words answers want whose first n=0
	before=$(records)
	while IFS=$'\t' read -r p v perm kind words answers; do
		[[ $p != \#* ]] || continue
		wanted "$column" "$answers"
		case $kind in
		none)
			try "$p" "$v" "$words" ""
			[ "$got" = "$([ "$want" = yes ] && echo $ok || echo 5)" ] || complain "$p $v by $who: $got: $said"
			may "$([ "$want" = yes ] && echo 0 || echo 1)" "$perm" ""
			n=$((n + 1))
			continue
			;;
		new)
			try "$p" "$v" "$words" "new$([ "$p" != hp-site ] || echo .example)"
			[ "$got" = "$([ "$want" = yes ] && echo $ok || echo 5)" ] || complain "$p $v by $who: $got: $said"
			may "$([ "$want" = yes ] && echo 0 || echo 1)" "$perm" ""
			n=$((n + 1))
			continue
			;;
		esac
		try "$p" "$v" "$words" "$(object "$kind" own)"
		[ "$got" = "$([ "$want" = yes ] && echo $ok || echo 5)" ] || complain "$p $v of his own by $who: $got: $said"
		may "$([ "$want" = yes ] && echo 0 || echo 1)" "$perm" "$(object "$kind" own)"
		first=
		for whose in unknown foreign neighbour hidden; do
			[ "$whose" != neighbour ] || [[ $who != anna && $kind != tenant ]] || continue
			[ "$whose" != hidden ] || [[ $kind != site && $kind != tenant ]] || continue
			try "$p" "$v" "$words" "$(object "$kind" $whose)"
			[ "$got" = "$([ "$want" = yes ] && echo 3 || echo 5)" ] ||
				complain "$p $v of $whose by $who: $got: $said"
			[ "$whose" != unknown ] || first=$said
			[ "$said" = "$first" ] || complain "$p $v by $who: $whose is told from unknown: $said, $first"
			may 1 "$perm" "$(object "$kind" $whose)"
			n=$((n + 1))
		done
		n=$((n + 1))
	done <"$table"
	[ "$before" = "$(records)" ] || complain "something was changed by $who"
	[ ! -e "$BATS_TEST_TMPDIR/bad" ] || { cat "$BATS_TEST_TMPDIR/bad"; return 1; }
	[ "$n" -gt 100 ]
}

# by_operator: what is anybody's is his to change; what is not there is not
by_operator() {
	local column=6 who=olga own_site=cleo.example own_user=kid3 ok got said before p v perm kind words answers want whose code n=0
	before=$(records)
	while IFS=$'\t' read -r p v perm kind words answers; do
		[[ $p != \#* ]] || continue
		wanted "$column" "$answers"
		for whose in own foreign neighbour hidden unknown; do
			case $kind/$whose in
			none/own) try "$p" "$v" "$words" "" ;;
			new/own)
				[ "$p" = hp-tenant ] || words+=" tenant=acme"
				try "$p" "$v" "$words" "new$([ "$p" != hp-site ] || echo .example)"
				;;
			none/* | new/* | tenant/neighbour | tenant/hidden | site/hidden) continue ;;
			# nobody does that to himself
			user/hidden) [[ $v != suspend && $v != resume && $v != remove ]] || continue ;;&
			*) try "$p" "$v" "$words" "$(object "$kind" $whose)" ;;
			esac
			code=$([ "$whose" = unknown ] && echo 3 || echo "$ok")
			# what has websites still is not removed, whoever may
			[[ $code$v != 0remove || $got != 4 ]] || code=4
			[ "$want" = yes ] || code=5
			[ "$got" = "$code" ] || complain "$p $v of $whose by $who: $got instead of $code: $said"
			n=$((n + 1))
		done
		may "$([ "$want" = yes ] && echo 0 || echo 1)" "$perm" ""
	done <"$table"
	[ "$before" = "$(records)" ] || complain "something was changed by $who"
	[ ! -e "$BATS_TEST_TMPDIR/bad" ] || { cat "$BATS_TEST_TMPDIR/bad"; return 1; }
	[ "$n" -gt 100 ]
}

@test "an admin" { everything_by 1 anna cleo.example kid3; }
@test "a reseller who was granted everything" { everything_by 2 rita rita.example kid1; }
@test "a reseller who was granted nothing" { everything_by 3 rolf cara.example kid2; }
@test "a client" { everything_by 4 cleo cleo.example cleo; }
@test "a sub-client" { everything_by 5 cara cara.example cara; }
@test "a user who acts as the operator" { by_operator; }

# steps_of PROGRAM VERB WORDS OBJECT: the system calls that it takes, by their names; but for pages of the database's
# file, of which an object that is there has one or two more to look at, and for memory
steps_of() {
	local words=${3//%/$4}
	[ "$words" != - ] || words=
	# shellcheck disable=SC2086
	ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 strace -f -qq -o "$BATS_TEST_TMPDIR/trace" \
		-e trace='!pread64,pwrite64,mmap,munmap,mremap,mprotect,madvise,brk,futex,clock_nanosleep' \
		"$1" --sysroot="$ROOT" "$2" $words --as "$who" <"$ROOT/password" >/dev/null 2>&1 || true
	sed -E 's/^[0-9]+ +//; s/\(.*//' "$BATS_TEST_TMPDIR/trace"
}

@test "to refuse what is somebody else's takes the same steps as what is nobody's" {
	strace -o /dev/null true 2>/dev/null || skip "no process may be traced here"
	local who=cleo own_site=cleo.example own_user=cleo p v perm kind words answers whose i n=0
	while IFS=$'\t' read -r p v perm kind words answers; do
		case $p$kind in \#* | *none | *new | *tenant) continue ;; esac
		for whose in foreign neighbour; do
			# what comes and goes is no difference: a log of the database that is begun anew, say
			for i in 1 2 3; do
				steps_of "$p" "$v" "$words" "$(object "$kind" unknown)" >"$BATS_TEST_TMPDIR/unknown"
				[ "$(wc -l <"$BATS_TEST_TMPDIR/unknown")" -gt 50 ]
				steps_of "$p" "$v" "$words" "$(object "$kind" $whose)" |
					diff "$BATS_TEST_TMPDIR/unknown" - >"$BATS_TEST_TMPDIR/more" && break
			done
			[ ! -s "$BATS_TEST_TMPDIR/more" ] || complain "$p $v of $whose: $(<"$BATS_TEST_TMPDIR/more")"
		done
		n=$((n + 1))
	done <"$table"
	[ ! -e "$BATS_TEST_TMPDIR/bad" ] || { cat "$BATS_TEST_TMPDIR/bad"; return 1; }
	[ "$n" -gt 20 ]
}
