"""The page at an address that has none."""

from __future__ import annotations

from dash.development.base_component import Component

from components.page import register_page
from components.refusal import not_found

register_page(__name__, "Not found")


def layout(**_: str) -> Component:
    """Build the page."""
    return not_found()
