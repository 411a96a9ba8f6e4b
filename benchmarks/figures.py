"""Percentiles, medians of runs, and the one table that a benchmark prints."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median


def percentile(values: Sequence[float], rank: float) -> float:
    """Return the value that ``rank`` percent of the values do not exceed, 0 of none."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * rank / 100))]


def median_of(runs: Iterable[dict[str, float]]) -> dict[str, float]:
    """Return the median of each figure over the runs that have it."""
    collected: dict[str, list[float]] = {}
    for run in runs:
        for name, value in run.items():
            collected.setdefault(name, []).append(value)
    return {name: median(values) for name, values in collected.items()}


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return an aligned text table, the first column to the left."""
    lines = [list(head), *(list(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    shown = [
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
    return "\n".join([shown[0], "  ".join("-" * width for width in widths), *shown[1:]])


def verdict(what: str, measured: str, *, met: bool) -> str:
    """Return one line that says whether a target was met."""
    return f"{'met   ' if met else 'MISSED'}  {what}: {measured}"
