#!/usr/bin/env bats
# The same hp-cgi behind other web servers: as plain CGI under Apache (mod_cgid), under BusyBox' httpd, and by
# hand; as FastCGI behind Apache (mod_proxy_fcgi).

load web.bash

setup_file() {
	web_wrapper=()
	web_world
	web_cgi
	web_key --verbs site:list,site:show >/run/key
	mkdir -p /srv/cgi-bin
	# what starts it: its own program, and where this build's parts are
	cat >/srv/cgi-bin/hp-cgi <<-SH
		#!/bin/sh
		export HP_LIBDIR=$HP_LIBDIR HP_LIBEXECDIR=$HP_LIBEXECDIR HP_BINDIR=$HP_BINDIR HP_DATADIR=$HP_DATADIR
		exec $HP_BUILDDIR/cgi/hp-cgi
	SH
	chmod 0755 /srv/cgi-bin/hp-cgi
	usermod -aG hosting-panel-api hosting-panel
	cat >/run/apache.conf <<-CONF
		ServerRoot /run
		PidFile /run/apache.pid
		ServerName localhost
		Listen 127.0.0.1:8080
		User hosting-panel
		Group hosting-panel
		ErrorLog /run/apache.log
		LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
		LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
		LoadModule alias_module /usr/lib/apache2/modules/mod_alias.so
		LoadModule cgid_module /usr/lib/apache2/modules/mod_cgid.so
		LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
		LoadModule proxy_fcgi_module /usr/lib/apache2/modules/mod_proxy_fcgi.so
		ScriptSock /run/apache-cgid.sock
		# an API key comes in Authorization, which Apache hands to no CGI program unless it is told to
		ScriptAlias /panel /srv/cgi-bin/hp-cgi
		<Location /panel>
			CGIPassAuth On
		</Location>
		AllowEncodedSlashes NoDecode
		<VirtualHost 127.0.0.1:8080>
		</VirtualHost>
		Listen 127.0.0.1:8081
		<VirtualHost 127.0.0.1:8081>
			ProxyFCGIBackendType GENERIC
			<LocationMatch "^(?<path>/.*)$">
				SetHandler "proxy:unix:/run/hosting-panel/cgi.sock|fcgi://localhost"
				CGIPassAuth On
				ProxyFCGISetEnvIf true SCRIPT_NAME ""
				ProxyFCGISetEnvIf true PATH_INFO "%{reqenv:MATCH_PATH}"
			</LocationMatch>
		</VirtualHost>
	CONF
	apache2 -f /run/apache.conf 3>&- 4>&-
	setpriv --reuid=hosting-panel --regid=hosting-panel --clear-groups busybox httpd -f -p 127.0.0.1:8082 -h /srv 3>&- 4>&- &
	echo $! >/run/busybox.pid
	local p i
	for p in 8080 8081 8082; do
		for i in $(seq 100); do
			! curl -s -o /dev/null "http://127.0.0.1:$p/" || break
			sleep 0.1
		done
	done
}
teardown_file() {
	kill "$(</run/busybox.pid)" "$(</run/apache.pid)" 2>/dev/null || true
	web_down
}
setup() {
	web_paths
	key=$(</run/key)
}

# panel BASE: what any of them has to do
panel() {
	local base=$1 auth=(-H "Authorization: Bearer $key")
	is "$(curl -sS "$base/health")" '.status == "ok"'
	is "$(curl -sS "$base/health/ready")" '.status == "ready"'
	is "$(curl -sS "$base/api/v1/websites")" '.status == 401'
	is "$(curl -sS "${auth[@]}" "$base/api/v1/me")" '.username == "anna" and .address == "127.0.0.1"'
	is "$(curl -sS "${auth[@]}" "$base/api/v1/websites/a.example")" '.domain == "a.example"'
	is "$(curl -sS "${auth[@]}" "$base/api/v1/websites/none.example")" '.status == 404'
	is "$(curl -sS "${auth[@]}" -X POST -H 'Content-Type: application/json' -d '{"domain":"c.example"' "$base/api/v1/websites")" \
		'.status == 400'
	[ "$(curl -sS -o /dev/null -w '%{http_code}' "${auth[@]}" -X DELETE "$base/api/v1/websites")" = 405 ]
	curl -sSI "$base/health" | grep -qi '^x-content-type-options: nosniff'
}

