"""Commands to sign acts with a key of one's own, at the desk of whoever signs.

    ketenledger sign key FILE                  make a key, for its owner alone
    ketenledger sign show FILE                 its public half, to register
    ketenledger sign act CHAIN FILE --key …    sign lines; print them, or send them to a server

Nothing here opens a database, and the private half never leaves its file.
"""

from __future__ import annotations

import json as json_library
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

import typer

from api import cli_output, record_lines, signed_lines
from api.cli_record import read_from
from api.parameters import as_slug
from api.signed_lines import Signer
from ledger import signatures
from ledger.domain.values import Refused
from ledger.log.asking import why

SEND_SECONDS: Final = 60.0
MAX_ANSWER_BYTES: Final = 1 << 20

Json = Annotated[bool, typer.Option("--json", help="Antwoord als JSON.")]
KeyFile = Annotated[Path, typer.Argument(help="Het bestand met de sleutel.", dir_okay=False)]

sign_app = typer.Typer(help="Teken handelingen met een eigen sleutel.")


class _NoRedirects(HTTPRedirectHandler):
    """What is in the header fields is for the server that was named, and for nobody else."""

    def redirect_request(self, *_: Any) -> None:
        return None


ASKING: Final = build_opener(_NoRedirects)


class ServerUnavailable(Exception):
    """A server did not answer, or not as one of ours: whether it recorded the act is unknown."""


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(sign_app, name="sign", no_args_is_help=True)


@sign_app.command()
def key(file: KeyFile, json: Json = False) -> None:
    """Maak een sleutel in een nieuw bestand, leesbaar voor de eigenaar alleen."""
    _tell(file, signatures.public_text(signed_lines.make_key(file)), json=json)


@sign_app.command()
def show(file: KeyFile, json: Json = False) -> None:
    """Toon de publieke helft van een sleutel; er is niets geheims bij."""
    _tell(file, signatures.public_text(signed_lines.read_key(file)), json=json)


@sign_app.command()
def act(
    chain: Annotated[str, typer.Argument(help="Het kenmerk van de keten.")],
    file: Annotated[str, typer.Argument(help="Een bestand met JSON-regels, of - voor invoer.")],
    key: Annotated[Path, typer.Option(help="Het bestand met de sleutel.", dir_okay=False)],
    key_id: Annotated[str, typer.Option(help="Het kenmerk waaronder hij is geregistreerd.")],
    by: Annotated[str, typer.Option(help="Wie handelt, waar een regel dat niet zegt.")] = "",
    send: Annotated[str, typer.Option(help="Het adres van een server om naartoe te sturen.")] = "",
    header: Annotated[list[str] | None, typer.Option(help="Kopveld bij het sturen.")] = None,
    json: Json = False,
) -> None:
    """Teken regels zoals `record` ze leest; druk ze af, of stuur ze naar een server."""
    if send and not _is_address(send):
        raise typer.BadParameter(f"{send[:80]!r} is geen adres dat met http:// of https:// begint")
    signer = Signer(_slug(chain), _slug(key_id), signed_lines.read_key(key))
    fields = dict(_header_field(one) for one in header or ())
    with read_from(file) as stream:
        for number, text in record_lines.numbered(stream):
            line = signed_lines.signed(record_lines.read(text, number=number), signer, by=by)
            if not send:
                cli_output.as_json(line)
                continue
            _say_sent(number, _sent(send, signer.chain, line, fields), json=json)


def _tell(file: Path, public: str, *, json: bool) -> None:
    if json:
        cli_output.as_json({"file": str(file), "publicKey": public})
        return
    cli_output.say(f"De privésleutel staat in {file}; geef hem aan niemand en bewaar een kopie.")
    cli_output.say(f"Publieke sleutel: {public}")


def _say_sent(number: int, receipt: dict[str, Any], *, json: bool) -> None:
    if json:
        cli_output.as_json({"line": number, "receipt": receipt})
        return
    cli_output.say(f"Regel {number} is vastgelegd als gebeurtenis {receipt['position']}.")


def _sent(address: str, chain: str, line: dict[str, Any], fields: dict[str, str]) -> dict[str, Any]:
    """Have a server record a signed line; Refused in the server's words where it says no."""
    asked = {"on": line["on"], "by": line["by"], "scope": line.get("scope")}
    query = urlencode({name: said for name, said in asked.items() if said})
    request = Request(  # noqa: S310 - `act` lets http and https through and nothing else
        f"{address.rstrip('/')}/v1/chains/{quote(chain)}/records?{query}",
        data=json_library.dumps(line["body"]).encode(),
        headers={
            **fields,
            "Content-Type": "application/json",
            "Idempotency-Key": line["act"],
            "Act-Signature": f"{line['signature']['key']} {line['signature']['value']}",
        },
        method="POST",
    )
    try:
        with ASKING.open(request, timeout=SEND_SECONDS) as answer:
            receipt = _read_object(answer.read(MAX_ANSWER_BYTES))
    except HTTPError as error:
        told = _read_object(error.read(MAX_ANSWER_BYTES))
        if "title" not in told:
            raise ServerUnavailable(f"{address} antwoordt met {error.code}.") from error
        reason = str(told.get("detail", told.get("title", error.reason))).rstrip(".")
        raise Refused(str(told.get("rule", error.code)), reason) from error
    except OSError as error:
        cause = error.reason if isinstance(error, URLError) else error
        found = why(cause if isinstance(cause, Exception) else error)
        raise ServerUnavailable(f"{address} antwoordt niet: {found}.") from error
    if "position" not in receipt:
        raise ServerUnavailable(f"{address} geeft geen ontvangstbewijs.")
    return receipt


def _read_object(data: bytes) -> dict[str, Any]:
    try:
        told = json_library.loads(data)
    except ValueError:
        told = {}
    return told if isinstance(told, dict) else {}


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _header_field(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip() or not (text.isascii() and text.isprintable()):
        raise typer.BadParameter(f"{text[:80]!r} is geen kopveld van de vorm 'Naam: waarde'")
    return name.strip(), value.strip()


def _slug(given: str) -> str:
    try:
        return as_slug(given)
    except ValueError as error:
        raise typer.BadParameter(f"{given[:80]!r} {error}") from error
