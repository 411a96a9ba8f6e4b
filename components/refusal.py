"""Pages that say why there is nothing to see, and what to do."""

from __future__ import annotations

from dash import dcc, html
from dash.development.base_component import Component


def forbidden() -> Component:
    """Return what someone without the role sees."""
    return _card(
        "403",
        "This page is for administrators",
        "Your role doesn't open it. Ask an administrator if you need it.",
    )


def not_found() -> Component:
    """Return what stands at an address that has no page."""
    return _card("404", "There is no such page", "The address may be old or mistyped.")


def no_account(*, is_admin: bool) -> Component:
    """Return the portfolio of someone without any account."""
    words = "An administrator can grant you one; it appears here without signing in again."
    if is_admin:
        words = "Administrators see accounts only when granted. The stream's health is open to you."
    path, label = ("/admin/stream", "Open the stream") if is_admin else ("/analytics", "Analytics")
    return _card("", "No account is granted to you", words, (path, label) if is_admin else None)


def _card(
    code: str,
    title: str,
    words: str,
    link: tuple[str, str] | None = ("/portfolio", "To the portfolio"),
) -> Component:
    parts: list[Component] = [html.H1(title), html.P(words)]
    if code:
        parts.insert(0, html.P(code, className="refusal-code"))
    if link:
        parts.append(dcc.Link(link[1], href=link[0], className="button"))
    return html.Div(html.Div(parts, className="panel refusal"), className="page refusal-page")
