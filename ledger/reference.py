"""The reference pages, made from the code itself: every event type and every rule.

`docs/events.md` and `docs/rules.md` are these pages; a test fails when they are out of date.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import msgspec

from ledger import catalogue, policy
from ledger.domain.chain import CAPABILITIES
from ledger.domain.rule import Rule
from ledger.domain.values import Event
from ledger.recording import GENERAL_RULES

TITLES = {
    "chains": "Keten en partners",
    "people": "Personen",
    "bodies": "Overleggen en zetels",
    "roles": "Rollen",
    "mandates": "Mandaten en doorzettingsmacht",
    "decision_rules": "Besluitregels",
    "meetings": "Vergaderingen",
    "decisions": "Besluiten",
    "agreements": "Afspraken",
    "escalations": "Escalaties",
    "actions": "Acties",
    "memory": "Ketengeheugen",
    "evidence": "Bewijs",
    "signing_keys": "Sleutels en handtekeningen",
    "reviews": "Toegang voor reviewers",
    "erasures": "Wissen van persoonsgegevens",
    "service_accounts": "Dienstaccounts",
}
"""The Dutch name of each capability, in the order of the chapters."""


def events_page() -> str:
    """Return docs/events.md: what can be recorded, by whom, with which fields."""
    head = (
        "# Events\n\n"
        "Made by `make docs` from the definitions in `ledger/domain/events`. A record's body is\n"
        "one of these; `type` is the name with its version. Fields without a default are\n"
        "required; a field that is left out means its default. A consequence is recorded by the\n"
        "rules alone.\n"
    )
    return head + "".join(
        f"\n## {title}\n" + "".join(_event(one) for one in _types(capability))
        for capability, title in TITLES.items()
    )


def _types(capability: str) -> Iterator[catalogue.Type]:
    return (one for one in catalogue.TYPES.values() if one.capability == capability)


def _event(one: catalogue.Type) -> str:
    who = ", ".join(f"`{name}`" for name in one.kind.WHO)
    recorded = "a consequence of the rules" if one.by_rules else f"recorded by {who}"
    described = inspect.cleandoc(one.kind.__doc__ or "")
    return (
        f"\n### {one.name}\n\n{described}\n\n"
        f"*{one.kind.SENTENCE}*\n\nScope `{one.kind.SCOPE}`; {recorded}.\n\n" + _fields(one.kind)
    )


def _fields(kind: type[Event]) -> str:
    rows = "".join(
        f"| `{field.encode_name}` | {_kind_of(schema)} | {_default(field)} |\n"
        for field, schema in _described(kind)
    )
    return f"| field | what it holds | default |\n|---|---|---|\n{rows}" if rows else ""


def _described(kind: type[Event]) -> Iterator[tuple[Any, dict[str, Any]]]:
    schema = msgspec.json.schema(kind)
    own = schema["$defs"][kind.__name__]["properties"]
    return ((field, own[field.encode_name]) for field in msgspec.structs.fields(kind))


def _kind_of(schema: dict[str, Any]) -> str:
    if schema.get("x-sealed"):
        return "sealed value"
    if schema.get("x-free-text"):
        return "free text"
    if "$ref" in schema:
        return f"{schema['$ref'].rpartition('/')[2]}"
    if "enum" in schema:
        return "one of " + ", ".join(f"`{value}`" for value in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_kind_of(one) for one in schema["anyOf"]))
    if schema.get("type") == "array":
        return f"list of {_kind_of(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type", "value"))


def _default(field: Any) -> str:
    if field.required:
        return "required"
    if field.default is msgspec.NODEFAULT:
        return "empty"
    return f"`{msgspec.json.encode(field.default).decode()}`"


def rules_page() -> str:
    """Return docs/rules.md: every numbered rule, where it comes from, and who may record."""
    head = (
        "# Regels\n\n"
        "Gemaakt met `make docs` uit de code. Een weigering noemt het nummer. `[S] K:…` is een\n"
        "regel van het dossier Ketens de Baas; `default` is een keuze van dit register die een\n"
        "keten zelf kan vervangen. Elke regel heeft een toets onder `tests/domain`.\n"
    )
    chapters = [("Algemeen", GENERAL_RULES)]
    chapters += [(title, CAPABILITIES[name][1].RULES) for name, title in TITLES.items()]
    return head + "".join(_chapter(title, rules) for title, rules in chapters) + _capacities()


def _chapter(title: str, rules: tuple[Rule, ...]) -> str:
    rows = "".join(f"| {one.number} | {one.sentence} | {one.source} |\n" for one in rules)
    return f"\n## {title}\n\n| nr | regel | bron |\n|---|---|---|\n{rows}"


def _capacities() -> str:
    rows = "".join(f"| `{name}` | {said} |\n" for name, (said, _) in policy.FINDERS.items())
    return (
        "\n## Hoedanigheden\n\n"
        "Wie een gebeurtenis vastlegt, heeft op die datum een van deze hoedanigheden.\n\n"
        f"| naam | vereist |\n|---|---|\n{rows}"
    )
