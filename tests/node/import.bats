# hp-site import with the real NGINX and Apache: what they serve with configurations written by hand, a
# panel's websites serve likewise.

bats_require_minimum_version 1.5.0
load ../lib/node

setup() {
	node_setup
	node_panel
}

teardown() { node_teardown; }

p() { run --separate-stderr "$@" 3>&- 4>&-; }

@test "Debian's own configuration: one default server, skipped with a word, and nothing lost" {
	p hp-site import
	[ "$status" = 0 ] || { echo "$stderr"; return 1; }
	[ -z "$output" ]
	[[ $stderr == *"/etc/nginx/sites-enabled/default:"*"no domain is its name"* ]]
}

@test "what the panel has written itself is nobody's website, and nothing that is left behind" {
	panel hp-site add a.example tenant=acme web_server=nginx cache_enabled=yes -q
	panel hp-site add b.example tenant=acme web_server=apache -q
	for server in nginx apache; do
		p hp-site import $server
		[ "$status" = 0 ] || { echo "$stderr"; return 1; }
		[ -z "$output" ] || { echo "$output"; return 1; }
		[[ $stderr != *"stands outside"* ]] || { echo "$stderr"; return 1; }
		[[ $stderr == *".example.conf:"*"hosting-panel wrote it"* ]] || { echo "$stderr"; return 1; }
	done
}

# What both must answer alike (hidden files are forbidden there, not there here): status, and the headers that the configuration speaks of.
answers() {
	local path
	for path in /a.png /old/x /one /private/x /.htaccess; do
		curl -s -m 20 -o /dev/null -D - -H 'Host: wp.example' "http://127.0.0.1$path"
	done | tr -d '\r' | sed 's/^Location: /location: /' |
		grep -iE '^(HTTP/|location:|x-by:|www-authenticate:|cache-control:)' |
		sed -e 's/realm=.*//' -e 's/403 Forbidden/404 Not Found/' -e 's|location: http://wp.example/|location: /|'
	code old.example /x/y
	curl -s -m 20 -o /dev/null -w '%{redirect_url}\n' -H 'Host: old.example' http://127.0.0.1/x/y?z=1
}

