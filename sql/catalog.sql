-- catalog: every statement that the panel ever sends, but for the migrations.
--
-- A statement is a header of comment lines, its text, and a semicolon at the end:
--
--   -- name: site_get          becomes HP_SQL_SITE_GET; lower case, digits, _
--   -- scope: tenant           tenant: sees one tenant's rows, and says so itself by
--                              "tenant_id = :tenant" in its WHERE (an INSERT: by the value :tenant for
--                              its column tenant_id). lib/db binds :tenant, callers can't.
--                              global: above tenants, for the operator. system: the panel's own book-keeping.
--   -- why: …                  global and system: why it may look across tenants
--   -- rows: one               one (or none), many, or none
--
-- A second text under the same name with "-- engine: mysql,mariadb" in its header is taken on those
-- engines (sqlite postgresql mysql mariadb) instead of the first; the rest of its header stays away.
-- Parameters are :name, and a name may stand several times. "::" is PostgreSQL's cast.
-- Times: CURRENT_TIMESTAMP is UTC on every engine. PostgreSQL finds a parameter's type by its
-- neighbours: where it has none (":x IS NULL"), write CAST(:x AS VARCHAR(255)) or the like.
-- "-- part: NAME" names a text, up to its semicolon, that statements below write as @NAME@.
-- sql/catalog.awk checks all this while building, and refuses with file:line.

-- ---- parts ----
--
-- What is read of a website: the columns of the view websites, in the order of lib/model/site.def.
-- Statements of which commands wait do without the view itself, because SQLite takes twice as long
-- to prepare one on a view of this width.

-- part: site_columns
s.id, s.tenant_id, s.domain, s.status, n.name, s.user_name, s.uid,
	(SELECT u.username FROM website_owners o JOIN users u ON u.id = o.user_id
		WHERE o.website_id = s.id),
	c.web_server, c.document_root,
	c.index_files, c.redirects, c.error_pages, c.proxy_port, c.php_version, c.php_memory_limit,
	c.php_max_execution_time, c.php_upload_max_filesize, c.php_post_max_size, c.php_extensions,
	c.php_settings, c.php_paths, c.php_max_children, c.php_slowlog_seconds, c.database_backend,
	c.database_host, c.database_port, c.database_name, c.database_charset, c.ssl_enabled,
	c.ssl_provider, c.ssl_auto_renew, c.https_redirect, c.hsts_max_age, c.gzip_enabled,
	c.cache_enabled, c.cache_ttl_seconds, c.http_security_headers, c.allowed_ips, c.blocked_ips,
	c.basic_auth, c.memory_max, c.cpu_quota, c.tasks_max, s.created_at, s.updated_at;

-- part: site_tables
sites s JOIN website_configs c ON c.website_id = s.id JOIN nodes n ON n.id = s.node_id;

-- part: site_list_joins
JOIN tenants t ON t.id = s.tenant_id
	LEFT JOIN website_names a ON a.website_id = s.id AND a.kind = 'alias';

-- Whom a website must belong to: 0 for nobody in particular, else a user or one of his sub-clients.
-- part: site_mine
(:mine = 0 OR s.id IN (SELECT o.website_id
		FROM website_owners o LEFT JOIN user_parents up ON up.user_id = o.user_id
		WHERE o.user_id = :mine OR up.parent_id = :mine));

-- An empty filter takes all.
-- part: site_filter
(:php_version = '' OR c.php_version = :php_version) AND (:status = '' OR s.status = :status)
	AND (:web_server = '' OR c.web_server = :web_server) AND (:node = '' OR n.name = :node);

-- ---- schema (lib/db) ----

-- name: schema_version
-- scope: system
-- why: the version of the schema belongs to no tenant
-- rows: one
SELECT COALESCE(MAX(version), 0) FROM schema_migrations;

-- name: schema_add
-- scope: system
-- why: the version of the schema belongs to no tenant
-- rows: none
INSERT INTO schema_migrations (version, title) VALUES (:version, :title);

-- name: schema_step
-- scope: system
-- why: how far a migration came belongs to no tenant
-- rows: one
SELECT begun, finished FROM schema_steps WHERE version = :version;

-- name: schema_step_first
-- scope: system
-- why: how far a migration came belongs to no tenant
-- rows: none
INSERT INTO schema_steps (version, begun, finished) VALUES (:version, 1, 0);

-- name: schema_step_begin
-- scope: system
-- why: how far a migration came belongs to no tenant
-- rows: none
UPDATE schema_steps SET begun = :step WHERE version = :version;

-- name: schema_step_finish
-- scope: system
-- why: how far a migration came belongs to no tenant
-- rows: none
UPDATE schema_steps SET finished = :step WHERE version = :version;

-- name: schema_step_forget
-- scope: system
-- why: how far a migration came belongs to no tenant
-- rows: none
DELETE FROM schema_steps WHERE version = :version;

-- One migration at a time: a lock of the session, waited for. 1 when it is had. SQLite's own lock
-- on writing is enough.

