"""Which orders the exchange takes: by the asset, by what is held, by buying power.

Messages and codes are Alpaca's where they are known. A new order and the
replacement of an old one are judged alike, as the Order they would become.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from exchange.assets import Asset
from exchange.decimals import ONE, ZERO, floor_to, is_whole, subtract, text, total
from exchange.errors import ExchangeError
from exchange.ledger import Ledger
from exchange.margin import Board, cost_basis, figures, opens
from exchange.orders import Order

_CRYPTO_TYPES = ("market", "limit", "stop_limit")
_CRYPTO_TIMES_IN_FORCE = ("gtc", "ioc", "fok")
_PENNY = Decimal("0.01")
_SUB_PENNY = Decimal("0.0001")


def check_asset(order: Order, asset: Asset, board: Board) -> None:
    """Refuse an order that its asset cannot have; one that has no price does not trade.

    Raises:
        ExchangeError: 422 with what does not fit; 403 below the smallest size.
    """
    if not asset.tradable or board.price(asset.symbol) <= 0:
        raise _invalid(f'asset "{asset.symbol}" is not tradable')
    _check_time_in_force(order)
    _check_fraction(order, asset)
    _check_increments(order, asset)
    if order.extended_hours and (order.type, order.time_in_force) != ("limit", "day"):
        raise _invalid("extended hours order must be DAY limit orders")


def check_account(
    order: Order, asset: Asset, ledger: Ledger, open_orders: Sequence[Order], board: Board
) -> None:
    """Refuse an order that its account cannot have.

    Args:
        order: the order.
        asset: what it trades.
        ledger: the account's books.
        open_orders: the account's other open orders, without one that this replaces.
        board: the prices.

    Raises:
        ExchangeError: 403 or 422 with what is missing, and the figures behind it.
    """
    same = [other for other in open_orders if other.symbol == order.symbol]
    if not opens(order, ledger):
        _check_available(order, ledger.position(order.symbol), same, board)
        return
    if order.side == "sell":
        _check_short_sale(order, asset, ledger, open_orders, board)
    _check_opposite(order, ledger, same)
    _check_buying_power(order, ledger, open_orders, board)


def held_for_closing(
    symbol: str, position: Decimal, open_orders: Iterable[Order], price: Decimal
) -> Decimal:
    """Return how much of a position open orders are already to close, never more than all."""
    closing = "sell" if position > 0 else "buy"
    held = total(
        order.remaining_at(price)
        for order in open_orders
        if order.symbol == symbol and order.side == closing
    )
    return min(held, abs(position))


def _invalid(message: str) -> ExchangeError:
    """Return a refusal of what an order asks for."""
    return ExchangeError(422, 42210000, message)


def _forbidden(message: str, **figures_behind: object) -> ExchangeError:
    """Return a refusal for lack of money, shares or permission."""
    return ExchangeError(403, 40310000, message, **figures_behind)


def _check_time_in_force(order: Order) -> None:
    """Refuse a time in force or type that the asset class does not have."""
    if not order.is_crypto:
        return
    if order.time_in_force not in _CRYPTO_TIMES_IN_FORCE:
        raise _invalid("invalid crypto time_in_force")
    if order.type not in _CRYPTO_TYPES:
        raise _invalid("invalid order type for crypto order")


def _check_fraction(order: Order, asset: Asset) -> None:
    """Refuse a fractional order of stocks that is not for the day, or not possible at all."""
    fractional = order.qty is None or not is_whole(order.qty)
    if order.is_crypto or not fractional:
        return
    if not asset.fractionable:
        raise ExchangeError(403, 40310000, f'asset "{asset.symbol}" is not fractionable')
    if order.time_in_force != "day":
        raise _invalid("fractional orders must be DAY orders")


def _check_increments(order: Order, asset: Asset) -> None:
    """Refuse prices between the steps of the asset's price scale, and sizes below its least."""
    for field, price in (("limit_price", order.limit_price), ("stop_price", order.stop_price)):
        if price is not None and floor_to(price, _price_step(price, asset)) != price:
            raise _invalid(
                f"invalid {field} {text(price)}. sub-penny increment does not fulfill "
                "minimum pricing criteria"
            )
    if order.qty is not None and order.qty < (asset.min_order_size or ZERO):
        least = text(asset.min_order_size or ZERO)
        raise _forbidden(f"qty must be >= minimal qty of order {least}")
    step = asset.min_trade_increment
    if order.qty is not None and step and floor_to(order.qty, step) != order.qty:
        raise _invalid(f"invalid qty {text(order.qty)}. must be a multiple of {text(step)}")


def _price_step(price: Decimal, asset: Asset) -> Decimal:
    """Return the smallest price step: the asset's own, else a cent, below $1 a hundredth of it."""
    if asset.price_increment is not None:
        return asset.price_increment
    return _PENNY if price >= 1 else _SUB_PENNY


def _check_available(order: Order, position: Decimal, same: Sequence[Order], board: Board) -> None:
    """Refuse to close more than is held and not already being closed."""
    price = board.price(order.symbol)
    held = held_for_closing(order.symbol, position, same, price)
    available = subtract(abs(position), held)
    requested = order.remaining_at(board.bid(order.symbol))
    if requested <= available and available > 0:
        return
    what = f"(requested: {text(requested)}, available: {text(available)})"
    if order.is_crypto:
        coin = order.symbol.partition("/")[0]
        message = f"insufficient balance for {coin} {what}"
    else:
        message = f"insufficient qty available for order {what}"
    raise _forbidden(
        message,
        symbol=order.symbol,
        available=text(available),
        existing_qty=text(abs(position)),
        held_for_orders=text(held),
        related_orders=[other.id for other in same if other.side == order.side],
    )


def _check_short_sale(
    order: Order, asset: Asset, ledger: Ledger, open_orders: Sequence[Order], board: Board
) -> None:
    """Refuse to sell short crypto, fractions, what cannot be borrowed, or without margin."""
    if order.is_crypto:
        _check_available(order, ZERO, [], board)
    if order.qty is None or not is_whole(order.qty):
        raise _invalid("fractional orders cannot be sold short")
    if not asset.shortable:
        raise _invalid(f'asset "{asset.symbol}" cannot be sold short')
    if figures(ledger, open_orders, board).multiplier == 1:
        raise _forbidden("account is not allowed to short")


def _check_opposite(order: Order, ledger: Ledger, same: Sequence[Order]) -> None:
    """Refuse to open one side of a symbol while an order to open the other is waiting."""
    opposite = [other for other in same if other.side != order.side]
    if ledger.position(order.symbol) or not opposite:
        return
    waiting, wanted = ("long buy", "short sell") if order.side == "sell" else (
        "short sell", "long buy",
    )  # fmt: skip
    raise _forbidden(
        f"cannot open a {wanted} while a {waiting} order is open",
        existing_order_id=opposite[0].id,
    )


def _check_buying_power(
    order: Order, ledger: Ledger, open_orders: Sequence[Order], board: Board
) -> None:
    """Refuse what costs more than may be spent, or less than one dollar."""
    cost = cost_basis(order, board)
    if cost < ONE:
        raise _forbidden("cost basis must be >= minimal amount of order 1")
    now = figures(ledger, open_orders, board)
    free = now.cash_buying_power if order.is_crypto else now.buying_power
    if cost > free:
        raise _forbidden(
            "insufficient buying power", buying_power=text(free), cost_basis=text(cost)
        )
