"""What lci's objects are called."""

from __future__ import annotations

from lci_app.core import names
from lci_app.core.model import Slot


def test_every_object_bears_all_labels() -> None:
    labels = names.labels(instance="i", role=names.ROLE_RUNTIME, project_id=3, build_id=4, slot=Slot.GREEN)
    assert labels == {
        "lci.instance": "i",
        "lci.role": "runtime",
        "lci.project_id": "3",
        "lci.build_id": "4",
        "lci.slot": "Green",
    }


def test_containers_have_the_names_that_people_know() -> None:
    assert names.runtime_container("shop", Slot.BLUE) == "lci-shop-blue"
    assert names.build_container(7) == "lci-build-7"
    assert names.build_container(7, "test") == "lci-build-7-test"
