"""Redaction: what a bundle leaves out by choice, each with its ground, and proves all the same.

    42=5.1.2e          record 42 is not shown: only its hash stands in the bundle
    42/name=5.1.2e     of record 42 what is sealed under `name` stays closed
    42/options/0/text=5.2    a sealed text further down, by the path to it
    name=5.1.2e        the same of every record

The grounds are those of the Dutch law on openness (Wet open overheid, chapter 5). A record that is
left out may be spoken of in another: no sentence of a redacted bundle takes a name or title from
elsewhere in the record, but the text of a record that is shown is shown whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from msgspec import Struct

from ledger.domain.values import MAX_INTEGER, require

MAX_WITHHELD: Final = 1000
WOO_GROUNDS: Final[dict[str, str]] = {
    "5.1.1a": "de eenheid van de Kroon (Woo, artikel 5.1 lid 1 onder a)",
    "5.1.1b": "de veiligheid van de Staat (Woo, artikel 5.1 lid 1 onder b)",
    "5.1.1c": "vertrouwelijk verstrekte bedrijfsgegevens (Woo, artikel 5.1 lid 1 onder c)",
    "5.1.1d": "bijzondere persoonsgegevens (Woo, artikel 5.1 lid 1 onder d)",
    "5.1.1e": "nummers die personen identificeren (Woo, artikel 5.1 lid 1 onder e)",
    "5.1.2a": "internationale betrekkingen (Woo, artikel 5.1 lid 2 onder a)",
    "5.1.2b": "economische of financiële belangen (Woo, artikel 5.1 lid 2 onder b)",
    "5.1.2c": "opsporing en vervolging (Woo, artikel 5.1 lid 2 onder c)",
    "5.1.2d": "inspectie, controle en toezicht (Woo, artikel 5.1 lid 2 onder d)",
    "5.1.2e": "de persoonlijke levenssfeer (Woo, artikel 5.1 lid 2 onder e)",
    "5.1.2f": "concurrentiegevoelige gegevens (Woo, artikel 5.1 lid 2 onder f)",
    "5.1.2g": "de bescherming van het milieu (Woo, artikel 5.1 lid 2 onder g)",
    "5.1.2h": "de beveiliging van personen en bedrijven (Woo, artikel 5.1 lid 2 onder h)",
    "5.1.2i": "het goed functioneren van bestuursorganen (Woo, artikel 5.1 lid 2 onder i)",
    "5.1.5": "onevenredige benadeling (Woo, artikel 5.1 lid 5)",
    "5.2": "persoonlijke beleidsopvattingen (Woo, artikel 5.2)",
}
"""On what ground something may be left out of what is published, and how people say it."""

_FORM: Final = re.compile(
    r"(?:(?P<position>\d{1,16})|(?:(?P<at>\d{1,16})/)?(?P<field>[A-Za-z][A-Za-z0-9/]{0,199}))=(?P<ground>.+)"
)


class Redaction(Struct, frozen=True):
    """What is left out: records by position, and sealed fields of one record or (None) of all."""

    records: dict[int, str] = {}
    fields: dict[tuple[int | None, str], str] = {}

    def __bool__(self) -> bool:
        return bool(self.records or self.fields)

    def ground(self, position: int, field: str) -> str:
        """Return on what ground a sealed field of a record stays closed; empty if it may open."""
        return self.fields.get((position, field)) or self.fields.get((None, field), "")

    def listed(self, closed: Iterable[tuple[int, str]]) -> list[dict[str, Any]]:
        """Return what was left out and why, by position; `closed` are the fields that stayed so."""
        records = [{"position": at, "ground": ground} for at, ground in self.records.items()]
        fields = [
            {"position": at, "field": field, "ground": self.ground(at, field)}
            for at, field in closed
        ]
        return sorted([*records, *fields], key=lambda one: (one["position"], one.get("field", "")))


def read(asked: Iterable[str]) -> Redaction:
    """Return what these texts leave out. Raises Refused (G13) for one that is not understood."""
    records: dict[int, str] = {}
    fields: dict[tuple[int | None, str], str] = {}
    for number, text in enumerate(asked, 1):
        require(number <= MAX_WITHHELD, "G13", f"meer dan {MAX_WITHHELD} weglatingen")
        found = _FORM.fullmatch(text)
        grounds = ", ".join(WOO_GROUNDS)
        expected = f"verwacht NUMMER=GROND, NUMMER/VELD=GROND of VELD=GROND; gronden: {grounds}"
        known = found is not None and found["ground"] in WOO_GROUNDS
        require(known, "G13", f"weglating {text[:80]!r}; {expected}")
        if found is None:
            continue
        at = found["position"] or found["at"]
        require(int(at or 0) <= MAX_INTEGER, "G13", f"weglating {text[:80]!r}; {expected}")
        if found["field"]:
            fields[int(at) if at else None, found["field"]] = found["ground"]
        else:
            records[int(at)] = found["ground"]
    return Redaction(records, fields)
