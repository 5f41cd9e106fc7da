from __future__ import annotations

import pytest

from lci_app.api.large_bodies import LARGE_BYTES, MOST, LargeBodies
from lci_app.api.problem import Problem


async def test_so_many_large_bodies_are_held_and_no_more() -> None:
    bodies = LargeBodies()
    held = [bodies.room(length) for length in [LARGE_BYTES + 1, None] * (MOST // 2)]
    for room in held:
        await room.__aenter__()
    async with bodies.room(LARGE_BYTES):
        pass
    with pytest.raises(Problem) as refused:
        await bodies.room(LARGE_BYTES + 1).__aenter__()
    assert (refused.value.status, refused.value.headers["Retry-After"]) == (429, "5")
    await held[0].__aexit__(None, None, None)
    async with bodies.room(None):
        pass
