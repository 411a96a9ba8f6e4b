"""What the page holds, under messages that repeat, overlap, go missing and come late (R11)."""

from __future__ import annotations

from typing import Any

from tests.assets.conftest import Run
from tests.assets.messages import batch, envelope, figures, order, position, snapshot, trade

Json = dict[str, Any]

_APPLY = """(() => {
  const store = alphaflow.portfolio_store.create();
  const effects = messages.map((m) => alphaflow.portfolio_store.apply(store, m, 1000));
  return { effects, state: store.accounts.acc, figures: alphaflow.portfolio_store.figures(store),
    resume: alphaflow.portfolio_store.resume(store) };
})()"""


def applied(js: Run, *messages: Json) -> Json:
    result: Json = js(_APPLY, messages=list(messages))
    return result


def test_a_snapshot_is_the_whole_account(js: Run) -> None:
    """What a later snapshot doesn't name is gone."""
    result = applied(
        js, snapshot(1, positions=[position("AAPL"), position("MSFT")]),
        snapshot(5, positions=[position("MSFT")]),
    )  # fmt: skip
    assert ["MSFT"] == list(result["state"]["positions"])
    assert ["AAPL"] == result["effects"][1]["removed"]


def test_a_message_that_follows_is_applied(js: Run) -> None:
    """PrevSeq equal to the last applied seq continues it."""
    result = applied(js, snapshot(1), batch(1, 4, positions=[position()]))
    assert ("apply", 4) == (result["effects"][1]["verdict"], result["state"]["seq"])


def test_a_gap_is_noticed_and_nothing_applied(js: Run) -> None:
    """A message after a hole changes nothing: what it rests on is unknown."""
    result = applied(js, snapshot(1), batch(2, 3, positions=[position()]))
    assert ("gap", 1, {}) == (
        result["effects"][1]["verdict"], result["state"]["seq"], result["state"]["positions"],
    )  # fmt: skip


def test_another_epoch_is_a_gap(js: Run) -> None:
    """Sequence numbers of another epoch say nothing."""
    assert "gap" == applied(js, snapshot(1), batch(1, 2, epoch="f"))["effects"][1]["verdict"]


def test_a_repeated_message_changes_nothing(js: Run) -> None:
    """A message seen before is a duplicate."""
    result = applied(js, snapshot(1), batch(1, 2, trades=[trade()]), batch(1, 2, trades=[trade()]))
    assert ("duplicate", 1) == (result["effects"][2]["verdict"], len(result["state"]["trades"]))


def test_an_overlapping_message_is_applied(js: Run) -> None:
    """Objects are whole, so a merged message that reaches further back is safe."""
    result = applied(js, snapshot(3), batch(1, 5, positions=[position()]))
    assert ("apply", 5) == (result["effects"][1]["verdict"], result["state"]["seq"])


def test_single_events_come_under_their_own_type(js: Run) -> None:
    """position_update, order_update, account_update and trade_executed are batches of one."""
    result = applied(
        js, snapshot(0), envelope("position_update", position(), 0, 1),
        envelope("order_update", order("new"), 1, 2),
        envelope("account_update", figures("2000"), 2, 3),
        envelope("trade_executed", trade(), 3, 4),
    )  # fmt: skip
    state = result["state"]
    assert (["AAPL"], ["o1"], "2000", 1) == (
        list(state["positions"]), list(state["orders"]), state["figures"]["equity"],
        len(state["trades"]),
    )  # fmt: skip


def test_a_quantity_of_zero_closes_the_position(js: Run) -> None:
    """A closed position leaves the table."""
    result = applied(
        js, snapshot(1, positions=[position()]), batch(1, 2, positions=[position(quantity="0")])
    )
    assert ({}, ["AAPL"]) == (result["state"]["positions"], result["effects"][1]["removed"])


