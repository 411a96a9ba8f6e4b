"""Mending the book from the broker's REST answers."""

from dataclasses import replace
from decimal import Decimal

from portfolio.book import Book
from portfolio.changes import OrderUpdated, PositionClosed, TradeExecuted
from portfolio.ids import AccountId
from portfolio.orders import PENDING_SUBMIT, Side
from portfolio.reconcile import Reconciler
from portfolio.values import Mark
from tests.portfolio.builders import a_fill, a_position, a_rest_fill, a_state, an_order, at


def loaded(**state: object) -> tuple[Book, Reconciler]:
    book = Book(AccountId("acc"))
    reconciler = Reconciler(book)
    reconciler.load(a_state(**state))  # type: ignore[arg-type]
    return book, reconciler


def test_an_empty_book_takes_what_the_broker_holds() -> None:
    """The first load shows the broker's positions and cash and calls nothing a correction."""
    book, _ = loaded(cash="99000", positions=(a_position("AAPL", "10", "1000"),))
    assert (Decimal(10), Decimal(1000), Decimal(99000)) == (
        book.quantity("AAPL"),
        book.positions["AAPL"].cost_basis,
        book.cash,
    )


def test_a_first_load_replays_todays_fills_as_history() -> None:
    """Fills from before the first load appear as trades, not as missed, and realise P&L."""
    book, _ = loaded(
        fills=(
            a_rest_fill("o1", Side.BUY, "10", "100", seconds=1),
            a_rest_fill("o2", Side.SELL, "4", "110", seconds=2),
        ),
        positions=(a_position("AAPL", "6", "600"),),
    )
    assert ([False, False], Decimal(40), Decimal(6)) == (
        [trade.missed for trade in book.trades],
        book.realized_today,
        book.quantity("AAPL"),
    )


def test_a_fill_from_the_stream_is_known_to_rest() -> None:
    """A fill that came by stream is not booked again when REST tells of it."""
    book, reconciler = loaded()
    book.apply(a_fill("o1", Side.BUY, "10", "100"))
    outcome = reconciler.reconcile(
        a_state(
            cash="99000",
            fills=(a_rest_fill("o1", Side.BUY, "10", "100"),),
            positions=(a_position("AAPL", "10", "1000"),),
        ),
        after_gap=True,
    )
    assert ((), ()) == (outcome.corrected, outcome.suspected)


def test_a_fill_missed_in_a_gap_is_booked_once_and_marked() -> None:
    """After a gap the missing fill is booked with missed set; a late event adds none."""
    book, reconciler = loaded()
    state = a_state(
        cash="99000",
        fills=(a_rest_fill("o1", Side.BUY, "10", "100"),),
        positions=(a_position("AAPL", "10", "1000"),),
    )
    outcome = reconciler.reconcile(state, after_gap=True)
    late = book.apply(a_fill("o1", Side.BUY, "10", "100"))
    trades = [c.trade for c in outcome.changes if isinstance(c, TradeExecuted)]
    assert ([True], at(1), None, Decimal(99000)) == (
        [trade.missed for trade in trades],
        trades[0].executed_at,
        late.trade,
        book.cash,
    )


def test_without_a_gap_the_stream_gets_a_second_chance() -> None:
    """A fill that REST knows first waits one reconciliation for its stream event."""
    book, reconciler = loaded()
    state = a_state(
        cash="99000",
        fills=(a_rest_fill("o1", Side.BUY, "10", "100"),),
        positions=(a_position("AAPL", "10", "1000"),),
    )
    first = reconciler.reconcile(state, after_gap=False)
    waiting = book.quantity("AAPL")
    second = reconciler.reconcile(state, after_gap=False)
    assert (True, Decimal(0), ["fill"], Decimal(10)) == (
        bool(first.suspected),
        waiting,
        [each.what for each in second.corrected],
        book.quantity("AAPL"),
    )


def test_a_quantity_that_differs_twice_is_corrected_and_counted() -> None:
    """A split changes a quantity without a fill: corrected at the second report."""
    book, reconciler = loaded(positions=(a_position("AAPL", "10", "1000"),))
    state = a_state(positions=(a_position("AAPL", "20", "1000"),))
    first = reconciler.reconcile(state, after_gap=False)
    between = book.quantity("AAPL")
    second = reconciler.reconcile(state, after_gap=False)
    assert (((), Decimal(10)), (["position"], Decimal(20))) == (
        (first.corrected, between),
        ([each.what for each in second.corrected], book.quantity("AAPL")),
    )


