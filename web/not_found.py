"""Unknown addresses under /api: a problem document, never the page's index."""

from __future__ import annotations

from flask import Flask, Response
from flask.globals import request_ctx
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_ENDPOINT = "unknown_api_address"


def install(app: Flask) -> None:
    """Catch what no route under /api takes, before Dash's catch-all answers it with a page."""
    app.add_url_rule("/api/<path:rest>", _ENDPOINT, unknown, methods=list(_METHODS))


def unknown(rest: str) -> Response:
    """Say that there is no such address, or which methods it has."""
    others = [method for method in _METHODS if _takes(f"/api/{rest}", method)]
    if others:
        raise MethodNotAllowed(others)
    raise NotFound(f"There is no /api/{rest[:80]}")


def _takes(path: str, method: str) -> bool:
    adapter = request_ctx.url_adapter
    try:
        endpoint = None if adapter is None else adapter.match(path, method=method)[0]
    except HTTPException:
        return False
    return endpoint not in (None, _ENDPOINT)
