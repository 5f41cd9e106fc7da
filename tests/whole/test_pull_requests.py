"""A pull request from a fork, end to end: what its build finds, and what it is kept from."""

from __future__ import annotations

from typing import Any

from lci_app.core import names
from tests.git_server import GitRepository
from tests.whole.pull_requests import deliver, pull_request
from tests.whole.service import Service, instance_containers, push_payload

SECRET = "9a-very-secret-token"
# Says all that a build can see of what it must not have, and tries to leave something for the builds after it.
PROBE = """\
env | sort
echo "in the cache: $(ls /root/.npm)"
touch /root/.npm/left-by-$(cat who)
echo "built by $FROM"
cp -r . /output/
"""


def registered(service: Service, shop: GitRepository) -> tuple[str, str]:
    """Register a project that is live, and whose secret and shared cache hold something; base and offered commit."""
    file = '[build]\nenv = { FROM = "base" }\nsecrets = ["TOKEN"]\n'
    base = shop.commit({"who": "base", ".lci.toml": file}, "Build with a secret")
    service.register(
        "forked",
        shop.url,
        build_command=PROBE,
        cache_type="npm",
        pull_requests="forks_after_approval",
        repo_token="ghp_a-token-for-the-repository",
    )
    service.call("PUT", "/api/projects/forked/secrets/TOKEN", {"value": SECRET})
    assert "TOKEN=***" in service.log_lines(service.succeed("forked")["id"])
    assert "left-by-base" in {each.name for each in (service.data_dir / names.shared_cache("npm")).iterdir()}
    stolen = '[build]\nenv = { FROM = "fork" }\ncommand = "echo stolen"\n[deploy]\nenabled = true\n'
    return base, shop.offer(1, {"who": "fork", ".lci.toml": stolen, "index.html": "pwned"})


def approved(service: Service, build_id: int) -> Any:
    """Approve a build, and return it when it has ended."""
    service.cli("approve", str(build_id))
    return service.wait_build(build_id)


def test_the_build_of_a_fork_finds_nothing_that_is_not_its_own(service: Service, shop: GitRepository) -> None:
    base, offered = registered(service, shop)
    answer = deliver(service, pull_request(shop.url, offered))
    assert answer.status_code == 202
    (queued,) = answer.json()["data"]["builds"]
    build_id = queued["build_id"]
    assert (queued["status"], queued["waits_for"], queued["commit_hash"]) == ("Queued", "approval", offered)

    # It waits, and holds up nobody meanwhile: a push to the same project is built and goes live.
    assert service.succeed("forked")["deployed_slot"] == "Green"
    assert service.get(f"/api/builds/{build_id}")["status"] == "Queued"

    build = approved(service, build_id)
    lines = service.log_lines(build_id)
    assert build["status"] == "Success", lines
    assert (build["trust"], build["deploy"], build["deployed_slot"]) == ("untrusted", False, None)

    # No secret: neither the variable, nor its value, nor what opens the repository.
    assert not [line for line in lines if any(word in line for word in ("TOKEN", SECRET, "ghp_", "***"))]
    # No shared cache: it finds an empty one, and leaves nothing in that of the others.
    assert "in the cache: " in lines
    assert {each.name for each in (service.data_dir / names.shared_cache("npm")).iterdir()} == {"left-by-base"}
    # The settings of the base branch, not its own.
    assert "built by base" in lines
    assert "stolen" not in lines
    assert f"Settings are those of main at {base}, not the pull request's." in lines
    # Nothing deployed, nothing kept.
    assert service.visit("/forked/index.html").text != "pwned"
    assert service.get("/api/projects/forked/status")["active_slot"] == "Green"
    assert not (service.data_dir / names.output(build_id)).exists()
    assert instance_containers(service.data_dir, build_id=str(build_id)) == []
    refused = service.request("POST", "/api/projects/forked/rollback", json={"build_id": build_id})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "NOTHING_RETAINED")


def test_an_approval_is_of_one_commit(service: Service, shop: GitRepository) -> None:
    service.register("bound", shop.url, pull_requests="forks_after_approval")
    first = shop.offer(1, {"who": "first"})
    (queued,) = deliver(service, pull_request(shop.url, first)).json()["data"]["builds"]
    later = shop.offer(1, {"who": "later"})
    body = pull_request(shop.url, later, action="synchronize", before=first, after=later)
    (next_one,) = deliver(service, body).json()["data"]["builds"]

    assert service.get(f"/api/builds/{queued['build_id']}")["status"] == "Cancelled"
    done = service.cli("approve", str(queued["build_id"]), check=False)
    assert (done.returncode, "ended already" in done.stderr) == (5, True)
    done = service.cli("approve", str(next_one["build_id"]), "--commit", first, check=False)
    assert (done.returncode, later in done.stderr) == (5, True)
    assert service.get(f"/api/builds/{next_one['build_id']}")["waits_for"] == "approval"

    assert approved(service, next_one["build_id"])["commit_hash"] == later
    again = service.post(f"/api/builds/{next_one['build_id']}/rebuild")
    rebuilt = service.wait_build(again["build_id"])
    assert (rebuilt["status"], rebuilt["trust"], rebuilt["deployed_slot"]) == ("Success", "untrusted", None)


def test_without_its_projects_word_no_pull_request_is_built(service: Service, shop: GitRepository) -> None:
    service.register("closed", shop.url)
    offered = shop.offer(1, {"who": "fork"})
    answer = deliver(service, pull_request(shop.url, offered))
    data = answer.json()["data"]
    assert (answer.status_code, data["ignored"], data["builds"]) == (200, "event", [])
    assert "pull_requests is off" in data["reason"]
    pushed = service.push(push_payload(shop.url, shop.head()))
    assert pushed.status_code == 202
