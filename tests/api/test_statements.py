"""The pages beside the chains: statements, problems, the theme, and the reference of the API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from api import swagger
from api.pages.frame import MAX_THEME_BYTES
from api.pages.language import language
from api.pages.statements import WRITTEN_ON
from api.problems import KINDS
from tests.api.doors import Doors, open_doors

ENGLISH = {"Cookie": "taal=en"}
STATEMENTS = ("/privacy", "/toegankelijkheid")


@pytest.fixture(scope="module")
def named(shared_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    """A server that says who runs it, with a style sheet of theirs."""
    folder = tmp_path_factory.mktemp("named")
    Path(folder, "theme.css").write_text(":root { --utrecht-link-color: #7a0000; }\n")
    known = {"organisation": "Voorbeeld & Co", "contact": "vraag@voorbeeld.nl"}
    with open_doors(shared_database, folder, **known) as opened:
        yield opened


@pytest.fixture(scope="module")
def unnamed(shared_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    """A server of which nobody said who runs it."""
    with open_doors(shared_database, tmp_path_factory.mktemp("unnamed")) as opened:
        yield opened


@pytest.mark.parametrize("path", STATEMENTS)
def test_a_statement_says_who_runs_the_server_and_how_to_reach_them(
    named: Doors, path: str
) -> None:
    text = named.get(path).text
    assert "Voorbeeld &amp; Co" in text
    assert 'href="mailto:vraag@voorbeeld.nl"' in text


@pytest.mark.parametrize("path", STATEMENTS)
def test_a_statement_says_so_when_nobody_was_named(unnamed: Doors, path: str) -> None:
    assert "KETENLEDGER_ORGANISATION" in unnamed.get(path).text
    assert "mailto:" not in unnamed.get(path).text


def test_the_accessibility_statement_has_what_the_law_asks_for(named: Doors) -> None:
    text = named.get("/toegankelijkheid").text
    for part in ("eerste maatregelen genomen (C)", "EN 301 549", "WCAG-EM", "Nationale ombudsman"):
        assert part in text
    assert language("nl").day(WRITTEN_ON) in text
    assert "Status: first measures taken (C)" in named.get(
        "/toegankelijkheid", headers=ENGLISH
    ).text  # fmt: skip


def test_the_privacy_statement_says_what_stays_and_what_can_be_erased(named: Doors) -> None:
    text = named.get("/privacy").text
    for heading in (
        "Wat blijft",
        "Wat kan vervallen",
        "Hoe u iets vraagt",
        "Wie verantwoordelijk is",
    ):
        assert f"<h2>{heading}</h2>" in text


def test_the_privacy_statement_names_all_that_a_browser_keeps(named: Doors) -> None:
    text = named.get("/privacy").text
    assert "localStorage" in named.get("/static/check.js").text
    for kept in ("cookie ‘taal’", "cookie ‘sessie’", "cookie ‘aanmelding’", "lokale opslag"):
        assert kept in text


def test_a_problem_is_explained_in_the_language_of_the_reader(named: Doors) -> None:
    for slug, kind in KINDS.items():
        dutch, english = (
            named.get(f"/problems/{slug}"),
            named.get(f"/problems/{slug}", headers=ENGLISH),
        )
        assert f"<h1>{kind.title}</h1>" in dutch.text
        assert f"<h1>{kind.title}</h1>" not in english.text
        assert english.headers["Content-Language"] == "en"
    assert named.get("/problems/onzin").status_code == 404


def test_a_theme_of_the_organisation_comes_after_our_own_style(
    named: Doors, unnamed: Doors
) -> None:
    page = named.get("/privacy").text
    assert page.index('href="/static/style.css"') < page.index('href="/theme.css"')
    assert "#7a0000" in named.get("/theme.css").text
    assert unnamed.get("/theme.css").text == ""
    theme = unnamed.app.state.settings.folder / "theme.css"
    theme.write_text("/*" + "x" * MAX_THEME_BYTES, encoding="utf-8")
    assert unnamed.get("/theme.css").status_code == 404
    theme.unlink()


def test_the_reference_of_the_api_is_served_from_here(named: Doors) -> None:
    page = named.get("/v1/docs")
    assert page.status_code == 200
    assert "//" not in page.text.replace("<!doctype", "")
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    for name in (*swagger.FILES, swagger.START):
        assert f"/v1/docs/{name}" in page.text
        answer = named.get(f"/v1/docs/{name}")
        assert answer.status_code == 200
        again = named.get(f"/v1/docs/{name}", headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
    assert b"SwaggerUIBundle" in named.get("/v1/docs/swagger-ui-bundle.js").content


@pytest.mark.parametrize("name", ["main.py", "__init__.py", "favicon-32x32.png", "..", "%2e%2e"])
def test_nothing_else_of_the_package_is_served(named: Doors, name: str) -> None:
    assert named.get(f"/v1/docs/{name}").status_code == 404