-- name: schema_lock
-- scope: system
-- why: the version of the schema belongs to no tenant
-- rows: one
SELECT 1;

-- name: schema_lock
-- engine: postgresql
SELECT 1 FROM (SELECT pg_advisory_lock(7521983012)) AS l;

-- name: schema_lock
-- engine: mysql,mariadb
SELECT COALESCE(GET_LOCK(CONCAT('hosting-panel.', LEFT(SHA2(DATABASE(), 256), 40)), 30), 0);

-- name: schema_unlock
-- scope: system
-- why: the version of the schema belongs to no tenant
-- rows: one
SELECT 1;

-- name: schema_unlock
-- engine: postgresql
SELECT pg_advisory_unlock(7521983012);

-- name: schema_unlock
-- engine: mysql,mariadb
SELECT RELEASE_LOCK(CONCAT('hosting-panel.', LEFT(SHA2(DATABASE(), 256), 40)));

-- ---- nodes ----

-- name: node_get
-- scope: system
-- why: nodes belong to no tenant
-- rows: one
SELECT id, generation FROM nodes WHERE name = :name;

-- name: node_add
-- scope: system
-- why: nodes belong to no tenant
-- rows: none
INSERT INTO nodes (name) VALUES (:name);

-- name: node_list
-- scope: system
-- why: nodes belong to no tenant
-- rows: many
SELECT n.name, n.applied_at, n.last_result, n.generation, n.applied_generation,
	(SELECT COUNT(*) FROM sites s WHERE s.node_id = n.id)
FROM nodes n ORDER BY n.name;

-- name: node_raise
-- scope: system
-- why: nodes belong to no tenant
-- rows: none
UPDATE nodes SET generation = generation + 1, updated_at = CURRENT_TIMESTAMP WHERE id = :node_id;

-- name: node_raise_tenant
-- scope: system
-- why: nodes belong to no tenant
-- rows: none
UPDATE nodes SET generation = generation + 1, updated_at = CURRENT_TIMESTAMP
WHERE id IN (SELECT node_id FROM sites WHERE tenant_id = :tenant_id);

-- name: node_generation
-- scope: system
-- why: nodes belong to no tenant
-- rows: one
SELECT generation FROM nodes WHERE id = :node_id;

-- Generation 0 is no news of the generation.
-- name: node_applied
-- scope: system
-- why: nodes belong to no tenant
-- rows: none
UPDATE nodes SET applied_at = CURRENT_TIMESTAMP, last_result = :result,
	applied_generation = CASE WHEN :generation > 0 THEN :generation ELSE applied_generation END
WHERE name = :name;

-- The node's state in one statement, which is one snapshot on every engine. A node without websites
-- gives one row of NULLs, an unknown one none. Columns: generation, the tenant's status, those of the
-- view websites in its order, and one row more for each further name.
-- name: node_state
-- scope: system
-- why: a node serves many tenants
-- rows: many
SELECT n.generation, t.status, @site_columns@, a.name
FROM nodes n
	LEFT JOIN sites s ON s.node_id = n.id
	LEFT JOIN website_configs c ON c.website_id = s.id
	LEFT JOIN tenants t ON t.id = s.tenant_id
	LEFT JOIN website_names a ON a.website_id = s.id AND a.kind = 'alias'
WHERE n.name = :name
ORDER BY s.domain, a.name;

-- name: node_state
-- engine: postgresql
SELECT n.generation, t.status, @site_columns@, a.name
FROM nodes n
	LEFT JOIN sites s ON s.node_id = n.id
	LEFT JOIN website_configs c ON c.website_id = s.id
	LEFT JOIN tenants t ON t.id = s.tenant_id
	LEFT JOIN website_names a ON a.website_id = s.id AND a.kind = 'alias'
WHERE n.name = :name
ORDER BY s.domain COLLATE "C", a.name COLLATE "C";

-- ---- tenants ----
--
-- The _lock statements, here and below, are for transactions that change what they read: on the
-- engines that would read an old snapshot, they read and hold the newest row.

-- name: tenant_get_any
-- scope: global
-- why: tenants are made and named by the operator
-- rows: one
SELECT id, subdomain, name, status, database_backend, database_url, storage_quota_gb,
	website_limit, email_accounts_limit, created_at, updated_at
FROM tenants WHERE subdomain = :subdomain;

-- name: tenant_get_id
-- scope: global
-- why: a tenant reads the row of itself, by the id of who acts
-- rows: one
SELECT id, subdomain, name, status, database_backend, database_url, storage_quota_gb,
	website_limit, email_accounts_limit, created_at, updated_at
FROM tenants WHERE id = :id;

-- name: tenant_lock_any
-- scope: global
-- why: tenants are made and named by the operator
-- rows: one
SELECT id, subdomain, name, status, database_backend, database_url, storage_quota_gb,
	website_limit, email_accounts_limit, created_at, updated_at
