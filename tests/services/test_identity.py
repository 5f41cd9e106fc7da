"""Which lci a data directory is, when it is moved, copied, or both."""

from __future__ import annotations

from pathlib import Path

import pytest

from lci_app.adapters.host import is_another_data_directory
from lci_app.core import names
from lci_app.interfaces import Trouble
from lci_app.services import identity
from tests.services.house import House


def a_data_directory(path: Path) -> Path:
    (path / names.DATABASE).parent.mkdir(parents=True)
    (path / names.DATABASE).touch()
    return path


async def settled(house: House, here: Path) -> str:
    return await identity.settle(house.store, here, is_another_data_directory)


async def test_an_id_is_made_once_and_moves_with_its_directory(house: House, tmp_path: Path) -> None:
    assert await identity.instance_of(house.store) == ""
    here = a_data_directory(tmp_path / "here")
    instance = await settled(house, here)
    assert await settled(house, here) == instance == await identity.instance_of(house.store)
    there = here.rename(tmp_path / "there")
    assert await settled(house, there) == instance
    # Where it was before, nobody is at home any more, whoever comes there later.
    a_data_directory(here)
    assert await settled(house, there) == instance


async def test_a_link_or_an_empty_place_is_no_other_directory(house: House, tmp_path: Path) -> None:
    here = a_data_directory(tmp_path / "here")
    instance = await settled(house, here)
    link = tmp_path / "link"
    link.symlink_to(here)
    assert await settled(house, link) == instance
    assert await settled(house, here) == instance
    there = here.rename(tmp_path / "there")
    here.mkdir()
    assert await settled(house, there) == instance


async def test_a_copy_is_refused_until_the_other_is_gone_or_it_has_an_id_of_its_own(
    house: House, tmp_path: Path
) -> None:
    here, copy = a_data_directory(tmp_path / "here"), a_data_directory(tmp_path / "copy")
    instance = await settled(house, here)
    with pytest.raises(Trouble) as caught:
        await settled(house, copy)
    assert caught.value.code == "DATA_DIRECTORY_COPIED"
    assert {str(here), str(copy)} <= set(str(caught.value).replace(",", "").replace(":", "").replace("`", "").split())
    assert await identity.original_of(house.store, copy, is_another_data_directory) == here
    # Nothing was changed by that.
    assert await settled(house, here) == instance
    own = await identity.renew(house.store, copy)
    assert await settled(house, copy) == own != instance
