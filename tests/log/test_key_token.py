"""Keys in a PKCS#11 token: what it says when it cannot be used, and that its keys stay in it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from api.settings import Settings, SettingsRefused
from api.workplace import provider
from ledger import key_token
from ledger.key_provider import KeyRefused, KeysUnavailable, Owner
from ledger.key_token import Place, TokenKeys, read_place
from tests.log import softhsm
from tests.log.softhsm import Token

BD = Owner("keten", "bd")
KEY, BOUND = bytes(range(32)), b"keten|jan"
MODULE = "/usr/lib/softhsm/libsofthsm2.so"


@pytest.fixture(scope="module")
def shared() -> Token:
    """A token that no test spoils."""
    return softhsm.token()


@pytest.mark.parametrize(
    ("url", "place"),
    [
        (f"pkcs11:token=keten?module-path={MODULE}", Place(MODULE, "keten")),
        ("pkcs11:token=De%20keten?module-path=/a%2Eso", Place("/a.so", "De keten")),
    ],
)
def test_an_address_names_a_module_and_a_token(url: str, place: Place) -> None:
    assert read_place(url) == place


@pytest.mark.parametrize(
    "url",
    [
        "pkcs11:", "pkcs11:token=keten", f"pkcs11:?module-path={MODULE}",
        "pkcs11:token=keten?module-path=softhsm.so", "https://token=keten?module-path=/a.so",
        f"pkcs11:token=keten;object=sleutel?module-path={MODULE}",
        f"pkcs11:token=?module-path={MODULE}",
    ],
)  # fmt: skip
def test_another_address_is_refused(url: str) -> None:
    with pytest.raises(KeyRefused, match="Verwacht het adres"):
        read_place(url)


def test_the_settings_choose_the_token(shared: Token, tmp_path: Path) -> None:
    settings = Settings(folder=tmp_path, kms_url=shared.url, kms_token=shared.pin)
    keys = provider(settings)
    assert isinstance(keys, TokenKeys)
    assert keys.unwrap(BD, keys.wrap(BD, KEY, BOUND), BOUND) == KEY


def test_settings_with_half_an_address_or_without_a_pin_are_refused(tmp_path: Path) -> None:
    for url, pin in (
        ("pkcs11:token=keten", tmp_path / "pin"),
        (f"pkcs11:token=keten?module-path={MODULE}", None),
    ):
        with pytest.raises(SettingsRefused, match="KETENLEDGER_KMS_URL"):
            Settings(folder=tmp_path, development=True, kms_url=url, kms_token=pin)


def test_two_providers_in_one_process_share_the_session(shared: Token) -> None:
    owner = Owner("keten", "samen")
    one, other = (TokenKeys(shared.url, shared.pin) for _ in range(2))
    assert other.unwrap(owner, one.wrap(owner, KEY, BOUND), BOUND) == KEY
    assert one.rotate(owner) == other.newest(owner) == "2"


def test_a_key_never_leaves_the_token(shared: Token) -> None:
    import pkcs11

    TokenKeys(shared.url, shared.pin).wrap(Owner("keten", "dicht"), KEY, BOUND)
    token = pkcs11.lib(str(shared.module)).get_token(token_label=shared.name)
    session: Any = token.open()
    [key] = session.get_objects({pkcs11.Attribute.LABEL: "keten/dicht"})
    assert key[pkcs11.Attribute.SENSITIVE]
    assert not key[pkcs11.Attribute.EXTRACTABLE]
    with pytest.raises(pkcs11.exceptions.AttributeSensitive):
        key[pkcs11.Attribute.VALUE]


def test_names_that_read_alike_are_not_mixed_up(shared: Token) -> None:
    keys = TokenKeys(shared.url, shared.pin)
    one, other = Owner("keten-a", "b"), Owner("keten", "a-b")
    wrapped = keys.wrap(one, KEY, BOUND)
    keys.wrap(other, KEY, BOUND)
    with pytest.raises(KeyRefused):
        keys.unwrap(other, wrapped, BOUND)


# The library says aloud that what it was searching in is gone.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_session_that_was_lost_is_opened_again(shared: Token) -> None:
    keys = TokenKeys(shared.url, shared.pin)
    wrapped = keys.wrap(BD, KEY, BOUND)
    keys._token._session.close()  # as a token does that was away
    assert keys.unwrap(BD, wrapped, BOUND) == KEY


def test_two_first_versions_of_one_key_both_open(shared: Token) -> None:
    keys, owner = TokenKeys(shared.url, shared.pin), Owner("keten", "tegelijk")
    wrapped = [keys.wrap(owner, KEY, BOUND)]
    keys._token.ask(lambda session: key_token._made(session, owner, 1))
    wrapped += [keys.wrap(owner, KEY, BOUND) for _ in range(4)]
    assert [keys.unwrap(owner, one, BOUND) for one in wrapped] == [KEY] * 5


# A token that cannot be used


def test_a_wrong_pin_is_tried_once_and_the_right_one_after_it(tmp_path: Path) -> None:
    token = softhsm.token("ander")
    pin = tmp_path / "pin"
    pin.write_text("verkeerd")
    keys = TokenKeys(token.url, pin)
    for _ in range(20):
        with pytest.raises(KeyRefused, match="niet die van het token"):
            keys.wrap(BD, KEY, BOUND)
    pin.write_text(token.pin.read_text())
    assert keys.unwrap(BD, keys.wrap(BD, KEY, BOUND), BOUND) == KEY


@pytest.mark.parametrize("written", ["", "x" * 300])
def test_a_file_without_a_pin_is_refused(shared: Token, tmp_path: Path, written: str) -> None:
    pin = tmp_path / "pin"
    pin.write_text(written)
    with pytest.raises(KeyRefused, match="geen pincode"):
        TokenKeys(shared.url, pin).wrap(BD, KEY, BOUND)
    with pytest.raises(KeyRefused, match="onleesbaar"):
        TokenKeys(shared.url, tmp_path / "weg").wrap(BD, KEY, BOUND)


def test_a_token_or_module_that_is_not_there_is_refused(shared: Token, tmp_path: Path) -> None:
    other = f"pkcs11:token=nergens?module-path={shared.module}"
    with pytest.raises(KeyRefused, match="Er is niet één token"):
        TokenKeys(other, shared.pin).newest(BD)
    nothing = f"pkcs11:token=keten?module-path={tmp_path}/niets.so"
    with pytest.raises(KeyRefused, match="niet te laden"):
        TokenKeys(nothing, shared.pin).newest(BD)


def test_who_waits_too_long_for_a_turn_is_told_so(
    shared: Token, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_token, "TURN_SECONDS", 0.01)
    keys = TokenKeys(shared.url, shared.pin)
    with keys._token._turn, pytest.raises(KeysUnavailable, match="te druk"):
        keys.newest(BD)


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pkcs11", None)
    key_token._library.cache_clear()
    try:
        with pytest.raises(KeyRefused, match=r"requirements-pkcs11\.txt"):
            TokenKeys(f"pkcs11:token=keten?module-path={MODULE}", Path("pin"))
    finally:
        key_token._library.cache_clear()
