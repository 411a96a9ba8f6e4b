"""The only wiring: settings in, a running desk out. Also the ``alphaflow`` command."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from importlib.metadata import version

from flask import Flask

from components.dash_app import create_dash
from db.housekeeping import Housekeeping
from gateway.events import EventBus
from gateway.gateway import Gateway
from launch.accounts import Stores, credentials_of, link_configured_account, open_stores
from launch.cli import main as run_command
from launch.demo import PEOPLE, demo_password, prepare_demo
from launch.server import Running
from launch.settings import Settings
from stream.service import PortfolioStream, StreamLimits
from web.app import create_flask
from web.headers import secure
from web.services import DemoUser, Services, WebSettings
from web.session import authenticate


def create_app(settings: Settings, exchange_url: str | None) -> tuple[Flask, Running]:
    """Build the whole desk and start its threads: call it in the process that serves.

    Args:
        settings: what is in force.
        exchange_url: base URL of the embedded exchange, None when Alpaca is the broker.

    Returns:
        The WSGI app, and what the server has to stop at the end.
    """
    stores = open_stores(settings)
    _prepare_people(settings, stores)
    stream, gateway = _live_parts(settings, stores)
    flask = _doors(settings, stores, stream, gateway)
    # Dash finishes building itself in the first request, without a lock: let that be ours
    flask.test_client().get("/health")
    stream.start()
    gateway.start()
    for account in stores.accounts.linked():
        credentials = credentials_of(account, settings, exchange_url)
        if credentials is not None:
            stream.open_account(account.account_id, account.owner_id)
            gateway.link(account.account_id, credentials)
    housekeeping = Housekeeping(stores.sessions, stores.records)
    housekeeping.start()
    return flask, Running(stream, gateway, housekeeping, stores)


def _prepare_people(settings: Settings, stores: Stores) -> None:
    now = datetime.now(UTC)
    if settings.embedded_exchange:
        password = demo_password(settings.given_demo_password, settings.data_dir)
        prepare_demo(stores.users, stores.accounts, password, now)
    link_configured_account(settings, stores, now)


def _live_parts(settings: Settings, stores: Stores) -> tuple[PortfolioStream, Gateway]:
    """Build the gateway and the stream and join them by the bus."""
    bus = EventBus()
    gateway = Gateway(
        stores.records,
        bus,
        mark_interval_s=settings.batch_window_ms / 1000,
        feed_name=settings.feed_name,
        symbol_budget=settings.symbol_budget,
    )
    stream = PortfolioStream(
        _limits(settings),
        gateway.snapshot,
        enabled=settings.enable_realtime_portfolio,
        broker_down=gateway.broker_down,
    )
    bus.listen(stream.offer)
    gateway.on_silence(stream.announce)
    gateway.on_loaded(stores.accounts.set_number)
    return stream, gateway


def _doors(settings: Settings, stores: Stores, stream: PortfolioStream, gateway: Gateway) -> Flask:
    """Build the web app: REST, stream, pages, in front of one set of services."""
    services = Services(
        users=stores.users,
        sessions=stores.sessions,
        accounts=stores.accounts,
        records=stores.records,
        gateway=gateway,
        stream=stream,
        settings=WebSettings(
            version=version("alphaflow"),
            secret_key=settings.stored_secret("secret_key"),
            secure_cookies=settings.secure_cookies,
            allowed_origins=settings.allowed_origins,
            trusted_proxies=settings.trusted_proxies,
            login_attempts_per_minute=settings.login_attempts_per_minute,
        ),
        demo_users=_demo_entries(settings),
    )
    flask = create_flask(services)
    stream.register(flask, authenticate)
    dash = create_dash(flask)
    secure(flask, dash.csp_hashes)
    return flask


def _limits(settings: Settings) -> StreamLimits:
    return StreamLimits(
        batch_window_ms=settings.batch_window_ms,
        max_connections_per_user=settings.max_connections_per_user,
        max_total_connections=settings.max_total_connections,
        heartbeat_interval_s=settings.heartbeat_interval_s,
        heartbeat_timeout_s=settings.heartbeat_timeout_s,
        allowed_origins=settings.allowed_origins,
    )


def _demo_entries(settings: Settings) -> tuple[DemoUser, ...]:
    if not settings.embedded_exchange:
        return ()
    return tuple(DemoUser(person.username, person.label) for person in PEOPLE)


def main() -> int:
    """Run the ``alphaflow`` command."""
    return run_command(create_app)


if __name__ == "__main__":
    sys.exit(main())
