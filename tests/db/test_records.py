"""The record of orders, fills and positions."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from db.accounts import AccountStore
from db.records import Cursor, Records
from db.sealed import BrokerKeys
from db.users import User
from portfolio.changes import (
    AccountUpdated,
    OrderUpdated,
    PositionClosed,
    PositionUpdated,
    TradeExecuted,
)
from portfolio.ids import AccountId, BrokerOrderId, ClientOrderId, OrderId, TradeId
from portfolio.orders import PENDING_SUBMIT, AssetClass, Order, Side, TradeUpdate
from portfolio.values import AccountFigures, Position, Trade
from tests.db.conftest import NOW

SECOND = timedelta(seconds=1)
EXACT = Decimal("123456789012345678.123456789012345678")


def order(name: str = "1", **fields: object) -> Order:
    values: dict[str, object] = {
        "order_id": OrderId(f"our-{name}"),
        "client_order_id": ClientOrderId(f"client-{name}"),
        "broker_order_id": BrokerOrderId(f"broker-{name}"),
        "symbol": "AAPL",
        "side": Side.BUY,
        "type": "limit",
        "time_in_force": "day",
        "status": "new",
        "submitted_at": NOW,
        "updated_at": NOW,
        "quantity": Decimal(10),
        "limit_price": Decimal("175.50"),
    }
    return Order(**{**values, **fields})  # type: ignore[arg-type]


def trade(name: str = "1", cumulative: str = "4", **fields: object) -> Trade:
    values: dict[str, object] = {
        "trade_id": TradeId(f"exec-{name}"),
        "order_id": OrderId("our-1"),
        "broker_order_id": BrokerOrderId("broker-1"),
        "symbol": "AAPL",
        "side": Side.BUY,
        "quantity": Decimal(4),
        "price": Decimal("175.5"),
        "cumulative_quantity": Decimal(cumulative),
        "position_quantity": Decimal(4),
        "realized_pnl": Decimal("-0.000000001"),
        "executed_at": NOW,
    }
    return Trade(**{**values, **fields})  # type: ignore[arg-type]


def position(symbol: str = "AAPL", quantity: str = "4", **fields: object) -> Position:
    values: dict[str, object] = {
        "symbol": symbol,
        "quantity": Decimal(quantity),
        "cost_basis": EXACT,
        "intraday_cost": -EXACT,
        "price": Decimal("0.000000001"),
        "price_at": NOW,
        "price_source": "snapshot",
        "opened_at": NOW - timedelta(days=3),
        "strategy_id": "momentum",
    }
    return Position(**{**values, **fields})  # type: ignore[arg-type]


def fill(known: Order, execution_id: str, event: str = "fill") -> TradeUpdate:
    return TradeUpdate(
        event=event, at=NOW, order=known, execution_id=execution_id, price=Decimal("175.5"),
        quantity=Decimal(4), position_quantity=Decimal(4),
    )  # fmt: skip


def everything(records: Records, account_id: AccountId) -> object:
    return records.load_book(account_id, realized_since=NOW - timedelta(days=1))


def test_a_book_comes_back_as_it_was(records: Records, account_id: AccountId) -> None:
    """O5: orders with legs, fills and positions survive a restart, exact to the last digit."""
    leg = order("leg", status="held", side=Side.SELL, type="stop", stop_price=Decimal("170.01"))
    parent = order(
        order_class="bracket", legs=(leg,), notional=Decimal("0.01"), filled_quantity=EXACT,
        filled_average_price=EXACT, trail_price=Decimal(1), trail_percent=Decimal("2.5"),
        asset_class=AssetClass.CRYPTO, replaces=BrokerOrderId("a"), replaced_by=BrokerOrderId("b"),
        reject_reason="because", strategy_id="s", filled_at=NOW, extended_hours=True,
        status="partially_filled",
    )  # fmt: skip
    held = position(asset_class=AssetClass.US_OPTION)
    executed = trade(asset_class=AssetClass.CRYPTO, missed=True, position_quantity=-EXACT)
    records.store_changes(
        account_id,
        [
            OrderUpdated(account_id=account_id, order=parent),
            TradeExecuted(account_id=account_id, trade=executed),
            PositionUpdated(account_id=account_id, position=held),
        ],
    )
    book = records.load_book(account_id, realized_since=NOW)
    assert ((parent,), (executed,), (held,)) == (book.orders, book.trades, book.positions)
    assert ((executed,), Decimal("-0.000000001")) == (book.known_fills, book.realized)
    assert parent == records.order(account_id, parent.order_id)


def test_storing_the_same_again_changes_nothing(records: Records, account_id: AccountId) -> None:
    """S3: any number of repeats leaves the same record."""
    known = order(status="filled", filled_quantity=Decimal(4))
    changes = [
        OrderUpdated(account_id=account_id, order=known),
        TradeExecuted(account_id=account_id, trade=trade()),
        PositionUpdated(account_id=account_id, position=position()),
    ]
    records.store_changes(account_id, changes, fill(known, "exec-1"))
    once = everything(records, account_id)
    for _ in range(3):
        records.store_changes(account_id, changes, fill(known, "exec-1"))
    assert once == everything(records, account_id)


def test_a_fill_told_by_rest_first_is_one_row(records: Records, account_id: AccountId) -> None:
    """S5: activity id first, execution id later: one fill, under its first name."""
    by_rest = trade("activity", missed=True)
    by_stream = trade("stream", quantity=Decimal("4.0"), cumulative="4.00")
    update = fill(order(), "exec-stream")
    new = [
        records.store_trade(account_id, by_rest),
        records.store_trade(account_id, by_stream, update),
        records.store_trade(account_id, replace(by_stream, cumulative_quantity=Decimal(9)), update),
    ]
    assert ([True, False, False], [by_rest]) == (new, records.trades_page(account_id))


def test_a_fill_told_by_the_stream_first_is_one_row(
    records: Records, account_id: AccountId
) -> None:
    """S5: execution id first, activity id later: one fill."""
    by_stream = trade("stream")
    new = [
        records.store_trade(account_id, by_stream, fill(order(), "exec-stream")),
        records.store_trade(account_id, trade("activity", missed=True)),
    ]
    assert ([True, False], [by_stream]) == (new, records.trades_page(account_id))


def test_two_accounts_can_have_fills_of_the_same_name(
    records: Records, accounts: AccountStore, trader: User, account_id: AccountId
) -> None:
    """R2: what makes a fill or an order unique is unique within its account."""
    other = accounts.link(trader.user_id, "Other", BrokerKeys("K", "S"), "exchange", NOW)
    new = [records.store_trade(each, trade(), fill(order(), "e")) for each in (account_id, other)]
    for each in (account_id, other):
        records.store_order(each, order())
    seen = [len(records.orders_page(each)) for each in (account_id, other)]
    assert ([True, True], [1, 1]) == (new, seen)


@pytest.mark.parametrize("seed", range(8))
def test_an_order_ends_the_same_in_whatever_order_its_reports_come(
    records: Records, account_id: AccountId, seed: int
) -> None:
    """S5: filled quantity never falls and a final status is never left, repeats included."""
    reports = [
        order(status="pending_new"),
        order(status="new", updated_at=NOW + SECOND),
        order(status="partially_filled", filled_quantity=Decimal(4), updated_at=NOW + 2 * SECOND),
        order(status="new", updated_at=NOW + 3 * SECOND),
        order(status="filled", filled_quantity=Decimal(10), updated_at=NOW + 4 * SECOND),
    ]
    shuffled = random.Random(seed).choices(reports, k=12) + reports
    random.Random(seed).shuffle(shuffled)
    filled = [
        (stored.filled_quantity, stored.status == "filled")
        for stored in (records.store_order(account_id, report) for report in shuffled)
    ]
    assert (sorted(filled), (Decimal(10), True)) == (filled, filled[-1])


def test_an_order_is_found_under_any_of_its_names(records: Records, account_id: AccountId) -> None:
    """S3: stored before the broker saw it, reported under the broker's id: one order."""
    placed = order(broker_order_id=None, status=PENDING_SUBMIT)
    records.store_order(account_id, placed)
    reported = order(order_id=OrderId("broker-1"), status="new", updated_at=NOW + SECOND)
    stored = records.store_order(account_id, reported)
    later = replace(reported, client_order_id=ClientOrderId("lost"), status="canceled")
    records.store_order(account_id, replace(later, updated_at=NOW + 2 * SECOND))
    found = records.orders_page(account_id)
    assert (placed.order_id, [(placed.order_id, "canceled")]) == (
        stored.order_id, [(each.order_id, each.status) for each in found],
    )  # fmt: skip


