"""The arrows between packages, and what each package may import at all."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PURE_LIBRARIES = {"msgspec", "rpds"}
IMPURE_STANDARD_MODULES = {
    "asyncio", "io", "logging", "multiprocessing", "os", "pathlib", "random", "secrets", "shutil",
    "socket", "sqlite3", "subprocess", "tempfile", "threading", "time", "urllib", "uuid",
}  # fmt: skip
CLOCK_READERS = {"now", "today", "utcnow"}


def imported_modules(source: str, package: str) -> set[str]:
    """Return the full names a module of `package` imports, relative ones resolved."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.update(imported_from(node, package))
    return names


def imported_from(node: ast.ImportFrom, package: str) -> set[str]:
    """Return the names of one `from … import …`; what stands alone may be modules itself."""
    parts = package.split(".")
    origin = parts[: len(parts) - node.level + 1] if node.level else []
    base = ".".join([*origin, *([node.module] if node.module else [])])
    if base in {"ledger", ""} or not node.module:
        return {f"{base}.{alias.name}" for alias in node.names}
    return {base}


def impurities(source: str, package: str = "ledger.domain") -> list[str]:
    """Return what keeps a module of the domain from being pure: libraries, clocks, floats."""
    names = sorted(imported_modules(source, package))
    found = [f"imports {name}" for name in names if not is_pure(name)]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            found.append(f"line {node.lineno}: a float")
        elif isinstance(node, ast.Name) and node.id in {"float", "open"}:
            found.append(f"line {node.lineno}: {node.id}")
        elif isinstance(node, ast.Attribute) and node.attr in CLOCK_READERS:
            found.append(f"line {node.lineno}: reads a clock")
    return found


def is_pure(module: str) -> bool:
    """Tell whether a module of the domain may import this one."""
    top = module.partition(".")[0]
    if top in sys.stdlib_module_names:
        return top not in IMPURE_STANDARD_MODULES
    return top in PURE_LIBRARIES or f"{module}.".startswith("ledger.domain.")


def modules_below(folder: str) -> list[Path]:
    """Return the Python files of one package, in a fixed order."""
    return sorted((ROOT / folder).rglob("*.py"))


def relative(path: Path) -> str:
    """Return a file's place in the project, as people name it."""
    return str(path.relative_to(ROOT))


def package_of(path: Path) -> str:
    """Return the dotted name of the package a file lies in."""
    return ".".join(path.relative_to(ROOT).parent.parts)


def contracts_hold(folder: Path) -> bool:
    """Run the import contracts on the packages in `folder`, in a process of their own."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"]
    run = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert "Contracts:" in run.stdout, run.stdout + run.stderr
    return run.returncode == 0


def small_project(folder: Path, **extra_lines: str) -> Path:
    """Lay out the packages anew with nothing in them but the given lines, by package."""
    shutil.copy(ROOT / "pyproject.toml", folder)
    for package in ("api", "projections", "ledger", "ledger/domain", "ledger/log"):
        (folder / package).mkdir()
        line = extra_lines.get(package.replace("/", "_"), "")
        (folder / package / "__init__.py").write_text(line + "\n", "utf-8")
    return folder


def test_the_import_contracts_hold() -> None:
    assert contracts_hold(ROOT)


def test_imports_in_the_right_direction_are_allowed(tmp_path: Path) -> None:
    assert contracts_hold(small_project(tmp_path, api="import projections, ledger.log"))


@pytest.mark.parametrize(
    "backwards",
    [
        {"ledger": "import projections"},
        {"projections": "import api"},
        {"ledger_domain": "import ledger.log"},
        {"ledger_domain": "import psycopg"},
        {"ledger_log": "from ledger import domain"},
    ],
    ids=str,
)
def test_an_import_in_the_wrong_direction_is_refused(
    backwards: dict[str, str], tmp_path: Path
) -> None:
    assert not contracts_hold(small_project(tmp_path, **backwards))


@pytest.mark.parametrize("path", modules_below("ledger/domain"), ids=relative)
def test_a_rule_needs_nothing_but_what_comes_in(path: Path) -> None:
    assert impurities(path.read_text("utf-8"), package_of(path)) == []


@pytest.mark.parametrize(
    "line",
    [
        "import psycopg",
        "from ledger import log",
        "from .. import log",
        "from ..log import store",
        "import time",
        "from random import choice",
        "moment = datetime.now()",
        "share = 0.5",
        "share: float = one_half",
        "text = open(name).read()",
    ],
)
def test_a_rule_that_reaches_outside_is_noticed(line: str) -> None:
    assert impurities(line) != []


@pytest.mark.parametrize(
    "line",
    [
        "import msgspec",
        "from rpds import HashTrieMap",
        "from fractions import Fraction",
        "from ledger.domain.values import Event",
        "from .values import Event",
        "from . import values",
        "moment = header.at",
    ],
)
def test_a_rule_may_use_values_and_numbers(line: str) -> None:
    assert impurities(line) == []


def foreign_modules(source: str) -> set[str]:
    """Return what a program imports from outside Python's standard library."""
    tops = {name.partition(".")[0] for name in imported_modules(source, "ledger")}
    return tops - sys.stdlib_module_names


def test_the_verifier_stands_alone() -> None:
    for path in ROOT.glob("ledger/verify*.py"):
        assert foreign_modules(path.read_text("utf-8")) == set()
    assert foreign_modules("import hashlib\nfrom ledger.log import merkle") == {"ledger"}
