"""The command that checks a chain as it is stored: `ketenledger verify CHAIN`.

    exit 0   whole, measured by signatures or by what was kept
    exit 2   a break, which is named
    exit 3   nothing wrong, but nothing to measure it by; or what was kept cannot be read

What it finds is kept, and told by the server at `/v1/chains/{chain}/integrity`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from api import cli_output
from api.anchors import trusted_stamps
from api.checks import Checker, in_words
from api.settings import from_environment
from api.signing import log_keys
from api.workplace import opened
from ledger import catalogue
from ledger.domain.events.chains import ChainEstablished
from ledger.faults import FAULTS
from ledger.log.check_results import Checked
from ledger.log.checkpoint import BadCheckpoint, Head, read_text
from ledger.log.fsck import Kept
from ledger.log.note import MAX_NOTE_BYTES, BadNote, open_note, read_note
from ledger.log.note_keys import BadKey, Verifier, read_verifier
from ledger.log.remote import AddressRefused, LogUnreachable, LogWrong, open_log
from ledger.log.store import Store

EXITS: Final = {"whole": 0, "broken": 2, "unknown": 3}


class NotUsable(Exception):
    """What was kept cannot be read, or is of another log: nothing follows from it."""


def add_to(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command("verify")(verify)


def verify(
    chain: Annotated[str, typer.Argument(help="Het kenmerk van de keten.")],
    against: Annotated[
        str,
        typer.Option(
            help="Een bewaard controlepunt (bestand), of het adres of de map van een afschrift."
        ),
    ] = "",
    key: Annotated[
        list[str] | None,
        typer.Option(help="Een sleutel van het log zoals u die kent; zonder: die van hier."),
    ] = None,
    rules: Annotated[
        bool, typer.Option("--rules/--no-rules", help="Ook de regels naspelen.")
    ] = True,
    models: Annotated[
        bool, typer.Option("--models", help="Ook de inhoud van de leesmodellen vergelijken.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Antwoord als JSON.")] = False,
) -> None:
    """Controleer een keten zoals zij is opgeslagen: elke byte, tegel en handtekening opnieuw."""
    settings = from_environment()
    keys = _trusted(key or [])
    with opened(settings) as work:
        checker = Checker(
            work.duties.keeping,
            work.store,
            work.vault,
            log_keys(settings),
            trusted_stamps(settings),
        )
        kept = (_kept(against, keys or checker.known_keys(chain)),) if against else ()
        checked = checker.check(
            chain, rules=rules, models=models, keys=keys, kept=kept, against=against
        )
        demo = _is_demo(work.store, chain)
    _tell(checked, json=json)
    if demo and not json:
        cli_output.say(
            "DEMO: opgericht in ontwikkelmodus; wie hier handelde en hoe laat, is niet nagegaan."
        )
    if EXITS[checked.outcome]:
        raise typer.Exit(EXITS[checked.outcome])


def _is_demo(store: Store, chain: str) -> bool:
    """Tell what the founding says, where it can be read: a broken chain has no state to ask."""
    first = store.read(chain, start=0, limit=1)
    try:
        event = catalogue.decode(first[0].data).body if first else None
    except FAULTS:
        return False
    return isinstance(event, ChainEstablished) and event.demo


def _tell(checked: Checked, *, json: bool) -> None:
    if json:
        cli_output.as_json(checked)
        return
    cli_output.say(f"Keten {checked.chain}")
    for sentence in in_words(checked):
        cli_output.say(sentence)
    if checked.breaks:
        rows = [(one.kind, one.at, one.count, one.sentence) for one in checked.breaks]
        cli_output.table("Breuken", ("soort", "waar", "aantal", "de eerste"), rows)


def _trusted(given: list[str]) -> tuple[Verifier, ...]:
    """Return the keys that were given, which are of one log."""
    try:
        keys = tuple(read_verifier(one) for one in given)
    except BadKey as error:
        raise typer.BadParameter(str(error)) from error
    if len({one.name for one in keys}) > 1:
        raise typer.BadParameter("De sleutels zijn niet van één log.")
    return keys


def _kept(against: str, keys: tuple[Verifier, ...]) -> Kept:
    """Return the head that was kept, signed by the log as far as can be told.

    Read before the record is: a copy that goes on growing is then never ahead of what it copies.
    """
    data = _read(against)
    try:
        head = read_text(read_note(data).text)
    except (BadNote, BadCheckpoint) as error:
        raise NotUsable(f"{against} is geen controlepunt. {error}") from error
    _require_signed(data, against, head, keys)
    return Kept("against", f"het controlepunt van {against}", head.size, head.root)


def _require_signed(data: bytes, against: str, head: Head, keys: tuple[Verifier, ...]) -> None:
    """Refuse what no key of the log signed: it would prove nothing, whatever it says."""
    if keys and head.origin != keys[0].name:
        raise NotUsable(f"{against} is van een ander log: {head.origin[:200]}.")
    try:
        open_note(data, keys)
    except BadNote as error:
        raise NotUsable(
            f"{against} is niet getekend met een bekende sleutel van dit log. Is de sleutel hier "
            f"vervangen, geef dan met --key de sleutel die u kent. {error}"
        ) from error


def _read(against: str) -> bytes:
    if "://" in against or Path(against).is_dir():
        try:
            return open_log(against).checkpoint()
        except AddressRefused as error:
            raise typer.BadParameter(str(error)) from error
        except (LogUnreachable, LogWrong) as error:
            raise NotUsable(str(error)) from error
    try:
        with Path(against).open("rb") as file:
            return file.read(MAX_NOTE_BYTES)
    except OSError as error:
        raise NotUsable(f"{against} is niet te lezen: {error.strerror}.") from error
