from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import msgspec

from portfolio.ids import BrokerOrderId
from stream import wire
from tests.stream.samples import AT, book, figures, order, position, trade


def test_position_has_the_specified_fields() -> None:
    """Decimals are strings, times are UTC with milliseconds, what is unknown is left out."""
    assert wire.position_json(position(price="12.50")) == {
        "symbol": "AAPL",
        "quantity": "10",
        "side": "long",
        "currentPrice": "12.5",
        "priceAt": "2026-01-04T10:30:00.000Z",
        "priceSource": "stream",
        "entryPrice": "9",
        "costBasis": "90",
        "marketValue": "125",
        "unrealizedPnl": "35",
        "unrealizedPnlPercent": "38.8889",
        "intradayPnl": "30",
        "assetClass": "us_equity",
        "openedAt": "2026-01-04T10:30:00.000Z",
    }


def test_order_nests_its_legs_and_omits_what_it_lacks() -> None:
    """An order is complete: legs included, absent prices left out."""
    whole = replace(
        order(status="filled"), legs=(order("leg"),), order_class="bracket",
        filled_quantity=Decimal("10"), filled_average_price=Decimal("9.4"), filled_at=AT,
        replaced_by=BrokerOrderId("b2"),
    )  # fmt: skip
    told = wire.order_json(whole)
    assert (told["filledQty"], told["filledAvgPrice"], told["replacedBy"]) == ("10", "9.4", "b2")
    assert told["legs"] == [wire.order_json(order("leg"))]
    assert "stopPrice" not in told
    assert "legs" not in told["legs"][0]


def test_missed_is_told_only_where_it_is_true() -> None:
    """A trade learnt as it happened has no missed field."""
    assert "missed" not in wire.trade_json(trade())
    assert wire.trade_json(replace(trade(), missed=True))["missed"] is True


def test_account_figures() -> None:
    """Portfolio value is Alpaca's other word for equity."""
    told = wire.account_json(figures())
    assert (told["equity"], told["portfolioValue"]) == ("1100", "1100")
    assert (told["dayPnl"], told["dayPnlPercent"]) == ("100", "10")


def test_times_of_other_zones_become_utc() -> None:
    """Broker times carry many offsets."""
    eastern = timezone(timedelta(hours=-5))
    assert wire.time_text(datetime(2026, 1, 4, 5, 30, tzinfo=eastern)) == "2026-01-04T10:30:00.000Z"


def test_envelope_has_every_field() -> None:
    """Every message has the same eight fields."""
    told = msgspec.json.decode(wire.envelope("pong", {}, at=AT))
    assert told == {
        "type": "pong", "timestamp": "2026-01-04T10:30:00.000Z", "userId": None,
        "accountId": None, "epoch": None, "prevSeq": None, "seq": None, "data": {},
    }  # fmt: skip


def test_book_is_told_whole() -> None:
    """A snapshot holds positions, orders, trades and account."""
    told = wire.book_json(book("AAPL", "MSFT"))
    assert [len(told[part]) for part in ("positions", "orders", "trades")] == [2, 1, 1]
    assert told["account"]["cash"] == "1000"
