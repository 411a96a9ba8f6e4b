"""One account's journey on a real exchange, through real alpaca-py, into a real database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from broker.credentials import Credentials
from broker.executor import OrderExecutor
from db.engine import Database
from db.records import Records
from gateway.facts import BrokerLinkChanged, FrameArrived
from gateway.order_desk import pending_order
from portfolio.changes import Change, OrderUpdated
from portfolio.errors import OrderNotCancelable, UnknownOrder
from portfolio.ids import AccountId, ClientOrderId, OrderId
from portfolio.orders import TradeUpdate
from portfolio.ticket import read_ticket
from tests.gateway.conftest import Desk
from tests.waiting import wait_for


def same_as_broker(desk: Desk) -> bool:
    """Say whether book and broker agree on cash and every quantity and cost."""
    assert desk.gateway is not None
    ours = desk.gateway.snapshot(desk.account_id)
    theirs = desk.broker.fetch_state(desk.heard[0].order.submitted_at)  # type: ignore[union-attr]
    return (
        ours.account is not None
        and ours.account.cash == theirs.account.cash
        and {(p.symbol, p.quantity, p.cost_basis) for p in ours.positions}
        == {(p.symbol, p.quantity, p.cost_basis) for p in theirs.positions}
    )


def test_an_order_becomes_a_fill_a_position_and_cash(desk: Desk) -> None:
    """A market order fills, and the book agrees with the broker to the last digit."""
    desk.start()
    order = desk.filled(qty="7")
    assert order.filled_average_price is not None
    assert same_as_broker(desk)


def test_what_is_published_is_stored_already(desk: Desk) -> None:
    """Whoever hears of an order or a fill finds it in the record (O5)."""
    gateway = desk.start()
    found: list[bool] = []

    def look(changes: Sequence[Change]) -> None:
        for change in changes:
            if isinstance(change, OrderUpdated):
                stored = desk.records.order(desk.account_id, change.order.order_id)
                found.append(stored is not None and stored.status == change.order.status)

    gateway._bus.listen(look, ["order:updated"])
    desk.filled()
    assert ({True}, True) == (set(found), len(found) > 1)


def test_a_rejection_says_the_brokers_words(desk: Desk) -> None:
    """An order the broker refuses is rejected with its reason, word for word."""
    desk.start()
    order = desk.place(qty="1000000")
    wait_for(lambda: desk.order(order).status == "rejected")
    assert "insufficient buying power" in (desk.order(order).reject_reason or "")


def test_the_same_client_order_id_is_one_order(desk: Desk) -> None:
    """A script that repeats its request after a time-out buys once."""
    desk.start()
    first = desk.filled(clientOrderId="mine-1")
    again = desk.place(clientOrderId="mine-1")
    assert (first.order_id, 1) == (again.order_id, len(desk.trades()))


def test_a_cancel_is_confirmed_by_the_stream(desk: Desk) -> None:
    """A working order can be canceled; a second cancel says it is over."""
    gateway = desk.start()
    order = desk.place(type="limit", limitPrice="1.00")
    wait_for(lambda: desk.order(order).status == "new")
    gateway.cancel(desk.account_id, order.order_id)
    wait_for(lambda: desk.order(order).status == "canceled")
    with pytest.raises(OrderNotCancelable, match="canceled"):
        gateway.cancel(desk.account_id, order.order_id)


def test_an_unknown_order_cannot_be_canceled(desk: Desk) -> None:
    """A cancel of an order that is not this account's names the id."""
    gateway = desk.start()
    with pytest.raises(UnknownOrder, match="nobody"):
        gateway.cancel(desk.account_id, OrderId("nobody"))


def test_a_malformed_frame_loses_nothing(desk: Desk) -> None:
    """Garbage from the broker is counted; events before and after it count."""
    gateway = desk.start()
    garbage: list[dict[str, Any]] = [{}, {"event": "fill"}, {"event": 3, "order": []}]
    for raw in garbage:
        gateway.on_trade_update(desk.account_id, raw, 0)
    desk.filled()
    counts = gateway._of(desk.account_id).desk.counts
    assert (3, 1, True) == (counts["malformed_frames"], len(desk.trades()), same_as_broker(desk))


def test_a_lost_fill_is_learnt_over_rest_and_marked_missed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the stream drops a fill, reconciliation publishes it once, with missed set."""
    gateway = desk.start()
    account = gateway._of(desk.account_id).desk
    post = account.post
    monkeypatch.setattr(
        account, "post", lambda fact: None if isinstance(fact, FrameArrived) else post(fact)
    )
    order = desk.place(qty="3")
    wait_for(lambda: desk.at_broker(order.client_order_id) == "filled")
    monkeypatch.undo()
    account.post(BrokerLinkChanged("live"))
    wait_for(desk.trades)
    assert ([True], True) == ([trade.missed for trade in desk.trades()], same_as_broker(desk))


def test_a_restart_learns_what_happened_meanwhile(desk: Desk) -> None:
    """Fills while AlphaFlow was down appear once, marked missed; earlier ones don't repeat."""
    desk.start()
    desk.filled(qty="2")
    desk.stop()
    wish = read_ticket({"symbol": "AAPL", "side": "buy", "type": "market", "qty": "5"})
    OrderExecutor(desk.broker).submit(wish, ClientOrderId("elsewhere"))
    wait_for(lambda: desk.at_broker(ClientOrderId("elsewhere")) == "filled")
    before = len(desk.trades())
    gateway = desk.start()
    after = desk.trades()[before:]
    held = gateway.snapshot(desk.account_id).positions[0].quantity
    quantities = sum((trade.quantity for trade in after), Decimal(0))
    assert (Decimal(5), {True}, Decimal(7)) == (
        quantities,
        {trade.missed for trade in after},
        held,
    )


