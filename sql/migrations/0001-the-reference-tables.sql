-- title: the tables of the reference page, nodes, names and the audit trail
--
-- One text for all engines. What differs is a token (sql/migrations.awk lists them) or stands in a
-- block "-- engine: NAME,…" that ends at "-- engine: all". Every table of a tenant's data has
-- tenant_id. Times are UTC. A published migration is never edited: write the next one.

CREATE TABLE tenants (
	id @ID@,
	name VARCHAR(255) NOT NULL,
	subdomain @NAME@ NOT NULL UNIQUE,
	database_backend VARCHAR(50),
	database_url @TEXT@,
	storage_quota_gb BIGINT,
	website_limit INT,
	email_accounts_limit INT,
	status VARCHAR(50) NOT NULL DEFAULT 'active',
	created_at @TIME@ NOT NULL DEFAULT CURRENT_TIMESTAMP,
	updated_at @TIME@ NOT NULL DEFAULT CURRENT_TIMESTAMP
) @TABLE@;

CREATE TABLE nodes (
	id @ID@,
	name @NAME@ NOT NULL UNIQUE,
	generation BIGINT NOT NULL DEFAULT 0,
	applied_generation BIGINT NOT NULL DEFAULT 0,
	applied_at @TIME@ NULL,
	last_result @TEXT@,
	created_at @TIME@ NOT NULL DEFAULT CURRENT_TIMESTAMP,
	updated_at @TIME@ NOT NULL DEFAULT CURRENT_TIMESTAMP
) @TABLE@;

-- A website's own row; with its settings it is the view "websites". Ids are never given twice: files,
-- Unix users and uids are named after them. user_name and uid come from the id, so they are NULL
-- between the INSERT and the UPDATE in the transaction that makes the site.
CREATE TABLE sites (
	id @ID@,
	tenant_id INT NOT NULL,
	domain @NAME@ NOT NULL UNIQUE,
	status VARCHAR(50) NOT NULL DEFAULT 'active',
	node_id INT NOT NULL,
	user_name VARCHAR(32),
	uid INT UNIQUE,
	created_at @TIME@ NOT NULL DEFAULT CURRENT_TIMESTAMP,
	updated_at @TIME@ NOT NULL DEFAULT CURRENT_TIMESTAMP,
	UNIQUE (id, tenant_id),
	UNIQUE (node_id, user_name),
	FOREIGN KEY (tenant_id) REFERENCES tenants (id),
	FOREIGN KEY (node_id) REFERENCES nodes (id)
) @TABLE@;
CREATE INDEX sites_tenant ON sites (tenant_id, domain);
CREATE INDEX sites_node ON sites (node_id, domain);

-- Exactly the columns of the reference page, in its order. One row a website, and its id is the
-- website's. The key over two columns keeps tenant_id equal to the site's own.
CREATE TABLE website_configs (
	id INT NOT NULL PRIMARY KEY,
	website_id INT NOT NULL UNIQUE,
	tenant_id INT NOT NULL,
	web_server VARCHAR(50) NOT NULL,
	php_version VARCHAR(10) NOT NULL,
	php_memory_limit VARCHAR(10),
	php_max_execution_time INT,
	php_upload_max_filesize VARCHAR(10),
	php_post_max_size VARCHAR(10),
	php_extensions @TEXT@,
	database_backend VARCHAR(50),
	database_host VARCHAR(255),
	database_port INT,
	database_name VARCHAR(255),
	database_charset VARCHAR(50),
	ssl_enabled BOOLEAN NOT NULL DEFAULT FALSE,
	ssl_provider VARCHAR(50),
	ssl_auto_renew BOOLEAN NOT NULL DEFAULT TRUE,
	gzip_enabled BOOLEAN NOT NULL DEFAULT TRUE,
	cache_enabled BOOLEAN NOT NULL DEFAULT FALSE,
	cache_ttl_seconds INT,
	http_security_headers @TEXT@,
	allowed_ips @TEXT@,
	blocked_ips @TEXT@,
	created_at @TIME@ NOT NULL DEFAULT CURRENT_TIMESTAMP,
	updated_at @TIME@ NOT NULL DEFAULT CURRENT_TIMESTAMP,
	FOREIGN KEY (website_id, tenant_id) REFERENCES sites (id, tenant_id)
		ON DELETE CASCADE ON UPDATE CASCADE
) @TABLE@;
CREATE INDEX website_configs_tenant ON website_configs (tenant_id);
CREATE INDEX website_configs_php ON website_configs (php_version);

-- Every name of every site, its domain included, so that one site's domain and another's alias
-- collide here.
CREATE TABLE website_names (
	name @NAME@ NOT NULL PRIMARY KEY,
	website_id INT NOT NULL,
	tenant_id INT NOT NULL,
	kind VARCHAR(10) NOT NULL CHECK (kind IN ('domain', 'alias')),
	FOREIGN KEY (website_id, tenant_id) REFERENCES sites (id, tenant_id)
		ON DELETE CASCADE ON UPDATE CASCADE
) @TABLE@;
CREATE INDEX website_names_site ON website_names (website_id, kind, name);

CREATE @INVOKER@ VIEW websites AS
SELECT s.id, s.tenant_id, s.domain, s.status, n.name AS node, s.user_name, s.uid,
	c.web_server, c.php_version, c.php_memory_limit, c.php_max_execution_time,
	c.php_upload_max_filesize, c.php_post_max_size, c.php_extensions,
	c.database_backend, c.database_host, c.database_port, c.database_name, c.database_charset,
	c.ssl_enabled, c.ssl_provider, c.ssl_auto_renew,
	c.gzip_enabled, c.cache_enabled, c.cache_ttl_seconds,
	c.http_security_headers, c.allowed_ips, c.blocked_ips,
	s.created_at, s.updated_at, s.node_id
