"""One page of bars: through the symbols in order, through each one's spans in time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime

from exchange.bars import Bar
from exchange.data_query import BarsQuery, page_token
from exchange.market import Market

_TURN = 200
"""Spans looked at before anything else on the event loop gets its turn."""


async def bars_page(query: BarsQuery, market: Market) -> tuple[dict[str, list[Bar]], str | None]:
    """Return the bars of one page by symbol, and the token of the next page or None."""
    bars: dict[str, list[Bar]] = {}
    found = 0
    for count, (symbol, start) in enumerate(_spans(query, market), start=1):
        if count % _TURN == 0:
            await asyncio.sleep(0)
        bar = market.bar(symbol, start, query.timeframe.after(start))
        if bar is None:
            continue
        if found == query.limit:
            return bars, page_token(symbol, start)
        bars.setdefault(symbol, []).append(bar)
        found += 1
    return bars, None


def _spans(query: BarsQuery, market: Market) -> Iterator[tuple[str, datetime]]:
    """Yield symbol and start of every span of the query, from where the page begins."""
    resume = query.resume
    for symbol in query.symbols:
        if resume is not None and symbol < resume[0]:
            continue
        at = resume[1] if resume is not None and symbol == resume[0] else None
        for start in _starts(query, max(query.start, market.begins), at):
            yield symbol, start


def _starts(query: BarsQuery, first: datetime, resumed: datetime | None) -> Iterator[datetime]:
    timeframe = query.timeframe
    if query.is_newest_first:
        start = timeframe.start_of(min(resumed or query.end, query.end))
        while start >= first:
            yield start
            start = timeframe.before(start)
    else:
        start = timeframe.first_from(max(resumed or first, first))
        while start <= query.end:
            yield start
            start = timeframe.after(start)
