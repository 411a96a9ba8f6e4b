"""Counts what came over one upstream connection, and what of it could not be read."""

from __future__ import annotations

import logging
from collections import Counter

log = logging.getLogger(__name__)


class FrameMeter:
    """Frames, unreadable ones by kind, and the time of the last.

    Written on the feed's loop thread, read on any. A kind of fault is logged the
    first time it occurs and only counted after: a broker that sends garbage must
    not fill the disk.

    Args:
        name: which connection, for the log.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.frames = 0
        self.last_frame_ns = 0
        self.malformed: Counter[str] = Counter()

    def arrived(self, arrived_ns: int) -> None:
        """Count a frame."""
        self.frames += 1
        self.last_frame_ns = arrived_ns

    def unreadable(self, kind: str) -> None:
        """Count a frame or message that can't be read; kind says why, without its content."""
        self.malformed[kind] += 1
        if self.malformed[kind] == 1:
            log.warning("%s: %s (counted from here on)", self.name, kind)
