"""The log view: a log of 200,000 lines, and one that is being written over a line that is cut again and again."""

from __future__ import annotations

from tests.git_server import GitServer
from tests.web.browser import run_scenario
from tests.whole.service import Service

LINES = 200_000
# What a page may hold, however long the log is.
MAX_NODES = 1_500
CUTS = 8
TEXT = r"\033[32m[INFO]\033[0m line %d of a long build\n"
WIDE = r"printf '빌드\t✓ 🎉%.0s' $(seq 400); echo"
GROUP = "echo ::group::Install; echo added 3 packages; echo ::endgroup::"
PRINT = f"""{WIDE}; {GROUP}; awk 'BEGIN {{ for (i = 1; i <= {LINES}; i++) printf "{TEXT}", i }}'"""
# Until the build is told to end, by the file that its own output directory shows it.
TALK = "i=0; while [ ! -e /output/end ]; do seq $((i + 1)) $((i + 20)); i=$((i + 20)); sleep 0.1; done"


def test_of_a_long_log_only_what_is_in_view_exists_and_all_of_it_is_reached(
    service: Service, git_server: GitServer
) -> None:
    repository = git_server.create("acme/long")
    repository.commit({"index.html": "x"})
    service.register("long", repository.url, build_command=PRINT)
    build = service.succeed("long", deploy=False)
    first = service.get(f"/api/builds/{build['id']}/logs/search?q=line 1 of&limit=1")["lines"][0]["number"]
    options = {"url": service.url, "token": service.token, "build": build["id"], "lines": LINES, "first": first}
    found = run_scenario("log", options)
    assert found["complaints"] == []
    assert found["nodes"] < MAX_NODES


def test_a_live_log_is_followed_left_and_read_whole_whatever_is_cut(service: Service, git_server: GitServer) -> None:
    repository = git_server.create("acme/talk")
    repository.commit({"index.html": "x"})
    service.register("talk", repository.url, build_command=TALK)
    build = service.post("/api/projects/talk/builds", {"deploy": False})["build_id"]
    service.wait_build(build, "Building")
    options = {"url": service.url, "token": service.token, "build": build, "cuts": CUTS}
    end = service.data_dir / "output" / str(build) / "end"
    found = run_scenario("live", options, {"end the build": end.touch})
    stored = service.get(f"/api/builds/{build}/logs?limit=5000")["lines"]
    assert found["lines"] == [[line["number"], line["text"]] for line in stored]
    assert found["cuts"] >= CUTS
    assert [each for each in found["complaints"] if "WebSocket" not in each] == []
