"""The audit of acts: consequences, time and capacities are asked for again, and must agree."""

from msgspec.structs import replace

from ledger.audit import Stored, audit
from ledger.domain.events.actions import ActionOverdue
from ledger.domain.events.bodies import SeatVacated
from ledger.domain.events.decisions import VoteCast
from ledger.domain.events.outcomes import DecisionAdopted, DecisionTookForce
from ledger.domain.events.people import PersonDetailsGiven, PersonRegistered
from ledger.domain.events.roles import RoleAssigned
from ledger.domain.values import later
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
    stored,
    with_entry,
    without,
)

# Consequences


def test_a_consequence_that_does_not_follow_is_caught() -> None:
    position = place(VoteCast)
    extra = forged(ENTRIES[place(DecisionAdopted)], cause=position - 1)
    caught(inserted(position, extra)).at(position, "not-a-consequence")


def test_a_consequence_put_in_between_is_the_only_break() -> None:
    position = place(DecisionTookForce)
    extra = forged(
        ENTRIES[position],
        event=RoleAssigned(role="archivist", person="guest", valid_from="2024-01-01"),
    )
    found = audited(inserted(position, extra))
    assert [(one.position, one.kind) for one in found.breaks] == [(position, "not-a-consequence")]


def test_a_consequence_replaced_by_another_is_caught() -> None:
    position = place(DecisionTookForce) + 1
    entry = ENTRIES[position]
    assert isinstance(entry.event, RoleAssigned)
    other = forged(entry, event=replace(entry.event, person="manager"))
    caught(with_entry(position, other)).at(position, "not-a-consequence")


def test_a_consequence_left_out_is_caught_where_it_is_missing() -> None:
    position = place(DecisionTookForce)
    caught(without(position)).at(position, "missing-consequence")


def test_a_consequence_left_out_at_the_end_of_an_act_is_caught() -> None:
    position = place(DecisionTookForce) + 1
    caught(without(position)).at(position, "missing-consequence")


def test_a_consequence_with_another_scope_or_cause_is_caught() -> None:
    position = place(DecisionTookForce)
    entry = ENTRIES[position]
    caught(with_entry(position, forged(entry, scope="public"))).at(position, "wrong-header")
    caught(with_entry(position, forged(entry, cause=3))).at(position, "wrong-header")


def test_what_only_rules_record_cannot_be_recorded_by_a_person() -> None:
    position = place(DecisionAdopted)
    entry = forged(ENTRIES[position], by="manager", cause=None)
    found = audited(with_entry(position, entry))
    assert ("refused", "G4") in {(one.kind, one.rule) for one in found.breaks}


# Time


def test_something_due_that_was_left_out_is_caught() -> None:
    position = place(ActionOverdue)
    caught(without(position)).at(position, "missing-consequence")


def test_something_recorded_as_due_before_its_time_is_caught() -> None:
    position = place(VoteCast)
    early = forged(
        ENTRIES[place(ActionOverdue)],
        at=ENTRIES[position].header.at,
        on=ENTRIES[position].header.on,
    )
    caught(inserted(position, early)).at(position, "not-a-consequence")


def test_another_moment_for_what_fell_due_is_caught() -> None:
    position = place(ActionOverdue)
    moved = forged(ENTRIES[position], on="2024-01-11T00:00:00.000001Z")
    caught(with_entry(position, moved)).at(position, "wrong-header")


def test_time_that_goes_back_is_caught() -> None:
    entry = ENTRIES[LAST]
    back = forged(entry, at=later(entry.header.at, days=-1), on=later(entry.header.on, days=-1))
    caught(with_entry(LAST, back)).at(LAST, "time")


def test_an_act_after_its_own_recording_is_caught() -> None:
    ahead = forged(ENTRIES[LAST], on=later(ENTRIES[LAST].header.at, days=1))
    caught(with_entry(LAST, ahead)).at(LAST, "refused", "G2")


# Who, by which capacity


def test_a_vote_by_somebody_who_does_not_hold_the_seat_is_caught() -> None:
    position = place(VoteCast)
    other = forged(ENTRIES[position], by="bestuur-p-bd")
    caught(with_entry(position, other)).at(position, "not-lawful", "G5")


def test_a_vote_without_a_mandate_is_caught() -> None:
    position = place(VoteCast)
    nobody = forged(ENTRIES[position], by="guest", under=())
    caught(with_entry(position, nobody)).at(position, "not-lawful", "G5")


def test_a_vote_after_the_seat_was_vacated_is_caught() -> None:
    position = place(VoteCast)
    vacated = forged(
        ENTRIES[LAST],
        event=SeatVacated(seat="bestuur-cbs", valid_until="2024-01-02", reason="Vertrek."),
        at=ENTRIES[position].header.at,
        on=ENTRIES[position].header.at,
    )
    kinds = {(one.kind, one.rule) for one in audited(inserted(position, vacated)).breaks}
    assert ("not-lawful", "G5") in kinds


def test_another_capacity_than_the_one_that_counts_is_caught() -> None:
    position = place(VoteCast)
    caught(with_entry(position, forged(ENTRIES[position], under=(0,)))).at(position, "wrong-under")
    caught(with_entry(position, forged(ENTRIES[position], under=()))).at(position, "wrong-under")


def test_an_act_of_somebody_unknown_is_caught() -> None:
    stranger = forged(ENTRIES[LAST], by="stranger")
    caught(with_entry(LAST, stranger)).at(LAST, "refused", "G11")


def test_a_forged_position_is_caught() -> None:
    caught(with_entry(LAST, forged(ENTRIES[LAST], position=LAST + 7))).at(LAST, "gap")
    rows = stored(ENTRIES)
    rows[LAST] = Stored(LAST, forged(ENTRIES[LAST], position=LAST + 7).data)
    Caught(audit(rows, "testketen")).at(LAST, "wrong-position")


def test_an_act_recorded_under_a_used_key_is_caught() -> None:
    twice = forged(ENTRIES[LAST], act="key-1")
    caught(with_entry(LAST, twice)).at(LAST, "duplicate-act", "G6")


def test_an_act_that_a_rule_refuses_is_caught_with_its_number() -> None:
    again = forged(ENTRIES[LAST], event=person("guest"), by="office", under=())
    caught(with_entry(LAST, again)).at(LAST, "refused", "P1")


def test_a_log_that_does_not_begin_with_the_founding_is_caught() -> None:
    caught([forged(ENTRIES[LAST], position=0, under=())]).at(0, "refused", "G1")


# Going on


def test_after_a_break_the_audit_goes_on_and_names_the_next() -> None:
    first, second = place(VoteCast), LAST
    entries = with_entry(first, forged(ENTRIES[first], under=(0,)))
    entries[second] = forged(entries[second], by="guest", under=())
    found = audited(entries)
    assert [(one.position, one.kind) for one in found.breaks] == [
        (first, "wrong-under"),
        (second, "not-lawful"),
    ]
    assert found.records == len(ENTRIES)
    assert found.clean == first


def test_a_record_that_fits_nothing_does_not_stop_the_audit() -> None:
    lost = [entry for entry in ENTRIES if not isinstance(entry.event, PersonRegistered)]
    found = audited(lost)
    assert found.complete
    assert found.records == len(lost)


def test_the_number_of_findings_is_bounded() -> None:
    details = PersonDetailsGiven(person="nobody")
    false = [forged(ENTRIES[LAST], event=details, position=LAST + n) for n in range(50)]
    found = audit(stored([*ENTRIES[:LAST], *false]), "testketen", max_breaks=10)
    assert len(found.breaks) == 10
    assert not found.complete
    assert found.clean == LAST
