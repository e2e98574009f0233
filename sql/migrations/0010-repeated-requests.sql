-- title: what requests with an Idempotency-Key were answered with
--
-- One row for each key of whoever sent it, for a day. Of what was shown once there is no copy: then body is
-- null, and so it is while the request is being worked on (status 0).

CREATE TABLE repeated_requests (
	user_id INT NOT NULL,
	key_hash VARCHAR(64) NOT NULL,
	request_hash VARCHAR(64) NOT NULL,
	status INT NOT NULL DEFAULT 0,
	body @TEXT@,
	created_at @TIME@ NOT NULL DEFAULT CURRENT_TIMESTAMP,
	PRIMARY KEY (user_id, key_hash),
	FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) @TABLE@;
CREATE INDEX repeated_requests_created ON repeated_requests (created_at);
