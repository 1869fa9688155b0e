"""Decisions as sentences: proposed, deliberated, voted on, and what the rule makes of it."""

from ledger.domain.events.bodies import (
    BodyEstablished,
    ChairTermStarted,
    SeatAbolished,
    SeatAssigned,
    SeatCreated,
    SeatVacated,
)
from ledger.domain.events.chains import ObjectiveAdopted
from ledger.domain.events.decision_rules import (
    DecisionRule,
    DecisionRuleAdopted,
    Fraction,
    Quorum,
)
from ledger.domain.events.decisions import (
    AdviceAnswered,
    AdviceIssued,
    DeadlineExtended,
    DeliberationOpened,
    DissentRecorded,
    EarlierDecisionNotCited,
    Effect,
    ElectorateFixed,
    ProposalAmended,
    ProposalSubmitted,
    ProposalWithdrawn,
    VoteCast,
)
from ledger.domain.events.mandates import MandateGranted, MandateScope
from ledger.domain.events.meetings import AttendanceRecorded, MeetingConvened
from ledger.domain.events.outcomes import (
    Citation,
    DecisionAdopted,
    DecisionDeferred,
    DecisionExecuted,
    DecisionLapsed,
    DecisionRecorded,
    DecisionRejected,
    DecisionRevoked,
    DecisionStatusRecorded,
    DecisionSuperseded,
    DecisionTakenUnderMandate,
    DecisionTied,
    DecisionTookForce,
    EffectFailed,
    OutcomeDisputed,
    SupersessionRecorded,
    TieBroken,
)
from ledger.domain.events.roles import RoleAssigned
from tests.domain.given import IMPORTER, SOURCE, Life, Result, a_board, a_chain, people

MAJORITY = DecisionRule(kind="majority", voting_days=14)
MANAGER = RoleAssigned(
    assignment="manager-1", role="chain-manager", person="manager", valid_from="2024-01-01"
)
OFFICE = RoleAssigned(
    assignment="office-1", role="chain-office", person="office", valid_from="2024-01-01"
)


def proposal(name: str = "b-1", *effects: Effect, **fields: object) -> ProposalSubmitted:
    wanted: dict[str, object] = {
        "decision": name,
        "body": "bestuur",
        "subject": "onderwerp",
        "title": "Een voorstel",
        "chain_interest": "Beter voor de keten als geheel.",
        "effects": effects,
        **fields,
    }
    return ProposalSubmitted(**wanted)  # type: ignore[arg-type]  # fields by name, for tests


def board(rule: DecisionRule = MAJORITY, *partners: str) -> Life:
    life = people(a_board(a_chain(*partners), rule), "manager", "office")
    return life.given(MANAGER, OFFICE)


def vote(life: Life, organisation: str, choice: str, name: str = "b-1", by: str = "") -> Result:
    event = VoteCast(decision=name, seat=f"bestuur-{organisation}", choice=choice)  # type: ignore[arg-type]  # test data
    return life.record(event, by=by or f"bestuur-p-{organisation}")


def opened(life: Life, *effects: Effect, name: str = "b-1", **fields: object) -> Life:
    life = life.done(proposal(name, *effects, **fields), by="bestuur-p-bd")
    return life.done(DeliberationOpened(decision=name), by="manager")


def adopted(life: Life, name: str = "b-1", **fields: object) -> Life:
    life = opened(life, name=name, **fields)
    for organisation in ("bd", "uwv", "cbs"):
        life = vote(life, organisation, "for", name).life
    return life


BOARD = board()


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
    assert life.state.decisions.all["b-1"].effects == ()


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


def test_the_deadline_decides_by_itself() -> None:
    life = vote(opened(BOARD), "bd", "for").life
    deadline = life.state.decisions.all["b-1"].deadline
    result = life.time_passes(15).brings(DecisionAdopted, DecisionTookForce)
    assert result.entries[0].header.on == deadline
    assert result.entries[0].header.cause is None


def test_the_next_act_lets_a_passed_deadline_do_its_work_first() -> None:
    life = vote(opened(BOARD), "bd", "against").life.after(20)
    result = life.record(proposal("b-2", subject="iets-anders"), by="bestuur-p-bd")
    kinds = [type(event).__name__ for event in result.events]
    assert kinds == ["DecisionRejected", "ProposalSubmitted"]


def test_without_a_quorum_the_deadline_is_extended_once_and_then_the_proposal_lapses() -> None:
    quorum = Quorum(of="seats", fraction=Fraction(num=2, den=3))
    rule = DecisionRule(kind="majority", quorum=quorum, late_quorum_extension_days=7)
    life = vote(opened(board(rule)), "bd", "for").life
    extended = life.time_passes(15).brings(DeadlineExtended).life
    vote(extended, "uwv", "for").gives()
    extended.time_passes(8).brings(DecisionLapsed)


