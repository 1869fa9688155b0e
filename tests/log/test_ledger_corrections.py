"""A correction is held against what is stored, also against what was decided a moment before."""

import pytest

from ledger.domain.events.memory import RecordCorrected
from ledger.domain.values import Refused
from ledger.ledger import Act, Ledger
from tests.domain.given import IMPORTER, SOURCE
from tests.log.scene import CHAIN, a_ledger, found, registering


def correcting(position: int, was: str) -> Act:
    event = RecordCorrected(
        target=position, field="/function", was=was, becomes="secretaris", reason="spelling"
    )
    return Act(event=event, by=IMPORTER, source=SOURCE)


def functions_of(ledger: Ledger, position: int) -> str:
    body = ledger.records(CHAIN, position, 1)[0].data.decode()
    return body.partition('"function":"')[2].partition('"')[0]


def test_a_correction_names_what_is_stored(database: str) -> None:
    with a_ledger(database) as ledger:
        found(ledger, CHAIN)
        position = ledger.submit(CHAIN, registering("iemand")).position
        stands = functions_of(ledger, position)
        with pytest.raises(Refused, match="L7"):
            ledger.submit(CHAIN, correcting(position, "iets anders"))
        refusal = ledger.try_out(CHAIN, correcting(position, "iets anders")).refusal
        assert refusal is not None
        assert refusal.rule == "L7"
        assert ledger.submit(CHAIN, correcting(position, stands)).position == position + 1


def test_a_correction_may_follow_what_it_corrects_in_one_batch(database: str) -> None:
    with a_ledger(database) as ledger:
        found(ledger, CHAIN)
        size = ledger.state(CHAIN).size
        acts = [registering("iemand"), correcting(size, "iets anders")]
        _, refused = ledger.submit_many(CHAIN, acts)
        assert isinstance(refused, Refused)
        assert refused.rule == "L7"
