"""Who decides beside the body itself: mandate holders, substitutes, and all partners together."""

from ledger.domain.events.actions import ActionAssigned
from ledger.domain.events.bodies import BodyEstablished, SeatAssigned, SeatCreated, SeatWeightSet
from ledger.domain.events.chains import ChainDissolved, ObjectiveAdopted
from ledger.domain.events.decision_rules import (
    DecisionRule,
)
from ledger.domain.events.decisions import (
    VoteCast,
)
from ledger.domain.events.mandates import MandateGranted, MandateScope
from ledger.domain.events.outcomes import (
    Citation,
    DecisionAdopted,
    DecisionRejected,
    DecisionRevoked,
    DecisionTookForce,
)
from ledger.domain.events.roles import RoleAssigned
from tests.domain.given import IMPORTER, SOURCE, people
from tests.domain.given_decisions import (
    BOARD,
    DECIDED,
    DELEGATE,
    adopted,
    board,
    opened,
    proposal,
    vote,
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


LINE = (
    BodyEstablished(body="lijn", name="Lijn", kind="line-managers-meeting", level="tactical"),
    SeatCreated(seat="lijn-bd", body="lijn", organisation="bd"),
    SeatAssigned(seat="lijn-bd", person="lijn", valid_from="2024-01-01"),
)


def test_a_tactical_body_does_not_decide_about_the_chain() -> None:
    life = people(BOARD, "lijn").given(*LINE)
    for effect in (
        RoleAssigned(role="archivist", person="office", valid_from="2024-03-01"),
        ChainDissolved(reason="klaar", archive_transfer_plan="naar het archief"),
        SeatCreated(body="bestuur", organisation="bd"),
        BodyEstablished(name="Werkgroep", kind="working-group", level="operational"),
    ):
        life.record(proposal("b-1", effect, body="lijn"), by="lijn").refused("D20")
        result = life.record(proposal("b-1", effect), by="bestuur-p-bd")
        assert result.refusal is None, result.refusal


def test_a_tactical_body_decides_about_itself_and_about_actions() -> None:
    life = people(BOARD, "lijn").given(*LINE)
    for effect in (
        SeatCreated(body="lijn", organisation="uwv"),
        SeatWeightSet(seat="lijn-bd", weight=2),
        ActionAssigned(title="Doen", organisation="bd", role="lijn", due_on="2024-05-01"),
    ):
        result = life.record(proposal("b-1", effect, body="lijn"), by="lijn")
        assert result.refusal is None, result.refusal


def test_a_tactical_body_neither_replaces_nor_revokes_what_the_board_decided() -> None:
    life = people(adopted(BOARD), "lijn").given(*LINE)
    replacing = (Citation(decision="b-1", relation="supersedes"),)
    life.record(proposal("b-2", body="lijn", cites=replacing), by="lijn").refused("D20")
    revoked = DecisionRevoked(decision="b-1", reason="anders gezien")
    life.record(proposal("b-2", revoked, body="lijn"), by="lijn").refused("D20")
    confirming = (Citation(decision="b-1", relation="confirms"),)
    life.record(proposal("b-2", body="lijn", cites=confirming), by="lijn").gives()
