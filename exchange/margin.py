"""What an account is worth and what it may still spend. Simple Reg T.

An account with $2,000 of equity or more may borrow as much as it has
(multiplier 2) and sell short; a smaller one may do neither (multiplier 1).
Stocks, long or short, tie up their value ÷ multiplier; crypto is not
marginable and ties up all of it. So

    buying power = multiplier × equity − value of stocks − multiplier × value of crypto
                   − what open orders hold

where an order that opens or adds to a position holds its remaining quantity
at its limit (or the ask), and a short sale at no less than 103 % of the ask.
Orders that close a position hold shares instead of money (``rules``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from exchange.decimals import EXACT, ZERO, add, multiply, subtract, total
from exchange.ledger import Ledger
from exchange.market import Market
from exchange.orders import Order

MARGIN_EQUITY = Decimal(2_000)
MAINTENANCE_RATE = Decimal("0.3")
SHORT_SALE_MARKUP = Decimal("1.03")


class Board:
    """The prices that accounts are valued and orders are estimated at.

    Args:
        market: where they come from.
    """

    def __init__(self, market: Market) -> None:
        self._market = market

    def price(self, symbol: str) -> Decimal:
        """Return the last trade's price, else the quote's middle, else the last close, else 0."""
        last = self._market.last(symbol)
        if last is not None:
            return last.price
        quote = self._market.quote(symbol)
        if quote is not None:
            return add(quote.bid, quote.ask) / 2
        return self._market.previous_close(symbol) or ZERO

    def close(self, symbol: str) -> Decimal:
        """Return the last close, else the present price."""
        return self._market.previous_close(symbol) or self.price(symbol)

    def ask(self, symbol: str) -> Decimal:
        """Return what one share or coin costs now; the price where nobody offers."""
        quote = self._market.quote(symbol)
        return quote.ask if quote is not None and quote.ask > 0 else self.price(symbol)

    def bid(self, symbol: str) -> Decimal:
        """Return what one share or coin fetches now; the price where nobody bids."""
        quote = self._market.quote(symbol)
        return quote.bid if quote is not None and quote.bid > 0 else self.price(symbol)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """An account at this moment, in USD.

    Attributes:
        long_value: market value of all long positions.
        short_value: market value of all short positions, negative.
        crypto_value: the part of long_value that is not marginable.
        held: what open orders hold of the buying power.
        multiplier: 2 with margin, 1 without.
    """

    cash: Decimal
    long_value: Decimal
    short_value: Decimal
    crypto_value: Decimal
    held: Decimal
    multiplier: int

    @property
    def equity(self) -> Decimal:
        """Return cash + long + short market value."""
        return add(self.cash, self.long_value, self.short_value)

    @property
    def marginable_value(self) -> Decimal:
        """Return the absolute value of all positions in stocks."""
        return subtract(subtract(self.long_value, self.crypto_value), self.short_value)

    @property
    def initial_margin(self) -> Decimal:
        """Return what the positions tie up of the equity."""
        return add(EXACT.divide(self.marginable_value, Decimal(self.multiplier)), self.crypto_value)

    @property
    def maintenance_margin(self) -> Decimal:
        """Return the equity below which a broker would call."""
        return add(multiply(self.marginable_value, MAINTENANCE_RATE), self.crypto_value)

    @property
    def buying_power(self) -> Decimal:
        """Return what may still be spent on stocks, never below zero."""
        free = subtract(self.equity, self.initial_margin)
        return max(ZERO, subtract(multiply(free, Decimal(self.multiplier)), self.held))

    @property
    def cash_buying_power(self) -> Decimal:
        """Return what may still be spent on what is not marginable."""
        return EXACT.divide(self.buying_power, Decimal(self.multiplier))


def figures(ledger: Ledger, open_orders: Iterable[Order], board: Board) -> Figures:
    """Return the account's figures.

    Args:
        ledger: its books.
        open_orders: its open orders; leave out one that is being replaced.
        board: the prices.
    """
    values = {
        symbol: multiply(holding.qty, board.price(symbol))
        for symbol, holding in ledger.holdings.items()
    }
    equity = add(ledger.cash, total(values.values()))
    multiplier = 2 if equity >= MARGIN_EQUITY else 1
    return Figures(
        cash=ledger.cash,
        long_value=total(value for value in values.values() if value > 0),
        short_value=total(value for value in values.values() if value < 0),
        crypto_value=total(value for symbol, value in values.items() if "/" in symbol),
        held=total(_hold(order, ledger, board, multiplier) for order in open_orders),
        multiplier=multiplier,
    )


def opens(order: Order, ledger: Ledger) -> bool:
    """Say whether an order starts or adds to a position instead of reducing one."""
    return ledger.position(order.symbol) * order.sign >= 0


def cost_basis(order: Order, board: Board) -> Decimal:
    """Return what the rest of an opening order is expected to cost, in USD, positive."""
    if order.notional is not None:
        return subtract(order.notional, order.filled_cost)
    return multiply(order.remaining_at(board.price(order.symbol)), _estimate(order, board))


def _estimate(order: Order, board: Board) -> Decimal:
    """Return the price per share or coin that an opening order is held at."""
    ask = board.ask(order.symbol)
    if order.side == "sell":
        return max(order.limit_price or ZERO, multiply(ask, SHORT_SALE_MARKUP))
    return order.limit_price or max(ask, order.stop_price or ZERO)


def _hold(order: Order, ledger: Ledger, board: Board, multiplier: int) -> Decimal:
    """Return what an open order takes of the buying power for stocks."""
    if not opens(order, ledger):
        return ZERO
    return multiply(cost_basis(order, board), Decimal(multiplier if order.is_crypto else 1))
