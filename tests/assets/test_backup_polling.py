"""REST beside the stream: backup and reconciliation (R9, R10)."""

from __future__ import annotations

from typing import Any

from tests.assets.conftest import Run
from tests.assets.messages import figures, order, position, snapshot


def answers(positions: list[Any], orders: list[Any]) -> dict[str, Any]:
    return {
        "/api/positions": {"body": {"positions": positions}},
        "/api/orders": {"body": {"orders": orders}},
        "/api/trades": {"body": {"trades": []}},
        "/api/account": {"body": figures("2000")},
    }


def run(js: Run, call: str, given: dict[str, Any], first: Any = None) -> Any:
    """Run a promise to its end; the engine settles promises between two calls."""
    js(
        """(page.answers = given,
          alphaflow.portfolio_store.account(alphaflow.stream_link.store, "acc"),
          first && alphaflow.portfolio_store.apply(alphaflow.stream_link.store, first, 0),
          globalThis.effects = [], globalThis.result = "pending",
          CALL.then((value) => (result = value ?? null)), null)""".replace("CALL", call),
        given=given, first=first,
    )  # fmt: skip
    return js("({ result, effects, state: alphaflow.stream_link.store.accounts.acc })")


POLL = "alphaflow.backup_polling.poll(alphaflow.stream_link.store, (e) => effects.push(e))"
RECONCILE = POLL.replace(".poll(", ".reconcile(")


def test_a_poll_fills_the_page(js: Run) -> None:
    """Positions, orders, trades and figures come over REST."""
    done = run(js, POLL, answers([position()], [order("new")]))
    assert (True, ["AAPL"], "2000") == (
        done["result"],
        list(done["state"]["positions"]),
        done["state"]["figures"]["equity"],
    )


def test_a_poll_that_fails_changes_nothing(js: Run) -> None:
    """No answer: what is known stays on the screen."""
    done = run(js, POLL, {}, snapshot(1, positions=[position()]))
    assert (False, ["AAPL"]) == (done["result"], list(done["state"]["positions"]))


def test_a_lost_session_leads_to_the_login_page(js: Run) -> None:
    """401 goes to the login page, which comes back here."""
    run(js, POLL, {"/api/positions": {"status": 401}})
    assert "/login?next=%2Fportfolio" in js("page.went")


def test_reconciliation_without_a_difference_is_silent(js: Run) -> None:
    """Zero drift is the normal reading: nothing is corrected, nothing reported."""
    done = run(js, RECONCILE, answers([position()], []), snapshot(1, positions=[position()]))
    assert ([], 4) == (done["effects"], len(js("page.fetched")))


def test_a_difference_is_corrected_and_reported(js: Run) -> None:
    """A position that the page doesn't know is put in, and the server is told."""
    done = run(js, RECONCILE, answers([position()], []), snapshot(1))
    posts = [url for method, url, _ in js("page.fetched") if method == "POST"]
    assert (["AAPL"], 1) == (list(done["state"]["positions"]), len(posts))
