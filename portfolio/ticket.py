"""An order as a trader or script asks for it, checked before anything is stored.

What can be known without the broker is checked here; what only the broker
knows (buying power, tradability) is the broker's to refuse.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from portfolio.errors import InvalidOrder, InvalidValue
from portfolio.ids import ClientOrderId
from portfolio.money import parse
from portfolio.orders import AssetClass, Side

ORDER_TYPES = ("market", "limit", "stop", "stop_limit")
EQUITY_TIMES_IN_FORCE = ("day", "gtc", "ioc")
CRYPTO_TIMES_IN_FORCE = ("gtc", "ioc")
CRYPTO_TYPES = ("market", "limit", "stop_limit")
_NEEDS_LIMIT = ("limit", "stop_limit")
_NEEDS_STOP = ("stop", "stop_limit")
_SYMBOL = re.compile(r"[A-Z][A-Z0-9.]{0,9}(/[A-Z]{3,5})?")
_CLIENT_ORDER_ID = re.compile(r"[\x21-\x7e]{1,128}")
_ID_RULE = "1 to 128 visible ASCII characters"
_FIELDS = (
    "symbol", "side", "type", "timeInForce", "qty", "notional",
    "limitPrice", "stopPrice", "extendedHours", "clientOrderId", "strategyId", "accountId",
)  # fmt: skip
_ONE = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderTicket:
    """A well-formed wish to trade. Quantities in shares or coins, money in USD.

    Exactly one of ``quantity`` and ``notional`` is set.
    """

    symbol: str
    side: Side
    type: str
    time_in_force: str
    quantity: Decimal | None = None
    notional: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    extended_hours: bool = False
    client_order_id: ClientOrderId | None = None
    strategy_id: str | None = None

    @property
    def asset_class(self) -> AssetClass:
        """Return crypto for a pair such as BTC/USD, else US equity."""
        return AssetClass.CRYPTO if "/" in self.symbol else AssetClass.US_EQUITY


def read_ticket(payload: Mapping[str, object]) -> OrderTicket:
    """Return the ticket that a JSON object (camelCase) describes.

    Args:
        payload: numbers may be JSON numbers or decimal strings.

    Raises:
        InvalidOrder: with one problem per field that is missing, unknown or unusable.
    """
    reader = _Reader(payload)
    ticket = reader.ticket()
    if ticket is None or reader.problems:
        raise InvalidOrder(reader.problems)
    return ticket


class _Reader:
    """Reads one payload, collecting every problem instead of stopping at the first."""

    def __init__(self, payload: Mapping[str, object]) -> None:
        self._payload = payload
        self.problems: list[InvalidValue] = []

    def ticket(self) -> OrderTicket | None:
        for name in self._payload:
            if name not in _FIELDS:
                self._refuse(
                    str(name), self._payload[name], f"one of the fields {', '.join(_FIELDS)}"
                )
        symbol = self._symbol()
        crypto = symbol is not None and "/" in symbol
        side = self._choice("side", ("buy", "sell"), None)
        kind = self._choice("type", CRYPTO_TYPES if crypto else ORDER_TYPES, None)
        tif = self._choice(
            "timeInForce",
            CRYPTO_TIMES_IN_FORCE if crypto else EQUITY_TIMES_IN_FORCE,
            "gtc" if crypto else "day",
        )
        quantity, notional = self._size(kind)
        limit_price = self._price("limitPrice", kind, _NEEDS_LIMIT, crypto=crypto)
        stop_price = self._price("stopPrice", kind, _NEEDS_STOP, crypto=crypto)
        extended = self._extended(kind, tif)
        client_order_id = self._text("clientOrderId", _CLIENT_ORDER_ID, _ID_RULE)
        strategy_id = self._text("strategyId", _CLIENT_ORDER_ID, _ID_RULE)
        if symbol is None or side is None or kind is None or tif is None:
            return None
        return OrderTicket(
            symbol=symbol,
            side=Side(side),
            type=kind,
            time_in_force=tif,
            quantity=quantity,
            notional=notional,
            limit_price=limit_price,
            stop_price=stop_price,
            extended_hours=extended,
            client_order_id=None if client_order_id is None else ClientOrderId(client_order_id),
            strategy_id=strategy_id,
        )

    def _refuse(self, field: str, got: object, allowed: str) -> None:
        self.problems.append(InvalidValue(field, got, allowed))

    def _given(self, field: str) -> object | None:
        value = self._payload.get(field)
        return None if value == "" else value

    def _symbol(self) -> str | None:
        value = self._given("symbol")
        upper = value.strip().upper() if isinstance(value, str) else ""
        if not _SYMBOL.fullmatch(upper):
            self._refuse(
                "symbol", value, "a ticker such as AAPL or BRK.B, or a pair such as BTC/USD"
            )
            return None
        return upper

    def _choice(self, field: str, allowed: tuple[str, ...], default: str | None) -> str | None:
        value = self._given(field)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or value not in allowed:
            self._refuse(field, value, ", ".join(allowed))
            return None
        return value

    def _size(self, kind: str | None) -> tuple[Decimal | None, Decimal | None]:
        quantity, notional = self._given("qty"), self._given("notional")
        if (quantity is None) == (notional is None):
            got = None if quantity is None else f"qty {quantity!r} and notional {notional!r}"
            self._refuse("qty", got, "exactly one of qty (shares) and notional (USD)")
            return None, None
        if notional is not None:
            if kind not in (None, "market", "limit"):
                self._refuse("notional", notional, "market and limit orders only; give qty instead")
            return None, self._positive("notional", notional, decimals=2)
        return self._positive("qty", quantity, decimals=9), None

    def _price(
        self, field: str, kind: str | None, needed_by: tuple[str, ...], *, crypto: bool
    ) -> Decimal | None:
        value = self._given(field)
        if kind is None:
            return None
        if kind not in needed_by:
            if value is not None:
                self._refuse(field, value, f"no {field} on a {kind} order")
            return None
        if value is None:
            self._refuse(field, None, f"a price in USD; a {kind} order needs one")
            return None
        price = self._positive(field, value, decimals=9)
        if price is not None and not crypto:
            self._on_tick(field, price)
        return price

    def _on_tick(self, field: str, price: Decimal) -> None:
        decimals = 2 if price >= _ONE else 4
        if _decimals(price) > decimals:
            bound = "at or above" if decimals == 2 else "below"
            self._refuse(field, str(price), f"at most {decimals} decimals {bound} $1")

    def _positive(self, field: str, value: object, *, decimals: int) -> Decimal | None:
        try:
            number = parse(field, value)
        except InvalidValue as problem:
            self.problems.append(problem)
            return None
        if number <= 0 or _decimals(number) > decimals:
            self._refuse(field, value, f"a number above 0 with at most {decimals} decimals")
            return None
        return number

    def _extended(self, kind: str | None, tif: str | None) -> bool:
        value = self._given("extendedHours")
        if value is None or value is False:
            return False
        if value is not True:
            self._refuse("extendedHours", value, "true or false")
        elif kind not in (None, "limit") or tif not in (None, "day"):
            self._refuse("extendedHours", value, "limit orders with timeInForce day only")
        return True

    def _text(self, field: str, pattern: re.Pattern[str], allowed: str) -> str | None:
        value = self._given(field)
        if value is None:
            return None
        if not isinstance(value, str) or not pattern.fullmatch(value):
            self._refuse(field, value, allowed)
            return None
        return value


def _decimals(number: Decimal) -> int:
    """Return how many decimals number needs."""
    exponent = number.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
