"""The page at an address that has none."""

from __future__ import annotations

import dash
from dash.development.base_component import Component

from components.refusal import not_found

dash.register_page(__name__, title="Not found · AlphaFlow")


def layout(**_: str) -> Component:
    """Build the page."""
    return not_found()
