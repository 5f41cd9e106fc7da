"""What only the user who runs lci may read."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from lci_app.adapters.private_files import keep_set_up_link, prepare_data_directory, write_private
from lci_app.core import names
from lci_app.interfaces import Trouble


@pytest.fixture(autouse=True)
def _umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_whatever_is_made_is_for_one_user(tmp_path: Path) -> None:
    data = tmp_path / "a" / "data"
    prepare_data_directory(data)
    (data / "new").write_text("x")
    (data / "tree").mkdir()
    assert [mode(each) for each in (data, data / names.RUN, data / "new", data / "tree")] == [
        0o700,
        0o700,
        0o600,
        0o700,
    ]


def test_what_was_open_to_others_is_closed(tmp_path: Path) -> None:
    for name in (names.DATABASE, "secret.key", "db/lci.db-wal"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
        (tmp_path / name).chmod(0o644)
    (tmp_path / "logs").mkdir(mode=0o755)
    outside = tmp_path.parent / "outside"
    outside.write_text("x")
    outside.chmod(0o644)
    (tmp_path / "link").symlink_to(outside)
    tmp_path.chmod(0o755)
    prepare_data_directory(tmp_path)
    assert {mode(tmp_path / name) for name in (names.DATABASE, "secret.key", "db/lci.db-wal")} == {0o600}
    assert mode(tmp_path) == mode(tmp_path / "logs") == mode(tmp_path / "db") == 0o700
    assert mode(outside) == 0o644


def test_what_is_no_directory_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(Trouble, match=r"the data directory .*file cannot be used") as caught:
        prepare_data_directory(tmp_path / "file")
    assert caught.value.code == "DATA_DIRECTORY_UNUSABLE"


def test_a_private_file_is_replaced_in_one_step(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("old")
    path.chmod(0o644)
    write_private(path, "new\n")
    assert (path.read_text(), mode(path), [each.name for each in tmp_path.iterdir()]) == ("new\n", 0o600, ["token"])


def test_the_set_up_link_is_said_once_and_kept_until_somebody_is_registered(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keep_set_up_link(tmp_path, "http://127.0.0.1:3000/welcome#secret")
    path = tmp_path / names.SET_UP_LINK
    assert (path.read_text(), mode(path)) == ("http://127.0.0.1:3000/welcome#secret\n", 0o600)
    assert caplog.text.count("#secret") == 1
    caplog.set_level(logging.DEBUG)
    keep_set_up_link(tmp_path, None)
    keep_set_up_link(tmp_path, None)
    assert not path.exists()
