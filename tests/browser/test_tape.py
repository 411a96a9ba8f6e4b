"""Recorded ticks through everything, onto the page, and reckoned a second way."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from tests.browser import written
from tests.browser.page import Page, named
from tests.desk_server import DeskProcess, running_desk
from tests.journey.conftest import TAPE, needs_tape
from tests.journey.reckoning import decimal, last_prints
from tests.waiting import wait_for

REPLAY_S = 60.0
WIDE_ENOUGH = (1900, 1000)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskProcess]:
    """A desk whose market is the recorded quarter of an hour, as fast as it goes."""
    folder = tmp_path_factory.mktemp("tape")
    with running_desk(folder, TAPE=str(TAPE), TAPE_SPEED="max") as desk:
        yield desk


@needs_tape
def test_the_page_ends_on_the_tapes_last_figures(page: Page) -> None:
    """After the tape every figure shown equals the one reckoned from its last prints (U6, R11)."""
    page.driver.set_window_size(*WIDE_ENOUGH)
    page.enter_live("trader")
    prices = {symbol: decimal(price) for symbol, price in last_prints(TAPE).items()}
    held = {one["symbol"]: one for one in page.get("/api/positions")["positions"]}
    assert len(held) >= 3
    assert set(held) <= set(prices)
    expected = {symbol: written.position_cells(one, prices[symbol]) for symbol, one in held.items()}
    try:
        wait_for(lambda: shown(page) == expected, REPLAY_S)
    except AssertionError:
        assert expected == shown(page)
    headline_agrees(page, {s: Decimal(one["quantity"]) * prices[s] for s, one in held.items()})


def shown(page: Page) -> dict[str, dict[str, str]]:
    """Return the cells that a position's figures stand in."""
    names = ("quantity", "price", "value", "pnl")
    return {
        symbol: {name: row.get(name, "") for name in names}
        for symbol, row in page.rows("positions").items()
    }


def headline_agrees(page: Page, values: dict[str, Decimal]) -> None:
    """Assert that equity and the day's P&L are those of cash and these values."""
    account = page.get("/api/account")["account"]
    last = Decimal(account["lastEquity"])
    equity = Decimal(account["cash"]) + sum(values.values())
    day = equity - last
    words = f"{written.signed_money(day)} · {written.signed_percent(100 * day / last)}"
    wait_for(lambda: page.text(named("equity")) == written.money(equity))
    assert f"{written.arrow(day)} {words}" == page.text(named("day-pnl"))
