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
-- sql/catalog.awk checks all this while building, and refuses with file:line.

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

-- ---- websites ----

-- name: site_get
-- scope: tenant
-- rows: one
SELECT * FROM websites WHERE domain = :domain AND tenant_id = :tenant;

-- name: site_get_any
-- scope: global
-- why: the operator at the shell names a website without its tenant
-- rows: one
SELECT * FROM websites WHERE domain = :domain;
