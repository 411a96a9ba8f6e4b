"""A tape file: recorded quotes and trades, checked whole before a row of it is served.

The format is CSV, plain or gzip, with the header of ``tape_rows.HEADER``:
``timestamp_ms`` counts from 1970 in UTC, ``kind`` is ``q`` for a quote (bid,
bid_size, ask, ask_size are filled) or ``t`` for a trade (price, size are
filled), and rows are in time order.
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from exchange.tape_errors import TapeRefused
from exchange.tape_rows import QuoteRow, Row, check_header, read_row

_LONGEST_LINE = 512
_GZIP_MAGIC = b"\x1f\x8b"


@dataclass(slots=True)
class TapeSymbol:
    """What a tape holds of one symbol.

    Attributes:
        first: its first row.
        is_quoted: whether any row of it is a quote.
    """

    first: Row
    is_quoted: bool

    @property
    def first_price(self) -> Decimal:
        """Return the first row's price, for a quote its middle."""
        return self.first.price


class Tape:
    """A tape that was read from end to end and found good.

    Attributes:
        path: the file.
        symbols: what is on it, in order of appearance.
        rows_count: number of rows without the header.
        first_ms: time of the first row.
        last_ms: time of the last row.
    """

    def __init__(self, path: Path) -> None:
        """Check a tape.

        Args:
            path: a CSV file, plain or gzip.

        Raises:
            TapeRefused: it can't be read, or any row is wrong; the first wrong row is named.
        """
        self.path = path
        self.symbols: dict[str, TapeSymbol] = {}
        self.rows_count = 0
        self.first_ms = self.last_ms = 0
        for row in self.rows():
            self._note(row)
        if not self.rows_count:
            raise TapeRefused(2, "row", "", "at least one row after the header", path=str(path))

    def rows(self) -> Iterator[Row]:
        """Yield the rows from the file, each checked again; memory stays small.

        Raises:
            TapeRefused: the file can't be read, or a row is wrong.
        """
        try:
            yield from _rows(self.path)
        except TapeRefused as refused:
            raise refused.of(str(self.path)) from None

    @property
    def duration_ms(self) -> int:
        """Return the time from the first row to the last."""
        return self.last_ms - self.first_ms

    def _note(self, row: Row) -> None:
        if not self.rows_count:
            self.first_ms = row.ms
        self.rows_count += 1
        self.last_ms = row.ms
        known = self.symbols.get(row.symbol)
        if known is None:
            self.symbols[row.symbol] = TapeSymbol(row, isinstance(row, QuoteRow))
        elif not known.is_quoted and isinstance(row, QuoteRow):
            known.is_quoted = True


def _rows(path: Path) -> Iterator[Row]:
    last_ms = 0
    lines = _lines(path)
    check_header(next(lines, (1, ""))[1])
    for number, text in lines:
        row = read_row(text, number, last_ms)
        last_ms = row.ms
        yield row


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (number, text) of each line, ends removed."""
    number = 0
    try:
        with _opened(path) as file:
            while raw := file.readline(_LONGEST_LINE):
                number += 1
                yield number, _text(raw, number)
    except (EOFError, zlib.error, gzip.BadGzipFile) as fault:
        raise TapeRefused(number + 1, "file", str(fault), "complete gzip data") from None
    except OSError as fault:
        raise TapeRefused(1, "file", fault.strerror or str(fault), "a readable file") from None


def _opened(path: Path) -> io.BufferedReader:
    """Open a file, unpacking it if it starts like gzip, whatever its name says."""
    with path.open("rb") as file:
        is_gzip = file.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
    if is_gzip:
        return io.BufferedReader(gzip.open(path))
    return path.open("rb")


def _text(raw: bytes, number: int) -> str:
    if len(raw) >= _LONGEST_LINE:
        shown = raw[:80].decode(errors="replace")
        raise TapeRefused(number, "row", shown, f"lines under {_LONGEST_LINE} bytes")
    try:
        return raw.decode("ascii").rstrip("\r\n")
    except UnicodeDecodeError:
        shown = raw.decode(errors="replace")
        raise TapeRefused(number, "row", shown, "ASCII characters") from None
