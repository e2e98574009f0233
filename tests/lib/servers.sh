#!/usr/bin/env bash
# servers: private PostgreSQL, MariaDB and MySQL servers for tests. Sourced by bash; or run:
#   tests/lib/servers.sh run [ENGINE …] -- COMMAND …     COMMAND with the servers up, then down again
#
#   servers_start DIR [ENGINE …]   all three unless named; data below DIR (made), nothing else touched
#   servers_stop                   those that this shell has started
#   servers_database ENGINE NAME   on a server that is up: database NAME, new and empty; prints its URL
#
# Each listens on a Unix socket and on a free loopback port, as an unprivileged user, with durability
# off. After the start, for ENGINE of POSTGRESQL MARIADB MYSQL:
#   HP_TEST_URL_ENGINE        URL of an empty database, over the socket
#   HP_TEST_URL_ENGINE_TCP    the same over 127.0.0.1
#   HP_TEST_ADMIN_ENGINE      URL for the server's superuser (MySQL: root), over the socket
#   HP_TEST_CA                certificate of who has signed the servers' own, which name "localhost"
# Test files that run side by side take a database of their own each, by servers_database.
# MySQL is not in Debian 12: its server comes from Debian sid into $HP_TEST_CACHE/mysql-root and runs
# from there with its own libraries.

HP_TEST_CACHE=${HP_TEST_CACHE:-/var/cache/hosting-panel-tests}
servers_pids=()
# Every character that a URL must escape.
servers_password='p@ss:w/r%d'
servers_password_url='p%40ss%3Aw%2Fr%25d'

# As USER when root, and as oneself otherwise; without capabilities.
servers_as() { # servers_as USER COMMAND …
	local user=$1
	shift
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid "$user" --regid "$user" --clear-groups --inh-caps=-all -- "$@"
	else
		"$@"
	fi
}

# The same in the place of this (sub)shell, so that $! is the server itself.
servers_exec() { # servers_exec USER COMMAND … &
	local user=$1
	shift
	if [ "$(id -u)" = 0 ]; then
		exec setpriv --reuid "$user" --regid "$user" --clear-groups --inh-caps=-all -- "$@"
	fi
	exec "$@"
}

servers_dir() { # servers_dir USER DIR
	mkdir -p "$2"
	chmod 0755 "$2"
	if [ "$(id -u)" = 0 ]; then
		chown "$1:" "$2"
	fi
}

