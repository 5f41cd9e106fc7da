from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from lci_app.adapters.host import READY, HostPorts, notify_systemd, open_lock
from lci_app.interfaces import Trouble

HOLD = """
import sys
from pathlib import Path
from lci_app.adapters.host import open_lock
with open_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def hold(data_directory: Path) -> subprocess.Popen[bytes]:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(data_directory)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    return holder


async def test_a_port_is_free_unless_somebody_listens_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert not await HostPorts().is_free(port)
    assert await HostPorts().is_free(port)


async def test_a_port_on_which_a_connection_still_lingers_is_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port))
        served, _ = listener.accept()
        # Whoever closes first lingers in TIME_WAIT.
        served.close()
        client.close()
    assert await HostPorts().is_free(port)


def test_a_second_holder_of_the_data_directory_is_told_who_holds_it(tmp_path: Path) -> None:
    holder = hold(tmp_path)
    with holder:
        words = re.escape(f"{tmp_path} is in use by another lci (process {holder.pid})")
        with pytest.raises(Trouble, match=words) as caught, open_lock(tmp_path):
            pass
        assert caught.value.code == "DATA_DIRECTORY_IN_USE"
        holder.communicate()
    with open_lock(tmp_path):
        assert (tmp_path / "lci.lock").read_text() == f"{os.getpid()}\n"


def test_the_lock_of_a_holder_that_was_killed_is_free(tmp_path: Path) -> None:
    with hold(tmp_path) as holder:
        holder.send_signal(signal.SIGKILL)
    with open_lock(tmp_path):
        pass


def test_a_child_that_outlives_the_holder_does_not_hold_the_lock(tmp_path: Path) -> None:
    with open_lock(tmp_path):
        child = subprocess.Popen(["sleep", "1000"], close_fds=False)
    try:
        with open_lock(tmp_path):
            pass
    finally:
        child.kill()
        child.wait()


def test_a_data_directory_that_cannot_be_locked_is_named(tmp_path: Path) -> None:
    with pytest.raises(Trouble, match=r"none/lci\.lock: No such file") as caught, open_lock(tmp_path / "none"):
        pass
    assert caught.value.code == "DATA_DIRECTORY_UNUSABLE"


def test_the_lock_is_not_written_through_a_symlink(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("kept")
    (tmp_path / "lci.lock").symlink_to(tmp_path / "precious")
    with pytest.raises(Trouble), open_lock(tmp_path):
        pass
    assert (tmp_path / "precious").read_text() == "kept"


@pytest.mark.parametrize("abstract", [False, True])
def test_systemd_is_told(tmp_path: Path, abstract: bool) -> None:
    name = f"lci-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind("\0" + name if abstract else name)
        notify_systemd("@" + name if abstract else name, READY)
        assert systemd.recv(100) == b"READY=1"


def test_a_systemd_that_cannot_be_told_is_a_warning_and_none_is_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    notify_systemd(None, READY)
    assert caplog.text == ""
    notify_systemd(str(tmp_path / "none"), READY)
    assert "could not be told READY=1" in caplog.text
