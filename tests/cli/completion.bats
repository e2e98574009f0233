#!/usr/bin/env bats
# What the shells make of the programs' answers: bash, zsh and fish with the files that are installed.
# tests/cli/complete.bats is about the answers themselves.
load ../lib/common.bash

setup() { make_panel; }
teardown() { remove_root; }

# in_bash LINE: COMPREPLY for a line with the cursor at its end, cut into words as readline does.
in_bash() {
	COMP=$HP_BUILDDIR/completions/bash/hp-site bash --norc -c '
		source "$COMP"
		compopt() { options+=" $*"; }
		COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDS=() rest=$1
		while [[ $rest =~ ^([[:space:]]*)([=:]+|[^=:[:space:]]+)(.*)$ ]]; do
			COMP_WORDS+=("${BASH_REMATCH[2]}")
			rest=${BASH_REMATCH[3]}
		done
		[[ $1 != *[[:space:]] ]] || COMP_WORDS+=("")
		COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
		_hp_complete
		printf "%s\n" "${COMPREPLY[@]}"
		[[ -z ${options-} ]] || echo "options$options"' bash "$1" | sed '/^$/d'
}

in_fish() {
	HOME=$BATS_TEST_TMPDIR fish --no-config -c "
		set -p fish_complete_path $HP_BUILDDIR/completions/fish
		complete -C '$1'" | cut -f1
}

# on_tty SHELL FILE LINE: the line after TAB, "|" behind it
on_tty() {
	"$HP_TOP/tests/lib/completed" "$1" "$HP_BUILDDIR/completions/$2" "$3"
}

@test "there is a completion for every program, in every shell" {
	for p in hp $(printf 'hp-%s ' $concerns); do
		grep -qx "complete -F _hp_complete $p" "$HP_BUILDDIR/completions/bash/$p"
		grep -qx "complete -c $p -f -a .*" "$HP_BUILDDIR/completions/fish/$p.fish"
		head -n 1 "$HP_BUILDDIR/completions/zsh/_hp" | grep -qE "^#compdef .*\b$p( |\$)"
	done
	for f in "$HP_BUILDDIR"/completions/bash/*; do bash -n "$f"; done
	zsh -n "$HP_BUILDDIR/completions/zsh/_hp"
	fish --no-execute "$HP_BUILDDIR"/completions/fish/hp-site.fish
}

@test "bash: verbs, options, values" {
	[ "$(in_bash 'hp-site re')" = $'resume\nremove' ]
	[ "$(in_bash 'hp-site list --js')" = $'--json\n--jsonl' ]
	[ "$(in_bash 'hp-site list --status=')" = $'active\nsuspended' ]
	[ "$(in_bash 'hp-site list --status=s')" = suspended ]
	[ "$(in_bash 'hp-site list --status s')" = suspended ]
	[ "$(in_bash 'hp-site list --stat')" = $'--status=\noptions -o nospace' ]
	[ "$(in_bash 'hp-site set x.example gzip_enabled=f')" = false ]
	[ "$(in_bash 'hp-site set x.example php_mem')" = $'php_memory_limit=\noptions -o nospace' ]
	[ "$(in_bash 'hp-site list -o domain,php_v')" = domain,php_version ]
	[ "$(in_bash 'hp site re')" = $'resume\nremove' ]
	[ -z "$(in_bash 'hp-site nonsense ')" ]
}

@test "bash: domains, and what is not in the line is not run" {
	hp-site add a.example tenant=acme -q
	[ "$(in_bash "hp-site --sysroot=$ROOT show ")" = a.example ]
	[ "$(in_bash "hp-site --sysroot $ROOT set a.example php_version=")" = $'8.1\n8.2' ]
	in_bash "hp-site show \$(touch $ROOT/ran) \`touch $ROOT/ran\` "
	[ ! -e "$ROOT/ran" ]
}

@test "bash: characters that are special to the shell are quoted" {
	hp-site add a.example tenant=acme -q
	[ "$(in_bash 'hp-site set a.example allowed_ips=')" = '\[\]' ]
}

@test "bash: folders and files where the program takes them" {
	mkdir "$ROOT/one" && echo >"$ROOT/other"
	[ "$(in_bash "hp-site --sysroot=$ROOT/o")" = "$ROOT/one"$'\noptions -o filenames' ]
	[ "$(in_bash "hp-site --sysroot $ROOT/on")" = "$ROOT/one"$'\noptions -o filenames' ]
	[ "$(in_bash "hp-db init @$ROOT/ot")" = "@$ROOT/other"$'\noptions -o filenames' ]
	[ -z "$(in_bash "hp-db init $ROOT/ot")" ]
}

@test "bash: on a terminal" {
	[ "$(on_tty bash bash/hp-site 'hp-site li')" = 'hp-site list |' ]
	[ "$(on_tty bash bash/hp-site 'hp-site set x.example php_mem')" = 'hp-site set x.example php_memory_limit=|' ]
	[ "$(on_tty bash bash/hp-site 'hp-site set x.example gzip_enabled=f')" = 'hp-site set x.example gzip_enabled=false |' ]
	[ "$(on_tty bash bash/hp-site 'hp-site list --status=su')" = 'hp-site list --status=suspended |' ]
	mkdir "$ROOT/one"
	[ "$(on_tty bash bash/hp-site "hp-site --sysroot=$ROOT/o")" = "hp-site --sysroot=$ROOT/one/|" ]
}

@test "zsh: on a terminal" {
	[ "$(on_tty zsh zsh/_hp 'hp-site li')" = 'hp-site list |' ]
	[ "$(on_tty zsh zsh/_hp 'hp si')" = 'hp site |' ]
	[ "$(on_tty zsh zsh/_hp 'hp-site set x.example php_mem')" = 'hp-site set x.example php_memory_limit=|' ]
	[ "$(on_tty zsh zsh/_hp 'hp-site set x.example gzip_enabled=f')" = 'hp-site set x.example gzip_enabled=false |' ]
	[ "$(on_tty zsh zsh/_hp 'hp-site list --status=su')" = 'hp-site list --status=suspended |' ]
	mkdir "$ROOT/one"
	[ "$(on_tty zsh zsh/_hp "hp-site --sysroot=$ROOT/o")" = "hp-site --sysroot=$ROOT/one/|" ]
}

@test "fish" {
	[ "$(in_fish 'hp-site re')" = $'remove\nresume' ]
	[ "$(in_fish 'hp-site list --status=s')" = --status=suspended ]
	[ "$(in_fish 'hp-site set x.example gzip_enabled=f')" = gzip_enabled=false ]
	[ "$(in_fish 'hp-site list -o domain,php_v')" = domain,php_version ]
	[ "$(in_fish 'hp si')" = site ]
	[ -z "$(in_fish 'hp-site nonsense ')" ]
	mkdir "$ROOT/one" && echo >"$ROOT/other"
	[ "$(in_fish "hp-site --sysroot=$ROOT/o")" = "--sysroot=$ROOT/one/" ]
	[ "$(in_fish "hp-db init @$ROOT/ot")" = "@$ROOT/other" ]
	hp-site add a.example tenant=acme -q
	[ "$(in_fish "hp-site --sysroot $ROOT show ")" = a.example ]
}
