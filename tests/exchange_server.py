"""Starts the embedded exchange as the program it is, for any test that needs a broker."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
_READY = "Exchange ready at "
_START_S = 60.0
_STOP_S = 10.0


@contextmanager
def running_exchange(
    tape: Path | str | None = None,
    speed: float | str | None = None,
    seed: int = 1,
    state: Path | str | None = None,
    port: int = 0,
) -> Iterator[str]:
    """Serve the exchange for the time of a with block.

    Any key id with the secret ``paper`` opens an account. The child ends with this
    process, however it ends, as it reads end-of-file on its standard input.

    Args:
        tape: file to replay; None for the synthetic market.
        speed: of the tape, seconds per second, or ``max``.
        seed: of the synthetic market.
        state: file that keeps accounts and orders over a restart.
        port: 0 takes any free one.

    Yields:
        The base URL, for example ``http://127.0.0.1:41873``.
    """
    command = [sys.executable, "-m", "exchange", "--exit-with-parent", "--port", str(port)]
    child = subprocess.Popen(
        [*command, "--seed", str(seed), *_options(tape=tape, speed=speed, state=state)],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    output = _Output(child)
    try:
        yield output.base_url()
    finally:
        _end(child)
        output.close()


class _Output:
    """Reads the child's output in a thread, so that it never blocks on a full pipe."""

    def __init__(self, child: subprocess.Popen[str]) -> None:
        self._child = child
        self._lines: list[str] = []
        self._url = ""
        self._known = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def base_url(self) -> str:
        """Return the address once it was printed; fail with the output when it never is."""
        self._known.wait(_START_S)
        assert self._url, "the exchange did not start:\n" + "".join(self._lines[-40:])
        return self._url

    def close(self) -> None:
        """Wait for the end of the output."""
        self._thread.join(_STOP_S)
        assert self._child.stdout is not None
        self._child.stdout.close()

    def _read(self) -> None:
        assert self._child.stdout is not None
        for line in self._child.stdout:
            self._lines.append(line)
            if _READY in line:
                self._url = line.split(_READY, 1)[1].strip()
                self._known.set()
        self._known.set()


def _options(**values: object) -> Sequence[str]:
    given = {f"--{name}": value for name, value in values.items() if value is not None}
    return [part for name, value in given.items() for part in (name, str(value))]


def _end(child: subprocess.Popen[str]) -> None:
    """End the child by closing its standard input; kill it when that does not help."""
    assert child.stdin is not None
    child.stdin.close()
    try:
        child.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait(_STOP_S)
