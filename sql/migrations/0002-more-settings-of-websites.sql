-- title: more settings of websites
--
-- They stand behind the columns of the reference page and are hidden from what names no columns, so that
-- its INSERT without a list of columns goes on working. What is NULL has its default
-- (lib/model/site.def).

DROP VIEW IF EXISTS websites;

ALTER TABLE website_configs ADD COLUMN document_root VARCHAR(255) @HIDDEN@;
ALTER TABLE website_configs ADD COLUMN index_files @TEXT@ @HIDDEN@;
ALTER TABLE website_configs ADD COLUMN redirects @TEXT@ @HIDDEN@;
ALTER TABLE website_configs ADD COLUMN error_pages @TEXT@ @HIDDEN@;
ALTER TABLE website_configs ADD COLUMN proxy_port INT @HIDDEN@;
ALTER TABLE website_configs ADD COLUMN php_settings @TEXT@ @HIDDEN@;
ALTER TABLE website_configs ADD COLUMN php_paths @TEXT@ @HIDDEN@;
ALTER TABLE website_configs ADD COLUMN php_max_children INT @HIDDEN@;
ALTER TABLE website_configs ADD COLUMN php_slowlog_seconds INT @HIDDEN@;
ALTER TABLE website_configs ADD COLUMN https_redirect BOOLEAN @HIDDEN@;
ALTER TABLE website_configs ADD COLUMN hsts_max_age INT @HIDDEN@;
ALTER TABLE website_configs ADD COLUMN basic_auth @TEXT@ @HIDDEN@;
ALTER TABLE website_configs ADD COLUMN memory_max VARCHAR(10) @HIDDEN@;
ALTER TABLE website_configs ADD COLUMN cpu_quota INT @HIDDEN@;
ALTER TABLE website_configs ADD COLUMN tasks_max INT @HIDDEN@;

CREATE @INVOKER@ VIEW websites AS
SELECT s.id, s.tenant_id, s.domain, s.status, n.name AS node, s.user_name, s.uid,
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
