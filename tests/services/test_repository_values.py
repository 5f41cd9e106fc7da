"""What a repository says is stored with its project."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from lci_app.core.project import Project
from lci_app.core.project_file import merge, parse_repository_file
from lci_app.interfaces import DomainTaken, Gone, Store
from lci_app.services.repository_values import RepositoryValues, addresses_of
from tests.makers import settings
from tests.services.house import House


async def test_values_are_adopted_once(house: House) -> None:
    shop = await house.register()
    await house.values.adopt(shop.id, {"path_filter": "src/**"})
    once = await house.fresh(shop)
    await house.values.adopt(shop.id, {"path_filter": "src/**"})
    assert await house.fresh(shop) == once
    assert once.settings == shop.settings.model_copy(update={"path_filter": "src/**"})
    assert once.revision == shop.revision + 1


async def test_values_are_adopted_over_a_change_that_came_in_between(house: House) -> None:
    shop = await house.register()

    @dataclass
    class Meddled:
        """The store of a house in which somebody changes a project as soon as it has been read."""

        reads: int = 0
        update_project = house.store.update_project

        async def project(self, project_id: int) -> Project | None:
            found = await house.store.project(project_id)
            self.reads += 1
            if self.reads == 1:
                await house.change(shop, drain_timeout=7)
            return found

    store = Meddled()
    adopted = await RepositoryValues(cast("Store", store), house.clock).adopt(shop.id, {"path_filter": "src/**"})
    assert isinstance(adopted, Project)
    assert (adopted.settings.path_filter, adopted.settings.drain_timeout) == ("src/**", 7)
    assert store.reads == 2


async def test_a_project_that_is_gone_adopts_nothing(house: House) -> None:
    assert await house.values.adopt(4711, {"path_filter": "src/**"}) == Gone()


async def test_anothers_address_is_not_adopted(house: House) -> None:
    shop = await house.register()
    await house.register("owner", number=2, domains=["owner.example"])
    taken = await house.values.adopt(shop.id, {"domains": ["owner.example"]})
    assert taken == DomainTaken("owner.example", "owner")
    assert (await house.fresh(shop)).settings == shop.settings


def test_only_the_addresses_that_the_repository_gives_are_brought_along() -> None:
    stored = settings(domains=["stored.example"], strip_prefix=False)
    part = parse_repository_file("[project]\nstrip_prefix = true\n")
    assert not isinstance(part, list)
    assert addresses_of(merge(stored, part).to_json()) == {"strip_prefix": True}
    assert addresses_of(merge(stored, None).to_json()) == {}
    assert addresses_of({}) == {}
