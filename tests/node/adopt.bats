# hp-vhost adopt with the real server: a hand-made virtual host becomes a website, or nothing has happened.
# adopt-apache.bats is a link to this text.

bats_require_minimum_version 1.5.0
load ../lib/node
load ../lib/settings-server

setup() {
	node_setup
	node_panel
	settings_server "$BATS_TEST_FILENAME"
	[ $front = nginx ] || node_front $front
	panel hp-site add first.example tenant=acme web_server=$server -q
	rm -rf /srv/blog
	mkdir -p /srv/blog/sub
	echo '<?php echo "hello ", basename(__DIR__);' >/srv/blog/index.php
	echo plain >/srv/blog/sub/a.txt
	ln -s /etc/passwd /srv/blog/outside
	mkfifo /srv/blog/pipe
	chmod 4777 /srv/blog/sub/a.txt
	enabled=$etc/sites-enabled/blog$(conf)
	vhost
	ln -s "../sites-available/blog$(conf)" "$enabled"
	reload
}

teardown() {
	rm -rf /srv/blog
	node_teardown
}

# Debian's Apache reads no other names
conf() { [ $server = nginx ] || echo .conf; }

reload() {
	if [ $server = nginx ]; then nginx -s reload; else apache2ctl graceful 2>/dev/null; fi
	sleep 0.3
}

vhost() { # vhost [DIRECTIVE …]
	vhost_$server "$@" >"$etc/sites-available/blog$(conf)"
}

vhost_nginx() {
	cat <<-END
	server {
		listen 80;
		server_name blog.example www.blog.example ${alias:-};
		root /srv/blog;
		index index.php index.html;
		location / { try_files \$uri \$uri/ /index.php?\$args; }
		location /api { return 200 "of hand"; }
		add_header X-Seen \$host;
		$*
	}
	END
}

vhost_apache() {
	local address=${listen:-*:80}
	cat <<-END
	<VirtualHost $address>
		ServerName blog.example
		ServerAlias www.blog.example ${alias:-}
		DocumentRoot /srv/blog
		<Directory /srv/blog>
			Require all granted
		</Directory>
		DirectoryIndex index.php index.html
		<Location /api>
			Redirect 410 /api
			ErrorDocument 410 "of hand"
		</Location>
		Header set X-Seen "expr=%{HTTP_HOST}"
		<FilesMatch "\.php$">
			SetHandler "proxy:unix:/run/php/php8.2-fpm.sock|fcgi://localhost"
		</FilesMatch>
		ErrorLog \${APACHE_LOG_DIR}/blog.log
		CustomLog \${APACHE_LOG_DIR}/blog-access.log combined
		$*
	</VirtualHost>
	END
}

p() { run --separate-stderr "$@" 3>&- 4>&-; }
rows() { hp-site list --json | jq -c '.[] | del(.updated_at)'; }
remember() { files=$(world) records=$(rows); }
nothing_changed() {
	[ "$files" = "$(world)" ] || { diff <(echo "$files") <(world); return 1; }
	[ "$records" = "$(rows)" ] || { diff <(echo "$records") <(rows); return 1; }
	[ "$(get blog.example /sub/a.txt)" = plain ]
	[ "$(get blog.example /api)" = "of hand" ]
}

@test "without --yes it says what it would do, changes nothing, and is exit 10" {
	remember
	p hp-vhost adopt blog.example $server --copy
	[ "$status" = 10 ] || { echo "$stderr"; return 1; }
	[[ $stderr == *"$enabled:"*"ocation /api"*": goes into /etc/hosting-panel/custom/blog.example/$server/adopted.conf"* ]] || { echo "$stderr"; return 1; }
	[[ $stderr == *"$enabled: the link is removed"* ]]
	[[ $stderr == *"/srv/blog: it is copied"* ]]
	nothing_changed
}

@test "documents elsewhere are not moved in silence: refused without --copy" {
	remember
	p hp-vhost adopt blog.example $server --yes
	[ "$status" = 4 ]
	[[ $stderr == *"its documents are in /srv/blog"*"--copy"* ]]
	nothing_changed
}

