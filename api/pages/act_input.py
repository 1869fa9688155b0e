"""What was filled in on a form, read back as the body of an event.

A field is called by its place in the body: `options.0.whyNot`. What is left empty is left out. What
cannot be read is told per field, in the words of its label; whether an event may be recorded is for
the rules.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from msgspec import Struct
from msgspec import field as made

from api.pages.act_labels import LABELS, NEW
from api.pages.act_shapes import Shape, shape
from ledger import catalogue
from ledger.domain.values import MAX_INTEGER

MAX_ROWS: Final = 100
MAX_DEPTH: Final = 3
FAULTS: Final = {
    "empty": "Vul dit in.",
    "moment": "Vul een datum en een tijd in.",
    "whole": "Vul een geheel getal in.",
    "money": "Vul een bedrag in euro in, zoals 1250,50.",
    "choice": "Kies een van de mogelijkheden.",
}
"""What is said of a field that cannot be read, by what is wrong with it."""
_MOMENT: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d)(:\d\d)?(?:\.\d{1,6})?Z?")
_MONEY: Final = re.compile(r"(\d{1,3}(?:\.\d{3})*|\d+)(?:,(\d{1,2}))?")
_WHOLE: Final = re.compile(r"\d{1,16}")
Filled = Mapping[str, str]


class Fault(Struct, frozen=True):
    """What is wrong with one field: its place, its label, and what was expected."""

    path: str
    label: str
    expected: str


class Reading(Struct):
    """The fields of a form on their way to a body, and what turned out to be wrong with them."""

    filled: Filled
    faults: list[Fault] = made(default_factory=list)

    def fault(self, one: Shape, path: str, expected: str) -> None:
        """Note what is wrong with a field."""
        self.faults.append(Fault(path, label(one), expected))


def label(one: Shape) -> str:
    """Return what a field is called."""
    if one.manner == "new":
        return NEW
    return LABELS.get(f"{one.owner}.{one.name}") or LABELS.get(one.name, one.name)


def body(wanted: catalogue.Type, filled: Filled) -> tuple[dict[str, Any], list[Fault]]:
    """Return the body that a form asks to record, and what is wrong with it."""
    reading = Reading(filled)
    found = _structure(reading, shape(wanted.kind), "")
    return {"type": wanted.name, **found}, reading.faults


def rows(filled: Iterable[str], path: str) -> list[int]:
    """Return which rows of a list are filled in or shown, by number, in order."""
    start = f"{path}."
    numbers = {name[len(start) :].partition(".")[0] for name in filled if name.startswith(start)}
    return sorted(int(one) for one in numbers if one.isascii() and one.isdigit() and len(one) < 5)[
        :MAX_ROWS
    ]


def event_type(wanted: Shape, name: str) -> catalogue.Type | None:
    """Return the type of an event inside a form; None for one that cannot stand there."""
    return catalogue.find(name) if name in wanted.events else None


def _structure(reading: Reading, parts: tuple[Shape, ...], path: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for one in parts:
        place = f"{path}{one.name}"
        value = _value(reading, one, place)
        if value is not None:
            found[one.name] = value
        elif one.required:
            reading.fault(one, place, FAULTS["empty"])
    return found


def _value(reading: Reading, one: Shape, path: str) -> Any:
    """Return the value of a field, or None where it was left empty or cannot be read."""
    match one.manner:
        case "group":
            return _group(reading, one, path)
        case "rows":
            return _rows(reading, one, path)
        case "choices":
            chosen = [reading.filled[f"{path}.{n}"] for n in rows(reading.filled, path)]
            return [value for value in chosen if value] or None
        case "event":
            return _event(reading, one, path)
        case "yes":
            return bool(reading.filled.get(path, ""))
    given = reading.filled.get(path, "")
    given = given if one.manner == "text" else given.strip()
    if not given.strip():
        return None
    return READERS.get(one.manner, _as_given)(reading, one, path, given)


def _group(reading: Reading, one: Shape, path: str) -> dict[str, Any] | None:
    """Return a structure; one that may be left out is, where nothing was filled in."""
    start = f"{path}."
    empty = not any(name.startswith(start) and value for name, value in reading.filled.items())
    if empty and not one.required:
        return None
    return _structure(reading, one.parts, start)


def _rows(reading: Reading, one: Shape, path: str) -> list[Any] | None:
    [inner] = one.parts
    found = [_value(reading, inner, f"{path}.{number}") for number in rows(reading.filled, path)]
    return [value for value in found if value is not None] or (None if one.required else [])


def _event(reading: Reading, one: Shape, path: str) -> dict[str, Any] | None:
    wanted = event_type(one, reading.filled.get(f"{path}.type", ""))
    if wanted is None or path.count(".") > MAX_DEPTH * 2:
        return None
    return {"type": wanted.name, **_structure(reading, shape(wanted.kind), f"{path}.")}


def _as_given(_reading: Reading, _one: Shape, _path: str, given: str) -> str:
    return given


def _moment(reading: Reading, one: Shape, path: str, given: str) -> str | None:
    found = moment(given)
    if found is None:
        reading.fault(one, path, FAULTS["moment"])
    return found


def moment(given: str) -> str | None:
    """Return a date and time in UTC, as browsers write them, as an instant; None for none."""
    found = _MOMENT.fullmatch(given)
    return f"{found[1]}{found[2] or ':00'}.000000Z" if found else None


def _whole(reading: Reading, one: Shape, path: str, given: str) -> int | None:
    if _WHOLE.fullmatch(given) and int(given) <= MAX_INTEGER:
        return int(given)
    reading.fault(one, path, FAULTS["whole"])
    return None


def _money(reading: Reading, one: Shape, path: str, given: str) -> int | None:
    found = _MONEY.fullmatch(given)
    if found and len(found[1]) < 16:
        return int(found[1].replace(".", "")) * 100 + int((found[2] or "0").ljust(2, "0"))
    reading.fault(one, path, FAULTS["money"])
    return None


def _choice(reading: Reading, one: Shape, path: str, given: str) -> str | None:
    if given in one.choices:
        return given
    reading.fault(one, path, FAULTS["choice"])
    return None


READERS: Final[dict[str, Callable[[Reading, Shape, str, str], Any]]] = {
    "moment": _moment,
    "whole": _whole,
    "money": _money,
    "choice": _choice,
}
