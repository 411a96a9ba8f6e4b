"""One account's REST API: bounded in time, thread-safe, raising only named errors."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from broker.credentials import Credentials
from broker.reference import Asset, MarketClock
from portfolio.ids import BrokerOrderId, ClientOrderId
from portfolio.orders import Order
from portfolio.values import BrokerAccount, BrokerState, Mark, Quote


class BrokerRest:
    """Reads one brokerage account. Any thread may call it.

    Every method raises CredentialsRefused (the keys are wrong), BrokerUnreachable (no
    usable answer: time-out, 429, 5xx), BrokerError (a refusal, the broker's words
    verbatim) or ConversionError.

    Args:
        credentials: the account's keys and its broker.
        timeout_s: seconds to wait for an answer.
    """

    def __init__(self, credentials: Credentials, timeout_s: float = 10.0) -> None:
        raise NotImplementedError

    def close(self) -> None:
        """Close the pooled connections of all threads."""
        raise NotImplementedError

    def account(self) -> BrokerAccount:
        """Return the account's figures."""
        raise NotImplementedError

    def fetch_state(self, since: datetime) -> BrokerState:
        """Return all that REST says of the account.

        Args:
            since: closed orders submitted, and fills executed, after this moment (aware UTC).
        """
        raise NotImplementedError

    def order(self, broker_order_id: BrokerOrderId) -> Order:
        """Return one order with its legs. Raises UnknownOrder when the broker has none."""
        raise NotImplementedError

    def order_by_client_id(self, client_order_id: ClientOrderId) -> Order | None:
        """Return the order that carries our id, None when the broker has none."""
        raise NotImplementedError

    def latest_trades(self, symbols: Iterable[str]) -> list[Mark]:
        """Return the last trade of each symbol that has one, ``source`` snapshot."""
        raise NotImplementedError

    def latest_quotes(self, symbols: Iterable[str]) -> list[Quote]:
        """Return the last quote of each symbol that has one."""
        raise NotImplementedError

    def clock(self) -> MarketClock:
        """Return whether the stock market trades now."""
        raise NotImplementedError

    def assets(self) -> list[Asset]:
        """Return all active assets."""
        raise NotImplementedError

    def request(self, method: str, path: str, data: object = None) -> object:
        """Send one request to the trading API and return its JSON, numbers as Decimal.

        Args:
            method: GET, POST, PATCH or DELETE.
            path: below ``/v2``, for example ``/orders``.
            data: query parameters (GET, DELETE) or JSON body.
        """
        raise NotImplementedError
