"""Starts live_app and talks to it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

ROOT = Path(__file__).resolve().parents[2]


class Served:
    """A running live_app."""

    def __init__(self, process: subprocess.Popen[str], port: int, log: Path) -> None:
        self.process = process
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.ws_url = f"ws://127.0.0.1:{port}/ws/portfolio"
        self.log = log

    def get(self, path: str) -> Any:
        """Return the JSON at path."""
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return json.loads(answer.read())

    def post(self, path: str, **body: Any) -> None:
        """Post a JSON body."""
        headers = {"Content-Type": "application/json"}
        asked = urllib.request.Request(
            self.url + path, json.dumps(body).encode(), headers, method="POST"
        )
        urllib.request.urlopen(asked, timeout=20).close()

    def produce(self, **script: Any) -> None:
        """Make the producer run a script."""
        self.post("/produce", **script)

    def connect(self, user: str = "ann", **options: Any) -> ClientConnection:
        """Open a WebSocket as user."""
        headers = {"Cookie": f"session={user}:1", **options.pop("headers", {})}
        # entered here, so that a test may hold it without a with block of its own
        return ExitStack().enter_context(
            connect(
                self.ws_url, additional_headers=headers, open_timeout=10, max_size=None, **options
            )
        )

    def interrupt_group(self) -> None:
        """Do what Ctrl-C does in a terminal: SIGINT to the arbiter and its workers."""
        os.killpg(self.process.pid, signal.SIGINT)


@contextmanager
def served(log: Path, **limits: Any) -> Iterator[Served]:
    """Run live_app with these limits until the block ends."""
    environ = {**os.environ, "STREAM_LIMITS": json.dumps(limits), "PYTHONPATH": str(ROOT)}
    with log.open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.stream.live_app"],
            stdout=subprocess.PIPE, stderr=errors, text=True, env=environ, cwd=ROOT,
            start_new_session=True,
        )  # fmt: skip
        try:
            yield Served(process, _port(process, log), log)
        finally:
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(15)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
            if process.stdout is not None:
                process.stdout.close()


def _port(process: subprocess.Popen[str], log: Path) -> int:
    if process.stdout is None:
        raise AssertionError("no output")
    for line in process.stdout:
        if line.startswith("listening"):
            return int(line.split()[1])
    raise AssertionError(f"did not start: {log.read_text()}")


def eventually(condition: Callable[[], bool], *, within_s: float = 10) -> None:
    """Wait for condition, looking again and again."""
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("it did not become true")
        time.sleep(0.02)


def told(ws: ClientConnection, kind: str | None = None, *, timeout: float = 10) -> dict[str, Any]:
    """Return the next message, or the next of a type."""
    while True:
        message: dict[str, Any] = json.loads(ws.recv(timeout))
        if kind is None or message["type"] == kind:
            return message


def say(ws: ClientConnection, kind: str, **fields: Any) -> None:
    """Send a client message."""
    ws.send(json.dumps({"type": kind, **fields}))