def test_the_newest_state_of_an_order_wins(js: Run) -> None:
    """An older fact about an order doesn't overwrite a newer one."""
    result = applied(
        js, snapshot(1, orders=[order("filled", 5)]), batch(1, 2, orders=[order("new", 3)])
    )
    assert "filled" == result["state"]["orders"]["o1"]["status"]


def test_of_two_facts_of_one_moment_the_final_one_wins(js: Run) -> None:
    """A fill isn't undone by an acknowledgement stamped with the same time."""
    result = applied(
        js, snapshot(1), batch(1, 2, orders=[order("filled", 5)]),
        batch(2, 3, orders=[order("new", 5)]),
    )  # fmt: skip
    assert "filled" == result["state"]["orders"]["o1"]["status"]


def test_the_first_snapshot_is_no_news(js: Run) -> None:
    """Opening the page doesn't shower it with notices of old fills."""
    assert [] == applied(js, snapshot(1, orders=[order("filled")]))["effects"][0]["notices"]


def test_what_happened_while_away_is_told_as_missed(js: Run) -> None:
    """A fill that a later snapshot brings is told once, marked as missed."""
    result = applied(
        js, snapshot(1, orders=[order("new", 1)]), snapshot(9, orders=[order("filled", 5)])
    )
    notices = result["effects"][1]["notices"]
    assert [("filled", True)] == [(one["kind"], one["missed"]) for one in notices]


def test_a_replayed_fill_is_told_as_missed(js: Run) -> None:
    """The server marks replayed trades; their order's notice says so."""
    message = batch(1, 2, orders=[order("filled", 5)], trades=[trade(missed=True)])
    notices = applied(js, snapshot(1, orders=[order("new", 1)]), message)["effects"][1]["notices"]
    assert [True] == [one["missed"] for one in notices]


def test_a_partial_fill_is_told_each_time_it_grows(js: Run) -> None:
    """Two partial fills are two notices, an unchanged order none."""
    partly = "partially_filled"
    result = applied(
        js, snapshot(1, orders=[order("new", 1)]),
        batch(1, 2, orders=[order(partly, 2, filledQty="3")]),
        batch(2, 3, orders=[order(partly, 3, filledQty="3")]),
        batch(3, 4, orders=[order(partly, 4, filledQty="7")]),
    )  # fmt: skip
    assert [0, 1, 0, 1] == [len(effect["notices"]) for effect in result["effects"]]


def test_resume_names_the_last_message_applied(js: Run) -> None:
    """A gap doesn't move the place from which to resume."""
    result = applied(js, snapshot(1), batch(1, 2), batch(7, 8))
    assert {"acc": {"epoch": "e", "seq": 2}} == result["resume"]


def test_a_sum_waits_for_every_account(js: Run) -> None:
    """Equity over two accounts is not shown while one is still on its way."""
    script = """(() => {
      const s = alphaflow.portfolio_store, store = s.create();
      s.account(store, "a"); s.account(store, "b");
      s.apply(store, first, 0);
      const half = s.figures(store);
      s.apply(store, second, 0);
      return [half, s.figures(store).equity];
    })()"""
    first, second = snapshot(1, account="a"), snapshot(1, account="b")
    assert [None, "2000"] == js(script, first=first, second=second)


def test_reconciliation_compares_what_does_not_move(js: Run) -> None:
    """A moved price is no difference; a quantity, an order status or a missing position is."""
    script = """(() => {
      const s = alphaflow.portfolio_store, store = s.create();
      s.apply(store, first, 0);
      return s.differences(store.accounts.acc, lists);
    })()"""
    first = snapshot(1, positions=[position("A"), position("B"), position("C")],
                     orders=[order("new", 1)])  # fmt: skip
    lists = {
        "positions": [position("A", currentPrice="99"), position("B", quantity="11")],
        "orders": [order("filled", 2)],
    }
    assert {"position B", "position C", "order o1"} == set(js(script, first=first, lists=lists))
    assert {"position C"} == set(
        js(script, first=first, lists={"positions": [position("A"), position("B")]})
    )
