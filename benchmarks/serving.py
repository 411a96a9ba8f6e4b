"""Starts what is measured in processes of their own, each kept on one core."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

import psutil

from portfolio.errors import AlphaFlowError

ROOT = Path(__file__).resolve().parent.parent
TAPE = ROOT.parent / "shared" / "market" / "2013-10-10-ticks-0930-0945.csv.gz"
PASSWORD = "benchmark"
_READY = re.compile(r"ready at (http://\S+)")
_KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV")
_START_S, _STOP_S = 60.0, 30.0
_MB = 1024 * 1024


class DidNotStart(AlphaFlowError):
    """A measured program did not start.

    Args:
        words: what it said last.
    """

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words

    def __str__(self) -> str:
        return f"the measured program did not start: {self.words}"


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process had used at one moment.

    Attributes:
        cpu_s: processor seconds since its start, user and system.
        rss_mb: resident memory.
    """

    cpu_s: float
    rss_mb: float


class Served:
    """A running program.

    Attributes:
        url: where it serves.
        worker: the process that serves, the one that is measured.
    """

    def __init__(self, process: subprocess.Popen[str], *, in_child: bool) -> None:
        self._process = process
        self._in_child = in_child
        self._lines: list[str] = []
        self._ready = Event()
        self.url = ""
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_ready(self) -> None:
        """Wait until it serves; the worker goes to the first core, all else to the second.

        Raises:
            DidNotStart: with its last lines.
        """
        self._ready.wait(_START_S)
        if not self.url:
            raise DidNotStart("".join(self._lines[-20:]))
        parent = psutil.Process(self._process.pid)
        children = parent.children()
        self.worker = _serving(children) if self._in_child else parent
        for each in (parent, *children):
            pin(each.pid, first=each.pid == self.worker.pid)

    def usage(self) -> Usage:
        """Return what the worker has used."""
        times = self.worker.cpu_times()
        return Usage(times.user + times.system, self.worker.memory_info().rss / _MB)

    def stop(self) -> None:
        """End it as Ctrl-C would; by force when that takes too long."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(_STOP_S)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _read(self) -> None:
        if self._process.stdout is None:
            return
        for line in self._process.stdout:
            self._lines.append(line)
            found = _READY.search(line)
            if found:
                self.url = found.group(1)
                self._ready.set()
        self._ready.set()


@contextmanager
def running(module: str, *, in_child: bool, **environment: str) -> Iterator[Served]:
    """Run ``python -m module`` for the time of a with block.

    Args:
        module: ``run`` is its argument; prints ``ready at URL`` when it serves.
        in_child: its youngest child serves, gunicorn's worker, and not the process itself.
        environment: its settings.
    """
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    with tempfile.TemporaryDirectory(prefix="alphaflow-benchmark-") as folder:
        process = subprocess.Popen(
            [sys.executable, "-m", module, "run"],
            cwd=folder,
            env={**kept, "PYTHONPATH": str(ROOT), "DATA_DIR": folder, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        served = Served(process, in_child=in_child)
        try:
            served.wait_ready()
            yield served
        finally:
            served.stop()


def pin(pid: int, *, first: bool) -> None:
    """Keep a process, threads to come included, on the first or on the second core."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        return
    chosen = {cores[0]} if first else set(cores[1:])
    for thread in psutil.Process(pid).threads():
        os.sched_setaffinity(thread.id, chosen)


def sign_in(url: str, username: str) -> str:
    """Return the Cookie header of a new session."""
    asked = _request(f"{url}/login", {"username": username, "password": PASSWORD})
    with urllib.request.urlopen(asked, timeout=20) as answer:
        return str(answer.headers["Set-Cookie"]).split(";", 1)[0]


def fetch(url: str, path: str, cookie: str, body: object = None) -> object:
    """Return the JSON at path, posting body where there is one."""
    with urllib.request.urlopen(_request(url + path, body, cookie), timeout=20) as answer:
        return json.loads(answer.read())


def _request(url: str, body: object, cookie: str = "") -> urllib.request.Request:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", "Accept": "application/json", "Cookie": cookie}
    return urllib.request.Request(url, data, headers)


def _serving(children: list[psutil.Process]) -> psutil.Process:
    """Return gunicorn's worker: the child that is not the exchange."""
    return next(each for each in children if "exchange" not in each.cmdline())
