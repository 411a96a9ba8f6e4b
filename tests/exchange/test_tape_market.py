"""A tape as a market: when it starts, how fast it goes, what it leaves behind."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from exchange.errors import InvalidSetting
from exchange.market import Market
from exchange.tape_market import Speed, tape_market
from exchange.tape_rows import HEADER
from exchange.ticks import Print, Quote, Tick

ROWS = [
    "1000,AIG,q,48.2,500,48.3,600,,",
    "1000,NEWCO,t,,,,,7.5,300",
    "11000,AIG,t,,,,,48.3,100",
    "21000,NEWCO,t,,,,,7.6,200",
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "tape.csv"
    path.write_text("\n".join([HEADER, *ROWS]) + "\n")
    return path


def played(market: Market) -> list[Tick]:
    """Return all that a market publishes once somebody watches."""
    ticks: list[Tick] = []
    market.listen(ticks.append)
    market.watched.set()
    asyncio.run(asyncio.wait_for(market.run(), 30))
    return ticks


def test_nothing_is_published_before_somebody_watches(path: Path) -> None:
    """The tape waits for its first subscriber, open, however long that takes."""

    async def wait() -> tuple[int, bool]:
        market = tape_market(path, speed=Speed(None))
        ticks: list[Tick] = []
        market.listen(ticks.append)
        running = asyncio.create_task(market.run())
        for _ in range(50):
            await asyncio.sleep(0)
        running.cancel()
        return len(ticks), market.session.is_open

    assert asyncio.run(wait()) == (0, True)


def test_before_its_first_row_a_symbol_shows_its_opening_price(path: Path) -> None:
    """Quote, last price and previous close come from the symbol's first row."""
    market = tape_market(path)
    quote, last = market.quote("AIG"), market.last("NEWCO")
    assert quote is not None
    assert last is not None
    assert (quote.bid, quote.ask) == (Decimal("48.2"), Decimal("48.3"))
    assert last.price == Decimal("7.5")
    assert market.previous_close("AIG") == Decimal("48.25")
    assert market.previous_close("NEWCO") == Decimal("7.5")
    assert market.quote("MSFT") is None


def test_a_symbol_nobody_knew_is_listed(path: Path) -> None:
    """A tape's symbols can be looked up and traded like any other."""
    asset = tape_market(path).universe.find("NEWCO")
    assert asset is not None
    assert asset.tradable


def test_rows_come_in_order_and_unchanged(path: Path) -> None:
    """At full speed every row is published, in order, digits as recorded."""
    ticks = played(tape_market(path, speed=Speed(None)))
    assert [tick.symbol for tick in ticks] == ["AIG", "NEWCO", "AIG", "NEWCO"]
    assert isinstance(ticks[0], Quote)
    assert [tick.price for tick in ticks if isinstance(tick, Print)] == [
        Decimal("7.5"),
        Decimal("48.3"),
        Decimal("7.6"),
    ]


def test_rows_keep_their_distance_divided_by_the_speed(path: Path) -> None:
    """Twenty recorded seconds at 200x take a tenth of a second, and say so."""
    market = tape_market(path, speed=Speed(200))
    before = market.now()
    ticks = played(market)
    start = ticks[0].at
    assert before <= start <= market.now()
    assert [tick.at - start for tick in ticks] == [
        timedelta(0),
        timedelta(0),
        timedelta(milliseconds=50),
        timedelta(milliseconds=100),
    ]


def test_no_row_comes_before_its_time(path: Path) -> None:
    """A row is published at or after the moment it carries."""
    market = tape_market(path, speed=Speed(200))
    early: list[Tick] = []
    market.listen(lambda tick: early.append(tick) if tick.at > market.now() else None)
    played(market)
    assert early == []


def test_a_symbol_without_quotes_is_quoted_at_its_last_print(path: Path) -> None:
    """Bid and ask of a symbol that is only traded are its last price; others keep theirs."""
    market = tape_market(path, speed=Speed(None))
    seen: list[Decimal] = []

    def look(tick: Tick) -> None:
        quote = market.quote("NEWCO")
        if tick.symbol == "NEWCO" and quote is not None:
            seen.extend((quote.bid, quote.ask))

    market.listen(look)
    played(market)
    assert seen == [Decimal("7.5")] * 2 + [Decimal("7.6")] * 2
    quote = market.quote("AIG")
    assert quote is not None
    assert (quote.bid, quote.ask) == (Decimal("48.2"), Decimal("48.3"))


def test_at_its_end_the_market_closes_and_prices_stay(path: Path) -> None:
    """After the last row the session is over, with the last prices and bars still there."""
    market = tape_market(path, speed=Speed(None))
    played(market)
    session, last, bar = market.session, market.last("NEWCO"), market.latest_bar("NEWCO")
    assert not session.is_open
    assert session.next_close > session.next_open > session.at
    assert last is not None
    assert bar is not None
    assert (last.price, bar.close) == (Decimal("7.6"), Decimal("7.6"))


def test_others_get_their_turn_at_full_speed(tmp_path: Path) -> None:
    """While a tape runs at full speed, other work on the event loop goes on."""
    path = tmp_path / "long.csv"
    path.write_text("\n".join([HEADER, *["1000,AIG,t,,,,,48.3,100"] * 5000]) + "\n")

    async def count_turns() -> int:
        market, turns = tape_market(path, speed=Speed(None)), 0
        market.watched.set()
        running = asyncio.create_task(market.run())
        while not running.done():
            await asyncio.sleep(0)
            turns += 1
        return turns

    assert asyncio.run(count_turns()) > 5000 / 200


def test_a_tape_that_is_changed_while_it_plays_stops_with_the_reason(path: Path) -> None:
    """Rows are checked again as they are played, so a bad one never gets through."""
    market = tape_market(path, speed=Speed(None))
    path.write_text("\n".join([HEADER, ROWS[0], "1000,AIG,q,0,500,48.3,600,,"]))
    with pytest.raises(InvalidSetting, match="line 3: bid '0'"):
        played(market)
