"""The set-up scripts' decisions: when an environment is finished, and what is said when it cannot be."""

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import lci_app

ROOT = Path(__file__).parent.parent


def bash(root: Path, commands: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run commands with the set-up's functions, as a clone at `root` has them."""
    libraries = (shlex.quote(f"{root}/scripts/lib/{name}.sh") for name in ("base", "python", "docker", "peers"))
    sources = "".join(f". {library}; " for library in libraries)
    env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(root), **environment}
    return subprocess.run(["bash", "-c", sources + commands], env=env, capture_output=True, text=True, check=False)


def is_ready(root: Path) -> bool:
    return bash(root, 'is_ready "$ROOT/requirements.lock"').returncode == 0


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone whose set-up has just ended."""
    root = tmp_path / "clone"
    shutil.copytree(ROOT / "scripts", root / "scripts")
    shutil.copy(ROOT / "requirements.lock", root)
    (root / ".venv/bin").mkdir(parents=True)
    (root / ".venv/.ready").mkdir()
    (root / ".venv/bin/python").symlink_to(sys.executable)
    (root / ".venv/bin/lci").touch(mode=0o755)
    bash(root, 'stamp "$ROOT/requirements.lock" > "$STAMPS/requirements.lock"').check_returncode()
    return root


def test_a_finished_set_up_is_not_done_again(clone: Path) -> None:
    assert is_ready(clone)


def test_a_changed_lock_file_is_installed(clone: Path) -> None:
    with (clone / "requirements.lock").open("a") as lock:
        lock.write("another==1.0\n")
    assert not is_ready(clone)


def test_a_clone_that_was_moved_is_set_up_anew(clone: Path) -> None:
    assert not is_ready(clone.rename(clone.with_name("elsewhere")))


def test_an_environment_whose_python_is_gone_is_set_up_anew(clone: Path) -> None:
    (clone / ".venv/bin/python").unlink()
    (clone / ".venv/bin/python").symlink_to("/nonexistent/python3")
    assert not is_ready(clone)


def test_a_set_up_that_was_interrupted_before_its_end_is_done_again(clone: Path) -> None:
    (clone / ".venv/bin/lci").unlink()
    assert not is_ready(clone)


def test_an_engine_at_another_address_is_asked_for_not_installed() -> None:
    answer = bash(ROOT, "engine_ready", DOCKER_HOST="unix:///nonexistent/docker.sock")
    assert answer.returncode == 1
    assert answer.stderr == (
        "lci: no Docker engine answers at DOCKER_HOST=unix:///nonexistent/docker.sock: "
        "start it, or unset DOCKER_HOST to use the local one\n"
    )


def test_the_engine_that_the_configuration_names_is_the_one_that_is_asked(tmp_path: Path) -> None:
    (tmp_path / "lci.toml").write_text('docker_host = "unix:///somewhere/docker.sock"\n')
    assert bash(ROOT, "configured_engine", LCI_CONFIG_DIR=str(tmp_path)).stdout == "unix:///somewhere/docker.sock\n"
    (tmp_path / "lci.toml").write_text("docker_hots = 1\n")
    assert bash(ROOT, "configured_engine", LCI_CONFIG_DIR=str(tmp_path)).stdout == ""


# An engine that is down until something starts it, and a machine on which everything is only told.
DOWN = """
state=down; engine_state() { echo $state; }; flock() { :; }
may_root() { true; }; may_apt() { true; }; have() { false; }
apt_install() { echo "install $*"; have() { true; }; }; start_engine() { echo start; state=up; }
"""


def test_a_missing_engine_is_installed_and_started_after_saying_so() -> None:
    answer = bash(ROOT, DOWN + "engine_ready")
    assert (answer.returncode, answer.stdout) == (0, "install docker.io iptables\nstart\n")
    assert answer.stderr.splitlines() == [
        "lci: no Docker engine answers at /var/run/docker.sock",
        "lci: the Docker engine answers",
    ]


def test_an_engine_that_is_installed_is_only_started() -> None:
    answer = bash(ROOT, DOWN + "have() { true; }; engine_ready")
    assert (answer.returncode, answer.stdout) == (0, "start\n")


@pytest.mark.parametrize(
    ("stubs", "told"),
    [
        (
            "may_root() { false; }",
            "only root may install one: run 'sudo apt-get install docker.io', or set DOCKER_HOST",
        ),
        ("may_root() { false; }; have() { true; }", "run 'sudo systemctl start docker', or set DOCKER_HOST"),
        ("may_apt() { false; }", "this system has no apt-get to install docker.io with"),
        ("apt_install() { false; }", "apt-get could not install docker.io"),
        ("start_engine() { false; }", "the Docker engine was started and does not answer: see"),
        ("state=forbidden; may_root() { false; }", "this user may not use /var/run/docker.sock: run 'sudo usermod"),
    ],
)
def test_where_no_engine_can_be_had_one_sentence_says_what_to_do(stubs: str, told: str) -> None:
    answer = bash(ROOT, f"{DOWN}{stubs}; engine_ready")
    assert answer.returncode == 1
    assert told in answer.stderr.splitlines()[-1]


def test_where_uv_cannot_install_pip_does() -> None:
    pip = ROOT / "requirements.lock"
    stubs = 'find_uv() { echo uv; }; uv_as_pip() { false; }; VENV=$(mktemp -d); mkdir "$VENV/bin"; '
    stubs += """printf '#!/bin/sh\necho "$@"\n' >"$VENV/bin/python"; chmod +x "$VENV/bin/python"; """
    answer = bash(ROOT, f"{stubs} install_lock {pip}")
    assert (answer.returncode, answer.stderr.splitlines()[0]) == (
        0,
        "lci: uv could not install requirements.lock, trying pip",
    )
    assert "-m pip install" in answer.stderr
    assert "--require-hashes" in answer.stderr


def test_of_the_proxies_to_compare_with_only_the_missing_are_installed_and_none_is_left_running() -> None:
    stubs = 'may_apt() { true; }; apt_install() { echo "install $*"; }; stop_service() { echo "stop $*"; }; '
    told = bash(ROOT, stubs + 'have() { [ "$1" = nginx ]; }; peers_ready').stdout
    assert told == "install haproxy openssh-server faketime strace\nstop haproxy\nstop ssh\n"
    assert bash(ROOT, stubs + "have() { true; }; peers_ready").stdout == ""


def test_where_nothing_may_be_installed_it_is_said_what_is_missing() -> None:
    answer = bash(ROOT, "may_apt() { false; }; have() { false; }; peers_ready")
    assert answer.returncode == 0
    assert "run 'sudo apt-get install nginx haproxy openssh-server faketime strace'" in answer.stderr


def test_the_image_of_the_tests_is_made_of_a_static_program_only() -> None:
    checked = [sys.executable, str(ROOT / "scripts/images/import_busybox.py"), "static"]
    assert subprocess.run([*checked, shutil.which("bash") or "bash"], check=False).returncode == 1
    assert subprocess.run([*checked, str(ROOT / "pyproject.toml")], check=False).returncode == 1


@pytest.mark.docker
def test_asking_run_for_help_sets_up_and_starts_nothing() -> None:
    answer = subprocess.run([ROOT / "scripts/run", "--help"], capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stdout.splitlines()[0][:16]) == (0, "usage: lci serve")


def test_the_program_is_ours_wherever_it_is_started(tmp_path: Path) -> None:
    (tmp_path / "lci_app").mkdir()
    (tmp_path / "lci_app/__main__.py").write_text("raise SystemExit('another package of that name')")
    (tmp_path / "link").symlink_to(Path(sys.prefix) / "bin/lci")
    answer = subprocess.run(["./link", "version"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stdout) == (0, f"lci {lci_app.__version__}\n")
