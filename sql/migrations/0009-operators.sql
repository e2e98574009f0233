-- title: users who act as the operator
--
-- Who stands here has a tenant like any user, and is above all of them.

CREATE TABLE user_operators (
	user_id INT NOT NULL PRIMARY KEY,
	tenant_id INT NOT NULL,
	FOREIGN KEY (user_id, tenant_id) REFERENCES users (id, tenant_id) ON DELETE CASCADE
) @TABLE@;

-- engine: postgresql
ALTER TABLE user_operators ENABLE ROW LEVEL SECURITY;
ALTER TABLE user_operators FORCE ROW LEVEL SECURITY;
CREATE POLICY of_the_tenant ON user_operators USING
	(COALESCE(current_setting('hosting_panel.tenant', true), '') IN ('', tenant_id::text));
-- engine: all
