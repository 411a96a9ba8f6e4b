"""Tables: fewest changes, right order words, one animation per cell and window (U2, U5, U6)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.assets.conftest import Run
from tests.assets.messages import order, position, snapshot


def test_a_transaction_holds_only_what_changed(js: Run) -> None:
    """Rows that are equal aren't touched."""
    change = js(
        "alphaflow.grid.difference(new Map(shown.map((r) => [r.id, r])), wanted)",
        shown=[{"id": "a", "v": 1}, {"id": "b", "v": 1}, {"id": "c", "v": 1}],
        wanted=[{"id": "a", "v": 1}, {"id": "b", "v": 2}, {"id": "d", "v": 1}],
    )
    assert {
        "add": [{"id": "d", "v": 1}], "update": [{"id": "b", "v": 2}], "remove": [{"id": "c"}],
    } == change  # fmt: skip


def test_a_cell_is_redrawn_for_all_that_it_shows(js: Run) -> None:
    """The grid looks at a column's own field only: names, ages and colours come beside it."""
    script = """(() => {
      const redrawn = [];
      globalThis.dash_ag_grid = { getApi: () => ({
        isDestroyed: () => false, applyTransaction: () => undefined, getRowNode: (id) => id,
        refreshCells: (asked) => redrawn.push([...asked.rowNodes, ...asked.columns, asked.force]),
      }) };
      const composed = () => ({ symbol: ["name", "value"], badge: ["age"] });
      const mirror = alphaflow.grid.mirror("g", composed);
      for (const rows of generations) mirror.show(rows);
      return redrawn;
    })()"""
    first = {"id": "a", "symbol": "AAPL", "name": "", "value": "1", "age": "Live", "price": 1}
    generations = [[first], [first | {"price": 2}], [first | {"name": "Apple", "price": 2}]]
    generations.append([{**generations[-1][0], "value": "2", "age": "5 s ago"}])
    assert [["a", "symbol", True], ["a", "symbol", "badge", True]] == js(
        script, generations=generations
    )


def moves(js: Run, before: str, after: str, *, last: int | None = None) -> Any:
    return js(
        """alphaflow.positions_table.moves(new Map([["r", before]]), [{id: "r", pnl: after}],
          new Map(last === null ? [] : [["r", last]]), 1000, 500)""",
        before=before, after=after, last=last,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("5", "6", [{"id": "r", "up": True}]),
        ("5", "4.99", [{"id": "r", "up": False}]),
        ("-5", "-4", [{"id": "r", "up": True}]),
        ("5", "5.00", []),
    ],
)
def test_a_cell_moves_with_its_value(js: Run, before: str, after: str, expected: list[Any]) -> None:
    """Up on an increase, down on a decrease, still when it is the same number."""
    assert expected == moves(js, before, after)


def test_a_cell_moves_at_most_once_per_window(js: Run) -> None:
    """A change within the span of the last animation starts none."""
    assert ([], 1) == (moves(js, "5", "6", last=501), len(moves(js, "5", "6", last=500)))


def test_rows_carry_weight_and_freshness(js: Run) -> None:
    """A row's weight is its share of equity; its badge knows the price's age."""
    script = """(() => {
      const s = alphaflow.portfolio_store, store = s.create();
      s.apply(store, first, Date.now());
      const context = { now: Date.now() + 12000, clock: { isOpen: true }, link: "live" };
      return alphaflow.positions_table.rows(store, context)[0];
    })()"""
    row = js(script, first=snapshot(1, positions=[position(marketValue="250")]))
    assert ("25.0", "delayed", "12 s ago") == (row["weight"], row["badge"], row["badgeText"])


def test_totals_add_up_exactly(js: Run) -> None:
    """The totals row sums what the rows say, shorts included."""
    rows = [
        {"value": "100.10", "pnl": "0.1", "dayPnl": "1", "cost": "100", "weight": "10.0"},
        {"value": "-50.05", "pnl": "0.2", "dayPnl": "-3", "cost": "-50", "weight": "5.0"},
    ]
    total = js("alphaflow.positions_table.totals(r)", r=rows)
    assert ("50.05", "0.3", "-2") == (total["value"], total["pnl"], total["dayPnl"])


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({}, "Tesla"),
        ({"side": "short"}, "Short · Tesla"),
        ({"strategyId": "momentum"}, "Tesla · momentum"),
        ({"symbol": "KO", "side": "short"}, "Short · Stock"),
        ({"symbol": "BTC/USD", "assetClass": "crypto"}, "Crypto"),
    ],
)
def test_a_row_says_what_is_held(js: Run, more: dict[str, str], kind: str) -> None:
    """The name, or the class while it isn't known; a short says so."""
    script = """(() => {
      alphaflow.asset_names.learn(["TSLA"], [{ symbol: "TSLA", name: "Tesla, Inc. Common Stock" }]);
      return alphaflow.positions_table.kind(p);
    })()"""
    assert kind == js(script, p=position("TSLA") | more)


@pytest.mark.parametrize(
    ("changes", "terms"),
    [
        ({}, "Limit 175.50 · day"),
        ({"type": "market", "timeInForce": "gtc"}, "Market · gtc"),
        ({"type": "stop_limit", "stopPrice": "182"}, "Stop 182.00, limit 175.50 · day"),
        ({"type": "trailing_stop", "trailPercent": "2"}, "Trailing stop 2.0% · day"),
        ({"orderClass": "bracket"}, "Limit 175.50 · day · bracket"),
    ],
)
def test_an_orders_terms(js: Run, changes: dict[str, Any], terms: str) -> None:
    """The blotter says what an order waits for."""
    assert terms == js("alphaflow.orders_table.terms(o)", o=order("new", **changes))


@pytest.mark.parametrize(
    ("status", "working"),
    [("new", True), ("pending_submit", True), ("held", True), ("filled", False),
     ("done_for_day", False), ("something_new", True)],
)  # fmt: skip
def test_working_orders(js: Run, status: str, working: bool) -> None:  # noqa: FBT001 - a case
    """An order works until its status is final; an unknown status can still trade."""
    assert working == js("alphaflow.orders_table.isWorking(o)", o=order(status))


@pytest.mark.parametrize(
    ("kind", "changes", "title"),
    [
        ("filled", {"filledQty": "10", "filledAvgPrice": "175.5"},
         "Order Filled: BUY 10 AAPL @ $175.50"),
        ("partial", {"filledQty": "4", "filledAvgPrice": "175.5"},
         "Order Partially Filled: BUY 4 of 10 AAPL @ $175.50"),
        ("rejected", {"side": "sell"}, "Order Rejected: SELL 10 AAPL"),
        ("canceled", {}, "Order Canceled: BUY 10 AAPL"),
        ("filled", {"qty": None, "notional": "500", "filledQty": "2.85",
                    "filledAvgPrice": "175.5"}, "Order Filled: BUY 2.85 AAPL @ $175.50"),
    ],
)  # fmt: skip
def test_a_toasts_words(js: Run, kind: str, changes: dict[str, Any], title: str) -> None:
    """A toast says what happened to what, at what price."""
    notice = {"kind": kind, "order": order("x", **changes)}
    assert title == js("alphaflow.toasts.words(n)", n=notice)["title"]


def test_a_rejects_toast_carries_the_reason(js: Run) -> None:
    """The broker's own words are shown; what was missed says so."""
    told = order("rejected", rejectReason="insufficient buying power")
    notice = {"kind": "rejected", "order": told, "missed": True}
    text = js("alphaflow.toasts.words(n)", n=notice)["text"]
    assert text.startswith("insufficient buying power · Missed while away")
