"""Every SQL statement of the code, and what a database whose chains are spread asks of it.

A statement is a string that begins with a word of SQL and has a name in capitals. A comment right
above it that begins with `Across chains:` says that it is about more than one chain, and why.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
BEGINS = re.compile(
    r"\s*(SELECT\s|INSERT INTO\s|UPDATE\s+\S+\s+(AS\s+\w+\s+)?SET\s|DELETE FROM\s|WITH\s+\w"
    r"|COPY\s)"
)
MARK = re.compile(r"Across chains[:,]")
CHAIN = r"(?:chain|originator_id|application_name)"
TABLE = re.compile(
    r"\b(FROM|JOIN|UPDATE|INTO)\s+(?:public\.)?(\{\w+\}|[a-z_]+\b)(?!\()(?:\s+AS\s+([a-z_]+))?"
)
MADE_TABLES = {"{table}", "{records}", "{links}", "{live}"}
"""What stands in a statement for the name of a read model's table."""
UNCLOCKED = re.compile(r"ON CONFLICT.*?\bDO UPDATE\b.*\b(now|clock_timestamp)\(", re.DOTALL)
CLOCK_IN_CASE = re.compile(r"\bUPDATE\b.*\bCASE\b[^;]*?\bnow\(.*?\bEND\b", re.DOTALL)
FILTER = re.compile(r"\{(?:visible|decisions|lessons)\w*\}")
"""The filter of scopes, which names the chain of one table (see projections/scopes.py)."""


class Statement(NamedTuple):
    """A statement as it stands in the code; `across` is why it is about more than one chain."""

    place: str
    sql: str
    across: str


def statements() -> list[Statement]:
    """Return all statements of the three packages."""
    files = [one for top in ("ledger", "projections", "api") for one in (ROOT / top).rglob("*.py")]
    return [
        one for path in sorted(files) for one in of(path.read_text("utf-8"), path.relative_to(ROOT))
    ]


def of(source: str, path: Path) -> Iterator[Statement]:
    """Yield the statements of one module."""
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
            continue
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        for part in ast.walk(node.value):
            text = part.value if isinstance(part, ast.Constant) else None
            if isinstance(target, ast.Name) and isinstance(text, str) and BEGINS.match(text):
                yield Statement(f"{path}: {target.id}", text, _mark_above(lines, node.lineno))


def _mark_above(lines: list[str], number: int) -> str:
    """Return what the comment right above a line says after the mark; empty without one."""
    above: list[str] = []
    for line in reversed(lines[: number - 1]):
        if not line.startswith("#"):
            break
        above.insert(0, line)
    text = " ".join(line.removeprefix("# ") for line in above)
    mark = MARK.match(text)
    return text[mark.end() :].strip() if mark else ""


def unrouted(sql: str, tables: set[str]) -> list[str]:
    """Return the tables in a statement whose chain it does not name; `tables` are those of chains.

    A chain is named by a comparison, by the filter of scopes, or as the first column written.
    """
    filters = len(FILTER.findall(sql))
    found = []
    for word, table, alias in TABLE.findall(sql):
        if table not in tables and table not in MADE_TABLES:
            continue
        if word == "INTO":
            named = re.search(rf"INTO {table}(?:\s+AS\s+\w+)?\s*\(\s*{CHAIN}\b", sql)
        else:
            bare = rf"(?:(?<![.\w])|\b{re.escape(table)}\.){CHAIN}"
            of_it = rf"\b{alias}\.{CHAIN}" if alias else bare
            named = re.search(rf"{of_it} = |= {of_it}\b", sql)
            if alias and not named and filters:
                filters -= 1
                continue
        if not named:
            found.append(f"{table} {alias}".strip())
    return found


def refused_by_citus(sql: str, *, across: bool) -> list[str]:
    """Return what in a statement a database of several machines does not carry out."""
    found = []
    if UNCLOCKED.search(sql):
        found.append("a clock inside ON CONFLICT DO UPDATE")
    if CLOCK_IN_CASE.search(sql):
        found.append("a clock inside CASE of an UPDATE")
    if across and re.search(r"\bWITH RECURSIVE\b|\bLATERAL\b", sql):
        found.append("a walk from chain to chain")
    return found
