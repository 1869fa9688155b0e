"""Signed acts: only the right key over exactly this act, and none missing where it is required."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ledger import catalogue, signatures
from ledger.domain.events.chains import PartnerWithdrew
from ledger.domain.events.decisions import VoteCast
from ledger.domain.events.memory import LessonRecorded
from ledger.domain.events.people import PersonRegistered
from ledger.domain.values import Signature
from ledger.log import canonical
from ledger.signatures import Statement, of_record
from tests.domain.given import IMPORTER, SOURCE
from tests.domain.given_decisions import BOARD, opened
from tests.domain.given_signing import (
    CHAIN,
    KEYS,
    LIFTED,
    SIGNING,
    WITH_KEYS,
    a_key,
    accepted,
    adopt,
    ended,
    registered,
    sign,
    signature,
)

OPEN = opened(SIGNING)
FOR = VoteCast(decision="b-1", seat="bestuur-bd", choice="for")
AGAINST = VoteCast(decision="b-1", seat="bestuur-bd", choice="against")
VOTER = "bestuur-p-bd"


def test_a_vote_that_has_to_be_signed_is_refused_without() -> None:
    OPEN.record(FOR, by=VOTER).refused("G15")
    assert sign(OPEN, FOR, by=VOTER, key="bd").refusal is None


def test_history_is_no_way_around_a_signature() -> None:
    OPEN.record(FOR, by=IMPORTER, source=SOURCE).refused("G15")


def test_what_needs_no_signature_may_have_one() -> None:
    assert opened(SIGNING).state.size == opened(WITH_KEYS).state.size + 1
    life = opened(WITH_KEYS)
    assert life.record(FOR, by=VOTER).refusal is None
    result = sign(life, FOR, by=VOTER, key="bd")
    assert result.entries[0].header.signature is not None


def test_consequences_of_signed_votes_are_not_signed() -> None:
    life = OPEN
    for organisation in ("bd", "uwv", "cbs"):
        event = VoteCast(decision="b-1", seat=f"bestuur-{organisation}", choice="for")
        life = sign(life, event, by=f"bestuur-p-{organisation}", key=organisation).life
    assert life.state.decisions.all["b-1"].status == "in-force"
    assert life.entries[-1].header.signature is None


def test_the_signature_stands_in_the_record_and_holds_from_it_alone() -> None:
    entry = sign(OPEN, FOR, by=VOTER, key="bd").entries[0]
    record = catalogue.decode(entry.data)
    made = signature(FOR, "bd", act=record.header.act, by=VOTER, on=record.header.on)
    assert record.header.signature == made
    assert signatures.message(of_record(record.body, record.header)) == (
        b"ketenledger-act/v1\n" + canonical.encode(
            {
                "act": record.header.act,
                "body": {
                    "choice": "for", "decision": "b-1", "seat": "bestuur-bd", "type": "VoteCast.v1"
                },
                "by": VOTER,
                "chain": CHAIN,
                "on": record.header.on,
            }
        )
    )  # fmt: skip


@pytest.mark.parametrize(
    "other",
    [
        {"act": "another"},
        {"by": "bestuur-p-uwv"},
        {"chain": "andere-keten"},
        {"on": "2024-01-01T09:00:00.000001Z"},
        {"body": AGAINST},
    ],
    ids=lambda said: next(iter(said)),
)
def test_a_signature_on_anything_else_is_refused(other: dict[str, object]) -> None:
    said = {"act": "a", "body": FOR, "by": VOTER, "chain": CHAIN, "on": OPEN.now}

    def asked(**changes: object) -> str:
        value = signatures.sign(KEYS["bd"], Statement(**{**said, **changes}))  # type: ignore[arg-type]  # test data
        given = Signature(key="bd", value=value)
        result = OPEN.record(FOR, by=VOTER, act="a", on=OPEN.now, signature=given)
        return result.refusal.rule if result.refusal else ""

    assert asked() == ""
    assert asked(**other) == "G16"


def test_a_signature_with_one_other_bit_is_refused() -> None:
    made = signature(FOR, "bd", act="a", by=VOTER, on=OPEN.now)
    letter = "A" if made.value[0] != "A" else "B"
    other = Signature(key="bd", value=letter + made.value[1:])
    OPEN.record(FOR, by=VOTER, act="a", on=OPEN.now, signature=other).refused("G16")


def test_a_signature_with_another_key_is_refused_whatever_it_says() -> None:
    sign(OPEN, FOR, by=VOTER, key="thief").refused("S9")
    sign(OPEN, FOR, by=VOTER, key="thief", named="bd").refused("G16")
    sign(OPEN, FOR, by=VOTER, key="uwv").refused("S10")


def test_a_key_of_a_person_signs_for_that_person_alone() -> None:
    waiting = opened(registered(WITH_KEYS, "person", "bd", person=VOTER))
    sign(waiting, FOR, by=VOTER, key="person").refused("S9")
    life = opened(accepted(BOARD, "person", "bd", person=VOTER))
    assert sign(life, FOR, by=VOTER, key="person").refusal is None
    event = PersonRegistered(person="nieuw", function="test")
    sign(life, event, by="p-bd", key="person").refused("S10")


def test_a_key_of_a_partner_signs_what_its_people_do() -> None:
    lesson = LessonRecorded(
        lesson="les-1", subject="x", problem="Zo.", approach="Dus.", solution="Klaar."
    )
    assert sign(SIGNING, lesson, by=VOTER, key="bd").refusal is None
    sign(SIGNING, lesson, by=VOTER, key="cbs").refused("S10")
    sign(SIGNING, lesson, by="manager", key="bd").refused("S10")


def test_a_key_signs_from_its_first_day_to_its_last() -> None:
    early = accepted(BOARD, "bd", valid_from="2024-01-03")
    sign(opened(early), FOR, by=VOTER, key="bd").refused("S9")
    later = opened(early).at("2024-01-03")
    assert sign(later, FOR, by=VOTER, key="bd").refusal is None
    gone = sign(later, ended("bd", "2024-01-05"), by=VOTER, key="bd").life
    assert sign(gone.at("2024-01-04"), FOR, by=VOTER, key="bd").refusal is None
    sign(gone.at("2024-01-05"), FOR, by=VOTER, key="bd").refused("S9")


def test_a_revoked_key_signs_nothing_for_the_past() -> None:
    day = OPEN.now[:10]
    gone = sign(OPEN, ended("bd", day), by=VOTER, key="bd").life.at("2024-01-05")
    sign(gone, FOR, by=VOTER, key="bd", on=day).refused("S9")


def test_a_key_of_a_partner_that_left_signs_no_more() -> None:
    notice = PartnerWithdrew(organisation="bd", notice="Tot ziens.", effective_on="2024-02-01")
    life = SIGNING.done(notice, by="p-bd").at("2024-02-02")
    lesson = LessonRecorded(
        lesson="les-1", subject="x", problem="Zo.", approach="Dus.", solution="Klaar."
    )
    sign(life, lesson, by="p-bd", key="bd").not_allowed()
    refusal = sign(life, lesson, by="bestuur-p-uwv", key="bd").refusal
    assert refusal is not None
    assert (refusal.rule, "geen partner" in refusal.reason) == ("S9", True)


def test_whoever_signs_leaves_nothing_to_fill_in() -> None:
    made = signature(FOR, "bd", by=VOTER, on=OPEN.now)
    OPEN.record(FOR, by=VOTER, on=OPEN.now, signature=made).refused("G17")
    unnamed = PersonRegistered(function="test")
    sign(SIGNING, unnamed, by=VOTER, key="bd").refused("G17")
    assert sign(SIGNING, PersonRegistered(person="nieuw"), by=VOTER, key="bd").refusal is None


def test_the_office_records_what_somebody_else_signed() -> None:
    result = sign(OPEN, FOR, by=VOTER, key="bd", recorded_by="office")
    assert result.refusal is None
    assert result.entries[0].header.recorded_by == "office"


def test_a_lifted_rule_asks_for_no_signature() -> None:
    life = adopt(OPEN, LIFTED).life
    assert life.record(FOR, by=VOTER).refusal is None


def test_what_was_signed_stays_signed_after_the_key_ended() -> None:
    life = sign(OPEN, FOR, by=VOTER, key="bd").life
    life = sign(life, ended("bd", life.now[:10]), by=VOTER, key="bd").life
    assert life.state.decisions.deliberation("b-1").votes


@pytest.mark.parametrize("height", sorted(signatures.WEAK)[:3])
def test_a_key_that_anybody_could_sign_with_is_refused(height: int) -> None:
    """Under a point of small order the empty signature, R = the identity and s = 0, may hold."""
    weak = height.to_bytes(32, "little")
    empty = (1).to_bytes(32, "little") + bytes(32)
    event = a_key("bd", public_key=b64encode(weak).decode())
    made = Signature(key="bd", value=b64encode(empty).decode())
    if height == 1:
        Ed25519PublicKey.from_public_bytes(weak).verify(empty, b"whatever")
    BOARD.record(event, by=VOTER, act="a", on=BOARD.now, signature=made).refused("G16")


def test_the_worked_example_of_the_documentation_holds() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "signed-acts.md").read_text("utf-8")
    seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"  # RFC 8032, 7.1
    private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed))
    statement = Statement(
        act="stem-1",
        body=VoteCast(decision="B-2024-017", seat="bestuur-uwv", choice="for"),
        by="bestuurder-uwv",
        chain="loonaangifteketen",
        on="2024-03-01T12:30:00.000000Z",
    )
    signed = signatures.message(statement)
    assert f"```text\n{signed.decode()}\n```" in page
    assert f"{len(signed)} bytes met SHA-256 `{sha256(signed).hexdigest()}`" in page
    assert f"`{signatures.public_text(private)}`" in page
    assert page.count(signatures.sign(private, statement)) == 2