def test_an_order_has_its_timeline(records: Records, account_id: AccountId) -> None:
    """Broker events stand under their names, other changes under the status they led to."""
    placed = order(broker_order_id=None, status=PENDING_SUBMIT)
    filled = order(status="filled", filled_quantity=Decimal(4), updated_at=NOW + SECOND)
    records.store_order(account_id, placed)
    records.store_order(account_id, placed)
    changed = OrderUpdated(account_id=account_id, order=filled)
    bystander = OrderUpdated(account_id=account_id, order=order("2"))
    records.store_changes(account_id, [changed, bystander], fill(filled, "exec-1"))
    events = records.order_events(account_id, placed.order_id)
    told = [(each.event, each.status, each.execution_id, each.price) for each in events]
    other = [each.event for each in records.order_events(account_id, OrderId("our-2"))]
    assert [
        (PENDING_SUBMIT, PENDING_SUBMIT, None, None),
        ("fill", "filled", "exec-1", Decimal("175.5")),
    ] == told
    assert ["new"] == other


def test_a_closed_position_is_forgotten(records: Records, account_id: AccountId) -> None:
    """Positions are replaced by their symbol; quantity zero leaves none."""
    records.store_positions(account_id, [position("AAPL"), position("MSFT", "-2"), position("X")])
    records.store_positions(account_id, [position("AAPL"), position("MSFT", "-2")])
    closed = PositionClosed(account_id=account_id, position=position("AAPL", "0"))
    figures = AccountUpdated(account_id=account_id, account=sample())
    records.store_changes(account_id, [closed, figures])
    records.store_changes(
        account_id, [PositionUpdated(account_id=account_id, position=position("MSFT", "-3"))]
    )
    book = records.load_book(account_id, realized_since=NOW)
    assert [("MSFT", Decimal(-3))] == [(each.symbol, each.quantity) for each in book.positions]


