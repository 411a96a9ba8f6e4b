"""Registers a page under the product's name."""

from __future__ import annotations

import dash


def register_page(module: str, title: str, path: str | None = None) -> None:
    """Register the page that a module of pages/ holds.

    Args:
        module: the module's ``__name__``.
        title: before the product's name in the tab.
        path: where it is reached; None for the page that stands in for missing ones.
    """
    dash.register_page(module, path=path, title=f"{title} · AlphaFlow")  # type: ignore[no-untyped-call]
