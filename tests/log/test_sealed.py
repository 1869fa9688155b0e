"""Sealed values: a digest in the record, the value in the vault, readable by key only."""

import json
from base64 import urlsafe_b64decode
from pathlib import Path

import pytest

from ledger.domain.events.people import PersonDetailsGiven, PersonRegistered
from ledger.domain.events.roles import RoleAssigned
from ledger.domain.values import Refused
from ledger.log.store import Disclosure, Store
from ledger.sealed import Opened, SealedBody, digest_of, opened, seal, seal_body
from ledger.vault import KeyRefused, Vault, load_key
from tests.log.conftest import KEY
from tests.log.scene import CHAIN

# The digest


@pytest.mark.fast
def test_a_disclosure_and_its_digest_are_those_of_sd_jwt() -> None:
    one = seal("jan", "contact_email", "jan@example.org", salt=bytes(range(16)))
    assert one.text == (
        "WyJBQUVDQXdRRkJnY0lDUW9MREEwT0R3IiwgImNvbnRhY3RfZW1haWwiLCAiamFuQGV4YW1wbGUub3JnIl0"
    )
    assert one.digest == "rKNCpi14woF4OQMQGjfo-du36fuFb1_1NwO_zMr6hpg"


@pytest.mark.fast
def test_the_salt_of_every_value_is_new_and_long_enough() -> None:
    sealed = [seal("jan", "name", "Jan") for _ in range(100)]
    assert len({one.digest for one in sealed}) == 100
    salts = [json.loads(urlsafe_b64decode(one.text + "=="))[0] for one in sealed]
    assert all(len(urlsafe_b64decode(salt + "==")) == 16 for salt in salts)


@pytest.mark.fast
@pytest.mark.parametrize("value", ["Jan", 'Ad "de" \\ Één', "ł\n漢字 🙂", "x" * 2000])
def test_a_disclosure_opens_to_what_was_sealed(value: str) -> None:
    one = seal("jan", "name", value)
    assert opened(one.text) == Opened(name="name", value=value)
    assert len(one.digest) == 43
    assert digest_of(one.text) == one.digest


@pytest.mark.fast
@pytest.mark.parametrize(
    ("value", "rule"),
    [("x" * 2001, "G13"), ("e\u0301", "G8"), ("NUL \0", "G8"), ("\ud800", "G8")],
)
def test_a_value_that_is_too_long_or_not_normalised_is_refused(value: str, rule: str) -> None:
    with pytest.raises(Refused) as refusal:
        seal("jan", "name", value)
    assert refusal.value.rule == rule


# A request body


@pytest.mark.fast
def test_only_the_sealed_fields_of_a_body_are_replaced() -> None:
    asked = {"person": "jan", "name": "Jan", "contact": "", "function": "lid"}
    sealed = seal_body(PersonRegistered, asked)
    [one] = sealed.disclosures
    assert sealed.body == {**asked, "name": one.digest}
    assert one.subject == "jan"
    assert opened(one.text) == Opened(name="name", value="Jan")
    assert asked["name"] == "Jan"


@pytest.mark.fast
def test_a_body_without_sealed_values_stays_as_it_is() -> None:
    for kind, body in (
        (RoleAssigned, {"role": "archivist", "name": "x"}),
        (PersonRegistered, {"person": "", "name": ""}),
        (PersonRegistered, {"person": "jan", "name": 7}),
    ):
        assert seal_body(kind, body) == SealedBody(dict(body), ())


@pytest.mark.fast
def test_a_new_person_with_a_name_gets_a_pseudonym_that_a_repeat_gets_again() -> None:
    asked = {"name": "Jan"}
    one, again, other = (
        seal_body(PersonRegistered, asked, act=act) for act in ("key", "key", "other")
    )
    assert one.body["person"] == again.body["person"] != other.body["person"]
    assert one.disclosures[0].subject == one.body["person"]
    assert one.body["name"] != again.body["name"]
    first, second = (seal_body(PersonRegistered, asked).body["person"] for _ in range(2))
    assert first != second


@pytest.mark.fast
def test_details_of_nobody_are_refused() -> None:
    with pytest.raises(Refused, match="G13"):
        seal_body(PersonDetailsGiven, {"name": "Jan"})
    assert seal_body(PersonDetailsGiven, {"name": "Jan"}, "jan").disclosures[0].subject == "jan"


# The vault


