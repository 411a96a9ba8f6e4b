"""The tick board: newest value, exact counts, one owner."""

from __future__ import annotations

import threading
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from broker.ticks import TickBoard

AT = "2026-01-04T10:30:00Z"


def raw(price: float) -> dict[str, Any]:
    """Return a raw trade."""
    return {"p": price, "t": AT}


@given(st.lists(st.tuples(st.sampled_from(["A", "B", "C"]), st.booleans())))
def test_counts_add_up_and_the_newest_wins(steps: list[tuple[str, bool]]) -> None:
    """However drains fall between puts, no trade is lost from the count, none counted twice."""
    board = TickBoard()
    counted, last, seen, first = 0, {}, {}, {}
    for number, (symbol, drain) in enumerate(steps, start=1):
        board.put_trade(symbol, raw(number), number)
        last[symbol] = number
        first.setdefault(symbol, number)
        for name, trade, count, arrived_ns in board.drain_trades() if drain else ():
            assert (trade["p"], arrived_ns) == (last[name], first.pop(name))
            counted, seen[name] = counted + count, trade["p"]
    for name, trade, count, _ in board.drain_trades():
        counted, seen[name] = counted + count, trade["p"]
    assert (counted, seen) == (len(steps), last)


def test_writer_and_drainer_in_two_threads() -> None:
    """Nothing is lost or doubled while one thread writes and another drains."""
    board, total = TickBoard(), 20_000

    def write() -> None:
        for n in range(total):
            board.put_trade("A", raw(1), n)

    writing = threading.Thread(target=write)
    writing.start()
    counted = 0
    while writing.is_alive():
        counted += sum(count for _, _, count, _ in board.drain_trades())
    counted += sum(count for _, _, count, _ in board.drain_trades())
    assert counted == total


def test_the_first_trade_after_a_drain_wakes_the_listener() -> None:
    """A listener hears once per drain that there is something to drain, late ones included."""
    board, woken = TickBoard(), []
    board.put_trade("A", raw(1), 1)
    board.on_fresh(lambda: woken.append("now"))
    board.put_trade("B", raw(1), 2)
    board.drain_trades()
    board.put_trade("A", raw(2), 3)
    assert ["now", "now"] == woken


def test_unusable_trade_is_counted_and_left_out() -> None:
    """A trade that can't be converted costs its mark only."""
    board = TickBoard()
    board.put_trade("A", raw(1), 1)
    board.put_trade("B", {"p": 1, "t": "yesterday"}, 2)
    board.put_quote("A", {"bp": "x"})
    assert [mark.symbol for mark in board.drain_marks()] == ["A"]
    assert board.last_trade("B") is None
    assert board.quote("A") is None
    assert board.malformed == 3


def test_forgotten_symbols_are_gone() -> None:
    """What is no longer watched has neither a last trade nor a fresh one."""
    board = TickBoard()
    board.put_trade("A", raw(1), 1)
    board.put_trade("B", raw(2), 2)
    board.keep_only(frozenset({"B"}))
    assert board.last_trade("A") is None
    assert [symbol for symbol, *_ in board.drain_trades()] == ["B"]
