"""The audit of signatures: what an operator with full access could do to signed votes, caught."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from ledger import catalogue, recording
from ledger.audit import Stored, audit
from ledger.domain.events.decisions import VoteCast
from ledger.domain.events.signing_keys import SigningKeyAccepted, SigningKeyRegistered
from ledger.domain.values import Signature
from ledger.recording import Act, Entry
from ledger.signatures import public_text
from tests.domain.forging import Caught, forged
from tests.domain.given import Life
from tests.domain.given_decisions import opened
from tests.domain.given_signing import CHAIN, KEYS, SIGNING, sign, signature

VOTER = "bestuur-p-uwv"


def voted() -> Life:
    """A vote of two of three, both signed."""
    life = opened(SIGNING)
    for organisation in ("bd", "uwv"):
        event = VoteCast(decision="b-1", seat=f"bestuur-{organisation}", choice="for")
        life = sign(life, event, by=f"bestuur-p-{organisation}", key=organisation).life
    return life


LIFE = voted()
VOTE = LIFE.entries[-1]
LAST = VOTE.header.position


def caught(*entries: Entry) -> Caught:
    """Return what the audit makes of the log with these records in the place of their positions."""
    changed = {one.header.position: one for one in entries}
    rows = [changed.pop(one.header.position, one) for one in LIFE.entries]
    rows += list(changed.values())
    return Caught(audit([Stored(one.header.position, one.data) for one in rows], CHAIN))


def test_a_log_with_signed_votes_is_sound() -> None:
    findings = caught().findings
    assert (findings.sound, findings.clean) == (True, LAST + 1)


def test_a_vote_made_up_by_the_operator_is_caught() -> None:
    made_up = VoteCast(decision="b-1", seat="bestuur-cbs", choice="against")
    entry = forged(
        VOTE,
        event=made_up,
        position=LAST + 1,
        by="bestuur-p-cbs",
        act="verzonnen",
        signature=None,
    )
    caught(entry).at(LAST + 1, "refused", "G15")


def test_a_vote_whose_signature_was_taken_away_is_caught() -> None:
    caught(forged(VOTE, signature=None)).at(LAST, "refused", "G15")


@pytest.mark.parametrize(
    "changes",
    [
        {"event": VoteCast(decision="b-1", seat="bestuur-uwv", choice="against")},
        {"act": "andere"},
        {"on": LIFE.entries[-2].header.at},
        {"signature": LIFE.entries[-2].header.signature},
    ],
    ids=["the vote itself", "its key", "its moment", "the signature of another"],
)
def test_a_change_under_a_signature_is_caught(changes: dict[str, object]) -> None:
    found = caught(forged(VOTE, **changes)).findings.breaks[0]  # type: ignore[arg-type]  # test data
    assert (found.position, found.kind) == (LAST, "refused")
    assert found.rule in ("G16", "S10")


def test_a_signature_from_another_chain_is_caught() -> None:
    header = VOTE.header
    elsewhere = signature(
        VOTE.event, "uwv", chain="andere-keten", act=header.act, by=header.by, on=header.on
    )
    caught(forged(VOTE, signature=elsewhere)).at(LAST, "refused", "G16")


def test_a_vote_signed_with_a_key_of_the_operator_is_caught() -> None:
    header = VOTE.header
    own = signature(VOTE.event, "thief", act=header.act, by=header.by, on=header.on)
    caught(forged(VOTE, signature=own)).at(LAST, "refused", "S9")
    caught(forged(VOTE, signature=Signature(key="uwv", value=own.value))).at(LAST, "refused", "G16")


def test_a_key_replaced_where_it_was_registered_is_caught() -> None:
    entry = next(
        one
        for one in LIFE.entries
        if isinstance(one.event, SigningKeyRegistered) and one.event.signing_key == "uwv"
    )
    other = replace(entry.event, public_key=public_text(KEYS["thief"]))
    caught(forged(entry, event=other)).at(entry.header.position, "refused", "G16")
    again = signature(other, "thief", **_said(entry))
    resigned = forged(entry, event=other, signature=Signature(key="uwv", value=again.value))
    found = caught(resigned).findings.breaks
    assert [(one.position, one.rule) for one in found] == [(LAST, "G16")]


def test_a_second_key_under_the_name_of_a_partner_is_caught() -> None:
    """The operator registers a key of its own for somebody else, and cannot have it accepted."""
    fake = SigningKeyRegistered(
        signing_key="uwv-2",
        public_key=public_text(KEYS["thief"]),
        organisation="uwv",
        valid_from="2024-01-01",
    )
    said = {"act": "verzonnen", "by": VOTER, "on": LIFE.now}
    value = signature(fake, "thief", **said).value
    act = Act(event=fake, signature=Signature(key="uwv-2", value=value), **said)
    done = recording.record(LIFE.state, act, at=LIFE.now)
    accepted = catalogue.decode(_acceptance("uwv").data)
    header = replace(accepted.header, position=LAST + 2, at=LIFE.now, on=LIFE.now)
    event = replace(accepted.body, signing_key="uwv-2")
    record = Entry(event, header, catalogue.encode(event, header))
    caught(*done.entries, record).at(LAST + 2, "refused", "S12")


def _acceptance(key: str) -> Entry:
    wanted = SigningKeyAccepted(signing_key=key)
    return next(one for one in LIFE.entries if one.event == wanted)


def _said(entry: Entry) -> dict[str, str]:
    header = entry.header
    return {"act": header.act, "by": header.by, "on": header.on}
