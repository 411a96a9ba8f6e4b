"""alpaca-py's REST clients with a time-out, without blocking retries, one session per thread.

alpaca-py 0.44 sets no time-out at all and answers 429 and 504 with up to three
sleeps of 3 s inside the call (facts: alpaca.md, section 1).
"""

from __future__ import annotations

import ipaddress
import threading
import weakref
from typing import Any
from urllib.parse import urlsplit

import requests
from alpaca.common.rest import RESTClient
from alpaca.data.historical.crypto import CryptoHistoricalDataClient
from alpaca.data.historical.stock import StockHistoricalDataClient
from alpaca.trading.client import TradingClient

from broker import answers
from broker.credentials import Credentials
from portfolio.errors import BrokerUnreachable

_CONNECT_S = 3.05


class Sessions:
    """A requests session for each thread that asks: requests does not promise more.

    Args:
        base_url: a session for this machine does not read the proxy settings.
        timeout_s: seconds to wait for an answer.
    """

    def __init__(self, base_url: str, timeout_s: float) -> None:
        self._direct = _is_this_machine(base_url)
        self._timeout = (min(_CONNECT_S, timeout_s), timeout_s)
        self._local = threading.local()
        self._lock = threading.Lock()
        self._all: weakref.WeakSet[requests.Session] = weakref.WeakSet()

    def request(self, method: str, url: str, **options: Any) -> requests.Response:
        """Send one request on the calling thread's session.

        Raises:
            BrokerUnreachable: no answer within the time-out, or none at all.
        """
        try:
            return self._mine().request(method, url, timeout=self._timeout, **options)
        except requests.Timeout:
            raise BrokerUnreachable("the broker did not answer in time") from None
        except requests.RequestException as error:
            # the type alone: the text may quote the request
            raise BrokerUnreachable(f"no connection: {type(error).__name__}") from None

    def close(self) -> None:
        """Close the sessions of all threads."""
        with self._lock:
            for session in list(self._all):
                session.close()

    def _mine(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            session.trust_env = not self._direct
            with self._lock:
                self._all.add(session)
        return session


class _Bounded(RESTClient):
    """Overrides the one method through which every call of alpaca-py's clients goes."""

    sessions: Sessions

    def _one_request(self, method: str, url: str, opts: dict[str, Any], retry: int) -> Any:  # noqa: ARG002
        """Send one request once; the outcome is JSON or a named error, never a retry."""
        return answers.read(self.sessions.request(method, url, **opts))


class Trading(_Bounded, TradingClient):
    """alpaca-py's trading client, bounded."""


class StockData(_Bounded, StockHistoricalDataClient):
    """alpaca-py's stock data client, bounded."""


class CryptoData(_Bounded, CryptoHistoricalDataClient):
    """alpaca-py's crypto data client, bounded."""


def trading(credentials: Credentials, sessions: Sessions) -> Trading:
    """Return the trading client of an account."""
    client = Trading(
        credentials.key_id,
        credentials.secret_key,
        raw_data=True,
        url_override=credentials.endpoints.trading_url,
    )
    client.sessions = sessions
    return client


def stock_data(credentials: Credentials, sessions: Sessions) -> StockData:
    """Return the stock data client of an account."""
    client = StockData(
        credentials.key_id,
        credentials.secret_key,
        raw_data=True,
        url_override=credentials.endpoints.data_url,
    )
    client.sessions = sessions
    return client


def crypto_data(credentials: Credentials, sessions: Sessions) -> CryptoData:
    """Return the crypto data client of an account."""
    client = CryptoData(
        credentials.key_id,
        credentials.secret_key,
        raw_data=True,
        url_override=credentials.endpoints.data_url,
    )
    client.sessions = sessions
    return client


def _is_this_machine(base_url: str) -> bool:
    host = urlsplit(base_url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
