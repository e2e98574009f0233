# hp-site and its neighbours with the real NGINX and PHP-FPM: what an administrator meets when a server, a
# user or a folder is not as it was. Runs in tests/lib/sandbox.

bats_require_minimum_version 1.5.0
load ../lib/node

setup() {
	node_setup
	node_panel
}

teardown() {
	umount /usr/sbin 2>/dev/null || true
	node_teardown
}

# A program is not installed any more. /usr is the machine's own: only covered, never changed.
uninstall() { # uninstall PROGRAM-IN-/usr/sbin
	mkdir -p "$dir/cover"
	mount -t tmpfs tmpfs "$dir/cover"
	cp -as /run/sbin/. "$dir/cover/"
	rm "$dir/cover/$1"
	mount --bind "$dir/cover" /usr/sbin
}

cover_ready() { # /usr/sbin under another name, for uninstall()
	mkdir -p /run/sbin
	mount --bind /usr/sbin /run/sbin
}

install_again() {
	umount /usr/sbin
	umount "$dir/cover"
}

site() { # site DOMAIN: one that says its user
	hp-site add "$1" tenant=acme -q 3>&- 4>&-
	page "$1" index.php '<?php echo "user ", posix_geteuid();'
}

@test "a server that is broken already: nothing is recorded either, and the exit status says so" {
	site a.example
	echo 'nonsense;' >/etc/nginx/conf.d/theirs.conf
	run -7 --separate-stderr hp-site set a.example gzip_enabled=false --json
	[ "$(jq -r '.[0].result' <<<"$output")" = failed ]
	[[ $stderr == *'hp-site: a.example: nginx refuses the configuration: unknown directive "nonsense" in /etc/nginx/conf.d/theirs.conf:1'* ]]
	run -7 hp-site add b.example tenant=acme
	[ "$(hp-site list -n --tsv -o domain,gzip_enabled)" = $'a.example\ttrue' ]
	rm /etc/nginx/conf.d/theirs.conf
	run -0 hp-site add b.example tenant=acme 3>&- 4>&-
	[[ $(get a.example /) == "user 20001" ]]
}

@test "nginx uninstalled: each command says so, and what it reads is all there when it is back" {
	cover_ready
	site a.example
	before=$(find /etc/nginx /etc/hosting-panel -type f -print0 | sort -z | xargs -0 sha256sum)
	uninstall nginx
	run -3 hp-site set a.example gzip_enabled=false
	[[ $output == *'nginx is not installed on this node'* ]]
	run -3 hp-vhost apply --force
	install_again
	[ "$before" = "$(find /etc/nginx /etc/hosting-panel -type f -print0 | sort -z | xargs -0 sha256sum)" ]
	nginx -t
	run -0 hp-vhost apply
	run -0 hp-vhost verify
}

@test "PHP uninstalled: its sites stay as they are, others are served, nothing is stuck" {
	cover_ready
	site a.example
	site b.example
	uninstall php-fpm8.2
	run -2 hp-site set a.example gzip_enabled=false
	[[ $output == *'a.example: php_version: PHP 8.2 is not installed on this node; installed: none'* ]]
	# who looks at all of the node is told, each time
	for verb in apply verify plan apply; do
		run ! hp-vhost $verb
		[[ $output != *"cut short"* ]]
		[[ $output == *a.example*"PHP 8.2 is not installed on this node"* ]] || { echo "$verb: $output"; return 1; }
	done
	# who changes another website is not
	run -0 hp-site suspend b.example
	[[ $output != *a.example* ]] || { echo "$output"; return 1; }
	[ "$(code b.example /)" = 503 ]
	# what still runs is left alone
	[ "$(get a.example /)" = "user 20001" ]
	install_again
	run -0 hp-site resume b.example 3>&- 4>&-
	[ "$(get b.example /)" = "user 20002" ]
	run -0 hp-vhost apply 3>&- 4>&-
	run -0 hp-vhost verify
}

