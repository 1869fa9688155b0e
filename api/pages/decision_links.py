"""What a decision hangs together with: what came before it, and what came after.

The same links make the drawing and the list below it. A thing that is linked in two ways (cited,
and replaced) is one link that says both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

from msgspec import Struct

from api.pages.site import Asked
from projections.names import titles
from projections.views import Doc

Side = Literal["before", "after"]
Said = Callable[[str], str]


class Link(Struct, frozen=True):
    """Another thing: on which side of the decision, how it is linked, what and which it is."""

    side: Side
    relations: tuple[str, ...]
    kind: str
    id: str
    kind_name: str
    title: str = ""
    on: str = ""
    note: str = ""


class Links(Struct, frozen=True):
    """A decision, as a link to itself, and everything it hangs together with, oldest first."""

    own: Link
    others: tuple[Link, ...]


def links(asked: Asked, doc: Doc) -> Links:
    """Return what a decision hangs together with, as far as this reader knows it."""
    merged: dict[tuple[str, str], Link] = {}
    for one in _all(asked, doc):
        key = (one.kind, one.id)
        merged[key] = _both(merged[key], one) if key in merged else one
    unnamed = [key for key, one in merged.items() if not one.title]
    known = titles(asked.connection, asked.view, unnamed)
    named = [_named(one, known.get(key, "")) for key, one in merged.items()]
    others = sorted(named, key=lambda one: (one.side == "after", one.on, one.id))
    own = Link("before", (), "decision", doc["decision"], "", doc.get("title", ""), doc["since"])
    return Links(own, tuple(others))


def _all(asked: Asked, doc: Doc) -> Iterator[Link]:
    said = asked.language.text
    kinds = _kinds(said)

    def link(side: Side, relation: str, kind: str, name: str, one: Doc | None = None) -> Link:
        found = {name: (one or {}).get(name, "") for name in ("title", "on", "note")}
        return Link(side, (relation,), kind, name, kinds.get(kind, kind), **found)

    yield from _earlier(doc, said, link)
    yield from _later(doc, said, link)
    yield from _made(doc, said, link)


def _earlier(doc: Doc, said: Said, link: Callable[..., Link]) -> Iterator[Link]:
    relations = _citing(said)
    for one in doc.get("supersedes", []):
        title = {"title": one.get("title", "")}
        yield link("before", said("vervangt"), "decision", one["decision"], title)
    for one in doc.get("cites", []):
        yield link("before", relations[one["relation"]], "decision", one["decision"], one)
    if doc.get("escalation"):
        subject = {"title": doc.get("escalationSubject", "")}
        yield link("before", said("komt uit"), "escalation", doc["escalation"], subject)
    if doc.get("mandate"):
        yield link("before", said("genomen onder"), "mandate", doc["mandate"])


def _later(doc: Doc, said: Said, link: Callable[..., Link]) -> Iterator[Link]:
    relations = _cited(said)
    replaced = {one["decision"] for one in doc.get("supersededBy", [])}
    for one in doc.get("supersededBy", []):
        yield link("after", said("vervangen door"), "decision", one["decision"], one)
    for one in doc.get("citedBy", []):
        if one["relation"] != "supersedes" or one["decision"] not in replaced:
            yield link("after", relations[one["relation"]], "decision", one["decision"], one)
    for name in doc.get("solves", []):
        yield link("after", said("lost op"), "escalation", name)


def _made(doc: Doc, said: Said, link: Callable[..., Link]) -> Iterator[Link]:
    for one in doc.get("effectsRecorded", []):
        if "kind" in one:
            yield link("after", said("legt vast"), one["kind"], one["id"], one)
    for field, kind, relation in (
        ("actions", "action", said("uit te voeren")),
        ("meetings", "meeting", said("besproken in")),
        ("lessons", "lesson", said("leverde op")),
    ):
        for name in doc.get(field, []):
            yield link("after", relation, kind, name)


def _citing(said: Said) -> dict[str, str]:
    return {
        "confirms": said("bevestigt"),
        "departs-from": said("wijkt af van"),
        "supersedes": said("vervangt"),
        "rests-on": said("berust op"),
    }


def _cited(said: Said) -> dict[str, str]:
    return {
        "confirms": said("bevestigd door"),
        "departs-from": said("hiervan wijkt af"),
        "supersedes": said("te vervangen door"),
        "rests-on": said("hierop berust"),
    }


def _kinds(said: Said) -> dict[str, str]:
    return {
        "action": said("actie"),
        "agreement": said("afspraak"),
        "assignment": said("rol"),
        "authority": said("doorzettingsmacht"),
        "body": said("overleg"),
        "decision": said("besluit"),
        "escalation": said("escalatie"),
        "lesson": said("les"),
        "mandate": said("mandaat"),
        "meeting": said("vergadering"),
        "objective": said("doelstelling"),
        "seat": said("zetel"),
    }


def _both(first: Link, second: Link) -> Link:
    return _with(
        first,
        tuple(dict.fromkeys((*first.relations, *second.relations))),
        first.title or second.title,
        min(filter(None, (first.on, second.on)), default=""),
        first.note or second.note,
    )


def _named(link: Link, title: str) -> Link:
    return link if link.title else _with(link, link.relations, title, link.on, link.note)


def _with(link: Link, relations: tuple[str, ...], title: str, on: str, note: str) -> Link:
    return Link(link.side, relations, link.kind, link.id, link.kind_name, title, on, note)
