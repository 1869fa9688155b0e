"""Keys and witnesses as readers find them: which policy held on a day, and who signs the log."""

from __future__ import annotations

from msgspec.structs import replace

from ledger.domain.chain import ChainState
from projections.chains import chain
from projections.evidence import witness_policies, witness_policy
from tests.domain.given import Life, a_chain, founding
from tests.domain.given_evidence import LOG_KEY, adopted, announced, vkey, witness
from tests.projections.shown import shown

ALL = tuple(map(witness, ("bd", "uwv", "cbs")))


def changed() -> tuple[Life, str, str]:
    """Two of three witnesses are wanted, from March on one alone; gives both policies."""
    life = a_chain().given(adopted(*ALL, quorum=2))
    first = life.entries[-1].header.position
    life = life.at("2024-03-01").given(adopted(ALL[0], replaces=first))
    return life, str(first), str(life.entries[-1].header.position)


def test_the_policy_that_held_on_a_day_is_found(database: str) -> None:
    life, first, second = changed()
    with shown(database, life) as readers:
        for day, wanted in (("2024-02-29", [first]), ("2024-03-01", [second]), ("2023-12-31", [])):
            asof = {"valid_on": day}
            assert readers.ids(witness_policies, "witnessPolicy", asof=asof) == wanted
        assert readers.ids(witness_policies, "witnessPolicy") == [first, second]


def test_a_policy_tells_its_witnesses_and_what_came_after(database: str) -> None:
    life, first, second = changed()
    with shown(database, life) as readers:
        old, new = (readers.item(witness_policy, one) for one in (first, second))
        then = readers.item(witness_policy, first, known_at=int(first))
        told = readers.item(witness_policy, first, reader=frozenset({"public"}))
    assert (old["quorum"], [one["organisation"] for one in old["witnesses"]]) == (
        2,
        ["bd", "uwv", "cbs"],
    )
    assert (old["replacedBy"], old["validUntil"]) == (second, "2024-03-01")
    assert (new["replaces"], new["witnesses"][0]["verifierKey"]) == (first, ALL[0].verifier_key)
    assert "replacedBy" not in then
    assert told["witnesses"] == old["witnesses"]


def test_a_policy_that_wants_nobody_says_so(database: str) -> None:
    life = a_chain().given(adopted(quorum=0))
    with shown(database, life) as readers:
        position = str(life.entries[-1].header.position)
        assert readers.item(witness_policy, position)["quorum"] == 0


def test_a_chain_tells_every_key_of_its_log(database: str) -> None:
    founded = replace(founding("bd", "uwv", "cbs"), log_key=LOG_KEY)
    life = Life(ChainState(name="testketen")).done(founded, by="p-bd").given(announced())
    with shown(database, life) as readers:
        keys = chain(readers.connection, readers.view())["logKeys"]
        then = chain(readers.connection, readers.view(known_at=0))["logKeys"]
    assert [(one["logKey"], one["effectiveOn"]) for one in keys] == [
        (LOG_KEY, "2024-01-01"),
        (vkey(seed="twee"), "2024-02-01"),
    ]
    assert keys[1]["reason"] == "Jaarlijkse wisseling."
    assert [one["logKey"] for one in then] == [LOG_KEY]
