"""Which keys a monitor trusts after what records of the log say."""

import pytest

from ledger.log.monitor_keys import announced, trust_announced
from ledger.log.monitor_state import Trusted
from ledger.log.note import Note, read_note
from ledger.log.note_keys import ED25519, ED25519_COSIGNATURE, Signer
from tests.log.log_files import KEY, NEW_KEY, ORIGIN, files_of, numbers

TRUSTED = [Trusted(key=str(KEY.verifier), how="given", signed=True)]
NEW = str(NEW_KEY.verifier)


def shown(*signers: Signer) -> Note:
    return read_note(files_of(numbers(9), signers=signers)["checkpoint"])


def test_what_was_announced_since_the_round_before_is_trusted() -> None:
    assert announced(TRUSTED, [(7, NEW)], shown(KEY), 7) == [NEW_KEY.verifier]
    assert announced(TRUSTED, [(6, NEW)], shown(KEY), 7) == []


def test_what_was_announced_long_ago_is_trusted_only_when_it_signs_now() -> None:
    assert announced(TRUSTED, [(0, NEW)], shown(KEY), 0) == []
    assert announced(TRUSTED, [(0, NEW)], shown(NEW_KEY, KEY), 0) == [NEW_KEY.verifier]
    assert [trust_announced(NEW_KEY.verifier, shown(*by)).signed for by in ([KEY], [NEW_KEY])] == [
        False,
        True,
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "onzin",
        str(KEY.verifier),
        str(Signer("elders.example/log/x", ED25519, b"e" * 32).verifier),
        str(Signer(ORIGIN, ED25519_COSIGNATURE, b"e" * 32).verifier),
    ],
    ids=["empty", "no key", "known", "of another log", "of a witness"],
)
def test_what_is_no_new_key_of_this_log_is_left(text: str) -> None:
    assert announced(TRUSTED, [(8, text)], shown(KEY), 7) == []


def test_a_key_that_was_retired_is_not_trusted_again() -> None:
    retired = [*TRUSTED, Trusted(key=NEW, how="given", signed=True, retired=True)]
    assert announced(retired, [(8, NEW)], shown(NEW_KEY, KEY), 7) == []
