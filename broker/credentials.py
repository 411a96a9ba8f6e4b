"""The key pair of one brokerage account, and where it is valid."""

from __future__ import annotations

from dataclasses import dataclass, field

from broker.endpoints import Endpoints


@dataclass(frozen=True, slots=True)
class Credentials:
    """What opens one brokerage account. The secret never shows in repr or logs.

    Attributes:
        key_id: Alpaca's key id; shown masked only.
        secret_key: Alpaca's secret key; never shown.
        endpoints: the broker that issued them.
    """

    key_id: str = field(repr=False)
    secret_key: str = field(repr=False)
    endpoints: Endpoints

    @property
    def masked(self) -> str:
        """Return the key id for people: the first and last two characters, ``PK••••7Q``."""
        if len(self.key_id) < 8:
            return "••••"
        return f"{self.key_id[:2]}••••{self.key_id[-2:]}"

    def __repr__(self) -> str:
        return f"Credentials({self.masked}, {self.endpoints.trading_url})"
