"""What commands print: tables for people, JSON for programs, problems on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

PIPE_WIDTH = 140
"""Columns where the output is no terminal, so that a saved table can still be read."""


def problem(sentence: str, code: int) -> int:
    """Say on standard error what went wrong; return the exit code."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(sentence, markup=False)
    return code


def as_json(value: object) -> None:
    """Print one JSON document."""
    print(json.dumps(msgspec.to_builtins(value), ensure_ascii=False))


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print rows as a table for people; text is never read as markup."""
    made = Table(title=title, title_justify="left", header_style="bold", expand=False)
    for column in columns:
        made.add_column(column, overflow="fold")
    for row in rows:
        made.add_row(*(_cell(value) for value in row))
    wide = None if sys.stdout.isatty() else PIPE_WIDTH
    Console(highlight=False, markup=False, width=wide).print(made)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return ", ".join(str(one) for one in value)
    return str(value)


def say(sentence: str) -> None:
    """Print one line for people."""
    Console(highlight=False, markup=False, soft_wrap=True).print(sentence)


def progress() -> Progress:
    """Return a progress bar on standard error, shown only where that is a terminal."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
    )
