"""``alphaflow run`` with one thing more: the plain polling page, under ``/polling``.

Both sides of the comparison so have the same process, server, books and prices; only
the way to the browser differs. The page is a Flask app of its own: it has none of
AlphaFlow's sessions, guards and security headers, which makes it cheaper.
"""

from __future__ import annotations

import sys
from typing import Any, cast

from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from app import create_app
from benchmarks.polling_page import create_page
from db.users import UnknownUser
from launch.cli import main as run_command
from launch.server import Running
from launch.settings import Settings

MOUNT = "/polling"
USER = "trader"


def create_both(settings: Settings, exchange_url: str | None) -> tuple[Flask, Running]:
    """Build the desk, and beside it the polling page on the demo trader's book."""
    flask, running = create_app(settings, exchange_url)
    trader = running.stores.users.by_name(USER)
    if trader is None:
        raise UnknownUser(USER)
    account_id = running.stores.accounts.accounts_of(trader.user_id)[0].account_id
    page = create_page(lambda: running.gateway.snapshot(account_id), MOUNT)
    beside = {MOUNT: cast("Any", page)}
    flask.wsgi_app = DispatcherMiddleware(flask.wsgi_app, beside)  # type: ignore[method-assign]
    return flask, running


if __name__ == "__main__":
    sys.exit(run_command(create_both, ["run"]))