FROM tenants WHERE subdomain = :subdomain;

-- name: tenant_lock_any
-- engine: mysql,mariadb
SELECT id, subdomain, name, status, database_backend, database_url, storage_quota_gb,
	website_limit, email_accounts_limit, created_at, updated_at
FROM tenants WHERE subdomain = :subdomain FOR UPDATE;

-- name: tenant_lock_id
-- scope: global
-- why: a tenant reads the row of itself, by the id of who acts
-- rows: one
SELECT id, subdomain, name, status, database_backend, database_url, storage_quota_gb,
	website_limit, email_accounts_limit, created_at, updated_at
FROM tenants WHERE id = :id;

-- name: tenant_lock_id
-- engine: mysql,mariadb
SELECT id, subdomain, name, status, database_backend, database_url, storage_quota_gb,
	website_limit, email_accounts_limit, created_at, updated_at
FROM tenants WHERE id = :id FOR UPDATE;

-- name: tenant_list_any
-- scope: global
-- why: the operator stands above tenants
-- rows: many
SELECT t.id, t.subdomain, t.name, t.status, t.database_backend, t.database_url, t.storage_quota_gb,
	t.website_limit, t.email_accounts_limit, t.created_at, t.updated_at,
	(SELECT COUNT(*) FROM sites s WHERE s.tenant_id = t.id)
FROM tenants t ORDER BY t.subdomain;

-- name: tenant_add
-- scope: global
-- why: tenants are made and named by the operator
-- rows: none
INSERT INTO tenants (name, subdomain, database_backend, database_url, storage_quota_gb,
	website_limit, email_accounts_limit, status)
VALUES (:name, :subdomain, :database_backend, :database_url, :storage_quota_gb,
	:website_limit, :email_accounts_limit, 'active');

-- name: tenant_set
-- scope: global
-- why: the row is the tenant itself, named by its id after the actor was judged
-- rows: none
UPDATE tenants SET name = :name, database_backend = :database_backend,
	database_url = :database_url, storage_quota_gb = :storage_quota_gb, website_limit = :website_limit,
	email_accounts_limit = :email_accounts_limit, status = :status, updated_at = CURRENT_TIMESTAMP
WHERE id = :id;

-- name: tenant_touch
-- scope: global
-- why: the row is the tenant itself, named by its id after the actor was judged
-- rows: none
UPDATE tenants SET updated_at = updated_at WHERE id = :id;

-- name: tenant_remove
-- scope: global
-- why: only the operator removes tenants
-- rows: none
DELETE FROM tenants WHERE id = :id;

-- name: tenant_sites
-- scope: tenant
-- rows: one
SELECT COUNT(*) FROM sites WHERE tenant_id = :tenant;

-- name: tenant_sites
-- engine: mysql,mariadb
SELECT COUNT(*) FROM sites WHERE tenant_id = :tenant LOCK IN SHARE MODE;

-- ---- websites ----

-- name: site_get
-- scope: tenant
-- rows: one
SELECT @site_columns@, s.node_id FROM @site_tables@
WHERE s.domain = :domain AND s.tenant_id = :tenant AND @site_mine@;

-- name: site_get_any
-- scope: global
-- why: the operator names a website without its tenant
-- rows: one
SELECT @site_columns@, s.node_id FROM @site_tables@ WHERE s.domain = :domain;

-- name: site_of_id
-- scope: tenant
-- rows: one
SELECT s.domain FROM sites s WHERE s.id = :id AND s.tenant_id = :tenant AND @site_mine@;

-- name: site_of_id_any
-- scope: global
-- why: the operator names a website by its number
-- rows: one
SELECT domain FROM sites WHERE id = :id;

-- name: site_lock
-- scope: tenant
-- rows: one
SELECT s.* FROM websites s
WHERE s.domain = :domain AND s.tenant_id = :tenant AND @site_mine@;

-- name: site_lock
-- engine: mysql,mariadb
SELECT s.* FROM websites s
WHERE s.domain = :domain AND s.tenant_id = :tenant AND @site_mine@ FOR UPDATE;

-- name: site_lock_any
-- scope: global
-- why: the operator names a website without its tenant
-- rows: one
SELECT * FROM websites WHERE domain = :domain;

-- name: site_lock_any
-- engine: mysql,mariadb
SELECT * FROM websites WHERE domain = :domain FOR UPDATE;

-- One row for each further name of a website, at least one.
-- name: site_list
-- scope: tenant
-- rows: many
SELECT @site_columns@, s.node_id, t.subdomain, a.name
FROM @site_tables@ @site_list_joins@
WHERE s.tenant_id = :tenant AND @site_mine@
	AND @site_filter@
ORDER BY s.domain, a.name;

-- name: site_list
-- engine: postgresql
SELECT @site_columns@, s.node_id, t.subdomain, a.name
FROM @site_tables@ @site_list_joins@
WHERE s.tenant_id = :tenant AND @site_mine@
	AND @site_filter@
