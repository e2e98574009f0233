# Another program has an SQLite database's write lock.
# shellcheck shell=bash

# hold DATABASE FOLDER: until release; sets holder. What it says stands in FOLDER/held, and it takes orders at
# descriptor 7.
hold() {
	mkfifo "$2/hold"
	sqlite3 "$1" >"$2/held" 2>&1 <"$2/hold" 3>&- &
	holder=$!
	exec 7>"$2/hold"
	printf 'BEGIN IMMEDIATE;\nSELECT "held";\n' >&7
	until grep -q held "$2/held"; do sleep 0.05; done
}
release() {
	echo 'ROLLBACK;' >&7
	exec 7>&-
	wait "$holder"
	holder=
}
