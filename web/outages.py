"""When nothing was recorded: a chart must not draw a line across it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from db.equity import DENSE_FOR, MINUTELY_FOR
from portfolio.values import AccountFigures

Span = tuple[datetime, datetime]

_BY_AGE = (
    (DENSE_FOR, timedelta(seconds=90)),
    (MINUTELY_FOR, timedelta(seconds=150)),
    (timedelta.max, timedelta(hours=2, minutes=30)),
)
"""Up to an age: the longest pause between samples while AlphaFlow runs.

The sampler stores one a minute at least (gateway/equity_sampler.py). Of older ones
the last of each minute, then of each hour, is kept, so two neighbours are up to two
of these apart.
"""


def outages(samples: Sequence[AccountFigures], now: datetime) -> Iterator[Span]:
    """Yield the spans between two samples in which nothing was recorded.

    Args:
        samples: all of a span, oldest first.
        now: tells how old they are.
    """
    for before, after in pairwise(samples):
        if after.at - before.at > _longest_pause(now - before.at):
            yield before.at, after.at


def _longest_pause(age: timedelta) -> timedelta:
    return next(pause for limit, pause in _BY_AGE if age <= limit)
