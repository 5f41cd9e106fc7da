-- Who or what asked for the build: a person's name, a token's, or the webhook.
ALTER TABLE builds ADD COLUMN requested_by TEXT NOT NULL DEFAULT '';
