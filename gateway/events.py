"""The event bus: every source of change publishes here, whoever cares listens."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from portfolio.changes import TOPICS, Change
from portfolio.errors import InvalidValue

Listener = Callable[[Sequence[Change]], None]


class EventBus:
    """Hands changes to listeners, on the publishing thread, in the order of registration.

    Listeners are registered before the first publish and must return quickly.
    """

    def __init__(self) -> None:
        self._listeners: list[tuple[frozenset[str], Listener]] = []

    def listen(self, listener: Listener, topics: Sequence[str] = TOPICS) -> None:
        """Register a listener.

        Args:
            listener: called with the changes of one moment that it asked for, never none.
            topics: which ones; all by default.

        Raises:
            InvalidValue: for a topic that nothing publishes.
        """
        for topic in topics:
            if topic not in TOPICS:
                raise InvalidValue("topic", topic, ", ".join(TOPICS))
        self._listeners.append((frozenset(topics), listener))

    @property
    def topics(self) -> list[str]:
        """Return the topics that somebody listens to, in the bus's order."""
        heard = frozenset[str]().union(*(topics for topics, _ in self._listeners))
        return [topic for topic in TOPICS if topic in heard]

    def publish(self, changes: Sequence[Change]) -> None:
        """Hand changes on; each listener gets those of its topics, in order."""
        for topics, listener in self._listeners:
            wanted = [change for change in changes if change.topic in topics]
            if wanted:
                listener(wanted)
