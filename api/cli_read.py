"""Commands that look: the state of a chain, who held a role, the history of a decision, the audit.

Whoever can run these has the database itself in hand, so they read every scope.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from api import cli_output
from api.identity import EVERYTHING
from api.opening import opener
from api.record_lines import moment
from api.settings import from_environment
from api.workplace import Workplace, opened
from ledger.domain.values import DATE_PATTERN, MAX_INTEGER
from ledger.findings import Findings
from projections import bodies, chains, decision_page, decisions, roles
from projections.rebuild import rebuild as rebuild_models
from projections.views import MAX_LIMIT, Conn, Doc, Page, Paging, View, look
from projections.words import word

Chain = Annotated[str, typer.Argument(help="Het kenmerk van de keten.")]
Json = Annotated[bool, typer.Option("--json", help="Antwoord als JSON.")]
KnownAt = Annotated[
    str, typer.Option(help="Zoals bekend na deze gebeurtenis (nummer) of op dit tijdstip.")
]
ValidOn = Annotated[str, typer.Option(help="Zoals geldig op deze dag, 2024-03-01.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    for name, command in (
        ("show", show),
        ("who", who),
        ("history", history),
        ("rebuild", rebuild),
        ("audit", audit),
    ):
        app.command(name)(command)


@contextmanager
def _looking(
    chain: str, *, known_at: str = "", valid_on: str = ""
) -> Iterator[tuple[Conn, View, Workplace]]:
    """Open the read models, brought up to date, in a view of one chain."""
    with opened(from_environment()) as work:
        work.runner.catch_up(chain)
        with work.reading.connection() as connection:
            view = look(
                connection,
                chain,
                reader=EVERYTHING,
                known_at=_known_at(known_at),
                valid_on=_day(valid_on),
                opener=opener(work.vault),
            )
            yield connection, view, work


def _known_at(text: str) -> int | str | None:
    if text.isascii() and text.isdigit():
        return min(int(text.lstrip("0")[:MAX_DIGITS] or "0"), MAX_INTEGER)
    return moment(text) or None


def _day(text: str) -> str:
    if text and not re.match(DATE_PATTERN, text):
        raise typer.BadParameter(f"{text!r} is geen dag zoals 2024-03-01")
    return text


def show(chain: Chain, known_at: KnownAt = "", valid_on: ValidOn = "", json: Json = False) -> None:
    """Toon een keten: wie er partner is, wie welke rol en zetel heeft, welke besluiten er zijn."""
    with _looking(chain, known_at=known_at, valid_on=valid_on) as (connection, view, _):
        shown: dict[str, Any] = {
            "chain": chains.chain(connection, view),
            "validOn": view.day,
            "knownAt": view.known_at,
            "partners": _all(lambda page: chains.partners(connection, view, page)),
            "bodies": _all(lambda page: bodies.bodies(connection, view, page)),
            "roles": _all(lambda page: roles.roles(connection, view, page)),
            "decisions": _all(lambda page: decisions.decisions(connection, view, page)),
        }
    if json:
        cli_output.as_json(shown)
        return
    cli_output.say(
        f"{shown['chain'].get('name', chain)}: zoals geldig op {view.day}, "
        f"zoals bekend na gebeurtenis {view.known_at}."
    )
    for name, title, columns in SHOWN:
        _table(title, columns, shown[name])


def _table(title: str, columns: dict[str, str], items: list[Doc]) -> None:
    """Print a list with its choices in Dutch."""
    rows = ([_said(one.get(name)) for name in columns] for one in items)
    cli_output.table(title, tuple(columns.values()), rows)


def _said(value: Any) -> Any:
    return word(value) if isinstance(value, str) else value


TERM = {"validFrom": "van", "validUntil": "tot"}
SHOWN: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("partners", "Partners", {"partner": "partner", "name": "naam", "status": "status"}),
    (
        "bodies",
        "Overleggen",
        {"body": "overleg", "name": "naam", "kind": "soort", "level": "niveau"},
    ),
    (
        "roles",
        "Rollen",
        {"role": "rol", "label": "naam", "person": "wie", "organisation": "organisatie", **TERM},
    ),
    (
        "decisions",
        "Besluiten",
        {"decision": "besluit", "status": "status", "subject": "onderwerp", "title": "titel"},
    ),
)
"""What `show` prints of each list: its key, its title, and the Dutch name of each column."""
MAX_DIGITS = 17
"""More digits than the number of any record has."""
MAX_PAGES = 500
"""At most 100,000 things of one kind are shown; more is what the API and its pages are for."""


def _all(page_of: Callable[[Paging], Page]) -> list[Doc]:
    """Collect a list page by page."""
    found: list[Doc] = []
    cursor = ""
    for _ in range(MAX_PAGES):
        page = page_of(Paging(cursor, MAX_LIMIT))
        found += page.items
        cursor = page.next
        if not cursor:
            break
    return found


def who(
    role: Annotated[str, typer.Argument(help="De rol, zoals chain-manager.")],
    chain: Chain,
    on: Annotated[str, typer.Option("--on", help="De dag, 2009-06-01.")],
    organisation: Annotated[str, typer.Option(help="Alleen bij deze organisatie.")] = "",
    known_at: KnownAt = "",
    json: Json = False,
) -> None:
    """Wie had een rol op een dag, en op grond waarvan?"""
    with _looking(chain, known_at=known_at, valid_on=on) as (connection, view, _):
        held = _all(
            lambda page: roles.roles(connection, view, page, role=role, organisation=organisation)
        )
    if json:
        cli_output.as_json({"role": role, "validOn": on, "items": held})
        return
    if not held:
        cli_output.say(f"Niemand had op {on} de rol {role}.")
        return
    columns = {
        "person": "wie",
        "organisation": "organisatie",
        **TERM,
        "positions": "gebeurtenissen",
    }
    _table(f"{word(role)} op {on}", columns, held)


def history(
    chain: Chain,
    decision: Annotated[str, typer.Argument(help="Het kenmerk van het besluit.")],
    known_at: KnownAt = "",
    valid_on: ValidOn = "",
    json: Json = False,
) -> None:
    """De hele geschiedenis van een besluit, gebeurtenis voor gebeurtenis."""
    with _looking(chain, known_at=known_at, valid_on=valid_on) as (connection, view, _):
        found = decision_page.decision(connection, view, decision)
    if json:
        cli_output.as_json(found)
        return
    cli_output.say(
        f"{found['decision']}: {found.get('title', '')} ({word(found.get('status', ''))})"
    )
    rows = [(one["position"], one["on"][:10], one["sentence"]) for one in found["history"]]
    cli_output.table("Geschiedenis", ("gebeurtenis", "op", "wat"), rows)


def rebuild(
    name: Annotated[str | None, typer.Argument(help="Eén leesmodel; zonder naam alle.")] = None,
    json: Json = False,
) -> None:
    """Bouw leesmodellen opnieuw uit de gebeurtenissen; lezers merken er niets van."""
    with opened(from_environment()) as work:
        built = rebuild_models(work.conninfo, name)
    if json:
        cli_output.as_json({"rebuilt": built})
    else:
        cli_output.say(f"Opnieuw gebouwd: {', '.join(built)}.")


def audit(chain: Chain, json: Json = False) -> None:
    """Speel het register na langs alle regels; sluit af met 2 als er iets niet klopt."""
    with opened(from_environment()) as work:
        findings = work.ledger.audit(chain)
    if json:
        cli_output.as_json(findings)
    else:
        _tell(findings)
    if not findings.sound:
        raise typer.Exit(2)


def _tell(findings: Findings) -> None:
    if findings.sound:
        cli_output.say(
            f"Keten {findings.chain}: {findings.records} gebeurtenissen nagespeeld, "
            "alle volgens de regels."
        )
        return
    rows = [(one.position, one.kind, one.rule, one.sentence) for one in findings.breaks]
    cli_output.table("Afwijkingen", ("gebeurtenis", "soort", "regel", "wat er niet klopt"), rows)
    unfinished = "" if findings.complete else " De controle is daarna gestopt."
    cli_output.say(
        f"Keten {findings.chain}: {len(findings.breaks)} afwijkingen; de eerste "
        f"{findings.clean} gebeurtenissen kloppen.{unfinished}"
    )