@test "adopt --yes --copy: served by the panel, with its hand-made directives, by its own PHP" {
	p hp-vhost adopt blog.example $server --copy --yes --jsonl
	[ "$status" = 0 ] || { echo "$stderr"; return 1; }
	[ "$(jq -r '.action, .result' <<<"$output" | tr '\n' ' ')" = "adopt applied " ]
	[ ! -e "$enabled" ]
	[ -f "$etc/sites-available/blog$(conf)" ]
	[ "$(get blog.example /)" = "hello blog.example" ]
	[ "$(get www.blog.example /sub/a.txt)" = plain ]
	[ "$(get blog.example /api)" = "of hand" ]
	curl -sI -H 'Host: blog.example' http://127.0.0.1/sub/a.txt | grep -qi '^X-Seen: blog.example'
	# a copy, its own, without what was dangerous in the old one
	[ -f /srv/blog/index.php ]
	[ "$(stat -c %U:%a /var/www/vhosts/blog.example/sub/a.txt)" = site2:755 ]
	[ -L /var/www/vhosts/blog.example/outside ]
	[ ! -e /var/www/vhosts/blog.example/pipe ]
	[[ $(get blog.example /outside) != *root:* ]]
	p hp-vhost verify
	[ "$status" = 0 ] || { echo "$output"; return 1; }
	# there is nothing more to adopt
	p hp-vhost adopt blog.example $server --copy --yes
	[ "$status" = 3 ] && [[ $stderr == *"it is a website of hosting-panel already"* ]]
}

@test "what the server refuses undoes everything" {
	# what is hand-made for the website stands in its vhost
	snippet blog.example $server bad.conf 'Nonsense on;'
	remember
	p hp-vhost adopt blog.example $server --copy --yes
	[ "$status" = 7 ] || { echo "$status $stderr"; return 1; }
	[[ $stderr == *"Nonsense"* ]]
	nothing_changed
}

@test "a fault at any moment of the switch: the hand-made vhost is back and serves" {
	local fault
	remember
	for fault in rename reload commit; do
		HP_FAULT=$fault:err p hp-vhost adopt blog.example $server --copy --yes
		[ "$status" != 0 ] || { echo "$fault"; return 1; }
		nothing_changed || { echo "$fault"; return 1; }
	done
}

@test "killed at any step: what is left is undone or finished by the next run, and said" {
	local point
	for point in adopt-row adopt-note adopt-copy after-stage after-rename after-reload; do
		HP_FAULT=$point p hp-vhost adopt blog.example $server --copy --yes
		[ "$status" = 137 ] || { echo "$point: $status $stderr"; return 1; }
		hp-site show blog.example >/dev/null
		# a look changes nothing
		p hp-vhost adopt blog.example $server --copy
		[ "$status" = 10 ] || { echo "$point: $status $stderr"; return 1; }
		[[ $stderr == *"cut short"*"--yes"* ]]
		# undone, and then stopped by something else: all is as it was before the killed run
		HP_FAULT=reload:err p hp-vhost adopt blog.example $server --copy --yes
		[ "$status" = 71 ] || { echo "$point: $status $stderr"; return 1; }
		[[ $stderr == *"cut short is undone first"* ]]
		[ -L "$enabled" ]
		[ "$(get blog.example /sub/a.txt)" = plain ]
		run ! hp-site show blog.example
		[ ! -e /etc/hosting-panel/adopted ]
		[ ! -e /etc/hosting-panel/custom ]
		[ ! -e /var/www/vhosts/blog.example ]
	done
	# while it is undone, too
	HP_FAULT=adopt-copy p hp-vhost adopt blog.example $server --copy --yes
	HP_FAULT=adopt-undone p hp-vhost adopt blog.example $server --copy --yes
	[ "$status" = 137 ]
	p hp-vhost adopt blog.example $server --copy --yes
	[ "$status" = 0 ] || { echo "$stderr"; return 1; }
	[ "$(get blog.example /)" = "hello blog.example" ]
	[ ! -e /etc/hosting-panel/adopted ]
	[ "$(hp-audit list --json | jq -r '[.[] | select(.verb == "site:revert")] | last | .note')" = "a run of hp-vhost adopt was cut short" ]
}

@test "killed behind the decision: it is a website, and the next run says so" {
	HP_FAULT=after-commit p hp-vhost adopt blog.example $server --copy --yes
	[ "$status" = 137 ]
	p hp-vhost adopt blog.example $server --copy --yes --jsonl
	[ "$status" = 0 ] || { echo "$stderr"; return 1; }
	[[ $(jq -r .message <<<"$output") == *"cut short is finished"* ]] || { echo "$output"; return 1; }
	[ "$(get blog.example /)" = "hello blog.example" ]
	[ ! -e /etc/hosting-panel/adopted ]
	p hp-vhost adopt blog.example $server --copy --yes
	[ "$status" = 3 ]
	[ "$(get blog.example /)" = "hello blog.example" ]
}