def test_a_vote_in_the_extension_counts() -> None:
    quorum = Quorum(of="seats", fraction=Fraction(num=2, den=3))
    rule = DecisionRule(kind="majority", quorum=quorum, late_quorum_extension_days=7)
    life = vote(opened(board(rule)), "bd", "for").life.time_passes(15).life
    life = vote(life, "uwv", "for").life
    life.time_passes(8).brings(DecisionAdopted, DecisionTookForce)


def test_an_adopted_decision_takes_force_after_the_time_for_reflection() -> None:
    life = opened(board(DecisionRule(kind="majority", reflection_days=10)))
    life = vote(vote(life, "bd", "for").life, "uwv", "for").life
    life = vote(life, "cbs", "for").gives(DecisionAdopted).life
    assert life.state.decisions.all["b-1"].status == "adopted"
    life.time_passes(11).brings(DecisionTookForce)


def test_a_partner_without_a_held_seat_has_the_decision_deferred() -> None:
    life = BOARD.given(
        SeatVacated(seat="bestuur-uwv", valid_until="2024-01-01", reason="vertrokken")
    )
    life = life.after(1).done(proposal(), by="bestuur-p-bd")
    result = life.record(DeliberationOpened(decision="b-1"), by="manager")
    result.gives(ElectorateFixed, DecisionDeferred)
    outcome = result.first(DecisionDeferred)
    assert isinstance(outcome, DecisionDeferred)
    assert "uwv" in outcome.because
    again = result.life.record(DeliberationOpened(decision="b-1"), by="manager")
    again.gives(ElectorateFixed, DecisionDeferred)


def test_a_rule_may_decide_without_a_partner() -> None:
    life = board(DecisionRule(kind="majority", all_partners_invited=False)).given(
        SeatVacated(seat="bestuur-uwv", valid_until="2024-01-01", reason="vertrokken")
    )
    life = opened(life.after(1))
    vote(vote(life, "bd", "for").life, "cbs", "for").gives(DecisionAdopted, DecisionTookForce)


TIE = DecisionRule(kind="majority", tie="chair")


def test_the_chair_breaks_a_tie_where_the_rule_says_so() -> None:
    life = board(TIE).given(ChairTermStarted(body="bestuur", seat="bestuur-cbs"))
    life = vote(vote(opened(life), "bd", "for").life, "uwv", "against").life
    life = vote(life, "cbs", "abstain").gives(DecisionTied).life
    broken = TieBroken(decision="b-1", choice="for", reason="voortgang")
    life.record(broken, by="bestuur-p-bd").not_allowed()
    life.record(broken, by="bestuur-p-cbs").gives(DecisionAdopted, DecisionTookForce)


def test_no_chair_breaks_a_tie_that_is_not_there_or_asks_a_new_vote() -> None:
    chair = ChairTermStarted(body="bestuur", seat="bestuur-cbs")
    broken = TieBroken(decision="b-1", choice="for", reason="voortgang")
    opened(board(TIE).given(chair)).record(broken, by="bestuur-p-cbs").refused("D11")
    life = board(DecisionRule(kind="majority", tie="revote")).given(chair)
    life = vote(vote(opened(life), "bd", "for").life, "uwv", "against").life
    life = vote(life, "cbs", "abstain").gives(DecisionTied).life
    life.record(broken, by="bestuur-p-cbs").refused("D11")
    life.record(DeliberationOpened(decision="b-1"), by="manager").gives(ElectorateFixed)


def test_a_tie_rejects_where_the_rule_says_nothing_else() -> None:
    life = vote(vote(opened(BOARD), "bd", "for").life, "uwv", "against").life
    vote(life, "cbs", "abstain").gives(DecisionRejected)


def test_an_earlier_decision_on_the_subject_is_cited_or_flagged() -> None:
    life = adopted(BOARD)
    result = life.record(proposal("b-2"), by="bestuur-p-bd").gives(EarlierDecisionNotCited)
    result.holds(EarlierDecisionNotCited(decision="b-2", earlier=("b-1",)))
    cites = (Citation(decision="b-1", relation="confirms"),)
    life.record(proposal("b-2", cites=cites), by="bestuur-p-bd").gives()
    life.record(proposal("b-2", subject="anders"), by="bestuur-p-bd").gives()


SUPERSEDES = (Citation(decision="b-1", relation="supersedes"),)


