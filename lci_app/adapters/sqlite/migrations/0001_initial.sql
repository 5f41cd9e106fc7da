-- Times are text (RFC 3339, UTC, milliseconds), so that they sort; durations are seconds; yes and no are 1 and 0.
-- Ids are AUTOINCREMENT wherever something outside bears them (labels, paths, routes), so that none ever means two things.

CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE tokens (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    secret_sha256 TEXT NOT NULL UNIQUE,
    scope TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT;

CREATE TABLE answers (
    idempotency_key TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    status INTEGER NOT NULL,
    body TEXT NOT NULL,
    headers TEXT NOT NULL,
    answered_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX answers_by_time ON answers (answered_at);

CREATE TABLE projects (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    -- The whole of ProjectSettings as JSON: a field is written down in the model and nowhere else.
    settings TEXT NOT NULL,
    port_number INTEGER NOT NULL UNIQUE CHECK (port_number >= 1),
    blue_port INTEGER NOT NULL,
    green_port INTEGER NOT NULL,
    active_slot TEXT CHECK (active_slot IN ('Blue', 'Green')),
    stopped INTEGER NOT NULL DEFAULT 0 CHECK (stopped IN (0, 1)),
    -- The number of the newest build: numbers have no gaps, even where builds were removed.
    last_build_number INTEGER NOT NULL DEFAULT 0,
    revision INTEGER NOT NULL DEFAULT 1,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;

CREATE TABLE project_secrets (
    project_id INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (project_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE domains (
    domain TEXT PRIMARY KEY,
    project_id INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX domains_by_project ON domains (project_id);

-- What a slot holds is told by its container, which may outlive the row of the build that made it: no reference.
CREATE TABLE slots (
    project_id INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    slot TEXT NOT NULL CHECK (slot IN ('Blue', 'Green')),
    status TEXT NOT NULL,
    container_id TEXT,
    build_id INTEGER,
    build_number INTEGER,
    commit_hash TEXT,
    started_at TEXT,
    health TEXT NOT NULL,
    deployment_id INTEGER,
    PRIMARY KEY (project_id, slot)
) STRICT, WITHOUT ROWID;

CREATE TABLE builds (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    build_number INTEGER NOT NULL,
    status TEXT NOT NULL,
    trigger TEXT NOT NULL,
    branch TEXT NOT NULL,
    queue_key TEXT NOT NULL,
    priority INTEGER NOT NULL,
    deploy INTEGER NOT NULL CHECK (deploy IN (0, 1)),
    queued_at TEXT NOT NULL,
    commit_hash TEXT,
    commit_message TEXT NOT NULL,
    commit_author TEXT NOT NULL,
    parameters TEXT NOT NULL,
    -- No reference: without that build there is no output, which must fail and not turn into a build of its own.
    output_build_id INTEGER,
    retained INTEGER NOT NULL DEFAULT 0 CHECK (retained IN (0, 1)),
    deployed_slot TEXT CHECK (deployed_slot IN ('Blue', 'Green')),
    health_check_attempts INTEGER NOT NULL DEFAULT 0,
    cancel_requested_at TEXT,
    restarts INTEGER NOT NULL DEFAULT 0,
    infra_retries INTEGER NOT NULL DEFAULT 0,
    failure TEXT,
    effective TEXT,
    log_lines INTEGER NOT NULL DEFAULT 0,
    started_at TEXT,
    finished_at TEXT,
    duration_seconds REAL,
    UNIQUE (project_id, build_number)
) STRICT;
CREATE INDEX builds_by_project ON builds (project_id, id);
CREATE INDEX builds_by_status ON builds (status, id);
CREATE INDEX builds_by_project_and_status ON builds (project_id, status, id);
CREATE INDEX builds_waiting ON builds (priority DESC, id) WHERE status = 'Queued';
CREATE INDEX builds_unfinished ON builds (queue_key) WHERE finished_at IS NULL;
CREATE INDEX builds_retained ON builds (project_id, id) WHERE retained = 1;

CREATE TABLE stages (
    build_id INTEGER NOT NULL REFERENCES builds (id) ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    started_at TEXT,
    finished_at TEXT,
    duration_seconds REAL,
    error TEXT,
    PRIMARY KEY (build_id, ordinal)
) STRICT, WITHOUT ROWID;

CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    -- Known for good: a delivery that comes again never builds again.
    delivery_id TEXT NOT NULL UNIQUE,
    event TEXT NOT NULL,
    received_at TEXT NOT NULL,
    verdict TEXT NOT NULL,
    reason TEXT NOT NULL,
    repository TEXT NOT NULL,
    ref TEXT NOT NULL,
    before_hash TEXT NOT NULL,
    after_hash TEXT NOT NULL
) STRICT;

CREATE TABLE delivery_projects (
    project_id INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    delivery INTEGER NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
    PRIMARY KEY (project_id, delivery)
) STRICT, WITHOUT ROWID;
CREATE INDEX delivery_projects_by_delivery ON delivery_projects (delivery);

CREATE TABLE delivery_builds (
    delivery INTEGER NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
    build_id INTEGER NOT NULL REFERENCES builds (id) ON DELETE CASCADE,
    PRIMARY KEY (delivery, build_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX delivery_builds_by_build ON delivery_builds (build_id);

-- Build number, commit and trigger of a deployment are its build's.
CREATE TABLE deployments (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    build_id INTEGER NOT NULL REFERENCES builds (id) ON DELETE CASCADE,
    slot TEXT NOT NULL CHECK (slot IN ('Blue', 'Green')),
    requested_by TEXT NOT NULL,
    started_at TEXT NOT NULL,
    switched_at TEXT,
    finished_at TEXT,
    outcome TEXT,
    reason TEXT NOT NULL DEFAULT '',
    container_log TEXT NOT NULL DEFAULT '[]',
    receipt TEXT
) STRICT;
CREATE INDEX deployments_by_project ON deployments (project_id, id);
CREATE INDEX deployments_by_build ON deployments (build_id, id);
CREATE INDEX deployments_switched ON deployments (project_id, slot, id) WHERE switched_at IS NOT NULL;
CREATE INDEX deployments_unfinished ON deployments (id) WHERE outcome IS NULL;

CREATE TABLE health_checks (
    id INTEGER PRIMARY KEY,
    deployment_id INTEGER NOT NULL REFERENCES deployments (id) ON DELETE CASCADE,
    attempt INTEGER NOT NULL,
    at TEXT NOT NULL,
    url TEXT NOT NULL,
    ok INTEGER NOT NULL CHECK (ok IN (0, 1)),
    status INTEGER,
    error TEXT,
    ms REAL NOT NULL,
    body TEXT NOT NULL
) STRICT;
CREATE INDEX health_checks_by_deployment ON health_checks (deployment_id, id);
