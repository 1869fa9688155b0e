"""What the answer of a time-stamping authority must be, byte for byte, and by which certificate."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ledger.log.der import certificates_in_order
from ledger.log.time_stamp import (
    CLOCKS_APART,
    CertificatesRefused,
    StampRefused,
    accepted,
    question,
    read_certificates,
)
from tests.log.stamping import Tsa, certificates

STAMPED = b"log.example/log/keten\n3\nroot\n\nsignature\n"

pytestmark = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="no openssl here: no time-stamping authority to ask"
)


@pytest.fixture(scope="module")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> Tsa:
    folder = tmp_path_factory.mktemp("tsa")
    certificates(folder)
    return Tsa(folder)


@pytest.fixture(scope="module")
def token(tsa: Tsa) -> bytes:
    return tsa.stamp(question(STAMPED).data)


def test_a_kept_token_gives_its_moment_again(tsa: Tsa, token: bytes) -> None:
    moment = accepted(token, STAMPED, tsa.trusted)
    assert abs(datetime.now(UTC) - moment) < timedelta(hours=1)
    with pytest.raises(StampRefused) as refused:
        accepted(token, STAMPED + b"\n", tsa.trusted)
    assert refused.value.kind == "imprint"


@pytest.mark.parametrize("apart", [CLOCKS_APART, -CLOCKS_APART], ids=["before", "after"])
def test_the_moment_has_to_be_that_of_the_question(
    tsa: Tsa, token: bytes, apart: timedelta
) -> None:
    moment = accepted(token, STAMPED, tsa.trusted)
    just = moment + apart
    assert accepted(token, STAMPED, tsa.trusted, asked=(just, just)) == moment
    more = just + apart / abs(apart.total_seconds())
    with pytest.raises(StampRefused, match="dat is niet nu") as refused:
        accepted(token, STAMPED, tsa.trusted, asked=(more, more))
    assert refused.value.kind == "time"


def test_a_changed_byte_is_refused_or_says_the_same(tsa: Tsa, token: bytes) -> None:
    """Certificates that are only sent along are not signed: there a byte may change nothing."""
    moment = accepted(token, STAMPED, tsa.trusted)
    refused = 0
    for place in range(len(token)):
        changed = bytearray(token)
        changed[place] ^= 1
        try:
            assert accepted(bytes(changed), STAMPED, tsa.trusted) == moment
        except StampRefused:
            refused += 1
    assert refused > len(token) // 2


def test_a_token_of_any_length_but_its_own_is_refused(tsa: Tsa, token: bytes) -> None:
    for size in range(0, len(token), 7):
        with pytest.raises(StampRefused) as refused:
            accepted(token[:size], STAMPED, tsa.trusted)
        assert refused.value.kind == "malformed"
    with pytest.raises(StampRefused, match="hooguit"):
        accepted(token + bytes(70_000), STAMPED, tsa.trusted)


def test_each_question_has_a_nonce_of_its_own(tsa: Tsa) -> None:
    first, second = question(STAMPED), question(STAMPED)
    assert first.nonce != second.nonce
    token = tsa.stamp(first.data)
    accepted(token, STAMPED, tsa.trusted, nonce=first.nonce)
    with pytest.raises(StampRefused) as refused:
        accepted(token, STAMPED, tsa.trusted, nonce=second.nonce)
    assert refused.value.kind == "nonce"


def test_the_order_of_the_certificates_in_an_answer_does_not_matter(tsa: Tsa, token: bytes) -> None:
    ordered = certificates_in_order(token)
    assert len(ordered) == len(token)
    assert certificates_in_order(ordered) == ordered
    assert accepted(ordered, STAMPED, tsa.trusted) == accepted(token, STAMPED, tsa.trusted)


@pytest.mark.parametrize(
    "data", [b"", b"\x30", b"\x30\x80\x00\x00", b"\x30\x85\x01\x01\x01\x01\x01", b"abc" * 99]
)
def test_what_is_no_answer_comes_back_as_it_is(data: bytes) -> None:
    assert certificates_in_order(data) == data


def test_the_root_alone_decides_whom_we_trust(tsa: Tsa, token: bytes, tmp_path: Path) -> None:
    certificates(tmp_path)
    for names in (["root.pem"], ["root.pem", "between.pem"]):
        accepted(token, STAMPED, read_certificates(tsa.folder / name for name in names))
        strange = read_certificates(tmp_path / name for name in names)
        with pytest.raises(StampRefused) as refused:
            accepted(token, STAMPED, strange)
        assert refused.value.kind == "certificate"


@pytest.mark.parametrize("name", ["between.pem", "root.key", "serial", "nergens.pem"])
def test_certificates_that_prove_nothing_are_refused(tsa: Tsa, name: str) -> None:
    with pytest.raises(CertificatesRefused):
        read_certificates([tsa.folder / name])
    with pytest.raises(CertificatesRefused):
        read_certificates([])
