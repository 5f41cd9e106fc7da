-- Values of secrets are sealed by the program (adapters/vault.py), each bound to its table, row and field.

-- What people store for builds and services. No project: it is there for all of them.
CREATE TABLE secrets (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id INTEGER REFERENCES projects (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    sealed TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    set_at TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX secrets_by_name ON secrets (coalesce(project_id, 0), name);
CREATE INDEX secrets_by_project ON secrets (project_id);

-- Whether `value` is sealed. What is not yet is sealed when the database is opened.
ALTER TABLE project_secrets ADD COLUMN sealed INTEGER NOT NULL DEFAULT 0 CHECK (sealed IN (0, 1));
ALTER TABLE settings ADD COLUMN sealed INTEGER NOT NULL DEFAULT 0 CHECK (sealed IN (0, 1));
