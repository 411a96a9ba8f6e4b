"""What the market-data stream answers when a client does something wrong."""

from __future__ import annotations

_WORDS = {
    400: "invalid syntax",
    401: "not authenticated",
    402: "auth failed",
    403: "already authenticated",
    404: "auth timeout",
    405: "symbol limit exceeded",
    406: "connection limit exceeded",
    407: "slow client",
    410: "invalid subscribe action for this feed",
}


class StreamError(Exception):
    """A refusal inside a market-data connection; the connection stays unless noted.

    Args:
        code: Alpaca's code; 404 and 407 end the connection.

    Source: Alpaca "Real-time stock data", errors.
    """

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code

    def __str__(self) -> str:
        return _WORDS[self.code]

    @property
    def message(self) -> dict[str, object]:
        """Return the message to send."""
        return {"T": "error", "code": self.code, "msg": str(self)}