@test "a record of the panel that is nobody's leftover is not touched" {
	HP_FAULT=adopt-row p hp-vhost adopt blog.example $server --copy --yes
	hp-site set blog.example gzip_enabled=false --no-apply -q
	remember
	p hp-vhost adopt blog.example $server --copy --yes
	[ "$status" = 4 ] || { echo "$status $stderr"; return 1; }
	[ "$(rows)" = "$records" ]
	[ "$(get blog.example /sub/a.txt)" = plain ]
}

@test "a file, not a link, moves: its text is kept; one with the website's own name, too" {
	local file=$etc/sites-enabled/hand.conf
	[ $server = apache ] || file=$etc/conf.d/hand.conf
	rm "$enabled"
	mv "$etc/sites-available/blog$(conf)" "$etc/sites-available/blog.example.conf"
	cp "$etc/sites-available/blog.example.conf" "$file"
	reload
	p hp-vhost adopt blog.example $server --copy --yes
	[ "$status" = 0 ] || { echo "$stderr"; return 1; }
	[ ! -e "$file" ]
	grep -q '/srv/blog' /etc/hosting-panel/adopted/blog.example/hand.conf
	grep -q '/srv/blog' /etc/hosting-panel/adopted/blog.example/blog.example.conf
	grep -q 'written by hosting-panel' "$etc/sites-available/blog.example.conf"
	[ "$(get blog.example /)" = "hello blog.example" ]
}

@test "the hand-made link has the very name of the panel's" {
	rm "$enabled"
	mv "$etc/sites-available/blog$(conf)" "$etc/sites-available/blog.example.conf"
	ln -s ../sites-available/blog.example.conf "$etc/sites-enabled/blog.example.conf"
	reload
	remember
	HP_FAULT=reload:err p hp-vhost adopt blog.example $server --copy --yes
	[ "$status" != 0 ]
	nothing_changed
	p hp-vhost adopt blog.example $server --copy --yes
	[ "$status" = 0 ] || { echo "$stderr"; return 1; }
	[ "$(get blog.example /)" = "hello blog.example" ]
	grep -q '/srv/blog' /etc/hosting-panel/adopted/blog.example/blog.example.conf
	p hp-vhost verify
	[ "$status" = 0 ] || { echo "$output"; return 1; }
	p hp-site remove blog.example --yes
	[ "$status" = 0 ] || { echo "$stderr"; return 1; }
	[ -z "$(ls "$etc/sites-enabled" | grep blog)" ]
}

@test "a name with a star, whose link comes last where the first that fits is taken" {
	local link=blog.example.conf
	[ $server = nginx ] || link="~996~$link"
	alias='*.blog.example' vhost
	reload
	p hp-vhost adopt blog.example $server --copy --yes
	[ "$status" = 0 ] || { echo "$stderr"; return 1; }
	[ ! -e "$enabled" ]
	[ -L "$etc/sites-enabled/$link" ]
	[ "$(get any.blog.example /sub/a.txt)" = plain ]
	[ "$(get blog.example /api)" = "of hand" ]
	p hp-vhost verify
	[ "$status" = 0 ] || { echo "$output"; return 1; }
}

@test "a file with more in it than the website is refused" {
	local more='upstream x { server 127.0.0.1:9; }'
	[ $server = nginx ] || more='Listen 127.0.0.1:8765'
	echo "$more" >>"$etc/sites-available/blog$(conf)"
	reload
	remember
	p hp-vhost adopt blog.example $server --copy --yes
	[ "$status" = 4 ]
	[[ $stderr == *"more stands in $enabled than this website"* ]]
	nothing_changed
}

@test "HTTPS without a certificate in the store is refused, and --http-only takes it" {
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=blog.example -keyout $etc/k.pem \
		-out $etc/c.pem 2>/dev/null
	if [ $server = nginx ]; then
		vhost 'listen 443 ssl; ssl_certificate c.pem; ssl_certificate_key k.pem;'
	else
		listen='*:443' vhost_apache "SSLEngine on
			SSLCertificateFile $etc/c.pem
			SSLCertificateKeyFile $etc/k.pem" >>"$etc/sites-available/blog.conf"
	fi
	reload
	remember
	p hp-vhost adopt blog.example $server --copy --yes
	[ "$status" = 4 ]
	[[ $stderr == *"no certificate"*"--http-only"* ]]
	nothing_changed
	p hp-vhost adopt blog.example $server --copy --yes --http-only
	[ "$status" = 0 ] || { echo "$stderr"; return 1; }
	[ "$(get blog.example /)" = "hello blog.example" ]
}
