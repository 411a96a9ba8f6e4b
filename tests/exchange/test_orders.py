"""The life of orders, on an engine whose later turns the test runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from exchange.errors import ExchangeError
from exchange.tickets import Changes, read_ticket
from tests.exchange.desk import START, Bench, OfficeHours


def buy(qty: object, **more: object) -> dict[str, object]:
    """Return the body of an order to buy AAPL."""
    return {
        "symbol": "AAPL", "side": "buy", "qty": str(qty), "type": "market",
        "time_in_force": "day", **more,
    }  # fmt: skip


def test_order_is_answered_pending_then_new_then_filled(bench: Bench) -> None:
    """The answer is pending_new; new and fill follow on later turns."""
    order = bench.engine.submit("K", read_ticket(buy(10)))
    assert ("pending_new", []) == (order.status, bench.recorder.names)
    bench.run()
    assert ["new", "fill"] == bench.recorder.names
    assert "filled" == bench.order(order.id).status


def test_large_order_fills_in_several_executions(bench: Bench) -> None:
    """What one quote can't fill continues on the following ones, at their prices."""
    bench.market.quoted("AAPL", 99, 100, 400)
    order_id = bench.place("AAPL", "buy", 900)
    bench.market.quoted("AAPL", 99, 101, 400)
    bench.market.quoted("AAPL", 99, 102, 400)
    assert ["new", "partial_fill", "partial_fill", "fill"] == bench.recorder.names
    assert ["400", "400", "100"] == [event["qty"] for event in bench.recorder.events[1:]]
    assert ["400", "800", "900"] == [event["position_qty"] for event in bench.recorder.events[1:]]
    order = bench.order(order_id)
    assert Decimal("100.666666667") == order.average_price


def test_trade_without_a_new_quote_fills_nothing_more(bench: Bench) -> None:
    """A quote that was taken is not taken again on the next print."""
    bench.market.quoted("AAPL", 99, 100, 400)
    order_id = bench.place("AAPL", "buy", 900)
    bench.market.traded("AAPL", 100)
    assert Decimal(400) == bench.order(order_id).filled_qty


def test_earlier_order_is_served_first(bench: Bench) -> None:
    """Two accounts that want one quote's shares get them in the order they came."""
    bench.market.quoted("AAPL", 89, 90, 500)
    limit = {"type": "limit", "limit_price": "80"}
    first = bench.place("AAPL", "buy", 300, "A", **limit)
    second = bench.place("AAPL", "buy", 300, "B", **limit)
    bench.market.quoted("AAPL", 79, 80, 400)
    assert Decimal(300) == bench.order(first, "A").filled_qty
    assert Decimal(100) == bench.order(second, "B").filled_qty