FROM sites s
	JOIN website_configs c ON c.website_id = s.id
	JOIN nodes n ON n.id = s.node_id;

-- engine: postgresql
-- As MySQL's SQL SECURITY INVOKER above; PostgreSQL 14 does not know it.
DO $$
BEGIN
	IF current_setting('server_version_num')::int >= 150000 THEN
		EXECUTE 'ALTER VIEW websites SET (security_invoker = true)';
	END IF;
END
$$;
-- engine: all

CREATE TABLE users (
	id @ID@,
	tenant_id INT NOT NULL,
	username @NAME@ NOT NULL UNIQUE,
	email VARCHAR(255),
	role VARCHAR(50) NOT NULL CHECK (role IN ('admin', 'reseller', 'client')),
	password_hash VARCHAR(255),
	status VARCHAR(50) NOT NULL DEFAULT 'active',
	created_at @TIME@ NOT NULL DEFAULT CURRENT_TIMESTAMP,
	updated_at @TIME@ NOT NULL DEFAULT CURRENT_TIMESTAMP,
	last_login_at @TIME@ NULL,
	FOREIGN KEY (tenant_id) REFERENCES tenants (id)
) @TABLE@;
CREATE INDEX users_tenant ON users (tenant_id);

-- Shares of one whole (cpu, memory, disk) are per cent; the rest is bytes or counts.
CREATE TABLE system_metrics (
	id @BIGID@,
	node_id INT NOT NULL,
	timestamp @TIME@ NOT NULL DEFAULT CURRENT_TIMESTAMP,
	cpu_usage DOUBLE PRECISION,
	memory_usage DOUBLE PRECISION,
	disk_usage DOUBLE PRECISION,
	load1 DOUBLE PRECISION,
	load5 DOUBLE PRECISION,
	load15 DOUBLE PRECISION,
	memory_total BIGINT,
	disk_total BIGINT,
	network_rx_bytes BIGINT,
	network_tx_bytes BIGINT,
	FOREIGN KEY (node_id) REFERENCES nodes (id) ON DELETE CASCADE
) @TABLE@;
CREATE INDEX system_metrics_node ON system_metrics (node_id, timestamp);
CREATE INDEX system_metrics_time ON system_metrics (timestamp);

CREATE TABLE website_metrics (
	id @BIGID@,
	website_id INT NOT NULL,
	tenant_id INT NOT NULL,
	timestamp @TIME@ NOT NULL DEFAULT CURRENT_TIMESTAMP,
	requests BIGINT NOT NULL DEFAULT 0,
	errors BIGINT NOT NULL DEFAULT 0,
	bytes_sent BIGINT NOT NULL DEFAULT 0,
	response_ms DOUBLE PRECISION,
	cpu_ms BIGINT,
	memory_bytes BIGINT,
	disk_bytes BIGINT,
	FOREIGN KEY (website_id, tenant_id) REFERENCES sites (id, tenant_id)
		ON DELETE CASCADE ON UPDATE CASCADE
) @TABLE@;
CREATE INDEX website_metrics_site ON website_metrics (website_id, timestamp);
CREATE INDEX website_metrics_time ON website_metrics (timestamp);

-- node_id and website_id narrow an alert to one of them; NULL means all of the tenant's.
CREATE TABLE alerts (
	id @ID@,
	tenant_id INT NOT NULL,
	node_id INT,
	website_id INT,
	alert_type VARCHAR(50) NOT NULL CHECK (alert_type IN ('cpu_usage', 'memory_usage', 'disk_usage',
		'error_rate', 'service_down', 'certificate_expiry')),
	threshold DOUBLE PRECISION,
	severity VARCHAR(20) NOT NULL DEFAULT 'warning',
	enabled BOOLEAN NOT NULL DEFAULT TRUE,
	created_at @TIME@ NOT NULL DEFAULT CURRENT_TIMESTAMP,
	updated_at @TIME@ NOT NULL DEFAULT CURRENT_TIMESTAMP,
	FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE,
	FOREIGN KEY (node_id) REFERENCES nodes (id) ON DELETE CASCADE,
	FOREIGN KEY (website_id) REFERENCES sites (id) ON DELETE CASCADE
) @TABLE@;
CREATE INDEX alerts_tenant ON alerts (tenant_id);

CREATE TABLE alert_logs (
	id @BIGID@,
	alert_id INT NOT NULL,
	tenant_id INT NOT NULL,
	triggered_at @TIME@ NOT NULL DEFAULT CURRENT_TIMESTAMP,
	value DOUBLE PRECISION,
	message @TEXT@,
	resolved_at @TIME@ NULL,
	FOREIGN KEY (alert_id) REFERENCES alerts (id) ON DELETE CASCADE
) @TABLE@;
CREATE INDEX alert_logs_alert ON alert_logs (alert_id, triggered_at);
CREATE INDEX alert_logs_tenant ON alert_logs (tenant_id, triggered_at);

-- No foreign key: the trail outlives what it tells about. tenant_id is NULL for what stands above
-- tenants.
CREATE TABLE audit_log (
	id @BIGID@,
	tenant_id INT,
	at @TIME@ NOT NULL DEFAULT CURRENT_TIMESTAMP,
	actor VARCHAR(255) NOT NULL,
	source VARCHAR(255) NOT NULL,
	verb VARCHAR(64) NOT NULL,
	object VARCHAR(512) NOT NULL,
	before_json @TEXT@,
	after_json @TEXT@,
	note @TEXT@
) @TABLE@;
CREATE INDEX audit_log_object ON audit_log (object);
CREATE INDEX audit_log_tenant ON audit_log (tenant_id, id);
