"""Who may open which page, decided on the server before anything is sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast
from urllib.parse import quote

import dash
from flask import Flask, Response, make_response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from components.visitor import Visitor, current_visitor
from web.login import safe_next

LOGIN_PATH = "/login"
HOME_PATH = "/portfolio"
ADMIN_PREFIX = "/admin"
_GUARDED_CALLS = ("/_dash-update-component",)

FindVisitor = Callable[[], Visitor | None]


def guard(server: Flask, app: dash.Dash, find_visitor: FindVisitor = current_visitor) -> None:
    """Refuse page requests that the visitor may not make.

    Nobody signed in: a page leads to the login page, a callback gets 401.
    Not an admin: an admin page is answered with 403 and says so.
    """

    def check() -> BaseResponse | None:
        if request.path in _GUARDED_CALLS:
            allowed = find_visitor() is not None or _opens_login()
            return None if allowed else Response("not signed in", 401)
        if request.method != "GET" or not _is_page(request.path):
            return None
        return _check_page(app, find_visitor())

    server.before_request(check)


def _check_page(app: dash.Dash, visitor: Visitor | None) -> BaseResponse | None:
    path = request.path
    if visitor is None:
        return None if path == LOGIN_PATH else redirect(_login_url())
    if path == "/":
        return redirect(HOME_PATH)
    if path == LOGIN_PATH:
        return redirect(safe_next(request.args.get("next")))
    if path.startswith(ADMIN_PREFIX) and not visitor.is_admin:
        return make_response(_index(app), 403)
    if path not in _page_paths():
        return make_response(_index(app), 404)
    return None


def _opens_login() -> bool:
    """Say whether this callback is Dash asking for the login page: all that a stranger may call."""
    body = request.get_json(silent=True)
    if not isinstance(body, dict) or "_pages_content.children" not in str(body.get("output")):
        return False
    inputs = body.get("inputs")
    values = inputs if isinstance(inputs, list) else []
    paths = [
        one.get("value")
        for one in values
        if isinstance(one, dict) and one.get("property") == "pathname"
    ]
    return paths == [LOGIN_PATH]


def _login_url() -> str:
    if request.path in ("/", HOME_PATH):
        return LOGIN_PATH
    return f"{LOGIN_PATH}?next={quote(request.full_path.rstrip('?'))}"


def _is_page(path: str) -> bool:
    """Say whether this path is answered by the page's index, not by a route of its own."""
    rule = request.url_rule
    return path in _page_paths() or (rule is not None and rule.rule == "/<path:path>")


def _page_paths() -> frozenset[str]:
    return frozenset({"/"} | {page["path"] for page in dash.page_registry.values()})


def _index(app: dash.Dash) -> str:
    """Return the page's frame: the layout that fills it says what was refused."""
    return cast("str", app.index())  # type: ignore[no-untyped-call]
