# What the escapers write is read back by the real servers as the same values.

bats_require_minimum_version 1.5.0

setup() {
	vectors=${HP_BUILDDIR:?}/tests/node/escape-vectors
	dir=$(mktemp -d "${BATS_TEST_TMPDIR:-/tmp}/escape.XXXXXX")
	pid=
}

teardown() {
	[ -z "$pid" ] || kill "$pid" || true
	rm -rf "$dir"
}

@test "NGINX serves each hostile value as it was" {
	"$vectors" nginx "$dir/locations" "$dir/expected"
	n=$(wc -l <"$dir/expected")
	[ "$n" -gt 150 ]
	cat >"$dir/nginx.conf" <<END
error_log $dir/error.log;
pid $dir/pid;
daemon off;
master_process off;
events {}
http {
	access_log off;
	client_body_temp_path $dir/body;
	proxy_temp_path $dir/proxy;
	fastcgi_temp_path $dir/fastcgi;
	uwsgi_temp_path $dir/uwsgi;
	scgi_temp_path $dir/scgi;
	server {
		listen unix:$dir/sock;
		include $dir/locations;
	}
}
END
	nginx -t -c "$dir/nginx.conf"
	nginx -c "$dir/nginx.conf" 3>&- &
	pid=$!
	for _ in $(seq 50); do
		[ -S "$dir/sock" ] && break
		sleep 0.1
	done
	curl -sS --unix-socket "$dir/sock" -w '\n' "http://x/[0-$((n - 1))]" >"$dir/got"
	diff "$dir/expected" "$dir/got"
}

@test "Apache defines each hostile value as it was" {
	"$vectors" apache "$dir/defines" "$dir/expected"
	n=$(wc -l <"$dir/expected")
	[ "$n" -gt 150 ]
	modules=/usr/lib/apache2/modules
	cat >"$dir/apache.conf" <<END
ServerName localhost
ServerRoot $dir
LoadModule mpm_event_module $modules/mod_mpm_event.so
LoadModule authz_core_module $modules/mod_authz_core.so
ErrorLog $dir/error.log
PidFile $dir/pid
Listen 127.0.0.1:1
Include $dir/defines
END
	apache2 -t -D DUMP_RUN_CFG -f "$dir/apache.conf" >"$dir/dump"
	for i in $(seq 0 $((n - 1))); do
		grep -a "^Define: v$i\(=\|\$\)" "$dir/dump" || echo "Define: v$i is missing"
	done | sed 's/^Define: v[0-9]*=\{0,1\}//' >"$dir/got"
	diff "$dir/expected" "$dir/got"
}

@test "PHP-FPM reads each hostile value as it was" {
	set -- /usr/sbin/php-fpm[0-9]*
	fpm=$1
	"$vectors" php-fpm "$dir/values" "$dir/expected"
	n=$(wc -l <"$dir/expected")
	[ "$n" -gt 150 ]
	cat >"$dir/fpm.conf" <<END
[global]
error_log = $dir/error.log
[pool]
user = www-data
listen = $dir/sock
pm = ondemand
pm.max_children = 1
include = $dir/values
END
	"$fpm" -n -tt -y "$dir/fpm.conf" 2>"$dir/dump"
	for i in $(seq 0 $((n - 1))); do
		grep -aF "php_admin_value[v$i] = " "$dir/dump" || echo "] = v$i is missing"
	done | sed 's/^.*php_admin_value\[v[0-9]*\] = //' >"$dir/got"
	diff "$dir/expected" "$dir/got"
}
