"""A desk of its own kind: AlphaFlow as a program, beside an exchange as a program."""

from __future__ import annotations

import csv
import gzip
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from stream.client import PortfolioClient
from tests.desk_server import ROOT, DeskProcess, running_desk
from tests.exchange_server import running_exchange

TAPE = ROOT.parent / "shared" / "market" / "2013-10-10-ticks-0930-0945.csv.gz"
KEY = "JOURNEY"
USER, PASSWORD = "ada", "a password for ada"

needs_tape = pytest.mark.skipif(not TAPE.exists(), reason=f"no recorded tape at {TAPE}")


class Exchange:
    """The exchange seen from outside: plain HTTP, nothing of the product's."""

    def __init__(self, url: str) -> None:
        self.url = url

    def get(self, path: str) -> Any:
        request = urllib.request.Request(
            self.url + path,
            headers={"APCA-API-KEY-ID": KEY, "APCA-API-SECRET-KEY": "paper"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def is_open(self) -> bool:
        return bool(self.get("/v2/clock")["is_open"])

    def fills(self) -> list[dict[str, Any]]:
        """Return all FILL activities, oldest first."""
        found: list[dict[str, Any]] = []
        token = ""
        while True:
            page = self.get(
                f"/v2/account/activities/FILL?direction=asc&page_size=100&page_token={token}"
            )
            if not page:
                return found
            found += page
            token = page[-1]["id"]


class Journey:
    """A running exchange and a running desk that is linked to it, with one user."""

    def __init__(self, exchange: Exchange, desk: DeskProcess) -> None:
        self.exchange = exchange
        self.desk = desk
        self.session = PortfolioClient(desk.url, USER, PASSWORD)
        self.session.login()

    def client(self) -> PortfolioClient:
        return PortfolioClient(self.desk.url, USER, PASSWORD)

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Send one API request as ada and return its JSON."""
        request = urllib.request.Request(
            self.desk.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Cookie": self.session._cookie or ""},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read()
            return json.loads(text) if text else None

    def order(self, symbol: str, side: str, **ticket: object) -> Any:
        wish = {"symbol": symbol, "side": side, "type": "market", **ticket}
        return self.call("POST", "/api/orders", wish)


def linked(exchange_url: str) -> dict[str, str]:
    """Return the settings that link a desk to an exchange."""
    return {
        "ALPACA_API_KEY": KEY,
        "ALPACA_SECRET_KEY": "paper",
        "ALPACA_BASE_URL": exchange_url,
    }


def add_user(data_dir: Path, settings: dict[str, str]) -> None:
    """Add ada, as an operator does."""
    subprocess.run(
        [sys.executable, "-m", "app", "user", USER, "--role", "trader"],
        cwd=data_dir,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "DATA_DIR": str(data_dir),
            "ALPHAFLOW_PASSWORD": PASSWORD,
            **settings,
        },
        check=True,
        capture_output=True,
    )


def journey(stack: ExitStack, tmp_path: Path, **exchange: Any) -> Journey:
    """Start an exchange and a desk on it."""
    url = stack.enter_context(running_exchange(**exchange))
    settings = linked(url)
    add_user(tmp_path, settings)
    desk = stack.enter_context(running_desk(tmp_path, **settings))
    return Journey(Exchange(url), desk)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Close everything at the end, newest first."""
    with ExitStack() as stack:
        yield stack


def cut(target: Path, *, seconds: int) -> None:
    """Write the first seconds of the tape to a file."""
    with gzip.open(TAPE, "rt", newline="") as source, gzip.open(target, "wt", newline="") as out:
        rows = csv.reader(source)
        writer = csv.writer(out)
        writer.writerow(next(rows))
        end_ms = None
        for row in rows:
            end_ms = end_ms or int(row[0]) + seconds * 1000
            if int(row[0]) > end_ms:
                return
            writer.writerow(row)
