"""Tokens: only what the issuer signed, for this server, at this time, is believed."""

from __future__ import annotations

import base64
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from joserfc.jwk import ECKey, RSAKey

from api import tokens
from api.issuer import (
    FRESH_SECONDS,
    PAUSE_SECONDS,
    STALE_SECONDS,
    Issuer,
    IssuerUnavailable,
    Kept,
)
from api.issuer_keys import IssuerKeys
from api.tokens import MAX_CHARACTERS, MAX_LIFE_SECONDS, MAX_SKEW_SECONDS, TokenRefused, Verifier
from tests.api.an_issuer import AUDIENCE, CLIENT, SUBJECT, AnIssuer, issuing


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def issuer() -> Iterator[AnIssuer]:
    with issuing() as one:
        yield one


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def verifier(issuer: AnIssuer, clock: Clock) -> Verifier:
    asked = Issuer(issuer.url, clock=clock)
    return Verifier(issuer.url, IssuerKeys(asked, clock=clock))


def believed(verifier: Verifier, token: str) -> str:
    return verifier.access(token, audience=AUDIENCE).subject


def test_a_token_of_the_issuer_for_this_server_is_believed(
    verifier: Verifier, issuer: AnIssuer
) -> None:
    claims = verifier.access(issuer.token(scope="openid ketenledger:found"), audience=AUDIENCE)
    assert (claims.issuer, claims.subject) == (issuer.url, SUBJECT)
    assert claims.scopes == {"openid", "ketenledger:found"}
    assert claims.expires > time.time()
    assert believed(verifier, issuer.token(aud=["iets anders", AUDIENCE])) == SUBJECT
    assert believed(verifier, issuer.token(header={"typ": "application/AT+JWT"})) == SUBJECT
    late = int(time.time()) - MAX_SKEW_SECONDS // 2
    assert believed(verifier, issuer.token(exp=late)) == SUBJECT


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def rehead(token: str, **header: Any) -> str:
    head = json.loads(base64.urlsafe_b64decode(token.partition(".")[0] + "=="))
    return f"{part(head | header)}.{token.partition('.')[2]}"


def changed(token: str) -> str:
    head, payload, signature = token.split(".")
    said = json.loads(base64.urlsafe_b64decode(payload + "=="))
    return f"{head}.{part(said | {'sub': 'iemand-anders'})}.{signature}"


def with_secret(one: AnIssuer) -> str:
    """The oldest trick: the public key as the secret of an HMAC."""
    said = f"{part({'alg': 'HS256', 'kid': one.key.kid})}.{part(one.said())}"
    made = hmac.digest(one.key.as_pem(private=False), said.encode(), "sha256")
    return f"{said}.{base64.urlsafe_b64encode(made).rstrip(b'=').decode()}"


