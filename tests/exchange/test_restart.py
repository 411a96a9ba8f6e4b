"""What survives a restart, and a crash between any two steps."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from alpaca.trading.requests import MarketOrderRequest

from exchange.errors import InvalidSetting
from exchange.store import Store
from exchange.tickets import Changes, read_ticket
from tests.exchange.desk import Bench, HandMarket, Live, until

LIMIT = {
    "symbol": "AAPL", "side": "buy", "qty": "10", "type": "limit", "limit_price": "50",
    "time_in_force": "gtc",
}  # fmt: skip


def restarted(bench: Bench, path: Path) -> Bench:
    """Return a second engine on the same file, as after a crash of the first."""
    bench.store.close()
    again = Bench(path)
    again.run()
    return again


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the state is kept."""
    return tmp_path / "deep" / "state.sqlite3"


def test_accounts_orders_and_fills_survive(path: Path) -> None:
    """Cash, positions, open and closed orders and fills are as they were."""
    bench = Bench(path)
    filled = bench.place("AAPL", "buy", "10.5")
    open_id = bench.place("MSFT", "sell", 10, type="limit", limit_price="80", client_order_id="x")
    before = bench.ledger(), bench.order(filled), bench.order(open_id)
    again = restarted(bench, path)
    assert before == (again.ledger(), again.order(filled), again.order(open_id))
    again.market.quoted("MSFT", 80, 81)
    assert "filled" == again.order(open_id).status


def test_pending_order_becomes_active_after_a_crash(path: Path) -> None:
    """An order that was answered but not yet active is taken up."""
    bench = Bench(path)
    order = bench.engine.submit("K", read_ticket(LIMIT))
    assert "new" == restarted(bench, path).order(order.id).status


def test_pending_cancel_is_finished_after_a_crash(path: Path) -> None:
    """A cancel that was asked for is done."""
    bench = Bench(path)
    order = bench.engine.submit("K", read_ticket(LIMIT))
    bench.run()
    bench.engine.cancel("K", order.id)
    assert "canceled" == restarted(bench, path).order(order.id).status


def test_pending_replacement_is_finished_after_a_crash(path: Path) -> None:
    """A replacement that was asked for is done."""
    bench = Bench(path)
    old = bench.engine.submit("K", read_ticket(LIMIT))
    bench.run()
    new = bench.engine.replace("K", old.id, Changes(limit_price=Decimal(60)))
    again = restarted(bench, path)
    assert ("replaced", "new") == (again.order(old.id).status, again.order(new.id).status)


def test_replacement_whose_new_order_was_canceled_is_undone_after_a_crash(path: Path) -> None:
    """An order waiting for a replacement that is gone goes back to resting."""
    bench = Bench(path)
    old = bench.engine.submit("K", read_ticket(LIMIT))
    bench.run()
    new = bench.engine.replace("K", old.id, Changes(limit_price=Decimal(60)))
    bench.engine.cancel("K", new.id)
    again = restarted(bench, path)
    assert ("new", "canceled") == (again.order(old.id).status, again.order(new.id).status)


def test_crash_while_storing_leaves_nothing_of_the_step(path: Path) -> None:
    """A fill that can't be stored has not happened: not in the books, not on the stream."""
    bench = Bench(path)
    order_id = bench.place("AAPL", "buy", 10, type="limit", limit_price="50")
    bench.store.save_account = _fails  # type: ignore[method-assign]
    with pytest.raises(OSError, match="disk"):
        bench.market.quoted("AAPL", 49, 50)
    assert (["new"], "new") == (bench.recorder.names, bench.order(order_id).status)
    again = restarted(bench, path)
    assert ("new", Decimal(100_000)) == (again.order(order_id).status, again.ledger().cash)


def test_client_order_id_is_still_taken_after_a_restart(path: Path) -> None:
    """A retry across a restart does not double an order."""
    bench = Bench(path)
    bench.place("AAPL", "buy", 1, client_order_id="once")
    again = restarted(bench, path)
    with pytest.raises(Exception, match="must be unique"):
        again.place("AAPL", "buy", 1, client_order_id="once")


def test_stamps_go_on_after_a_restart(path: Path) -> None:
    """A clock that stands still or goes back gives no stamp twice."""
    bench = Bench(path)
    first = bench.place("AAPL", "buy", 1)
    before = bench.order(first).updated_at
    again = restarted(bench, path)
    again.market.wait(hours=-5)
    second = again.place("AAPL", "buy", 1)
    assert again.order(second).created_at > before


def test_other_closes_turn_the_account_over(path: Path) -> None:
    """When another market gives other closes, last equity follows them."""
    bench = Bench(path)
    bench.place("AAPL", "buy", 100)
    bench.market.wait(days=1)
    assert Decimal(100_000) == bench.ledger().last_equity
    bench.store.close()
    market = HandMarket()
    market.wait(days=1)
    market.prime([], {"AAPL": Decimal(70)})
    again = Bench(path, market=market)
    assert Decimal(97_000) == again.ledger().last_equity


def test_served_exchange_comes_back_with_its_state(path: Path) -> None:
    """A client finds its account again after the exchange was stopped and started."""
    first = Live(HandMarket(), path)
    first.start()
    client = first.client()
    order = MarketOrderRequest(symbol="AAPL", qty=7, side="buy", time_in_force="day")
    client.submit_order(order)
    until(client.get_all_positions, "position")
    cash = client.get_account().cash
    first.stop()
    second = Live(HandMarket(), path)
    second.start()
    assert (cash, "7") == (
        second.client().get_account().cash, second.client().get_open_position("AAPL").qty,
    )  # fmt: skip
    second.stop()


def test_second_exchange_on_the_same_file_is_refused(path: Path) -> None:
    """One file belongs to one exchange at a time."""
    first = Store(path)
    with pytest.raises(InvalidSetting, match="locked"):
        Store(path)
    first.close()
    Store(path).close()


def test_file_that_is_no_state_is_refused(tmp_path: Path) -> None:
    """A file of another kind is left alone and named."""
    other = tmp_path / "notes.txt"
    other.write_text("not a database, but long enough to look at " * 50)
    with pytest.raises(InvalidSetting, match=r"notes\.txt"):
        Store(other)


def _fails(record: object) -> None:
    raise OSError("disk full")
