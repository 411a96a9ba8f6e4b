"""The sign-in form, and one-click entry to the demo on the machine it runs on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from dash import dcc, html
from dash.development.base_component import Component

from web.services import DemoUser

_ERRORS: Mapping[str, str] = {
    "credentials": "User name or password is wrong.",
    "throttled": "Too many tries. Wait a minute and try again.",
    "expired": "The session has ended. Sign in again.",
}
_DEMO_NOTES: Mapping[str, str] = {
    "trader": "holds positions",
    "trader2": "a second desk",
    "analyst": "reads only",
    "admin": "watches the stream",
}


def page(error: str | None, target: str, demo_users: Sequence[DemoUser]) -> Component:
    """Return the sign-in page.

    Args:
        error: a code of the last failure, or None.
        target: path to go to afterwards.
        demo_users: who may enter with one click; empty where that isn't offered.
    """
    parts = [html.Span(className="brand large"), html.H1("AlphaFlow"), _form(error, target)]
    if demo_users:
        parts.append(_demo(demo_users, target))
    return html.Main(html.Div(parts, className="login-card panel"), className="login")


def _form(error: str | None, target: str) -> Component:
    message = _ERRORS.get(error, "Signing in failed.") if error else ""
    return html.Form(
        [
            html.P(message, className="form-error", role="alert", hidden=not message),
            _field("username", "User name", "text", "username"),
            _field("password", "Password", "password", "current-password"),
            _hidden("next", target),
            html.Button("Sign in", type="submit", className="button primary wide"),
        ],
        action="/login",
        method="POST",
    )


def _field(name: str, label: str, kind: Literal["text", "password"], complete: str) -> Component:
    field_id = f"login-{name}"
    box = dcc.Input(
        id=field_id, name=name, type=kind, autoComplete=complete, required=True,
        className="field", autoFocus=name == "username",
    )  # fmt: skip
    return html.Div([html.Label(label, htmlFor=field_id), box], className="form-row")


def _hidden(name: str, value: str) -> Component:
    return dcc.Input(name=name, type="hidden", value=value)


def _demo(users: Sequence[DemoUser], target: str) -> Component:
    buttons = [_demo_entry(user, target) for user in users]
    return html.Div(
        [html.H2("Demo, one click"), html.Div(buttons, className="demo-grid")], className="demo"
    )


def _demo_entry(user: DemoUser, target: str) -> Component:
    note = user.label or _DEMO_NOTES.get(user.username, "")
    label = [html.B(user.username), html.Span(note)]
    return html.Form(
        [
            _hidden("username", user.username),
            _hidden("next", target),
            html.Button(label, type="submit", className="button demo-button"),
        ],
        action="/login/demo",
        method="POST",
    )
