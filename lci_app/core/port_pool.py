"""The pair of host ports that each project gets."""

from __future__ import annotations

from collections.abc import Iterator, Set

_PAIR_STEP = 10
_HIGHEST_PORT = 65535


def pair(port_base: int, number: int) -> tuple[int, int]:
    """Return Blue's and Green's port of pair `number`, counted from 1."""
    first = port_base + (number - 1) * _PAIR_STEP
    return first + 1, first + 2


def free_numbers(port_base: int, held: Set[int]) -> Iterator[int]:
    """Yield the pair numbers that no project holds, smallest first, as far as there are ports."""
    number = 1
    while pair(port_base, number)[1] <= _HIGHEST_PORT:
        if number not in held:
            yield number
        number += 1
