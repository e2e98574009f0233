-- title: users' grants and resellers, and whose a website is
--
-- What a user has to do with others of the tenant stands in tables of its own, whose keys over two
-- columns keep it within the tenant on every engine.

ALTER TABLE users ADD COLUMN grants @TEXT@;
CREATE UNIQUE INDEX users_id_tenant ON users (id, tenant_id);

-- A client whose reseller is parent_id.
CREATE TABLE user_parents (
	user_id INT NOT NULL PRIMARY KEY,
	tenant_id INT NOT NULL,
	parent_id INT NOT NULL,
	FOREIGN KEY (user_id, tenant_id) REFERENCES users (id, tenant_id) ON DELETE CASCADE,
	FOREIGN KEY (parent_id, tenant_id) REFERENCES users (id, tenant_id)
) @TABLE@;
CREATE INDEX user_parents_parent ON user_parents (parent_id, user_id);

-- A website that is not here belongs to the tenant as a whole.
CREATE TABLE website_owners (
	website_id INT NOT NULL PRIMARY KEY,
	tenant_id INT NOT NULL,
	user_id INT NOT NULL,
	FOREIGN KEY (website_id, tenant_id) REFERENCES sites (id, tenant_id)
		ON DELETE CASCADE ON UPDATE CASCADE,
	FOREIGN KEY (user_id, tenant_id) REFERENCES users (id, tenant_id)
) @TABLE@;
CREATE INDEX website_owners_user ON website_owners (user_id, website_id);

DROP VIEW IF EXISTS websites;

CREATE @INVOKER@ VIEW websites AS
SELECT s.id, s.tenant_id, s.domain, s.status, n.name AS node, s.user_name, s.uid,
	(SELECT u.username FROM website_owners o JOIN users u ON u.id = o.user_id
		WHERE o.website_id = s.id) AS owner,
	c.web_server, c.document_root, c.index_files, c.redirects, c.error_pages, c.proxy_port,
	c.php_version, c.php_memory_limit, c.php_max_execution_time,
	c.php_upload_max_filesize, c.php_post_max_size, c.php_extensions, c.php_settings, c.php_paths,
	c.php_max_children, c.php_slowlog_seconds,
	c.database_backend, c.database_host, c.database_port, c.database_name, c.database_charset,
	c.ssl_enabled, c.ssl_provider, c.ssl_auto_renew, c.https_redirect, c.hsts_max_age,
	c.gzip_enabled, c.cache_enabled, c.cache_ttl_seconds,
	c.http_security_headers, c.allowed_ips, c.blocked_ips, c.basic_auth,
	c.memory_max, c.cpu_quota, c.tasks_max,
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
