"""A recorded tape through a real socket to the real client: nothing is lost on the way."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import requests
from alpaca.data.live import StockDataStream

from exchange.tape import Tape
from exchange.tape_market import Speed, tape_market
from exchange.tape_rows import HEADER, QuoteRow
from tests.exchange.market_server import KEYS, MarketServer, serve
from tests.exchange.openapi import SHARED

RECORDED = SHARED / "market" / "2013-10-10-ticks-0930-0945.csv.gz"
WAIT_S = 120


def received(server: MarketServer, count: int) -> list[dict[str, Any]]:
    """Return the first ticks that alpaca-py's stock stream hands on."""
    stream = StockDataStream("PKTEST", "paper", raw_data=True, url_override=server.ws + "/v2/iex")
    got: list[dict[str, Any]] = []

    async def keep(tick: dict[str, Any]) -> None:
        got.append(tick)
        if len(got) == count:
            await stream.stop_ws()

    stream.subscribe_quotes(keep, "*")
    stream.subscribe_trades(keep, "*")
    asyncio.run(asyncio.wait_for(stream._run_forever(), WAIT_S))
    return got


def test_every_recorded_row_arrives_once_and_in_order() -> None:
    """A quarter of an hour of real ticks at full speed reaches alpaca-py complete."""
    if not RECORDED.exists():
        pytest.skip(f"needs the recorded tape at {RECORDED}")
    expected = [
        (row.symbol, "q", float(row.bid), float(row.ask), int(row.ask_size))
        if isinstance(row, QuoteRow)
        else (row.symbol, "t", float(row.price), None, int(row.size))
        for row in Tape(RECORDED).rows()
    ]
    with serve(tape_market(RECORDED, speed=Speed(None)), is_run=True) as server:
        got = received(server, len(expected))
    assert [
        (tick["S"], "q", tick["bp"], tick["ap"], tick["as"])
        if tick["T"] == "q"
        else (tick["S"], "t", tick["p"], None, tick["s"])
        for tick in got
    ] == expected


def test_before_during_and_after_a_tape_rest_agrees_with_it(tmp_path: Path) -> None:
    """Latest data and snapshots leave out what isn't known yet; after the end they stay."""
    path = tmp_path / "tape.csv"
    rows = ["1000,AIG,q,48.2,500,48.3,600,,", "1000,AIG,t,,,,,48.3,100"]
    path.write_text("\n".join([HEADER, *rows]) + "\n")
    with serve(tape_market(path, speed=Speed(None)), is_run=True) as server:

        def ask(what: str) -> Any:
            url = f"{server.http}/v2/{what}"
            return requests.get(url, headers=KEYS, timeout=30).json()

        before = ask("stocks/snapshots?symbols=AIG,MSFT")
        assert list(before) == ["AIG"]
        assert set(before["AIG"]) == {"latestTrade", "latestQuote"}
        assert (before["AIG"]["latestTrade"]["p"], ask("clock")["is_open"]) == (48.25, True)
        received(server, len(rows))
        after = ask("stocks/snapshots?symbols=AIG")["AIG"]
        assert (after["latestTrade"]["p"], after["dailyBar"]["v"]) == (48.3, 100)
        assert not ask("clock")["is_open"]
