# shellcheck shell=bash
# lib.sh: what the checks share; sourced by tools/check-*.
# A check prints one line for each thing that is wrong, "file:line: what", then its verdict, and
# exits 1 when anything was wrong.
export LC_ALL=C
cd "$(dirname "$0")/.." || exit 71

# tree_files PATTERN …: the files of the tree (git's pathspecs), those not committed yet included. In an
# unpacked tarball, which has no git, all files that are there.
tree_files() {
	if [ -e .git ]; then
		git ls-files -c -o --exclude-standard -- "$@" | sort -u | while IFS= read -r f; do
			[ -f "$f" ] && printf '%s\n' "$f"
		done
	else
		local p
		for p in "$@"; do
			find . -type f -path "./$p" ! -path './build/*' ! -name '*.auto.[ch]'
		done | sed 's,^\./,,' | sort -u
	fi
}

# verdict NAME FILE: print the findings in FILE and the closing line; the exit status is the verdict.
verdict() {
	local n
	sort -t: -k1,1 -k2,2n "$2"
	n=$(wc -l <"$2")
	if [ "$n" = 0 ]; then
		echo "$1: nothing wrong"
	else
		echo "$1: $n wrong"
		return 1
	fi
}

found=$(mktemp)
trap 'rm -f "$found"' EXIT
