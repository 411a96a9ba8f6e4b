"""Why a tape is refused."""

from __future__ import annotations

from exchange.errors import InvalidSetting

_SHOWN = 60


class TapeRefused(InvalidSetting):
    """A tape file that can't be replayed; nothing of it is.

    Args:
        line: line number, the header is line 1.
        field: the column, or what else is wrong: ``header``, ``row``, ``file``.
        got: what was there.
        allowed: what would have been accepted, in words.
        path: the file, empty until it is known.
    """

    def __init__(self, line: int, field: str, got: str, allowed: str, *, path: str = "") -> None:
        shown = got if len(got) <= _SHOWN else f"{got[:_SHOWN]}…"
        reason = f"line {line}: {field} {shown!r} is not valid; allowed: {allowed}"
        super().__init__("tape", path, reason)
        self.line = line
        self.field = field
        self.allowed = allowed
        self.shown = shown

    def of(self, path: str) -> TapeRefused:
        """Return the same refusal with the file's name."""
        return TapeRefused(self.line, self.field, self.shown, self.allowed, path=path)
