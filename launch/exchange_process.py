"""The embedded exchange as a child process, kept running for as long as AlphaFlow runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from threading import Event, Thread

import structlog

from portfolio.errors import AlphaFlowError

log = structlog.get_logger("launch")

READY = "Exchange ready at "
RESTART_S = 1.0


class ExchangeFailed(AlphaFlowError):
    """The embedded exchange did not start.

    Args:
        words: what it said last.
    """

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words

    def __str__(self) -> str:
        return f"the embedded exchange did not start: {self.words or 'it said nothing'}"


class ExchangeProcess:
    """Starts, watches and stops ``python -m exchange``.

    It ends when our end of its standard input closes, so it never outlives us,
    however we end. When it dies by itself it is started again on the same port.

    Args:
        state: where its accounts are kept.
        tape: a tape to replay, None for the synthetic market.
        speed: a factor or ``max``.
        seed: of the synthetic market.
        rate: of the synthetic market, ticks per second.
    """

    def __init__(
        self, state: Path, *, tape: Path | None, speed: str, seed: int, rate: int = 60
    ) -> None:
        self._options = ["--state", str(state), "--seed", str(seed)]
        if tape is not None:
            self._options += ["--tape", str(tape), "--speed", speed]
        else:
            self._options += ["--rate", str(rate)]
        self._stopping = Event()
        self._child: subprocess.Popen[str] | None = None
        self.url = ""

    def start(self) -> str:
        """Start it and return its base URL once it serves.

        Raises:
            ExchangeFailed: with the line it refused to start with, a bad tape for example.
        """
        self.url = self._launch(port=0)
        Thread(target=self._watch, name="exchange-watch", daemon=True).start()
        return self.url

    def stop(self, timeout_s: float = 5.0) -> None:
        """Ask it to end; end it by force when it doesn't."""
        self._stopping.set()
        child = self._child
        if child is None:
            return
        child.terminate()
        try:
            child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def _launch(self, port: int) -> str:
        fixed = ["--port", str(port), "--exit-with-parent"]
        self._child = child = subprocess.Popen(  # noqa: S603 - our own module, our own options
            [sys.executable, "-m", "exchange", *fixed, *self._options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # Ctrl-C reaches the whole terminal's group; the exchange ends after the server
            start_new_session=True,
        )
        assert child.stdout is not None  # noqa: S101 - asked for above
        words = ""
        for line in child.stdout:
            if line.startswith(READY):
                return line.removeprefix(READY).strip()
            words = line.strip() or words
        child.wait()
        raise ExchangeFailed(words)

    def _watch(self) -> None:
        """Pass on what it says; start it again when it ends without being asked to."""
        while not self._stopping.is_set():
            self._relay()
            if self._stopping.wait(RESTART_S):
                return
            log.error("the embedded exchange ended; starting it again")
            try:
                self._launch(port=int(self.url.rsplit(":", 1)[1]))
            except ExchangeFailed as error:
                log.error("restart failed", error=str(error))  # noqa: TRY400 - said in one line

    def _relay(self) -> None:
        child = self._child
        if child is None or child.stdout is None:
            return
        for line in child.stdout:
            log.info("exchange", said=line.rstrip())
