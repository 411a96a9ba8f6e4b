"""Alpaca's own OpenAPI document, made to check answers with."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

DOCUMENT = Path(__file__).parents[2].parent / "shared" / "alpaca" / "trading-api.json"


def check(answer: object, path: str, method: str = "get", status: str = "200") -> None:
    """Fail when an answer is not what the document promises for a path."""
    schema = _schema(path, method, status)
    jsonschema.validate(answer, schema, format_checker=jsonschema.FormatChecker())


def check_component(answer: object, name: str) -> None:
    """Fail when an answer is not the document's component of that name."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": _document()["components"]}
    jsonschema.validate(answer, schema, format_checker=jsonschema.FormatChecker())


@cache
def _document() -> dict[str, Any]:
    if not DOCUMENT.exists():
        pytest.skip(f"put Alpaca's OpenAPI document at {DOCUMENT}")
    document = _with_nulls(json.loads(DOCUMENT.read_text()))
    assert isinstance(document, dict)
    return document


@cache
def _schema(path: str, method: str, status: str) -> dict[str, Any]:
    response = _document()["paths"][path][method]["responses"][status]
    schema = dict(response["content"]["application/json"]["schema"])
    return {**schema, "components": _document()["components"]}


def _with_nulls(part: Any) -> Any:
    """Return the document with OpenAPI's ``nullable`` spelt as JSON Schema does."""
    if isinstance(part, list):
        return [_with_nulls(item) for item in part]
    if not isinstance(part, dict):
        return part
    spelt = {name: _with_nulls(item) for name, item in part.items()}
    if spelt.pop("nullable", None) is True and isinstance(spelt.get("type"), str):
        spelt["type"] = [spelt["type"], "null"]
    return spelt
