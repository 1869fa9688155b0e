"""Matrices of who may do what over every route: how one is held against what was looked at."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest


def hold(golden: Path, lines: Iterable[str]) -> None:
    """Hold what was found against the file; where that is not there, write it and fail."""
    found = sorted(lines)
    if not golden.exists():
        golden.write_text("\n".join(found) + "\n", "utf-8")
        pytest.fail(f"{golden.name} was not there and is written: look at it")
    assert found == golden.read_text("utf-8").splitlines()


def put(path: str, given: Mapping[str, str], otherwise: str = r"\g<0>") -> str:
    """Fill in the braces of a path; what nothing is given for stays, or becomes something else."""

    def filled(found: re.Match[str]) -> str:
        return given.get(found[1], found.expand(otherwise))

    return re.sub(r"{([\w:]+)}", filled, path)
