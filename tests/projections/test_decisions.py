"""A decision as readers find it: who asked, who voted, by which rule, and what came of it."""

from __future__ import annotations

import pytest

from ledger.domain.events.agreements import AgreementProposed
from ledger.domain.events.bodies import SeatVacated
from ledger.domain.events.decision_rules import DecisionRule
from ledger.domain.events.decisions import (
    AdviceAnswered,
    AdviceIssued,
    DeliberationOpened,
    DissentRecorded,
    Option,
    ProposalAmended,
    ProposalWithdrawn,
)
from ledger.domain.events.mandates import MandateGranted
from ledger.domain.events.memory import EventAnnotated, RationaleAdded, RecordCorrected
from ledger.domain.events.outcomes import (
    Citation,
    DecisionAdopted,
    DecisionRecorded,
    DecisionStatusRecorded,
    DecisionTakenUnderMandate,
    OutcomeDisputed,
    SupersessionRecorded,
)
from ledger.domain.events.roles import RoleAssigned
from ledger.domain.values import NotFound
from projections.decision_page import consequences, decision
from projections.decisions import decisions
from projections.search import search
from projections.views import Conn, Doc, View
from tests.domain.given import Life
from tests.domain.given_decisions import BOARD, adopted, board, opened, proposal, vote
from tests.projections.shown import ALL, shown

RECORDED = DecisionRecorded(
    decision="oud-1", title="Oud besluit", status="proposed", status_label="Draft"
)
ECOSYSTEM = RoleAssigned(
    assignment="eco", role="ecosystem-manager", person="manager", valid_from="2024-01-01"
)
CONVENANT = AgreementProposed(
    agreement="cv-1",
    kind="convenant",
    title="Convenant",
    parties=("bd", "uwv"),
    valid_from="2024-02-01",
)


def voted() -> Life:
    """A decision by majority: bd changes its mind once, cbs stays silent until the end."""
    life = opened(BOARD, options=(Option(text="Niets doen", why_not="Het wordt erger."),))
    life = vote(vote(life, "bd", "abstain").life, "uwv", "for").life
    return vote(vote(life, "bd", "for").life, "cbs", "against").life


def test_a_vote_shows_who_acted_for_whom_in_which_capacity(database: str) -> None:
    with shown(database, voted()) as readers:
        doc = readers.item(decision, "b-1")
    [cbs] = [one for one in doc["votes"] if one["organisation"] == "cbs"]
    assert (cbs["by"], cbs["seat"], cbs["choice"]) == ("bestuur-p-cbs", "bestuur-cbs", "against")
    assert (cbs["organisationName"], cbs["inPerson"]) == ("CBS", True)
    [capacity] = cbs["capacities"]
    assert capacity["kind"] == "seat"
    assert capacity["text"] == "houder van zetel bestuur-cbs (CBS)"


def test_a_changed_vote_keeps_what_it_was(database: str) -> None:
    with shown(database, voted()) as readers:
        doc = readers.item(decision, "b-1")
    [bd] = [one for one in doc["votes"] if one["organisation"] == "bd"]
    assert bd["changed"] == "1× gewijzigd, was onthouding"
    assert [one["choice"] for one in bd["earlier"]] == ["abstain"]
    assert all("changed" not in one for one in doc["votes"] if one is not bd)


def test_the_outcome_shows_its_rule_its_counts_and_why(database: str) -> None:
    life = voted()
    with shown(database, life) as readers:
        doc = readers.item(decision, "b-1")
    outcome = next(one.event for one in life.entries if isinstance(one.event, DecisionAdopted))
    assert doc["outcome"]["because"] == outcome.because
    assert doc["outcome"]["tally"]["seatsFor"] == 2
    assert doc["rule"] == outcome.rule
    assert (doc["ruleName"], doc["parameters"]["kind"]) == ("testregel", "majority")
    assert [one["seat"] for one in doc["electors"]] == ["bestuur-bd", "bestuur-cbs", "bestuur-uwv"]
    assert doc["silent"] == []
    assert [one["status"] for one in doc["statuses"]] == ["proposed", "open", "adopted", "in-force"]


def test_who_did_not_vote_is_named(database: str) -> None:
    with shown(database, vote(opened(BOARD), "bd", "for")) as readers:
        doc = readers.item(decision, "b-1")
        [row] = readers.page(decisions).items
    assert [one["seat"] for one in doc["silent"]] == ["bestuur-cbs", "bestuur-uwv"]
    assert "outcome" not in doc
    assert (row["status"], row["deadline"]) == ("open", doc["deadline"])


