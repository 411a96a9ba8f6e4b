"""What stands on the pages, by role (U1, U6, U13)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from components.visitor import AccountView, Visitor, session_data
from portfolio.ids import AccountId, UserId
from tests.components.conftest import Visit, Who


def named(answer: Any, attribute: str = "data-testid") -> set[str]:
    """Return every value of an attribute in a tree of components."""
    found: set[str] = set()

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            if isinstance(node.get(attribute), str):
                found.add(node[attribute])
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(json.loads(answer.get_data(as_text=True)))
    return found


def test_the_portfolio_has_its_parts(visit: Visit, who: Who) -> None:
    """The names that scripts and probes rely on (specification, section 6)."""
    who.role = "trader"
    who.grant("momentum")
    assert {
        "equity", "day-pnl", "positions-table", "orders-table", "trades-table", "order-ticket",
    } <= named(visit("/portfolio"))  # fmt: skip


def test_the_shell_has_its_parts(client: FlaskClient, who: Who) -> None:
    """Connection, page badge and banner stand on every page."""
    who.role = "trader"
    layout = client.get("/_dash-layout")
    assert {"connection-status", "live-badge", "staleness-banner"} <= named(layout)


@pytest.mark.parametrize(
    ("role", "permission"), [("viewer", "trade"), ("viewer", "read"), ("trader", "read")]
)
def test_who_may_not_trade_gets_no_ticket(
    visit: Visit, who: Who, role: str, permission: str
) -> None:
    """Neither a viewer nor a grant that only reads shows trading controls."""
    who.role = role
    who.grant("momentum", permission)
    assert "order-ticket" not in named(visit("/portfolio"))


def test_without_an_account_the_portfolio_says_so(visit: Visit, who: Who) -> None:
    """An empty desk explains itself."""
    who.role = "trader"
    assert "No account is granted" in visit("/portfolio").get_data(as_text=True)


@pytest.mark.parametrize(("role", "there"), [("trader", False), ("viewer", False), ("admin", True)])
def test_navigation_follows_the_role(
    client: FlaskClient,
    who: Who,
    role: str,
    there: bool,  # noqa: FBT001 - a case
) -> None:
    """Only an admin sees the way to the stream's health."""
    who.role = role
    assert there == ("/admin/stream" in named(client.get("/_dash-layout"), "href"))


def test_several_accounts_get_a_switcher(client: FlaskClient, who: Who) -> None:
    """With two accounts one can choose one or all; numbers are masked."""
    who.role = "trader"
    who.grant("momentum")
    assert "account-select" not in named(client.get("/_dash-layout"), "id")
    who.grant("income")
    layout = client.get("/_dash-layout")
    assert {"all", "momentum", "income"} <= named(layout, "value")
    assert "PA3XYZ017Q" not in layout.get_data(as_text=True)


def test_the_demo_is_offered_on_this_machine(visit: Visit, who: Who) -> None:
    """One click per demo user, without a password on the page."""
    page = visit("/login")
    assert "/login/demo" in named(page, "action")
    assert "trader" in named(page, "value")


def test_a_failed_login_says_why(visit: Visit, who: Who) -> None:
    """The error code becomes a sentence; an unknown one doesn't reach the page."""
    assert "User name or password is wrong" in visit("/login?error=credentials").get_data(
        as_text=True
    )
    assert "<script>" not in visit("/login?error=<script>").get_data(as_text=True)


def test_the_session_data_name_no_whole_account_number(client: FlaskClient, who: Who) -> None:
    """What scripts get: names, masked numbers, permissions, feed and market hours."""
    account = AccountView(AccountId("a"), "Momentum", "PA3•••7Q", "trade")
    visitor = Visitor(UserId("u"), "kim.miller", "trader", (account,))
    data = session_data(visitor)
    expected = {"accountId": "a", "name": "Momentum", "number": "PA3•••7Q", "permission": "trade"}
    assert ([expected], "Synthetic market", True) == (
        data["accounts"], data["feedLabel"], data["clock"]["isOpen"],
    )  # fmt: skip


def test_initials_come_from_the_name() -> None:
    """Two words give two letters, one word one."""
    assert ["KM", "T"] == [
        Visitor(UserId("u"), name, "trader", ()).initials for name in ("kim.miller", "trader")
    ]
