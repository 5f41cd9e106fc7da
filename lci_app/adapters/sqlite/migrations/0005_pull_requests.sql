-- Whether somebody who may write to the repository vouches for what a build runs: said when it is queued, never worked
-- out again. What nobody vouches for is never deployed, whatever else goes wrong.
ALTER TABLE builds ADD COLUMN trust TEXT NOT NULL DEFAULT 'trusted' CHECK (trust IN ('trusted', 'untrusted'));
ALTER TABLE builds ADD COLUMN pull_request INTEGER;
ALTER TABLE builds ADD COLUMN needs_approval INTEGER NOT NULL DEFAULT 0 CHECK (needs_approval IN (0, 1));
ALTER TABLE builds ADD COLUMN approved_commit TEXT;
ALTER TABLE builds ADD COLUMN approved_by TEXT;
ALTER TABLE builds ADD COLUMN approved_at TEXT;

UPDATE builds SET trust = 'untrusted', deploy = 0, retained = 0 WHERE trigger = 'pull_request';

CREATE TRIGGER untrusted_builds_are_not_queued_to_deploy BEFORE INSERT ON builds
WHEN NEW.trust <> 'trusted' AND (NEW.deploy <> 0 OR NEW.output_build_id IS NOT NULL)
BEGIN
    SELECT RAISE(ABORT, 'an untrusted build is never deployed');
END;

CREATE TRIGGER untrusted_builds_stay_so BEFORE UPDATE ON builds
WHEN OLD.trust <> 'trusted'
    AND (NEW.trust = 'trusted' OR NEW.deploy <> 0 OR NEW.retained <> 0 OR NEW.status = 'Deploying')
BEGIN
    SELECT RAISE(ABORT, 'an untrusted build is never deployed');
END;

CREATE INDEX builds_of_pull_requests ON builds (project_id, pull_request, id)
    WHERE pull_request IS NOT NULL AND status = 'Queued';
