"""Attributes of HTML that are no Python names."""

from __future__ import annotations

from typing import Any


def attributes(**values: str) -> dict[str, Any]:
    """Return ``data-…`` and ``aria-…`` attributes: ``data_testid`` becomes ``data-testid``.

    Args:
        values: by name, with underscores for hyphens.
    """
    return {name.replace("_", "-"): value for name, value in values.items()}
