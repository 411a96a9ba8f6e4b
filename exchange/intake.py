"""Turns what a client asks for into the order that would stand for it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from uuid import uuid4

from exchange.assets import Asset
from exchange.decimals import ONE, ZERO
from exchange.errors import ExchangeError
from exchange.market import Market
from exchange.orders import Order
from exchange.stamps import Stamps, to_ns
from exchange.tickets import Changes, Ticket


class Intake:
    """Makes orders; nothing is kept or judged here.

    Args:
        market: assets and hours.
        stamps: gives the orders their times.
    """

    def __init__(self, market: Market, stamps: Stamps) -> None:
        self._market = market
        self._stamps = stamps

    def asset(self, symbol_or_id: str) -> Asset:
        """Return the asset of a symbol, in either spelling, or of an id.

        Raises:
            ExchangeError: 422, there is none.
        """
        asset = self._market.universe.find(symbol_or_id)
        if asset is None:
            raise ExchangeError(422, 42210000, f'asset "{symbol_or_id}" not found')
        return asset

    def order(self, key_id: str, asset: Asset, ticket: Ticket) -> Order:
        """Return the order that a ticket asks for: pending, or accepted until the opening."""
        now = self._stamps.next()
        trades_now = asset.is_crypto or ticket.extended_hours or self._market.session.is_open
        return Order(
            id=str(uuid4()),
            key_id=key_id,
            client_order_id=ticket.client_order_id or str(uuid4()),
            symbol=asset.symbol,
            asset_id=str(asset.id),
            asset_class=asset.asset_class,
            side=ticket.side,
            type=ticket.type,
            time_in_force=ticket.time_in_force,
            status="pending_new" if trades_now else "accepted",
            created_at=now,
            updated_at=now,
            qty=ticket.qty,
            notional=ticket.notional,
            limit_price=ticket.limit_price,
            stop_price=ticket.stop_price,
            extended_hours=ticket.extended_hours,
            position_intent=ticket.position_intent,
            expires_at=self._expiry() if ticket.time_in_force == "day" else None,
        )

    def replacement(self, old: Order, changes: Changes) -> Order:
        """Return the order that takes an old one's place, with nothing filled yet.

        Raises:
            ExchangeError: 422, the old order has no such price, or is for an amount of money.
        """
        _check_replaceable(old, changes)
        now = self._stamps.next()
        time_in_force = changes.time_in_force or old.time_in_force
        return replace(
            old,
            id=str(uuid4()),
            client_order_id=changes.client_order_id or str(uuid4()),
            status="pending_new",
            created_at=now,
            updated_at=now,
            qty=changes.qty or old.remaining_at(ONE),
            limit_price=changes.limit_price or old.limit_price,
            stop_price=changes.stop_price or old.stop_price,
            triggered=old.triggered and changes.stop_price is None,
            time_in_force=time_in_force,
            expires_at=self._expiry() if time_in_force == "day" else None,
            filled_qty=ZERO,
            filled_cost=ZERO,
            filled_at=None,
            replaces=old.id,
        )

    def _expiry(self) -> int:
        """Return when a day order taken now lapses: the close of this session or the next."""
        session = self._market.session
        if not session.is_open:
            session = self._market.hours.session(session.next_open)
        return to_ns(session.next_close)


def _check_replaceable(old: Order, changes: Changes) -> None:
    """Refuse changes that the old order has no place for."""
    if old.notional is not None:
        raise ExchangeError(422, 42210000, "notional orders cannot be replaced")
    prices: tuple[tuple[str, Decimal | None, Decimal | None], ...] = (
        ("limit_price", old.limit_price, changes.limit_price),
        ("stop_price", old.stop_price, changes.stop_price),
    )
    for field, before, wanted in prices:
        if before is None and wanted is not None:
            raise ExchangeError(422, 42210000, f"{old.type} orders require no {field}")
