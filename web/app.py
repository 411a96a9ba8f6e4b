"""The Flask server with every door in place; pages and the stream are mounted onto it."""

from __future__ import annotations

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from db.sessions import SessionEnded
from portfolio.ids import UserId
from web import (
    api_admin,
    api_orders,
    api_portfolio,
    guard,
    headers,
    health,
    login,
    not_found,
    problems,
    session,
    static_files,
)
from web.services import EXTENSION, Services
from web.throttle import LoginThrottle

__all__ = ["create_flask"]


def create_flask(services: Services) -> Flask:
    """Return the server with its routes, guards and headers.

    What is left to the caller: ``stream.register(app, web.session.authenticate)``,
    the Dash app, and ``web.headers.secure(app, dash_app.csp_hashes)``.

    Args:
        services: what requests are answered from.
    """
    settings = services.settings
    app = Flask("alphaflow", static_folder=None)
    app.config.update(
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=settings.max_body_bytes,
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        SESSION_COOKIE_SAMESITE="Lax",
    )
    app.extensions[EXTENSION] = services
    _trust_proxies(app, settings.trusted_proxies)
    headers.install(app)
    static_files.install(app)
    problems.install(app)
    session.install(app)
    guard.install(app)
    throttle = LoginThrottle(settings.login_attempts_per_minute)
    for routes in (
        health.blueprint(),
        login.blueprint(throttle),
        api_portfolio.blueprint(),
        api_orders.blueprint(),
        api_admin.blueprint(),
    ):
        app.register_blueprint(routes)
    not_found.install(app)
    _close_streams(services)
    return app


def _trust_proxies(app: Flask, count: int) -> None:
    if count:
        wrapped = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)
        app.wsgi_app = wrapped  # type: ignore[method-assign]


def _close_streams(services: Services) -> None:
    """Let open connections follow what happens to sessions and grants (R1, R2)."""

    def on_end(ended: SessionEnded) -> None:
        services.stream.close_session(ended.session_id, ended.reason)

    def on_grants_changed(user_id: UserId) -> None:
        accounts = services.accounts.accounts_of(user_id)
        granted = frozenset(access.account_id for access in accounts)
        services.stream.set_accounts(user_id, granted)

    services.sessions.on_end(on_end)
    services.accounts.on_grants_changed(on_grants_changed)
