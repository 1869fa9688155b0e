"""The verifier on signed acts: what an operator could make up in a bundle of a real chain's life.

Whoever makes things up here owns the log key, so that every proof and checkpoint is right again.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ledger.domain.events.decisions import VoteCast
from ledger.domain.events.signing_keys import SigningKeyRegistered
from ledger.signatures import public_text
from ledger.verify import NotProven, Report, verify
from tests.domain.given_signing import KEYS, LIFTED, adopt, ended, sign, signature
from tests.domain.test_audit_signatures import LAST, LIFE, VOTE
from tests.log import bundle_maker as maker
from tests.log.bundle_maker import Log, Signer, canonical, records, span

pytestmark = pytest.mark.fast
CHAIN = "testketen"
ORIGIN = f"keten.example/log/{CHAIN}"
OPERATOR = Signer(ORIGIN)
Change = Callable[[dict[str, Any], dict[str, Any]], object]
KEY = next(
    entry.header.position
    for entry in LIFE.entries
    if isinstance(entry.event, SigningKeyRegistered) and entry.event.signing_key == "uwv"
)
RULE = next(one.header.position for one in LIFE.entries if hasattr(one.event, "event_types"))
STRANGE = "1 handtekeningen: hun sleutel staat hier niet in"


def log_of(changes: dict[int, Change] | None = None, *more: bytes) -> Log:
    """Return the log of the life with records changed, signed by the operator as if it were so."""
    data = []
    for entry in LIFE.entries:
        record = msgspec.json.decode(entry.data)
        if change := (changes or {}).get(entry.header.position):
            change(record["body"], record["header"])
        data.append(canonical(record))
    return Log([*data, *more], origin=ORIGIN, signers=[OPERATOR])


def checked(folder: Path, log: Log, *chosen: int) -> Report:
    """Check a bundle of chosen records, or of the whole log."""
    size = len(log.records)
    members = log.selected(chosen) if chosen else log.spanned(0, size)
    selection = records(*chosen) if chosen else span(0, size)
    path = maker.write(
        folder / "bundle.zip", members, selection, lambda listed: listed.update(chain=CHAIN)
    )
    return verify(str(path), keys=[OPERATOR.vkey], earlier=[])


def refused(folder: Path, log: Log, *chosen: int) -> str:
    """Return what the verifier says against the acts in a bundle."""
    with pytest.raises(NotProven) as broken:
        checked(folder, log, *chosen)
    assert broken.value.kind == "act"
    return broken.value.sentence


def test_the_signatures_of_a_whole_log_are_checked(tmp_path: Path) -> None:
    proven, doubts = checked(tmp_path, log_of())
    assert proven[0].endswith("; goede handtekeningen: 5")
    assert "dat de sleutels onder handelingen zijn van wie erbij staat" in doubts
    assert STRANGE not in doubts


def test_an_act_is_checked_where_its_key_is_in_the_bundle(tmp_path: Path) -> None:
    proven, doubts = checked(tmp_path, log_of(), KEY, LAST)
    assert proven[0].endswith("; goede handtekeningen: 2")
    proven, doubts = checked(tmp_path, log_of(), LAST)
    assert "goede handtekeningen" not in proven[0]
    assert STRANGE in doubts


def a_vote(**header: object) -> bytes:
    """Return the vote that cbs never cast."""
    record = msgspec.json.decode(VOTE.data)
    record["body"] |= {"seat": "bestuur-cbs", "choice": "against"}
    del record["header"]["signature"]
    record["header"] |= {"position": LAST + 1, "by": "bestuur-p-cbs", "act": "verzonnen", **header}
    return canonical(record)


@pytest.mark.parametrize("header", [{}, {"by": "rules", "cause": LAST}], ids=["person", "rules"])
def test_a_vote_made_up_by_the_operator_is_caught(tmp_path: Path, header: dict[str, Any]) -> None:
    said = refused(tmp_path, log_of(None, a_vote(**header)))
    assert said == f"nummer {LAST + 1} (VoteCast) is niet ondertekend"


CHANGES: dict[str, Change] = {
    "the vote": lambda body, header: body.update(choice="against"),
    "the person": lambda body, header: header.update(by="bestuur-p-bd"),
    "the moment": lambda body, header: header.update(on="2024-01-01T09:00:00.000000Z"),
    "the key of the act": lambda body, header: header.update(act="andere"),
    "no signature": lambda body, header: header.pop("signature"),
    "no signature but a word": lambda body, header: header.update(signature="ja"),
    "a signature without a value": lambda body, header: header["signature"].pop("value"),
    "another registered key": lambda body, header: header["signature"].update(key="bd"),
    "the signature of a stranger": lambda body, header: header["signature"].update(
        value=signature(
            VOTE.event, "thief", act=VOTE.header.act, by=VOTE.header.by, on=VOTE.header.on
        ).value
    ),
    "the signature of another chain": lambda body, header: header["signature"].update(
        value=signature(
            VOTE.event, "uwv", chain="ander", act=VOTE.header.act, by=VOTE.header.by,
            on=VOTE.header.on,
        ).value
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_under_a_signature_is_caught(tmp_path: Path, what: str) -> None:
    assert refused(tmp_path, log_of({LAST: CHANGES[what]}))


def ruled(*types: str) -> Log:
    """Return the log as it would be when these types had to be signed."""
    return log_of({RULE: lambda body, header: body.update(eventTypes=[*types])})


def test_what_follows_by_the_rules_needs_no_signature_of_a_person(tmp_path: Path) -> None:
    fixed, proposed = LAST - 2, LAST - 4
    assert [LIFE.entries[one].header.by == "rules" for one in (fixed, proposed)] == [True, False]
    proven, _ = checked(tmp_path, ruled("ElectorateFixed", "VoteCast"))
    assert proven[0].endswith("; goede handtekeningen: 5")
    said = refused(tmp_path, ruled("ElectorateFixed", "ProposalSubmitted"))
    assert said == f"nummer {proposed} (ProposalSubmitted) is niet ondertekend"


def test_a_mere_word_where_no_signature_is_needed_is_caught(tmp_path: Path) -> None:
    """Even where none is needed: else what looks signed would pass unchecked."""
    free = log_of({LAST - 4: lambda body, header: header.update(signature="ja")})
    said = refused(tmp_path, free)
    assert said == f"nummer {LAST - 4} (ProposalSubmitted) is niet ondertekend"


def test_a_rule_asks_for_nothing_where_what_lifted_it_may_be_left_out(tmp_path: Path) -> None:
    """A sound choice of records accuses nobody; where nothing is left out, the rule holds."""
    life = adopt(LIFE, LIFTED).life
    event = VoteCast(decision="b-1", seat="bestuur-cbs", choice="for")
    life = life.record(event, by="bestuur-p-cbs", act="zonder").life
    log = log_of(None, *(entry.data for entry in life.entries[LAST + 1 :]))
    lifted, unsigned = LAST + 1, LAST + 2
    for chosen in ((), (RULE, lifted, unsigned), (RULE, unsigned)):
        assert checked(tmp_path, log, *chosen)
    made_up = log_of(None, a_vote())
    assert refused(tmp_path, made_up, *range(RULE, LAST + 2))


def test_only_a_revocation_ends_a_key(tmp_path: Path) -> None:
    accepted = log_of({KEY + 1: lambda body, header: body.update(validUntil="2000-01-01")})
    assert checked(tmp_path, accepted)[0][0].endswith("; goede handtekeningen: 5")


def test_a_key_replaced_where_it_was_registered_is_caught(tmp_path: Path) -> None:
    other = public_text(KEYS["thief"])
    said = refused(tmp_path, log_of({KEY: lambda body, header: body.update(publicKey=other)}))
    assert said == f"uwv tekende nummer {KEY} niet"


def test_a_key_registered_a_second_time_is_caught(tmp_path: Path) -> None:
    again = msgspec.json.decode(LIFE.entries[KEY].data)
    again["header"] |= {"position": LAST + 1, "at": VOTE.header.at}
    assert "registreert sleutel uwv opnieuw" in refused(tmp_path, log_of(None, canonical(again)))


def test_a_personal_key_signs_for_nobody_else(tmp_path: Path) -> None:
    """Who knows the key of uwv makes it one of a person, and votes under another name."""
    entry = LIFE.entries[KEY]
    personal = msgspec.structs.replace(entry.event, person="manager")
    value = signature(
        personal, "uwv", act=entry.header.act, by=entry.header.by, on=entry.header.on
    ).value

    def change(body: dict[str, Any], header: dict[str, Any]) -> None:
        body.update(person="manager")
        header["signature"].update(value=value)

    assert refused(tmp_path, log_of({KEY: change})) == f"uwv tekende nummer {LAST} niet"


def test_a_revoked_key_signs_nothing_more(tmp_path: Path) -> None:
    life = sign(LIFE, ended("uwv", LIFE.now[:10]), by="bestuur-p-uwv", key="uwv").life
    sound = log_of(None, *(one.data for one in life.entries[LAST + 1 :]))
    assert checked(tmp_path, sound)
    assert STRANGE.replace("1", "2") in checked(tmp_path, sound, LAST, LAST + 1)[1]
    event = VoteCast(decision="b-1", seat="bestuur-uwv", choice="against")
    act = {"act": "daarna", "by": "bestuur-p-uwv", "on": VOTE.header.on}
    late = msgspec.json.decode(VOTE.data)
    late["body"] |= {"choice": "against"}
    late["header"] |= {**act, "position": LAST + 2, "at": life.entries[-1].header.at}
    late["header"]["signature"] = {"key": "uwv", "value": signature(event, "uwv", **act).value}
    log = Log([*sound.records, canonical(late)], origin=ORIGIN, signers=[OPERATOR])
    assert refused(tmp_path, log) == f"uwv tekende nummer {LAST + 2} niet"


@pytest.mark.parametrize("types", [5, None, {"VoteCast": 1}, [["VoteCast"]]])
def test_a_rule_in_another_form_stops_no_verifier(tmp_path: Path, types: object) -> None:
    log = log_of({RULE: lambda body, header: body.update(eventTypes=types)})
    assert checked(tmp_path, log)
