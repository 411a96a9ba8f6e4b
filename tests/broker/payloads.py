"""Recorded payloads, read afresh for each test, which may change them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent.parent / "data" / "alpaca"


def payload(name: str) -> Any:
    """Return the JSON of tests/data/alpaca/<name>.json."""
    return json.loads((_FOLDER / f"{name}.json").read_text(encoding="utf-8"))
