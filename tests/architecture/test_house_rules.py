"""The house rules a program can check: sizes, docstrings, caught errors, words that stay out."""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAX_LINES = 400
MAX_FUNCTION_LINES = 50
ROOM = {"ledger/verify.py": 628}
"""One file by its purpose: it travels alone, so that nothing can be moved out of it."""
DOT_FOLDERS = {".ci"}
MADE_FOLDERS = {"__pycache__", "build", "dist", "node_modules"}

# Put together from halves, so that this file does not hold what it looks for.
HALVES = [
    ("pypi", ".org"), ("python", "hosted"), ("npm", "js.org"), ("npm", "js.com"),
    ("deb.", "debian.org"), ("ghcr", ".io"), ("docker", ".io"), ("/work", "/main"),
    ("/work", "/shared"), ("/root", "/"), ("/home", "/"),
]  # fmt: skip
STRAY_WORDS = re.compile("|".join(re.escape("".join(pair)) for pair in HALVES), re.IGNORECASE)
LOOSE_ENDS = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")


def modules() -> list[Path]:
    """Return every Python file of the three packages."""
    return [path for top in ("ledger", "projections", "api") for path in (ROOT / top).rglob("*.py")]


def relative(path: Path) -> str:
    """Return a file's place in the project, as people name it."""
    return str(path.relative_to(ROOT))


def project_files() -> list[Path]:
    """Return the files of the project itself, without what was made or installed beside them."""
    found: list[Path] = []
    for folder, below, names in os.walk(ROOT):
        below[:] = [name for name in below if name in DOT_FOLDERS or is_ours(name)]
        found.extend(Path(folder, name) for name in names)
    return sorted(found)


def is_ours(folder: str) -> bool:
    """Tell whether a folder of this name can hold files of the project."""
    return not folder.startswith(".") and folder not in MADE_FOLDERS


def breaches(source: str, max_lines: int = MAX_LINES) -> list[str]:
    """Return what is wrong with one module, a line each."""
    tree = ast.parse(source)
    found = [] if ast.get_docstring(tree) else ["no module docstring"]
    size_lines = len(source.splitlines())
    if size_lines > max_lines:
        found.append(f"{size_lines} lines, {max_lines} at most")
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and catches_everything(node):
            found.append(f"line {node.lineno}: catches every exception")
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            function_lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if function_lines > MAX_FUNCTION_LINES:
                found.append(f"line {node.lineno}: {node.name} has {function_lines} lines")
    return found


def catches_everything(handler: ast.ExceptHandler) -> bool:
    """Tell whether a handler takes any error whatever and does not raise again."""
    caught = ast.walk(handler.type) if handler.type else iter([ast.Name("BaseException")])
    names = {node.id for node in caught if isinstance(node, ast.Name)}
    raises = any(isinstance(node, ast.Raise) for node in ast.walk(handler))
    return bool(names & {"Exception", "BaseException"}) and not raises


def stray_words(text: str) -> list[str]:
    """Return the lines with a registry's host, a machine's path or a loose end."""
    return [
        f"line {number}: {line.strip()[:80]}"
        for number, line in enumerate(text.splitlines(), start=1)
        if STRAY_WORDS.search(line) or LOOSE_ENDS.search(line)
    ]


@pytest.mark.parametrize("path", modules(), ids=relative)
def test_a_module_keeps_the_house_rules(path: Path) -> None:
    assert breaches(path.read_text("utf-8"), ROOM.get(relative(path), MAX_LINES)) == []


def caught(errors: str, *then: str) -> str:
    """Return a module in which these errors are caught, and what is done then."""
    lines = ["try:", "    go()", f"except {errors}:", *(f"    {one}" for one in then)]
    return "\n".join(['"""Doc."""', *lines])


@pytest.mark.parametrize(
    "source",
    [
        "x = 1",
        '"""Doc."""\n' + "x = 1\n" * MAX_LINES,
        caught("Exception", "go_on()"),
        caught("(ValueError, Exception) as error", "log(error)"),
        caught("", "go_on()"),
        '"""Doc."""\ndef long():\n' + "    x = 1\n" * MAX_FUNCTION_LINES,
    ],
    ids=["no docstring", "too long", "any error", "any error in a tuple", "bare", "long function"],
)
def test_a_breach_of_the_house_rules_is_noticed(source: str) -> None:
    assert breaches(source) != []


@pytest.mark.parametrize(
    "source",
    [
        caught("ValueError", "pass"),
        caught("BaseException", "undo()", "raise"),
    ],
    ids=["a named error", "undone and raised again"],
)
def test_a_sound_module_passes(source: str) -> None:
    assert breaches(source) == []


def test_no_file_names_a_registry_or_a_machine() -> None:
    found = {
        relative(path): lines
        for path in project_files()
        if "tests/data/" not in relative(path)
        and (lines := stray_words(path.read_bytes().decode("utf-8", "replace")))
    }
    assert found == {}


def test_a_stray_word_is_noticed() -> None:
    for pair in HALVES:
        assert stray_words("see " + "".join(pair)) != []
    assert stray_words("# TO" + "DO: later") != []
    assert stray_words("an ordinary sentence") == []