def test_what_a_decision_recorded_is_found_from_it_and_from_what_it_made(database: str) -> None:
    life = opened(BOARD, ECOSYSTEM, CONVENANT).given(ECOSYSTEM)
    life = vote(vote(vote(life, "bd", "for").life, "uwv", "for").life, "cbs", "for").life
    with shown(database, life) as readers:
        doc = readers.item(decision, "b-1")
    assert doc["agreements"] == [{"agreement": "cv-1", "title": "Convenant"}]
    assert [one["type"] for one in doc["effectsRecorded"]] == ["AgreementProposed"]
    [failed] = doc["effectsFailed"]
    assert (failed["effectType"], failed["rule"]) == ("RoleAssigned", "R1")
    assert doc["history"][-1]["sentence"].startswith("Afspraak cv-1 is voorgelegd")
    assert [one["type"] for one in doc["effects"]] == ["RoleAssigned.v1", "AgreementProposed.v1"]


def test_a_proposal_shows_what_was_considered_and_how_it_was_amended(database: str) -> None:
    life = BOARD.done(proposal(title="Eerste titel"), by="bestuur-p-bd")
    amended = ProposalAmended(
        decision="b-1", reason="Scherper", title="Tweede titel", chain_interest="Beter."
    )
    with shown(database, life.record(amended, by="bestuur-p-bd")) as readers:
        doc = readers.item(decision, "b-1")
        before = readers.item(decision, "b-1", known_at=life.entries[-1].header.position)
    assert (doc["title"], before["title"]) == ("Tweede titel", "Eerste titel")
    [change] = doc["amendments"]
    assert change["changed"] == ["title", "chainInterest"]
    assert change["was"]["title"] == "Eerste titel"


def test_a_decision_that_replaces_another_shows_on_both(database: str) -> None:
    life = adopted(adopted(BOARD), "b-2", cites=(Citation(decision="b-1", relation="supersedes"),))
    with shown(database, life) as readers:
        before, after = (readers.item(decision, name) for name in ("b-1", "b-2"))
        rows = {one["decision"]: one for one in readers.page(decisions).items}
    assert [one["decision"] for one in before["supersededBy"]] == ["b-2"]
    assert [one["decision"] for one in after["supersedes"]] == ["b-1"]
    assert (before["status"], after["status"]) == ("superseded", "in-force")
    assert before["supersededBy"][0]["title"] == "Een voorstel"
    assert before["citedBy"][0]["relation"] == "supersedes"
    assert rows["b-1"]["supersededBy"] == ["b-2"]
    assert "supersededBy" not in rows["b-2"]


@pytest.mark.parametrize("side", ["both", "successor", "predecessor"])
def test_history_shows_which_side_stated_a_replacement(database: str, side: str) -> None:
    other = DecisionRecorded(decision="oud-2", title="Nieuwer", status="in-force")
    edge = SupersessionRecorded(decision="oud-1", by_decision="oud-2", stated_by=side)  # type: ignore[arg-type]  # test data
    with shown(database, BOARD.given(RECORDED, other, edge)) as readers:
        before, after = (readers.item(decision, name) for name in ("oud-1", "oud-2"))
    for entry in (before["supersededBy"][0], after["supersedes"][0]):
        assert (entry["statedBy"], entry["oneSided"]) == (side, side != "both")
    assert before["status"] == "proposed"


def test_an_earlier_decision_that_was_not_named_is_flagged(database: str) -> None:
    life = adopted(BOARD).done(proposal("b-2"), by="bestuur-p-bd")
    with shown(database, life) as readers:
        flagged, first = (readers.item(decision, name) for name in ("b-2", "b-1"))
    assert flagged["notCited"]["earlier"] == ["b-1"]
    assert "notCited" not in first


def test_a_decision_under_mandate_shows_that_mandate(database: str) -> None:
    given = MandateGranted(
        mandate="md-1",
        grantor_kind="body",
        grantor="bestuur",
        holder_kind="person",
        holder="manager",
        valid_from="2024-01-01",
    )
    decided = DecisionTakenUnderMandate(
        decision="b-1", mandate="md-1", outcome="adopted", reason="Spoed"
    )
    life = BOARD.given(given).done(proposal(), by="bestuur-p-bd").done(decided, by="manager")
    with shown(database, life) as readers:
        doc = readers.item(decision, "b-1")
    assert doc["takenUnderMandate"]["mandate"] == "md-1"
    assert doc["underMandate"]["holder"] == "manager"
    [capacity] = doc["takenUnderMandate"]["capacities"]
    assert (capacity["kind"], capacity["mandate"]) == ("mandate", "md-1")
    assert doc["status"] == "in-force"


