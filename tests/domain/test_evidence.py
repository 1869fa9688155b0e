"""The keys of a log and its witnesses: what is refused, what holds, and how it is decided."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from ledger.domain import evidence
from ledger.domain.chain import ChainState
from ledger.domain.events.chains import GovernanceModelAdopted, PartnerWithdrew
from ledger.domain.events.evidence import LogKeyAnnounced, Witness, WitnessPolicyAdopted
from ledger.domain.events.memory import RecordCorrected
from ledger.domain.events.outcomes import DecisionTookForce
from ledger.domain.events.roles import RoleAssigned
from ledger.domain.values import Event
from tests.domain.given import IMPORTER, SOURCE, Life, Result, a_chain, founding, people
from tests.domain.given_decisions import BOARD, opened, proposal, vote
from tests.domain.given_evidence import LOG_KEY, adopted, announced, vkey, witness

ALL = tuple(map(witness, ("bd", "uwv", "cbs")))
CHAIN = a_chain()


def signed_chain() -> Life:
    """A chain that named its log key when it was founded."""
    wanted = replace(founding("bd", "uwv", "cbs"), log_key=LOG_KEY)
    return Life(ChainState(name="testketen")).done(wanted, by="p-bd")


def history(life: Life, event: Event) -> Result:
    return life.record(event, by=IMPORTER, source=SOURCE)


# The key of the log


def test_a_founding_may_name_the_key_of_the_log() -> None:
    assert evidence.log_keys(signed_chain().state) == (LOG_KEY,)
    assert evidence.log_keys(CHAIN.state) == ()


@pytest.mark.parametrize(
    "key",
    ["iets", vkey(algorithm=4), vkey(algorithm=6), LOG_KEY[:-4], LOG_KEY.replace("+", "+0", 1)],
)
def test_a_founding_names_no_key_that_nobody_could_check_with(key: str) -> None:
    life = Life(ChainState(name="testketen"))
    life.record(replace(founding("bd", "uwv"), log_key=key), by="p-bd").refused("C16")


def test_the_next_key_is_announced_in_the_log_itself() -> None:
    life = signed_chain().given(announced())
    assert evidence.log_keys(life.state) == (LOG_KEY, vkey(seed="twee"))
    late = CHAIN.given(announced(LOG_KEY))
    assert evidence.log_keys(late.state) == (LOG_KEY,)


@pytest.mark.parametrize(
    "key", ["", "iets", vkey(algorithm=4), f"{LOG_KEY}=", vkey("met spatie"), vkey("n" * 256)]
)
def test_a_key_that_is_not_one_is_not_announced(key: str) -> None:
    history(CHAIN, replace(announced(), log_key=key)).refused("W1")
    assert history(CHAIN, announced(vkey("n" * 255))).refusal is None


def test_the_keys_of_a_log_have_one_name_and_are_announced_once() -> None:
    life = signed_chain()
    history(life, announced(vkey("log.example/log/ander"))).refused("W2")
    history(life, announced(LOG_KEY)).refused("W2")
    history(life.given(announced()), announced()).refused("W2")
    assert history(life.given(announced()), announced(vkey(seed="drie"))).refusal is None


def test_the_chain_office_announces_a_key_and_a_guest_does_not() -> None:
    office = RoleAssigned(role="chain-office", person="bureau", valid_from="2024-01-01")
    life = people(signed_chain(), "bureau", "gast").given(office)
    life.record(announced(), by="gast").not_allowed()
    assert life.record(announced(), by="bureau").refusal is None


@pytest.mark.parametrize("event", [announced(), adopted(*ALL)], ids=["key", "policy"])
def test_what_others_check_with_is_public(event: Event) -> None:
    told = history(CHAIN, event)
    assert told.entries[0].header.scope == "public"
    for scope in ("chain", "confidential"):
        hidden = CHAIN.record(event, by=IMPORTER, source=SOURCE, scope=scope)  # type: ignore[arg-type]  # test data
        hidden.refused("W3")


# Witnesses


def test_a_policy_holds_until_the_next_one() -> None:
    first = CHAIN.given(adopted(*ALL, quorum=2), on="2024-02-01")
    position = first.entries[-1].header.position
    both = first.at("2024-03-01").given(adopted(ALL[0], replaces=position))
    state = both.state
    assert evidence.in_force(state, "2024-01-31T00:00:00.000000Z") is None
    old = evidence.in_force(state, "2024-02-29T00:00:00.000000Z")
    new = evidence.in_force(state, "2024-03-02T00:00:00.000000Z")
    assert old is not None
    assert new is not None
    assert (old.position, old.quorum, old.witnesses) == (position, 2, ALL)
    assert (new.quorum, new.witnesses) == (1, ALL[:1])


def test_a_chain_may_want_no_witness_any_more() -> None:
    life = CHAIN.given(adopted(*ALL))
    last = life.entries[-1].header.position
    assert history(life, adopted(replaces=last)).refusal is None
    assert history(life, adopted(*ALL, quorum=0, replaces=last)).refusal is None


def test_a_new_policy_names_the_one_it_replaces() -> None:
    history(CHAIN, adopted(*ALL, replaces=0)).refused("W7")
    life = CHAIN.given(adopted(*ALL))
    history(life, adopted(*ALL)).refused("W7")
    history(life, adopted(*ALL, replaces=life.entries[-1].header.position + 1)).refused("W7")


def test_a_witness_is_of_a_partner_and_a_partner_counts_once() -> None:
    history(CHAIN, adopted(witness("svb"))).refused("W4")
    twice = (witness("bd"), witness("bd", name="ander", key=vkey("ander.example", 4)))
    history(CHAIN, adopted(*twice)).refused("W4")
    left = PartnerWithdrew(organisation="cbs", notice="Klaar", effective_on="2024-02-01")
    life = CHAIN.given(left).at("2024-03-01")
    history(life, adopted(*ALL)).refused("W4")
    assert history(life, adopted(*ALL[:2])).refusal is None


@pytest.mark.parametrize(
    "other",
    [
        witness("uwv", key=ALL[0].verifier_key),
        witness("uwv", key=vkey("getuige.uwv.example", 4, seed="bd")),
        witness("uwv", name="getuige-bd"),
        witness("uwv", name="none"),
        witness("uwv", name="witnesses"),
        witness("uwv", key=LOG_KEY),
        witness("uwv", key=vkey("g.example", 4).replace("+", "+f", 1)),
        witness("uwv", key="iets"),
    ],
)
def test_a_witness_has_a_name_and_a_key_of_its_own(other: Witness) -> None:
    history(CHAIN, adopted(ALL[0], other)).refused("W5")


def test_a_witness_may_cosign_with_either_kind_of_key() -> None:
    newer = witness("uwv", key=vkey("getuige.uwv.example", 6, seed="uwv"))
    assert history(CHAIN, adopted(ALL[0], newer)).refusal is None


def test_a_log_is_no_witness_to_itself() -> None:
    own = adopted(witness("bd", key=vkey("getuige.bd.example", 4, seed="een")))
    assert history(CHAIN, own).refusal is None
    history(signed_chain(), own).refused("W5")


def test_no_more_witnesses_are_needed_than_there_are() -> None:
    history(CHAIN, adopted(*ALL, quorum=4)).refused("W6")
    history(CHAIN, adopted(quorum=1)).refused("W6")
    assert history(CHAIN, adopted(*ALL, quorum=3)).refusal is None


# How it is decided


def test_a_policy_is_adopted_by_a_decision_of_a_strategic_body() -> None:
    life = opened(BOARD, adopted(*ALL, quorum=2))
    for organisation in ("bd", "uwv"):
        life = vote(life, organisation, "for").life
    result = vote(life, "cbs", "for")
    result.holds(adopted(*ALL, quorum=2))
    force = next(one for one in result.entries if type(one.event) is DecisionTookForce)
    policy = next(one for one in result.entries if type(one.event) is WitnessPolicyAdopted)
    assert (policy.header.by, policy.header.under) == ("rules", (force.header.position,))
    assert evidence.in_force(result.life.state, result.life.now) is not None


def test_a_proposal_with_a_policy_that_cannot_be_is_refused() -> None:
    BOARD.record(proposal("b-1", adopted(*ALL, quorum=4)), by="bestuur-p-bd").refused("D5")
    assert BOARD.record(proposal("b-1", adopted(*ALL)), by="bestuur-p-bd").refusal is None


def test_without_a_decision_only_where_the_governance_model_says_so() -> None:
    CHAIN.record(adopted(*ALL), by="p-bd").not_allowed()
    direct = GovernanceModelAdopted(direct=("WitnessPolicyAdopted",), reason="Sneller.")
    assert CHAIN.given(direct).record(adopted(*ALL), by="p-bd").refusal is None


def test_both_may_be_recorded_as_the_effect_of_a_decision() -> None:
    assert {"LogKeyAnnounced", "WitnessPolicyAdopted"} <= CHAIN.state.by_decision
    assert LogKeyAnnounced.SCOPE == WitnessPolicyAdopted.SCOPE == "public"


def test_who_witnesses_is_not_corrected_but_adopted_anew() -> None:
    life = CHAIN.given(adopted(*ALL))
    wanted = RecordCorrected(
        target=life.entries[-1].header.position,
        field="/witnesses/0/name",
        was="getuige-bd",
        becomes="ander",
        reason="Verschrijving",
    )
    history(life, wanted).refused("L4")
    words = replace(wanted, field="/reason", was="Zo ziet ieder hetzelfde log.")
    assert history(life, words).refusal is None
