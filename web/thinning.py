"""Fewer points for the same line."""

from __future__ import annotations

from collections.abc import Sequence

from portfolio.values import AccountFigures


def thinned(samples: Sequence[AccountFigures], most: int) -> list[AccountFigures]:
    """Return at most ``most`` samples: the first, and the last of each equal span of time.

    Args:
        samples: oldest first.
        most: at least 2.
    """
    if len(samples) <= most:
        return list(samples)
    first, last = samples[0], samples[-1]
    span = (last.at - first.at).total_seconds() / (most - 1)
    by_span: dict[int, AccountFigures] = {}
    for sample in samples[1:]:
        index = int((sample.at - first.at).total_seconds() / span) if span else 0
        by_span[min(index, most - 2)] = sample
    return [first, *by_span.values()]
