"""The search page: what was found is marked, and nothing in a text becomes markup."""

from __future__ import annotations

from api.pages.search import kind_name, kind_names, marked
from projections.models import KINDS


def test_what_was_found_is_marked() -> None:
    assert str(marked("een «fiets» voor «allen»")) == (
        "een <mark>fiets</mark> voor <mark>allen</mark>"
    )


def test_a_text_never_becomes_markup() -> None:
    assert "<script>" not in str(marked("«<script>» & «"))
    assert str(marked("a « b")) == "a « b"


def test_every_kind_of_thing_has_a_name() -> None:
    assert set(kind_names(str)) == set(KINDS) == set(kind_name(str))
