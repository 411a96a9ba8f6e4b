"""Recorded ticks through exchange, alpaca-py, book, stream and client, to the last digit."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from fractions import Fraction
from itertools import count, islice
from pathlib import Path
from typing import Any

from tests.journey.conftest import TAPE, Journey, cut, journey, needs_tape
from tests.journey.follower import Follower
from tests.journey.reckoning import Account, decimal, last_prints, plain
from tests.waiting import wait_for

OPENING = (
    ("AIG", "buy", {"qty": "300"}),
    ("BAC", "sell", {"qty": "500"}),
    ("IBM", "buy", {"qty": "12.345678901"}),
    ("SPY", "buy", {"notional": "5000.01"}),
)
ON_THE_WAY = (
    ("AIG", "sell", {"qty": "120.5"}),
    ("BAC", "buy", {"qty": "130"}),
    ("IBM", "buy", {"notional": "777.77"}),
    ("SPY", "sell", {"qty": "1.000000001"}),
    ("AIG", "buy", {"qty": "77", "type": "limit", "limitPrice": "60.00"}),
    ("BAC", "sell", {"qty": "33", "type": "limit", "limitPrice": "10.00"}),
    ("IBM", "sell", {"qty": "3", "type": "stop", "stopPrice": "400.00"}),
    ("SPY", "buy", {"qty": "2", "timeInForce": "ioc"}),
)
CLOSED = ("filled", "canceled", "expired", "rejected")
FIGURES = (
    "quantity", "currentPrice", "entryPrice", "costBasis",
    "marketValue", "unrealizedPnl", "unrealizedPnlPercent",
)  # fmt: skip


def shown(positions: dict[str, Any]) -> dict[str, dict[str, str]]:
    return {
        symbol: {name: position[name] for name in FIGURES} for symbol, position in positions.items()
    }


def reckoned(trip: Journey) -> Account:
    return Account(Fraction(100_000)).book(trip.exchange.fills())


def figures_agree(trip: Journey, follower: Follower, tape: Path) -> None:
    """Assert that page-side and independently reckoned figures are equal to the last digit."""
    account, prices = reckoned(trip), last_prints(tape)
    expected = account.positions(prices)
    try:
        follower.wait(lambda mirror: shown(mirror.positions) == expected)
    except AssertionError:
        assert expected == shown(follower.mirror.positions)
    figures = follower.mirror.account
    assert figures is not None
    assert {
        "cash": plain(decimal(account.cash)),
        "equity": plain(decimal(account.equity(prices))),
        "dayPnl": plain(decimal(account.equity(prices) - 100_000)),
        "realizedPnlToday": plain(decimal(account.realized)),
    } == {name: figures[name] for name in ("cash", "equity", "dayPnl", "realizedPnlToday")}


def fills_agree(trip: Journey, follower: Follower) -> None:
    """Assert that every fill of the exchange was delivered exactly once."""
    broker_ids = {o["orderId"]: o.get("brokerOrderId") for o in follower.mirror.orders.values()}
    delivered = [
        trade
        for message in follower.messages
        for trade in _trades_in(message)
        if message["type"] != "snapshot"
    ]
    assert Counter(
        (fill["order_id"], fill["side"], Fraction(fill["qty"]), Fraction(fill["price"]))
        for fill in trip.exchange.fills()
    ) == Counter(
        (broker_ids[t["orderId"]], t["side"], Fraction(t["quantity"]), Fraction(t["price"]))
        for t in delivered
    )
    assert Counter() == Counter({t["tradeId"]: n for t, n in _repeats(delivered)})


def _trades_in(message: dict[str, Any]) -> list[dict[str, Any]]:
    if message["type"] == "trade_executed":
        return [message["data"]]
    return message["data"].get("trades") or [] if message["type"] == "batch" else []


def _repeats(trades: list[dict[str, Any]]) -> list[tuple[dict[str, Any], int]]:
    seen = Counter(trade["tradeId"] for trade in trades)
    return [(trade, seen[trade["tradeId"]]) for trade in trades if seen[trade["tradeId"]] > 1]


def sequence_is_whole(follower: Follower) -> None:
    """Assert that each message covers exactly what follows the one before."""
    chain = [(m["prevSeq"], m["seq"]) for m in follower.messages if m["seq"] is not None]
    assert (None, 0) == (chain[0][0], follower.mirror.gaps)
    assert [seq for _, seq in chain[:-1]] == [before for before, _ in chain[1:]]


def trade_through(trip: Journey, follower: Follower, *, most: int) -> None:
    """Open positions, then keep trading until the tape ends or ``most`` orders were placed."""
    for symbol, side, ticket in OPENING:
        order = trip.order(symbol, side, **ticket)
        follower.wait(lambda m, o=order: m.orders.get(o["orderId"], {}).get("status") in CLOSED)  # type: ignore[misc]
    for number in islice(count(), most):
        if number % 8 == 0 and not trip.exchange.is_open():
            return
        symbol, side, ticket = ON_THE_WAY[number % len(ON_THE_WAY)]
        trip.order(symbol, side, **ticket)


@needs_tape
def test_the_whole_tape_as_fast_as_it_goes(stack: ExitStack, tmp_path: Path) -> None:
    """Every figure at the end equals a reckoning from tape and fills; no fill lost or doubled."""
    trip = journey(stack, tmp_path, tape=TAPE, speed="max")
    follower = stack.enter_context(Follower(trip.client()))
    trade_through(trip, follower, most=400)
    wait_for(lambda: not trip.exchange.is_open(), 120)
    settle(trip, follower)
    figures_agree(trip, follower, TAPE)
    fills_agree(trip, follower)
    sequence_is_whole(follower)
    assert len(trip.exchange.fills()) > len(OPENING)


@needs_tape
def test_a_slice_of_the_tape_at_its_own_pace(stack: ExitStack, tmp_path: Path) -> None:
    """Replayed at 1x, with everything coming when it came, the same holds."""
    tape = tmp_path / "slice.csv.gz"
    cut(tape, seconds=12)
    trip = journey(stack, tmp_path, tape=tape, speed=1)
    follower = stack.enter_context(Follower(trip.client()))
    trade_through(trip, follower, most=8)
    wait_for(lambda: not trip.exchange.is_open(), 60)
    settle(trip, follower)
    figures_agree(trip, follower, tape)
    fills_agree(trip, follower)
    sequence_is_whole(follower)


def settle(trip: Journey, follower: Follower) -> None:
    """Wait until the client knows of every fill that the exchange made."""
    wait_for(lambda: len(trip.exchange.fills()) <= len(follower.mirror.trades), 60)
