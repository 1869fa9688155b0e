"""The page of integrity says what was checked and what was not, and names the first break."""

from __future__ import annotations

from pathlib import Path

import pytest

from api import signing
from tests.api.doors import Doors, open_doors
from tests.api.signed import wait_for
from tests.api.test_integrity import checker_of
from tests.log.signing import by_force


def page_of(doors: Doors, chain: str, language: str = "nl") -> str:
    answer = doors.get(f"/ketens/{chain}/controle", headers={"Cookie": f"taal={language}"})
    assert answer.status_code == 200, answer.text
    return answer.text


def test_a_chain_that_was_never_checked_says_so(doors: Doors, chain: str) -> None:
    text = page_of(doors, chain)
    assert "Deze keten is nog niet gecontroleerd." in text
    assert "Dit log is niet getekend." in text
    assert "nog geen getuigen" in text
    assert "has not been checked yet" in page_of(doors, chain, "en")


def test_a_check_says_what_it_looked_at_and_what_came_after(
    doors: Doors, shared_database: str, chain: str
) -> None:
    signing.ensure_key(doors.app.state.settings, chain)
    size = doors.size(chain)
    wait_for(doors, chain, size)
    checker_of(doors, shared_database).check(chain)
    text = page_of(doors, chain)
    assert "Bij de laatste controle klopte alles wat is nagegaan." in text
    assert f"gebeurtenis 0 tot en met {size - 1}" in text
    assert f"de bytes en de volgorde van alle gebeurtenissen: {size}" in text
    assert "de handtekeningen van het log" in text
    assert "niemands kopie" in text
    assert "seconden" in text
    assert "Sindsdien" not in text
    doors.post(f"/v1/chains/{chain}/people", {"person": "p-nieuw"})
    assert "Sindsdien" in page_of(doors, chain)


@pytest.mark.slow
def test_a_break_is_named_in_its_own_words(database: str, folder: Path) -> None:
    with open_doors(database, folder, check_hour=None) as doors:
        doors.found("keten")
        signing.ensure_key(doors.app.state.settings, "keten")
        wait_for(doors, "keten", doors.size("keten"))
        by_force(database, "UPDATE checkpoints SET previous = 1")
        found = checker_of(doors, database).check("keten")
        text = page_of(doors, "keten")
    assert "Er is een breuk: iets is niet meer zoals het was." in text
    assert found.breaks
    assert all(one.sentence in text for one in found.breaks)