servers_port() {
	local port
	while :; do
		port=$((20000 + RANDOM % 10000))
		(: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
	done
	echo "$port"
}

# Wait until COMMAND succeeds, as long as PID lives.
servers_wait() { # servers_wait NAME PID LOG COMMAND …
	local name=$1 pid=$2 log=$3 i
	shift 3
	for ((i = 0; i < 600; i++)); do
		if "$@" >/dev/null 2>&1; then
			return
		fi
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.1
	done
	echo "servers: $name did not start; the end of its log:" >&2
	tail -n 20 "$log" >&2
	return 1
}

servers_certificates() { # servers_certificates DIR
	local dir=$1
	mkdir -p "$dir"
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=hosting-panel test CA' \
		-keyout "$dir/ca.key" -out "$dir/ca.pem" 2>/dev/null
	openssl req -newkey rsa:2048 -nodes -subj /CN=localhost \
		-keyout "$dir/server.key" -out "$dir/server.csr" 2>/dev/null
	openssl x509 -req -in "$dir/server.csr" -CA "$dir/ca.pem" -CAkey "$dir/ca.key" -CAcreateserial \
		-days 2 -extfile <(echo subjectAltName=DNS:localhost) -out "$dir/server.pem" 2>/dev/null
	export HP_TEST_CA=$dir/ca.pem
}

servers_key() { # servers_key USER CERTIFICATES DIR: the pair where only USER reads it
	cp "$2/server.pem" "$2/server.key" "$3/"
	chmod 0600 "$3/server.key"
	if [ "$(id -u)" = 0 ]; then
		chown "$1:" "$3/server.pem" "$3/server.key"
	fi
}

servers_database() { # servers_database ENGINE NAME
	local admin=HP_TEST_ADMIN_${1^^} socket port
	socket=${!admin#*socket=}
	if [ "$1" = postgresql ]; then
		port=${!admin#*@:}
		port=${port%%/*}
		psql -qX -v ON_ERROR_STOP=1 -h "$socket" -p "$port" -U postgres >&2 <<-SQL
			SET client_min_messages = warning;
			DROP DATABASE IF EXISTS $2;
			CREATE DATABASE $2 OWNER panel;
		SQL
		echo "postgresql://panel:$servers_password_url@:$port/$2?socket=$socket"
	else
		mariadb --no-defaults -u root -S "$socket" >&2 <<-SQL
			DROP DATABASE IF EXISTS $2;
			CREATE DATABASE $2 CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
			GRANT ALL ON $2.* TO 'panel'@'%';
			GRANT ALL ON $2.* TO 'panel'@'localhost';
		SQL
		echo "$1://panel:$servers_password_url@/$2?socket=$socket"
	fi
}

# ---- PostgreSQL ----

servers_start_postgresql() { # servers_start_postgresql DIR CERTIFICATES
	local dir=$1 bin port pid
	bin=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
	port=$(servers_port)
	servers_dir postgres "$dir"
	servers_key postgres "$2" "$dir"
	servers_as postgres "$bin/initdb" -D "$dir/data" -U postgres -A trust --no-sync -E UTF8 \
		--locale=C.UTF-8 >"$dir/log" 2>&1
	printf '%s\n' 'local all postgres trust' 'local all all scram-sha-256' \
		'host all all 127.0.0.1/32 scram-sha-256' 'host all all ::1/128 scram-sha-256' \
		>"$dir/data/pg_hba.conf"
	servers_exec postgres "$bin/postgres" -D "$dir/data" -k "$dir" -p "$port" -c listen_addresses=localhost \
		-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=50 \
		-c shared_buffers=32MB -c timezone=Asia/Tokyo -c ssl=on -c ssl_cert_file="$dir/server.pem" \
		-c ssl_key_file="$dir/server.key" >>"$dir/log" 2>&1 &
	pid=$!
	servers_pids+=("$pid")
	servers_wait PostgreSQL "$pid" "$dir/log" "$bin/psql" -h "$dir" -p "$port" -U postgres -c 'SELECT 1'
	"$bin/psql" -qX -v ON_ERROR_STOP=1 -h "$dir" -p "$port" -U postgres >>"$dir/log" 2>&1 <<-SQL
		CREATE ROLE panel LOGIN PASSWORD '$servers_password';
	SQL
	export HP_TEST_ADMIN_POSTGRESQL="postgresql://postgres@:$port/postgres?socket=$dir"
	HP_TEST_URL_POSTGRESQL=$(servers_database postgresql panel)
	export HP_TEST_URL_POSTGRESQL
	export HP_TEST_URL_POSTGRESQL_TCP="postgresql://panel:$servers_password_url@127.0.0.1:$port/panel"
}

# ---- MariaDB and MySQL ----

servers_mysql_options=(--skip-name-resolve --bind-address=127.0.0.1
	--innodb-flush-log-at-trx-commit=0 --innodb-buffer-pool-size=64M --default-time-zone=+09:00)

# Make the database and its user; $1 = what follows IDENTIFIED.
servers_mysql_database() { # servers_mysql_database ENGINE DIR PORT IDENTIFIED-CLAUSE
	local ENGINE=${1^^} scheme=$1 dir=$2 port=$3
	mariadb --no-defaults -u root -S "$dir/sock" >>"$dir/log" 2>&1 <<-SQL
		CREATE USER 'panel'@'%' IDENTIFIED $4;
		CREATE USER 'panel'@'localhost' IDENTIFIED $4;
	SQL
	export "HP_TEST_ADMIN_$ENGINE=$scheme://root@/mysql?socket=$dir/sock"
	export "HP_TEST_URL_$ENGINE=$(servers_database "$scheme" panel)"
	export "HP_TEST_URL_${ENGINE}_TCP=$scheme://panel:$servers_password_url@127.0.0.1:$port/panel"
}

servers_start_mariadb() { # servers_start_mariadb DIR CERTIFICATES
	local dir=$1 port pid
	port=$(servers_port)
	servers_dir mysql "$dir"
	servers_key mysql "$2" "$dir"
	servers_as mysql mariadb-install-db --no-defaults --datadir="$dir/data" --skip-test-db \
		--auth-root-authentication-method=normal --skip-name-resolve >"$dir/log" 2>&1
	servers_exec mysql "$(command -v mariadbd || echo /usr/sbin/mariadbd)" --no-defaults \
		--datadir="$dir/data" --socket="$dir/sock" --port="$port" --pid-file="$dir/pid" \
		--ssl-cert="$dir/server.pem" --ssl-key="$dir/server.key" \
		"${servers_mysql_options[@]}" >>"$dir/log" 2>&1 &
	pid=$!
	servers_pids+=("$pid")
	servers_wait MariaDB "$pid" "$dir/log" mariadb --no-defaults -u root -S "$dir/sock" -e 'SELECT 1'
	servers_mysql_database mariadb "$dir" "$port" "BY '$servers_password'"
}

# The server of Debian sid with its libraries, once.
servers_mysql_root() {
	local root=$HP_TEST_CACHE/mysql-root
	if [ ! -x "$root/usr/sbin/mysqld" ]; then
		mkdir -p "$HP_TEST_CACHE"
		rm -rf "$root.new" "$root"
		mmdebstrap --quiet --variant=apt --include=mysql-server-core \
			--aptopt='Acquire::Check-Valid-Until "false"' sid "$root.new" >&2
		chmod 0755 "$root.new"
		mv "$root.new" "$root"
	fi
	echo "$root"
}

servers_start_mysql() { # servers_start_mysql DIR CERTIFICATES
	local dir=$1 port pid root mysqld
	root=$(servers_mysql_root)
	port=$(servers_port)
	servers_dir mysql "$dir"
	servers_key mysql "$2" "$dir"
	# Its own loader and libraries: no chroot, so the data stays where the caller wants it.
	mysqld=("$root/lib64/ld-linux-x86-64.so.2" --library-path
		"$root/usr/lib/x86_64-linux-gnu:$root/usr/lib/mysql/private" "$root/usr/sbin/mysqld"
		--no-defaults --basedir="$root/usr" --lc-messages-dir="$root/usr/share/mysql"
		--plugin-dir="$root/usr/lib/mysql/plugin" --secure-file-priv=NULL
		--datadir="$dir/data" --mysqlx=OFF
		--skip-log-bin --innodb-doublewrite=OFF --innodb-redo-log-capacity=16M
		"${servers_mysql_options[@]}")
	servers_as mysql "${mysqld[@]}" --initialize-insecure >"$dir/log" 2>&1
	servers_exec mysql "${mysqld[@]}" --socket="$dir/sock" --port="$port" --pid-file="$dir/pid" \
		--ssl-cert="$dir/server.pem" --ssl-key="$dir/server.key" >>"$dir/log" 2>&1 &
	pid=$!
	servers_pids+=("$pid")
	servers_wait MySQL "$pid" "$dir/log" mariadb --no-defaults -u root -S "$dir/sock" -e 'SELECT 1'
	servers_mysql_database mysql "$dir" "$port" "WITH caching_sha2_password BY '$servers_password'"
}

# ---- all ----

servers_start() { # servers_start DIR [ENGINE …]
	local dir=$1 engine
	shift
	[ $# -gt 0 ] || set -- postgresql mariadb mysql
	mkdir -p "$dir"
	chmod 0755 "$dir"
	servers_certificates "$dir/tls"
	for engine; do
		"servers_start_$engine" "$dir/$engine" "$dir/tls"
	done
}

servers_stop() {
	local pid
	for pid in "${servers_pids[@]}"; do
		kill -INT "$pid" 2>/dev/null || kill -TERM "$pid" 2>/dev/null || :
	done
	for pid in "${servers_pids[@]}"; do
		kill -TERM "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
	done
	servers_pids=()
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
	set -euo pipefail
	[ "${1:-}" = run ] || { sed -n '2,4s/^# //p' "$0" >&2; exit 2; }
	shift
	engines=()
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		engines+=("$1")
		shift
	done
	shift
	dir=$(mktemp -d /var/tmp/hp-servers.XXXXXX)
	trap 'servers_stop; rm -rf "$dir"' EXIT
	trap 'exit 130' INT TERM
	servers_start "$dir" "${engines[@]}"
	"$@"
fi
