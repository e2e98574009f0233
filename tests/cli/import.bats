#!/usr/bin/env bats
# hp-site import: what is read out of configurations, and what is said about the rest.
load ../lib/common.bash

setup() { make_panel; }
teardown() { remove_root; }

conf() { cat >"$ROOT/conf"; }
site() { jq -c "select(.domain == \"$1\")" <<<"$out"; }

@test "nginx: http and https vhosts of one name are one website, with its settings" {
	status 1 hp-site import nginx "$HP_TOP/tests/fuzz/corpus/nginx/shop"
	[ "$(wc -l <<<"$out")" = 3 ]
	is "$(site shop.example)" '.aliases == ["www.shop.example"] and .php_version == "8.2" and
		.php_memory_limit == "512M" and .php_settings == {"date.timezone":"Europe/Berlin"} and
		.php_max_execution_time == 120 and .php_post_max_size == "128M" and
		.php_upload_max_filesize == "128M" and .document_root == "public" and
		.index_files == ["index.php"] and .cache_ttl_seconds == 2592000 and .cache_enabled and
		.http_security_headers == {"X-Frame-Options":"SAMEORIGIN"} and
		.redirects == {"/gone":"302 /"} and .error_pages == {"404":"/404.html"} and
		(has("https_redirect") | not) and (has("ssl_enabled") | not)'
	is "$(site app.example)" '.proxy_port == 3000'
	is "$(site old.example)" '.redirects == {"/*":"301 https://shop.example/*"}'
}

@test "nginx: whatever no setting says is a line with file and line, and exit 1" {
	local f=$HP_TOP/tests/fuzz/corpus/nginx/shop line
	status 1 hp-site import nginx "$f"
	for line in 17 18 30 32 33 34 36 38; do
		has "$err" "$f:$line: "
	done
	has "$err" "34: shop.example: location /files/: there is no setting for it"
	has "$err" "hp-cert import shop.example /etc/letsencrypt/live/shop.example/fullchain.pem"
	has "$err" "its documents are in /srv/shop"
	# a default server is skipped with a word
	has "$err" "no domain is its name"
	# hints are for people, what is lost is said all the same
	status 1 hp-site import nginx "$f" --quiet
	has "$err" "location /files/"
	[[ $err != *"its documents are in"* ]]
}

@test "a plain website is exit 0, and what comes out goes in" {
	conf <<-'END'
	server {
		listen 80;
		server_name a.example *.a.example;
		root /var/www/vhosts/a.example/web;
		location / { try_files $uri $uri/ =404; }
		location ~ \.php$ { include fastcgi_params; fastcgi_pass unix:/run/php/php8.1-fpm.sock; }
		allow 192.0.2.0/24; deny all;
	}
	END
	mkdir -p "$ROOT/etc/nginx"
	touch "$ROOT/etc/nginx/fastcgi_params"
	status 0 hp-site import nginx "$ROOT/conf"
	[ -z "$err" ]
	status 0 hp-site add - tenant=acme --jsonl <<<"$out"
	status 0 hp-site show a.example --json
	is "$out" '.php_version == "8.1" and .aliases == ["*.a.example"] and .allowed_ips == ["192.0.2.0/24"] and
		.document_root == "web" and .web_server == "nginx"'
}

@test "nginx: a dump of nginx -T gives every file; includes are followed within it alone" {
	{
		printf '# configuration file /etc/nginx/nginx.conf:\nhttp {\n gzip on;\n include sites/*.conf;\n include /etc/passwd;\n}\n\n'
		printf '# configuration file /etc/nginx/sites/b.conf:\nserver { server_name b.example; include common; }\n'
		printf '# configuration file /etc/nginx/common:\nclient_max_body_size 5m;\nadd_header X-A "b;\\"c\\"";\n'
	} >"$ROOT/dump"
	status 1 hp-site import nginx - <"$ROOT/dump"
	is "$out" '.domain == "b.example" and .gzip_enabled and .php_post_max_size == "5M" and
		.http_security_headers == {"X-A":"b;\"c\""}'
	has "$err" "/etc/nginx/nginx.conf:4: include /etc/passwd: /etc/passwd is not in what was given"
}

