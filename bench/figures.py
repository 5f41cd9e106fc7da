"""A measured figure, and how figures are shown to people and to machines."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

COLUMNS: Final = ("bench", "figure", "unit", "goal", "measured", "range", "runs")
RIGHT_ALIGNED: Final = frozenset({"goal", "measured", "range", "runs"})


@dataclass(frozen=True, slots=True)
class AtLeast:
    value: float

    def __str__(self) -> str:
        return f"≥ {shown(self.value)}"

    def is_met(self, measured: float) -> bool:
        return measured >= self.value


@dataclass(frozen=True, slots=True)
class AtMost:
    value: float

    def __str__(self) -> str:
        return f"≤ {shown(self.value)}"

    def is_met(self, measured: float) -> bool:
        return measured <= self.value


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing that was measured; `values` holds one number a run, in `unit`."""

    name: str
    unit: str
    values: Sequence[float]
    goal: AtLeast | AtMost | None = None

    @property
    def measured(self) -> float:
        return median(self.values)


# Measures, and returns its figures. What it does is its docstring's first line.
Bench = Callable[[], Sequence[Figure]]


def shown(value: float) -> str:
    """A whole number as it is; of others three digits at least, and no more decimals than that needs."""
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.{2 if abs(value) < 10 else 1 if abs(value) < 100 else 0}f}"


def table(results: Iterable[tuple[str, Figure]]) -> str:
    rows = [COLUMNS, *(_row(bench, figure) for bench, figure in results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    return "".join(
        "  ".join(
            cell.rjust(width) if name in RIGHT_ALIGNED else cell.ljust(width)
            for name, cell, width in zip(COLUMNS, row, widths, strict=True)
        ).rstrip()
        + "\n"
        for row in rows
    )


def _row(bench: str, figure: Figure) -> tuple[str, ...]:
    missed = figure.goal is not None and not figure.goal.is_met(figure.measured)
    return (
        bench,
        figure.name,
        figure.unit,
        str(figure.goal or ""),
        shown(figure.measured) + (" !" if missed else "  "),
        f"{shown(min(figure.values))} … {shown(max(figure.values))}" if len(figure.values) > 1 else "",
        str(len(figure.values)),
    )


def as_json(results: Iterable[tuple[str, Figure]]) -> str:
    """One object a line."""
    return "".join(
        json.dumps(
            {
                "bench": bench,
                "figure": figure.name,
                "unit": figure.unit,
                "goal": None if figure.goal is None else str(figure.goal),
                "met": None if figure.goal is None else figure.goal.is_met(figure.measured),
                "measured": figure.measured,
                "values": list(figure.values),
            },
            ensure_ascii=False,
        )
        + "\n"
        for bench, figure in results
    )
