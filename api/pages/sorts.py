"""The sorts of events, as a reader chooses among them: one for each capability of the ledger.

Texts of pages: `locale/en` holds the English of each, and a test that none is missing.
"""

from __future__ import annotations

from typing import Final

from ledger import catalogue

SORTS: Final = (
    ("decisions", "Besluiten"),
    ("agreements", "Afspraken"),
    ("escalations", "Escalaties"),
    ("actions", "Acties"),
    ("meetings", "Vergaderingen"),
    ("bodies", "Overleggen en zetels"),
    ("roles", "Rollen"),
    ("mandates", "Mandaten en doorzettingsmacht"),
    ("decision_rules", "Besluitregels"),
    ("memory", "Ketengeheugen"),
    ("people", "Personen"),
    ("chains", "Keten en partners"),
    ("signing_keys", "Ondertekensleutels"),
    ("evidence", "Bewijs van het log"),
    ("reviews", "Toegang voor reviewers"),
    ("erasures", "Wissen van persoonsgegevens"),
    ("service_accounts", "Dienstaccounts"),
)
"""The capability, and its name in Dutch."""
_NAMES: Final = dict(SORTS)


def sort_of(event_type: str) -> str:
    """Return the name of the sort to which an event type belongs, by its name with its version."""
    return _NAMES[catalogue.find(event_type).capability]
