"""Every life passes its audit; one record changed, left out, moved or put in, and it does not."""

from __future__ import annotations

from random import Random

from hypothesis import given, note
from hypothesis import strategies as st

from ledger.audit import audit
from ledger.findings import Findings, Stored
from ledger.log import canonical
from tests.properties.lives import BOUNDED, NAME, Story, lives


def audited(rows: list[bytes], hashes: list[bytes] | None = None) -> Findings:
    """Audit records as they would lie in the store, with these leaf hashes where given."""
    proofs = hashes or [b""] * len(rows)
    stored = (Stored(place, *pair) for place, pair in enumerate(zip(rows, proofs, strict=True)))
    return audit(stored, NAME)


@BOUNDED
@given(lives(steps=60))
def test_the_audit_of_a_life_finds_nothing(story: Story) -> None:
    note(story.told())
    findings = audited(story.data)
    assert findings.breaks == ()
    assert findings.records == findings.clean == len(story.entries)


@BOUNDED
@given(lives(steps=40), st.randoms(use_true_random=False))
def test_the_audit_finds_a_changed_byte_and_says_where(story: Story, pick: Random) -> None:
    rows = story.data
    if rows:
        place = pick.randrange(len(rows))
        hashes = [canonical.leaf_hash(row) for row in rows]
        byte = pick.randrange(len(rows[place]))
        flipped = bytearray(rows[place])
        flipped[byte] ^= 1 << pick.randrange(8)
        rows[place] = bytes(flipped)
        findings = audited(rows, hashes)
        assert findings.clean <= place
        assert place in [one.position for one in findings.breaks]


@BOUNDED
@given(lives(steps=40), st.randoms(use_true_random=False))
def test_the_audit_finds_a_record_left_out(story: Story, pick: Random) -> None:
    rows = story.data
    if len(rows) > 1:
        place = pick.randrange(len(rows) - 1)
        del rows[place]
        assert audited(rows).clean <= place


@BOUNDED
@given(lives(steps=40), st.randoms(use_true_random=False))
def test_the_audit_finds_two_records_that_changed_places(story: Story, pick: Random) -> None:
    rows = story.data
    if len(rows) > 1:
        one, other = sorted(pick.sample(range(len(rows)), 2))
        rows[one], rows[other] = rows[other], rows[one]
        assert audited(rows).clean <= one


@BOUNDED
@given(lives(steps=40), st.randoms(use_true_random=False))
def test_the_audit_finds_a_record_put_in(story: Story, pick: Random) -> None:
    rows = story.data
    if rows:
        place = pick.randrange(len(rows))
        rows.insert(place, pick.choice(rows))
        assert not audited(rows).sound


@BOUNDED
@given(lives(steps=40))
def test_the_audit_finds_that_the_consequences_of_the_last_act_are_cut_off(story: Story) -> None:
    rows = story.data
    if story.entries and story.entries[-1].header.cause is not None:
        findings = audited(rows[:-1])
        assert "missing-consequence" in [one.kind for one in findings.breaks]
