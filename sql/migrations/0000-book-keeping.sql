-- title: book-keeping of migrations
--
-- Run before the first real migration, and again harmlessly. schema_steps holds how far a
-- migration came on an engine that can't roll back CREATE TABLE; it is empty otherwise.

CREATE TABLE IF NOT EXISTS schema_migrations (
	version INT NOT NULL PRIMARY KEY,
	title VARCHAR(255) NOT NULL,
	applied_at @TIME@ NOT NULL DEFAULT CURRENT_TIMESTAMP
) @TABLE@;

CREATE TABLE IF NOT EXISTS schema_steps (
	version INT NOT NULL PRIMARY KEY,
	begun INT NOT NULL,
	finished INT NOT NULL
) @TABLE@;
