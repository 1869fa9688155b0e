"""A form as its template draws it: every field with its label, help, value and what to choose from.

Things are chosen from a list; where there are many, the field is typed in and the browser searches
its list of suggestions. Lists grow and shrink by buttons that send the form in, so that no script
is needed; nothing is recorded by them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct

from api.pages.act_input import Fault, Filled, event_type, label, rows
from api.pages.act_labels import HELP
from api.pages.act_shapes import Shape, shape
from api.pages.act_titles import TITLES
from api.pages.language import Language
from ledger import catalogue

Named = list[tuple[str, str]]
MOST_IN_A_SELECT: Final = 40
MOST_CHECKS: Final = 12
MOST_SUGGESTED: Final = 150
FEW: Final = 4
"""So few choices are shown all at once, as radio buttons."""
SINGLE: Final = {
    "line": "line", "slug": "line", "new": "line", "sealed": "line", "whole": "whole",
    "money": "line", "date": "date", "moment": "moment", "text": "text", "yes": "yes",
}  # fmt: skip


class Item(Struct, kw_only=True):
    """One field, group or list as it stands on the page; `draws` says as what."""

    draws: str
    path: str
    label: str
    id: str
    help: str = ""
    value: str = ""
    required: bool = False
    long: int = 0
    error: str = ""
    options: Named = []
    suggestions: str = ""
    chosen: list[str] = []
    items: list[Item] = []
    number: int = -1
    removable: bool = False
    more: bool = False
    kinds: Named = []


class Drawing(Struct):
    """What drawing a form needs: what was filled in, what can be chosen, what was wrong."""

    filled: Filled
    things: Mapping[str, Named]
    faults: Mapping[str, str]
    language: Language


def drawn(
    parts: Iterable[Shape], filled: Filled, things: Mapping[str, Named], faults: list[Fault],
    language: Language,
) -> list[Item]:  # fmt: skip
    """Return the fields of a form."""
    wrong = {one.path: language.text(one.expected) for one in faults}
    drawing = Drawing(filled, things, wrong, language)
    return [_item(drawing, one, one.name) for one in parts]


def kinds_named(parts: Iterable[Shape], filled: Filled) -> set[str]:
    """Return the kinds of things that a form lets choose from, its rows included."""
    found: set[str] = set()
    types = {value for name, value in filled.items() if name.endswith(".type")}
    for one in parts:
        found |= {one.thing} if one.thing else set()
        found |= kinds_named(one.parts, filled)
        for name in types & set(one.events):
            found |= kinds_named(shape(catalogue.find(name).kind), {})
    return found


def suggesting(items: Iterable[Item]) -> set[str]:
    """Return the kinds of things of which some field on the page has a list of suggestions."""
    found: set[str] = set()
    for one in items:
        found |= {one.suggestions} if one.suggestions else set()
        found |= suggesting(one.items)
    return found


def _item(drawing: Drawing, one: Shape, path: str, *, number: int = -1) -> Item:
    item = Item(
        draws=SINGLE.get(one.manner, one.manner),
        path=path,
        id=f"v-{path.replace('.', '-')}",
        label=drawing.language.text(label(one)),
        help=_help(drawing, one),
        value=drawing.filled.get(path, ""),
        required=one.required,
        long=one.long,
        error=drawing.faults.get(path, ""),
        number=number,
    )
    match one.manner:
        case "group":
            item.items = [_item(drawing, part, f"{path}.{part.name}") for part in one.parts]
        case "choice" | "choices":
            _choices(drawing, one, item)
        case "thing":
            _thing(drawing, one, item)
        case "rows":
            _rows(drawing, one, item)
        case "event":
            _event(drawing, one, item)
    return item


def _help(drawing: Drawing, one: Shape) -> str:
    if one.manner == "event":
        return ""
    for key in (f"{one.owner}.{one.name}", one.name, one.manner):
        if key in HELP:
            return drawing.language.text(HELP[key])
    return ""


def _choices(drawing: Drawing, one: Shape, item: Item) -> None:
    item.options = [(choice, drawing.language.word(choice)) for choice in one.choices]
    if one.manner == "choices":
        item.draws, item.chosen = "checks", _chosen(drawing, item.path)
    elif one.required and len(one.choices) <= FEW:
        item.draws = "radio"
    else:
        item.draws = "select"


def _chosen(drawing: Drawing, path: str) -> list[str]:
    return [drawing.filled[f"{path}.{number}"] for number in rows(drawing.filled, path)]


def _thing(drawing: Drawing, one: Shape, item: Item) -> None:
    """Offer the things of a kind; what is filled in stays, also where it is not among them."""
    offered = drawing.things.get(one.thing, [])
    known = {name for name, _ in offered}
    if len(offered) > MOST_IN_A_SELECT or (item.value and item.value not in known):
        item.draws, item.suggestions = "line", one.thing
        how = HELP["things"]
        item.help = item.help or drawing.language.text(how)
    else:
        item.draws, item.options = "select", told(offered)


def told(offered: Named) -> Named:
    """Return what can be chosen with what people read: the id, and the name where it has one."""
    return [(name, f"{name} – {title}" if title else name) for name, title in offered]


def _rows(drawing: Drawing, one: Shape, item: Item) -> None:
    [inner] = one.parts
    offered = drawing.things.get(inner.thing, [])
    numbers = rows(drawing.filled, item.path)
    few = 0 < len(offered) <= MOST_CHECKS and one.name != "order"
    chosen = _chosen(drawing, item.path) if inner.thing else []
    if inner.thing and few and set(chosen) <= {"", *(name for name, _ in offered)}:
        item.draws, item.options, item.chosen = "checks", told(offered), chosen
        return
    if not numbers and one.required:
        numbers = [0]
    item.items = [_row(drawing, inner, f"{item.path}.{number}", number) for number in numbers]
    item.more = len(numbers) < one.most
    if inner.manner == "event":
        names = ((name, TITLES[name.partition(".")[0]]) for name in inner.events)
        item.kinds = sorted(
            ((name, drawing.language.text(title)) for name, title in names),
            key=lambda pair: pair[1],
        )


def _row(drawing: Drawing, inner: Shape, path: str, number: int) -> Item:
    row = _item(drawing, inner, path, number=number)
    row.removable = True
    return row


def _event(drawing: Drawing, one: Shape, item: Item) -> None:
    """Draw an event inside a form, once its type was chosen."""
    wanted = event_type(one, drawing.filled.get(f"{item.path}.type", ""))
    if wanted is None:
        return
    item.value = wanted.name
    item.label = drawing.language.text(TITLES[wanted.title])
    item.items = [_item(drawing, part, f"{item.path}.{part.name}") for part in shape(wanted.kind)]
