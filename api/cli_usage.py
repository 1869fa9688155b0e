"""What is wrong with a command as it was written, and what stands in its help, in Dutch.

The library that reads the command line speaks English. Its complaints are told in our words, with
the name of what they are about; one that is not known here is told as the library says it.
"""

from __future__ import annotations

import errno
import re
from functools import cache
from typing import Any, Final

import typer
from typer import rich_utils

USAGE: Final = "Gebruik: "
SAID: Final = tuple(
    (re.compile(pattern), said)
    for pattern, said in (
        (r"Missing parameter: .*", "ontbreekt"),
        (r"No such command (.+?)\.(?: Did you mean (.+)\?)?", r"Er is geen opdracht \1"),
        (r"No such option: (.+)", r"Er is geen optie \1"),
        (r"Got unexpected extra arguments?(?:\(s\))? \((.+)\)", r"Te veel opgegeven: \1"),
        (
            r"Option (.+) requires (?:an argument|\d+ arguments)\.",
            r"Bij optie \1 ontbreekt de waarde",
        ),
        (r"Option (.+) does not take a value\.", r"Optie \1 heeft geen waarde"),
        (r"Missing command\.", "Welke opdracht ontbreekt"),
        (r"Input should be a valid integer.*", "is geen geheel getal"),
        (r"Input should be greater than or equal to (.+)", r"is te klein: verwacht ten minste \1"),
        (r"Input should be less than or equal to (.+)", r"is te groot: verwacht hoogstens \1"),
        (r"(?:file|path|directory) (.+) does not exist\.", r"\1 is er niet"),
        (r"(?:file|path) (.+) is a directory\.", r"\1 is een map en geen bestand"),
        (r"(?:file|path|directory) (.+) is not readable\.", r"\1 is niet te lezen"),
    )
)
"""What the library says, and how we say it."""
REFUSED: Final = {
    errno.ENOENT: "dit is er niet",
    errno.EACCES: "dit mag hier niet",
    errno.EPERM: "dit mag hier niet",
    errno.EEXIST: "dit is er al",
    errno.EISDIR: "dit is een map en geen bestand",
    errno.ENOTDIR: "dit is geen map",
    errno.ENOSPC: "de schijf is vol",
    errno.EROFS: "hier is niets te schrijven",
}
"""Why the system refuses to read or write, by its own number; anything else in its own words."""


def in_dutch(error: Exception) -> str:
    """Return what is wrong with a command, as one Dutch sentence."""
    text = str(error)
    for pattern, said in SAID:
        found = pattern.fullmatch(text)
        if found is not None:
            return f"{_named(error)}{found.expand(said)}."
    return text


def help_in_dutch(command: Any) -> None:
    """Let the help of a command, and of those below it, be Dutch in what the library adds to it."""
    rich_utils.ARGUMENTS_PANEL_TITLE = "Wat"
    rich_utils.OPTIONS_PANEL_TITLE = "Opties"
    rich_utils.COMMANDS_PANEL_TITLE = "Opdrachten"
    rich_utils.REQUIRED_LONG_STRING = "[verplicht]"
    rich_utils.DEFAULT_STRING = "[anders: {}]"
    rich_utils.ENVVAR_STRING = "[variabele: {}]"
    command.context_class.formatter_class = _in_dutch(command.context_class.formatter_class)
    command.options_metavar = "[OPTIES]"
    if hasattr(command, "subcommand_metavar"):
        command.subcommand_metavar = "OPDRACHT …"
    asked = command.get_help_option(typer.Context(command))
    if asked is not None:
        asked.help = "Toon deze uitleg."
    for one in getattr(command, "commands", {}).values():
        help_in_dutch(one)


@cache
def _in_dutch(formatter: Any) -> Any:
    """Return what writes the first line of the help, with its first word in Dutch."""

    def write_usage(self: Any, prog: str, args: str = "", prefix: str | None = None) -> None:
        formatter.write_usage(self, prog, args, prefix or USAGE)

    made = type("Dutch", (formatter,), {"write_usage": write_usage, "is_dutch": True})
    return formatter if getattr(formatter, "is_dutch", False) else made


def of_system(error: OSError) -> str:
    """Return why the system refused something, such as a file, as one Dutch sentence."""
    where = f"{error.filename}: " if error.filename else ""
    why = REFUSED.get(error.errno or 0) or error.strerror or str(error)
    return f"{where}{why}."


def _named(error: Exception) -> str:
    """Return the argument or option that a complaint is about, as people write it."""
    parameter: Any = getattr(error, "param", None)
    if parameter is None:
        return ""
    names = [one for one in parameter.opts if one.startswith("--")]
    return f"{names[0] if names else parameter.name}: "
