"""Decisions as sentences: proposed, opened, voted on, by whom and until when."""

from ledger.domain.events.bodies import (
    BodyEstablished,
    SeatAbolished,
    SeatAssigned,
    SeatCreated,
    SeatVacated,
)
from ledger.domain.events.decision_rules import (
    DecisionRule,
    DecisionRuleAdopted,
    Quorum,
)
from ledger.domain.events.decisions import (
    DeliberationOpened,
    DissentRecorded,
    ElectorateFixed,
    ProposalAmended,
    VoteCast,
)
from ledger.domain.events.meetings import AttendanceRecorded, MeetingConvened
from ledger.domain.events.outcomes import (
    Citation,
    DecisionAdopted,
    DecisionRejected,
    DecisionTookForce,
    EffectFailed,
)
from ledger.domain.events.roles import RoleAssigned
from tests.domain.given import people
from tests.domain.given_decisions import (
    BOARD,
    MAJORITY,
    adopted,
    board,
    opened,
    proposal,
    vote,
)


def test_the_last_vote_adopts_the_decision_and_records_its_effects() -> None:
    life = people(BOARD, "coordinator")
    appointed = RoleAssigned(
        assignment="eco", role="ecosystem-manager", person="coordinator", valid_from="2024-02-01"
    )
    life = opened(life, appointed)
    life = vote(vote(life, "bd", "for").life, "uwv", "against").life
    result = vote(life, "cbs", "for")
    result.gives(DecisionAdopted, DecisionTookForce, RoleAssigned).holds(appointed)
    outcome = result.first(DecisionAdopted)
    assert isinstance(outcome, DecisionAdopted)
    assert (outcome.tally.seats_for, outcome.tally.seats_against) == (2, 1)
    assert outcome.because == "2 voor, 1 tegen, 0 onthouding; 2 x 2 >= 3 + 1"
    force = next(one for one in result.entries if isinstance(one.event, DecisionTookForce))
    assert result.entries[-1].header.under == (force.header.position,)


def test_opening_freezes_electorate_weights_rule_and_deadline() -> None:
    life = BOARD.done(proposal(), by="bestuur-p-bd")
    result = life.record(DeliberationOpened(decision="b-1"), by="manager")
    fixed = result.gives(ElectorateFixed).first(ElectorateFixed)
    assert isinstance(fixed, ElectorateFixed)
    assert [one.seat for one in fixed.electors] == ["bestuur-bd", "bestuur-cbs", "bestuur-uwv"]
    assert fixed.parameters == MAJORITY
    changed = DecisionRuleAdopted(
        body="bestuur", name="streng", rule=DecisionRule(kind="unanimity"), replaces=fixed.rule
    )
    life = result.life.given(changed)
    life = vote(vote(life, "bd", "for").life, "uwv", "for").life
    vote(life, "cbs", "against").gives(DecisionAdopted, DecisionTookForce)


def test_a_majority_against_rejects() -> None:
    life = vote(vote(opened(BOARD), "bd", "against").life, "uwv", "against").life
    vote(life, "cbs", "for").gives(DecisionRejected)


def test_a_vote_can_be_changed_while_voting_is_open_and_both_stay() -> None:
    life = vote(opened(BOARD), "bd", "for").life
    life = vote(life, "bd", "against").life
    life = vote(life, "uwv", "against").life
    vote(life, "cbs", "for").gives(DecisionRejected)


def test_a_vote_told_late_does_not_replace_a_newer_one_of_the_seat() -> None:
    life = opened(BOARD)
    early = life.now
    life = vote(life.after(2), "bd", "against").life
    late = VoteCast(decision="b-1", seat="bestuur-bd", choice="for")
    life.record(late, by="bestuur-p-bd", on=early).refused("D25")
    other = VoteCast(decision="b-1", seat="bestuur-uwv", choice="for")
    life.record(other, by="bestuur-p-uwv", on=early).gives()


def test_who_left_the_chain_does_not_go_on_with_a_proposal() -> None:
    life = BOARD.done(proposal(), by="bestuur-p-bd")
    life.record(DeliberationOpened(decision="b-1"), by="bestuur-p-bd").gives(ElectorateFixed)
    left = SeatVacated(seat="bestuur-bd", valid_until="2024-01-02", reason="vertrokken")
    life = life.given(left).after(3)
    life.record(DeliberationOpened(decision="b-1"), by="bestuur-p-bd").not_allowed()


