"""Analytics: how the account did, with charts and data to take away."""

from __future__ import annotations

from dash.development.base_component import Component

from components import analytics, mounting
from components.page import register_page
from components.refusal import no_account
from components.visitor import current_visitor

register_page(__name__, "Analytics", "/analytics")


def layout(**_: str) -> Component:
    """Build the page for the person signed in."""
    visitor = current_visitor()
    if visitor is None or not visitor.accounts:
        return no_account(is_admin=visitor is not None and visitor.is_admin)
    page = analytics.page()
    page.children.append(mounting.point("analytics"))
    return page


mounting.bind("analytics")
