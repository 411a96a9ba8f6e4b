"""Every failure that AlphaFlow names, under one root.

An error takes fields and writes its own sentence, so a caller can act on the
fields and a person can read the sentence.
"""

from __future__ import annotations

from collections.abc import Iterable


class AlphaFlowError(Exception):
    """Root of all named failures."""


class InvalidValue(AlphaFlowError):
    """A value from outside that can't be used.

    Args:
        field: name of the field, as the sender spells it.
        got: the value received.
        allowed: what would have been accepted, in words.
    """

    def __init__(self, field: str, got: object, allowed: str) -> None:
        super().__init__(field, got, allowed)
        self.field = field
        self.got = got
        self.allowed = allowed

    def __str__(self) -> str:
        return f"{self.field}: {_shown(self.got)} is not valid; allowed: {self.allowed}"


class InvalidOrder(AlphaFlowError):
    """An order ticket with one or more unusable fields.

    Args:
        problems: one InvalidValue per unusable field, at least one.
    """

    def __init__(self, problems: Iterable[InvalidValue]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "; ".join(str(problem) for problem in self.problems)


class ConversionError(InvalidValue):
    """A broker payload that can't be understood.

    Args:
        source: which payload, for example ``trade_updates fill``.
        field: the field, in the broker's spelling.
        got: what it held.
        allowed: what it must hold.
    """

    def __init__(self, source: str, field: str, got: object, allowed: str) -> None:
        super().__init__(field, got, allowed)
        self.args = (source, field, got, allowed)
        self.source = source

    def __str__(self) -> str:
        return f"{self.source}: {super().__str__()}"


class BrokerError(AlphaFlowError):
    """The broker answered with a refusal or could not be reached.

    Args:
        status: HTTP status of the answer, None when there was no answer.
        code: the broker's own error code, None when it gave none.
        message: the broker's words, unchanged.
    """

    def __init__(self, *, status: int | None, code: int | None, message: str) -> None:
        super().__init__(status, code, message)
        self.status = status
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return self.message


class BrokerUnreachable(BrokerError):
    """No usable answer came: time-out, refused connection, 429 or 5xx. Outcome unknown."""

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(status=status, code=None, message=message)


class CredentialsRefused(BrokerError):
    """The broker does not accept the key id and secret. Retrying can't help."""


class UnknownAccount(AlphaFlowError):
    """An account id that no linked account has."""

    def __init__(self, account_id: str) -> None:
        super().__init__(account_id)
        self.account_id = account_id

    def __str__(self) -> str:
        return f"no linked brokerage account {self.account_id!r}"


class UnknownOrder(AlphaFlowError):
    """An order id that this account does not have."""

    def __init__(self, order_id: str) -> None:
        super().__init__(order_id)
        self.order_id = order_id

    def __str__(self) -> str:
        return f"no order {self.order_id!r} in this account"


class OrderNotCancelable(AlphaFlowError):
    """An order that has already reached a final status."""

    def __init__(self, order_id: str, status: str) -> None:
        super().__init__(order_id, status)
        self.order_id = order_id
        self.status = status

    def __str__(self) -> str:
        return f"order {self.order_id} is {self.status} and can no longer be changed"


def _shown(value: object, limit: int = 80) -> str:
    """Return repr of value, cut to limit characters."""
    text = repr(value)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
