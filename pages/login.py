"""The way in."""

from __future__ import annotations

from dash.development.base_component import Component

from components import login_form
from components.page import register_page
from web.login import is_on_this_machine, safe_next
from web.services import services

register_page(__name__, "Sign in", "/login")


def layout(error: str | None = None, **query: str) -> Component:
    """Build the sign-in page.

    Args:
        error: why the last try failed, a code or a word.
        query: ``next`` is where to go afterwards.
    """
    demo_users = services().demo_users if is_on_this_machine() else ()
    return login_form.page(error, safe_next(query.get("next")), demo_users)
