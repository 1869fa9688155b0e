"""Every text of the pages and every sentence of a record reads in English too."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from api.demo_tour import QUESTIONS
from api.held_data import ELSEWHERE
from api.pages.act_form import VERDICTS
from api.pages.act_input import FAULTS
from api.pages.act_labels import HELP, LABELS, NEW
from api.pages.act_titles import TITLES
from api.pages.language import CATALOGUES, LANGUAGES, language
from api.pages.paper import printed
from api.pages.site import NAVIGATION
from api.pages.sorts import SORTS
from api.problems import KINDS, SENTENCES, Problem
from ledger import catalogue
from ledger.policy import FINDERS
from projections import capacities
from projections.sentences import EMPTY
from projections.words import WORDS

ROOT = Path(__file__).parents[2]
METHODS = [("pages/**.py", "python"), ("templates/**.html", "jinja2")]
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "said": None, "text": None}
KEYWORDS |= {"counted": (1, 2)}
PLACE = re.compile(r"%\(\w+\)[sd]|\{\w+\}")
Forms = tuple[str, ...]


@cache
def written() -> set[str]:
    """Return the texts that stand in the templates and in the files of the pages."""
    found = extract_from_dir(
        ROOT / "api", METHODS, {"**.html": {"trimmed": "true"}}, keywords=KEYWORDS
    )
    texts = {message[0] if isinstance(message, tuple) else message for _, _, message, _, _ in found}
    return {str(text) for text in texts if text}


def tabled() -> set[str]:
    """Return the texts that a page takes from a table of ours."""
    kinds = {text for kind in KINDS.values() for text in (kind.title, kind.meaning)}
    fixed = kinds | {*ELSEWHERE} | {question for question, _ in QUESTIONS}
    return {name for _, name in (*NAVIGATION, *SORTS)} | fixed | in_forms()


def in_forms() -> set[str]:
    """Return the texts that a form of the chain office takes from a table of ours."""
    tables = (TITLES, LABELS, HELP, FAULTS, VERDICTS)
    needed = {text for text, _ in FINDERS.values()}
    return needed.union({NEW}, *(table.values() for table in tables))


def recorded() -> set[str]:
    """Return the sentences of records and rules, and all that fills them in."""
    sentences = {kind.kind.SENTENCE for kind in catalogue.TYPES.values()}
    fixed = set(WORDS.values()) | set(EMPTY.values()) | set(capacities.TEXTS)
    return sentences | fixed | set(SENTENCES.values())


def sources() -> set[str]:
    """Return every Dutch text that a reader of English should find in English."""
    return written() | tabled() | recorded()


@pytest.fixture(scope="module")
def messages() -> list[tuple[Forms, Forms]]:
    """Every message of the catalogues: its forms in Dutch, its forms in English."""
    found: list[tuple[Forms, Forms]] = []
    for name in CATALOGUES:
        with files("api").joinpath("locale", "en", name).open("rb") as file:
            known = list(read_po(file, locale="en"))
        found += [(_forms(one.id), _forms(one.string)) for one in known if one.id]
    return found


def _forms(text: Message | object) -> Forms:
    return tuple(map(str, text)) if isinstance(text, list | tuple) else (str(text),)


def test_every_text_is_translated(messages: list[tuple[Forms, Forms]]) -> None:
    known = {dutch[0] for dutch, english in messages if all(english)}
    assert sorted(sources() - known) == []


def test_nothing_is_translated_that_is_said_nowhere(messages: list[tuple[Forms, Forms]]) -> None:
    assert sorted({dutch[0] for dutch, _ in messages} - sources()) == []


def test_nothing_is_translated_twice() -> None:
    folder = files("api").joinpath("locale", "en")
    lines = [
        line for name in CATALOGUES for line in folder.joinpath(name).read_text("utf-8").split("\n")
    ]
    counted = Counter(line for line in lines if line.startswith('msgid "') and line != 'msgid ""')
    assert [line for line, times in counted.items() if times > 1] == []


def test_a_translation_fills_in_the_same_places(messages: list[tuple[Forms, Forms]]) -> None:
    differing = [
        dutch for dutch, english in messages if all(english) and places(english) != places(dutch)
    ]
    assert differing == []


def places(forms: Forms) -> set[str]:
    """Return the places that are filled in, in any form of a message."""
    return set(PLACE.findall(" ".join(forms)))


def test_the_places_of_a_translation_are_really_compared() -> None:
    assert places(("Zetel {seat} weegt {weight}.",)) == {"{seat}", "{weight}"}
    assert places(("%(num)s dag", "%(num)s dagen")) == {"%(num)s"}


def test_days_moments_numbers_and_lists_follow_the_language() -> None:
    dutch, english = language("nl"), language("en")
    assert (dutch.day("2026-03-29"), english.day("2026-03-29")) == (
        "29 maart 2026",
        "29 March 2026",
    )
    assert dutch.moment("2026-03-29T01:30:00Z") == "29 maart 2026 om 1.30 uur (UTC)"
    assert english.moment("2026-03-29T01:30:00Z") == "29 March 2026 at 01:30 (UTC)"
    assert (dutch.number(1234.5), english.number(1234.5)) == ("1.234,5", "1,234.5")
    assert (dutch.number(3.8), english.number(3.8)) == ("3,8", "3.8")
    parts = ["a", "b", "c"]
    assert (dutch.listed(parts), english.listed(parts)) == ("a, b en c", "a, b, and c")
    assert dutch.day("") == dutch.moment("") == dutch.listed([]) == ""


def test_counted_texts_follow_the_language() -> None:
    one, many = "en nog %(num)s zo'n gebeurtenis", "en nog %(num)s zulke gebeurtenissen"
    assert [language("nl").counted(one, many, n) for n in (0, 1, 2)] == [many, one, many]
    english = [language("en").counted(one, many, n) for n in (0, 1, 2)]
    assert english[0] == english[2] != english[1]
    assert english[1] == "and %(num)s more such event"


def test_what_no_catalogue_knows_stays_as_it_is() -> None:
    assert language("en").text("Nergens vertaald") == "Nergens vertaald"
    assert language("en").word("no-such-choice") == "no-such-choice"
    assert language("xx").code == "nl"


def test_a_refusal_says_its_rule_in_the_language_of_the_reader() -> None:
    problem = Problem("refused", "De stemming is gesloten.", rule="D8")
    content = {"kind": KINDS["refused"], "problem": problem, "here": "/"}
    said = {
        code: printed("problem.html", language(code), content).body.decode() for code in LANGUAGES
    }
    assert "Rule D8: Votes are cast as long as voting is open." in said["en"]
    assert '<p lang="nl">De stemming is gesloten.</p>' in said["en"]
    assert "<p>Regel D8</p>" in said["nl"]


def test_of_a_question_written_wrongly_the_rule_is_named_only() -> None:
    problem = Problem("malformed", "cursor 'onzin'; verwacht een andere.", rule="G13")
    content = {"kind": KINDS["malformed"], "problem": problem, "here": "/"}
    assert "<p>Rule G13</p>" in printed("problem.html", language("en"), content).body.decode()
