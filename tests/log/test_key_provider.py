"""Keys of partners: in files or in a key service, each wrapping what is bound to one person."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from ledger.domain.values import Refused
from ledger.key_provider import (
    FileKeys,
    KeyProvider,
    KeyRefused,
    KeysUnavailable,
    Owner,
    Wrapped,
)
from ledger.key_service import TRIES, TransitKeys
from ledger.key_token import TokenKeys
from ledger.ledger import Ledger
from ledger.log.store import Store
from ledger.sealed import Disclosed, Opened, seal
from ledger.vault import Vault
from tests.log import softhsm
from tests.log.scene import CHAIN, found, registering
from tests.log.test_sealed_records import registration, submit
from tests.log.transit import PROGRAM, TOKEN, Transit, openbao, our_own

BD, UWV, OWN = Owner("keten", "bd"), Owner("keten", "uwv"), Owner("keten", "")
KEY = bytes(range(32))
BOUND = b"keten|jan"


@pytest.fixture
def token(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")
    return path


@pytest.fixture(scope="module")
def bao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if not os.environ.get(PROGRAM):
        pytest.skip(f"no OpenBao here; {PROGRAM} names its program")
    with openbao(tmp_path_factory.mktemp("bao")) as url:
        yield url


@pytest.fixture
def transit() -> Iterator[Transit]:
    with our_own() as served:
        yield served


@pytest.fixture(params=["files", "our own service", "openbao", "token"])
def keys(request: pytest.FixtureRequest, tmp_path: Path, token: Path) -> KeyProvider:
    """Each way in which keys are kept."""
    if request.param == "files":
        return FileKeys(secrets.token_bytes(32), tmp_path)
    if request.param == "token":
        token_here = softhsm.token()
        return TokenKeys(token_here.url, token_here.pin)
    if request.param == "openbao":
        return TransitKeys(request.getfixturevalue("bao"), token)
    return TransitKeys(request.getfixturevalue("transit").url, token)


def fresh(organisation: str = "bd") -> Owner:
    """An owner nobody has used yet."""
    return Owner("keten", f"{organisation}-{secrets.token_hex(4)}")


def test_what_a_partner_wrapped_only_that_partner_opens_for_that_person(keys: KeyProvider) -> None:
    one, other = fresh(), fresh()
    wrapped = keys.wrap(one, KEY, BOUND)
    keys.wrap(other, KEY, BOUND)
    assert KEY not in wrapped.data
    assert keys.unwrap(one, wrapped, BOUND) == KEY
    with pytest.raises(KeyRefused):
        keys.unwrap(other, wrapped, BOUND)
    with pytest.raises(KeyRefused):
        keys.unwrap(one, wrapped, b"keten|piet")


def test_an_older_version_opens_until_it_is_destroyed(keys: KeyProvider) -> None:
    owner = fresh()
    old = keys.wrap(owner, KEY, BOUND)
    version = keys.rotate(owner)
    new = keys.wrap(owner, KEY, BOUND)
    assert (old.version, new.version, keys.newest(owner)) == ("1", version, version)
    assert keys.unwrap(owner, old, BOUND) == keys.unwrap(owner, new, BOUND) == KEY
    keys.destroy(owner, version)
    assert keys.unwrap(owner, new, BOUND) == KEY
    with pytest.raises(KeyRefused):
        keys.unwrap(owner, old, BOUND)


def test_the_installation_has_a_key_of_its_own(keys: KeyProvider) -> None:
    wrapped = keys.wrap(OWN, KEY, BOUND)
    assert keys.unwrap(OWN, wrapped, BOUND) == KEY
    with pytest.raises(KeyRefused):
        keys.unwrap(BD, Wrapped("1", wrapped.data), BOUND)


def test_key_files_are_for_their_owner_only_and_those_of_partners_apart(tmp_path: Path) -> None:
    keys = FileKeys(KEY, tmp_path)
    for owner in (BD, UWV, Owner("keten", "bd.1")):
        keys.wrap(owner, KEY, BOUND)
    keys.rotate(BD)
    folder = tmp_path / "partner-keys" / "keten"
    found = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
    named = ("bd.1.key", "bd.2.key", "uwv.1.key", "bd.1.1.key")
    assert found == dict.fromkeys(named, 0o600)
    with pytest.raises(KeyRefused, match="versies"):
        keys.rotate(OWN)


# A key service that fails


def test_a_service_that_stumbles_is_asked_again(transit: Transit, token: Path) -> None:
    keys = TransitKeys(transit.url, token)
    transit.failing = TRIES - 1
    assert keys.unwrap(BD, keys.wrap(BD, KEY, BOUND), BOUND) == KEY
    assert transit.asked == TRIES + 1


def test_a_service_that_stays_away_is_told_so(transit: Transit, token: Path) -> None:
    transit.failing = 1000
    with pytest.raises(KeysUnavailable, match="status 503"):
        TransitKeys(transit.url, token).wrap(BD, KEY, BOUND)
    assert transit.asked == TRIES
    with pytest.raises(KeysUnavailable, match="niet bereikbaar"):
        TransitKeys("http://127.0.0.1:1/v1/transit", token).wrap(BD, KEY, BOUND)


def test_a_service_that_refuses_is_not_asked_again(transit: Transit, token: Path) -> None:
    token.write_text("another-token")
    with pytest.raises(KeyRefused, match="403"):
        TransitKeys(transit.url, token).wrap(BD, KEY, BOUND)
    assert transit.asked == 1
    token.unlink()
    with pytest.raises(KeyRefused, match="toegangsbewijs"):
        TransitKeys(transit.url, token).wrap(BD, KEY, BOUND)


# The vault


def test_a_person_is_sealed_with_the_key_of_the_partner(
    database: str, transit: Transit, token: Path
) -> None:
    with Store(database, pool_size=4) as store:
        vault = Vault(store, TransitKeys(transit.url, token))
        one, other = (seal(name, "name", name.upper()) for name in ("jan", "piet"))
        vault.keep(CHAIN, [_owned(one, "bd"), _owned(other, "uwv")])
        assert set(transit.keys) == {f"{CHAIN}-bd", f"{CHAIN}-uwv"}
        assert vault.open(CHAIN, [one.digest])[one.digest] == Opened(name="name", value="JAN")
        # Without the key of uwv only what is of uwv is closed.
        transit.oldest[f"{CHAIN}-uwv"] = 9
        assert vault.open(CHAIN, [one.digest])[one.digest] is not None
        with pytest.raises(KeyRefused):
            vault.open(CHAIN, [other.digest])


def test_keys_move_to_a_new_version_or_another_partner(database: str, tmp_path: Path) -> None:
    keys = FileKeys(KEY, tmp_path)
    with Store(database, pool_size=4) as store:
        vault = Vault(store, keys)
        one, other = (seal(name, "name", name) for name in ("jan", "piet"))
        vault.keep(CHAIN, [_owned(one, "bd"), other])
        owners = {"jan": "bd", "piet": ""}
        assert vault.rewrap(CHAIN, owners.__getitem__) == 0
        version = keys.rotate(Owner(CHAIN, "bd"))
        owners["piet"] = "uwv"
        assert vault.rewrap(CHAIN, owners.__getitem__) == 2
        assert vault.rewrap(CHAIN, owners.__getitem__) == 0
        keys.destroy(Owner(CHAIN, "bd"), version)
        found = vault.open(CHAIN, [one.digest, other.digest])
        assert [one.value for one in found.values() if one] == ["jan", "piet"]
        rows = store.fetch("SELECT subject, owner, version FROM subject_keys ORDER BY 1", {})
        assert rows == [("jan", "bd", "2"), ("piet", "uwv", "1")]


def test_without_the_service_a_name_is_refused_and_the_rest_goes_on(
    database: str, transit: Transit, token: Path
) -> None:
    with Store(database, pool_size=4) as store:
        vault = Vault(store, TransitKeys(transit.url, token))
        with Ledger(store, vault=vault) as ledger:
            found(ledger)
            submit(ledger, registration(act="key"))
            assert set(transit.keys) == {f"{CHAIN}-bd"}
            size = store.size(CHAIN)
            transit.failing = 1000
            with pytest.raises(KeysUnavailable):
                submit(ledger, registration("Piet", person="piet"))
            assert store.size(CHAIN) == size
            ledger.submit(CHAIN, registering("anna"))
            assert ledger.audit(CHAIN).sound
            transit.failing = 0
            assert not isinstance(submit(ledger, registration("Piet", person="piet")), Refused)


def _owned(one: Disclosed, owner: str) -> Disclosed:
    return replace(one, owner=owner)
