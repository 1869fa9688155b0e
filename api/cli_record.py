"""Commands that record: lines from a file or a pipe, the history of the PEPs, a made-up chain."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated

import msgspec
import typer

from api import cli_output, made_up_chain, peps, record_lines
from api.record_lines import Recorder, Result
from api.settings import from_environment
from api.settling import settle
from api.signing import log_keys
from api.workplace import opened
from ledger.domain.values import Refused, Source

Chain = Annotated[str, typer.Argument(help="Het kenmerk van de keten.")]
Json = Annotated[bool, typer.Option("--json", help="Antwoord als JSON-regels.")]
KeepGoing = Annotated[bool, typer.Option("--keep-going", help="Ga door na een geweigerde regel.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command("record")(record)
    app.command("import-peps")(import_peps)
    app.command("generate")(generate)


def record(
    chain: Chain,
    file: Annotated[str, typer.Argument(help="Een bestand met JSON-regels, of - voor invoer.")],
    by: Annotated[str, typer.Option(help="Wie handelt, waar een regel dat niet zegt.")] = "",
    source: Annotated[str, typer.Option(help="Overgenomen uit deze bron: een import.")] = "",
    keep_going: KeepGoing = False,
    json: Json = False,
) -> None:
    """Leg gebeurtenissen vast, een per regel; sticht de keten als de eerste regel dat doet."""
    with read_from(file) as stream:
        taken_from = _source(source, file) if source else None
        lines = record_lines.numbered(stream)
        _record(chain, lines, by=by, source=taken_from, keep_going=keep_going, json=json)


def import_peps(
    file: Annotated[Path, typer.Argument(help="python-peps.json.", exists=True, dir_okay=False)],
    chain: Chain,
    json: Json = False,
) -> None:
    """Neem de geschiedenis van de Python enhancement proposals over in een keten."""
    data = file.read_bytes()
    lines = peps.lines_of(data)
    numbered = ((number, msgspec.json.encode(line)) for number, line in enumerate(lines, 1))
    _record(chain, numbered, by="", source=None, keep_going=False, json=json)


def generate(
    events: Annotated[int, typer.Option(help="Hoeveel gebeurtenissen de keten krijgt.")] = 10_000,
    seed: Annotated[int, typer.Option(help="Zelfde getal, zelfde keten.")] = 7,
) -> None:
    """Verzin een keten: regels voor `record`, telkens dezelfde bij hetzelfde getal."""
    out = sys.stdout.buffer
    for act in made_up_chain.acts(events, seed):
        out.write(made_up_chain.line(act) + b"\n")
    out.flush()


@contextmanager
def read_from(file: str) -> Iterator[IO[bytes]]:
    """Open a file of lines, or standard input for `-`."""
    if file == "-":
        yield sys.stdin.buffer
        return
    path = Path(file)
    if not path.is_file():
        raise typer.BadParameter(f"{file} is geen bestand")
    with path.open("rb") as stream:
        yield stream


def _source(name: str, file: str) -> Source:
    """A source is fixed by what was read; a pipe cannot be read twice, so it needs a file."""
    if file == "-":
        raise typer.BadParameter("een import met --source leest uit een bestand, niet uit een pijp")
    digest = hashlib.sha256()
    with Path(file).open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return Source(name=name, sha256=digest.hexdigest(), reference=Path(file).name)


def _record(
    chain: str,
    lines: Iterable[tuple[int, bytes]],
    *,
    by: str,
    source: Source | None,
    keep_going: bool,
    json: bool,
) -> None:
    """Record the lines with a progress bar; say how it went; leave with 1 after a refusal."""
    counts = {"recorded": 0, "repeated": 0, "refused": 0}
    settings = from_environment()
    with opened(settings) as work, cli_output.progress() as bar:
        recorder = Recorder(
            work.ledger,
            chain,
            keys=log_keys(settings),
            by=by,
            source=source,
            keep_going=keep_going,
            demo=settings.development,
        )
        settle()
        task = bar.add_task("vastleggen", total=None)
        for result in recorder.run(lines):
            bar.advance(task)
            counts[_told(result, json=json)] += 1
        size = work.store.size(chain)
    if json:
        cli_output.as_json({"chain": chain, "size": size, **counts})
    else:
        cli_output.say(
            f"Keten {chain} telt {size} gebeurtenissen: {counts['recorded']} regels vastgelegd, "
            f"{counts['repeated']} stonden er al, {counts['refused']} geweigerd."
        )
    if counts["refused"]:
        raise typer.Exit(1)


def _told(result: Result, *, json: bool) -> str:
    outcome = result.outcome
    if isinstance(outcome, Refused):
        cli_output.problem(
            f"Regel {result.number} is geweigerd door regel {outcome.rule}: {outcome.reason}.", 1
        )
        if json:
            said = {"line": result.number, "rule": outcome.rule, "reason": outcome.reason}
            cli_output.as_json(said)
        return "refused"
    if json:
        cli_output.as_json({"line": result.number, "receipt": outcome})
    return "repeated" if outcome.repeated else "recorded"
