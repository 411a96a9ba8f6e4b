"""Every colour of text can be read on every ground it stands on (WCAG 2.2, 1.4.3)."""

from __future__ import annotations

import re
from itertools import product

import pytest

from tests.assets.conftest import ASSETS

TOKENS = (ASSETS / "00_tokens.css").read_text()
THEMES = {
    "dark": [":root"],
    "light": [":root", ':root[data-theme="light"]'],
    "dark, blue": [":root", ':root[data-palette="blue"]'],
    "light, blue": [
        ":root", ':root[data-theme="light"]', ':root[data-palette="blue"]',
        ':root[data-palette="blue"][data-theme="light"]',
    ],
}  # fmt: skip
WORDS = ("text", "muted", "gain", "loss", "accent", "warning")
GROUNDS = ("bg", "panel", "raised", "field", "hover")
Colour = tuple[float, float, float]


def tokens(theme: str) -> dict[str, str]:
    """Return the colours of a theme, later rules over earlier ones."""
    found: dict[str, str] = {}
    for selector in THEMES[theme]:
        (body,) = re.findall(r"^" + re.escape(selector) + r" \{(.*?)\}", TOKENS, re.M | re.S)
        found |= dict(re.findall(r"--([a-z-]+): ([^;]+);", body))
    return found


def colour(value: str, below: Colour = (0, 0, 0)) -> Colour:
    """Return a token's colour, laid over what is below where it is translucent."""
    if value.startswith("#"):
        red, green, blue = (int(value[i : i + 2], 16) / 255 for i in (1, 3, 5))
        return red, green, blue
    *parts, percent = re.findall(r"[0-9.]+", value)
    share = float(percent) / 100
    mixed = [
        share * int(part) / 255 + (1 - share) * base
        for part, base in zip(parts, below, strict=True)
    ]
    return mixed[0], mixed[1], mixed[2]


def luminance(of: Colour) -> float:
    """Return the relative luminance. Source: WCAG 2.2."""
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in of
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Colour, other: Colour) -> float:
    """Return the contrast ratio, 1 to 21. Source: WCAG 2.2."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", THEMES)
def test_words_can_be_read_on_every_ground(theme: str) -> None:
    """AA: at least 4.5 to 1."""
    known = tokens(theme)
    weak = {
        f"{word} on {ground}": round(ratio, 2)
        for word, ground in product(WORDS, GROUNDS)
        if (ratio := contrast(colour(known[word]), colour(known[ground]))) < 4.5
    }
    assert {} == weak


@pytest.mark.parametrize("theme", THEMES)
def test_badges_and_buttons_can_be_read(theme: str) -> None:
    """A word on its own soft ground, over panel and page, and words on a full one."""
    known = tokens(theme)
    weak = {}
    for name, below in product(("gain", "loss", "accent", "warning"), ("panel", "bg", "raised")):
        soft = colour(known[f"{name}-soft"], colour(known[below]))
        weak[f"{name} on its soft over {below}"] = contrast(colour(known[name]), soft)
    for name in ("gain", "loss", "accent"):
        weak[f"on-{name}"] = contrast(colour(known[f"on-{name}"]), colour(known[name]))
    assert {} == {name: round(ratio, 2) for name, ratio in weak.items() if ratio < 4.5}
