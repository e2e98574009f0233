#!/usr/bin/env bats
load ../lib/common.bash

pages() { find "$HP_BUILDDIR/man" -maxdepth 1 -name '*.[578]' | sort; }

@test "pages are there and clean" {
	[ "$(pages | wc -l)" -ge 10 ]
	for page in $(pages); do
		lint=$(mandoc -T lint -W warning "$page") || { echo "$lint"; return 1; }
		[ -z "$lint" ] || { echo "$lint"; return 1; }
		! grep -n '^@' "$page"
	done
}

@test "each program's page has each of its verbs and options" {
	for p in $concerns; do
		text=$(mandoc -T ascii "$HP_BUILDDIR/man/hp-$p.8" | col -b)
		for v in $(command "hp-$p" --complete -- "" | cut -f1); do
			grep -q "hp-$p $v" <<<"$text" || { echo "hp-$p $v"; return 1; }
			for o in $(command "hp-$p" --complete -- "$v" -- | cut -f1 | sed 's/=$//'); do
				grep -q -- "$o" <<<"$text" || { echo "hp-$p $v $o"; return 1; }
			done
		done
	done
}

@test "references to our own pages lead to some that exist" {
	for x in $(grep -h '^\.\(It \)\?Xr \(hp\|hosting-panel\)' $(pages) | sed 's/^\.It /./' | awk '{ print $2 "." $3 }' | sort -u); do
		[ -f "$HP_BUILDDIR/man/$x" ] || { echo "$x"; return 1; }
	done
}
