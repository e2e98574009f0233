# Functions for tests/node/*.bats that drive lib/node with the real servers, inside tests/lib/sandbox.

node_setup() {
	[ "${HP_SANDBOX:-}" = inside ] || { echo "run it through tests/lib/sandbox" >&2; return 1; }
	tool=${HP_BUILDDIR:?}/tests/node/hp-node-tool
	export HP_DATADIR=${HP_DATADIR:-$BATS_TEST_DIRNAME/../..}
	dir=$(mktemp -d "${BATS_TEST_TMPDIR:-/tmp}/node.XXXXXX")
	cp -a /etc/nginx "$dir/etc-nginx"
	cp -a /etc/apache2 "$dir/etc-apache2"
	nginx 3>&- 4>&-
}

# Everything that a test has started or made: users, masters, files. The next one starts from nothing.
# bats runs it also after a setup that refused to begin: outside the sandbox, and before the copy of
# /etc/nginx exists, there is nothing of ours, and all of this would be the machine's own.
node_teardown() {
	local p u n
	[ "${HP_SANDBOX:-}" = inside ] && [ -d "${dir:-}/etc-nginx" ] || return 0
	# one that ends may have made another just before
	for n in $(seq 100); do
		p=$(pgrep -x nginx; pgrep -x apache2; pgrep -f '^php-fpm: master process \(/etc/hosting-panel') || true
		[ -n "$p" ] || break
		# shellcheck disable=SC2086 # numbers
		kill -KILL $p 2>/dev/null || true
		sleep 0.05
	done
	pkill -KILL '^php-fpm' 2>/dev/null || true
	for u in $(awk -F: '$3 >= 20000 && $3 < 60000 && $1 != "nobody" { print $1 }' /etc/passwd); do
		pkill -KILL -u "$u" 2>/dev/null || true
		userdel "$u" 2>/dev/null || true
	done
	rm -rf /etc/hosting-panel /run/hosting-panel /run/nginx.pid /run/apache2 /var/lib/hosting-panel/* /var/www/vhosts \
		/var/log/hosting-panel/sites /etc/nginx/.hosting-panel-stage /etc/apache2/.hosting-panel-stage
	find /etc/nginx -mindepth 1 -delete
	cp -a "$dir/etc-nginx/." /etc/nginx/
	find /etc/apache2 -mindepth 1 -delete
	cp -a "$dir/etc-apache2/." /etc/apache2/
	rm -rf "$dir"
}

# The panel's own users, which the machine has where the panel is installed.
node_users() { systemd-sysusers "$HP_DATADIR/systemd/sysusers.d/hosting-panel.conf"; }

# The programs of the build, and a panel with a tenant.
node_panel() {
	export PATH=$HP_BUILDDIR/cmd:$PATH HP_LIBDIR=$HP_BUILDDIR/lib/db/.libs HP_LIBEXECDIR=$HP_BUILDDIR/cmd
	export LC_ALL=C.UTF-8
	panel hp-db init -q
	panel hp-tenant add acme -q
}

# before there is any site; nobody else may have the ports
node_front() { # node_front SERVER
	mkdir -p /etc/hosting-panel
	kill "$(cat /run/nginx.pid)"
	until_gone /run/nginx.pid
	printf '[web]\nserver = %s\n' "$1" >/etc/hosting-panel/hosting-panel.conf
}

# masters that are started must not keep bats' own descriptors
panel() { "$@" 3>&- 4>&-; }

listening() { # listening PORT
	local i
	for i in $(seq 100); do
		(: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return
		sleep 0.1
	done
	echo "nobody listens on port $1" >&2
	return 1
}

state() { # state GENERATION LINE …: a document in $dir/GENERATION; lines as hp-node-tool reads them
	local g=$1
	shift
	printf '%s\n' "$@" | "$tool" state web1 "$g" >"$dir/$g"
}

suspended() { # the same, its first site suspended: that is the panel's to set, so it is written by hand
	local g=$1
	state "$@"
	sed -i -e '2s/"status":"active"/"status":"suspended"/' -e '$d' "$dir/$g"
	printf '{"end":{"sites":%d,"sha256":"%s"}}\n' $(($# - 1)) "$(sha256sum <"$dir/$g" | cut -d' ' -f1)" >>"$dir/$g"
}

node() { "$tool" "$@" 3>&- 4>&-; }

page() { # page DOMAIN PATH TEXT: a file of the site's own
	local f=/var/www/vhosts/$1/$2
	mkdir -p "$(dirname "$f")"
	printf '%s' "$3" >"$f"
	chown -R --reference="/var/www/vhosts/$1" "$(dirname "$f")"
}

snippet() { # snippet DOMAIN FORMAT NAME TEXT: hand-made directives
	mkdir -p "/etc/hosting-panel/custom/$1/$2"
	printf '%s\n' "$4" >"/etc/hosting-panel/custom/$1/$2/$3"
}

get() { # get HOST PATH [CURL-ARGUMENT …]: the body
	local host=$1 path=$2
	shift 2
	curl -s -m 20 -H "Host: $host" -H 'Connection: close' "$@" "http://127.0.0.1$path"
}

code() { # the same: the status
	local host=$1 path=$2
	shift 2
	curl -s -m 20 -o /dev/null -w '%{http_code}' -H "Host: $host" "$@" "http://127.0.0.1$path"
}

logged() { # logged FILE TEXT: until a log has it: servers write their lines a second later at most
	local i
	for i in $(seq 100); do
		! grep -qsF "$2" "$1" || return 0
		sleep 0.05
	done
	return 1
}
nginx_workers() { pgrep -x nginx -P "$(cat /run/nginx.pid)" | sort | tr '\n' ' '; }

until_gone() {
	local i
	for i in $(seq 100); do
		[ -e "$1" ] || return 0
		sleep 0.1
	done
	return 1
}

# Everything that a run may touch, byte for byte: owners, modes, links, contents, accounts, instances.
world() {
	local d
	for d in /etc/nginx /etc/apache2 /etc/hosting-panel /etc/systemd/system /var/www /var/lib/hosting-panel/sites \
		/var/log/hosting-panel /run/hosting-panel; do
		[ -e "$d" ] || continue
		find "$d" -printf '%y %m %U:%G %l %p\n' | sort
		find "$d" -type f -not -path '/var/log/*' -not -name '*.pid' -print0 | sort -z | xargs -0r sha256sum
	done
	getent passwd | grep -v '^nobody' | sort
	getent group | sort
}
