"""The Dash app over the Flask server: pages, shell and their callbacks."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import dash
from dash import ClientsideFunction, Input, Output
from flask import Flask

from components import shell
from components.access import guard
from components.visitor import current_visitor, market_clock

_ROOT = Path(__file__).resolve().parent.parent
_INDEX = """<!DOCTYPE html>
<html lang="en" data-theme="dark" data-palette="green">
  <head>
    {%metas%}
    <title>{%title%}</title>
    {%favicon%}
    <script src="/assets/theme_early.js"></script>
    {%css%}
  </head>
  <body>
    {%app_entry%}
    <footer hidden>
      {%config%}
      {%scripts%}
      {%renderer%}
    </footer>
  </body>
</html>
"""
_META_TAGS = [
    {"name": "viewport", "content": "width=device-width, initial-scale=1, viewport-fit=cover"},
    {"name": "color-scheme", "content": "dark light"},
    {"name": "theme-color", "content": "#0b0e14"},
]


def create_dash(server: Flask) -> dash.Dash:
    """Return the Dash app, mounted on the server with its pages guarded.

    Args:
        server: holds the services that pages read (web.services).

    Returns:
        The app; its ``csp_hashes()`` cover the one inline script that Dash itself writes.
    """
    app = dash.Dash(
        __name__,
        server=cast("Any", server),  # its annotation leaves Flask out
        use_pages=True,
        pages_folder=str(_ROOT / "pages"),
        assets_folder=str(_ROOT / "assets"),
        assets_ignore=r"theme_early\.js|.*\.svg",
        title="AlphaFlow",
        update_title="",
        index_string=_INDEX,
        meta_tags=_META_TAGS,
        serve_locally=True,
        include_pages_meta=False,
        suppress_callback_exceptions=True,
    )
    app.layout = _layout
    _bind_shell(app)
    guard(server, app)
    return app


def _layout() -> dash.development.base_component.Component:
    """Build the frame for whoever asks: the login page stands alone, all else in the shell."""
    visitor = current_visitor()
    return shell.bare() if visitor is None else shell.layout(visitor)


def _bind_shell(app: dash.Dash) -> None:
    """Bind the stream to its scripts; nothing here calls the server per message."""
    _on(app, shell.SESSION, "data", "shell", "start")
    _on(app, shell.CLOCK, "data", "shell", "clock")
    _on(app, "_pages_location", "pathname", "shell", "navigate")
    _on(app, shell.SOCKET, "state", "stream_link", "state")
    _on(app, shell.SOCKET, "message", "stream_link", "receive")
    _on(app, shell.REFRESH, "n_clicks", "freshness", "refresh")

    @app.callback(
        Output(shell.CLOCK, "data"),
        Input(shell.CLOCK_TIMER, "n_intervals"),
        prevent_initial_call=True,
    )
    def read_clock(_: int) -> object:
        """Read the market's hours again, once a minute."""
        visitor = current_visitor()
        return dash.no_update if visitor is None else market_clock(visitor)


def _on(app: dash.Dash, component: str, prop: str, namespace: str, function: str) -> None:
    bind = cast("Any", app.clientside_callback)
    bind(ClientsideFunction(namespace, function), Input(component, prop))