def test_a_decision_supersedes_what_it_cites_when_it_takes_force() -> None:
    life = opened(adopted(BOARD), name="b-2", cites=SUPERSEDES)
    life = vote(vote(life, "bd", "for", "b-2").life, "uwv", "for", "b-2").life
    result = vote(life, "cbs", "for", "b-2")
    result.gives(DecisionAdopted, DecisionTookForce, DecisionSuperseded)
    assert result.life.state.decisions.all["b-1"].status == "superseded"


def test_only_a_valid_decision_is_superseded() -> None:
    life = BOARD.done(proposal(), by="bestuur-p-bd")
    life.record(proposal("b-2", cites=SUPERSEDES), by="bestuur-p-bd").refused("D10")


def test_a_proposal_is_withdrawn_by_who_made_it_before_the_outcome() -> None:
    withdrawn = ProposalWithdrawn(decision="b-1", reason="overtuigd")
    life = opened(BOARD)
    life.record(withdrawn, by="bestuur-p-uwv").not_allowed()
    life.record(withdrawn, by="bestuur-p-bd").gives()
    adopted(BOARD).record(withdrawn, by="bestuur-p-bd").refused("D13")


def test_only_a_valid_decision_is_executed_or_revoked() -> None:
    done = DecisionExecuted(decision="b-1", evidence="gezien")
    opened(BOARD).record(done, by="manager").refused("D14")
    adopted(BOARD).record(done, by="manager").gives()
    revoked = DecisionRevoked(decision="b-1", reason="achterhaald")
    BOARD.done(proposal(), by="manager").record(
        proposal("b-2", revoked, subject="anders"), by="manager"
    ).refused("D5")


def test_a_decision_from_elsewhere_has_a_source_or_a_deviation_that_somebody_accepted() -> None:
    bare = DecisionRecorded(decision="x", title="Oud besluit", status="in-force")
    BOARD.record(bare, by="manager").refused("D15")
    assert BOARD.record(bare, by=IMPORTER, source=SOURCE).refusal is None
    labelled = DecisionRecorded(
        decision="x",
        title="In de crisis besloten",
        status="in-force",
        deviation="telefonisch beslist",
        accepted_by=("bestuur-p-bd",),
    )
    BOARD.record(labelled, by="manager").gives()


def test_the_status_of_elsewhere_belongs_to_a_decision_of_elsewhere() -> None:
    event = DecisionStatusRecorded(decision="b-1", status="in-force", status_label="Active")
    result = adopted(BOARD).record(event, by=IMPORTER, source=SOURCE)
    result.refused("D16")


def test_an_older_status_recorded_later_does_not_change_the_status_of_today() -> None:
    life = BOARD.given(DecisionRecorded(decision="x", title="t", status="proposed"))
    life = life.at("2024-06-01").given(
        DecisionStatusRecorded(decision="x", status="in-force", status_label="Final")
    )
    older = DecisionStatusRecorded(decision="x", status="adopted", status_label="Accepted")
    life = life.given(older, on="2024-03-01")
    assert life.state.decisions.all["x"].status == "in-force"


def test_history_can_say_who_states_a_supersession() -> None:
    life = BOARD.given(
        DecisionRecorded(decision="x", title="t", status="superseded"),
        DecisionRecorded(decision="y", title="t", status="in-force"),
    )
    stated = SupersessionRecorded(decision="x", by_decision="y", stated_by="successor")
    assert life.record(stated, by=IMPORTER, source=SOURCE).refusal is None
    unknown = SupersessionRecorded(decision="x", by_decision="z", stated_by="successor")
    life.record(unknown, by=IMPORTER, source=SOURCE).refused("D3")


def test_an_outcome_is_disputed_only_when_there_is_one() -> None:
    disputed = OutcomeDisputed(decision="b-1", claimed="verworpen", reason="verkeerd geteld")
    opened(BOARD).record(disputed, by="bestuur-p-bd").refused("D17")
    result = adopted(BOARD).record(disputed, by="bestuur-p-bd").gives()
    assert result.life.state.decisions.all["b-1"].status == "in-force"


def test_advice_is_given_and_answered() -> None:
    life = BOARD.done(proposal(), by="bestuur-p-bd")
    result = life.record(AdviceIssued(decision="b-1", weight="weighty", text="doen"), by="manager")
    position = result.gives().entries[0].header.position
    answer = AdviceAnswered(decision="b-1", advice=position, accepted=True, reason="akkoord")
    result.life.record(answer, by="bestuur-p-bd").gives()
    ahead = AdviceAnswered(decision="b-1", advice=position + 5, accepted=True, reason="akkoord")
    result.life.record(ahead, by="bestuur-p-bd").refused("D18")


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


