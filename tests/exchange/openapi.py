"""Alpaca's own OpenAPI documents, to check the exchange's answers against."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

SHARED = Path(__file__).resolve().parents[3] / "shared"


def check(answer: object, document: str, schema: str) -> None:
    """Fail unless an answer fits a schema of ``market-data-api`` or ``trading-api``."""
    root = _document(document)
    jsonschema.validate(
        answer, {"$ref": f"#/components/schemas/{schema}", "components": root["components"]}
    )


@cache
def _document(name: str) -> Any:
    path = SHARED / "alpaca" / f"{name}.json"
    if not path.exists():
        pytest.skip(f"needs Alpaca's OpenAPI document at {path}")
    return _as_json_schema(json.loads(path.read_text()))


def _as_json_schema(node: Any) -> Any:
    """Return a schema with OpenAPI's ``nullable`` told in JSON Schema's way."""
    if isinstance(node, list):
        return [_as_json_schema(item) for item in node]
    if not isinstance(node, dict):
        return node
    told = {key: _as_json_schema(value) for key, value in node.items()}
    if told.get("nullable") is True and isinstance(told.get("type"), str):
        told["type"] = [told["type"], "null"]
    return told