ORDER BY s.domain COLLATE "C", a.name COLLATE "C";

-- name: site_list_any
-- scope: global
-- why: the operator stands above tenants
-- rows: many
SELECT @site_columns@, s.node_id, t.subdomain, a.name
FROM @site_tables@ @site_list_joins@
WHERE (:tenant_name = '' OR t.subdomain = :tenant_name)
	AND @site_filter@
ORDER BY s.domain, a.name;

-- name: site_list_any
-- engine: postgresql
SELECT @site_columns@, s.node_id, t.subdomain, a.name
FROM @site_tables@ @site_list_joins@
WHERE (:tenant_name = '' OR t.subdomain = :tenant_name)
	AND @site_filter@
ORDER BY s.domain COLLATE "C", a.name COLLATE "C";

-- name: site_add
-- scope: tenant
-- rows: none
INSERT INTO sites (tenant_id, domain, status, node_id)
VALUES (:tenant, :domain, 'active', :node_id);

-- A removed website comes back under its own id.
-- name: site_put_back
-- scope: tenant
-- rows: none
INSERT INTO sites (id, tenant_id, domain, status, node_id, user_name, uid, created_at)
VALUES (:id, :tenant, :domain, :status, :node_id, :user, :uid, :created_at);

-- name: site_own
-- scope: tenant
-- rows: none
UPDATE sites SET user_name = :user, uid = :uid WHERE id = :id AND tenant_id = :tenant;

-- name: site_touch
-- scope: tenant
-- rows: none
UPDATE sites SET status = :status, updated_at = CURRENT_TIMESTAMP
WHERE id = :id AND tenant_id = :tenant;

-- name: site_remove
-- scope: tenant
-- rows: none
DELETE FROM sites WHERE id = :id AND tenant_id = :tenant;

-- name: site_config_remove
-- scope: tenant
-- rows: none
DELETE FROM website_configs WHERE website_id = :id AND tenant_id = :tenant;

-- name: site_user_owner
-- scope: global
-- why: Unix users of a node are shared by all tenants
-- rows: one
SELECT domain, tenant_id FROM sites WHERE user_name = :user AND node_id = :node_id;

-- name: site_config_add
-- scope: tenant
-- rows: none
INSERT INTO website_configs (
	id, website_id, tenant_id, web_server, document_root, index_files, redirects, error_pages,
	proxy_port, php_version, php_memory_limit, php_max_execution_time, php_upload_max_filesize,
	php_post_max_size, php_extensions, php_settings, php_paths, php_max_children,
	php_slowlog_seconds, database_backend, database_host, database_port, database_name,
	database_charset, ssl_enabled, ssl_provider, ssl_auto_renew, https_redirect, hsts_max_age,
	gzip_enabled, cache_enabled, cache_ttl_seconds, http_security_headers, allowed_ips,
	blocked_ips, basic_auth, memory_max, cpu_quota, tasks_max)
VALUES (
	:id, :id, :tenant, :web_server, :document_root, :index_files, :redirects, :error_pages,
	:proxy_port, :php_version, :php_memory_limit, :php_max_execution_time,
	:php_upload_max_filesize, :php_post_max_size, :php_extensions, :php_settings, :php_paths,
	:php_max_children, :php_slowlog_seconds, :database_backend, :database_host, :database_port,
	:database_name, :database_charset, :ssl_enabled, :ssl_provider, :ssl_auto_renew,
	:https_redirect, :hsts_max_age, :gzip_enabled, :cache_enabled, :cache_ttl_seconds,
	:http_security_headers, :allowed_ips, :blocked_ips, :basic_auth, :memory_max, :cpu_quota,
	:tasks_max);

-- name: site_config_set
-- scope: tenant
-- rows: none
UPDATE website_configs SET
	web_server = :web_server, document_root = :document_root, index_files = :index_files,
	redirects = :redirects, error_pages = :error_pages, proxy_port = :proxy_port,
	php_version = :php_version, php_memory_limit = :php_memory_limit,
	php_max_execution_time = :php_max_execution_time,
	php_upload_max_filesize = :php_upload_max_filesize,
	php_post_max_size = :php_post_max_size, php_extensions = :php_extensions,
	php_settings = :php_settings, php_paths = :php_paths, php_max_children = :php_max_children,
	php_slowlog_seconds = :php_slowlog_seconds,
	database_backend = :database_backend, database_host = :database_host,
	database_port = :database_port, database_name = :database_name,
	database_charset = :database_charset, ssl_enabled = :ssl_enabled,
	ssl_provider = :ssl_provider, ssl_auto_renew = :ssl_auto_renew,
	https_redirect = :https_redirect, hsts_max_age = :hsts_max_age,
	gzip_enabled = :gzip_enabled, cache_enabled = :cache_enabled,
	cache_ttl_seconds = :cache_ttl_seconds, http_security_headers = :http_security_headers,
	allowed_ips = :allowed_ips, blocked_ips = :blocked_ips, basic_auth = :basic_auth,
	memory_max = :memory_max, cpu_quota = :cpu_quota, tasks_max = :tasks_max,
	updated_at = CURRENT_TIMESTAMP
