"""What the rule makes of votes and of time, and what becomes of a decision after that."""

from ledger.domain.events.bodies import (
    ChairTermStarted,
    SeatVacated,
)
from ledger.domain.events.decision_rules import (
    DecisionRule,
    Fraction,
    Quorum,
)
from ledger.domain.events.decisions import (
    AdviceAnswered,
    AdviceIssued,
    DeadlineExtended,
    DeliberationOpened,
    EarlierDecisionNotCited,
    ElectorateFixed,
    ProposalWithdrawn,
)
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
    DecisionTied,
    DecisionTookForce,
    OutcomeDisputed,
    SupersessionRecorded,
    TieBroken,
)
from tests.domain.given import IMPORTER, SOURCE
from tests.domain.given_decisions import (
    BOARD,
    adopted,
    board,
    opened,
    proposal,
    vote,
)


def test_the_deadline_decides_by_itself() -> None:
    life = vote(opened(BOARD), "bd", "for").life
    deadline = life.state.decisions.deliberation("b-1").deadline
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
