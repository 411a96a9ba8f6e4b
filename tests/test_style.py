"""House rules that no linter knows."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TEST_FILES = sorted((ROOT / "tests").rglob("test_*.py"))
MODULES = [
    path
    for path in sorted(ROOT.glob("*/**/*.py"))
    if path.relative_to(ROOT).parts[0] not in ("tests", ".venv", "var", "build")
    and "migrations" not in path.parts
]


@pytest.mark.parametrize("path", TEST_FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_test_states_its_behaviour(path: Path) -> None:
    """Each test function has a docstring."""
    functions = [
        node
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]
    silent = [function.name for function in functions if not ast.get_docstring(function)]
    assert [] == silent


def test_modules_stay_small() -> None:
    """A module is split before 400 lines."""
    long = {
        str(p.relative_to(ROOT)): n
        for p in MODULES
        if (n := len(p.read_text().splitlines())) >= 400
    }
    assert {} == long


def test_every_module_says_what_it_is_for() -> None:
    """The first docstring of a file says what and for whom."""
    silent = [
        str(path.relative_to(ROOT))
        for path in MODULES
        if not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert [] == silent


def test_no_file_names_a_package_index() -> None:
    """Lock files pin by hash and name no address."""
    locks = sorted(ROOT.glob("requirements*.lock"))
    named = [
        path.name for path in locks if "://" in path.read_text() or "--index" in path.read_text()
    ]
    assert ([], True) == (named, bool(locks))
