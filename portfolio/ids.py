"""Identifiers, one type each, so that one can't be passed for another."""

from typing import NewType

UserId = NewType("UserId", str)
"""A person who signs in."""

AccountId = NewType("AccountId", str)
"""A brokerage account linked to AlphaFlow (our id, not the broker's number)."""

OrderId = NewType("OrderId", str)
"""An order as AlphaFlow knows it: stable from before the broker has seen it."""

BrokerOrderId = NewType("BrokerOrderId", str)
"""The id that the broker gave the order (Alpaca ``order.id``)."""

ClientOrderId = NewType("ClientOrderId", str)
"""The id sent with the order, unique per account, that makes a retry harmless."""

TradeId = NewType("TradeId", str)
"""One execution: Alpaca ``execution_id``, or the activity id where it was learnt over REST."""
