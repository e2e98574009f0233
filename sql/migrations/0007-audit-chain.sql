-- title: the audit trail is a chain, and only added to
--
-- Each entry's hash is made of it and of the hash before. What stands here already is from before the
-- chain: it has none, and is below first_id. audit_head says how far the chain goes, so that its end
-- can't be cut off unseen; who adds to the trail holds that row. left_out counts denials that were not
-- written down, since left_out_since.

ALTER TABLE audit_log ADD COLUMN outcome VARCHAR(10) DEFAULT 'ok' NOT NULL;
ALTER TABLE audit_log ADD COLUMN request_id VARCHAR(64);
ALTER TABLE audit_log ADD COLUMN hash VARCHAR(64);
CREATE INDEX audit_log_request ON audit_log (request_id);

CREATE TABLE audit_head (
	id INT NOT NULL PRIMARY KEY CHECK (id = 1),
	first_id BIGINT NOT NULL,
	last_id BIGINT NOT NULL,
	hash VARCHAR(64) NOT NULL,
	left_out BIGINT NOT NULL DEFAULT 0,
	left_out_since @TIME@ NULL
) @TABLE@;

INSERT INTO audit_head (id, first_id, last_id, hash)
SELECT 1, COALESCE(MAX(id), 0) + 1, COALESCE(MAX(id), 0), '' FROM audit_log;

-- engine: sqlite
CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log
BEGIN SELECT RAISE(ABORT, 'the audit trail is only added to')@SEMICOLON@ END;
CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log
BEGIN SELECT RAISE(ABORT, 'the audit trail is only added to')@SEMICOLON@ END;

-- engine: postgresql
CREATE FUNCTION audit_log_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION 'the audit trail is only added to';
END
$$;
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
	FOR EACH STATEMENT EXECUTE FUNCTION audit_log_refuse();

-- engine: mysql,mariadb
-- A server with a binary log lets nobody but its administrator make triggers, unless
-- log_bin_trust_function_creators is on: there it goes without (lib/db/migrate.c).
CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log FOR EACH ROW
	SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'the audit trail is only added to';
CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log FOR EACH ROW
	SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'the audit trail is only added to';
-- engine: all
