-- The SHA-256 of a delivery's body, by which one that comes again under a new id is known; empty in older rows.
ALTER TABLE deliveries ADD COLUMN body_sha256 TEXT NOT NULL DEFAULT '';
