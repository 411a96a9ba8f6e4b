"""One row of a tape: read it exactly, or say what is wrong with it.

The usual row matches one regular expression; only a row that doesn't is looked
at field by field, to name the field.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from exchange.tape_errors import TapeRefused

HEADER = "timestamp_ms,symbol,kind,bid,bid_size,ask,ask_size,price,size"
COLUMNS = tuple(HEADER.split(","))

_TIME = r"\d{1,14}"
_SYMBOL = r"[A-Z][A-Z0-9.]{0,11}(?:/[A-Z]{2,6})?"
_NUMBER = r"(?!0+(?:\.0+)?(?:,|$))\d{1,12}(?:\.\d{1,9})?"
_QUOTE_ROW = re.compile(
    rf"({_TIME}),({_SYMBOL}),q,({_NUMBER}),({_NUMBER}),({_NUMBER}),({_NUMBER}),,", re.ASCII
)
_PRINT_ROW = re.compile(rf"({_TIME}),({_SYMBOL}),t,,,,,({_NUMBER}),({_NUMBER})", re.ASCII)

_A_TIME = "milliseconds since 1970, digits only"
_A_SYMBOL = "a symbol such as AAPL, BRK.B or BTC/USD"
_A_KIND = "q (quote) or t (trade)"
_A_NUMBER = "a number above zero, up to 12 digits and 9 decimals"
_FILLED = {"q": COLUMNS[3:7], "t": COLUMNS[7:]}


@dataclass(frozen=True, slots=True)
class QuoteRow:
    """A ``q`` row: best bid and ask after it; a bid at or above the ask is allowed."""

    ms: int
    symbol: str
    bid: Decimal
    bid_size: Decimal
    ask: Decimal
    ask_size: Decimal

    @property
    def price(self) -> Decimal:
        """Return the middle of the quote."""
        return (self.bid + self.ask) / 2


@dataclass(frozen=True, slots=True)
class PrintRow:
    """A ``t`` row: one trade."""

    ms: int
    symbol: str
    price: Decimal
    size: Decimal


Row = QuoteRow | PrintRow


def check_header(line: str) -> None:
    """Refuse a first line that isn't the header.

    Raises:
        TapeRefused: it is something else.
    """
    if line != HEADER:
        raise TapeRefused(1, "header", line, HEADER)


def read_row(text: str, line: int, not_before_ms: int) -> Row:
    """Return the row that a line holds.

    Args:
        text: the line without its end.
        line: its number, from 1; the header is line 1.
        not_before_ms: the time of the row before it.

    Raises:
        TapeRefused: the line holds no usable row; it names line, field and what is allowed.
    """
    row = _matched(text)
    if row is None:
        raise _wrong_field(text, line)
    if row.ms < not_before_ms:
        allowed = f"{not_before_ms} or later, as rows are in time order"
        raise TapeRefused(line, "timestamp_ms", str(row.ms), allowed)
    return row


def _matched(text: str) -> Row | None:
    found = _QUOTE_ROW.fullmatch(text)
    if found is not None:
        ms, symbol, bid, bid_size, ask, ask_size = found.groups()
        return QuoteRow(
            int(ms), symbol, Decimal(bid), Decimal(bid_size), Decimal(ask), Decimal(ask_size)
        )
    found = _PRINT_ROW.fullmatch(text)
    if found is None:
        return None
    ms, symbol, price, size = found.groups()
    return PrintRow(int(ms), symbol, Decimal(price), Decimal(size))


def _wrong_field(text: str, line: int) -> TapeRefused:
    """Return what is wrong with a row that didn't match."""
    fields = text.split(",")
    if len(fields) != len(COLUMNS):
        return TapeRefused(line, "row", text, f"{len(COLUMNS)} columns, here are {len(fields)}")
    row = dict(zip(COLUMNS, fields, strict=True))
    for column, got in row.items():
        allowed = _allowed(column, got, row["kind"])
        if allowed is not None:
            return TapeRefused(line, column, got, allowed)
    return TapeRefused(line, "row", text, "a row that follows the header")


def _allowed(column: str, got: str, kind: str) -> str | None:
    """Return what a column allows if ``got`` isn't that, else None."""
    patterns = {"timestamp_ms": (_TIME, _A_TIME), "symbol": (_SYMBOL, _A_SYMBOL)}
    pattern, allowed = patterns.get(column, (_NUMBER, _A_NUMBER))
    if column == "kind":
        pattern, allowed = "[qt]", _A_KIND
    elif column not in patterns and kind in _FILLED and column not in _FILLED[kind]:
        pattern, allowed = "", f"nothing, as kind is {kind}"
    return None if re.fullmatch(pattern, got, re.ASCII) else allowed
