"""The event bus."""

from collections.abc import Sequence

import pytest

from gateway.events import EventBus
from portfolio.changes import TOPICS, Change, OrderUpdated
from portfolio.errors import InvalidValue
from portfolio.ids import AccountId
from tests.portfolio.builders import an_order

CHANGE = OrderUpdated(account_id=AccountId("a"), order=an_order())


def test_a_listener_hears_its_topics_only() -> None:
    """A listener of positions doesn't hear of orders."""
    heard: list[Sequence[Change]] = []
    bus = EventBus()
    bus.listen(heard.append, ["position:updated"])
    bus.publish([CHANGE])
    assert [] == heard


def test_changes_keep_their_order() -> None:
    """Everything published at once arrives together, in order, at every listener."""
    first: list[Sequence[Change]] = []
    second: list[Sequence[Change]] = []
    bus = EventBus()
    bus.listen(first.append)
    bus.listen(second.append, ["order:updated"])
    bus.publish([CHANGE, CHANGE])
    assert ([[CHANGE, CHANGE]], first) == (second, [[CHANGE, CHANGE]])


def test_an_unknown_topic_is_refused_with_what_is_allowed() -> None:
    """A typo in a topic is an error that lists the topics."""
    with pytest.raises(InvalidValue, match="order:updated"):
        EventBus().listen(lambda _: None, ["orders:updated"])


def test_the_bus_tells_which_topics_are_heard() -> None:
    """The start-up line names the topics with a listener."""
    bus = EventBus()
    bus.listen(lambda _: None)
    assert list(TOPICS) == bus.topics