def test_a_failing_change_leaves_none_of_the_others(
    records: Records, account_id: AccountId
) -> None:
    """O5: changes of one event are stored together or not at all."""
    naive = replace(trade(), executed_at=NOW.replace(tzinfo=None))
    changes = [
        OrderUpdated(account_id=account_id, order=order()),
        TradeExecuted(account_id=account_id, trade=naive),
    ]
    with pytest.raises(Exception, match="no time zone"):
        records.store_changes(account_id, changes)
    assert [] == records.orders_page(account_id)


def test_a_book_has_all_open_orders_and_the_last_fifty_closed(
    records: Records, account_id: AccountId
) -> None:
    """What a restart restores is what the snapshot shows, newest first."""
    for index in range(56):
        status = "new" if index < 4 else "canceled"
        at = NOW + index * SECOND
        records.store_order(
            account_id, order(str(index), status=status, submitted_at=at, updated_at=at)
        )
    book = records.load_book(account_id, realized_since=NOW)
    names = [each.order_id for each in book.orders]
    assert names[:5] == ["our-3", "our-2", "our-1", "our-0", "our-55"]
    assert (54, "our-6") == (len(names), names[-1])


def test_pages_follow_one_another_without_gap_or_repeat(
    records: Records, account_id: AccountId
) -> None:
    """Orders and fills of the same moment are told apart by their ids."""
    for index in range(7):
        at = NOW + (index // 3) * SECOND
        records.store_order(account_id, order(str(index), submitted_at=at))
        records.store_trade(
            account_id, trade(str(index), cumulative=str(index + 1), executed_at=at)
        )
    paged_orders, paged_trades = [], []
    before = None
    while found := records.orders_page(account_id, limit=2, before=before):
        paged_orders += [each.order_id for each in found]
        before = Cursor(found[-1].submitted_at, found[-1].order_id)
    before = None
    while executed := records.trades_page(account_id, limit=2, before=before):
        paged_trades += [each.trade_id for each in executed]
        before = Cursor(executed[-1].executed_at, executed[-1].trade_id)
    newest_first = [6, 5, 4, 3, 2, 1, 0]
    assert [f"our-{n}" for n in newest_first] == paged_orders
    assert [f"exec-{n}" for n in newest_first] == paged_trades


def test_orders_are_filtered(records: Records, account_id: AccountId) -> None:
    """By status, by open or final, by symbol; legs are listed with their parent only."""
    records.store_order(account_id, order("a", legs=(order("leg"),)))
    records.store_order(account_id, order("b", status="filled", symbol="MSFT"))
    records.store_order(account_id, order("c", status="canceled"))

    def names(**wanted: object) -> list[str]:
        found = records.orders_page(account_id, **wanted)  # type: ignore[arg-type]
        return sorted(each.client_order_id.removeprefix("client-") for each in found)

    assert [["a", "b", "c"], ["a"], ["b", "c"], ["b"], ["c"]] == [
        names(), names(is_open=True), names(is_open=False), names(symbol="MSFT"),
        names(statuses=frozenset({"canceled", "rejected"})),
    ]  # fmt: skip


def test_what_was_realized_is_summed_exactly(records: Records, account_id: AccountId) -> None:
    """P&L by symbol and of the day are sums of decimals, whatever the database."""
    tenth, tiny = Decimal("0.1"), Decimal("0.000000001")
    for index, (name, realized, days) in enumerate(
        [("AAPL", tenth, 0), ("AAPL", tenth, 0), ("AAPL", tiny, 0), ("BTC/USD", -tenth, 0),
         ("AAPL", Decimal(50), -1)]
    ):  # fmt: skip
        executed = trade(
            str(index), cumulative=str(index + 1), symbol=name, realized_pnl=realized,
            executed_at=NOW + timedelta(days=days),
        )  # fmt: skip
        records.store_trade(account_id, executed)
    by_symbol = records.realized_by_symbol(account_id, NOW)
    book = records.load_book(account_id, realized_since=NOW)
    assert {"AAPL": Decimal("0.200000001"), "BTC/USD": Decimal("-0.1")} == by_symbol
    assert (Decimal("0.100000001"), 5) == (book.realized, len(book.known_fills))
    yesterday = records.trades_between(account_id, NOW - timedelta(days=2), NOW)
    assert ["exec-4"] == [each.trade_id for each in yesterday]


def sample(cash: str = "100", after: timedelta = timedelta(0)) -> AccountFigures:
    return AccountFigures(
        cash=Decimal(cash), last_equity=EXACT, buying_power=Decimal(2),
        long_market_value=Decimal(3), short_market_value=Decimal(-4),
        realized_pnl_today=Decimal("0.5"), at=NOW + after,
    )  # fmt: skip


def test_equity_samples_come_back_in_time_order(records: Records, account_id: AccountId) -> None:
    """The equity line: samples since a moment, oldest first, a repeat replaces."""
    wanted = [sample("1", SECOND), sample("2", 2 * SECOND)]
    for each in (wanted[1], sample("9", SECOND), wanted[0], sample("0", -SECOND)):
        records.add_equity_sample(account_id, each.at, each)
    assert wanted == records.equity(account_id, NOW)
    assert wanted[:1] == records.equity(account_id, NOW, NOW + 2 * SECOND)


def test_old_equity_samples_are_thinned(records: Records, account_id: AccountId) -> None:
    """Young samples all stay; of older ones the last of each minute, then of each hour."""
    minute, hour = timedelta(minutes=1), timedelta(hours=1)
    base = NOW.replace(minute=0, second=0, microsecond=0)
    spans = {"young": timedelta(days=1), "middle": timedelta(days=3), "old": timedelta(days=40)}
    for age in spans.values():
        for offset in (timedelta(0), 20 * SECOND, minute, hour):
            at = base - age + offset
            records.add_equity_sample(account_id, at, replace(sample(), at=at))
    gone = [records.thin_equity(NOW), records.thin_equity(NOW)]
    left = {
        name: [
            (each.at - (base - age)).total_seconds()
            for each in records.equity(account_id, base - age, base - age + 2 * hour)
        ]
        for name, age in spans.items()
    }
    kept = {"young": [0, 20, 60, 3600], "middle": [20, 60, 3600], "old": [60, 3600]}
    assert ([3, 0], kept) == (gone, left)
