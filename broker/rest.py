"""One account's REST API: bounded in time, thread-safe, raising only named errors."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import TypeVar
from urllib.parse import quote as url_quote

from broker import clients, convert, pages
from broker.bars import BARS_LIMIT, Ask, Bar, paged, read_bar
from broker.credentials import Credentials
from broker.fields import Fields
from broker.reference import Asset, MarketClock, read_asset, read_clock
from broker.symbols import is_crypto
from portfolio.errors import BrokerError, ConversionError, UnknownOrder
from portfolio.ids import BrokerOrderId, ClientOrderId
from portfolio.orders import AssetClass, Order
from portfolio.values import BrokerAccount, BrokerState, Mark, Quote

log = logging.getLogger(__name__)

_T = TypeVar("_T")
_V = TypeVar("_V")
_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
_NOT_FOUND = 404
_SYMBOLS_PER_REQUEST = 100


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
        endpoints = credentials.endpoints
        self._feed = endpoints.feed
        self._trading_sessions = clients.Sessions(endpoints.trading_url, timeout_s)
        self._data_sessions = clients.Sessions(endpoints.data_url, timeout_s)
        self._trading = clients.trading(credentials, self._trading_sessions)
        self._stocks = clients.stock_data(credentials, self._data_sessions)
        self._crypto = clients.crypto_data(credentials, self._data_sessions)
        self.left_out = 0
        """Orders, fills and prices of lists that could not be converted and were left out."""

    def close(self) -> None:
        """Close the pooled connections of all threads."""
        self._trading_sessions.close()
        self._data_sessions.close()

    def account(self) -> BrokerAccount:
        """Return the account's figures."""
        return convert.account(self.request("GET", "/account"))

    def fetch_state(self, since: datetime) -> BrokerState:
        """Return all that REST says of the account.

        Open orders are asked for before closed ones: an order that ends in between is
        in both lists, and the later word counts. A position that can't be converted
        fails the whole fetch, as leaving it out would read as closed; an order or fill
        is left out and counted, since one odd one must not hide the others.

        Args:
            since: closed orders submitted, and fills executed, after this moment (aware UTC).
        """
        fetched_at = datetime.now(UTC)
        account = self.account()
        positions = tuple(map(convert.position, self._list("/positions")))
        open_orders = self._understood(convert.order, pages.orders(self._get, _BEGINNING, "open"))
        closed = self._understood(convert.order, pages.orders(self._get, since, "closed"))
        fills = self._understood(convert.fill, pages.fills(self._get, since))
        ended = {order.order_id for order in closed}
        still_open = (order for order in open_orders if order.order_id not in ended)
        return BrokerState(
            account=account,
            positions=positions,
            orders=(*still_open, *closed),
            fills=tuple(fills),
            fetched_at=fetched_at,
        )

    def order(self, broker_order_id: BrokerOrderId) -> Order:
        """Return one order with its legs.

        Raises:
            UnknownOrder: the broker has none of this id.
        """
        path = f"/orders/{url_quote(broker_order_id, safe='')}"
        try:
            return convert.order(self.request("GET", path, {"nested": "true"}))
        except BrokerError as error:
            if error.status == _NOT_FOUND:
                raise UnknownOrder(broker_order_id) from None
            raise

    def order_by_client_id(self, client_order_id: ClientOrderId) -> Order | None:
        """Return the order that carries our id, None when the broker has none."""
        query = {"client_order_id": client_order_id}
        try:
            return convert.order(self.request("GET", "/orders:by_client_order_id", query))
        except BrokerError as error:
            if error.status == _NOT_FOUND:
                return None
            raise

    def latest_trades(self, symbols: Iterable[str]) -> list[Mark]:
        """Return the last trade of each symbol that has one, ``source`` snapshot."""
        return self._prices(
            "trades", symbols, lambda symbol, raw: convert.mark(raw, symbol, source="snapshot")
        )

    def latest_quotes(self, symbols: Iterable[str]) -> list[Quote]:
        """Return the last quote of each symbol that has one."""
        return self._prices("quotes", symbols, lambda symbol, raw: convert.quote(raw, symbol))

    def bars(self, symbols: Iterable[str], timeframe: str, since: datetime) -> dict[str, list[Bar]]:
        """Return each symbol's bars from a moment to now, oldest first; no key where it has none.

        Args:
            symbols: shares and pairs; options have no bars here.
            timeframe: in Alpaca's words: ``1Min``, ``5Min``, ``1Hour``, ``1Day``.
            since: aware UTC.
        """
        wanted = frozenset(symbols)
        crypto = sorted(filter(is_crypto, wanted))
        query = {"timeframe": timeframe, "start": pages.text(since), "limit": str(BARS_LIMIT)}
        found: dict[str, list[Bar]] = {}
        self._add_bars(found, self._stock_bars, sorted(wanted.difference(crypto)), query)
        self._add_bars(found, self._crypto_bars, crypto, query)
        return found

    def clock(self) -> MarketClock:
        """Return whether the stock market trades now."""
        return read_clock(self.request("GET", "/clock"))

    def assets(self) -> list[Asset]:
        """Return all active shares and pairs; the broker lists one class at a time."""
        found = []
        for kind in (AssetClass.US_EQUITY, AssetClass.CRYPTO):
            query = {"status": "active", "asset_class": kind.value}
            found += self._understood(read_asset, self._list("/assets", query))
        return found

    def request(self, method: str, path: str, data: object = None) -> object:
        """Send one request to the trading API and return its JSON, numbers as Decimal.

        Args:
            method: GET, POST, PATCH or DELETE.
            path: below ``/v2``, for example ``/orders``.
            data: query parameters (GET, DELETE) or JSON body.
        """
        send = getattr(self._trading, method.lower())
        answer: object = send(path, data)
        return answer

    def _get(self, path: str, query: Mapping[str, str]) -> object:
        return self.request("GET", path, query)

    def _list(self, path: str, query: Mapping[str, str] | None = None) -> list[object]:
        answer = self.request("GET", path, query)
        if not isinstance(answer, list):
            raise ConversionError(f"GET {path}", "(whole)", answer, "a JSON array")
        return answer

    def _prices(
        self, kind: str, symbols: Iterable[str], read: Callable[[str, object], _T]
    ) -> list[_T]:
        wanted = frozenset(symbols)
        crypto = sorted(filter(is_crypto, wanted))
        stocks = sorted(wanted.difference(crypto))
        raw: dict[str, object] = {}
        for batch in _batches(stocks):
            query = {"symbols": ",".join(batch), "feed": self._feed}
            raw |= _by_symbol(kind, self._stocks.get(f"/stocks/{kind}/latest", query))
        for batch in _batches(crypto):
            query = {"symbols": ",".join(batch)}
            raw |= _by_symbol(kind, self._crypto.get(f"/crypto/us/latest/{kind}", query))
        pairs = [(symbol, raw[symbol]) for symbol in stocks + crypto if raw.get(symbol)]
        return self._understood(lambda pair: read(*pair), pairs)

    def _add_bars(
        self, found: dict[str, list[Bar]], ask: Ask, symbols: list[str], query: Mapping[str, str]
    ) -> None:
        for batch in _batches(symbols):
            rows = paged(ask, {**query, "symbols": ",".join(batch)})
            read = self._understood(lambda row: (row[0], read_bar(row[1], row[0])), rows)
            for symbol, bar in read:
                found.setdefault(symbol, []).append(bar)

    def _stock_bars(self, query: Mapping[str, str]) -> object:
        # split-adjusted: a split in the span must not look like a fall
        more = {"feed": self._feed, "adjustment": "split"}
        return self._stocks.get("/stocks/bars", {**query, **more})

    def _crypto_bars(self, query: Mapping[str, str]) -> object:
        return self._crypto.get("/crypto/us/bars", dict(query))

    def _understood(self, read: Callable[[_T], _V], items: Iterable[_T]) -> list[_V]:
        """Return the items converted; those that can't be are counted and logged."""
        found = []
        for item in items:
            try:
                found.append(read(item))
            except ConversionError as error:
                self.left_out += 1
                log.warning("left out of the broker's answer: %s", error)
        return found


def _by_symbol(kind: str, answer: object) -> dict[str, object]:
    listed = Fields(f"latest {kind}", answer).get(kind)
    if not isinstance(listed, dict):
        return {}  # no symbol has any: Alpaca answers null
    return listed


def _batches(symbols: list[str]) -> Iterable[list[str]]:
    return (
        symbols[first : first + _SYMBOLS_PER_REQUEST]
        for first in range(0, len(symbols), _SYMBOLS_PER_REQUEST)
    )