@test "nginx: files are read below the sysroot where nothing is given; the panel's own vhosts are skipped" {
	hp-site add own.example tenant=acme -q
	printf 'http {\n include /etc/nginx/sites-enabled/*;\n}\n' >"$ROOT/etc/nginx/nginx.conf"
	printf 'server { server_name hand.example; }\n' >"$ROOT/etc/nginx/sites-enabled/hand"
	status 0 hp-site import nginx
	is "$out" '.domain == "hand.example"'
	[ "$(wc -l <<<"$out")" = 1 ]
	has "$err" "own.example.conf:3: server: hosting-panel wrote it"
}

@test "nginx: passwords become basic_auth, other PHP versions below a path php_paths" {
	printf 'alice:$apr1$abcdefgh$0123456789012345678901:note\nbob:{SHA}x\n' >"$ROOT/etc/nginx/pw"
	conf <<-'END'
	server { server_name a.example;
		location /admin { auth_basic "x"; auth_basic_user_file pw; }
		location ^~ /legacy { location ~ \.php$ { fastcgi_pass unix:/run/php/php8.1-fpm.sock; } }
		location ~ \.php$ { fastcgi_pass unix:/run/php/php8.2-fpm.sock; }
	}
	END
	status 1 hp-site import nginx "$ROOT/conf"
	is "$out" '.basic_auth == {"/admin":{"alice":"$apr1$abcdefgh$0123456789012345678901"}} and
		.php_paths == {"/legacy":"8.1"} and .php_version == "8.2"'
	has "$err" "bob"
}

@test "apache: sections, conditions, defines, continued lines, includes" {
	mkdir -p "$ROOT/etc/apache2/sites-enabled"
	cp "$HP_TOP/tests/fuzz/corpus/apache/shop" "$ROOT/etc/apache2/sites-enabled/shop.conf"
	printf 'Define D x\nIncludeOptional sites-enabled/*.conf\nIncludeOptional none/*.conf\n' >"$ROOT/etc/apache2/apache2.conf"
	status 1 hp-site import apache
	is "$(site shop.example)" '.web_server == "apache" and .aliases == ["*.shop.example","www.shop.example"] and
		.php_version == "8.2" and .php_memory_limit == "512M" and .gzip_enabled and
		.allowed_ips == ["192.0.2.0/24"] and .redirects == {"/old/*":"301 /new/*"} and
		.php_post_max_size == "128M" and .cache_ttl_seconds == 2592000 and
		.error_pages == {"404":"/404.html"} and .document_root == "public" and
		.http_security_headers == {"X-Frame-Options":"DENY"}'
	is "$(site app.example)" '.proxy_port == 3000'
	is "$(site old.example)" '.redirects == {"/*":"301 https://shop.example/*"}'
	has "$err" "/etc/apache2/sites-enabled/shop.conf:27: shop.example: RedirectMatch 301 ^/a/(.*)$ /b/"
	has "$err" "shop.conf:29: shop.example: Alias /files /srv/files"
	has "$err" "shop.conf:30: shop.example: ProxyPass /api"
	[[ $err != *Broken* ]]
}

@test "a configuration that is none is exit 9 with file and line; what is not there is said" {
	conf <<<'server { server_name a.example; '
	status 9 hp-site import nginx "$ROOT/conf"
	has "$err" "$ROOT/conf:2: a block has no end"
	conf <<<'</VirtualHost>'
	status 9 hp-site import apache "$ROOT/conf"
	has "$err" "$ROOT/conf:1: a section ends here that was not begun"
	status 3 hp-site import apache
	status 2 hp-site import lighttpd
	status 2 hp-site import nginx - </dev/null
	printf '# configuration file /a/nginx.conf:\ninclude nginx.conf;\n' >"$ROOT/conf"
	status 9 hp-site import nginx "$ROOT/conf"
	has "$err" "files include each other too deeply"
}

@test "--web-server says who shall serve them" {
	conf <<<'server { server_name a.example; }'
	status 0 hp-site import nginx "$ROOT/conf" --web-server apache
	is "$out" '.web_server == "apache"'
	status 2 hp-site import nginx "$ROOT/conf" --web-server iis
}

@test "neither a pipe nor a device is read for a file" {
	mkfifo "$ROOT/etc/nginx/pipe"
	printf 'http { include pipe; include /dev/zero; server { server_name a.example; } }\n' >"$ROOT/etc/nginx/nginx.conf"
	status 1 timeout 10 hp-site --sysroot "$ROOT" import nginx
	is "$out" '.domain == "a.example"'
	has "$err" "/etc/nginx/pipe is not an ordinary file"
}
