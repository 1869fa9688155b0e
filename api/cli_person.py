"""Commands about one person: what is held on them, and erasing it.

    ketenledger person report CHAIN PERSON
    ketenledger person erase CHAIN PERSON --organisation bd --ground objection --by office

Whoever can run these has the database in hand. What is erased is recorded, by the rules that count
for everybody: `--by` has to speak for the partner that decides, or work at the chain office.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from api import cli_output, held_data
from api.opening import opener
from api.settings import from_environment
from api.workplace import Workplace, opened
from ledger import catalogue
from ledger.domain.events.erasures import GROUND_NAMES
from ledger.domain.values import NotFound
from ledger.held import held_on
from ledger.recording import Act
from projections.scopes import RANKS, of_scopes
from projections.views import Doc, look
from projections.words import moment_in_words, word

Chain = Annotated[str, typer.Argument(help="Het kenmerk van de keten.")]
Person = Annotated[str, typer.Argument(help="Het pseudoniem van de persoon.")]
Json = Annotated[bool, typer.Option("--json", help="Antwoord als JSON.")]
STATUSES: Final = {"readable": "te lezen", "lost": "niet te lezen"}

person_app = typer.Typer(
    name="person", help="Wat er over een persoon wordt bewaard.", no_args_is_help=True
)


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(person_app)


@person_app.command()
def report(chain: Chain, person: Person, json: Json = False) -> None:
    """Geef alles wat er over een persoon wordt bewaard (inzage, AVG artikel 15)."""
    with opened(from_environment()) as work:
        found = _report(work, chain, person)
    if json:
        cli_output.as_json(found)
        return
    rows = [
        (one["field"], one.get("value") or _status(one), one["position"], one["digest"])
        for one in found["values"]
    ]
    columns = ("veld", "waarde", "gebeurtenis", "digest")
    cli_output.table(f"Verzegelde gegevens van {person}", columns, rows)
    if found["spelledOutIn"]:
        cli_output.say(
            "Zo'n waarde staat ook voluit in de tekst van gebeurtenis "
            f"{', '.join(map(str, found['spelledOutIn']))}; die tekst verandert niet meer."
        )
    done = ((one["position"], one["on"][:10], one["sentence"]) for one in found["records"])
    cli_output.table("Vastleggingen", ("gebeurtenis", "op", "wat"), done)
    _tell_bundles(found["handedOut"])
    _tell_reads(found["reads"])
    for sentence in found["elsewhere"]:
        cli_output.say(sentence)


@person_app.command()
def erase(
    chain: Chain,
    person: Person,
    organisation: Annotated[str, typer.Option(help="De partner die tot het wissen besloot.")],
    ground: Annotated[str, typer.Option(help=f"De grond: {', '.join(GROUND_NAMES)}.")],
    by: Annotated[str, typer.Option(help="Wie dit vastlegt.")],
    field: Annotated[
        list[str] | None,
        typer.Option(help="Alleen dit veld, zoals contact; zonder: naam, bereikbaarheid en zo."),
    ] = None,
    event: Annotated[
        list[int] | None,
        typer.Option(help="Alleen wat in deze gebeurtenis is verzegeld, ook vrije tekst."),
    ] = None,
    json: Json = False,
) -> None:
    """Wis verzegelde gegevens van een persoon, met de grond in het register."""
    with opened(from_environment()) as work:
        digests = _left(work, chain, person, field or [], event or [])
        given = {"organisation": organisation, "person": person, "ground": ground}
        body = {"type": "PersonalDataErased", **given, "digests": digests}
        receipt = work.ledger.submit(chain, Act(event=catalogue.read_body(body), by=by))
        state = work.ledger.state(chain)
        told = held_data.erasures(state, held_on(work.store, work.vault, state, person))
    own = next((one for one in told["items"] if one.get("position") == receipt.position), None)
    if json:
        cli_output.as_json({"position": receipt.position, "erased": own, **told})
        return
    cli_output.say(f"{len(digests)} waarden van {person} gewist, gebeurtenis {receipt.position}.")
    if own is None:
        cli_output.say("Het vernietigen lukte nog niet; de server doet dat alsnog.")
    _tell_bundles(own["handedOut"] if own else [])


def _left(
    work: Workplace, chain: str, person: str, fields: list[str], events: list[int]
) -> list[str]:
    """Return the digests of somebody that are not erased yet, of these fields in these events.

    With neither it is all details of themselves, and not what they wrote in confidence.
    """
    held = held_on(work.store, work.vault, work.ledger.state(chain), person)
    digests = [
        one.digest
        for one in held.values
        if one.status != "erased"
        and (one.field in fields or not fields)
        and (one.position in events or not events)
        and (fields or events or not one.own_words)
    ]
    if not digests:
        raise NotFound(f"Van {person} is in keten {chain} niets meer om te wissen.")
    return digests


def _report(work: Workplace, chain: str, person: str) -> Doc:
    work.runner.catch_up(chain)
    state = work.ledger.state(chain)
    if person not in state.people.registered:
        raise NotFound(f"{person} is in keten {chain} niet geregistreerd.")
    with work.reading.connection() as lent:
        view = look(lent, chain, reader=of_scopes(frozenset(RANKS)), opener=opener(work.vault))
        return held_data.report(work.store, work.vault, state, lent, view, person, to="")


def _status(one: Doc) -> str:
    gone: dict[str, Any] = one.get("erased", {})
    return f"gewist op grond van: {word(gone['ground'])}" if gone else STATUSES[one["status"]]


def _tell_reads(reads: list[Doc]) -> None:
    """Say who read what is confidential about somebody, and what they read themselves."""
    rows = [(moment_in_words(one["at"]), one["reader"], one["path"]) for one in reads]
    if rows:
        cli_output.table("Inzage over of door deze persoon", ("op", "door", "waarvan"), rows)
    else:
        cli_output.say("Het log van inzage noemt deze persoon niet.")


def _tell_bundles(bundles: list[Doc]) -> None:
    """Name who took a bundle that opened one of these values."""
    if not bundles:
        cli_output.say("Geen meegegeven bundel opende deze waarden.")
        return
    rows = [
        (moment_in_words(one["at"]), one["takenBy"] or "onbekend", one["selection"])
        for one in bundles
    ]
    cli_output.table("Meegegeven in bundels: licht hen in", ("op", "aan", "wat"), rows)
