# common: what tests of the programs share. HP_BUILDDIR is the build folder.
# shellcheck shell=bash
: "${HP_BUILDDIR:?HP_BUILDDIR must name the build folder}"
HP_TOP=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)
export HP_TOP
export PATH=$HP_BUILDDIR/cmd:$PATH
export HP_LIBDIR=$HP_BUILDDIR/lib/db/.libs
export HP_DATADIR=$HP_TOP
export LC_ALL=C.UTF-8
unset NO_COLOR HP_FAULT

# A machine in a folder: $ROOT, with PHP 8.1 and 8.2 and NGINX that are only names.
make_root() {
	ROOT=$(mktemp -d "${TMPDIR:-/tmp}/hp-cli.XXXXXX")
	local p
	mkdir -p "$ROOT/usr/sbin" "$ROOT/etc/nginx/sites-enabled" "$ROOT/etc/nginx/sites-available"
	for p in nginx php-fpm8.1 php-fpm8.2; do
		printf '#!/bin/false\n' >"$ROOT/usr/sbin/$p"
		chmod 0755 "$ROOT/usr/sbin/$p"
	done
	export ROOT
}

# The same with a database and a tenant "acme".
make_panel() {
	make_root
	hp-db init --sysroot "$ROOT" -q
	hp-tenant add acme --sysroot "$ROOT" -q
}

remove_root() {
	[ -z "${ROOT:-}" ] || rm -rf "$ROOT"
}

# Programs on that machine: hp-site and the others, each a function.
concerns=$(sed -n 's/^CLI_PROGRAM([a-z_]*, "hp-\([^"]*\)".*/\1/p' "$HP_TOP/cmd/programs.def")
for concern in $concerns; do
	eval "hp-$concern() { command hp-$concern --sysroot=\"\$ROOT\" \"\$@\"; }"
done

# status N COMMAND …: the command must exit with N. stdout is in $out, stderr in $err.
status() {
	local want=$1 got=0
	shift
	"$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || got=$?
	out=$(<"$BATS_TEST_TMPDIR/out")
	err=$(<"$BATS_TEST_TMPDIR/err")
	[ "$got" = "$want" ] || {
		echo "exit status $got instead of $want: $*"
		echo "stdout: $out"
		echo "stderr: $err"
		return 1
	}
}

# as_nobody PROGRAM ARGUMENT …: as a user without any rights. Copies, because the build may lie in a folder of root's.
as_nobody() {
	local program=$1
	shift
	mkdir -p "$ROOT/bin"
	chmod 0755 "$ROOT" "$ROOT/bin"
	cp "$HP_BUILDDIR/cmd/$program" "$HP_LIBDIR/db-sqlite.so" "$ROOT/bin/"
	HP_LIBDIR=$ROOT/bin setpriv --reuid=65534 --regid=65534 --clear-groups -- "$ROOT/bin/$program" "$@"
}

# has TEXT PATTERN: a glob pattern somewhere in it.
has() {
	# shellcheck disable=SC2053
	[[ $1 == *$2* ]] || {
		echo "“$2” is not in: $1"
		return 1
	}
}

# is JSON FILTER: jq's filter is true. No JSON at all is not: jq -e itself would call that a success.
is() {
	[[ $1 == *[![:space:]]* ]] && jq -e "$2" >/dev/null <<<"$1" || {
		echo "not so: $2"
		echo "$1"
		return 1
	}
}

# Everything that the database says, for comparing before and after.
dump() {
	sqlite3 "$ROOT/var/lib/hosting-panel/db/panel.db" .dump
}

# The same but for the audit trail, which tells of each denial.
records() { dump | grep -vE "^INSERT INTO (audit_log |audit_head |sqlite_sequence VALUES\('audit_log')"; }

# Both, and the engine's own notes.
everything() {
	dump
	tree
	[ ! -d "$ROOT/var/lib/hosting-panel/node" ] ||
		(cd "$ROOT/var/lib/hosting-panel/node" && find . ! -name lock -printf '%p %y %m\n' -type f -exec sha256sum {} + | LC_ALL=C sort)
	[ ! -d "$ROOT/var/lib/hosting-panel/sites" ] ||
		(cd "$ROOT/var/lib/hosting-panel/sites" && find . -printf '%p %y %m\n' | LC_ALL=C sort)
}

# Everything that the node has, for the same.
tree() {
	(cd "$ROOT" && find etc var/www -printf '%p %y %m %l\n' -type f -exec sha256sum {} + | LC_ALL=C sort)
}

# totp SECRET [STEPS]: an authenticator's code of now, or of so many times 30 seconds later
totp() {
	local at hex mac offset
	at=$(($(date +%s) / 30 + ${2:-0}))
	hex=$(base32 -d <<<"$1" | od -An -v -tx1 | tr -d ' \n')
	# shellcheck disable=SC2059
	mac=$(printf "$(printf '%016x' "$at" | sed 's/../\\x&/g')" |
		openssl dgst -sha1 -mac HMAC -macopt "hexkey:$hex" | sed 's/.*= *//')
	offset=$((16#${mac:39:1} * 2))
	printf '%06d\n' $(((16#${mac:offset:8} & 0x7fffffff) % 1000000))
}
