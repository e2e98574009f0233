-- title: sessions, and failed attempts to log in
--
-- Of a session's token only the hash is kept. What is tried and fails is counted by name, whether there
-- is such a user or not, and by address; no tenant owns that.

CREATE TABLE sessions (
	id @ID@,
	tenant_id INT NOT NULL,
	user_id INT NOT NULL,
	token_id @NAME@ NOT NULL UNIQUE,
	token_hash VARCHAR(64) NOT NULL,
	address VARCHAR(64) NOT NULL,
	created_at @TIME@ NOT NULL DEFAULT CURRENT_TIMESTAMP,
	last_seen_at @TIME@ NOT NULL DEFAULT CURRENT_TIMESTAMP,
	expires_at @TIME@ NULL,
	FOREIGN KEY (user_id, tenant_id) REFERENCES users (id, tenant_id) ON DELETE CASCADE
) @TABLE@;
CREATE INDEX sessions_user ON sessions (user_id, id);
CREATE INDEX sessions_end ON sessions (expires_at);

CREATE TABLE login_attempts (
	kind VARCHAR(10) NOT NULL CHECK (kind IN ('account', 'address')),
	subject @NAME@ NOT NULL,
	failures INT NOT NULL,
	last_at @TIME@ NOT NULL DEFAULT CURRENT_TIMESTAMP,
	PRIMARY KEY (kind, subject)
) @TABLE@;
CREATE INDEX login_attempts_end ON login_attempts (last_at);
