"""The glossary keeps up with the code: every word the events use stands there, with its Dutch."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from ledger.catalogue import NEWEST
from ledger.domain.ladder import DEFAULT_LADDER
from projections.words import WORDS

ROOT = Path(__file__).resolve().parents[2]
GLOSSARY = ROOT / "docs" / "glossary.md"
REFERENCE = ROOT / "docs" / "events.md"
VOCABULARY = [
    *sorted((ROOT / "ledger" / "domain" / "events").glob("*.py")),
    ROOT / "ledger" / "domain" / "values.py",
]
ROW = re.compile(r"^\| `([^`]+)` \|([^|]*)\|([^|]*)\|([^|]*)\|$", re.MULTILINE)
HEADER_FIELDS = {"under", "on", "at"}
"""Words of the header that the glossary explains and that are neither event nor choice."""


def dutch_words(page: str) -> dict[str, set[str]]:
    """Return the Dutch of each word of the code that a page has a row for."""
    found: dict[str, set[str]] = {}
    for code, dutch, *_ in ROW.findall(page):
        if dutch.strip():
            found.setdefault(code, set()).add(dutch.strip())
    return found


def choices(source: str) -> set[str]:
    """Return the texts that a module lists as choices, `Literal["for", "against"]`."""
    lists = (
        node.slice
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Name)
        and node.value.id == "Literal"
    )
    return {
        constant.value
        for listed in lists
        for constant in ast.walk(listed)
        if isinstance(constant, ast.Constant) and isinstance(constant.value, str) and constant.value
    }


def statuses(source: str) -> set[str]:
    """Return the statuses that a read model gives by name, `mark(doc, header, "held")`."""
    return {
        node.args[2].value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "mark"
        and isinstance(node.args[2], ast.Constant)
        and isinstance(node.args[2].value, str)
    }


def all_statuses() -> set[str]:
    """Return every status that a thing in an answer can have, or that has a Dutch word."""
    modules = (ROOT / "projections").glob("*.py")
    return set(WORDS).union(*(statuses(path.read_text("utf-8")) for path in modules))


def all_choices() -> set[str]:
    """Return every choice that an event can hold."""
    return set().union(*(choices(path.read_text("utf-8")) for path in VOCABULARY))


def test_every_event_type_is_explained() -> None:
    pages = [path.read_text("utf-8") for path in (GLOSSARY, REFERENCE) if path.exists()]
    words = set(re.findall(r"\w+", "\n".join(pages)))
    assert sorted(set(NEWEST) - words) == []


def test_every_choice_has_a_dutch_word() -> None:
    known = dutch_words(GLOSSARY.read_text("utf-8"))
    assert sorted(all_choices() - set(known)) == []


def test_every_status_has_a_dutch_word() -> None:
    known = dutch_words(GLOSSARY.read_text("utf-8"))
    assert sorted(all_statuses() - set(known)) == []


def test_the_glossary_explains_nothing_that_does_not_exist() -> None:
    known = dutch_words(GLOSSARY.read_text("utf-8"))
    assert sorted(set(known) - all_choices() - all_statuses() - set(NEWEST) - HEADER_FIELDS) == []


def test_the_glossary_and_the_read_models_say_the_same_word() -> None:
    known = dutch_words(GLOSSARY.read_text("utf-8"))
    assert {one: dutch for one, dutch in WORDS.items() if dutch not in known[one]} == {}


def test_the_default_ladder_is_told_as_it_is() -> None:
    page = GLOSSARY.read_text("utf-8").partition("| Rung |")[2]
    told = re.findall(r"^\| (\d+) \| ([^|]+) \| (\d+|none) \|", page, re.MULTILINE)
    rungs = enumerate(DEFAULT_LADDER.rungs)
    assert told == [(str(n), rung.name, str(rung.term_days or "none")) for n, rung in rungs]


def test_every_row_says_where_the_requirement_comes_from() -> None:
    rows = ROW.findall(GLOSSARY.read_text("utf-8"))
    source = re.compile(r"^(?:default|[KO]:\d+(?:-\d+)?(?:, [KO]:\d+(?:-\d+)?)*(?: opt)?)$")
    assert [code for code, *_, said in rows if not source.match(said.strip())] == []


def test_a_word_without_its_dutch_is_noticed() -> None:
    assert dutch_words("| `for` | voor | in favour | default |") == {"for": {"voor"}}
    assert dutch_words("| `for` | | in favour | default |") == {}
    assert dutch_words("the word `for` in a sentence") == {}


def test_a_choice_is_found_wherever_it_stands() -> None:
    assert choices('Choice = Literal["for", "against"]') == {"for", "against"}
    assert choices('class V:\n    choice: Annotated[Literal["", "for"], 1] = ""') == {"for"}
    assert choices('word = "for"') == set()


def test_a_status_is_found_wherever_it_is_given() -> None:
    assert statuses('def f():\n    mark(doc, header, "held", on=day)') == {"held"}
    assert statuses('mark(doc, header, event.status)\nsay("held", 1, "two")') == set()