DELEGATE = MandateGranted(
    mandate="m-1",
    grantor_kind="body",
    grantor="bestuur",
    holder_kind="person",
    holder="manager",
    scope=MandateScope(subjects=("onderwerp",), max_amount_cents=100_00),
    valid_from="2024-01-01",
)
DECIDED = DecisionTakenUnderMandate(
    decision="b-1", mandate="m-1", outcome="adopted", reason="binnen de kaders"
)


def test_the_holder_of_a_mandate_decides_for_the_body_that_gave_it() -> None:
    life = BOARD.given(DELEGATE).done(proposal(amount_cents=100_00), by="bestuur-p-bd")
    life.record(DECIDED, by="office").not_allowed()
    result = life.record(DECIDED, by="manager").gives(DecisionTookForce)
    given = life.state.mandates.all["m-1"].position
    assert result.entries[0].header.under == (given,)


def test_a_mandate_does_not_reach_beyond_its_subjects_and_amount() -> None:
    life = BOARD.given(DELEGATE)
    dear = life.done(proposal(amount_cents=100_01), by="bestuur-p-bd")
    dear.record(DECIDED, by="manager").refused("D12")
    other = life.done(proposal(subject="anders"), by="bestuur-p-bd")
    other.record(DECIDED, by="manager").refused("D12")


def test_a_mandate_of_another_body_does_not_decide() -> None:
    life = BOARD.given(DELEGATE).done(proposal(body="stuurgroep"), by="p-bd")
    life.record(DECIDED, by="manager").refused("D12")


def test_where_a_mandate_decides_nobody_votes() -> None:
    life = opened(board(DecisionRule(kind="under-mandate")).given(DELEGATE))
    vote(life, "bd", "for").refused("D23")
    life.record(DECIDED, by="manager").gives(DecisionTookForce)


SUBSTITUTE = MandateGranted(
    mandate="m-2",
    grantor_kind="organisation",
    grantor="bd",
    holder_kind="person",
    holder="office-2",
    scope=MandateScope(subjects=("onderwerp",)),
    valid_from="2024-01-01",
)


def test_a_substitute_votes_only_where_the_rule_allows_it_and_with_a_mandate() -> None:
    strict = opened(people(BOARD, "office-2").given(SUBSTITUTE))
    vote(strict, "bd", "for", by="office-2").not_allowed()
    lenient = people(board(DecisionRule(kind="majority", substitution=True)), "office-2", "x")
    lenient = opened(lenient.given(SUBSTITUTE))
    vote(lenient, "bd", "for", by="x").not_allowed()
    vote(lenient, "uwv", "for", by="office-2").not_allowed()
    result = vote(lenient, "bd", "for", by="office-2").gives()
    given = lenient.state.mandates.all["m-2"].position
    assert result.entries[0].header.under == (given,)


def test_history_does_not_make_somebody_else_vote_either() -> None:
    event = VoteCast(decision="b-1", seat="bestuur-bd", choice="for")
    opened(BOARD).record(event, by=IMPORTER, source=SOURCE).refused("D22")


def test_a_body_gives_mandates_of_its_own_only() -> None:
    BOARD.record(proposal("b-1", DELEGATE, body="stuurgroep"), by="p-bd").refused("D20")
    BOARD.record(proposal("b-1", DELEGATE), by="bestuur-p-bd").gives()


OBJECTIVE = ObjectiveAdopted(
    objective="doel-2", text="Samen foutloos.", supported_by=("bd", "cbs", "uwv")
)


def test_the_objective_of_the_chain_asks_every_partner_whatever_the_rule_of_the_body() -> None:
    life = vote(vote(opened(BOARD, OBJECTIVE), "bd", "for").life, "uwv", "for").life
    vote(life, "cbs", "against").gives(DecisionRejected)
    vote(life, "cbs", "for").gives(DecisionAdopted, DecisionTookForce, ObjectiveAdopted)


def test_nobody_adopts_the_objective_of_the_chain_under_a_mandate() -> None:
    life = BOARD.given(DELEGATE).done(proposal("b-1", OBJECTIVE), by="bestuur-p-bd")
    life.record(DECIDED, by="manager").refused("D24")


def test_what_follows_from_something_confidential_is_confidential() -> None:
    life = vote(vote(opened(BOARD), "bd", "for").life, "uwv", "for").life
    last = VoteCast(decision="b-1", seat="bestuur-cbs", choice="for")
    secret = life.record(last, by="bestuur-p-cbs", scope="confidential")
    assert {entry.header.scope for entry in secret.entries} == {"confidential"}
    plain = life.record(last, by="bestuur-p-cbs")
    assert {entry.header.scope for entry in plain.entries} == {"chain"}