WHERE website_id = :id AND tenant_id = :tenant;

-- Whose a website is: the user, and that user's reseller.
-- name: site_owner_get
-- scope: tenant
-- rows: one
SELECT o.user_id, up.parent_id
FROM website_owners o LEFT JOIN user_parents up ON up.user_id = o.user_id
WHERE o.website_id = :id AND o.tenant_id = :tenant;

-- name: site_owner_add
-- scope: tenant
-- rows: none
INSERT INTO website_owners (website_id, tenant_id, user_id) VALUES (:id, :tenant, :user_id);

-- name: site_owner_remove
-- scope: tenant
-- rows: none
DELETE FROM website_owners WHERE website_id = :id AND tenant_id = :tenant;

-- ---- names of websites ----

-- name: name_owner
-- scope: global
-- why: a name can be had once, whoever has it
-- rows: one
SELECT s.domain, s.tenant_id, a.kind
FROM website_names a JOIN sites s ON s.id = a.website_id WHERE a.name = :name;

-- name: name_list
-- scope: tenant
-- rows: many
SELECT name FROM website_names WHERE website_id = :id AND tenant_id = :tenant AND kind = 'alias'
ORDER BY name;

-- name: name_list
-- engine: mysql,mariadb
SELECT name FROM website_names WHERE website_id = :id AND tenant_id = :tenant AND kind = 'alias'
ORDER BY name LOCK IN SHARE MODE;

-- name: name_add
-- scope: tenant
-- rows: none
INSERT INTO website_names (name, website_id, tenant_id, kind)
VALUES (:name, :id, :tenant, :kind);

-- name: name_remove
-- scope: tenant
-- rows: none
DELETE FROM website_names
WHERE name = :name AND website_id = :id AND tenant_id = :tenant AND kind = 'alias';

-- name: name_remove_all
-- scope: tenant
-- rows: none
DELETE FROM website_names WHERE website_id = :id AND tenant_id = :tenant;

-- ---- users ----

-- In the order of lib/model/user.def; behind them come the reseller's id and the tenant's name.
-- part: user_columns
u.id, u.tenant_id, u.username, u.role, u.status, u.email, r.username, u.grants, u.password_hash,
	u.created_at, u.updated_at, u.last_login_at,
	CASE WHEN f.confirmed_at IS NULL THEN 'false' ELSE 'true' END,
	CASE WHEN op.user_id IS NULL THEN 'false' ELSE 'true' END, up.parent_id, t.subdomain;

-- part: user_tables
users u JOIN tenants t ON t.id = u.tenant_id
	LEFT JOIN user_parents up ON up.user_id = u.id LEFT JOIN users r ON r.id = up.parent_id
	LEFT JOIN second_factors f ON f.user_id = u.id
	LEFT JOIN user_operators op ON op.user_id = u.id;

-- Who acts as the operator is nobody whom a tenant knows of.
-- part: user_mine
(op.user_id IS NULL AND (:mine = 0 OR u.id = :mine OR up.parent_id = :mine));

-- name: user_get
-- scope: tenant
-- rows: one
SELECT @user_columns@ FROM @user_tables@
WHERE u.username = :username AND u.tenant_id = :tenant AND @user_mine@;

-- name: user_get_any
-- scope: global
-- why: names of users are unique among all tenants; the operator, and who logs in, give nothing else
-- rows: one
SELECT @user_columns@ FROM @user_tables@ WHERE u.username = :username;

-- An empty filter takes all.
-- name: user_list
-- scope: tenant
-- rows: many
SELECT @user_columns@ FROM @user_tables@
WHERE u.tenant_id = :tenant AND @user_mine@ AND (:role = '' OR u.role = :role)
	AND (:status = '' OR u.status = :status)
ORDER BY u.username;

-- name: user_list_any
-- scope: global
-- why: the operator stands above tenants
-- rows: many
SELECT @user_columns@ FROM @user_tables@
WHERE (:tenant_name = '' OR t.subdomain = :tenant_name) AND (:role = '' OR u.role = :role)
	AND (:status = '' OR u.status = :status)
ORDER BY u.username;

-- name: user_add
-- scope: tenant
-- rows: none
INSERT INTO users (tenant_id, username, email, role, grants, password_hash, status)
VALUES (:tenant, :username, :email, :role, :grants, :password, 'active');

-- name: user_set
-- scope: tenant
-- rows: none
UPDATE users SET email = :email, role = :role, grants = :grants, password_hash = :password,
	status = :status, updated_at = CURRENT_TIMESTAMP
WHERE id = :id AND tenant_id = :tenant;

-- name: user_remove
-- scope: tenant
-- rows: none
DELETE FROM users WHERE id = :id AND tenant_id = :tenant;

