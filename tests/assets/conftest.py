"""The page's scripts in a JavaScript engine, without a browser."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from py_mini_racer import MiniRacer

ASSETS = Path(__file__).resolve().parents[2] / "assets"
FAKE_PAGE = Path(__file__).parent / "fake_page.js"

Run = Callable[..., Any]


@pytest.fixture
def js() -> Iterator[Run]:
    """Return ``run(expression, **values)``: the expression's value, as JSON would carry it."""
    with MiniRacer() as engine:
        engine.eval(FAKE_PAGE.read_text())
        for script in sorted(ASSETS.glob("*.js")):
            if script.name != "theme_early.js":
                engine.eval(script.read_text())

        def run(expression: str, **values: Any) -> Any:
            names = ", ".join(values)
            given = ", ".join(json.dumps(value) for value in values.values())
            text = engine.eval(f"JSON.stringify((({names}) => ({expression}))({given}) ?? null)")
            return json.loads(str(text))

        yield run
