-- title: PostgreSQL keeps tenants apart itself
--
-- While a statement of scope tenant runs, the session's hosting_panel.tenant is that tenant
-- (lib/db/stmt.c), and no other one's row is read or written, whatever the statement says. Where it is
-- not set (statements of scope global and system, people with psql) nothing changes. FORCE, since the
-- tables belong to who runs the statements. A later table with a tenant_id brings its own policy:
-- tests/db/schema.c wants one of each.

-- engine: postgresql
DO $$
DECLARE
	t record;
BEGIN
	FOR t IN
		SELECT c.table_name, c.column_name FROM information_schema.columns c
			JOIN information_schema.tables b ON b.table_schema = c.table_schema
				AND b.table_name = c.table_name AND b.table_type = 'BASE TABLE'
		WHERE c.table_schema = current_schema()
			AND (c.column_name = 'tenant_id' OR (c.table_name = 'tenants' AND c.column_name = 'id'))
	LOOP
		EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t.table_name);
		EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t.table_name);
		EXECUTE format('CREATE POLICY of_the_tenant ON %I USING '
			'(COALESCE(current_setting(''hosting_panel.tenant'', true), '''') IN ('''', %I::text))',
			t.table_name, t.column_name);
	END LOOP;
END
$$;
-- engine: all