def test_what_is_kept_opens_again_and_only_with_the_key(store: Store, vault: Vault) -> None:
    one, other = seal("jan", "name", "Jan"), seal("piet", "name", "Piet")
    vault.keep(CHAIN, [one, other])
    wanted = [one.digest, other.digest, "A" * 43, ""]
    assert vault.open(CHAIN, wanted) == {
        one.digest: Opened(name="name", value="Jan"),
        other.digest: Opened(name="name", value="Piet"),
        "A" * 43: None,
    }
    assert vault.open("andere", [one.digest]) == {one.digest: None}
    with pytest.raises(KeyRefused):
        Vault(store, bytes(32)).open(CHAIN, [one.digest])


def test_the_database_never_holds_a_value_in_the_clear(store: Store, vault: Vault) -> None:
    vault.keep(CHAIN, [seal("jan", "name", "Jan Achternaam")])
    with store.connection() as conn:
        tables = ("disclosures", "subject_keys")
        rows = [str(conn.execute(f"TABLE {name}".encode()).fetchall()) for name in tables]
    assert all("Achternaam" not in row and KEY.hex() not in row for row in rows)


def test_without_the_key_of_a_person_their_values_are_gone(store: Store, vault: Vault) -> None:
    one, other = seal("jan", "name", "Jan"), seal("piet", "name", "Piet")
    vault.keep(CHAIN, [one, other])
    with store.connection() as conn:
        conn.execute("DELETE FROM subject_keys WHERE subject = 'jan'")
    found = vault.open(CHAIN, [one.digest, other.digest])
    assert found == {one.digest: None, other.digest: Opened(name="name", value="Piet")}


@pytest.mark.parametrize("column", ["ciphertext", "nonce"])
def test_a_changed_disclosure_is_noticed(store: Store, vault: Vault, column: str) -> None:
    one = seal("jan", "name", "Jan")
    vault.keep(CHAIN, [one])
    with store.connection() as conn:
        change = (
            f"UPDATE disclosures SET {column} = set_byte({column}, 3, 255 - get_byte({column}, 3))"
        )
        conn.execute(change.encode())
    with pytest.raises(KeyRefused, match="veranderd"):
        vault.open(CHAIN, [one.digest])


def test_a_disclosure_moved_to_another_place_is_noticed(store: Store, vault: Vault) -> None:
    one, other = seal("jan", "name", "Jan"), seal("piet", "name", "Piet")
    vault.keep(CHAIN, [one, other])
    rows = store.get_disclosures(CHAIN, [one.digest, other.digest])
    with store.connection() as conn:
        conn.execute("DELETE FROM disclosures")
    swapped = rows[other.digest]
    store.put_disclosures([Disclosure(CHAIN, one.digest, "piet", *swapped[3:])])
    with pytest.raises(KeyRefused):
        vault.open(CHAIN, [one.digest])
    with store.connection() as conn:
        conn.execute("UPDATE subject_keys SET subject = 'x' WHERE subject = 'jan'")
        conn.execute("UPDATE subject_keys SET subject = 'jan' WHERE subject = 'piet'")
    with pytest.raises(KeyRefused):
        vault.keep(CHAIN, [seal("jan", "name", "Jan")])


def test_every_person_has_one_key_however_often_it_is_asked_for(store: Store, vault: Vault) -> None:
    for number in range(3):
        vault.keep(CHAIN, [seal("jan", "name", f"Jan {number}"), seal("piet", "name", "Piet")])
    vault.keep(CHAIN, [])
    with store.connection() as conn:
        rows = conn.execute("SELECT subject FROM subject_keys ORDER BY subject").fetchall()
    assert [row["subject"] for row in rows] == ["jan", "piet"]


# The key file


def test_a_missing_key_file_is_made_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "ketenledger.key"
    key = load_key(path)
    assert len(key) == 32
    assert load_key(path) == key
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    ("content", "mode", "said"),
    [
        (KEY, 0o640, "leesbaar voor anderen"),
        (KEY, 0o604, "chmod 600"),
        (b"short", 0o600, "5 bytes"),
    ],
)
def test_a_key_file_that_is_not_safe_or_no_key_is_refused(
    tmp_path: Path, content: bytes, mode: int, said: str
) -> None:
    path = tmp_path / "key"
    path.write_bytes(content)
    path.chmod(mode)
    with pytest.raises(KeyRefused, match=said):
        load_key(path)


def test_a_key_file_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(KeyRefused, match="onbruikbaar"):
        load_key(tmp_path / "file" / "key")


def test_a_vault_opens_again_with_the_key_of_its_file(store: Store, tmp_path: Path) -> None:
    one = seal("jan", "name", "Jan")
    Vault.at(store, tmp_path / "key").keep(CHAIN, [one])
    assert Vault.at(store, tmp_path / "key").open(CHAIN, [one.digest])[one.digest] is not None
