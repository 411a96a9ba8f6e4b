"""The stream bound to the page: subscribe, apply, acknowledge (R8, R11)."""

from __future__ import annotations

import json
from typing import Any

from tests.assets.conftest import Run
from tests.assets.messages import batch, position, snapshot

NOTHING = {"type": "ack", "accountId": None, "epoch": None, "seq": None}


def sent(js: Run) -> list[Any]:
    return [json.loads(text) for text in js("page.sent()")]


def arrive(js: Run, message: dict[str, Any]) -> None:
    js("page.arrive(m)", m=message)


def opened(js: Run) -> Run:
    js("page.open()")
    js("page.sent()")
    return js


def test_it_subscribes_when_the_socket_opens(js: Run) -> None:
    """All channels, with acknowledgements, resuming nothing the first time."""
    js("page.open()")
    expected = {
        "type": "subscribe", "channels": ["positions", "orders", "account", "trades"],
        "ack": True, "resume": {},
    }  # fmt: skip
    assert [expected] == sent(js)


def test_the_socket_gets_a_fresh_url_each_time(js: Run) -> None:
    """The component reconnects only when its url changes."""
    js("alphaflow.stream_link.start({accounts: [], realtime: true})")
    js("page.pass(1)")
    js("dash_clientside.stream_link.state({readyState: 3, code: 1006})")
    js("alphaflow.stream_link.refresh()")
    first, second = js("page.props.filter(([, p]) => p.url).map(([, p]) => p.url)")
    assert (first.split("?")[0], True) == ("ws://desk:8050/ws/portfolio", first != second)


def test_a_message_is_acknowledged_after_it_was_painted(js: Run) -> None:
    """The ack waits for the frame and carries how long that took."""
    opened(js)
    arrive(js, snapshot(3))
    js("(page.now += 16, page.draw())")
    ack = {"type": "ack", "accountId": "acc", "epoch": "e", "seq": 3, "paintMs": 16}
    assert [ack] == sent(js)


def test_a_hidden_tab_does_not_wait_for_paint(js: Run) -> None:
    """Hidden tabs get no frames; their ack goes at once, without a paint time."""
    opened(js)
    js("page.hidden = true")
    arrive(js, snapshot(3))
    assert [{"type": "ack", "accountId": "acc", "epoch": "e", "seq": 3}] == sent(js)


def test_a_frame_that_never_comes_is_not_waited_for_long(js: Run) -> None:
    """A covered window paints nothing either: the ack goes after a moment."""
    opened(js)
    arrive(js, snapshot(3))
    assert [{"type": "ack", "accountId": "acc", "epoch": "e", "seq": 3}] == sent(js)


def test_control_messages_are_acknowledged_without_a_seq(js: Run) -> None:
    """The server holds account messages back until then."""
    opened(js)
    arrive(js, {"type": "subscribed", "data": {"batchWindowMs": 250}})
    assert [NOTHING] == sent(js)


def test_equal_messages_are_told_apart(js: Run) -> None:
    """The component ignores an unchanged value, so two equal acks differ in blanks."""
    opened(js)
    arrive(js, {"type": "pong"})
    arrive(js, {"type": "pong"})
    first, second = js("page.sent()")
    assert (first.strip(), True) == (second.strip(), first != second)


def test_a_gap_asks_for_that_accounts_snapshot(js: Run) -> None:
    """It subscribes again without a place to resume from, and acknowledges what it dropped."""
    opened(js)
    js("page.hidden = true")
    arrive(js, snapshot(3))
    sent(js)
    arrive(js, batch(7, 8, positions=[position()]))
    told = sent(js)
    assert [["acc"]] == [one["accounts"] for one in told if one["type"] == "subscribe"]
    assert [8] == [one["seq"] for one in told if one["type"] == "ack"]


def test_a_reconnect_resumes_where_it_was(js: Run) -> None:
    """The subscribe after a loss names the last message applied."""
    opened(js)
    arrive(js, snapshot(3))
    js('dash_clientside.stream_link.state({readyState: 3, code: 1006, reason: ""})')
    js('(alphaflow.stream_link.link.machine.phase = "connecting", page.sent())')
    js("dash_clientside.stream_link.state({readyState: 1})")
    assert [{"acc": {"epoch": "e", "seq": 3}}] == [one.get("resume") for one in sent(js)]


def test_nothing_is_sent_into_a_closed_socket(js: Run) -> None:
    """The component would open a socket of its own for it."""
    opened(js)
    js('dash_clientside.stream_link.state({readyState: 3, code: 1006, reason: ""})')
    js("alphaflow.stream_link.send({type: 'ping'})")
    assert [] == sent(js)


def test_listeners_hear_what_changed(js: Run) -> None:
    """Each applied message reaches the page's parts once; one that fails harms no other."""
    opened(js)
    js("""(globalThis.heard = [], alphaflow.stream_link.onEffect(() => { throw new Error("x"); }),
      alphaflow.stream_link.onEffect((effect) => heard.push(effect.positions)))""")
    arrive(js, snapshot(3, positions=[position()]))
    assert [["AAPL"]] == js("heard")


def test_a_silent_hop_is_remembered_until_it_speaks(js: Run) -> None:
    """Stale names a hop, fresh takes it back (R14)."""
    opened(js)
    arrive(js, snapshot(3))
    stale = {"type": "stale", "accountId": "acc", "data": {"hop": "broker", "since": "x"}}
    arrive(js, stale)
    silent = "Object.keys(alphaflow.stream_link.store.accounts.acc.silent)"
    before = js(silent)
    arrive(js, {**stale, "type": "fresh"})
    assert (["broker"], []) == (before, js(silent))