def test_an_id_is_used_once() -> None:
    life = BOARD.done(proposal(), by="bestuur-p-bd")
    life.record(proposal(), by="bestuur-p-uwv").refused("D1")


def test_without_an_id_the_ledger_makes_one_from_the_position() -> None:
    result = BOARD.record(proposal(""), by="bestuur-p-bd")
    position = result.entries[0].header.position
    assert f"decision-{position}" in result.life.state.decisions.all


def test_a_proposal_goes_to_a_body_that_works_and_votes() -> None:
    BOARD.record(proposal(body="nergens"), by="manager").refused("D2")
    life = BOARD.given(
        *(SeatAbolished(seat=f"bestuur-{name}", reason="weg") for name in ("bd", "uwv", "cbs"))
    )
    life.record(proposal(), by="manager").refused("D2")


def test_only_who_takes_part_proposes() -> None:
    people(BOARD, "vreemde").record(proposal(), by="vreemde").not_allowed()


def test_a_vote_on_a_decision_that_does_not_exist_is_refused() -> None:
    vote(BOARD, "bd", "for", "b-9").refused("D3")


def test_a_proposal_cites_what_exists_and_not_itself() -> None:
    own = (Citation(decision="b-1", relation="confirms"),)
    BOARD.record(proposal(cites=own), by="bestuur-p-bd").refused("D4")
    other = (Citation(decision="b-9", relation="confirms"),)
    BOARD.record(proposal(cites=other), by="bestuur-p-bd").refused("D3")


def test_effects_that_cannot_be_are_refused_when_proposed() -> None:
    second = RoleAssigned(role="chain-manager", person="office", valid_from="2024-03-01")
    BOARD.record(proposal("b-1", second), by="bestuur-p-bd").refused("D5")


def test_an_effect_that_became_impossible_is_recorded_as_failed() -> None:
    life = people(BOARD, "a", "b")
    first = RoleAssigned(assignment="x", role="archivist", person="a", valid_from="2024-02-01")
    life = opened(life, first)
    life = life.given(
        RoleAssigned(assignment="x", role="archivist", person="b", valid_from="2024-02-01")
    )
    life = vote(vote(life, "bd", "for").life, "uwv", "for").life
    result = vote(life, "cbs", "for").gives(DecisionAdopted, DecisionTookForce, EffectFailed)
    failed = result.first(EffectFailed)
    assert isinstance(failed, EffectFailed)
    assert (failed.effect, failed.effect_type, failed.rule) == (0, "RoleAssigned", "R1")


def test_an_open_proposal_is_neither_changed_nor_opened_again() -> None:
    life = opened(BOARD)
    amended = ProposalAmended(decision="b-1", reason="beter", title="x", chain_interest="y")
    life.record(amended, by="bestuur-p-bd").refused("D6")
    life.record(DeliberationOpened(decision="b-1"), by="manager").refused("D6")


def test_a_proposal_changes_before_deliberation_opens() -> None:
    life = BOARD.done(proposal("b-1", MANAGER_ENDS), by="bestuur-p-bd")
    amended = ProposalAmended(decision="b-1", reason="beter", title="x", chain_interest="y")
    life = life.done(amended, by="bestuur-p-bd")
    assert life.state.decisions.deliberation("b-1").effects == ()


MANAGER_ENDS = DecisionRuleAdopted(
    body="bestuur", subject="begroting", name="r", rule=DecisionRule(kind="consent")
)


def test_notice_has_to_pass_between_proposal_and_opening() -> None:
    life = board(DecisionRule(kind="majority", notice_days=7))
    life = life.done(proposal(), by="bestuur-p-bd")
    life.record(DeliberationOpened(decision="b-1"), by="manager").refused("D7")
    late = life.after(7).record(DeliberationOpened(decision="b-1"), by="manager")
    late.gives(ElectorateFixed)


def test_voting_ends_at_the_deadline() -> None:
    life = opened(BOARD).after(14)
    vote(life, "bd", "for").refused("D8")


def test_a_vote_after_the_outcome_is_refused() -> None:
    vote(adopted(BOARD), "bd", "against").refused("D8")


