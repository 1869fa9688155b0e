"""A correction names what really stands there."""

from ledger import corrections
from ledger.domain.events.memory import EventAnnotated, RecordCorrected
from ledger.domain.events.people import PersonRegistered
from ledger.domain.values import Event, Refused, Scope
from ledger.recording import Act
from tests.domain.given import IMPORTER, SOURCE, Life, Result, a_chain

PERSON = PersonRegistered(person="iemand", function="secretarus")


def registered(scope: Scope | None = None) -> Life:
    return a_chain().record(PERSON, by=IMPORTER, source=SOURCE, scope=scope).life


def offered(life: Life, event: Event) -> Result:
    """Offer an act as the ledger's door does: held against the records, then to the rules."""
    act = Act(event=event, by=IMPORTER, source=SOURCE)

    def read(position: int) -> bytes | None:
        there = position < len(life.entries)
        return life.entries[position].data if there else None

    try:
        act = corrections.held_against(act, read)
    except Refused as refusal:
        return Result(life, (), refusal)
    return life.record(act.event, by=act.by, source=SOURCE, scope=act.scope)


def correction(life: Life, *, was: str, field: str = "/function") -> RecordCorrected:
    target = life.entries[-1].header.position
    return RecordCorrected(
        target=target, field=field, was=was, becomes="secretaris", reason="spelling"
    )


def test_a_correction_names_what_stands_there() -> None:
    life = registered()
    offered(life, correction(life, was="secretarus")).gives()
    offered(life, correction(life, was="Secretarus")).refused("L7")


def test_a_correction_of_a_field_that_is_not_there_is_refused() -> None:
    life = registered()
    offered(life, correction(life, was="", field="/text")).refused("L7")
    offered(life, correction(life, was="", field="/function/text")).refused("L7")


def test_a_correction_of_a_record_that_is_not_there_is_left_to_the_rules() -> None:
    life = registered()
    event = RecordCorrected(
        target=life.state.size + 3, field="/function", was="a", becomes="b", reason="spelling"
    )
    offered(life, event).refused("L3")


def test_a_note_on_something_confidential_is_confidential() -> None:
    for scope, expected in (("confidential", "confidential"), ("public", "chain")):
        life = registered(scope)  # type: ignore[arg-type]  # the literals above
        target = life.entries[-1].header.position
        note = EventAnnotated(target=target, label="let op", text="zie het verslag")
        assert offered(life, note).entries[0].header.scope == expected
