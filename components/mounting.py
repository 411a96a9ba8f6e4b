"""Tells a script that its part of a page was put in place.

Dash starts a callback for content that arrives later only when the content holds the callback's
output, so each part brings a store of its own for it.
"""

from __future__ import annotations

from dash import ClientsideFunction, Input, Output, clientside_callback, dcc
from dash.development.base_component import Component


def point(namespace: str) -> Component:
    """Return what stands in the page for ``namespace`` to be told."""
    return dcc.Store(id=f"mount-{namespace}")


def bind(namespace: str) -> None:
    """Call ``mount`` of a script whenever its point was put on the page.

    Args:
        namespace: the script's stem, its clientside namespace.
    """
    store = f"mount-{namespace}"
    clientside_callback(
        ClientsideFunction(namespace, "mount"), Output(store, "data"), Input(store, "id")
    )
