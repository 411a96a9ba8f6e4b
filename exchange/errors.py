"""Every failure that the exchange names, under one root.

An error that reaches a client carries what Alpaca would send: an HTTP status,
a body code and a message.
"""

from __future__ import annotations


class ExchangeError(Exception):
    """A refusal that a client sees as ``{"code": …, "message": …}``.

    Args:
        status: HTTP status.
        code: Alpaca's body code, None where Alpaca sends only a message.
        message: Alpaca's words.
    """

    def __init__(self, status: int, code: int | None, message: str) -> None:
        super().__init__(status, code, message)
        self.status = status
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return self.message

    @property
    def body(self) -> dict[str, object]:
        """Return the JSON body."""
        if self.code is None:
            return {"message": self.message}
        return {"code": self.code, "message": self.message}
