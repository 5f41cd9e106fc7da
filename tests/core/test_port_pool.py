"""Each project's pair of ports."""

from __future__ import annotations

from itertools import islice

from lci_app.core.port_pool import free_numbers, pair


def test_project_n_gets_its_pair_of_ports() -> None:
    assert pair(9000, 1) == (9001, 9002)
    assert pair(9000, 3) == (9021, 9022)


def test_a_pair_that_is_free_again_is_given_first() -> None:
    assert list(islice(free_numbers(9000, {1, 3}), 2)) == [2, 4]


def test_the_ports_end_where_ports_end() -> None:
    assert list(free_numbers(65500, set())) == [1, 2, 3, 4]
