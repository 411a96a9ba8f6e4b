"""The ``alphaflow`` command."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from db.users import ROLES
from launch.accounts import open_stores
from launch.logs import configure_logs
from launch.run import Build, run
from launch.settings import Settings, read_settings, shown
from launch.tail import tail
from portfolio.errors import AlphaFlowError

USAGE_ERROR = 2


def main(build: Build, argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0, or 2 for a usage or settings error.

    Args:
        build: makes the app from the settings and the embedded exchange's URL (None: Alpaca).
        argv: the arguments; the process's own by default.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] == ["exchange"]:
        # its options are its own business: it is a product of its own
        from exchange.server import main as exchange_main  # noqa: PLC0415

        return exchange_main(words[1:])
    options = _parser().parse_args(words)
    try:
        settings = read_settings()
        configure_logs(settings.log_format, settings.log_level)
        return _command(options, settings, build)
    except AlphaFlowError as error:
        print(f"alphaflow: {error}", file=sys.stderr)
        return USAGE_ERROR


def _command(options: argparse.Namespace, settings: Settings, build: Build) -> int:
    if options.command == "run":
        return run(settings, build)
    if options.command == "config":
        print("\n".join(shown(settings)))
        return 0
    if options.command == "user":
        return _add_user(options, settings)
    return tail(
        options.url or f"http://{settings.host}:{settings.port}",
        options.user,
        _password(options.user),
    )


def _add_user(options: argparse.Namespace, settings: Settings) -> int:
    stores = open_stores(settings)
    now = datetime.now(UTC)
    user = stores.users.create(options.name, _password(options.name), options.role, now)
    if options.grant:
        for account in stores.accounts.linked():
            stores.accounts.grant(user.user_id, account.account_id, options.grant, now)
    print(f"created {user.role} {user.username}")
    return 0


def _password(user: str) -> str:
    """Return the password from ALPHAFLOW_PASSWORD, or asked for on the terminal."""
    given = os.environ.get("ALPHAFLOW_PASSWORD")
    return given if given is not None else getpass.getpass(f"Password of {user}: ")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="alphaflow", description="A live portfolio desk for Alpaca brokerage accounts."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="start everything; settings come from the environment and .env")
    commands.add_parser("config", help="print the settings in force, secrets masked")
    commands.add_parser("exchange", help="serve the embedded paper exchange alone (see --help)")
    user = commands.add_parser("user", help="add a user; the password is asked for")
    user.add_argument("name")
    user.add_argument("--role", choices=ROLES, default="trader")
    user.add_argument("--grant", choices=("trade", "read"), help="open every linked account to it")
    follow = commands.add_parser("tail", help="print what the stream sends, one JSON line each")
    follow.add_argument("--url", help="default: the HOST and PORT in force")
    follow.add_argument("--user", default="trader")
    return parser
