-- title: API keys
--
-- Of a key only the hash is kept. One that a key has made goes with that.

CREATE TABLE api_keys (
	id @ID@,
	tenant_id INT NOT NULL,
	user_id INT NOT NULL,
	parent_id INT NULL,
	name VARCHAR(255),
	token_id @NAME@ NOT NULL UNIQUE,
	token_hash VARCHAR(64) NOT NULL,
	verbs @TEXT@ NOT NULL,
	sites @TEXT@ NOT NULL,
	addresses @TEXT@ NOT NULL,
	expires_at @TIME@ NULL,
	created_at @TIME@ NOT NULL DEFAULT CURRENT_TIMESTAMP,
	last_used_at @TIME@ NULL,
	last_used_from VARCHAR(64),
	FOREIGN KEY (user_id, tenant_id) REFERENCES users (id, tenant_id) ON DELETE CASCADE,
	FOREIGN KEY (parent_id) REFERENCES api_keys (id) ON DELETE CASCADE
) @TABLE@;
CREATE INDEX api_keys_user ON api_keys (user_id, id);