def test_an_order_stored_but_never_sent_is_not_lost(desk: Desk) -> None:
    """An order stored right before a crash is found out about after the restart."""
    gateway = desk.start()
    live = gateway._of(desk.account_id).desk.live
    wish = read_ticket({"symbol": "AAPL", "side": "buy", "type": "market", "qty": "1"})
    order = live.place(pending_order(wish, datetime.now(UTC)))
    desk.stop()
    desk.start()
    wait_for(lambda: desk.order(order).status == "rejected")
    assert "not placed" in (desk.order(order).reject_reason or "")


def test_an_order_placed_while_the_account_loads_is_sent_once(desk: Desk) -> None:
    """An order that arrives before the broker was met is not mistaken for one left behind."""
    gateway = desk.start(wait=False)
    order = desk.place()
    assert gateway.wait_loaded(30)
    wait_for(lambda: desk.order(order).status == "filled")
    assert 1 == len(desk.trades())


def test_a_failing_database_delays_but_loses_nothing(desk: Desk) -> None:
    """What can't be stored is not published; once it can be, it is."""
    stubborn = _FailsAtFirst(desk.database, failures=3)
    desk.start(stubborn)
    order = desk.place()
    wait_for(lambda: desk.order(order).status == "filled")
    assert (True, "filled", True) == (
        stubborn.failed >= 3,
        desk.records.order(desk.account_id, order.order_id).status,  # type: ignore[union-attr]
        same_as_broker(desk),
    )


def test_refused_keys_are_told_to_viewers(desk: Desk) -> None:
    """Wrong keys stop the link for good, and whoever looks is told that the broker is silent."""
    desk.credentials = Credentials(desk.key_id, "wrong", desk.credentials.endpoints)
    gateway = desk.start(wait=False)
    wait_for(lambda: desk.announced)
    assert (("stale", "broker"), "refused") == (
        desk.announced[0][1:3],
        gateway.links(desk.account_id)["broker"].state,
    )


def test_prices_move_positions(desk: Desk) -> None:
    """Trades of the market reach the position without any fill."""
    gateway = desk.start()
    desk.filled(symbol="SPY")

    def price() -> tuple[Decimal, str]:
        position = gateway.snapshot(desk.account_id).positions[0]
        return position.price, position.price_source

    first = price()
    wait_for(lambda: price()[0] != first[0] and price()[1] == "stream")


def test_a_symbol_over_the_budget_is_priced_over_rest(desk: Desk) -> None:
    """The largest position is streamed, the other one priced by snapshots and labelled so (S2)."""
    gateway = desk.start(symbol_budget=1)
    desk.filled(symbol="SPY", qty="20")
    desk.filled(symbol="AAPL", qty="1")

    def sources() -> dict[str, str]:
        held = gateway.snapshot(desk.account_id).positions
        return {position.symbol: position.price_source for position in held}

    wait_for(lambda: sources() == {"SPY": "stream", "AAPL": "snapshot"})


@pytest.mark.parametrize("symbol", ["AAPLAAPL", "QQQQQ"])
def test_a_symbol_the_broker_does_not_know_has_no_quote(desk: Desk, symbol: str) -> None:
    """A half-typed symbol is answered with nothing, and never subscribed."""
    gateway = desk.start()
    quote = gateway.quote(desk.account_id, symbol)
    interests = gateway._of(desk.account_id).desk.interests
    assert (None, frozenset()) == (quote, interests.current(0.0))


def test_a_quote_of_any_symbol_can_be_asked(desk: Desk) -> None:
    """The ticket gets a quote of a symbol that nobody holds."""
    gateway = desk.start()
    quote = gateway.quote(desk.account_id, "KO")
    assert quote is not None
    assert quote.bid < quote.ask


class _FailsAtFirst(Records):
    """A record whose first writes fail, as when a disk is full."""

    def __init__(self, database: Database, failures: int) -> None:
        super().__init__(database)
        self.failed = 0
        self._failures = failures

    def store_changes(
        self,
        account_id: AccountId,
        changes: Sequence[Change],
        update: TradeUpdate | None = None,
    ) -> None:
        if self.failed < self._failures:
            self.failed += 1
            raise OSError("disk full")
        super().store_changes(account_id, changes, update)
