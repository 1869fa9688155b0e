"""Sealed values on their way to the record: kept first, noted after, swept where nothing came."""

from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest

from ledger.catalogue import read_body
from ledger.domain.events.people import PersonDetailsGiven, PersonRegistered
from ledger.domain.values import Refused
from ledger.ledger import Act, Ledger, Receipt
from ledger.log.store import Store
from ledger.sealed import Disclosed, Opened, SealedBody, seal, seal_body
from ledger.vault import Vault
from tests.log.scene import CHAIN, FOUNDER, found, log_of

NOW = timedelta(0)
DISCLOSURES = "SELECT digest, subject, position FROM disclosures WHERE chain = %(chain)s"
FORGET_POSITIONS = "UPDATE disclosures SET position = NULL"
AGE = "UPDATE disclosures SET stored_at = now() - interval '61 minutes'"


@pytest.fixture
def ledger(store: Store, vault: Vault) -> Iterator[Ledger]:
    with Ledger(store, vault=vault) as ledger:
        found(ledger)
        yield ledger


def kept(store: Store) -> dict[str, int | None]:
    with store.connection() as conn:
        rows = conn.execute(DISCLOSURES, {"chain": CHAIN}).fetchall()
    return {row["digest"]: row["position"] for row in rows}


def registration(name: str = "Jan", *, act: str = "", **body: str) -> tuple[Act, SealedBody]:
    """Return the act of registering somebody with a name, and its sealed body."""
    asked = {"type": "PersonRegistered", "person": "jan", "name": name, **body}
    sealed = seal_body(PersonRegistered, asked, act=act)
    return Act(event=read_body(sealed.body), by=FOUNDER, act=act), sealed


def submit(ledger: Ledger, asked: tuple[Act, SealedBody]) -> Receipt:
    act, sealed = asked
    return ledger.submit(CHAIN, act, sealed.disclosures)


# On the way to the record


def test_a_name_is_recorded_as_a_digest_and_readable_from_the_vault(
    ledger: Ledger, store: Store, vault: Vault
) -> None:
    act, sealed = registration()
    receipt = submit(ledger, (act, sealed))
    [one] = sealed.disclosures
    assert kept(store) == {one.digest: receipt.position}
    body = log_of(ledger)[-1].body
    assert isinstance(body, PersonRegistered)
    assert body.name == one.digest
    assert vault.open(CHAIN, [body.name]) == {one.digest: Opened(name="name", value="Jan")}


def test_a_repeat_with_the_same_values_gives_the_first_receipt(ledger: Ledger) -> None:
    first = submit(ledger, registration(act="key", contact="tel. 1"))
    again = submit(ledger, registration(act="key", contact="tel. 1"))
    assert (again.position, again.repeated) == (first.position, True)


@pytest.mark.parametrize("other", [("Piet", "tel. 1"), ("Jan", "tel. 2"), ("Jan", "")])
def test_a_repeat_with_other_values_is_refused(ledger: Ledger, other: tuple[str, str]) -> None:
    submit(ledger, registration(act="key", contact="tel. 1"))
    with pytest.raises(Refused, match="G6"):
        submit(ledger, registration(other[0], act="key", contact=other[1]))


def test_a_repeat_after_the_value_was_erased_gives_the_first_receipt(
    ledger: Ledger, store: Store
) -> None:
    submit(ledger, registration(act="key"))
    with store.connection() as conn:
        conn.execute("DELETE FROM subject_keys")
        conn.execute("DELETE FROM disclosures")
    assert submit(ledger, registration("Piet", act="key")).repeated


def test_sealed_values_need_a_vault(store: Store) -> None:
    with Ledger(store) as ledger, pytest.raises(RuntimeError, match="vault"):
        submit(ledger, registration())


# The sweep


def test_the_sweep_takes_what_no_record_holds(ledger: Ledger, store: Store, vault: Vault) -> None:
    recorded = submit(ledger, registration())
    with pytest.raises(Refused, match="P1"):
        submit(ledger, registration("Piet"))
    assert sorted(kept(store).values(), key=str) == [recorded.position, None]
    assert vault.sweep() == 0
    assert vault.sweep(age=NOW) == 1
    assert list(kept(store).values()) == [recorded.position]
    assert vault.sweep(age=NOW) == 0


def test_the_sweep_leaves_what_is_younger_than_an_hour(store: Store, vault: Vault) -> None:
    vault.keep(CHAIN, [seal("jan", "name", "Jan")])
    assert vault.sweep() == 0
    with store.connection() as conn:
        conn.execute(AGE)
    assert vault.sweep() == 1
    assert kept(store) == {}


def test_the_sweep_takes_the_oldest_first_whatever_comes_in_meanwhile(
    store: Store, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.vault.MAX_SWEPT", 1)
    vault.keep("zuinigheid", [seal("jan", "name", "Jan")])
    with store.connection() as conn:
        conn.execute(AGE)
    vault.keep("aanvoer", [young := seal("piet", "name", "Piet")])
    assert vault.sweep() == 1
    assert store.get_disclosures("aanvoer", [young.digest])


def test_the_sweep_looks_in_the_record_before_it_takes_anything(
    ledger: Ledger, store: Store, vault: Vault
) -> None:
    receipt = submit(ledger, registration(contact="tel. 1"))
    details, sealed = detail("Jan Nieuw")
    later = ledger.submit(CHAIN, details, sealed.disclosures)
    vault.keep(CHAIN, [seal("jan", "name", "wees")])
    before = kept(store)
    with store.connection() as conn:
        conn.execute(FORGET_POSITIONS)
    assert vault.sweep(age=NOW) == 1
    assert kept(store) == {digest: place for digest, place in before.items() if place is not None}
    assert set(kept(store).values()) == {receipt.position, later.position}


def detail(name: str) -> tuple[Act, SealedBody]:
    sealed = seal_body(
        PersonDetailsGiven, {"type": "PersonDetailsGiven", "person": "jan", "name": name}
    )
    return Act(event=read_body(sealed.body), by="jan"), sealed


def test_what_a_sweep_took_in_the_middle_is_put_back(vault: Vault, store: Store) -> None:
    one = seal("jan", "name", "Jan")
    vault.keep(CHAIN, [one])
    assert vault.sweep(age=NOW) == 1
    vault.settle(CHAIN, 7, [one])
    assert kept(store) == {one.digest: 7}
    assert vault.open(CHAIN, [one.digest])[one.digest] == Opened(name="name", value="Jan")


def test_disclosures_differ_only_where_both_are_known(vault: Vault) -> None:
    one = seal("jan", "name", "Jan")
    vault.keep(CHAIN, [one])

    def differs(*said: Disclosed) -> bool:
        return vault.differ(CHAIN, [one.digest], said)

    assert not differs(seal("jan", "name", "Jan"))
    assert differs(seal("jan", "name", "Piet"))
    assert not differs(seal("jan", "contact", "tel. 1"))
    assert not vault.differ(CHAIN, ["A" * 43], [seal("jan", "name", "Piet")])


def test_the_database_itself_refuses_a_position_below_zero(database: str) -> None:
    with psycopg.connect(database) as conn, pytest.raises(psycopg.errors.CheckViolation):
        conn.execute(
            "INSERT INTO disclosures (chain, digest, subject, ciphertext, nonce, position)"
            " VALUES ('c', 'd', 's', 'x', '123456789012', -1)"
        )
