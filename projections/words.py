"""Dutch words for what the record says in code: choices, kinds, statuses, days and moments.

A test holds every choice that an event can hold against this list, so none reaches a reader in
English. Moments are told in UTC and say so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from ledger.domain.events.erasures import GROUND_NAMES
from ledger.domain.values import moment

MONTHS: Final = (
    "januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september",
    "oktober", "november", "december",
)  # fmt: skip

WORDS: Final = {
    "abstain": "onthouding",
    "accepted": "aanvaard",
    "added-value": "meerwaarde",
    "adopted": "aangenomen",
    "against": "tegen",
    "agreed": "overeengekomen",
    "all-seats": "alle zetels",
    "all-voted": "als alle zetels hebben gestemd",
    "answered": "beantwoord",
    "archivist": "archivaris",
    "auditor": "auditor",
    "assigned": "uitgezet",
    "at-least": "ten minste",
    "at-most": "ten hoogste",
    "binding": "dwingend",
    "body": "overleg",
    "both": "beide besluiten",
    "build-up": "opbouw",
    "cancelled": "vervallen",
    "cast": "uitgebrachte stemmen",
    "chain": "keten",
    "chain-board": "ketenbestuur",
    "chain-coordinator": "ketenregisseur",
    "chain-manager": "ketenmanager",
    "chain-office": "ketenbureau",
    "chain-team": "ketenteam",
    "chair": "de voorzitter",
    "change-meeting": "ketenwijzigingenoverleg",
    "chosen": "zelf gekozen",
    "closed": "gesloten",
    "completed": "afgerond",
    "confidential": "vertrouwelijk",
    "confirms": "bevestigt",
    "consent": "consent",
    "contributions": "bijdragen",
    "convenant": "convenant",
    "convened": "bijeengeroepen",
    "core-team": "bestuurlijk kernteam",
    "crisis": "crisis",
    "deferred": "aangehouden",
    "delayed": "uitgesteld",
    "delivery-contract": "leveringscontract",
    "demarcation": "afbakening",
    "departs-from": "wijkt af van",
    "ecosystem-manager": "ecosysteemmanager",
    "emergency": "noodgeval",
    "equal": "gelijk",
    "escalation": "escalatie",
    "executed": "uitgevoerd",
    "expired": "verlopen",
    "for": "voor",
    "forwarded": "doorgezet",
    "free": "vrijblijvend",
    "granted": "verleend",
    "held": "gehouden",
    "high": "hoog",
    "imposed": "opgelegd",
    "in-force": "van kracht",
    "lapsed": "vervallen",
    "left": "vertrokken",
    "line-manager": "lijnmanager",
    "line-managers-meeting": "lijnmanagersoverleg",
    "listener": "toehoorder",
    "majority": "meerderheid",
    "mandate": "mandaat",
    "months": "per aantal maanden",
    "never": "nooit",
    "normal": "gewoon",
    "open": "in stemming",
    "opened": "geopend",
    "operational": "operationeel",
    "organisation": "organisatie",
    "other": "overig",
    "outcome-fixed": "als de uitkomst vaststaat",
    "overdue": "over tijd",
    "owner": "eigenaar",
    "participant": "deelnemer",
    "partner": "partner",
    "per-meeting": "per vergadering",
    "person": "persoon",
    "planning": "planning",
    "powers": "bevoegdheden",
    "predecessor": "het vervangen besluit",
    "present": "aanwezige zetels",
    "production-meeting": "ketenproductieoverleg",
    "proposed": "voorgesteld",
    "public": "openbaar",
    "qualified-majority": "gekwalificeerde meerderheid",
    "raised": "opgeschaald",
    "received": "ontvangen",
    "registered": "geregistreerd",
    "rejected": "verworpen",
    "representative": "vertegenwoordiger",
    "requested": "gevraagd",
    "require": "verplicht",
    "resolved": "opgelost",
    "responsibilities": "verantwoordelijkheden",
    "rests-on": "berust op",
    "reviewer": "reviewer",
    "revoked": "ingetrokken",
    "revote": "een nieuwe stemming",
    "role": "rol",
    "seat": "zetel",
    "seats": "zetels",
    "sent-back": "teruggestuurd",
    "service-level": "service level agreement",
    "signalled": "gesignaleerd",
    "signing": "ter ondertekening",
    "stable": "stabiel",
    "steering-group": "stuurgroep",
    "strategic": "strategisch",
    "successor": "het vervangende besluit",
    "superseded": "vervangen",
    "supersedes": "vervangt",
    "tacit": "stilzwijgend",
    "tactical": "tactisch",
    "tasks": "taken",
    "terminated": "beëindigd",
    "tied": "stemmen staken",
    "unanimity": "unanimiteit",
    "under-mandate": "onder mandaat",
    "warn": "waarschuwen",
    "weight": "gewicht",
    "weight-in-favour": "gewicht voor",
    "weighty": "zwaarwegend",
    "withdrawn": "ingetrokken",
    "working-group": "werkgroep",
    **GROUND_NAMES,
}
"""Every choice in an event and every status in a read model, in Dutch."""


def word(choice: str) -> str:
    """Return the Dutch word for a choice; one that is not known stays as it is."""
    return WORDS.get(choice, choice)


def day_in_words(day: str) -> str:
    """Return `2026-11-21` as 21 november 2026."""
    year, month, number = day.split("-")
    return f"{int(number)} {MONTHS[int(month) - 1]} {int(year)}"


def moment_in_words(instant: str) -> str:
    """Return an instant as 21 november 2026 om 20.00 uur (UTC)."""
    at = moment(instant)
    return f"{day_in_words(instant[:10])} om {at.hour}.{at.minute:02} uur (UTC)"


def listed(parts: list[str]) -> str:
    """Return parts as people list them: a, b en c."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} en {parts[-1]}"


THINGS: Final = {
    "action": "Actie",
    "agreement": "Afspraak",
    "assignment": "Rol",
    "authority": "Doorzettingsmacht",
    "body": "Overleg",
    "bottleneck": "Knelpunt",
    "chain": "Keten",
    "decision": "Besluit",
    "decisionRule": "Besluitregel",
    "escalation": "Escalatie",
    "evidenceRequest": "Bewijsvraag",
    "exercise": "Gebruik van doorzettingsmacht",
    "ladder": "Escalatieladder",
    "lesson": "Les",
    "mandate": "Mandaat",
    "meeting": "Vergadering",
    "objective": "Doel",
    "partner": "Partner",
    "person": "Persoon",
    "review": "Toegang",
    "seat": "Zetel",
    "serviceAccount": "Dienstaccount",
    "signatureRule": "Regel over ondertekenen",
    "signingKey": "Sleutel",
    "witnessPolicy": "Getuigenbeleid",
}
"""What people call a thing of each kind, at the beginning of a sentence."""


class Speech(Struct, frozen=True):
    """How sentences are said in one language.

    `template` gives a Dutch template in that language; the others say a choice, a day, a moment,
    and parts in a row.
    """

    template: Callable[[str], str]
    word: Callable[[str], str]
    day: Callable[[str], str]
    moment: Callable[[str], str]
    listed: Callable[[list[str]], str]


def _as_written(template: str) -> str:
    return template


DUTCH: Final = Speech(_as_written, word, day_in_words, moment_in_words, listed)
"""How everything is said unless a reader asks for another language."""
