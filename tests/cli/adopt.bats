#!/usr/bin/env bats
# hp-vhost adopt below a sysroot: what is looked at, refused and put where.
load ../lib/common.bash

setup() {
	make_panel
	mkdir -p "$ROOT/srv/blog/public"
	echo hello >"$ROOT/srv/blog/public/index.html"
	printf 'http {\n include /etc/nginx/sites-enabled/*;\n}\n' >"$ROOT/etc/nginx/nginx.conf"
	cat >"$ROOT/etc/nginx/sites-available/blog" <<-'END'
	server {
		server_name blog.example www.blog.example;
		root /srv/blog/public;
		location /api { return 200; }
	}
	END
	ln -s ../sites-available/blog "$ROOT/etc/nginx/sites-enabled/blog"
}
teardown() { remove_root; }

@test "a look first: exit 10, and nothing is changed" {
	before=$(everything)
	status 10 hp-vhost adopt blog.example --copy
	has "$err" "location /api: goes into /etc/hosting-panel/custom/blog.example/nginx/adopted.conf"
	status 0 hp-vhost adopt blog.example --copy --yes --dry-run --jsonl
	is "$out" '.action == "adopt" and .result == "dry-run"'
	[ "$before" = "$(everything)" ]
}

@test "the hand-made file gives way to the website's own, documents are copied from above public" {
	status 0 hp-vhost adopt blog.example --copy --yes --jsonl
	is "$out" '.domain == "blog.example" and .result == "applied"'
	[ ! -e "$ROOT/etc/nginx/sites-enabled/blog" ]
	[ -f "$ROOT/etc/nginx/sites-available/blog" ]
	[ -f "$ROOT/etc/nginx/sites-available/blog.example.conf" ]
	[ "$(cat "$ROOT/var/www/vhosts/blog.example/public/index.html")" = hello ]
	grep -q 'location /api { return 200; }' "$ROOT/etc/hosting-panel/custom/blog.example/nginx/adopted.conf"
	status 0 hp-site show blog.example --json
	is "$out" '.document_root == "public" and .aliases == ["www.blog.example"] and .tenant == "acme"'
	status 0 hp-vhost plan
}

@test "refused: unknown, a further name, an own website, documents elsewhere, a folder in the way" {
	status 3 hp-vhost adopt none.example --yes
	status 3 hp-vhost adopt www.blog.example --yes
	has "$err" "it is a further name of blog.example"
	hp-site add own.example tenant=acme -q
	status 3 hp-vhost adopt own.example --yes
	status 4 hp-vhost adopt blog.example --yes
	has "$err" "--copy"
	mkdir -p "$ROOT/var/www/vhosts/blog.example"
	status 4 hp-vhost adopt blog.example --yes --copy
	has "$err" "/var/www/vhosts/blog.example is there already"
}

@test "a tenant that is not there: all is as before" {
	before=$(everything)
	status 3 hp-vhost adopt blog.example --yes --copy --tenant nobody
	[ "$before" = "$(everything)" ]
}
