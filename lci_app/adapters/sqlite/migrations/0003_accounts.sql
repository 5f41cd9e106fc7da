-- Who uses lci. Of everything secret only a hash is kept: argon2id of passwords, SHA-256 of what is random anyway.

CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    role TEXT NOT NULL CHECK (role IN ('admin', 'deployer', 'viewer')),
    -- PHC string; null: signs in by GitHub only.
    password_hash TEXT,
    -- GitHub's number of the account: its login may pass to somebody else.
    github_id INTEGER UNIQUE,
    created_at TEXT NOT NULL,
    last_sign_in_at TEXT
) STRICT;

CREATE TABLE sessions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    secret_sha256 TEXT NOT NULL UNIQUE,
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at TEXT NOT NULL,
    last_used_at TEXT NOT NULL,
    address TEXT NOT NULL,
    user_agent TEXT NOT NULL
) STRICT;
CREATE INDEX sessions_by_user ON sessions (user_id, id);

-- A token of a person ends with that person; one without was made on the server itself.
ALTER TABLE tokens ADD COLUMN user_id INTEGER REFERENCES users (id) ON DELETE CASCADE;
-- 0: only those of token_projects, and none at all once those are gone.
ALTER TABLE tokens ADD COLUMN all_projects INTEGER NOT NULL DEFAULT 1 CHECK (all_projects IN (0, 1));
ALTER TABLE tokens ADD COLUMN expires_at TEXT;
ALTER TABLE tokens ADD COLUMN last_used_at TEXT;
ALTER TABLE tokens ADD COLUMN last_used_address TEXT;
CREATE INDEX tokens_by_user ON tokens (user_id);

CREATE TABLE token_projects (
    token_id INTEGER NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
    project_id INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    PRIMARY KEY (token_id, project_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX token_projects_by_project ON token_projects (project_id);

-- Names, not references: an entry outlives whom and what it is about.
CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    actor TEXT NOT NULL,
    address TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    -- Which fields were given; never what they held.
    fields TEXT NOT NULL,
    request_id TEXT NOT NULL,
    -- What was answered; null while it is under way, and for good where lci ended before it was.
    status INTEGER
) STRICT;
CREATE INDEX audit_by_actor ON audit (actor, id);

CREATE TRIGGER audit_is_written_once BEFORE UPDATE ON audit
WHEN OLD.status IS NOT NULL OR NEW.status IS NULL OR NEW.id <> OLD.id OR NEW.at <> OLD.at OR NEW.actor <> OLD.actor
    OR NEW.address <> OLD.address OR NEW.action <> OLD.action OR NEW.subject <> OLD.subject
    OR NEW.fields <> OLD.fields OR NEW.request_id <> OLD.request_id
BEGIN
    SELECT RAISE(ABORT, 'the audit log is only added to');
END;

CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit log is only added to');
END;

-- Where a branch stood: a push that comes again under another id is known by what it says.
CREATE INDEX deliveries_by_ref ON deliveries (repository, ref, id);