def test_tick_far_from_resting_orders_looks_none_of_them_up(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tick that lets no order trade and triggers none is done with at once."""
    bench.place("AAPL", "buy", 1, type="limit", limit_price="50")
    bench.place("AAPL", "buy", 1, type="stop", stop_price="150")
    looked_up: list[str] = []
    monkeypatch.setattr(
        bench.engine, "_consider", lambda order_id, *_, **__: looked_up.append(order_id)
    )
    bench.market.quoted("AAPL", 99, 100)
    bench.market.traded("AAPL", 100)
    assert [] == looked_up


def test_limit_waits_for_its_price(bench: Bench) -> None:
    """A limit below the ask rests and fills when the ask comes down to it."""
    order_id = bench.place("AAPL", "buy", 10, type="limit", limit_price="95")
    assert "new" == bench.order(order_id).status
    bench.market.quoted("AAPL", 93, 94)
    assert Decimal(94) == bench.order(order_id).average_price


def test_stop_becomes_a_market_order(bench: Bench) -> None:
    """A stop is triggered by a trade, and then trades at the quote, even further away."""
    bench.place("AAPL", "buy", 10)
    order_id = bench.place("AAPL", "sell", 10, type="stop", stop_price="90")
    bench.market.quoted("AAPL", 85, 86)
    assert "new" == bench.order(order_id).status
    bench.market.traded("AAPL", 90)
    assert Decimal(85) == bench.order(order_id).average_price


def test_stop_limit_becomes_a_limit_order(bench: Bench) -> None:
    """A triggered stop limit trades no worse than its limit, and stays triggered."""
    bench.place("AAPL", "buy", 10)
    prices = {"stop_price": "90", "limit_price": "88"}
    order_id = bench.place("AAPL", "sell", 10, type="stop_limit", **prices)
    bench.market.quoted("AAPL", 85, 86)
    bench.market.traded("AAPL", 89)
    assert "new" == bench.order(order_id).status
    bench.market.traded("AAPL", 95)
    bench.market.quoted("AAPL", 88, 89)
    assert Decimal(88) == bench.order(order_id).average_price


def test_ioc_takes_what_there_is_and_cancels_the_rest(bench: Bench) -> None:
    """An immediate-or-cancel order never rests."""
    bench.market.quoted("AAPL", 99, 100, 400)
    order_id = bench.place("AAPL", "buy", 900, time_in_force="ioc")
    assert ["new", "partial_fill", "canceled"] == bench.recorder.names
    order = bench.order(order_id)
    assert ("canceled", Decimal(400)) == (order.status, order.filled_qty)


def test_fok_that_cannot_fill_whole_is_canceled(bench: Bench) -> None:
    """A fill-or-kill order trades nothing when it can't trade all."""
    bench.market.quoted("AAPL", 99, 100, 400)
    bench.place("AAPL", "buy", 401, time_in_force="fok")
    bench.place("AAPL", "buy", 400, time_in_force="fok")
    assert ["new", "canceled", "new", "fill"] == bench.recorder.names


def test_day_order_expires_at_the_close(bench: Bench) -> None:
    """A day order lapses when its session ends, a gtc order does not."""
    day = bench.place("AAPL", "buy", 1, type="limit", limit_price="5")
    gtc = bench.place("AAPL", "buy", 1, type="limit", limit_price="5", time_in_force="gtc")
    bench.market.wait(hours=24)
    bench.engine.keep_house()
    assert ("expired", "new") == (bench.order(day).status, bench.order(gtc).status)


def test_day_order_does_not_fill_after_the_close() -> None:
    """A tick after the session's end expires a day order, however good its price."""
    bench = Bench()
    order_id = bench.place("AAPL", "buy", 1, type="limit", limit_price="5")
    bench.market.wait(hours=24)
    bench.market.quoted("AAPL", 3, 4)
    assert "expired" == bench.order(order_id).status


def test_order_outside_hours_waits_for_the_opening() -> None:
    """An order sent on a closed market is accepted, fills at the opening, lapses at its close."""
    bench = Bench(hours=OfficeHours())
    bench.market.at = datetime(2026, 1, 3, 15, tzinfo=UTC)  # a Saturday
    order_id = bench.place("AAPL", "buy", 1)
    resting = bench.place("AAPL", "buy", 1, type="limit", limit_price="5")
    assert "accepted" == bench.order(order_id).status
    bench.market.at = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)
    bench.engine.keep_house()
    assert ("filled", "new") == (bench.order(order_id).status, bench.order(resting).status)
    bench.market.at = datetime(2026, 1, 5, 21, 0, tzinfo=UTC)
    bench.engine.keep_house()
    assert "expired" == bench.order(resting).status


def test_crypto_and_extended_hours_trade_on_a_closed_market() -> None:
    """Coins always trade; a limit for extended hours does as long as there are quotes."""
    bench = Bench(hours=OfficeHours())
    bench.market.at = datetime(2026, 1, 3, 15, tzinfo=UTC)
    coin = bench.place("BTC/USD", "buy", 1)
    late = bench.place("AAPL", "buy", 1, type="limit", limit_price="101", extended_hours=True)
    assert ("filled", "filled") == (bench.order(coin).status, bench.order(late).status)


def test_cancel_is_pending_until_a_later_turn(bench: Bench) -> None:
    """A cancel is asked for first and done later."""
    order_id = bench.place("AAPL", "buy", 1, type="limit", limit_price="5")
    bench.engine.cancel("K", order_id)
    assert "pending_cancel" == bench.order(order_id).status
    bench.run()
    order = bench.order(order_id)
    assert ("canceled", "canceled") == (order.status, bench.recorder.names[-1])
    assert order.canceled_at is not None


def test_fill_wins_the_race_with_a_cancel(bench: Bench) -> None:
    """A fill between the request to cancel and the cancel leaves the order filled."""
    order_id = bench.place("AAPL", "buy", 1, type="limit", limit_price="50")
    bench.engine.cancel("K", order_id)
    bench.market.quoted("AAPL", 49, 50)
    bench.run()
    assert ["new", "fill"] == bench.recorder.names
    assert "filled" == bench.order(order_id).status


def test_closed_order_is_not_cancelable(bench: Bench) -> None:
    """A filled order can't be canceled."""
    order_id = bench.place("AAPL", "buy", 1)
    with pytest.raises(ExchangeError, match="not cancelable"):
        bench.engine.cancel("K", order_id)


def test_replacement_gets_a_new_id_and_the_chain(bench: Bench) -> None:
    """A replaced order names its successor, which names it."""
    old_id = bench.place("AAPL", "buy", 10, type="limit", limit_price="50")
    new = bench.engine.replace("K", old_id, Changes(limit_price=Decimal(60)))
    assert ("pending_new", "pending_replace") == (new.status, bench.order(old_id).status)
    bench.run()
    old, now = bench.order(old_id), bench.order(new.id)
    assert ["new", "replaced", "new"] == bench.recorder.names
    assert ("replaced", new.id, old_id) == (old.status, old.replaced_by, now.replaces)
    assert ("new", Decimal(60), Decimal(10)) == (now.status, now.limit_price, now.qty)