def test_the_status_of_any_day_is_told_in_whatever_order_it_was_imported(database: str) -> None:
    life = BOARD.given(RECORDED, on="2024-01-02")
    for day, label in (("2024-01-20", "Final"), ("2024-01-10", "Accepted")):
        status = "executed" if label == "Final" else "adopted"
        known = DecisionStatusRecorded(decision="oud-1", status=status, status_label=label)  # type: ignore[arg-type]  # test data
        life = life.given(known, on=day)
    days = {"2024-01-05": "Draft", "2024-01-10": "Accepted", "2024-01-19": "Accepted"}
    with shown(database, life) as readers:
        for day, label in {**days, "2024-01-20": "Final"}.items():
            assert readers.item(decision, "oud-1", valid_on=day)["statusLabel"] == label
            [row] = readers.page(decisions, asof={"valid_on": day}).items
            assert row["statusLabel"] == label
        first = life.entries[-2].header.position
        early = readers.item(decision, "oud-1", known_at=first, valid_on="2024-01-12")
        assert early["statusLabel"] == "Draft"
        with pytest.raises(NotFound):
            readers.item(decision, "oud-1", valid_on="2024-01-01")
        assert readers.page(decisions, asof={"valid_on": "2024-01-01"}).items == []
        assert readers.ids(decisions, "decision", status="executed") == ["oud-1"]
        assert readers.ids(decisions, "decision", status="adopted") == []


def test_what_was_imported_says_so_wherever_it_appears(database: str) -> None:
    with shown(database, adopted(BOARD).given(RECORDED)) as readers:
        doc, own = (readers.item(decision, name) for name in ("oud-1", "b-1"))
        rows = {one["decision"]: one for one in readers.page(decisions).items}
        [hit] = search(readers.connection, readers.view(), ALL, "oud besluit").items
        [own_hit] = search(readers.connection, readers.view(), ALL, "voorstel").items
    assert "imported" not in own_hit
    history, status = doc["history"][0], doc["statuses"][0]
    for entry in (doc, status, doc["recorded"], history, rows["oud-1"], hit):
        assert entry["imported"]["name"] == "test history"
    assert "imported" not in own
    assert "imported" not in rows["b-1"]


def test_both_readings_of_a_correction_are_visible_and_the_record_stays(database: str) -> None:
    life = BOARD.done(proposal(title="Een vorstel"), by="bestuur-p-bd")
    target = life.entries[-1].header.position
    corrected = RecordCorrected(
        target=target, field="/title", was="Een vorstel", becomes="Een voorstel", reason="Tikfout"
    )
    noted = EventAnnotated(target=target, label="herkomst", text="Uit het verslag.")
    life = life.done(corrected, by="office").done(noted, by="office")
    with shown(database, life) as readers:
        doc = readers.item(decision, "b-1")
    [correction] = doc["corrections"]
    assert (correction["was"], correction["becomes"]) == ("Een vorstel", "Een voorstel")
    assert doc["title"] == "Een vorstel"
    assert doc["annotations"][0]["text"] == "Uit het verslag."
    assert [one["type"] for one in doc["history"]][-2:] == [
        "RecordCorrected.v1",
        "EventAnnotated.v1",
    ]


def test_advice_dissent_dispute_and_reasons_stand_beside_the_decision(database: str) -> None:
    life = adopted(BOARD)
    life = life.done(
        DissentRecorded(decision="b-1", seat="bestuur-cbs", reason="Te duur"), by="bestuur-p-cbs"
    )
    advice = AdviceIssued(decision="b-1", weight="weighty", text="Wacht een jaar.")
    life = life.done(advice, by="manager")
    answer = AdviceAnswered(
        decision="b-1", advice=life.entries[-1].header.position, accepted=False, reason="Te laat."
    )
    life = life.done(answer, by="manager")
    disputed = OutcomeDisputed(decision="b-1", claimed="verworpen", reason="Ik telde anders.")
    life = life.done(disputed, by="bestuur-p-cbs")
    life = life.done(RationaleAdded(decision="b-1", text="Het was nodig."), by="manager")
    with shown(database, life) as readers:
        doc = readers.item(decision, "b-1")
    assert doc["dissents"][0]["reason"] == "Te duur"
    assert doc["advice"][0]["answer"]["accepted"] is False
    assert doc["disputes"][0]["claimed"] == "verworpen"
    assert doc["rationale"][0]["text"] == "Het was nodig."
    assert doc["status"] == "in-force"