-- name: user_parent_add
-- scope: tenant
-- rows: none
INSERT INTO user_parents (user_id, tenant_id, parent_id) VALUES (:id, :tenant, :parent_id);

-- name: user_parent_remove
-- scope: tenant
-- rows: none
DELETE FROM user_parents WHERE user_id = :id AND tenant_id = :tenant;

-- name: user_operator_add
-- scope: tenant
-- rows: none
INSERT INTO user_operators (user_id, tenant_id) VALUES (:id, :tenant);

-- name: user_operator_remove
-- scope: tenant
-- rows: none
DELETE FROM user_operators WHERE user_id = :id AND tenant_id = :tenant;

-- How many sub-clients and websites keep a user from going.
-- name: user_clients
-- scope: tenant
-- rows: one
SELECT COUNT(*) FROM user_parents WHERE parent_id = :id AND tenant_id = :tenant;

-- name: user_sites
-- scope: tenant
-- rows: one
SELECT COUNT(*) FROM website_owners WHERE user_id = :id AND tenant_id = :tenant;

-- name: tenant_users
-- scope: tenant
-- rows: one
SELECT COUNT(*) FROM users WHERE tenant_id = :tenant;

-- ---- API keys ----

-- In the order of lib/model/key.h; behind it ids, the user's reseller, the hash, and the user's id again where he
-- acts as the operator.
-- part: key_columns
k.token_id, u.username, k.name, k.verbs, k.sites, k.addresses, m.token_id, k.expires_at,
	k.created_at, k.last_used_at, k.last_used_from, k.id, k.user_id, k.tenant_id, up.parent_id,
	k.token_hash, op.user_id;

-- part: key_tables
api_keys k JOIN users u ON u.id = k.user_id LEFT JOIN user_parents up ON up.user_id = k.user_id
	LEFT JOIN user_operators op ON op.user_id = k.user_id LEFT JOIN api_keys m ON m.id = k.parent_id;

-- part: key_mine
(op.user_id IS NULL AND (:mine = 0 OR k.user_id = :mine OR up.parent_id = :mine));

-- name: key_get
-- scope: tenant
-- rows: one
SELECT @key_columns@ FROM @key_tables@
WHERE k.token_id = :key AND k.tenant_id = :tenant AND @key_mine@;

-- name: key_get_any
-- scope: global
-- why: who comes with a key gives nothing else; the operator names one without its tenant
-- rows: one
SELECT @key_columns@ FROM @key_tables@ WHERE k.token_id = :key;

-- name: key_list
-- scope: tenant
-- rows: many
SELECT @key_columns@ FROM @key_tables@
WHERE k.tenant_id = :tenant AND @key_mine@ AND (:username = '' OR u.username = :username)
ORDER BY u.username, k.id;

-- name: key_list_any
-- scope: global
-- why: the operator stands above tenants
-- rows: many
SELECT @key_columns@ FROM @key_tables@ WHERE :username = '' OR u.username = :username
ORDER BY u.username, k.id;

-- name: key_add
-- scope: tenant
-- rows: none
INSERT INTO api_keys (tenant_id, user_id, parent_id, name, token_id, token_hash, verbs, sites,
	addresses, expires_at)
VALUES (:tenant, :user_id, :parent_id, :name, :key, :hash, :verbs, :sites, :from, :expires_at);

-- name: key_used
-- scope: tenant
-- rows: none
UPDATE api_keys SET last_used_at = CURRENT_TIMESTAMP, last_used_from = :address
WHERE id = :id AND tenant_id = :tenant;

-- name: key_remove
-- scope: tenant
-- rows: none
DELETE FROM api_keys WHERE id = :id AND tenant_id = :tenant;

-- ---- sessions and logins ----

-- In the order of lib/model/session.h; behind it the same.
-- part: session_columns
e.token_id, u.username, e.address, e.created_at, e.last_seen_at, e.expires_at, e.id, e.user_id,
	e.tenant_id, up.parent_id, e.token_hash, op.user_id;

-- part: session_tables
sessions e JOIN users u ON u.id = e.user_id LEFT JOIN user_parents up ON up.user_id = e.user_id
	LEFT JOIN user_operators op ON op.user_id = e.user_id;

-- part: session_mine
(op.user_id IS NULL AND (:mine = 0 OR e.user_id = :mine OR up.parent_id = :mine));

-- name: session_get
-- scope: tenant
-- rows: one
SELECT @session_columns@ FROM @session_tables@
WHERE e.token_id = :session AND e.tenant_id = :tenant AND @session_mine@;

-- name: session_get_any
-- scope: global
-- why: who comes with a session gives nothing else; the operator names one without its tenant
-- rows: one
SELECT @session_columns@ FROM @session_tables@ WHERE e.token_id = :session;

-- name: session_list
-- scope: tenant
-- rows: many
SELECT @session_columns@ FROM @session_tables@
WHERE e.tenant_id = :tenant AND @session_mine@ AND (:username = '' OR u.username = :username)
	AND e.expires_at > :now AND e.last_seen_at > :idle