@test "apply brings back what went missing: users, folders, PHP, links, the server" {
	site a.example
	site b.example
	pkill -KILL -u site1 || true
	until ! pgrep -u site1 >/dev/null; do sleep 0.1; done
	userdel site1
	rm -rf /var/log/hosting-panel /var/lib/hosting-panel/sites/b.example
	rm /run/hosting-panel/php/site2.sock
	nginx -s stop
	until_gone /run/nginx.pid
	run -1 hp-vhost verify
	run -0 hp-vhost apply 3>&- 4>&-
	[[ $output == *a.example*"Unix user"* ]]
	[ "$(get a.example /)" = "user 20001" ]
	[ "$(get b.example /)" = "user 20002" ]
	run -0 hp-vhost verify
	run -0 hp-vhost apply
	[ "$(jq -r .event <<<"$(hp-vhost apply --jsonl)")" = end ]
}

@test "a change of a site whose user, folders or PHP are gone brings them back" {
	site a.example
	pkill -KILL -u site1 || true
	until ! pgrep -u site1 >/dev/null; do sleep 0.1; done
	userdel site1
	rm -rf /var/log/hosting-panel/sites/a.example
	run -0 hp-site set a.example gzip_enabled=false 3>&- 4>&-
	[ "$(get a.example /)" = "user 20001" ]
	run -0 hp-vhost verify
}

@test "a neighbour's log folder that is gone stops nobody" {
	site a.example
	site b.example
	rm -rf /var/log/hosting-panel/sites/b.example
	run -0 hp-site set a.example gzip_enabled=false 3>&- 4>&-
	[ -d /var/log/hosting-panel/sites/b.example ]
}

@test "document_root that is not there is made, the site's own; what the tenant has in its way is told" {
	site a.example
	run -0 hp-site set a.example document_root=web/public 3>&- 4>&-
	[ "$(stat -c '%U:%G %a' /var/www/vhosts/a.example/web/public)" = 'site1:www-data 750' ]
	page a.example web/public/index.html served
	[ "$(get a.example /)" = served ]
	# there already: as it is
	mkdir -m 700 /var/www/vhosts/a.example/there
	run -0 hp-site set a.example document_root=there 3>&- 4>&-
	[ "$(stat -c '%U:%G %a' /var/www/vhosts/a.example/there)" = 'root:root 700' ]
	# nothing behind a link of the tenant's, and no veto against being suspended
	ln -s /etc /var/www/vhosts/a.example/current
	run -0 hp-site set a.example document_root=current/public 3>&- 4>&-
	[[ $output == *'document_root: /var/www/vhosts/a.example/current/public'*'symbolic link'* ]] || { echo "$output"; return 1; }
	[ ! -e /etc/public ]
	run -0 hp-site suspend a.example 3>&- 4>&-
	[ "$(code a.example /)" = 503 ]
	# undone with the rest
	site b.example
	HP_FAULT=before-switch run -137 hp-site set b.example document_root=x/y 3>&- 4>&-
	[ -d /var/www/vhosts/b.example/x/y ]
	run -0 hp-vhost recover 3>&- 4>&-
	[ ! -e /var/www/vhosts/b.example/x ]
	[ "$(get b.example /)" = "user 20002" ]
}

@test "runs that are killed at a test leave nothing that adds up" {
	site a.example
	local i
	for i in 1 2 3; do
		HP_FAULT=after-journal run -137 hp-site add "k$i.example" tenant=acme 3>&- 4>&-
		run -0 hp-vhost recover 3>&- 4>&-
	done
	[ "$(find /run/hosting-panel /etc/hosting-panel -name 'fpm-test.*' -o -name '*.tested' | wc -l)" -le 1 ]
	run -0 hp-site set a.example php_memory_limit=99M 3>&- 4>&-
	[ -z "$(find /run/hosting-panel /etc/hosting-panel -name 'fpm-test.*' -o -name '*.tested')" ]
}

