"""The audit of bytes and order: an untouched log is clean, a touched one is caught and named."""

import pytest
from msgspec.structs import replace

from ledger.audit import Findings, Stored, audit
from ledger.domain.events.actions import ActionOverdue
from ledger.domain.events.bodies import SeatAssigned
from ledger.domain.events.decisions import VoteCast
from ledger.domain.events.outcomes import DecisionAdopted, DecisionTookForce
from ledger.domain.events.people import PersonRegistered
from ledger.domain.values import Event
from ledger.log import canonical
from ledger.recording import Entry
from tests.domain.forging import (
    ENTRIES,
    LAST,
    Caught,
    audited,
    caught,
    forged,
    inserted,
    person,
    place,
    with_entry,
    without,
)

# A sound log


def test_an_untouched_life_is_clean() -> None:
    found = audited(ENTRIES)
    assert found.breaks == ()
    assert (found.records, found.clean, found.complete) == (len(ENTRIES), len(ENTRIES), True)
    assert found.sound


def test_every_beginning_that_ends_with_a_whole_act_is_clean() -> None:
    for size, entry in enumerate(ENTRIES):
        whole = entry.header.cause is None
        assert audited(ENTRIES[:size]).sound == whole or size == 0, size


def test_a_chain_without_records_is_clean() -> None:
    assert audited([]) == Findings(chain="testketen", records=0, clean=0)


def test_the_life_holds_what_the_tests_tamper_with() -> None:
    assert ENTRIES[place(DecisionAdopted)].header.cause == place(VoteCast)
    assert ENTRIES[place(ActionOverdue)].header.cause is None
    assert ENTRIES[LAST].header.cause is None
    assert ENTRIES[place(PersonRegistered)].header.recorded_by == "office"


# Bytes


def test_a_byte_that_changes_the_form_is_caught() -> None:
    entry = ENTRIES[place(VoteCast)]
    spaced = Entry(entry.event, entry.header, entry.data.replace(b'":', b'": ', 1))
    caught(with_entry(place(VoteCast), spaced)).at(place(VoteCast), "changed-byte")


def test_a_record_that_no_longer_reads_is_caught_and_the_rest_is_still_judged() -> None:
    position = place(VoteCast)
    entry = ENTRIES[position]
    broken = Entry(entry.event, entry.header, b"[" + entry.data[1:])
    caught(with_entry(position, broken)).at(position, "unreadable")


def test_an_unreadable_consequence_is_the_only_break() -> None:
    position = place(DecisionTookForce)
    entry = ENTRIES[position]
    found = audited(with_entry(position, Entry(entry.event, entry.header, b"\xff\x00")))
    assert [(one.position, one.kind) for one in found.breaks] == [(position, "unreadable")]


@pytest.mark.parametrize("entry", [one for one in ENTRIES if one.header.cause is not None])
def test_no_byte_of_a_consequence_can_change_unseen(entry: Entry) -> None:
    for index in range(0, len(entry.data), 29):
        changed = bytearray(entry.data)
        changed[index] ^= 1
        position = entry.header.position
        found = audited(with_entry(position, Entry(entry.event, entry.header, bytes(changed))))
        assert found.breaks, changed
        assert found.clean <= position


def test_a_changed_vote_shows_in_what_no_longer_follows() -> None:
    position = place(VoteCast) - 1
    entry = ENTRIES[position]
    assert isinstance(entry.event, VoteCast)
    turned = forged(entry, event=replace(entry.event, choice="against"))
    caught(with_entry(position, turned)).at(place(DecisionAdopted), "not-a-consequence")


def test_a_changed_text_that_decides_nothing_shows_in_the_leaf_hash_only() -> None:
    entry = ENTRIES[place(VoteCast)]
    assert isinstance(entry.event, VoteCast)
    position = entry.header.position
    changed = forged(entry, event=replace(entry.event, reason="Bij nader inzien."))
    assert audited(with_entry(position, changed)).sound
    rows = [
        Stored(one.header.position, new.data, canonical.leaf_hash(one.data))
        for one, new in zip(ENTRIES, with_entry(position, changed), strict=True)
    ]
    Caught(audit(rows, "testketen")).at(position, "changed-byte")


def test_right_leaf_hashes_are_no_break() -> None:
    rows = [
        Stored(entry.header.position, entry.data, canonical.leaf_hash(entry.data))
        for entry in ENTRIES
    ]
    assert audit(rows, "testketen").sound


# Records removed, swapped, inserted


@pytest.mark.parametrize("position", range(LAST))
def test_a_removed_record_leaves_a_gap(position: int) -> None:
    found = audited([*ENTRIES[:position], *ENTRIES[position + 1 :]])
    assert found.clean <= position
    assert found.breaks[0].kind in {"gap", "missing-consequence"}
    assert "gap" in {one.kind for one in found.breaks}


@pytest.mark.parametrize(
    "kind", [SeatAssigned, VoteCast, DecisionAdopted, DecisionTookForce, ActionOverdue]
)
def test_a_removed_record_is_caught_after_renumbering(kind: type[Event]) -> None:
    found = audited(without(place(kind)))
    assert not found.sound
    assert found.clean >= place(kind) - 1


def test_a_removed_row_with_the_others_moved_up_is_caught() -> None:
    position = place(VoteCast)
    rest = [*ENTRIES[:position], *ENTRIES[position + 1 :]]
    rows = [Stored(number, entry.data) for number, entry in enumerate(rest)]
    Caught(audit(rows, "testketen")).at(position, "wrong-position")


def test_records_cut_off_the_end_show_only_where_an_act_is_left_incomplete() -> None:
    assert audited(ENTRIES[:LAST]).sound
    cut = place(DecisionTookForce)
    caught(ENTRIES[:cut]).at(cut, "missing-consequence")


@pytest.mark.parametrize("position", range(LAST))
def test_swapped_records_are_caught(position: int) -> None:
    one, other = ENTRIES[position : position + 2]
    swapped = [*ENTRIES[:position], other, one, *ENTRIES[position + 2 :]]
    assert "wrong-order" in {found.kind for found in audited(swapped).breaks}
    rows = [Stored(number, entry.data) for number, entry in enumerate(swapped)]
    assert "wrong-position" in {found.kind for found in audit(rows, "testketen").breaks}
    assert audit(rows, "testketen").clean <= position + 1


def test_an_inserted_act_without_a_capacity_is_caught() -> None:
    extra = forged(ENTRIES[LAST], event=person("intruder"), by="guest", under=())
    caught(inserted(LAST, extra)).at(LAST, "not-lawful", "G5")


def test_a_record_stored_twice_is_caught() -> None:
    position = place(VoteCast)
    caught([*ENTRIES[: position + 1], *ENTRIES[position:]]).at(position, "wrong-order")


def test_a_record_of_another_chain_is_caught() -> None:
    position = place(VoteCast)
    caught(with_entry(position, forged(ENTRIES[position], chain="andere"))).at(
        position, "wrong-chain"
    )