@test "plain CGI under Apache, below a path" {
	panel http://127.0.0.1:8080/panel
	is "$(curl -sS -H "Authorization: Bearer $key" http://127.0.0.1:8080/panel/api/v1)" '.websites == "/panel/api/v1/websites"'
}

@test "FastCGI behind Apache" {
	panel http://127.0.0.1:8081
	# a body that nobody reads, on a connection that Apache may keep
	local i
	for i in $(seq 20); do
		curl -sS -o /dev/null -X POST --data-binary @"$HP_BUILDDIR/config.status" 'http://127.0.0.1:8081/health?a=1&a=2'
		is "$(curl -sS http://127.0.0.1:8081/health)" '.status == "ok"'
	done
}

@test "plain CGI under BusyBox' httpd" {
	command -v busybox >/dev/null
	# it hands on no Authorization, and knows no methods but GET, HEAD and POST
	is "$(curl -sS http://127.0.0.1:8082/cgi-bin/hp-cgi/health)" '.status == "ok"'
	is "$(curl -sS http://127.0.0.1:8082/cgi-bin/hp-cgi/health/ready)" '.status == "ready"'
	is "$(curl -sS http://127.0.0.1:8082/cgi-bin/hp-cgi/api/v1/me)" '.status == 401'
	is "$(curl -sS -d '{' -H 'Content-Type: application/json' http://127.0.0.1:8082/cgi-bin/hp-cgi/api/v1/websites)" '.status == 401'
}

@test "plain CGI by hand: the environment is the request" {
	local out
	out=$(env REQUEST_METHOD=GET PATH_INFO=/health REMOTE_ADDR=192.0.2.1 GATEWAY_INTERFACE=CGI/1.1 "$HP_BUILDDIR/cgi/hp-cgi" </dev/null)
	[[ $out == 'Status: 200 OK'* ]]
	is "${out##*$'\r\n\r\n'}" '.status == "ok"'
	# a body that ends before it should
	out=$(printf '{' | env REQUEST_METHOD=POST PATH_INFO=/api/v1/websites REMOTE_ADDR=192.0.2.1 CONTENT_LENGTH=10 \
		CONTENT_TYPE=application/json "$HP_BUILDDIR/cgi/hp-cgi")
	[[ $out == 'Status: 400 '* ]]
	# nobody says whose request it is
	out=$(env -u REMOTE_ADDR REQUEST_METHOD=GET PATH_INFO=/health "$HP_BUILDDIR/cgi/hp-cgi" </dev/null)
	[[ $out == 'Status: 500 '* ]]
}

@test "without systemd: hp-cgi makes the socket itself, and goes on as hosting-panel" {
	local pid i
	"$HP_BUILDDIR/cgi/hp-cgi" --socket=/run/hosting-panel/own.sock --workers=2 2>>/run/own.log 3>&- 4>&- &
	pid=$!
	for i in $(seq 100); do [ "$(pgrep -c -P $pid)" != 2 ] || break; sleep 0.1; done
	[ "$(stat -c '%U:%G %a' /run/hosting-panel/own.sock)" = "root:hosting-panel-api 660" ]
	[ "$(ps -o user:32= -p "$pid,$(pgrep -d, -P $pid)" | sort -u)" = hosting-panel ]
	setpriv --reuid=hosting-panel-api --regid=hosting-panel-api --clear-groups perl -MIO::Socket::UNIX -e '
		sub rec { my ($t, $b) = @_; pack("CCnnCC", 1, $t, 1, length $b, 0, 0) . $b }
		my $s = IO::Socket::UNIX->new(Peer => "/run/hosting-panel/own.sock") or die "connect: $!";
		my %p = (REQUEST_METHOD => "GET", PATH_INFO => "/health/ready", REMOTE_ADDR => "192.0.2.1");
		my $p = join "", map { pack("CC", length $_, length $p{$_}) . $_ . $p{$_} } sort keys %p;
		syswrite $s, rec(1, pack("nCx5", 1, 0)) . rec(4, $p) . rec(4, "") . rec(5, "");
		alarm 20;
		local $/;
		my $b = <$s>;
		$b =~ /Status: 200/ or die $b'
	kill $pid
	for i in $(seq 100); do [ -d /proc/$pid ] || break; sleep 0.1; done
	[ ! -d /proc/$pid ]
}
