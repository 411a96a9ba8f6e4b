"""The frame around every page: navigation, account, clock, connection, user menu, the socket."""

from __future__ import annotations

from dash import dcc, html, page_container
from dash.development.base_component import Component
from dash_extensions import WebSocket

from components import toasts
from components.attributes import attributes
from components.visitor import Visitor, session_data

SOCKET = "stream-socket"
SESSION = "session"
CLOCK = "market-clock-data"
CLOCK_TIMER = "market-clock-timer"
REFRESH = "staleness-refresh"
_CLOCK_EVERY_MS = 60_000

_NAVIGATION = (
    ("/portfolio", "Portfolio", "portfolio", False),
    ("/analytics", "Analytics", "analytics", False),
    ("/admin/stream", "Stream", "stream", True),
)


def bare() -> Component:
    """Return the frame of the login page: nothing around it."""
    return html.Div(page_container, className="bare")


def layout(visitor: Visitor) -> Component:
    """Return the frame for the person signed in, with the socket that outlives page changes."""
    return html.Div(
        [
            html.A("Skip to content", href="#main", className="skip-link"),
            _navigation(visitor),
            _top_bar(visitor),
            html.Main([_banner(), page_container], id="main", tabIndex="-1"),
            toasts.region(),
            WebSocket(id=SOCKET),
            dcc.Store(id=SESSION, data=session_data(visitor)),
            dcc.Store(id=CLOCK),
            dcc.Interval(id=CLOCK_TIMER, interval=_CLOCK_EVERY_MS),
        ],
        className="shell",
        **attributes(data_role=visitor.role),
    )


def icon(name: str) -> Component:
    """Return a decorative icon, drawn by the style sheet from a local file."""
    return html.I(className=f"icon icon-{name}", **attributes(aria_hidden="true"))


def _navigation(visitor: Visitor) -> Component:
    links: list[Component] = [
        dcc.Link(
            [icon(symbol), html.Span(label)],
            href=path,
            className="nav-link",
            title=label,
        )
        for path, label, symbol, admin_only in _NAVIGATION
        if visitor.is_admin or not admin_only
    ]
    if visitor.may_trade:
        links.insert(1, _sheet_button())
    mark = dcc.Link("AlphaFlow", href="/portfolio", className="brand", title="AlphaFlow")
    return html.Nav([mark, *links], className="rail", **attributes(aria_label="Main"))


def _sheet_button() -> Component:
    return html.Button(
        [icon("order"), html.Span("Trade")],
        type="button",
        className="nav-link phone-only",
        **attributes(data_action="sheet"),
    )


def _top_bar(visitor: Visitor) -> Component:
    return html.Header(
        [
            _account_switcher(visitor),
            html.Span(id="market-clock", className="market-clock"),
            html.Span(
                id="page-badge",
                className="badge page-badge",
                hidden=True,
                **attributes(data_testid="live-badge", data_state="stale"),
            ),
            _connection(),
            _theme_button(),
            _user_menu(visitor),
        ],
        className="top-bar",
    )


def _account_switcher(visitor: Visitor) -> Component:
    accounts = visitor.accounts
    if not accounts:
        return html.Span("No account granted", className="account-name muted")
    if len(accounts) == 1:
        label = [html.B(accounts[0].name), html.Span(f" · {accounts[0].masked_number}")]
        return html.Span(label, className="account-name")
    options = [html.Option(f"All {len(accounts)} accounts", value="all")]
    options += [
        html.Option(f"{one.name} · {one.masked_number}", value=str(one.account_id))
        for one in accounts
    ]
    picker = html.Select(
        options, id="account-select", className="field", **attributes(aria_label="Account")
    )
    return html.Div(picker, className="select-wrap account-picker")


def _connection() -> Component:
    rows = (
        ("Last update", "detail-update"),
        ("Latency", "detail-latency"),
        ("Batch window", "detail-window"),
        ("Market data", "detail-feed"),
        ("Server", "detail-server"),
    )
    details = html.Dl([part for label, key in rows for part in (html.Dt(label), html.Dd(id=key))])
    summary = html.Summary(
        [
            html.I(className="pulse", **attributes(aria_hidden="true")),
            html.Span("Connecting", id="connection-text", role="status"),
            html.Span(id="connection-latency", className="latency"),
        ],
        id="connection-status",
        **attributes(data_testid="connection-status", data_state="connecting"),
    )
    reason = html.P(id="detail-reason", className="detail-reason")
    body = html.Div([details, reason], className="menu-body connection-body")
    return html.Details([summary, body], className="menu connection")


def _theme_button() -> Component:
    return html.Button(
        icon("theme"),
        type="button",
        className="icon-button theme-button",
        title="Dark or light",
        **attributes(data_action="theme", aria_label="Switch between dark and light"),
    )


def _user_menu(visitor: Visitor) -> Component:
    switches = (
        ("title", "Equity in the tab title"),
        ("sound", "Sound on fills"),
        ("notify", "Notify when hidden"),
        ("palette", "Blue and orange colours"),
    )
    items = [
        html.Button(
            [html.Span(label), html.I(className="switch")],
            type="button",
            role="switch",
            className="menu-item",
            **attributes(data_action=action, aria_checked="false"),
        )
        for action, label in switches
    ]
    logout = html.Form(
        html.Button([html.Span("Sign out"), icon("logout")], type="submit", className="menu-item"),
        action="/logout",
        method="POST",
    )
    who = html.Div(
        [html.B(visitor.name), html.Span(visitor.role.capitalize())], className="menu-who"
    )
    summary = html.Summary(
        visitor.initials, className="avatar", **attributes(aria_label=f"Menu of {visitor.name}")
    )
    return html.Details(
        [summary, html.Div([who, *items, logout], className="menu-body")],
        className="menu user-menu",
    )


def _banner() -> Component:
    return html.Div(
        [
            icon("warning"),
            html.Span(**attributes(data_role="text")),
            html.Button("Refresh", id=REFRESH, type="button", className="button small"),
        ],
        id="staleness-banner",
        className="banner",
        role="alert",
        hidden=True,
        **attributes(data_testid="staleness-banner"),
    )