def test_a_second_round_leaves_the_first_to_be_seen(database: str) -> None:
    rule = DecisionRule(kind="majority", tie="revote")
    life = opened(board(rule, "bd", "uwv"))
    life = vote(vote(life, "bd", "for").life, "uwv", "against").life
    again = life.done(DeliberationOpened(decision="b-1"), by="manager")
    life = vote(vote(again, "bd", "for").life, "uwv", "for").life
    with shown(database, life) as readers:
        doc = readers.item(decision, "b-1")
    [first] = doc["earlierRounds"]
    assert first["outcome"]["outcome"] == "tied"
    assert (doc["round"], doc["outcome"]["outcome"]) == (2, "adopted")


def test_a_list_is_narrowed_by_status_body_subject_and_words(database: str) -> None:
    life = adopted(BOARD, "b-1", subject="post", title="Brieven bezorgen")
    life = life.done(
        proposal("b-2", subject="fiets", title="De fiets van de zaak"), by="bestuur-p-bd"
    )
    life = life.done(ProposalWithdrawn(decision="b-2", reason="Nee"), by="bestuur-p-bd")
    with shown(database, life) as readers:
        assert readers.ids(decisions, "decision") == ["b-2", "b-1"]
        assert readers.ids(decisions, "decision", status="withdrawn") == ["b-2"]
        assert readers.ids(decisions, "decision", subject="post") == ["b-1"]
        assert readers.ids(decisions, "decision", body="bestuur") == ["b-2", "b-1"]
        assert readers.ids(decisions, "decision", body="stuurgroep") == []
        assert readers.ids(decisions, "decision", text="fietsen") == ["b-2"]
        assert readers.ids(decisions, "decision", text="brief bezorgd") == []
        assert readers.ids(decisions, "decision", text="de het een") == []


def test_a_vacant_seat_of_a_partner_defers_and_says_who_was_missing(database: str) -> None:
    life = BOARD.given(
        SeatVacated(seat="bestuur-cbs", valid_until="2024-01-01", reason="Weg"), on="2024-01-01"
    )
    with shown(database, opened(life)) as readers:
        doc = readers.item(decision, "b-1")
    assert doc["status"] == "deferred"
    assert doc["notInvited"] == ["cbs"]


def test_a_proposal_says_what_it_would_record_and_a_decision_what_it_did(database: str) -> None:
    life = opened(BOARD, CONVENANT)
    for organisation in ("bd", "uwv", "cbs"):
        life = vote(life, organisation, "for").life
    with shown(database, life) as readers:
        decided = life.entries[-1].header.position
        opening = next(
            one.header.position for one in life.entries if isinstance(one.event, DeliberationOpened)
        )
        [would] = readers.item(_consequences, "b-1", known_at=opening)["made"]
        [did] = readers.item(_consequences, "b-1", known_at=decided)["made"]
    assert would == {"sentence": "Afspraak cv-1 is voorgelegd: Convenant."}
    assert did["type"] == "AgreementProposed.v1"
    assert did["sentence"] == would["sentence"]
    assert did["position"] > opening


def _consequences(connection: Conn, view: View, name: str) -> Doc:
    return {"made": consequences(connection, view, decision(connection, view, name))}


def test_the_day_to_look_again_is_told_and_an_amendment_may_move_it(database: str) -> None:
    life = board().done(proposal("b-1", review_on="2025-03-01"), by="bestuur-p-bd")
    moved = ProposalAmended(
        decision="b-1",
        reason="Eerder kijken.",
        title="Een voorstel",
        chain_interest="Beter voor de keten als geheel.",
        review_on="2024-12-01",
    )
    with shown(database, life.done(moved, by="bestuur-p-bd")) as readers:
        first = life.entries[-1].header.position
        before, after = (readers.item(decision, "b-1", known_at=at) for at in (first, None))
    assert (before["reviewOn"], after["reviewOn"]) == ("2025-03-01", "2024-12-01")
    assert after["amendments"][0]["changed"] == ["reviewOn"]