def test_only_a_seat_of_the_electorate_votes() -> None:
    event = VoteCast(decision="b-1", seat="stuurgroep-bd", choice="for")
    opened(BOARD).record(event, by="p-bd").refused("D9")


def test_only_the_holder_votes_for_a_seat() -> None:
    vote(opened(BOARD), "bd", "for", by="bestuur-p-uwv").not_allowed()
    vote(opened(BOARD), "bd", "for", by="manager").not_allowed()


def test_the_chain_office_never_votes() -> None:
    life = BOARD.given(
        RoleAssigned(role="chain-office", person="bestuur-p-bd", valid_from="2024-01-01")
    )
    vote(opened(life), "bd", "for").refused("G14")


def test_the_chain_office_records_a_vote_of_the_holder() -> None:
    event = VoteCast(decision="b-1", seat="bestuur-bd", choice="for")
    result = opened(BOARD).record(event, by="bestuur-p-bd", recorded_by="office")
    header = result.gives().entries[0].header
    assert (header.by, header.recorded_by, len(header.under)) == ("bestuur-p-bd", "office", 2)


def test_dissent_comes_from_a_seat_of_the_body_that_decides() -> None:
    life = adopted(BOARD)
    own = DissentRecorded(decision="b-1", seat="bestuur-uwv", reason="liever anders")
    life.record(own, by="bestuur-p-uwv").gives()
    other = DissentRecorded(decision="b-1", seat="stuurgroep-uwv", reason="liever anders")
    life.record(other, by="p-uwv").refused("D19")


def test_a_tactical_body_does_not_set_the_rules_of_another() -> None:
    life = people(BOARD, "lijn").given(
        BodyEstablished(body="lijn", name="Lijn", kind="line-managers-meeting", level="tactical"),
        SeatCreated(seat="lijn-bd", body="lijn", organisation="bd"),
        SeatAssigned(seat="lijn-bd", person="lijn", valid_from="2024-01-01"),
    )
    changed = DecisionRuleAdopted(
        body="bestuur", subject="x", name="r", rule=DecisionRule(kind="consent")
    )
    life.record(proposal("b-1", changed, body="lijn"), by="lijn").refused("D20")
    life.record(proposal("b-1", changed), by="bestuur-p-bd").gives()


def test_changing_the_rule_is_itself_a_decision_under_the_rule_in_force() -> None:
    position = BOARD.state.decision_rules.versions["bestuur", ""][-1].position
    stricter = DecisionRuleAdopted(
        body="bestuur", name="streng", rule=DecisionRule(kind="unanimity"), replaces=position
    )
    life = opened(BOARD, stricter)
    life = vote(vote(life, "bd", "for").life, "uwv", "for").life
    life = vote(life, "cbs", "against").life
    assert life.state.decision_rules.versions["bestuur", ""][-1].rule.kind == "unanimity"


def test_a_meeting_counts_those_present_for_the_quorum() -> None:
    quorum = Quorum(of="seats", absolute=2)
    life = board(DecisionRule(kind="majority", base="present", quorum=quorum))
    life = life.done(proposal(), by="bestuur-p-bd")
    starts = "2024-01-20T12:00:00.000000Z"
    meeting = MeetingConvened(meeting="m-1", body="bestuur", starts_at=starts)
    life = life.done(meeting, by="manager").at("2024-01-20")
    for name in ("bd", "uwv"):
        present = AttendanceRecorded(
            meeting="m-1", seat=f"bestuur-{name}", person=f"bestuur-p-{name}"
        )
        life = life.done(present, by="manager")
    life = life.done(DeliberationOpened(decision="b-1", meeting="m-1"), by="manager")
    result = vote(life, "bd", "for").life.time_passes(15).brings(DecisionRejected)
    outcome = result.first(DecisionRejected)
    assert isinstance(outcome, DecisionRejected)
    assert (outcome.tally.quorum_met, outcome.tally.base) == (True, 2)


def test_a_decision_is_not_opened_in_the_meeting_of_another_body() -> None:
    life = BOARD.done(proposal(), by="bestuur-p-bd")
    starts = "2024-02-20T12:00:00.000000Z"
    meeting = MeetingConvened(meeting="m-2", body="stuurgroep", starts_at=starts)
    life = life.done(meeting, by="manager")
    life.record(DeliberationOpened(decision="b-1", meeting="m-2"), by="manager").refused("D21")
