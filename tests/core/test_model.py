"""The words lci speaks."""

from __future__ import annotations

from lci_app.core.model import Scope, Slot


def test_a_scope_contains_the_lesser_ones() -> None:
    assert Scope.ADMIN.allows(Scope.DEPLOY)
    assert Scope.DEPLOY.allows(Scope.READ)
    assert not Scope.READ.allows(Scope.DEPLOY)
    assert not Scope.DEPLOY.allows(Scope.ADMIN)


def test_each_slot_knows_the_other() -> None:
    assert (Slot.BLUE.other, Slot.GREEN.other) == (Slot.GREEN, Slot.BLUE)
