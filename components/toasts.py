"""Where short notices appear: fills, rejects, cancels."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from components.attributes import attributes


def region() -> Component:
    """Return the live region that toasts.js fills."""
    return html.Div(
        id="toasts",
        className="toasts",
        role="log",
        **attributes(aria_live="polite", aria_label="Notices"),
    )