ORDER BY u.username, e.id;

-- name: session_list_any
-- scope: global
-- why: the operator stands above tenants
-- rows: many
SELECT @session_columns@ FROM @session_tables@
WHERE (:username = '' OR u.username = :username) AND e.expires_at > :now
	AND e.last_seen_at > :idle
ORDER BY u.username, e.id;

-- name: session_add
-- scope: tenant
-- rows: none
INSERT INTO sessions (tenant_id, user_id, token_id, token_hash, address, expires_at)
VALUES (:tenant, :user_id, :session, :hash, :address, :expires_at);

-- name: session_seen
-- scope: tenant
-- rows: none
UPDATE sessions SET last_seen_at = CURRENT_TIMESTAMP WHERE id = :id AND tenant_id = :tenant;

-- name: session_remove
-- scope: tenant
-- rows: none
DELETE FROM sessions WHERE id = :id AND tenant_id = :tenant;

-- name: session_remove_user
-- scope: tenant
-- rows: none
DELETE FROM sessions WHERE user_id = :id AND tenant_id = :tenant;

-- name: key_remove_user
-- scope: tenant
-- rows: none
DELETE FROM api_keys WHERE user_id = :id AND tenant_id = :tenant;

-- name: session_sweep
-- scope: system
-- why: what is over is over, whosever it was
-- rows: none
DELETE FROM sessions WHERE expires_at <= :now;

-- name: user_login
-- scope: tenant
-- rows: none
UPDATE users SET last_login_at = CURRENT_TIMESTAMP WHERE id = :id AND tenant_id = :tenant;

-- name: user_spend
-- scope: tenant
-- rows: none
UPDATE users SET password_hash = NULL WHERE id = :id AND tenant_id = :tenant;

-- name: attempt_get
-- scope: system
-- why: who tries to log in is nobody yet
-- rows: one
SELECT failures, last_at FROM login_attempts WHERE kind = :kind AND subject = :subject;

-- name: attempt_get
-- engine: mysql,mariadb
SELECT failures, last_at FROM login_attempts WHERE kind = :kind AND subject = :subject FOR UPDATE;

-- name: attempt_set
-- scope: system
-- why: who tries to log in is nobody yet
-- rows: none
UPDATE login_attempts SET failures = :failures, last_at = CURRENT_TIMESTAMP
WHERE kind = :kind AND subject = :subject;

-- name: attempt_add
-- scope: system
-- why: who tries to log in is nobody yet
-- rows: none
INSERT INTO login_attempts (kind, subject, failures) VALUES (:kind, :subject, :failures);

-- name: attempt_forget
-- scope: system
-- why: who tries to log in is nobody yet
-- rows: none
DELETE FROM login_attempts WHERE kind = :kind AND subject = :subject;

-- name: attempt_sweep
-- scope: system
-- why: who tries to log in is nobody yet
-- rows: none
DELETE FROM login_attempts WHERE last_at <= :before;

-- ---- second factors ----

-- name: factor_get
-- scope: tenant
-- rows: one
SELECT secret, last_step, CASE WHEN confirmed_at IS NULL THEN 0 ELSE 1 END FROM second_factors
WHERE user_id = :id AND tenant_id = :tenant;

-- name: factor_add
-- scope: tenant
-- rows: none
INSERT INTO second_factors (user_id, tenant_id, secret) VALUES (:id, :tenant, :secret);

-- A code of that step was right: it counts from the first one on, and none is good twice.
-- name: factor_use
-- scope: tenant
-- rows: none
UPDATE second_factors SET last_step = :step,
	confirmed_at = COALESCE(confirmed_at, CURRENT_TIMESTAMP)
WHERE user_id = :id AND tenant_id = :tenant AND last_step < :step;

-- name: factor_remove
-- scope: tenant
-- rows: none
DELETE FROM second_factors WHERE user_id = :id AND tenant_id = :tenant;

-- name: recovery_add
-- scope: tenant
-- rows: none
INSERT INTO recovery_codes (tenant_id, user_id, code_hash) VALUES (:tenant, :id, :hash);

-- name: recovery_use
-- scope: tenant
-- rows: none
DELETE FROM recovery_codes WHERE user_id = :id AND tenant_id = :tenant AND code_hash = :hash;

-- name: recovery_remove
-- scope: tenant
-- rows: none
DELETE FROM recovery_codes WHERE user_id = :id AND tenant_id = :tenant;

-- name: recovery_count
-- scope: tenant
-- rows: one
SELECT COUNT(*) FROM recovery_codes WHERE user_id = :id AND tenant_id = :tenant;

-- ---- the audit trail ----
--
-- Who is going to add to it waits for whoever does so before anything else, and then sees what that
-- one has done: PostgreSQL's LOCK takes no snapshot of the tables yet. SQLite has one writer as it is.

