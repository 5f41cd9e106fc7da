from __future__ import annotations

import stat
from base64 import b64decode, b64encode
from pathlib import Path

import pytest

from lci_app.adapters.vault import Key, Vault, open_vault
from lci_app.core.secrets import Place
from lci_app.interfaces import Refusal, Trouble

PLACE = Place("secrets", "7", "TOKEN")
SECRET = "hunter2 größer 𝄞\nsecond line"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "secret.key"


def test_what_was_sealed_is_opened_again_also_after_a_restart(path: Path) -> None:
    sealed = open_vault(path).seal(SECRET, PLACE)
    assert open_vault(path).unseal(sealed, PLACE) == SECRET
    assert "hunter2" not in sealed


def test_the_same_text_is_never_sealed_alike(path: Path) -> None:
    vault = open_vault(path)
    assert len({vault.seal(SECRET, PLACE) for _ in range(100)}) == 100


@pytest.mark.parametrize(
    "elsewhere",
    [Place("secrets", "8", "TOKEN"), Place("secrets", "7", "OTHER"), Place("settings", "7", "TOKEN"),
     # Without lengths these would read as the same bytes.
     Place("secrets7", "", "TOKEN"), Place("secrets", "7T", "OKEN")],
)  # fmt: skip
def test_a_value_that_was_moved_cannot_be_opened(path: Path, elsewhere: Place) -> None:
    vault = open_vault(path)
    with pytest.raises(Trouble, match="changed, or moved") as caught:
        vault.unseal(vault.seal(SECRET, PLACE), elsewhere)
    assert caught.value.code == "SECRET_UNREADABLE"


def test_no_byte_of_a_sealed_value_can_be_changed(path: Path) -> None:
    vault = open_vault(path)
    scheme, key_id, body = vault.seal(SECRET, PLACE).split(":")
    data = b64decode(body)
    for at in range(len(data)):
        changed = bytes([*data[:at], data[at] ^ 1, *data[at + 1 :]])
        with pytest.raises(Trouble):
            vault.unseal(f"{scheme}:{key_id}:{b64encode(changed).decode()}", PLACE)


@pytest.mark.parametrize("sealed", ["", "hunter2", "lci1:", "lci1:zz:zz", "lci2:x:y", "::"])
def test_what_was_never_sealed_is_refused_without_being_shown(path: Path, sealed: str) -> None:
    with pytest.raises(Trouble) as caught:
        open_vault(path).unseal(sealed, PLACE)
    assert "hunter2" not in str(caught.value)


def test_another_key_file_says_which_file_to_restore(path: Path, tmp_path: Path) -> None:
    sealed = open_vault(path).seal(SECRET, PLACE)
    with pytest.raises(Trouble, match=r"other\.key: restore that file"):
        open_vault(tmp_path / "other.key").unseal(sealed, PLACE)


def test_the_key_file_is_this_users_alone_and_is_made_so_again(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    open_vault(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    open_vault(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "rotate the key" in caplog.text


def test_a_link_is_no_key_file(path: Path, tmp_path: Path) -> None:
    open_vault(tmp_path / "elsewhere.key")
    path.parent.mkdir()
    path.symlink_to(tmp_path / "elsewhere.key")
    with pytest.raises(Trouble, match="plain file"):
        open_vault(path)


@pytest.mark.parametrize("text", ["", "# nothing\n", "short\n", b64encode(bytes(31)).decode(), "ä" * 44])
def test_a_damaged_key_file_is_refused_and_left_as_it_is(path: Path, text: str) -> None:
    path.parent.mkdir()
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(Trouble, match="restore it from a backup") as caught:
        open_vault(path)
    assert caught.value.code == "KEYS_UNUSABLE"
    assert path.read_text() == text


def test_a_rotation_opens_old_and_new_until_it_ends(path: Path) -> None:
    vault = open_vault(path)
    old = vault.seal(SECRET, PLACE)
    vault.begin_rotation()
    new = vault.seal(SECRET, PLACE)
    for each in (vault, open_vault(path)):
        assert each.unseal(old, PLACE) == each.unseal(new, PLACE) == SECRET
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    vault.end_rotation()
    for each in (vault, open_vault(path)):
        assert each.unseal(new, PLACE) == SECRET
        with pytest.raises(Trouble):
            each.unseal(old, PLACE)
    assert [entry.name for entry in path.parent.iterdir()] == ["secret.key"]


def test_given_credentials_win_and_are_not_lcis_to_change(path: Path, tmp_path: Path) -> None:
    given = tmp_path / "credentials" / "secret.key"
    sealed = open_vault(given).seal(SECRET, PLACE)
    before = given.read_bytes()
    vault = open_vault(path, given)
    assert vault.unseal(sealed, PLACE) == SECRET
    assert not path.exists()
    with pytest.raises(Refusal, match="start lci again"):
        vault.begin_rotation()
    assert given.read_bytes() == before


def test_given_keys_are_rotated_over_two_restarts(path: Path, tmp_path: Path) -> None:
    given = tmp_path / "credentials" / "secret.key"
    old = open_vault(given).seal(SECRET, PLACE)
    old_line = given.read_text().splitlines()[-1]
    new_line = b64encode(bytes(range(32))).decode()
    given.write_text(f"{new_line}\n{old_line}\n")
    vault = open_vault(path, given)
    vault.begin_rotation()
    new = vault.seal(vault.unseal(old, PLACE), PLACE)
    vault.end_rotation()
    assert vault.unseal(old, PLACE) == SECRET, "as long as the line is there"
    assert given.read_text() == f"{new_line}\n{old_line}\n"
    given.write_text(f"{new_line}\n")
    assert open_vault(path, given).unseal(new, PLACE) == SECRET


def test_a_fingerprint_tells_values_apart_and_no_more(path: Path) -> None:
    vault = open_vault(path)
    assert vault.fingerprint("a") == vault.fingerprint("a") != vault.fingerprint("b")
    assert vault.fingerprint("a") != Vault(path, [Key(bytes(32))], given=True).fingerprint("a")


def test_keys_are_not_shown(path: Path) -> None:
    assert "\\x" not in repr(Key(bytes(range(32))))
