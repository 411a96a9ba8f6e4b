"""What all clients of a run counted, and the window in which they count."""

from __future__ import annotations

import time
import zlib
from dataclasses import dataclass, field

from benchmarks.ages import PriceWatch, Seen

_SAMPLE_EVERY = 16


@dataclass(slots=True)
class Tally:
    """Counts while open; prices are watched all the time.

    Attributes:
        counting: whether the run's window is open.
        messages: answers or messages that arrived.
        down_bytes: from the server, framing and headers included, TCP not.
        up_bytes: to the server.
        body_bytes: of these from the server, what compression could shrink.
        sampled: every so many bodies are compressed to see: their bytes before and after.
        waits_ms: request to answer, polling only.
        seen: newer prices that arrived.
        failures: what went wrong, a connection lost for example.
    """

    counting: bool = False
    messages: int = 0
    down_bytes: int = 0
    up_bytes: int = 0
    body_bytes: int = 0
    bodies: int = 0
    sampled: tuple[int, int] = (0, 0)
    waits_ms: list[float] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def moved(self, *, down: int = 0, up: int = 0) -> None:
        """Count bytes."""
        if self.counting:
            self.down_bytes += down
            self.up_bytes += up

    def body(self, body: bytes) -> None:
        """Count a body, and compress one in a while as HTTP and WebSockets would."""
        if not self.counting:
            return
        self.body_bytes += len(body)
        self.bodies += 1
        if self.bodies % _SAMPLE_EVERY == 1:
            before, after = self.sampled
            self.sampled = before + len(body), after + len(zlib.compress(body, 6))

    def packed_bytes(self) -> float:
        """Return the bytes from the server if every body were compressed."""
        before, after = self.sampled
        return self.down_bytes - self.body_bytes * (1 - after / before if before else 0)

    def arrived(self, watch: PriceWatch, positions: list[dict[str, str]], wait_ms: float) -> None:
        """Count a message and note the newer prices in it.

        Args:
            watch: of the user that got it.
            positions: as on the stream.
            wait_ms: since it was asked for; below zero when nobody asked.
        """
        now_ms = time.time() * 1000
        newer = [watch.saw(each["symbol"], unix_ms(each["priceAt"]), now_ms) for each in positions]
        if not self.counting:
            return
        self.messages += 1
        self.seen.extend(each for each in newer if each is not None)
        if wait_ms >= 0:
            self.waits_ms.append(wait_ms)


_SECONDS: dict[str, int] = {}


def unix_ms(text: str) -> int:
    """Return ``2026-01-04T10:30:00.123Z`` as Unix milliseconds."""
    second = text[:19]
    known = _SECONDS.get(second)
    if known is None:
        known = _SECONDS[second] = int(
            time.mktime(time.strptime(second, "%Y-%m-%dT%H:%M:%S")) - time.timezone
        )
    return known * 1000 + int(text[20:23])
