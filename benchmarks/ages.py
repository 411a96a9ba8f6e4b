"""How old the oldest news in a message was when it arrived, told by the tape itself.

The same rule for every way of delivery: of all trades of a symbol that the user had
not seen, the oldest. The tape gives every trade's time; the replay shifts them all by
the same span, which is found by laying the times that were seen over the tape's.
"""

from __future__ import annotations

import csv
import gzip
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

_SAMPLE = 60


@dataclass(frozen=True, slots=True)
class Seen:
    """A newer price of a symbol arrived: Unix milliseconds of price before, price and arrival."""

    symbol: str
    before_ms: int
    price_ms: int
    arrived_ms: float


@dataclass(slots=True)
class PriceWatch:
    """What one user has seen so far.

    Attributes:
        latest_ms: newest price seen, by symbol.
    """

    latest_ms: dict[str, int] = field(default_factory=dict)

    def saw(self, symbol: str, price_ms: int, arrived_ms: float) -> Seen | None:
        """Note a price; return it when it is newer than one seen before."""
        before_ms = self.latest_ms.get(symbol)
        if before_ms is not None and price_ms <= before_ms:
            return None
        self.latest_ms[symbol] = price_ms
        return None if before_ms is None else Seen(symbol, before_ms, price_ms, arrived_ms)


def trade_times(tape: Path) -> dict[str, list[int]]:
    """Return each symbol's trade times on the tape, in milliseconds, ascending."""
    times: dict[str, list[int]] = defaultdict(list)
    opened = gzip.open if tape.suffix == ".gz" else open
    with opened(tape, "rt") as lines:
        for row in csv.DictReader(lines):
            if row["kind"] == "t":
                times[row["symbol"]].append(int(row["timestamp_ms"]))
    return dict(times)


def ages_ms(seen: Iterable[Seen], times: dict[str, list[int]]) -> list[float]:
    """Return, per arrival, the age of the oldest trade that it was the first to show."""
    arrivals = [each for each in seen if each.symbol in times]
    if not arrivals:
        return []
    shift = _shift(arrivals, times)
    return [_age(each, times[each.symbol], shift) for each in arrivals]


def _age(seen: Seen, times: list[int], shift: int) -> float:
    first_unseen = times[min(bisect_right(times, seen.before_ms - shift), len(times) - 1)] + shift
    return seen.arrived_ms - min(first_unseen, seen.price_ms)


def _shift(seen: list[Seen], times: dict[str, list[int]]) -> int:
    """Return what the replay added to every time: the difference that most pairs share."""
    counted: Counter[int] = Counter()
    prices = sorted({(each.symbol, each.price_ms) for each in seen})
    rare = sorted(prices, key=lambda price: len(times[price[0]]))[:_SAMPLE]
    for symbol, price_ms in rare:
        counted.update({price_ms - at_ms for at_ms in times[symbol]})
    return counted.most_common(1)[0][0]
