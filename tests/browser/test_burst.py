"""What the page shows of bursts and of silence, with an account that the test writes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.page import Page, named
from tests.browser.scripted_desk import running_script
from tests.desk_server import DeskProcess
from tests.waiting import wait_for

BURST = 100
# the tape of fills scrolls; here every row is wanted on the page
_UNROLL = "dash_ag_grid.getApi(arguments[0]).setGridOption('domLayout', 'autoHeight')"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskProcess]:
    """AlphaFlow over a scripted account."""
    with running_script(tmp_path_factory.mktemp("scripted")) as desk:
        yield desk


def write(page: Page, name: str, **script: object) -> dict[str, float]:
    """Have the producer do something."""
    status, answer = page.api("POST", f"/api/test/{name}", script)
    assert 200 == status, answer
    return dict(answer)


def badges(page: Page) -> dict[str, str | None]:
    """Return each row's badge state."""
    return {
        symbol: page.attribute(f"[row-id$=':{symbol}'] {named('live-badge')}", "data-state")
        for symbol in page.rows("positions")
    }


def test_rows_age_by_themselves(page: Page) -> None:
    """With no event, a row turns Delayed at 5 s and Stale at 30 s, and says how old it is (U3)."""
    page.enter_live("trader")
    write(page, "price", symbol="FRESH", age_s=1)
    write(page, "price", symbol="AGING", age_s=3)
    write(page, "price", symbol="DATED", age_s=27.5)
    wait_for(lambda: badges(page) == {"FRESH": "live", "AGING": "live", "DATED": "delayed"})
    wait_for(lambda: badges(page)["AGING"] == "delayed")
    wait_for(lambda: badges(page)["DATED"] == "stale")
    assert page.rows("positions")["DATED"]["badge"].endswith("s ago")
    write(page, "price", symbol="AGING", age_s=0)
    wait_for(lambda: badges(page)["AGING"] == "live")


def test_old_data_raise_a_banner_that_goes_by_itself(page: Page) -> None:
    """Nothing younger than 60 s in an open market: a warning, gone with the next price (U4)."""
    page.enter_live("trader")
    for symbol in ("FRESH", "AGING", "DATED"):
        write(page, "price", symbol=symbol, age_s=58)
    assert not page.has(named("staleness-banner"))
    banner = page.find(named("staleness-banner"))
    assert "min ago" in banner.text or "s ago" in banner.text
    assert page.has("#staleness-refresh")
    assert "stale" == page.attribute("#page-badge", "data-state")
    write(page, "price", symbol="FRESH", age_s=0)
    wait_for(lambda: not page.has(named("staleness-banner")))


def test_a_closed_market_is_closed_not_stale(page: Page) -> None:
    """Old prices of a closed market read Closed, and raise no banner (U3, U4)."""
    page.enter("trader", "/analytics")
    write(page, "price", symbol="DATED", age_s=7200)
    write(page, "market", is_open=False)
    page.open("/portfolio")
    wait_for(lambda: badges(page).get("DATED") == "closed")
    assert page.text("#market-clock").startswith("Market closed · opens in 2")
    page.await_text("#page-badge", "Closed")
    assert not page.has(named("staleness-banner"))
    write(page, "market", is_open=True)


def test_a_burst_arrives_completely(page: Page) -> None:
    """Of 100 fills in one burst each order, fill and last position is in a cell (R5, R11)."""
    page.enter_live("trader")
    page.js(_UNROLL, "trades-grid")
    page.click("[data-scope=all]")
    spent = write(page, "burst", count=BURST)
    expected = {f"B{n}": (f"{n:,}", f"{100 + n + 0.25:,.2f}") for n in range(1, BURST + 1)}
    wait_for(lambda: expected == shown_burst(page))
    orders = page.rows("orders")
    assert {f"order-{n}": f"{n} B{n}" for n in range(1, BURST + 1)} == {
        name: row["symbol"].splitlines()[0] for name, row in orders.items()
    }
    assert {"Filled"} == {row["statusText"].splitlines()[0] for row in orders.values()}
    assert {f"trade-{n}": (f"{n} B{n}", f"@ {100 + n}.00") for n in range(1, BURST + 1)} == {
        name: (row["symbol"].splitlines()[0], row["price"])
        for name, row in page.rows("trades").items()
    }
    # a burst, not a trickle: all of it was offered within one batch window
    assert spent["milliseconds"] < 250


def shown_burst(page: Page) -> dict[str, tuple[str, str]]:
    """Return quantity and price of each row that the burst made."""
    return {
        symbol: (row["quantity"], row["price"])
        for symbol, row in page.rows("positions").items()
        if symbol.startswith("B")
    }
