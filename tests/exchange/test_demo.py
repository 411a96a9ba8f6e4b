"""Demonstration accounts."""

from __future__ import annotations

from decimal import Decimal

from exchange.announcer import Announcer
from exchange.decimals import add, is_whole, multiply, subtract, total
from exchange.engine import Engine
from exchange.ledger import DEPOSIT
from exchange.store import Page, Store
from exchange.synthetic import synthetic_market
from tests.exchange.desk import Bench

ALL = Page(limit=100, newest_first=False)


def opened(key_id: str) -> Engine:
    """Return an engine on the synthetic market in which an account has been opened."""
    engine = Engine(synthetic_market(), Store(), Announcer(), lambda later: None, demo=True)
    engine.start()
    engine.accounts.open(key_id)
    return engine


def test_demonstration_account_holds_a_diverse_portfolio() -> None:
    """It holds eight positions: one short, one coin, at least one in fractions."""
    holdings = opened("DEMO-1").accounts.open("DEMO-1").ledger.holdings
    stocks = {name: held for name, held in holdings.items() if "/" not in name}
    assert (8, 7) == (len(holdings), len(stocks))
    assert 1 == sum(held.qty < 0 for held in holdings.values())
    assert 1 == sum(not is_whole(held.qty) for held in stocks.values())


def test_demonstration_holdings_are_real_fills() -> None:
    """Each position has its order and its fill of yesterday, and the cash adds up."""
    engine = opened("DEMO-1")
    fills = [fill for _, fill in engine.store.fills("DEMO-1", ALL)]
    orders = engine.store.orders("DEMO-1", ALL)
    account = engine.accounts.open("DEMO-1")
    assert (8, {"filled"}) == (len(orders), {order.status for order in orders})
    assert subtract(DEPOSIT, total(fill.cost for fill in fills)) == account.ledger.cash
    assert account.record.created_at < fills[0].at
    assert [fill.at for fill in fills] == sorted(fill.at for fill in fills)


def test_last_equity_is_the_holdings_at_the_last_close() -> None:
    """Equity − last equity is what the holdings moved since the last close."""
    engine = opened("DEMO-2")
    ledger = engine.accounts.open("DEMO-2").ledger
    worth = total(
        multiply(held.qty, engine.market.previous_close(name) or Decimal(0))
        for name, held in ledger.holdings.items()
    )
    assert add(ledger.cash, worth) == ledger.last_equity


def test_demonstration_depends_on_the_key_id_alone() -> None:
    """The same key id gets the same quantities again, another one others."""

    def quantities(key_id: str) -> dict[str, Decimal]:
        holdings = opened(key_id).accounts.open(key_id).ledger.holdings
        return {name: held.qty for name, held in holdings.items()}

    assert quantities("DEMO-1") == quantities("DEMO-1")
    assert quantities("DEMO-1") != quantities("DEMO-2")


def test_other_accounts_are_empty() -> None:
    """Only key ids that say so get holdings, and only where that is allowed."""
    assert {} == opened("OTHER").accounts.open("OTHER").ledger.holdings
    assert {} == Bench().engine.accounts.open("DEMO-1").ledger.holdings


def test_demonstration_account_trades_on() -> None:
    """What it holds can be sold."""
    bench = Bench(demo=True)
    holdings = bench.ledger("DEMO-1").holdings
    name = next(name for name, held in holdings.items() if held.qty > 1 and "/" not in name)
    order_id = bench.place(name, "sell", 1, "DEMO-1")
    assert "filled" == bench.order(order_id, "DEMO-1").status
