"""What runs compiled is what was asked for, made of the sources beside it; the rest stays plain."""

from __future__ import annotations

import importlib
import importlib.util
import os
from importlib.machinery import EXTENSION_SUFFIXES, SOURCE_SUFFIXES
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
ASKED = os.environ.get("KETENLEDGER_COMPILE") == "1"
"""`make test-compiled` runs what `make compiled` made; `make test` runs plain Python."""


@pytest.fixture(scope="module")
def building() -> ModuleType:
    """The module that builds the package, without building anything."""
    found = importlib.util.spec_from_file_location("building", ROOT / "setup.py")
    assert found
    assert found.loader
    made = importlib.util.module_from_spec(found)
    found.loader.exec_module(made)
    return made


def test_every_name_of_what_is_compiled_stands_for_something(building: ModuleType) -> None:
    for pattern in building.COMPILED:
        assert list(ROOT.glob(pattern)), pattern
    assert len(building.modules()) == len(set(building.modules())) > len(building.COMPILED)


def test_what_runs_is_compiled_where_that_was_asked_for_and_nowhere_else(
    building: ModuleType,
) -> None:
    wanted = tuple(EXTENSION_SUFFIXES if ASKED else SOURCE_SUFFIXES)
    for path in building.modules():
        name = ".".join(path.with_suffix("").parts)
        assert str(importlib.import_module(name).__file__).endswith(wanted), name


def test_the_sources_lie_beside_what_was_made_of_them(building: ModuleType) -> None:
    for path in building.modules():
        name = ".".join(path.with_suffix("").parts)
        beside = Path(str(importlib.import_module(name).__file__)).with_name(path.name)
        assert beside.read_bytes() == (ROOT / path).read_bytes()


def test_what_reads_page_after_page_gives_way_to_other_threads(building: ModuleType) -> None:
    # Compiled code is not interrupted: what walks a whole log has to pass through plain Python.
    compiled = {str(path) for path in building.modules()}
    assert compiled.isdisjoint({"ledger/log/store.py", "ledger/stretches.py", "ledger/verify.py"})
