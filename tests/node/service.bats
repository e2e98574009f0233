# The panel's own user, as the web's wrapper runs the programs: for users and for nobody else, on a database that
# root and he share, with a node that is brought along through the web manager's socket. Runs in tests/lib/sandbox.

bats_require_minimum_version 1.5.0
load ../lib/node

setup() {
	node_setup
	node_users
	mkdir -p /etc/hosting-panel
	printf '[node]\nname = web1\n' >/etc/hosting-panel/hosting-panel.conf
	chown root:hosting-panel /etc/hosting-panel/hosting-panel.conf
	chmod 0640 /etc/hosting-panel/hosting-panel.conf
	node_panel
	panel hp-user add anna tenant=acme role=admin -q
	panel hp-user add cleo tenant=acme -q
	db=/var/lib/hosting-panel/db
	socket=/run/hosting-panel/web-manager.sock
	mkdir -p /run/hosting-panel
}

teardown() {
	[ -z "${listener:-}" ] || kill "$listener" 2>/dev/null || true
	node_teardown
}

# he COMMAND …: as the panel's own user, with the group that is his
he() { panel setpriv --reuid hosting-panel --regid hosting-panel --clear-groups --inh-caps=-all "$@"; }

# door [COMMAND …]: somebody behind the web manager's socket; hp-vhost as its unit calls it
door() {
	[ $# -gt 0 ] || set -- "$HP_BUILDDIR/cmd/hp-vhost" apply --timeout=60 --wait=1 -
	"$HP_TOP_LIB/inetd" --listen "$socket" --group hosting-panel "$@" >"$dir/door" 2>&1 3>&- 4>&- &
	listener=$!
	local i
	for i in $(seq 100); do [ ! -S "$socket" ] || return 0; sleep 0.05; done
	cat "$dir/door"
	return 1
}
HP_TOP_LIB=$BATS_TEST_DIRNAME/../lib

@test "what a change would do to files is told through the planner's socket, of its website alone" {
	site a.example
	site b.example
	hp-site set b.example php_memory_limit=77M --no-apply -q
	run -6 he hp-site set a.example php_memory_limit=99M --diff --as cleo
	[[ $output == *"the web manager: /run/hosting-panel/web-planner.sock can't be reached"* ]]
	socket=/run/hosting-panel/web-planner.sock
	door "$HP_BUILDDIR/cmd/hp-vhost" plan --timeout=60 -
	run -0 he hp-site set a.example php_memory_limit=99M --diff --as cleo
	[[ $output == *$'\n+'*99M* && $output != *77M* && $output != *b.example* ]]
	run -0 --separate-stderr he hp-site set - --diff --json --as cleo <<<'{"domain":"a.example","php_memory_limit":"98M"}'
	jq -e '.[0] | .result == "dry-run" and (.diff | contains("98M"))' <<<"$output"
	[ "$(hp-site show a.example --json | jq -r .php_memory_limit)" = null ]
	# who is neither root nor the panel is told nothing
	chmod 0666 $socket
	run -5 setpriv --reuid nobody --clear-groups perl -MSocket -e 'socket(my $s, AF_UNIX, SOCK_STREAM, 0); connect($s, pack_sockaddr_un(shift)) or die;
		shutdown($s, 1); print while <$s>; exit 5' $socket
	[[ $output == *"uid 65534 may neither"* && $output != *example* ]]
}

site() { # site DOMAIN: one of cleo's that says its PHP's limit
	hp-site add "$1" tenant=acme owner=cleo -q 3>&- 4>&-
	page "$1" index.php '<?php echo ini_get("memory_limit");'
}

@test "he acts for users, and does nothing in his own name" {
	site a.example
	run -0 he hp-site list --as cleo -n --tsv -o domain
	[ "$output" = a.example ]
	run -3 he hp-site show nono.example --as cleo
	run -5 he hp-site add b.example --as cleo
	before=$(sqlite3 $db/panel.db .dump)
	for cmd in "hp-site list" "hp-site set a.example gzip_enabled=no" "hp-site remove a.example --yes" "hp-user list" \
		"hp-user passwd cleo" "hp-user add eve" "hp-user login cleo" "hp-tenant list" "hp-node state" "hp-node list" \
		"hp-db info" "hp-db init" "hp-db migrate" "hp-audit list" "hp-php list" "hp-php show a.example" "hp-vhost plan" \
		"hp-vhost apply" "hp-vhost apply -" "hp-vhost detect" "hp-cert list" "hp-cert renew"; do
		# shellcheck disable=SC2086
		run -5 he $cmd </dev/null
		[[ $output == *"hosting-panel does nothing in its own name"* ]] || { echo "$cmd: $output"; return 1; }
	done
	[ "$before" = "$(sqlite3 $db/panel.db .dump)" ]
	# what is root's is not his through somebody else either
	for cmd in "hp-vhost apply" "hp-cert renew" "hp-site set a.example gzip_enabled=no --force" "hp-node state" "hp-db info"; do
		# shellcheck disable=SC2086
		run -5 he $cmd --as anna
	done
	# whoever else runs them is who he was
	run -5 setpriv --reuid nobody --regid hosting-panel --clear-groups hp-site list --as cleo
	[[ $output == *operator* ]]
	run -0 he hp-site --help
}

@test "he owns nothing by it that lies about: neither a folder nor a database of his own makes him the operator" {
	local his=/var/lib/hosting-panel/his
	mkdir $his
	sqlite3 $db/panel.db ".backup $his/panel.db"
	chown hosting-panel $his $his/panel.db
	printf '[node]\nname = web1\n[database]\nurl = sqlite:%s/panel.db\n' $his >/etc/hosting-panel/hosting-panel.conf
	run -5 he hp-tenant list
	run -0 he hp-site list --as cleo
}

@test "his login, session and key, as hp-user knows them" {
	hp-user passwd cleo -q <<<"correct horse battery"
	run -5 he hp-user login cleo --as cleo <<<"correct horse battery"
	# only the operator's: the web does it with the library, in its own process
	run -5 he hp-user session-check --as anna <<<x
}

@test "the trail says who, from where" {
	site a.example
	run -0 he hp-site set a.example gzip_enabled=no --as cleo@192.0.2.7 --no-apply
	[ "$(hp-audit list --limit 1 -n --tsv -o actor,source,verb)" = $'cleo\t192.0.2.7\tsite:set' ]
}

@test "one database for root and for him, whoever comes first and whatever the umask" {
	[ "$(stat -c '%U:%G %a' $db $db/panel.db | tr '\n' ' ')" = "root:hosting-panel 2770 root:hosting-panel 660 " ]
	for mask in 022 077 0; do
		for first in he panel; do
			rm -f $db/panel.db-wal $db/panel.db-shm
			(umask $mask; $first hp-site list --as cleo)
			(umask $mask; $first hp-user set cleo email="$first$mask@a.example" --as cleo -q)
			for who in panel he; do
				(umask $mask; $who hp-user set cleo email="$who@a.example" --as cleo -q)
				run -0 $who hp-user show cleo --as cleo --tsv -n -o email
				[ "$output" = "$who@a.example" ]
			done
			[ "$(stat -c '%G %a' $db/panel.db-wal $db/panel.db-shm | sort -u)" = "hosting-panel 660" ] ||
				{ ls -l $db; return 1; }
		done
	done
	# nobody else reads it, or sees what lies there
	run ! setpriv --reuid nobody --regid nogroup --clear-groups ls $db
	run ! setpriv --reuid nobody --regid nogroup --clear-groups cat $db/panel.db
	# made anew by a root with a narrow umask it is the same
	rm -rf $db
	(umask 077; panel hp-db init -q)
	[ "$(stat -c '%U:%G %a' $db $db/panel.db | tr '\n' ' ')" = "root:hosting-panel 2770 root:hosting-panel 660 " ]
	# what names it is his to read, and nobody else's
	rm -f /etc/hosting-panel/hosting-panel.conf
	(umask 077; panel hp-db init sqlite:/var/lib/hosting-panel/other/x.db -q)
	[ "$(stat -c '%U:%G %a' /etc/hosting-panel/hosting-panel.conf)" = "root:hosting-panel 640" ]
	printf '# mine\n[node]\nname = web1\n' >/etc/hosting-panel/hosting-panel.conf
	chown root:adm /etc/hosting-panel/hosting-panel.conf
	panel hp-db init sqlite:/var/lib/hosting-panel/other/y.db -q
	[ "$(stat -c '%U:%G %a' /etc/hosting-panel/hosting-panel.conf)" = "root:adm 640" ]
	[ "$(stat -c '%U:%G %a' /var/lib/hosting-panel/other/y.db)" = "root:root 640" ]
	rm -f /etc/hosting-panel/hosting-panel.conf
	# and a folder of before is put right
	chmod 0750 $db
	chgrp root $db
	run -0 panel hp-db init
	[ "$(stat -c '%U:%G %a' $db)" = "root:hosting-panel 2770" ]
}

@test "a link that he puts in the database's place leads root nowhere" {
	cp $db/panel.db "$dir/elsewhere.db"
	chmod 0600 "$dir/elsewhere.db"
	sum=$(sha256sum <"$dir/elsewhere.db")
	for f in panel.db panel.db-wal panel.db-shm; do
		panel hp-tenant list >/dev/null
		mkdir "$dir/kept"
		mv $db/* "$dir/kept/"
		[ $f = panel.db ] || cp -p "$dir/kept/panel.db" $db/
		ln -s "$dir/elsewhere.db" $db/$f
		chown -h hosting-panel $db/$f
		for cmd in "hp-tenant list" "hp-tenant add evil" "hp-db init" "hp-db migrate" "hp-site list"; do
			# shellcheck disable=SC2086
			run panel $cmd
			[ "$status" != 0 ] || [ $f != panel.db ] || { echo "$cmd went on: $output"; return 1; }
			[ $f != panel.db ] || [[ $output == *"symbolic link"* ]] || { echo "$cmd: $output"; return 1; }
		done
		[ "$sum" = "$(sha256sum <"$dir/elsewhere.db")" ]
		[ "$(stat -c '%U %a' "$dir/elsewhere.db")" = "root 600" ]
		rm -f $db/*
		mv "$dir/kept/"* $db/
		rmdir "$dir/kept"
	done
	run -0 panel hp-tenant list
	# where nobody else could have put it, a link is as good as the file
	mkdir "$dir/other"
	cp $db/panel.db "$dir/other/real.db"
	ln -s real.db "$dir/other/panel.db"
	printf '[database]\nurl = sqlite:%s/other/panel.db\n' "$dir" >/etc/hosting-panel/hosting-panel.conf
	run -0 panel hp-tenant list
}

@test "his change goes through the socket to the node, and its report is his answer" {
	site a.example
	site b.example
	door
	run -0 he hp-site set a.example php_memory_limit=77M --as cleo@192.0.2.1 --jsonl
	echo "$output"
	[ "$(jq -r '.result' <<<"$output")" = applied ]
	[ "$(get a.example /)" = 77M ]
	run -0 he hp-site set a.example php_memory_limit=77M --as cleo --jsonl
	[ "$(jq -r '.result' <<<"$output")" = unchanged ]
	run -0 he hp-site add c.example --as anna --jsonl
	[ "$(jq -r '.result' <<<"$output")" = applied ]
	[ "$(code c.example /)" != 000 ]
	getent passwd site3
	run -0 he hp-php set - --as cleo --jsonl <<<'{"domain":"b.example","php_max_children":3}'
	[ "$(jq -r '.result' <<<"$output")" = applied ]
	printf 'a.example\nb.example\n' >"$dir/names"
	run -0 --separate-stderr he hp-site set - php_memory_limit=66M --as cleo --jsonl <"$dir/names"
	[ "$(jq -r '.result' <<<"$output" | sort -u)" = applied ]
	[ "$(get a.example /)$(get b.example /)" = 66M66M ]
	run -5 he hp-site remove c.example --yes --purge --as anna
	[[ $output == *"--purge: it needs root"* ]]
	run -0 he hp-site remove c.example --yes --as anna --jsonl
	[ "$(jq -r '.result' <<<"$output")" = applied ]
	[ "$(hp-node list --tsv -n -o generation,applied_generation | sed 's/\(.*\)\t\1/same/')" = same ]
	run -0 hp-vhost verify
	run -0 hp-vhost plan
}

@test "what the node refuses is taken back, with the server's words" {
	site a.example
	door
	snippet a.example nginx x.conf 'bogus on;'
	run -7 --separate-stderr he hp-site set a.example php_memory_limit=77M --as cleo --json
	[[ $stderr == *'custom/a.example/nginx/x.conf:1'* ]]
	[ "$(jq -r '.[0].result' <<<"$output")" = failed ]
	[ "$(hp-site list -n --tsv -o php_memory_limit)" != 77M ]
	[ "$(hp-audit list --limit 1 -n --tsv -o actor,verb)" = $'hosting-panel\tsite:revert' ]
	rm -r /etc/hosting-panel/custom/a.example
	# edited by hand: left alone
	echo '# by hand' >>/etc/nginx/sites-available/a.example.conf
	run -4 he hp-site set a.example php_memory_limit=77M --as cleo
	[[ $output == *"by hand"* ]]
	[ "$(hp-site list -n --tsv -o php_memory_limit)" != 77M ]
}

@test "a node that is busy, a door that closes early, one that is shut: said clearly, and taken back" {
	site a.example
	was=$(hp-site show a.example --json | jq 'del(.updated_at)')
	same() { [ "$was" = "$(hp-site show a.example --json | jq 'del(.updated_at)')" ]; }
	door
	exec 8>/var/lib/hosting-panel/node/lock
	flock 8
	run -6 he hp-site set a.example php_memory_limit=77M --as cleo 8>&-
	[[ $output == *"another run is at work on this node"* ]]
	exec 8>&-
	same
	kill "$listener"
	# nobody behind the socket any more
	run -6 he hp-site set a.example php_memory_limit=77M --as cleo
	[[ $output == *"$socket can't be reached: Connection refused"* ]]
	same
	for early in "exit 0" "echo nonsense" "cat >/dev/null; echo '{\"event\":\"site\",\"domain\":\"a.example\",\"action\":\"change\",\"result\":\"applied\",\"exit\":0}'"; do
		rm -f "$socket"
		door sh -c "$early"
		run -6 he hp-site set a.example php_memory_limit=77M --as cleo
		[[ $output == *"closed its door before the report had come to its end"* ]] || { echo "$early: $output"; return 1; }
		same
		kill "$listener"
	done
	rm -f "$socket"
	door sh -c 'cat >/dev/null; tr "\0" x </dev/zero'
	run -7 he hp-site set a.example php_memory_limit=77M --as cleo
	[[ $output == *"an answer of more than"* ]]
	same
	kill "$listener"
	rm -f "$socket"
	# not there: recorded only
	run -0 he hp-site set a.example php_memory_limit=77M --as cleo --jsonl
	[ "$(jq -r '.result' <<<"$output")" = recorded ]
	door
	run -0 he hp-site set a.example php_memory_limit=78M --as cleo --jsonl
	[ "$(get a.example /)" = 78M ]
	# what another may not open is as if it were not there
	run -0 setpriv --reuid hosting-panel --regid nogroup --groups hosting-panel true
	chgrp root "$socket"
	run -0 he hp-site set a.example php_memory_limit=79M --as cleo --jsonl
	[ "$(jq -r '.result' <<<"$output")" = recorded ]
}