def test_replacement_without_a_quantity_is_for_what_is_left(bench: Bench) -> None:
    """A partly filled order's replacement is for the rest, and starts unfilled."""
    bench.market.quoted("AAPL", 99, 100, 100)
    old_id = bench.place("AAPL", "buy", 300, type="limit", limit_price="100")
    new = bench.engine.replace("K", old_id, Changes(limit_price=Decimal(101)))
    bench.run()
    assert (Decimal(200), Decimal(0)) == (new.qty, new.filled_qty)
    assert Decimal(100) == bench.order(old_id).filled_qty


def test_fill_wins_the_race_with_a_replacement(bench: Bench) -> None:
    """When the old order fills first, the replacement is rejected."""
    old_id = bench.place("AAPL", "buy", 10, type="limit", limit_price="50")
    new = bench.engine.replace("K", old_id, Changes(limit_price=Decimal(60)))
    bench.market.quoted("AAPL", 49, 50)
    bench.run()
    assert ["new", "fill", "rejected"] == bench.recorder.names
    assert ("filled", "rejected") == (bench.order(old_id).status, bench.order(new.id).status)


def test_part_filled_while_being_replaced_lives_on(bench: Bench) -> None:
    """An order that traded in part meanwhile keeps its place, and its replacement is rejected."""
    old_id = bench.place("AAPL", "buy", 300, type="limit", limit_price="50")
    bench.engine.replace("K", old_id, Changes(limit_price=Decimal(60)))
    bench.market.quoted("AAPL", 49, 50, 100)
    bench.run()
    assert ["new", "partial_fill", "rejected", "order_replace_rejected"] == bench.recorder.names
    assert "partially_filled" == bench.order(old_id).status


@pytest.mark.parametrize("status", ["pending_new", "pending_cancel", "pending_replace", "filled"])
def test_replacement_is_refused_while_something_is_pending(bench: Bench, status: str) -> None:
    """Only a resting order can be replaced."""
    order_id = bench.engine.submit("K", read_ticket(buy(1, type="limit", limit_price="5"))).id
    if status != "pending_new":
        bench.run()
    if status == "pending_cancel":
        bench.engine.cancel("K", order_id)
    if status == "pending_replace":
        bench.engine.replace("K", order_id, Changes(limit_price=Decimal(6)))
    if status == "filled":
        bench.market.quoted("AAPL", 4, 5)
    with pytest.raises(ExchangeError, match=f"cannot replace order in {status} status"):
        bench.engine.replace("K", order_id, Changes(limit_price=Decimal(7)))


def test_notional_order_spends_its_money(bench: Bench) -> None:
    """A notional order has no quantity, and fills for what the money buys."""
    order_id = bench.place("AAPL", "buy", None, notional="1000")
    order = bench.order(order_id)
    assert (None, "filled", Decimal(10)) == (order.qty, order.status, order.filled_qty)


def test_notional_sale_never_sells_more_than_is_held(bench: Bench) -> None:
    """When the price has fallen, a notional sale ends with the position."""
    bench.place("AAPL", "buy", 10)
    order = bench.engine.submit("K", read_ticket({
        "symbol": "AAPL", "side": "sell", "notional": "1000", "type": "market",
        "time_in_force": "day",
    }))  # fmt: skip
    bench.market.prime([bench.market.new_quote("AAPL", 50, 51)])
    bench.run()
    assert (Decimal(0), "filled") == (bench.ledger().position("AAPL"), bench.order(order.id).status)


def test_each_event_is_stored_before_it_is_announced(bench: Bench) -> None:
    """Whoever hears of an event finds it in the store."""
    seen: list[bool] = []

    def look(event: dict[str, object]) -> None:
        told = event["order"]
        assert isinstance(told, dict)
        stored = bench.store.order("K", told["id"])
        assert stored is not None
        seen.append((told["status"], told["filled_qty"]) == (stored.status, str(stored.filled_qty)))

    bench.recorder.on_event = look
    bench.market.quoted("AAPL", 99, 100, 100)
    bench.place("AAPL", "buy", 150)
    bench.market.quoted("AAPL", 99, 100, 100)
    assert [True, True, True] == seen


def test_events_are_stamped_in_the_order_they_happen(bench: Bench) -> None:
    """Stamps and event ids strictly rise, though the clock stands still."""
    for _ in range(5):
        bench.place("AAPL", "buy", 1)
    stamps = [event["timestamp"] for event in bench.recorder.events]
    ids = [event["event_id"] for event in bench.recorder.events]
    assert (10, sorted(set(stamps)), sorted(set(ids))) == (len(stamps), stamps, ids)


def test_new_day_turns_the_account_over(bench: Bench) -> None:
    """On a new day last equity is what the account was worth at the last close."""
    bench.place("AAPL", "buy", 100)
    bench.market.traded("AAPL", 110)
    bench.market.prime([], {"AAPL": Decimal(108)})
    bench.market.at = START + timedelta(days=1)
    ledger = bench.ledger()
    assert (Decimal(100_800), Decimal(10_800)) == (
        ledger.last_equity, ledger.holding("AAPL").intraday_cost,
    )  # fmt: skip