def test_a_fill_between_two_reports_voids_the_suspicion() -> None:
    """A stale REST answer that races a fill never overwrites it."""
    book, reconciler = loaded()
    stale = a_state(cash="100000")
    book.apply(a_fill("o1", Side.BUY, "10", "100"))
    reconciler.reconcile(stale, after_gap=False)
    book.apply(a_fill("o2", Side.BUY, "1", "100"))
    outcome = reconciler.reconcile(stale, after_gap=False)
    assert ((), Decimal(11), Decimal(98900)) == (
        outcome.corrected,
        book.quantity("AAPL"),
        book.cash,
    )


def test_a_position_the_broker_no_longer_has_is_closed() -> None:
    """A position gone at the broker is announced as closed."""
    _, reconciler = loaded(positions=(a_position("AAPL", "10", "1000"),))
    reconciler.reconcile(a_state(), after_gap=False)
    outcome = reconciler.reconcile(a_state(), after_gap=False)
    assert any(isinstance(change, PositionClosed) for change in outcome.changes)


def test_an_order_found_over_rest_is_matched_by_client_id() -> None:
    """An order we stored before sending keeps its own id when the broker tells of it."""
    book, reconciler = loaded()
    pending = an_order("ours", broker_order_id=None, status=PENDING_SUBMIT)
    book.orders.put(pending)
    report = an_order("b-1", client_order_id=pending.client_order_id, status="accepted")
    outcome = reconciler.reconcile(a_state(orders=(report,)), after_gap=False)
    orders = [c.order for c in outcome.changes if isinstance(c, OrderUpdated)]
    assert [("ours", "b-1", "accepted")] == [
        (order.order_id, order.broker_order_id, order.status) for order in orders
    ]


def test_a_stuck_order_is_mended_and_counted() -> None:
    """An order canceled without an event is corrected from REST."""
    book, reconciler = loaded(orders=(an_order("o1", status="pending_cancel"),))
    gone = an_order("o1", status="canceled", updated_at=at(5))
    outcome = reconciler.reconcile(a_state(orders=(gone,)), after_gap=False)
    assert (["order"], "canceled") == (
        [each.what for each in outcome.corrected],
        next(iter(book.orders)).status,
    )


def test_rounding_of_the_broker_is_no_difference() -> None:
    """A cost basis within a cent of ours is left alone."""
    _, reconciler = loaded(positions=(a_position("AAPL", "3", "100.00"),))
    nearly = a_position("AAPL", "3", "100.009")
    for _ in range(2):
        outcome = reconciler.reconcile(a_state(positions=(nearly,)), after_gap=False)
    assert ((), ()) == (outcome.corrected, outcome.suspected)


def test_a_stored_book_learns_what_it_missed() -> None:
    """A book restored after a restart books the fills since then as missed."""
    book = Book(AccountId("acc"))
    before = a_fill("o1", Side.BUY, "10", "100")
    book.apply(before)
    outcome = Reconciler(book).load(
        a_state(
            cash="98900",
            fills=(
                a_rest_fill("o1", Side.BUY, "10", "100"),
                a_rest_fill("o2", Side.BUY, "1", "100", seconds=9),
            ),
            positions=(a_position("AAPL", "11", "1100"),),
        )
    )
    assert (["fill"], Decimal(11), Decimal(98900)) == (
        [each.what for each in outcome.corrected],
        book.quantity("AAPL"),
        book.cash,
    )


def test_a_replaced_order_that_filled_after_all_is_filled() -> None:
    """The old order may win the race against its replacement."""
    book, _ = loaded(orders=(an_order("o1", status="replaced"),))
    applied = book.apply(a_fill("o1", Side.BUY, "10", "100"))
    assert ("filled", Decimal(10)) == (applied.order.status, book.quantity("AAPL"))


def test_an_intraday_cost_is_taken_once_a_day() -> None:
    """A new day takes the last close from the broker without calling it a correction."""
    book, reconciler = loaded(positions=(a_position("AAPL", "10", "1000"),))
    tomorrow = replace(a_position("AAPL", "10", "1000"), intraday_cost=Decimal(1100))
    outcome = reconciler.reconcile(
        a_state(positions=(tomorrow,), seconds=24 * 3600), after_gap=False
    )
    assert ((), Decimal(1100)) == (outcome.corrected, book.positions["AAPL"].intraday_cost)


def test_a_loaded_position_has_the_brokers_price_until_a_trade_prices_it() -> None:
    """Replayed fills don't price a position; the broker's price does, then any trade."""
    book, _ = loaded(
        fills=(a_rest_fill("o1", Side.BUY, "10", "100"),),
        positions=(a_position("AAPL", "10", "1000", price="107"),),
    )
    at_load = book.positions["AAPL"].price
    book.mark([Mark(symbol="AAPL", price=Decimal(108), at=at(2))])
    assert (Decimal(107), Decimal(108)) == (at_load, book.positions["AAPL"].price)
