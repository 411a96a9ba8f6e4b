"""The connection's state machine: backoff, fallback, silence, endings (R7, R8, R9)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.assets.conftest import Run

_RUN = """(() => {
  let state = alphaflow.link_machine.initial(options);
  const done = [];
  for (const event of events) {
    const [next, actions] = alphaflow.link_machine.next(state, { chance: 1, ...event });
    state = next;
    done.push(actions.map((action) => action.do));
  }
  return { state, done, shown: alphaflow.link_machine.shown(state) };
})()"""
Event = dict[str, Any]


def played(js: Run, *events: Event, enabled: bool = True) -> Any:
    return js(_RUN, events=list(events), options={"enabled": enabled})


def at(now: int, kind: str, **more: Any) -> Event:
    return {"type": kind, "now": now, **more}


LIVE = [at(0, "start"), at(100, "opened"), at(200, "subscribed")]


@pytest.mark.parametrize(
    ("attempt", "seconds"), [(0, 1), (1, 2), (2, 4), (3, 8), (4, 16), (5, 30), (9, 30), (10, 30)]
)
def test_the_delay_doubles_to_thirty_seconds(js: Run, attempt: int, seconds: int) -> None:
    """Backoff's ceiling is 1, 2, 4, … at most 30 s, then every 30 s."""
    assert seconds * 1000 == js("alphaflow.link_machine.delay(a, 1)", a=attempt)


def test_the_delay_is_jittered_fully(js: Run) -> None:
    """Chance takes a delay anywhere from zero up, so that pages don't come back in step."""
    assert [0, 8000] == js("[0, 0.5].map((c) => alphaflow.link_machine.delay(4, c))")


def test_a_first_connection(js: Run) -> None:
    """Start connects, an open socket subscribes, the answer makes it live."""
    result = played(js, *LIVE)
    assert ([["connect"], ["subscribe"], ["live"]], "live") == (
        result["done"],
        result["shown"]["state"],
    )


def test_a_lost_connection_tries_again_after_its_delay(js: Run) -> None:
    """The first try comes after at most a second, with a fresh url value."""
    result = played(js, *LIVE, at(1000, "closed", code=1006), at(1900, "tick"), at(2000, "tick"))
    assert ([], ["connect"], 2) == (result["done"][4], result["done"][5], result["state"]["url"])


def test_attempts_are_counted_for_people(js: Run) -> None:
    """The indicator says which of ten tries this is."""
    result = played(
        js, *LIVE, at(1000, "closed", code=1006), at(2000, "tick"),
        at(2100, "closed", code=1006), at(4200, "tick"),
    )  # fmt: skip
    assert "Reconnecting (2/10)" == result["shown"]["text"]


def test_polling_starts_after_five_seconds(js: Run) -> None:
    """Down for five seconds, the page polls, and says so once an answer came."""
    down = [*LIVE, at(1000, "closed", code=1013), at(5900, "tick"), at(6000, "tick")]
    result = played(js, *down, at(6100, "polled", ok=True))
    assert ([], ["poll"], "backup") == (
        result["done"][4], result["done"][5], result["shown"]["state"],
    )  # fmt: skip


def test_polling_repeats_every_five_seconds_and_ends_when_live(js: Run) -> None:
    """A poll is followed by the next five seconds later, until the stream is back."""
    result = played(
        js, *LIVE, at(1000, "closed", code=1013), at(6000, "tick"), at(7000, "tick"),
        at(11000, "tick"), at(31000, "tick"), at(31100, "opened"), at(31200, "subscribed"),
        at(33000, "tick"),
    )  # fmt: skip
    assert [["poll"], [], ["poll"]] == result["done"][4:7]
    assert (False, ["ping"]) == (result["state"]["polling"], result["done"][-1])


def test_no_answer_to_polls_is_offline(js: Run) -> None:
    """When REST is silent too, the page says Offline."""
    result = played(
        js, *LIVE, at(1000, "closed", code=1013), at(6000, "tick"), at(6100, "polled", ok=False)
    )
    assert "offline" == result["shown"]["state"]


def test_a_server_that_answers_again_is_not_kept_waiting(js: Run) -> None:
    """Backoff is cut short once REST answers after it had not: back within 5 s (R8)."""
    result = played(
        js, *LIVE, at(1000, "closed", code=1013), at(6000, "tick"), at(6100, "polled", ok=False),
        at(11000, "tick"), at(11100, "polled", ok=True), at(11700, "tick"),
    )  # fmt: skip
    assert ["connect"] == result["done"][-1]


def test_switched_off_it_polls_at_once_and_never_connects(js: Run) -> None:
    """With streaming off the page polls from the start (R9)."""
    result = played(js, at(0, "start"), at(1, "tick"), at(60000, "tick"), enabled=False)
    assert [[], ["poll"], ["poll"]] == result["done"]


def test_an_ended_session_leads_to_the_login_page(js: Run) -> None:
    """Close 1008 isn't retried."""
    result = played(js, *LIVE, at(1000, "closed", code=1008), at(60000, "tick"))
    assert (["login"], []) == (result["done"][3], result["done"][4])


def test_a_full_server_is_left_alone_and_named(js: Run) -> None:
    """Close 1013 waits the longest delay and keeps the server's words."""
    closed = at(1000, "closed", code=1013, reason="Maximum connections exceeded")
    result = played(js, *LIVE, closed)
    assert (31000, "Maximum connections exceeded") == (
        result["state"]["dueAt"],
        result["state"]["reason"],
    )


def test_draining_comes_back_when_told(js: Run) -> None:
    """A server that goes away says when to reconnect; the close that follows changes nothing."""
    result = played(
        js, *LIVE, at(1000, "draining", reconnectAfterMs=2500), at(1100, "closed", code=1001),
        at(3400, "tick"), at(3500, "tick"),
    )  # fmt: skip
    assert ([], ["connect"]) == (result["done"][5], result["done"][6])


def test_a_mute_socket_is_given_up(js: Run) -> None:
    """Open but silent for two pings is as good as closed."""
    result = played(js, *LIVE, at(10200, "tick"), at(20300, "tick"))
    assert (["ping"], "waiting") == (result["done"][3], result["state"]["phase"])


def test_a_live_connection_pings_and_reconciles(js: Run) -> None:
    """Every 10 s a ping, every 60 s a comparison with REST (R10)."""
    heard = [at(n * 10000 + 200, kind) for n in range(1, 7) for kind in ("heard", "tick")]
    result = played(js, *LIVE, *heard)
    told = [action for actions in result["done"][3:] for action in actions]
    assert (6, 1) == (told.count("ping"), told.count("reconcile"))


def test_a_handshake_that_never_ends_is_retried(js: Run) -> None:
    """No answer to a connect within 10 s counts as a failure."""
    assert "waiting" == played(js, at(0, "start"), at(10001, "tick"))["state"]["phase"]
