"""Starts AlphaFlow as the program it is: ``alphaflow run`` in a process of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

ROOT = Path(__file__).resolve().parent.parent
READY = re.compile(r"AlphaFlow ready at (http://\S+)")
START_S = 60.0
STOP_S = 30.0
PASSWORD = "a demo password"
KEPT_FROM_HERE = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV")


class DeskProcess:
    """A running AlphaFlow.

    Args:
        data_dir: DATA_DIR.
        program: what Python is to run, for a desk with a double in it.
        environment: further settings.
    """

    def __init__(
        self, data_dir: Path, program: Sequence[str] = ("-m", "app", "run"), **environment: str
    ) -> None:
        self.lines: list[str] = []
        self.url = ""
        self._ready = Event()
        kept = {name: os.environ[name] for name in KEPT_FROM_HERE if name in os.environ}
        settings = {"DATA_DIR": str(data_dir), "PORT": "0", "DEMO_PASSWORD": PASSWORD}
        self.process = subprocess.Popen(
            [sys.executable, *program],
            # away from the tree, so that a developer's .env has no part in it
            cwd=data_dir,
            env={**kept, "PYTHONPATH": str(ROOT), **settings, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_ready(self) -> str:
        """Return the base URL once it serves; fail with its output when it doesn't."""
        self._ready.wait(START_S)
        assert self.url, "AlphaFlow did not start:\n" + "".join(self.lines[-60:])
        return self.url

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End it with a signal and return its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            return self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError("did not stop:\n" + "".join(self.lines[-40:])) from None
        finally:
            self._reader.join(STOP_S)
            assert self.process.stdout is not None
            self.process.stdout.close()

    def workers(self) -> list[int]:
        """Return the process ids of its children (web worker and exchange)."""
        threads = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return [int(pid) for thread in threads for pid in thread.read_text().split()]

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            found = READY.search(line)
            if found:
                self.url = found.group(1)
                self._ready.set()
        self._ready.set()


@contextmanager
def running_desk(data_dir: Path, **environment: str) -> Iterator[DeskProcess]:
    """Serve AlphaFlow for the time of a with block."""
    desk = DeskProcess(data_dir, **environment)
    try:
        desk.wait_ready()
        yield desk
    finally:
        desk.stop()
