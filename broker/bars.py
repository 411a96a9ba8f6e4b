"""Prices of the past: what a span of time opened, reached and closed at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from broker.fields import Fields
from portfolio.errors import ConversionError

Ask = Callable[[Mapping[str, str]], object]

BARS_LIMIT = 10_000
"""The most that Alpaca gives in one page, over all symbols."""
_MOST_PAGES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """All trades of one span: prices in USD per share or coin, volume in shares or coins.

    Attributes:
        at: the span's start, aware UTC.

    Source: Alpaca market data ``bar`` {t, o, h, l, c, v}.
    """

    at: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal


def read_bar(raw: object, symbol: str) -> Bar:
    """Return a bar from its JSON.

    Raises:
        ConversionError: naming the field that can't be used.
    """
    fields = Fields(f"bar of {symbol}", raw)
    return Bar(
        at=fields.moment("t"),
        open=fields.positive("o"),
        high=fields.positive("h"),
        low=fields.positive("l"),
        close=fields.positive("c"),
        volume=fields.not_negative("v"),
    )


def paged(ask: Ask, query: Mapping[str, str]) -> Iterator[tuple[str, object]]:
    """Yield symbol and raw bar of all pages, each symbol's bars in time order.

    Args:
        ask: sends one request with these query parameters.
        query: symbols, timeframe, start.

    Raises:
        ConversionError: an answer is no page of bars.
    """
    token: str | None = None
    for _ in range(_MOST_PAGES):
        answer = Fields("bars", ask({**query, **({"page_token": token} if token else {})}))
        for symbol, rows in _lists(answer):
            yield from ((symbol, raw) for raw in rows)
        before, token = token, answer.text_or_none("next_page_token")
        if token in (None, before):
            return


def _lists(answer: Fields) -> Iterator[tuple[str, list[object]]]:
    by_symbol = answer.get("bars")
    if by_symbol is None:
        return  # no symbol has any: Alpaca answers null
    if not isinstance(by_symbol, dict):
        raise ConversionError(answer.source, "bars", by_symbol, "an object by symbol")
    for symbol, rows in by_symbol.items():
        if not isinstance(rows, list):
            raise ConversionError(answer.source, symbol, rows, "a JSON array")
        yield symbol, rows
