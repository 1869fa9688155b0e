"""Time stamps after RFC 3161: what is asked of an authority, and whether its answer holds.

An answer counts only when all of this is so:

    malformed    it is one TimeStampResp in DER, and nothing behind it
    refused      the authority granted it
    imprint      it is about the SHA-256 of these very bytes
    nonce        it answers this question and no earlier one
    certificate  its signer leads to a root that we trust, may stamp, and was valid at that moment
    time         its moment lies between question and answer, with both clocks a little off

The word in front is the kind of what is refused. `openssl ts -verify` finds the same of a kept
token, but for the last two of asking: the nonce and the moment of the question are not kept.
"""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Literal, NamedTuple

from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from ledger.log.der import certificates_in_order

MAX_TOKEN_BYTES: Final = 65_536
MAX_CERTIFICATE_FILE_BYTES: Final = 1_048_576
CLOCKS_APART: Final = timedelta(minutes=5)
"""How far the clock of the authority may be from ours."""

_SHA256: Final = x509.ObjectIdentifier("2.16.840.1.101.3.4.2.1")

StampKind = Literal["malformed", "refused", "imprint", "nonce", "certificate", "time"]


class StampRefused(Exception):
    """An answer of an authority that proves nothing; says in Dutch why."""

    def __init__(self, kind: StampKind, sentence: str) -> None:
        super().__init__(sentence)
        self.kind: StampKind = kind


class CertificatesRefused(ValueError):
    """Certificates that no time stamp can be checked with; says in Dutch why."""


class Question(NamedTuple):
    """What goes to the authority, and what its answer has to repeat."""

    data: bytes
    nonce: int


class Trusted(NamedTuple):
    """The certificates that time stamps are checked with: roots, and what leads up to them."""

    roots: tuple[x509.Certificate, ...]
    between: tuple[x509.Certificate, ...] = ()


def read_certificates(paths: Iterable[Path]) -> Trusted:
    """Return the certificates in these PEM files, of which one at least is a root."""
    found: list[x509.Certificate] = []
    for path in paths:
        try:
            with path.open("rb") as file:
                data = file.read(MAX_CERTIFICATE_FILE_BYTES)
            found += x509.load_pem_x509_certificates(data)
        except (OSError, ValueError) as error:
            raise CertificatesRefused(f"{path} is geen leesbaar certificaat (PEM).") from error
    roots = tuple(one for one in found if one.subject == one.issuer)
    if not roots:
        raise CertificatesRefused("Er is geen stamcertificaat bij (een dat zichzelf tekent).")
    return Trusted(roots, tuple(one for one in found if one not in roots))


def question(stamped: bytes) -> Question:
    """Return the question for a time stamp over the SHA-256 of these bytes, with a fresh nonce."""
    asked = TimestampRequestBuilder().data(stamped).hash_algorithm(HashAlgorithm.SHA256).build()
    if asked.nonce is None:
        raise AssertionError("a question always has a nonce")
    return Question(asked.as_bytes(), asked.nonce)


def accepted(
    token: bytes,
    stamped: bytes,
    trusted: Trusted,
    *,
    nonce: int | None = None,
    asked: tuple[datetime, datetime] | None = None,
) -> datetime:
    """Return the moment at which an authority vouches for these bytes.

    Of a kept token the nonce and the moments of question and answer are not known any more; leave
    them out. Raises StampRefused.
    """
    response = _granted(token)
    try:
        info = response.tst_info
        imprint, said, stated = info.message_imprint, info.nonce, info.gen_time
    except ValueError as error:
        raise StampRefused("malformed", "Het antwoord bevat geen tijdstempel.") from error
    digest = hashlib.sha256(stamped).digest()
    if (imprint.hash_algorithm, imprint.message) != (_SHA256, digest):
        raise StampRefused("imprint", "De tijdstempel is van iets anders dan dit controlepunt.")
    if nonce is not None and said != nonce:
        raise StampRefused("nonce", "De tijdstempel antwoordt op een andere vraag.")
    _require_trusted(response, digest, trusted)
    moment = stated.replace(tzinfo=UTC) if stated.tzinfo is None else stated.astimezone(UTC)
    if asked is not None and not asked[0] - CLOCKS_APART <= moment <= asked[1] + CLOCKS_APART:
        raise StampRefused(
            "time", f"De tijdstempel zegt {moment:%Y-%m-%dT%H:%M:%SZ}; dat is niet nu."
        )
    return moment


def _granted(token: bytes) -> TimeStampResponse:
    if len(token) > MAX_TOKEN_BYTES:
        raise StampRefused("malformed", f"Een tijdstempel telt hooguit {MAX_TOKEN_BYTES} bytes.")
    ordered = certificates_in_order(token)
    try:
        response = decode_timestamp_response(ordered)
        status, whole = response.status, response.as_bytes() == ordered
    except ValueError as error:
        raise StampRefused("malformed", "Het antwoord is geen tijdstempel.") from error
    if status != 0:
        why = "; ".join(response.status_string)[:200]
        raise StampRefused("refused", f"De autoriteit gaf er geen: status {status} {why!a}.")
    if not whole:
        raise StampRefused("malformed", "Het antwoord is geen tijdstempel in DER.")
    return response


def _require_trusted(response: TimeStampResponse, digest: bytes, trusted: Trusted) -> None:
    verifier = VerifierBuilder(roots=list(trusted.roots), intermediates=list(trusted.between))
    try:
        verifier.build().verify(response, digest)
    except (
        VerificationError,
        ValueError,
        x509.DuplicateExtension,
        x509.UnsupportedGeneralNameType,
    ) as error:
        raise StampRefused(
            "certificate", f"Het certificaat of de handtekening deugt niet: {error}"[:300]
        ) from error
