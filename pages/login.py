"""The way in."""

from __future__ import annotations

import dash
from dash.development.base_component import Component
from flask import request

from components import login_form
from components.access import safe_next

dash.register_page(__name__, path="/login", title="Sign in · AlphaFlow")


def layout(error: str | None = None, **query: str) -> Component:
    """Build the sign-in page.

    Args:
        error: why the last try failed, a code or a word.
        query: ``next`` is where to go afterwards.
    """
    return login_form.page(error, safe_next(query.get("next")), remote=request.remote_addr)
