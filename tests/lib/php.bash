# How php-site.bats and php-paths.bats run commands that start masters, which must not keep bats' own descriptors.
# shellcheck shell=bash
p() { run "$@" 3>&- 4>&-; [ "$status" = 0 ] || { echo "$* ($status): $output"; return 1; }; }
fails() { # fails STATUS COMMAND …
	local want=$1
	shift
	run "$@" 3>&- 4>&-
	[ "$status" = "$want" ] || { echo "$* ($status): $output"; return 1; }
}
