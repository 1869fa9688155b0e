"""What the full answer about any thing has: who acted in which capacity, names, and its history."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from projections import capacities, timeline
from projections.items import find, seen_at
from projections.names import Ref, titles
from projections.things import Kind
from projections.views import Conn, Doc, View


def whole(connection: Conn, view: View, kind: Kind, name: str) -> Doc:
    """Return a thing with `capacities` beside every act in it, and its `history`.

    NotFound if the reader knows nothing of it then.
    """
    doc, _ = with_names(connection, view, kind, name, lambda _: ())
    return doc


def with_names(
    connection: Conn, view: View, kind: Kind, name: str, others: Callable[[Doc], Iterable[Ref]]
) -> tuple[Doc, dict[Ref, str]]:
    """Return the same with the names of all it tells of, and of `others`, asked for at once."""
    doc, seen = find(connection, view, kind, name)
    resting = [one for one in parts(doc) if one.get("under")]
    under = capacities.rested_on(resting)
    grounds = seen_at(connection, view, under)
    things = timeline.things_of(connection, view, seen)
    told = capacities.refs(grounds) | timeline.refs(seen, things)
    known = titles(connection, view, told.union(others(doc)))
    capacities.show(resting, capacities.as_capacities(view, under, grounds, known))
    doc["history"] = timeline.entries(view, seen, things, known)
    return doc, known


def parts(doc: Doc | list[Doc]) -> Iterator[Doc]:
    """Give a document (or many) and everything in it that has fields of its own, however deep."""
    pending: list[object] = [doc]
    while pending:
        part = pending.pop()
        if isinstance(part, dict):
            yield part
            pending += part.values()
        elif isinstance(part, list | tuple):
            pending += part


def name_organisations(connection: Conn, view: View, doc: Doc) -> None:
    """Put the name of the organisation beside every entry that tells of one."""
    entries = [one for one in parts(doc) if isinstance(one.get("organisation"), str)]
    known = titles(connection, view, {("partner", one["organisation"]) for one in entries})
    for one in entries:
        one["organisationName"] = known.get(("partner", one["organisation"]), one["organisation"])


def show_links(connection: Conn, view: View, doc: Doc, kinds: dict[str, str]) -> None:
    """Tell the titles of the things that these fields name; `kinds` says of which kind they are.

    Beside a field with one id comes its title (`parent`: `parentTitle`); a list of ids becomes a
    list of things, each with its id and title.
    """
    there = {field: kind for field, kind in kinds.items() if doc.get(field)}
    refs = {(kind, name) for field, kind in there.items() for name in _many(doc[field])}
    known = titles(connection, view, refs)
    for field, kind in there.items():
        if isinstance(doc[field], str):
            doc[f"{field}Title"] = known.get((kind, doc[field]), doc[field])
        else:
            doc[field] = [{kind: one, "title": known.get((kind, one), one)} for one in doc[field]]


def _many(value: str | Sequence[str]) -> Sequence[str]:
    return [value] if isinstance(value, str) else value


def resting_on(act: Doc, kind: str) -> str:
    """Return which decision or mandate (the `kind`) an act rests on, empty if on none.

    Reads the capacities that `whole` found.
    """
    return next((one[kind] for one in act.get("capacities", []) if one["kind"] == kind), "")