@test "import | add: a WordPress, redirects and a password, asked over HTTP before and after" {
	local version
	version=$(panel hp-php list -n --tsv -o php_version | head -n 1)
	mkdir -p /srv/wp
	printf 'alice:%s\n' "$(openssl passwd -apr1 secret)" >/etc/nginx/pw
	cat >/etc/nginx/sites-available/wp <<-END
	server {
		listen 80;
		server_name wp.example www.wp.example;
		root /srv/wp;
		index index.php index.html;
		client_max_body_size 32m;
		add_header X-By "hand; \"made\"" always;
		location / { try_files \$uri \$uri/ /index.php?\$args; }
		location ~ \.php\$ { include snippets/fastcgi-php.conf; fastcgi_pass unix:/run/php/php$version-fpm.sock; }
		location ~ /\.ht { deny all; }
		location = /favicon.ico { log_not_found off; access_log off; }
		location ~* \.(css|js|png)\$ { expires 30d; }
		location /old/ { return 301 /new; }
		location = /one { return 302 https://elsewhere.example/x; }
		location /private { auth_basic "x"; auth_basic_user_file pw; }
		location /shared/ { alias /srv/shared/; }
	}
	server { listen 80; server_name old.example; return 301 http://wp.example\$request_uri; }
	END
	ln -s ../sites-available/wp /etc/nginx/sites-enabled/wp
	nginx -s reload
	sleep 0.3
	echo picture >/srv/wp/a.png
	answers >"$dir/before"
	p hp-site import nginx
	[ "$status" = 1 ]
	printf '%s\n' "$output" >"$dir/lines"
	[[ $stderr == *"sites-enabled/wp:16: wp.example: location /shared/:"* ]] || { echo "$stderr"; return 1; }
	[ "$(grep -c 'there is no setting' <<<"$stderr")" = 2 ] || { echo "$stderr"; return 1; }
	[ "$(wc -l <"$dir/lines")" = 2 ]
	rm /etc/nginx/sites-enabled/wp
	nginx -s reload
	panel hp-site add - tenant=acme -q <"$dir/lines"
	p hp-site show wp.example --json
	[ "$(jq -r '.php_version, .php_post_max_size, .cache_ttl_seconds, .document_root' <<<"$output" | tr '\n' ' ')" = "$version 32M 2592000  " ]
	page wp.example a.png $'picture\n'
	answers >"$dir/after"
	diff "$dir/before" "$dir/after"
	[ "$(wc -l <"$dir/after")" = 15 ] || { cat "$dir/after"; return 1; }
	page wp.example index.php '<?php echo "blog ", PHP_MAJOR_VERSION, ".", PHP_MINOR_VERSION;'
	[ "$(get wp.example /some/post)" = "blog $version" ]
	[ "$(get www.wp.example /)" = "blog $version" ]
}

@test "a dump of another machine: nothing of this one is read" {
	nginx -T 2>/dev/null | sed 's/server_name _;/server_name there.example;/' >"$dir/dump"
	mv /etc/nginx/mime.types "$dir/"
	p hp-site import nginx "$dir/dump"
	mv "$dir/mime.types" /etc/nginx/
	[ "$status" = 0 ] || { echo "$stderr"; return 1; }
	[ "$(jq -r .domain <<<"$output")" = there.example ]
}

@test "a configuration that NGINX itself refuses is told in its words, exit 7" {
	echo 'nonsense on;' >/etc/nginx/conf.d/x.conf
	p hp-site import nginx
	[ "$status" = 7 ]
	[[ $stderr == *"nginx does not take its own configuration"*nonsense* ]]
}

@test "what Apache takes as its configuration is read as such" {
	local root=$dir/apache m
	mkdir -p "$root/sites-enabled" /srv/shop/public
	{
		echo "ServerRoot $root"
		echo "PidFile $root/pid"
		for m in mpm_event authz_core authz_host alias dir headers rewrite proxy proxy_http proxy_fcgi expires \
			deflate filter setenvif mime unixd; do
			[ ! -f "/usr/lib/apache2/modules/mod_$m.so" ] ||
				echo "LoadModule ${m}_module /usr/lib/apache2/modules/mod_$m.so"
		done
		echo "TypesConfig /etc/mime.types"
		echo "Listen 127.0.0.1:8081"
		echo "ErrorLog $root/error.log"
		echo 'IncludeOptional sites-enabled/*.conf'
	} >"$root/apache2.conf"
	[ -f /etc/mime.types ] || sed -i '/^TypesConfig/d' "$root/apache2.conf"
	cat >"$root/sites-enabled/shop.conf" <<-'END'
	<VirtualHost *:80>
		ServerName shop.example
		ServerAlias www.shop.example
		DocumentRoot /srv/shop/public
		<Directory /srv/shop/public>
			Require all granted
		</Directory>
		<IfModule mod_headers.c>
			Header always set X-By \
				"hand; made"
		</IfModule>
		<IfModule !mod_headers.c>
			NoSuchDirective
		</IfModule>
		<FilesMatch "\.php$">
			SetHandler "proxy:unix:/run/php/php8.2-fpm.sock|fcgi://localhost/"
		</FilesMatch>
		Redirect permanent /old/ /new/
		Alias /files /srv/files
	</VirtualHost>
	END
	apache2 -d "$root" -f "$root/apache2.conf" -t
	# asked for what it runs with: a macro's virtual host is missed, and said
	mkdir -p /etc/apache2
	{
		cat "$root/apache2.conf"
		echo "LoadModule macro_module /usr/lib/apache2/modules/mod_macro.so"
		printf '<Macro V $d>\n<VirtualHost *:80>\nServerName $d\n</VirtualHost>\n</Macro>\nUse V macro.example\n'
		echo 'PidFile ${APACHE_RUN_DIR}/x.pid'
	} >/etc/apache2/apache2.conf
	echo 'export APACHE_RUN_DIR=/var/run/apache2$SUFFIX' >/etc/apache2/envvars
	p hp-site import apache
	[ "$status" = 1 ] || { echo "$stderr"; return 1; }
	[ "$(jq -r .domain <<<"$output")" = shop.example ]
	[[ $stderr == *"VirtualHost macro.example: Apache serves it"* ]] || { echo "$stderr"; return 1; }
	echo 'Nonsense on' >>/etc/apache2/apache2.conf
	p hp-site import apache
	[ "$status" = 7 ]
	[[ $stderr == *"does not take its own configuration"* ]] || { echo "$stderr"; return 1; }
	p hp-site import apache "$root/apache2.conf" --web-server nginx
	[ "$status" = 1 ]
	[ "$(jq -c '[.domain, .aliases, .php_version, .http_security_headers, .redirects, .document_root]' <<<"$output")" = \
		'["shop.example",["www.shop.example"],"8.2",{"X-By":"hand; made"},{"/old/*":"301 /new/*"},"public"]' ] || { echo "$output"; return 1; }
	[[ $stderr == *"shop.conf:19: shop.example: Alias /files"* ]]
	panel hp-site add - tenant=acme -q <<<"$output"
	mkdir -p /var/www/vhosts/shop.example/public
	page shop.example public/index.html 'the shop'
	[ "$(code shop.example /)" != 000 ]
}