BAD: dict[str, tuple[Callable[[AnIssuer], str], str]] = {
    "expired": (lambda one: one.token(exp=int(time.time()) - 90), "verlopen"),
    "of another issuer": (lambda one: one.token(iss="https://elders.example"), "uitgegeven door"),
    "for another server": (lambda one: one.token(aud="https://elders.example"), "aud"),
    "not yet valid": (lambda one: one.token(nbf=int(time.time()) + 90), "nog niet"),
    "made in the future": (
        lambda one: one.token(iat=int(time.time()) + 90, exp=int(time.time()) + 300),
        "nog niet",
    ),
    "for ever": (
        lambda one: one.token(exp=int(time.time()) + MAX_LIFE_SECONDS + 60),
        "langer dan",
    ),
    "without end": (lambda one: one.token(exp=None), "exp"),
    "of nobody": (lambda one: one.token(sub=None), "sub"),
    "of a subject with spaces": (lambda one: one.token(sub="a b"), "over wie"),
    "of an empty subject": (lambda one: one.token(sub=""), "over wie"),
    "with a text for a time": (lambda one: one.token(exp="4000000000"), "vorm"),
    "with a key of its own": (
        lambda one: one.token(key=ECKey.generate_key("P-256"), header={"kid": one.key.kid}),
        "handtekening",
    ),
    "with a key nobody knows": (lambda one: one.token(header={"kid": "nieuw"}), "sleutel"),
    "without the name of a key": (lambda one: one.token(header={"kid": ""}), "kid"),
    "with the name of a key as a list": (lambda one: rehead(one.token(), kid=["x"]), "kid"),
    "with something critical": (lambda one: rehead(one.token(), crit=["exp"], exp=1), "crit"),
    "meant as something else": (lambda one: one.token(header={"typ": "logout+jwt"}), "soort"),
    "without signature": (lambda one: rehead(one.token(), alg="none"), "none"),
    "unsigned and empty": (
        lambda one: rehead(one.token(), alg="none").rpartition(".")[0] + ".",
        "drie delen",
    ),
    "signed with a shared secret": (with_secret, "HS256"),
    "too long": (lambda one: one.token(more="x" * MAX_CHARACTERS), "langer"),
    "no token at all": (lambda one: "geheim", "drie delen"),
    "changed afterwards": (lambda one: changed(one.token()), "handtekening"),
    "of bytes that are no header": (lambda one: "AAAA.BBBB.CCCC", "kop"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_token_is_refused_and_told_why(
    verifier: Verifier, issuer: AnIssuer, name: str
) -> None:
    make, told = BAD[name]
    with pytest.raises(TokenRefused, match=told):
        believed(verifier, make(issuer))


def test_tokens_of_others_are_no_reason_to_ask_the_issuer(
    verifier: Verifier, issuer: AnIssuer
) -> None:
    with pytest.raises(TokenRefused):
        believed(verifier, issuer.token(iss="https://elders.example"))
    assert issuer.asked == []


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_a_key_that_signs_nothing_or_is_weak_or_private_is_not_taken(
    verifier: Verifier, issuer: AnIssuer
) -> None:
    own = issuer.key.as_dict(private=False)
    weak = RSAKey.generate_key(1024, auto_kid=True)
    strange = {"kty": "XYZ", "kid": "vreemd"}
    for keys in (
        [own | {"use": "enc"}],
        [issuer.key.as_dict(private=True)],
        [strange],
        [own | {"x": "AA"}],
    ):
        issuer.published = keys
        with pytest.raises(TokenRefused, match="sleutel"):
            believed(Verifier(issuer.url, IssuerKeys(Issuer(issuer.url))), issuer.token())
    issuer.published = [strange, weak.as_dict(private=False), own]
    assert believed(verifier, issuer.token()) == SUBJECT
    with pytest.raises(TokenRefused, match="sleutel"):
        believed(verifier, issuer.token(key=weak, header={"kid": weak.kid, "alg": "RS256"}))


def test_rsa_tokens_are_believed_too(verifier: Verifier, issuer: AnIssuer) -> None:
    key = RSAKey.generate_key(2048, auto_kid=True)
    issuer.published = [key.as_dict(private=False)]
    for algorithm in ("RS256", "PS256"):
        token = issuer.token(key=key, header={"kid": key.kid, "alg": algorithm})
        assert believed(verifier, token) == SUBJECT


def test_keys_are_asked_once_and_kept(verifier: Verifier, issuer: AnIssuer, clock: Clock) -> None:
    for _ in range(5):
        believed(verifier, issuer.token())
    assert issuer.asked == ["/.well-known/openid-configuration", "/keys"]
    clock.now += FRESH_SECONDS + 1
    believed(verifier, issuer.token())
    assert issuer.asked[2:] == ["/.well-known/openid-configuration", "/keys"]


def test_a_new_key_is_known_at_once_and_the_old_one_no_more(
    verifier: Verifier, issuer: AnIssuer, clock: Clock
) -> None:
    old = issuer.token()
    assert believed(verifier, old) == SUBJECT
    clock.now += PAUSE_SECONDS
    issuer.rotate()
    assert believed(verifier, issuer.token()) == SUBJECT
    with pytest.raises(TokenRefused, match="sleutel"):
        believed(verifier, old)


def test_names_of_keys_that_are_made_up_do_not_become_questions(
    verifier: Verifier, issuer: AnIssuer, clock: Clock
) -> None:
    believed(verifier, issuer.token())
    before = len(issuer.asked)
    for number in range(20):
        with pytest.raises(TokenRefused):
            believed(verifier, issuer.token(header={"kid": f"verzonnen-{number}"}))
    assert len(issuer.asked) == before
    clock.now += PAUSE_SECONDS
    with pytest.raises(TokenRefused):
        believed(verifier, issuer.token(header={"kid": "verzonnen"}))
    assert issuer.asked[before:] == ["/keys"]


def test_a_key_that_changes_during_traffic_costs_nobody_an_answer(
    verifier: Verifier, issuer: AnIssuer, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    believed(verifier, issuer.token())
    clock.now += PAUSE_SECONDS
    issuer.rotate()
    # However slow this machine is now.
    monkeypatch.setattr("api.issuer.WAIT_SECONDS", 30.0)
    token, found = issuer.token(), []
    threads = [
        threading.Thread(target=lambda: found.append(believed(verifier, token))) for _ in range(8)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join(30)
    assert found == [SUBJECT] * 8
    assert issuer.asked.count("/keys") == 2


def test_while_the_issuer_is_silent_known_keys_serve_for_a_stated_time(
    verifier: Verifier, issuer: AnIssuer, clock: Clock
) -> None:
    believed(verifier, issuer.token())
    issuer.silent = True
    clock.now += FRESH_SECONDS + 1
    assert believed(verifier, issuer.token()) == SUBJECT
    clock.now += STALE_SECONDS - FRESH_SECONDS
    with pytest.raises(IssuerUnavailable, match="503"):
        believed(verifier, issuer.token())
    issuer.silent = False
    clock.now += PAUSE_SECONDS
    assert believed(verifier, issuer.token()) == SUBJECT


def test_a_key_that_nobody_can_ask_after_now_is_not_called_unknown(
    verifier: Verifier, issuer: AnIssuer, clock: Clock
) -> None:
    believed(verifier, issuer.token())
    issuer.rotate()
    issuer.silent = True
    clock.now += PAUSE_SECONDS
    for _ in range(3):
        with pytest.raises(IssuerUnavailable, match="503"):
            believed(verifier, issuer.token())
    assert issuer.asked.count("/keys") == 2
    issuer.silent = False
    clock.now += PAUSE_SECONDS
    assert believed(verifier, issuer.token()) == SUBJECT


def test_an_issuer_that_hangs_holds_up_one_and_for_a_moment_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("api.issuer.WAIT_SECONDS", 0.05)
    asking, answered = threading.Event(), threading.Event()

    def slow() -> str:
        asking.set()
        assert answered.wait(30)
        return "keys"

    kept: Kept[str] = Kept(slow)
    first = threading.Thread(target=kept.value)
    first.start()
    assert asking.wait(30)
    with pytest.raises(IssuerUnavailable):
        kept.value()
    # From now on it is known to hang: who comes next is told at once, however long that may take.
    monkeypatch.setattr("api.issuer.WAIT_SECONDS", 3600.0)
    for ask in (kept.value, kept.renewed):
        with pytest.raises(IssuerUnavailable, match="antwoordt niet"):
            ask()
    answered.set()
    first.join(30)
    assert kept.value() == kept.renewed() == "keys"


def test_an_issuer_that_never_answered_is_asked_now_and_then(
    verifier: Verifier, issuer: AnIssuer, clock: Clock
) -> None:
    issuer.silent = True
    for _ in range(5):
        with pytest.raises(IssuerUnavailable):
            believed(verifier, issuer.token())
    assert len(issuer.asked) == 1
    issuer.silent = False
    clock.now += PAUSE_SECONDS
    assert believed(verifier, issuer.token()) == SUBJECT


@pytest.mark.parametrize(
    ("described", "told"),
    [
        ({"issuer": "https://elders.example"}, "ander adres"),
        ({"jwks_uri": "http://elders.example/keys"}, "https"),
        ({"jwks_uri": "file:///etc/passwd"}, "https"),
        ({"token_endpoint": "http://elders.example/token"}, "https"),
        ({"jwks_uri": 7}, "onleesbaar"),
    ],
)
def test_an_issuer_that_describes_itself_wrongly_is_not_trusted(
    verifier: Verifier, issuer: AnIssuer, described: dict[str, Any], told: str
) -> None:
    issuer.described = described
    with pytest.raises(IssuerUnavailable, match=told):
        believed(verifier, issuer.token())


def test_an_id_token_is_for_the_pages_that_asked_for_it(
    verifier: Verifier, issuer: AnIssuer
) -> None:
    asked = {"client": CLIENT, "nonce": "n-1"}
    token = issuer.token(aud=CLIENT, nonce="n-1", header={"typ": "JWT"})
    assert verifier.identity(token, **asked).subject == SUBJECT
    for wrong in (
        issuer.token(aud=CLIENT, header={"typ": "JWT"}),
        issuer.token(aud=CLIENT, nonce="n-2", header={"typ": "JWT"}),
        issuer.token(aud=AUDIENCE, nonce="n-1", header={"typ": "JWT"}),
        issuer.token(aud=[CLIENT, "b"], azp="b", nonce="n-1", header={"typ": "JWT"}),
        issuer.token(aud=CLIENT, nonce="n-1"),
    ):
        with pytest.raises(TokenRefused):
            verifier.identity(wrong, **asked)
    with pytest.raises(TokenRefused, match="nonce"):
        verifier.identity(token, client=CLIENT, nonce="")
    with pytest.raises(TokenRefused, match="aud"):
        believed(verifier, token)


def test_a_signature_is_checked_once_while_the_issuer_has_the_key(
    verifier: Verifier, issuer: AnIssuer, clock: Clock
) -> None:
    token = issuer.token(scope="openid")
    assert verifier.at_hand(token, audience=AUDIENCE) is None
    claims = verifier.access(token, audience=AUDIENCE)
    assert verifier.at_hand(token, audience=AUDIENCE) == claims
    assert verifier.at_hand(changed(token), audience=AUDIENCE) is None
    asked = len(issuer.asked)
    clock.now += FRESH_SECONDS + 1
    assert verifier.at_hand(token, audience=AUDIENCE) is None, "the keys are to be asked again"
    assert len(issuer.asked) == asked, "this asks nobody"
    assert verifier.access(token, audience=AUDIENCE) == claims
    assert verifier.at_hand(token, audience=AUDIENCE) == claims
    clock.now += PAUSE_SECONDS
    issuer.rotate()
    believed(verifier, issuer.token())
    assert verifier.at_hand(token, audience=AUDIENCE) is None, "its key was withdrawn"


def test_a_token_that_was_believed_is_refused_when_it_is_over_or_not_for_us(
    issuer: AnIssuer,
) -> None:
    clock = Clock()
    clock.now = time.time()
    verifier = Verifier(issuer.url, IssuerKeys(Issuer(issuer.url)), now=clock)
    token = issuer.token(exp=int(clock.now) + 300)
    assert believed(verifier, token) == SUBJECT
    for ask in (verifier.at_hand, verifier.access):
        with pytest.raises(TokenRefused, match="aud"):
            ask(token, audience="https://elders.example")
    clock.now += 301 + MAX_SKEW_SECONDS
    for ask in (verifier.at_hand, verifier.access):
        with pytest.raises(TokenRefused, match="verlopen"):
            ask(token, audience=AUDIENCE)


def test_of_a_bounded_number_of_tokens_is_kept_what_they_say(
    verifier: Verifier, issuer: AnIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "MAX_KEPT", 3)
    made = [issuer.token(more=str(number)) for number in range(4)]
    for token in made:
        assert believed(verifier, token) == SUBJECT
    kept = [verifier.at_hand(token, audience=AUDIENCE) is not None for token in made]
    assert kept == [False, False, False, True]
    with pytest.raises(TokenRefused):
        believed(verifier, changed(made[0]))
    assert verifier.at_hand(made[3], audience=AUDIENCE) is not None
