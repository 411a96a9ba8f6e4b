"""Every failure that the exchange names, under one root.

An error that reaches a client carries what Alpaca would send: an HTTP status,
a body code and a message, and for some refusals the figures behind it.
"""

from __future__ import annotations


class ExchangeError(Exception):
    """A refusal that a client sees as ``{"code": …, "message": …, …}``.

    Args:
        status: HTTP status.
        code: Alpaca's body code, None where Alpaca sends only a message.
        message: Alpaca's words.
        extra: further members of the body, for example ``buying_power``.
    """

    def __init__(self, status: int, code: int | None, message: str, **extra: object) -> None:
        super().__init__(status, code, message)
        self.status = status
        self.code = code
        self.message = message
        self.extra = extra

    def __str__(self) -> str:
        return self.message

    @property
    def body(self) -> dict[str, object]:
        """Return the JSON body."""
        code = {} if self.code is None else {"code": self.code}
        return {**code, "message": self.message, **self.extra}


class InvalidSetting(Exception):
    """A command-line value or a file that the exchange cannot start with.

    Args:
        name: the option, as typed.
        got: its value.
        reason: what is wrong with it, in words.
    """

    def __init__(self, name: str, got: object, reason: str) -> None:
        super().__init__(name, got, reason)
        self.name = name
        self.got = got
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.name} {self.got}: {self.reason}"
