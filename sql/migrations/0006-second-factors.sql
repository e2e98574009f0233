-- title: second factors and recovery codes
--
-- Codes are computed out of the secret, so it stands here as it is, where the hashes of passwords stand.
-- It counts from confirmed_at on. last_step: codes of this step and of those before it are used up.

CREATE TABLE second_factors (
	user_id INT NOT NULL PRIMARY KEY,
	tenant_id INT NOT NULL,
	secret VARCHAR(64) NOT NULL,
	last_step BIGINT NOT NULL DEFAULT 0,
	created_at @TIME@ NOT NULL DEFAULT CURRENT_TIMESTAMP,
	confirmed_at @TIME@ NULL,
	FOREIGN KEY (user_id, tenant_id) REFERENCES users (id, tenant_id) ON DELETE CASCADE
) @TABLE@;

-- Those that are not used up. Of a code only the hash is kept.
CREATE TABLE recovery_codes (
	id @ID@,
	tenant_id INT NOT NULL,
	user_id INT NOT NULL,
	code_hash VARCHAR(64) NOT NULL,
	FOREIGN KEY (user_id, tenant_id) REFERENCES users (id, tenant_id) ON DELETE CASCADE
) @TABLE@;
CREATE UNIQUE INDEX recovery_codes_hash ON recovery_codes (user_id, code_hash);
