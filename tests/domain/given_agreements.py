"""The scene of the tests of agreements: a convenant, who has to sign it, and what comes later."""

from __future__ import annotations

from ledger.domain.agreement_state import Agreement
from ledger.domain.events.agreements import (
    AgreementAmended,
    AgreementProposed,
    AgreementSigned,
    AgreementTerminated,
    Indicator,
)
from ledger.domain.events.roles import RoleAssigned
from tests.domain.given import Life, a_chain, people

CONVENANT = AgreementProposed(
    agreement="cv",
    kind="convenant",
    title="Convenant van de keten",
    subjects=("tasks",),
    parties=("uwv", "bd", "cbs"),
    valid_from="2024-01-01",
    valid_until="2025-01-01",
)
ON_TIME = Indicator(name="op-tijd", unit="promille", target=990, direction="at-least")
SERVICE_LEVEL = AgreementProposed(
    agreement="sla",
    kind="service-level",
    title="Levering loongegevens",
    parties=("bd", "uwv"),
    parent="cv",
    provider="bd",
    consumer="uwv",
    indicators=(ON_TIME,),
    valid_from="2024-01-01",
)
DELIVERY = AgreementProposed(
    agreement="lc",
    kind="delivery-contract",
    title="Levering aan een afnemer buiten de keten",
    parties=("cbs",),
    text="Afnemer is de gemeente.",
    valid_from="2024-01-01",
)
NEW_VERSION = AgreementAmended(
    agreement="cv",
    reason="de wet is gewijzigd",
    parties=("bd", "uwv", "cbs"),
    valid_from="2024-06-01",
    valid_until="2026-01-01",
)
ENDED = AgreementTerminated(
    agreement="cv", organisation="bd", valid_until="2024-03-01", reason="overbodig"
)


def signature(organisation: str, *, agreement: str = "cv", version: int = 1) -> AgreementSigned:
    """Return what a party records to sign; the first version of the convenant if not said."""
    return AgreementSigned(agreement=agreement, organisation=organisation, version=version)


def a_proposal() -> Life:
    """Return a chain where the convenant lies before its parties, and people with roles."""
    life = people(a_chain(), "manager", "bureau", "regisseur", "tekenaar", "gast")
    return life.given(
        RoleAssigned(role="chain-manager", person="manager", valid_from="2024-01-01"),
        RoleAssigned(role="chain-office", person="bureau", valid_from="2024-01-01"),
        RoleAssigned(
            role="chain-coordinator",
            person="regisseur",
            organisation="bd",
            valid_from="2024-01-01",
        ),
        CONVENANT,
    )


def in_force() -> Life:
    """Return the same chain once everybody signed the convenant."""
    return a_proposal().given(signature("bd"), signature("cbs"), signature("uwv"))


def agreement(life: Life, name: str = "cv") -> Agreement:
    """Return an agreement as the rules see it."""
    return life.state.agreements.all[name]