-- name: audit_lock
-- scope: system
-- why: the trail is one chain over all tenants
-- rows: none
SELECT 1;

-- name: audit_lock
-- engine: postgresql
LOCK TABLE audit_head IN EXCLUSIVE MODE;

-- name: audit_lock
-- engine: mysql,mariadb
SELECT id FROM audit_head WHERE id = 1 FOR UPDATE;

-- name: audit_head_get
-- scope: system
-- why: the trail is one chain over all tenants
-- rows: one
SELECT first_id, last_id, hash, left_out, left_out_since FROM audit_head WHERE id = 1;

-- name: audit_head_set
-- scope: system
-- why: the trail is one chain over all tenants
-- rows: none
UPDATE audit_head SET last_id = :last_id, hash = :hash WHERE id = 1;

-- name: audit_leave_out
-- scope: system
-- why: the trail is one chain over all tenants
-- rows: none
UPDATE audit_head SET left_out = :left_out, left_out_since = :since WHERE id = 1;

-- name: audit_add
-- scope: system
-- why: the trail is written for all tenants, and for what stands above them
-- rows: none
INSERT INTO audit_log (id, at, tenant_id, actor, source, verb, object, outcome, before_json,
	after_json, note, request_id, hash)
VALUES (:id, :at, :tenant_id, :actor, :source, :verb, :object, :outcome, :before, :after, :note,
	:request, :hash);

-- Among the newest entries: denials of late, and those of one actor.
-- name: audit_denials
-- scope: system
-- why: what may be written down of denials is bounded over all tenants
-- rows: one
SELECT COUNT(*), COALESCE(SUM(CASE WHEN actor = :actor AND source = :source THEN 1 ELSE 0 END), 0)
FROM audit_log WHERE id > :after AND outcome = 'denied' AND at >= :since;

-- In the order that they are hashed in (lib/panel/audit_chain.c).
-- part: audit_columns
id, at, tenant_id, actor, source, verb, object, outcome, before_json, after_json, note, request_id;

-- An empty filter takes all.
-- part: audit_filter
(:object = '' OR object = :object) AND (:actor = '' OR actor = :actor)
	AND (:verb = '' OR verb = :verb) AND (:outcome = '' OR outcome = :outcome)
	AND (:request = '' OR request_id = :request) AND at >= :since;

-- name: audit_list
-- scope: tenant
-- rows: many
SELECT @audit_columns@ FROM audit_log
WHERE tenant_id = :tenant AND (:self = '' OR actor = :self) AND @audit_filter@
ORDER BY id DESC LIMIT :limit;

-- A tenant is told no hash: with those of his own entries he could try what stands between them.
-- name: audit_list_any
-- scope: global
-- why: the operator stands above tenants
-- rows: many
SELECT @audit_columns@, hash FROM audit_log WHERE @audit_filter@ ORDER BY id DESC LIMIT :limit;

-- name: audit_get
-- scope: tenant
-- rows: one
SELECT @audit_columns@ FROM audit_log
WHERE id = :id AND tenant_id = :tenant AND (:self = '' OR actor = :self);

-- name: audit_get_any
-- scope: global
-- why: the operator stands above tenants
-- rows: one
SELECT @audit_columns@ FROM audit_log WHERE id = :id;

-- name: audit_page
-- scope: global
-- why: the chain goes over all tenants, and the operator alone looks it through
-- rows: many
SELECT @audit_columns@, hash FROM audit_log WHERE id > :after AND id <= :last ORDER BY id LIMIT :limit;

-- name: audit_beyond
-- scope: global
-- why: the chain goes over all tenants, and the operator alone looks it through
-- rows: one
SELECT COUNT(*), MIN(id) FROM audit_log WHERE id > (SELECT last_id FROM audit_head WHERE id = 1);

-- ---- requests that may come again ----

-- name: repeat_begin
-- scope: system
-- why: the row is of who asks, by his own number
-- rows: none
INSERT INTO repeated_requests (user_id, key_hash, request_hash, created_at)
VALUES (:user_id, :key_hash, :request_hash, :now);

-- name: repeat_get
-- scope: system
-- why: the row is of who asks, by his own number
-- rows: one
SELECT request_hash, status, body, created_at FROM repeated_requests
WHERE user_id = :user_id AND key_hash = :key_hash;

-- name: repeat_end
-- scope: system
-- why: the row is of who asks, by his own number
-- rows: none
UPDATE repeated_requests SET status = :status, body = :body
WHERE user_id = :user_id AND key_hash = :key_hash;

-- name: repeat_forget
-- scope: system
-- why: the row is of who asks, by his own number
-- rows: none
DELETE FROM repeated_requests WHERE user_id = :user_id AND key_hash = :key_hash;

-- name: repeat_sweep
-- scope: system
-- why: what is a day old is nobody's business any more; what was begun and never ended is begun anew
-- rows: none
DELETE FROM repeated_requests WHERE created_at <= :day OR (status = 0 AND created_at <= :dead);
