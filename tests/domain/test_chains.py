"""Chains and partners: founded together, left in order, steered by joint objectives (C1 to C15)."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from ledger.domain.chain import ChainState, check
from ledger.domain.chains import eleven_test
from ledger.domain.events.actions import ActionAssigned, ActionCompleted
from ledger.domain.events.bodies import BodyEstablished, SeatAbolished, SeatAssigned, SeatCreated
from ledger.domain.events.chains import (
    ChainConditionDeclared,
    ChainDissolved,
    ChainEstablished,
    ContributionCommitted,
    DrivingProblemRecorded,
    FoundingPartner,
    GovernanceModelAdopted,
    Identifiers,
    ObjectiveAdopted,
    ObjectiveRevised,
    PartnerAdmitted,
    PartnershipEnded,
    PartnerStatusChanged,
    PartnerWithdrew,
)
from ledger.domain.events.decision_rules import DecisionRuleAdopted
from ledger.domain.events.people import PersonRegistered
from ledger.domain.events.roles import RoleAssigned, RoleEnded
from ledger.domain.values import Document, Refused
from tests.domain.given import IMPORTER, PARTNERS, SOURCE, Life, a_chain, founding, people

GOOD_RSIN = "123456782"
CONSENT = Document(title="Toetredingsbrief", sha256="a" * 64)
UNFOUNDED = Life(ChainState(name="testketen"))


def admitted(organisation: str = "svb", **changes: object) -> PartnerAdmitted:
    event = PartnerAdmitted(
        organisation=organisation,
        name=organisation.upper(),
        status="partner",
        representative=f"p-{organisation}",
        consent=CONSENT,
        effective_on="2024-03-01",
    )
    return replace(event, **changes)


def withdrew(organisation: str, effective_on: str = "2024-06-01") -> PartnerWithdrew:
    return PartnerWithdrew(
        organisation=organisation, notice="Per brief.", effective_on=effective_on
    )


def objective(name: str = "", *, supported_by: tuple[str, ...] = PARTNERS) -> ObjectiveAdopted:
    return ObjectiveAdopted(objective=name, text="Minder fouten.", supported_by=supported_by)


def revised(supersedes: str, name: str = "") -> ObjectiveRevised:
    return ObjectiveRevised(
        objective=name, supersedes=supersedes, text="Nog minder.", supported_by=PARTNERS
    )


# Founding


def test_a_chain_is_founded_by_two_with_a_steering_group_and_a_rule() -> None:
    per_partner = (PartnerAdmitted, PersonRegistered, RoleAssigned)
    per_seat = (SeatCreated, SeatAssigned)
    UNFOUNDED.record(founding("bd", "uwv"), by="p-bd").gives(
        PersonRegistered,
        *per_partner,
        *per_partner,
        BodyEstablished,
        *per_seat,
        *per_seat,
        DecisionRuleAdopted,
        ObjectiveAdopted,
    )


def test_one_organisation_is_not_a_chain() -> None:
    UNFOUNDED.record(founding("bd"), by="p-bd").refused("C1")


def test_a_founder_is_named_once() -> None:
    UNFOUNDED.record(founding("bd", "uwv", "bd"), by="p-bd").refused("C3")


def test_a_chain_is_founded_once() -> None:
    a_chain().record(founding("x", "y"), by=IMPORTER, source=SOURCE).refused("C5")


def test_only_who_speaks_for_a_founder_or_may_import_founds_the_chain() -> None:
    UNFOUNDED.record(founding("bd", "uwv"), by="stranger").refused("C15")
    UNFOUNDED.record(founding("bd", "uwv"), by="stranger", source=SOURCE).refused("C15")
    assert UNFOUNDED.done(founding("bd", "uwv"), by="p-uwv").state.size > 0
    assert UNFOUNDED.done(founding("bd", "uwv"), by=IMPORTER).state.size > 0


def test_an_imposed_chain_names_its_law() -> None:
    imposed = replace(founding("bd", "uwv"), origin="imposed")
    UNFOUNDED.record(imposed, by="p-bd").refused("C12")
    lawful = replace(imposed, legal_basis="Wet SUWI, artikel 62")
    assert UNFOUNDED.done(lawful, by="p-bd").state.chains.founded == 0


def test_somebody_who_speaks_for_two_founders_is_registered_once() -> None:
    partners = tuple(
        FoundingPartner(organisation=name, name=name, status="owner", representative="p-both")
        for name in ("bd", "uwv")
    )
    event = replace(founding("bd", "uwv"), partners=partners, import_authority="")
    result = UNFOUNDED.record(event, by="p-both")
    assert sum(type(one) is PersonRegistered for one in result.events) == 1


@pytest.mark.parametrize(
    ("rsin", "passes"),
    [(GOOD_RSIN, True), ("123456783", False), ("000000000", False), ("123456728", False)],
)
def test_the_eleven_test_tells_a_typing_error(rsin: str, passes: bool) -> None:
    assert eleven_test(rsin) is passes


def with_rsin(event: ChainEstablished, rsin: str) -> ChainEstablished:
    first, *others = event.partners
    first = replace(first, identifiers=Identifiers(rsin=rsin))
    return replace(event, partners=(first, *others))


def test_a_partner_has_a_possible_rsin() -> None:
    event = founding("bd", "uwv")
    UNFOUNDED.record(with_rsin(event, "123456783"), by="p-bd").refused("C2")
    UNFOUNDED.done(with_rsin(event, GOOD_RSIN), by="p-bd")
    wrong = admitted(identifiers=Identifiers(rsin="123456783"))
    a_chain().record(wrong, by=IMPORTER, source=SOURCE).refused("C2")


# The governance model


def test_only_what_needs_a_decision_can_be_made_direct() -> None:
    UNFOUNDED.record(founding("bd", "uwv", direct=("VoteCast",)), by="p-bd").refused("C10")
    model = GovernanceModelAdopted(direct=("Nonsense",), reason="Proef.")
    a_chain().record(model, by=IMPORTER, source=SOURCE).refused("C10")


@pytest.mark.parametrize("name", ["DecisionRuleAdopted", "GovernanceModelAdopted"])
def test_how_the_chain_decides_never_changes_without_a_decision(name: str) -> None:
    UNFOUNDED.record(founding("bd", "uwv", direct=(name,)), by="p-bd").refused("C14")
    model = GovernanceModelAdopted(direct=("RoleAssigned", name), reason="Proef.")
    a_chain().record(model, by=IMPORTER, source=SOURCE).refused("C14")


def test_what_the_governance_model_makes_direct_needs_no_decision() -> None:
    event = objective()
    a_chain().record(event, by="p-bd").not_allowed()
    a_chain(direct=("ObjectiveAdopted",)).done(event, by="p-bd")
    model = GovernanceModelAdopted(direct=("ObjectiveAdopted",), reason="Lichter bestuur.")
    a_chain().given(model).done(event, by="p-bd")


# Objectives


def test_an_objective_is_supported_by_every_partner() -> None:
    a_chain().record(objective(supported_by=("bd", "uwv")), by=IMPORTER, source=SOURCE).refused(
        "C4"
    )
    outsider = objective(supported_by=(*PARTNERS, "knmi"))
    a_chain().record(outsider, by=IMPORTER, source=SOURCE).refused("C4")
    a_chain().given(objective())


def test_a_chain_may_have_more_than_one_objective_each_with_its_own_id() -> None:
    life = a_chain().given(objective("fouten"), objective("lasten"))
    life.record(objective("lasten"), by=IMPORTER, source=SOURCE).refused("C13")
    life.record(revised("fouten", "lasten"), by=IMPORTER, source=SOURCE).refused("C13")


def test_only_an_objective_in_force_is_revised() -> None:
    life = a_chain().given(objective("fouten"), revised("fouten", "fouten-2"))
    life.record(revised("fouten"), by=IMPORTER, source=SOURCE).refused("C9")
    life.record(revised("nooit"), by=IMPORTER, source=SOURCE).refused("C9")
    life.given(revised("fouten-2"))


# Partners come


def test_a_new_partner_gets_somebody_who_speaks_for_it() -> None:
    result = a_chain().record(admitted(), by=IMPORTER, source=SOURCE)
    result.gives(PersonRegistered, RoleAssigned)
    assert result.life.state.roles.holder("representative", "2024-03-01", organisation="svb")


def test_a_registered_representative_is_not_registered_again() -> None:
    life = people(a_chain(), "p-svb")
    life.record(admitted(), by=IMPORTER, source=SOURCE).gives(RoleAssigned)


def test_a_partner_is_admitted_once_at_a_time() -> None:
    a_chain().record(admitted("uwv"), by=IMPORTER, source=SOURCE).refused("C3")
    a_chain().given(admitted("svb"))


def test_a_new_partner_consents_itself() -> None:
    life = a_chain(direct=("PartnerAdmitted",))
    life.record(admitted(consent=None), by="p-bd").refused("C6")
    life.done(admitted(), by="p-bd")


def test_history_may_come_without_the_paper_of_consent() -> None:
    a_chain().given(admitted(consent=None))


# Partners change and leave


def test_only_a_partner_of_the_day_changes_its_status() -> None:
    change = PartnerStatusChanged(organisation="svb", status="owner")
    a_chain().record(change, by=IMPORTER, source=SOURCE).refused("C7")
    life = a_chain().given(admitted(), on="2024-01-02")
    life.record(change, by=IMPORTER, source=SOURCE, on="2024-02-28").refused("C7")
    life = life.given(change, on="2024-03-01")
    life.record(change, by=IMPORTER, source=SOURCE).refused("C7")


def test_a_partner_leaves_through_its_own_representative() -> None:
    a_chain().done(withdrew("cbs"), by="p-cbs")
    a_chain().record(withdrew("cbs"), by="p-bd").not_allowed()


def test_a_partner_leaves_once_and_not_before_it_came() -> None:
    life = a_chain()
    life.record(withdrew("cbs", "2024-01-01"), by="p-cbs").refused("C7")
    life.done(withdrew("cbs"), by="p-cbs").record(
        withdrew("cbs", "2025-01-01"), by="p-cbs"
    ).refused("C7")


def test_two_partners_stay_behind() -> None:
    a_chain("bd", "uwv").record(withdrew("uwv"), by="p-uwv").refused("C11")
    a_chain().done(withdrew("uwv"), by="p-uwv")


def test_two_partners_stay_behind_on_every_later_day() -> None:
    life = a_chain().done(withdrew("cbs", "2024-09-01"), by="p-cbs")
    life.record(withdrew("uwv", "2024-06-01"), by="p-uwv").refused("C11")
    life.record(withdrew("uwv", "2024-12-01"), by="p-uwv").refused("C11")


def test_seats_and_roles_end_with_the_partnership() -> None:
    life = a_chain().done(withdrew("cbs"), by="p-cbs")
    life.time_passes(120).brings()
    result = life.time_passes(200)
    result.brings(PartnershipEnded, SeatAbolished, RoleEnded)
    after = result.life.state
    assert not after.chains.partner_on("cbs", "2024-06-01")
    assert after.chains.partner_on("cbs", "2024-05-31")
    assert after.roles.holder("representative", "2024-06-01", organisation="cbs") is None
    assert after.roles.holder("representative", "2024-05-31", organisation="cbs") is not None
    result.life.time_passes(1000).brings()


def test_the_end_of_a_partnership_that_runs_is_a_false_record() -> None:
    life = a_chain().done(withdrew("cbs"), by="p-cbs")
    ended = life.time_passes(200)
    with pytest.raises(Refused, match="C7"):
        check(life.state, PartnershipEnded(organisation="cbs"), life.entries[-1].header)
    check(life.state, PartnershipEnded(organisation="cbs"), ended.entries[0].header)


def test_a_partner_that_left_may_come_back_and_both_terms_count() -> None:
    life = a_chain().done(withdrew("cbs"), by="p-cbs")
    back = admitted("cbs", effective_on="2024-08-01")
    life.record(back, by=IMPORTER, source=SOURCE, on="2024-05-31").refused("C3")
    overlapping = admitted("cbs", effective_on="2024-05-01")
    life.record(overlapping, by=IMPORTER, source=SOURCE, on="2024-07-01").refused("C3")
    state = life.given(back, on="2024-07-01").state
    days = ("2024-05-31", "2024-06-01", "2024-07-31", "2024-08-01")
    assert [state.chains.partner_on("cbs", day) for day in days] == [True, False, False, True]


def test_a_contribution_is_committed_by_the_partner_itself() -> None:
    event = ContributionCommitted(organisation="uwv", contribution="Twee mensen.", period="2024")
    a_chain().done(event, by="p-uwv")
    a_chain().record(event, by="p-bd").not_allowed()
    outsider = replace(event, organisation="knmi")
    a_chain().record(outsider, by=IMPORTER, source=SOURCE).refused("C7")


# The chain as a whole


@pytest.mark.parametrize(
    "event",
    [
        DrivingProblemRecorded(text="Lonen komen te laat binnen."),
        ChainConditionDeclared(condition="crisis", reason="De aangiften lopen vast."),
    ],
    ids=lambda event: type(event).__name__,
)
def test_a_member_says_how_the_chain_is_doing(event: DrivingProblemRecorded) -> None:
    a_chain().done(event, by="p-bd")
    people(a_chain(), "visitor").record(event, by="visitor").not_allowed()


def test_a_chain_is_dissolved_when_nothing_is_open() -> None:
    end = ChainDissolved(reason="Opgelost.", archive_transfer_plan="Naar het Nationaal Archief.")
    action = ActionAssigned(
        action="a-1", title="Opruimen", organisation="bd", role="beheer", due_on="2024-02-01"
    )
    life = a_chain().given(action)
    life.record(end, by=IMPORTER, source=SOURCE).refused("C8")
    done = life.given(ActionCompleted(action="a-1", evidence="Opgeruimd."))
    assert done.given(end).state.chains.dissolved == done.state.size
