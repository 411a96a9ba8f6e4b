"""The sign-in form, and one-click entry to the demo on the machine it runs on."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address

from dash import dcc, html
from dash.development.base_component import Component

_ERRORS: Mapping[str, str] = {
    "credentials": "User name or password is wrong.",
    "invalid": "User name or password is wrong.",
    "throttled": "Too many tries. Wait a minute and try again.",
    "expired": "The session has ended. Sign in again.",
}
_DEMO_NOTES: Mapping[str, str] = {
    "trader": "trades, with positions",
    "trader2": "a second desk",
    "analyst": "reads only",
    "admin": "sees the stream's health",
}


def page(error: str | None, target: str, remote: str | None) -> Component:
    """Return the sign-in page.

    Args:
        error: a code of the last failure, or None.
        target: path to go to afterwards.
        remote: the caller's address; demo entry is offered on loopback only.
    """
    parts = [html.Span(className="brand large"), html.H1("AlphaFlow"), _form(error, target)]
    demo = _demo(target) if is_loopback(remote) else None
    if demo is not None:
        parts.append(demo)
    return html.Main(html.Div(parts, className="login-card panel"), className="login")


def is_loopback(remote: str | None) -> bool:
    """Say whether a request came from this machine."""
    try:
        return ip_address(remote or "").is_loopback
    except ValueError:
        return False


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


def _field(name: str, label: str, kind: str, complete: str) -> Component:
    field_id = f"login-{name}"
    box = dcc.Input(
        id=field_id, name=name, type=kind, autoComplete=complete, required=True,
        className="field", autoFocus=name == "username",
    )  # fmt: skip
    return html.Div([html.Label(label, htmlFor=field_id), box], className="form-row")


def _hidden(name: str, value: str) -> Component:
    return dcc.Input(name=name, type="hidden", value=value)


def _demo(target: str) -> Component | None:
    from web.services import services

    users = services().demo_users
    if not users:
        return None
    buttons = [_demo_entry(name, password, target) for name, password in users.items()]
    return html.Div([html.H2("Demo"), html.Div(buttons, className="demo-grid")], className="demo")


def _demo_entry(name: str, password: str, target: str) -> Component:
    label = [html.B(name), html.Span(_DEMO_NOTES.get(name, ""))]
    return html.Form(
        [
            _hidden("username", name),
            _hidden("password", password),
            _hidden("next", target),
            html.Button(label, type="submit", className="button demo-button"),
        ],
        action="/login",
        method="POST",
    )
