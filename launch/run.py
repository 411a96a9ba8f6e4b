"""``alphaflow run``: the embedded exchange where it is wanted, then the web server."""

from __future__ import annotations

import sys
from collections.abc import Callable

from flask import Flask

from launch.accounts import open_stores
from launch.demo import PEOPLE, demo_password
from launch.exchange_process import ExchangeProcess
from launch.server import DeskServer, Running
from launch.settings import Settings

Build = Callable[[Settings, str | None], tuple[Flask, Running]]


def run(settings: Settings, build: Build) -> int:
    """Serve until told to stop; returns the exit status.

    Raises:
        ExchangeFailed: the embedded exchange refused to start, for a bad tape for example.
        DatabaseUnreachable: the database can't be opened.
    """
    # here, so that a database that can't be used ends the start with one line
    open_stores(settings).database.dispose()
    exchange = _exchange(settings) if settings.embedded_exchange else None
    url = None if exchange is None else exchange.start()
    if exchange is not None:
        _say_who_may_enter(settings)
    server = DeskServer(
        settings,
        lambda: build(settings, url),
        on_stopped=lambda: None if exchange is None else exchange.stop(),
    )
    try:
        server.run()
    finally:
        if exchange is not None:
            exchange.stop()
    return 0


def _exchange(settings: Settings) -> ExchangeProcess:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    return ExchangeProcess(
        settings.stored("exchange"),
        tape=settings.tape,
        speed=settings.tape_speed,
        seed=settings.exchange_seed,
        rate=settings.exchange_rate,
    )


def _say_who_may_enter(settings: Settings) -> None:
    given = settings.given_demo_password
    password = demo_password(given, settings.data_dir)
    names = ", ".join(person.username for person in PEOPLE)
    shown = "as set in DEMO_PASSWORD" if given else password
    sys.stdout.write(f"Demo users: {names}; password: {shown}\n")
    sys.stdout.flush()
