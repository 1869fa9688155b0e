"""The command blocks of a page, and what they must print.

    <!-- test -->             the commands below run one after the other; each must end with 0
    <!-- test: serves -->     the one command below serves until it is stopped

A block is fenced as `console`. A line that starts with `$ ` is a command, lines that start with
`> ` go on with it, and what follows are lines it prints, in that order; others may stand between
them. A `…` stands for anything, within a line or as a line of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

BLOCK = re.compile(
    r"^<!-- test(?P<serves>: serves)? -->\n+```console\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


class Command(NamedTuple):
    """A command as somebody would type it, and the lines it must print."""

    typed: str
    printed: tuple[str, ...]


class Block(NamedTuple):
    """One block of a page: its commands, and whether it goes on serving."""

    line: int
    commands: tuple[Command, ...]
    serves: bool


def blocks(page: str) -> Iterator[Block]:
    """Yield the blocks of a page that are run, in order."""
    for found in BLOCK.finditer(page):
        line = page.count("\n", 0, found.start()) + 1
        yield Block(line, tuple(_commands(found["text"])), found["serves"] is not None)


def _commands(text: str) -> Iterator[Command]:
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        typed, *lines = part.splitlines()
        while lines and lines[0].startswith("> "):
            typed += "\n" + lines.pop(0).removeprefix("> ")
        yield Command(typed, tuple(line for line in lines if line.strip() not in ("", "…")))


def first_missing(wanted: tuple[str, ...], printed: str) -> str | None:
    """Return the first wanted line that was not printed after the ones before it, or None."""
    lines = iter(printed.splitlines())
    for line in wanted:
        parts = (re.escape(part) for part in line.rstrip().split("…"))
        form = re.compile(".*".join(parts))
        if not any(form.fullmatch(one.rstrip()) for one in lines):
            return line
    return None
