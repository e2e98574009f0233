# hp-vhost adopt with the real NGINX: a hand-made virtual host becomes a website, or nothing has happened.

bats_require_minimum_version 1.5.0
load ../lib/node

setup() {
	node_setup
	node_panel
	panel hp-site add first.example tenant=acme -q
	rm -rf /srv/blog
	mkdir -p /srv/blog/sub
	echo '<?php echo "hello ", basename(__DIR__);' >/srv/blog/index.php
	echo plain >/srv/blog/sub/a.txt
	ln -s /etc/passwd /srv/blog/outside
	mkfifo /srv/blog/pipe
	chmod 4777 /srv/blog/sub/a.txt
	vhost
	ln -s ../sites-available/blog /etc/nginx/sites-enabled/blog
	nginx -s reload
	sleep 0.3
}

teardown() {
	rm -rf /srv/blog
	node_teardown
}

vhost() { # vhost [DIRECTIVE …]
	cat >/etc/nginx/sites-available/blog <<-END
	server {
		listen 80;
		server_name blog.example www.blog.example;
		root /srv/blog;
		index index.php index.html;
		location / { try_files \$uri \$uri/ /index.php?\$args; }
		location /api { return 200 "of hand"; }
		add_header X-Seen \$host;
		$*
	}
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
	p hp-vhost adopt blog.example --copy
	[ "$status" = 10 ] || { echo "$stderr"; return 1; }
	[[ $stderr == *"/etc/nginx/sites-enabled/blog:7: location /api: goes into /etc/hosting-panel/custom/blog.example/nginx/adopted.conf"* ]] || { echo "$stderr"; return 1; }
	[[ $stderr == *"/etc/nginx/sites-enabled/blog: the link is removed"* ]]
	[[ $stderr == *"/srv/blog: it is copied"* ]]
	nothing_changed
}

@test "documents elsewhere are not moved in silence: refused without --copy" {
	remember
	p hp-vhost adopt blog.example --yes
	[ "$status" = 4 ]
	[[ $stderr == *"its documents are in /srv/blog"*"--copy"* ]]
	nothing_changed
}

@test "adopt --yes --copy: served by the panel, with its hand-made directives, by its own PHP" {
	p hp-vhost adopt blog.example --copy --yes --jsonl
	[ "$status" = 0 ] || { echo "$stderr"; return 1; }
	[ "$(jq -r '.action, .result' <<<"$output" | tr '\n' ' ')" = "adopt applied " ]
	[ ! -e /etc/nginx/sites-enabled/blog ]
	[ -f /etc/nginx/sites-available/blog ]
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
	p hp-vhost adopt blog.example --copy --yes
	[ "$status" = 3 ]
}

@test "what NGINX refuses in the snippet undoes everything" {
	# a second location of that name is refused only beside the panel's own
	vhost 'location ^~ /.well-known/hosting-panel/ { return 200 x; }'
	nginx -s reload
	remember
	p hp-vhost adopt blog.example --copy --yes
	[ "$status" = 7 ] || { echo "$status $stderr"; return 1; }
	[[ $stderr == *"duplicate location"* ]]
	nothing_changed
}

@test "a fault at any moment of the switch: the hand-made vhost is back and serves" {
	local fault
	remember
	for fault in rename reload commit; do
		HP_FAULT=$fault:err p hp-vhost adopt blog.example --copy --yes
		[ "$status" != 0 ] || { echo "$fault"; return 1; }
		nothing_changed || { echo "$fault"; return 1; }
	done
}

@test "killed within the switch: the next run brings the hand-made vhost back" {
	remember
	HP_FAULT=after-reload:kill p hp-vhost adopt blog.example --copy --yes
	[ "$status" != 0 ]
	p hp-vhost recover
	[ "$status" = 0 ]
	[ -L /etc/nginx/sites-enabled/blog ]
	[ "$(get blog.example /sub/a.txt)" = plain ]
}

@test "a file in conf.d moves: its text is kept; one with the website's own name, too" {
	rm /etc/nginx/sites-enabled/blog
	mv /etc/nginx/sites-available/blog /etc/nginx/sites-available/blog.example.conf
	cp /etc/nginx/sites-available/blog.example.conf /etc/nginx/conf.d/blog.conf
	nginx -s reload
	sleep 0.3
	p hp-vhost adopt blog.example --copy --yes
	[ "$status" = 0 ] || { echo "$stderr"; return 1; }
	[ ! -e /etc/nginx/conf.d/blog.conf ]
	grep -q 'root /srv/blog' /etc/hosting-panel/adopted/blog.example/blog.conf
	grep -q 'root /srv/blog' /etc/hosting-panel/adopted/blog.example/blog.example.conf
	grep -q 'written by hosting-panel' /etc/nginx/sites-available/blog.example.conf
	[ "$(get blog.example /)" = "hello blog.example" ]
}

@test "a file with more in it than the website is refused" {
	echo 'upstream x { server 127.0.0.1:9; }' >>/etc/nginx/sites-available/blog
	nginx -s reload
	remember
	p hp-vhost adopt blog.example --copy --yes
	[ "$status" = 4 ]
	[[ $stderr == *"more stands in /etc/nginx/sites-enabled/blog than this website"* ]]
	nothing_changed
}

@test "HTTPS without a certificate in the store is refused, and --http-only takes it" {
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=blog.example -keyout /etc/nginx/k.pem \
		-out /etc/nginx/c.pem 2>/dev/null
	vhost 'listen 443 ssl; ssl_certificate c.pem; ssl_certificate_key k.pem;'
	nginx -s reload
	remember
	p hp-vhost adopt blog.example --copy --yes
	[ "$status" = 4 ]
	[[ $stderr == *"no certificate"*"--http-only"* ]]
	nothing_changed
	p hp-vhost adopt blog.example --copy --yes --http-only
	[ "$status" = 0 ] || { echo "$stderr"; return 1; }
	[ "$(get blog.example /)" = "hello blog.example" ]
}