@test "the last site of a server that listens for nobody else is removed at once" {
	rm -f /etc/nginx/sites-enabled/*
	site a.example
	run -0 timeout 10 hp-site remove a.example --yes
	[ -z "$(ls /etc/nginx/sites-enabled)" ]
	site b.example
	[ "$(get b.example /)" = "user 20002" ]
}

@test "a panel's database set back to yesterday's: nothing is done and nothing called done" {
	site a.example
	sqlite3 /var/lib/hosting-panel/db/panel.db ".backup $dir/old.db"
	site b.example
	hp-site set b.example gzip_enabled=false -q
	hp-site set b.example cache_enabled=true -q
	rm /var/lib/hosting-panel/db/panel.db*
	cp "$dir/old.db" /var/lib/hosting-panel/db/panel.db
	run -4 hp-site add c.example tenant=acme
	[[ $output == *'c.example: node '*' has generation 4 applied, but this panel'*'its database was set back'* ]]
	[ "$(hp-site list -n --tsv -o domain)" = a.example ]
	[ "$(get b.example /)" = "user 20002" ]
	run -4 hp-vhost plan
	run -10 hp-vhost plan --force --paths
	[[ $output == *"remove /etc/nginx/sites-available/b.example.conf"* ]]
	run -4 hp-vhost apply
	# the new site would have the user of the one that goes: that one first
	sqlite3 /var/lib/hosting-panel/db/panel.db 'UPDATE sqlite_sequence SET seq = 1 WHERE name = "sites"'
	hp-site add c.example tenant=acme --no-apply -q
	run -4 hp-vhost apply --force 3>&- 4>&-
	[[ $output == *'Unix user site2 is that of a website which is only now removed'* ]]
	run -0 hp-vhost apply 3>&- 4>&-
	page c.example index.php '<?php echo "user ", posix_geteuid();'
	[ "$(get c.example /)" = "user 20002" ]
	run -0 hp-vhost verify
}

@test "what a removed website leaves is no later one's, also where its id is given again" {
	local kept logs as=(setpriv --reuid=20002 --regid=20002 --clear-groups)
	site a.example
	sqlite3 /var/lib/hosting-panel/db/panel.db ".backup $dir/old.db"
	site b.example
	page b.example secret.txt "b's"
	hp-site remove b.example --yes -q
	kept=/var/www/vhosts/b.example logs=/var/log/hosting-panel/sites/b.example
	[ -s $kept/secret.txt ] && [ -e $logs/php-error.log ]
	# the database of before, and as many changes as the node has seen since
	rm /var/lib/hosting-panel/db/panel.db*
	cp "$dir/old.db" /var/lib/hosting-panel/db/panel.db
	sqlite3 /var/lib/hosting-panel/db/panel.db 'UPDATE nodes SET generation = 20'
	site d.example
	[ "$(get d.example /)" = "user 20002" ]
	# its user is the one that b.example had: by the server, by PHP and by hand
	page d.example peek.php '<?php echo "[", @file_get_contents("'$kept'/secret.txt"), @shell_exec("cat '$kept'/secret.txt '$logs'/*"), "]";'
	[ "$(get d.example /peek.php)" = "[]" ]
	run ! "${as[@]}" cat $kept/secret.txt
	run ! "${as[@]}" ls $kept
	run ! "${as[@]}" chmod 0755 $kept
	run ! "${as[@]}" cat $logs/php-error.log
	[ "$(stat -c '%u:%g %a' $kept)" = "0:20002 700" ]
	# nor is it taken over with the domain
	run -4 hp-site add b.example tenant=acme
	[[ $output == *"$kept exists and belongs to user number 0"* ]]
}

@test "a website that comes back with the database of before has its files again, when root says so" {
	site a.example
	site b.example
	sqlite3 /var/lib/hosting-panel/db/panel.db ".backup $dir/old.db"
	hp-site remove b.example --yes -q
	rm /var/lib/hosting-panel/db/panel.db*
	cp "$dir/old.db" /var/lib/hosting-panel/db/panel.db
	sqlite3 /var/lib/hosting-panel/db/panel.db 'UPDATE nodes SET generation = 20'
	run -4 hp-vhost apply 3>&- 4>&-
	[[ $output == *"/var/www/vhosts/b.example exists and belongs to user number 0"* ]]
	run -0 hp-vhost apply --force 3>&- 4>&-
	[ "$(get b.example /)" = "user 20002" ]
	[ "$(stat -c '%U:%G %a' /var/www/vhosts/b.example)" = "site2:www-data 750" ]
	run -0 hp-vhost verify
}

master_of() { pgrep -of "^php-fpm: master process .*/$1\.conf"; } # master_of USER

@test "a master that its tenant has stopped holds nothing up; one that is busy is waited for" {
	local pid began busy
	site a.example
	page a.example wait.php '<?php sleep(5); echo "waited";'
	# stopped with a worker of its own, and while it serves; 25 s are what waiting for both would take
	for what in 'suspend a.example' 'resume a.example' 'set a.example php_memory_limit=99M' 'remove a.example --yes'; do
		if [ "$what" != 'resume a.example' ]; then
			[ "$(get a.example /)" = "user 20001" ]
			pid=$(master_of site1)
			kill -STOP "$pid"
			[ "$what" = 'suspend a.example' ] || pkill -STOP -P "$pid" || true
		fi
		began=$SECONDS
		# shellcheck disable=SC2086
		run -0 hp-site $what 3>&- 4>&-
		[ $((SECONDS - began)) -lt 25 ] || { echo "$what took $((SECONDS - began)) s"; return 1; }
		[ "$what" = 'resume a.example' ] || {
			[[ $(ps -o stat= -p "$pid") == @(|Z*) ]]
			[[ $what == remove* || $output == *"PHP 8."*" was stopped by a signal and could not end: it was killed"* ]] || { echo "$what: $output"; return 1; }
		}
	done
	# all its workers are busy, and that is another matter
	site b.example
	page b.example wait.php '<?php sleep(5); echo "waited";'
	hp-site set b.example php_max_children=1 -q 3>&- 4>&-
	[ "$(get b.example /)" = "user 20002" ]
	get b.example /wait.php >"$dir/busy" 3>&- 4>&- &
	busy=$!
	sleep 1
	run -0 hp-site set b.example php_memory_limit=99M 3>&- 4>&-
	wait "$busy"
	[ "$(cat "$dir/busy")" = waited ]
	[ "$(get b.example /)" = "user 20002" ]
}

@test "an edit by hand can be looked at before it is taken over" {
	site a.example
	echo '# mine' >>/etc/nginx/sites-available/a.example.conf
	run -4 hp-site set a.example gzip_enabled=false
	[[ $output == *"hp-vhost plan --force"* ]]
	run -10 hp-vhost plan --force
	[[ $output == *"-# mine"* ]]
}

@test "--diff shows what a change would do to the files of its website, and does nothing" {
	site a.example
	site b.example
	hp-site set b.example gzip_enabled=false --no-apply -q
	before=$(find /etc/nginx /etc/hosting-panel /var/lib/hosting-panel/node -type f -newermt 2000-01-01 -printf '%p %s %T@\n' | sort)
	run -0 hp-site set a.example php_memory_limit=99M gzip_enabled=false --diff
	[[ $output == *"+++ "*"/site1."* && $output == *"+++ /etc/nginx/sites-available/a.example.conf"* ]]
	[[ $output == *$'\n+'*99M* && $output == *$'\n-'* ]]
	# a neighbour's pending change is nobody else's business
	[[ $output != *b.example* ]]
	run -0 --separate-stderr hp-site set - --diff --json <<<'{"domain":"a.example","php_memory_limit":"99M"}'
	jq -e '.[0] | .result == "dry-run" and .changed and .exit == 0 and (.diff | startswith("--- ") and contains("99M"))' <<<"$output"
	run -0 --separate-stderr hp-site set a.example gzip_enabled=true --diff --json
	jq -e '.[0] | .changed == false and .diff == ""' <<<"$output"
	run -0 hp-site remove a.example --diff
	[[ $output == *"+++ /dev/null"* && $output != *b.example* ]]
	run -0 hp-site add c.example tenant=acme --diff
	[[ $output == *"--- /dev/null"* && $output == *"sites-available/c.example.conf"* ]]
	run -3 hp-site show c.example
	[ "$(hp-site show a.example --json | jq -r .php_memory_limit)" != 99M ]
	diff <(echo "$before") <(find /etc/nginx /etc/hosting-panel /var/lib/hosting-panel/node -type f -newermt 2000-01-01 -printf '%p %s %T@\n' | sort)
}

@test "nginx can't be started: its own words say why" {
	site a.example
	nginx -s stop
	until_gone /run/nginx.pid
	perl -MIO::Socket::INET -e 'IO::Socket::INET->new(LocalPort => 80, Listen => 5, ReuseAddr => 1) && sleep 60' 3>&- 4>&- &
	other=$!
	until (exec 7<>/dev/tcp/127.0.0.1/80) 2>/dev/null; do sleep 0.1; done
	run -7 hp-site set a.example gzip_enabled=false
	kill $other
	[[ $output == *'a.example: nginx can'*'be started: bind() to '*':80 failed (98: Address already in use)'* ]]
}

@test "a folder of a website of before: the hint leads to a website with its old files" {
	site a.example
	hp-site remove a.example --yes -q
	run -4 hp-site add a.example tenant=acme
	[[ $output == *'chown -R --no-dereference --reference=/var/www/vhosts/a.example /var/www/vhosts/a.example'* ]]
	mv /var/www/vhosts/a.example /var/www/vhosts/old
	run -0 hp-site add a.example tenant=acme 3>&- 4>&-
	mv /var/www/vhosts/old/index.php /var/www/vhosts/a.example/
	chown -R --no-dereference --reference=/var/www/vhosts/a.example /var/www/vhosts/a.example
	[[ $(get a.example /) == "user 2000"* ]]
}

@test "hand-made directives are not told to tenants" {
	site a.example
	snippet a.example nginx token.conf 'add_header X-Token "very secret";'
	chmod 0600 /etc/hosting-panel/custom/a.example/nginx/token.conf
	run -0 hp-vhost apply
	curl -sI -H 'Host: a.example' http://127.0.0.1/ | grep -q 'very secret'
	run ! setpriv --reuid=65534 --regid=65534 --clear-groups grep -rqs 'very secret' /etc/nginx
	# whose websites stand here is nobody else's business, either
	for d in /var/www/vhosts /var/lib/hosting-panel/sites /var/log/hosting-panel/sites; do
		[ "$(stat -c '%U %a' $d)" = "root 711" ]
	done
}

@test "limits of the administrator's shell are not those of the website, which has its own" {
	(ulimit -n 300; ulimit -t 3000; hp-site add a.example tenant=acme -q 3>&- 4>&-)
	page a.example index.php '<?php passthru("cat /proc/self/limits");'
	limits=$(get a.example /)
	[[ $limits == *"Max processes             512 "* ]]
	# where root may raise one: not in every container
	(ulimit -t 3000; ulimit -t unlimited) 2>/dev/null || return 0
	[[ $limits == *"Max cpu time              unlimited"* ]]
	[[ $limits != *"Max open files            300 "* ]]
}

@test "suspended: whatever the site's scripts have left running ends" {
	site a.example
	page a.example run.php '<?php exec("setsid sleep 1000 >/dev/null 2>&1 </dev/null &"); echo "runs";'
	[ "$(get a.example /run.php)" = runs ]
	for i in $(seq 100); do
		! pgrep -u site1 sleep || break
		sleep 0.05
	done
	pgrep -u site1 sleep
	run -0 hp-site suspend a.example
	run ! pgrep -u site1
	run -0 hp-site resume a.example 3>&- 4>&-
	[ "$(get a.example /)" = "user 20001" ]
}

@test "a website full of processes and races is purged, and nothing else is touched" {
	site a.example
	site b.example
	cat >/var/www/vhosts/b.example/race.pl <<-'PERL'
		chdir '/var/www/vhosts/b.example';
		my $t = '/var/lib/hosting-panel/sites/b.example/tmp';
		my $end = time + 30; # whatever becomes of the purge
		for (1 .. 3) {
			next if fork;
			while (time < $end) {
				mkdir "x$$"; mkdir "x$$/y"; symlink '/etc', "e$$";
				rename "x$$", "z$$"; rename "e$$", "x$$"; unlink "x$$"; rename "z$$", "x$$";
				symlink '/etc', "x$$/y/etc"; unlink "x$$/y/etc";
				rename "x$$", "$t/x$$"; rename "$t/x$$", "x$$";
				if (!fork) { exit if fork; select undef, undef, undef, 0.05; exit }
			}
		}
	PERL
	page b.example run.php '<?php exec("setsid perl race.pl >/dev/null 2>&1 </dev/null &"); echo "runs";'
	[ "$(get b.example /run.php)" = runs ]
	before=$(find /etc /var/www/vhosts/a.example /var/lib/hosting-panel/sites/a.example -not -path '*b.example*' \
		-not -path '*site2*' -not -name 'passwd*' -not -name 'group*' -not -name '*shadow*' -not -name 'sub?id*' \
		-printf '%p %U %G %m\n' | sort)
	sleep 1
	run -0 hp-site remove b.example --purge --yes
	run ! pgrep -u 20002
	[ ! -e /var/www/vhosts/b.example ] && [ ! -e /var/lib/hosting-panel/sites/b.example ]
	[ ! -e /var/log/hosting-panel/sites/b.example ]
	after=$(find /etc /var/www/vhosts/a.example /var/lib/hosting-panel/sites/a.example -not -path '*b.example*' \
		-not -path '*site2*' -not -name 'passwd*' -not -name 'group*' -not -name '*shadow*' -not -name 'sub?id*' \
		-printf '%p %U %G %m\n' | sort)
	diff <(echo "$before") <(echo "$after")
}

@test "purge stops at what is mounted, deletes the rest, and says that the website is gone" {
	site a.example
	mkdir -p /var/www/vhosts/a.example/m
	mount -t tmpfs tmpfs /var/www/vhosts/a.example/m
	touch /var/www/vhosts/a.example/m/keep
	run -6 hp-site remove a.example --purge --yes
	[[ $output == *'a.example: the website is removed, but not all of its files: /var/www/vhosts/a.example: something is mounted on m'* ]]
	[ -e /var/www/vhosts/a.example/m/keep ]
	umount /var/www/vhosts/a.example/m
	[ ! -e /var/log/hosting-panel/sites/a.example ]
	[ -z "$(hp-site list -n)" ]
}

@test "a tenant who kills his own PHP whenever it starts anew is nobody else's trouble" {
	site a.example
	site b.example
	site c.example
	# under the tenant's uid, as his scripts could do it
	setpriv --reuid=20002 --regid=20002 --clear-groups perl -e \
		'opendir D, "/proc"; $old{$_} = 1 for readdir D;
		while (1) { opendir D, "/proc"; for (readdir D) { kill 9, $_ if /^\d+$/ && !$old{$_} && $_ != $$ } }' 3>&- 4>&- &
	killer=$!
	printf '%s\n' a.example b.example c.example >"$dir/list"
	run hp-site set - php_memory_limit=99M <"$dir/list" 3>&- 4>&-
	# refused (it ended) or no answer (it was to come)
	[[ $status == [67] ]]
	kill -9 $killer || true
	[[ $output == *'hp-site: b.example: '*'PHP 8.2'* ]]
	[ "$(hp-site list -n --tsv -o domain,php_memory_limit)" = $'a.example\t99M\nb.example\t\nc.example\t99M' ]
	[ "$(get a.example /)" = "user 20001" ]
	[ "$(get c.example /)" = "user 20003" ]
	run -0 hp-site set b.example php_memory_limit=99M 3>&- 4>&-
	[ "$(get b.example /)" = "user 20002" ]
	run -0 hp-vhost verify
}

@test "ended by a signal in the middle of an apply: the apply comes to its end first" {
	for i in $(seq 40); do echo "s$i.example"; done >"$dir/list"
	hp-site add - tenant=acme -q <"$dir/list" 3>&- 4>&- &
	add=$!
	until [ -e /var/lib/hosting-panel/node/journal ]; do sleep 0.01; done
	kill -TERM $add
	got=0
	wait $add || got=$?
	[ "$got" = 143 ]
	[ ! -e /var/lib/hosting-panel/node/journal ] && [ ! -e /var/lib/hosting-panel/node/journal.commit ]
	[ "$(ls /etc/nginx/sites-enabled/s*.conf | wc -l)" = 40 ]
	run -0 hp-vhost plan
	run -0 hp-vhost verify
}
