"""Erasing: recorded first, then destroyed; after a crash and after a restored backup as well."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ledger.catalogue import read_body
from ledger.domain.events.erasures import PersonalDataErased
from ledger.domain.events.people import PersonDetailsGiven, PersonRegistered
from ledger.domain.values import Event
from ledger.erasing import Eraser
from ledger.erasure_list import ErasureList, Listed, ListRefused
from ledger.ledger import Act, Ledger
from ledger.log import erased
from ledger.log.store import Store
from ledger.sealed import Disclosed, Opened, seal, seal_body
from ledger.vault import Vault
from tests.log.scene import CHAIN, FOUNDER, found
from tests.log.signing import by_force

KEY = bytes(range(32))
OFFICE = "bd"
KEYS = "SELECT subject, wrapped_key FROM subject_keys ORDER BY subject"
ROWS = "SELECT digest, subject FROM disclosures"


class Place:
    """A ledger with a vault and an erasure list, as a server has them."""

    def __init__(self, store: Store, folder: Path, database: str) -> None:
        self.store = store
        self.list = ErasureList(folder / "erasures")
        self.vault = Vault(store, KEY)
        self.eraser = Eraser(store, self.vault, self.list, owner=database)
        self.ledger = Ledger(store, vault=self.vault, eraser=self.eraser)

    def seal(self, kind: type[Event], by: str = FOUNDER, act: str = "", **body: str) -> str:
        """Record an event with sealed values; return the digest of the last of them."""
        sealed = seal_body(kind, {"type": kind.__name__, **body}, act=act)
        event = read_body(sealed.body)
        self.ledger.submit(CHAIN, Act(event=event, by=by, act=act), sealed.disclosures)
        self.sealed: tuple[Disclosed, ...] = sealed.disclosures
        return sealed.disclosures[-1].digest

    def erase(self, *digests: str, ledger: Ledger | None = None, person: str = "jan") -> int:
        event = PersonalDataErased(
            organisation=OFFICE, person=person, ground="objection", digests=digests
        )
        return (ledger or self.ledger).submit(CHAIN, Act(event=event, by=FOUNDER)).position

    def keys(self) -> dict[str, bytes]:
        with self.store.connection() as conn:
            return {row["subject"]: row["wrapped_key"] for row in conn.execute(KEYS).fetchall()}

    def rows(self) -> dict[str, str]:
        with self.store.connection() as conn:
            return {row["digest"]: row["subject"] for row in conn.execute(ROWS).fetchall()}

    def opened(self, digest: str) -> Opened | None:
        return self.vault.open(CHAIN, [digest])[digest]


@pytest.fixture
def place(database: str, tmp_path: Path) -> Iterator[Place]:
    with Store(database, pool_size=4) as store:
        made = Place(store, tmp_path, database)
        with made.ledger:
            found(made.ledger)
            yield made


@pytest.fixture
def jan(place: Place) -> str:
    """The digest of the name of jan, who is registered."""
    return place.seal(PersonRegistered, person="jan", name="Jan Jansen", act="jan")


# Recorded, listed, destroyed


def test_what_is_erased_is_gone_with_its_key_and_the_record_stays(place: Place, jan: str) -> None:
    other = place.seal(PersonRegistered, person="piet", name="Piet")
    before = [one.data for one in place.ledger.records(CHAIN)]
    position = place.erase(jan)
    assert place.opened(jan) is None
    assert (place.rows(), set(place.keys())) == ({other: "piet"}, {"piet"})
    assert [one.data for one in place.ledger.records(CHAIN)][: len(before)] == before
    assert place.ledger.audit(CHAIN).sound
    [gone] = erased.find(place.store, CHAIN, [jan, other]).values()
    assert (gone.subject, gone.ground, gone.organisation) == ("jan", "objection", OFFICE)
    assert gone.position == position
    [listed] = place.list.entries()
    assert (listed.chain, listed.subject, listed.digests) == (CHAIN, "jan", (jan,))


def test_what_is_not_erased_stays_readable_under_a_new_key(place: Place, jan: str) -> None:
    contact = place.seal(PersonDetailsGiven, by="jan", person="jan", contact="tel. 1")
    key = place.keys()["jan"]
    place.erase(jan)
    assert place.opened(contact) == Opened(name="contact", value="tel. 1")
    assert place.opened(jan) is None
    assert place.keys()["jan"] != key
    place.erase(contact)
    assert place.keys() == place.rows() == {}


def test_new_details_of_somebody_erased_have_a_new_key(place: Place, jan: str) -> None:
    key = place.keys()["jan"]
    place.erase(jan)
    new = place.seal(PersonDetailsGiven, by="jan", person="jan", name="Jan Nieuw")
    assert place.opened(new) == Opened(name="name", value="Jan Nieuw")
    assert place.keys()["jan"] != key
    assert place.eraser.finish() == 0
    assert place.opened(new) is not None


def test_what_no_record_holds_goes_along(place: Place, jan: str) -> None:
    orphan = seal_body(PersonDetailsGiven, {"person": "jan", "name": "Wees"}).disclosures
    place.vault.keep(CHAIN, orphan)
    with place.store.connection() as conn:
        conn.execute("UPDATE disclosures SET position = NULL")
    contact = place.seal(PersonDetailsGiven, by="jan", person="jan", contact="tel. 1")
    place.erase(jan)
    assert place.rows() == {contact: "jan"}


def test_an_erased_value_is_never_stored_again(place: Place, jan: str) -> None:
    again = place.sealed
    place.erase(jan)
    place.vault.keep(CHAIN, again)
    place.vault.settle(CHAIN, 1, again)
    assert place.rows() == {}
    assert place.vault.sweep() == 0


def test_a_repeat_of_an_act_leaves_nothing_of_what_was_erased(place: Place, jan: str) -> None:
    place.erase(jan)
    sealed = seal_body(
        PersonRegistered, {"type": "PersonRegistered", "person": "jan", "name": "Jan Jansen"}
    )
    act = Act(event=read_body(sealed.body), by=FOUNDER, act="jan")
    assert place.ledger.submit(CHAIN, act, sealed.disclosures).repeated
    assert place.rows() == {}


# Crashes


def test_an_erasure_that_was_recorded_and_not_done_is_done_at_the_next_start(
    place: Place, jan: str
) -> None:
    with Ledger(place.store, vault=place.vault) as crashed:
        position = place.erase(jan, ledger=crashed)
    assert place.opened(jan) is not None
    assert place.eraser.finish() == 1
    assert (place.opened(jan), place.keys()) == (None, {})
    assert place.list.entries()[0].position == position
    assert place.eraser.finish() == 0
    assert len(place.list.entries()) == 1


def test_an_erasure_that_was_listed_and_not_done_is_done(place: Place, jan: str) -> None:
    with Ledger(place.store, vault=place.vault) as crashed:
        position = place.erase(jan, ledger=crashed)
    place.list.add([_listed(jan, position)])
    assert place.eraser.finish() == 1
    assert place.opened(jan) is None
    assert len(place.list.entries()) == 1


def test_an_erasure_that_fails_is_done_at_a_later_tick(
    place: Place, jan: str, tmp_path: Path
) -> None:
    (tmp_path / "erasures").write_text("in the way")
    place.erase(jan)
    assert place.opened(jan) is not None
    place.ledger.tick()
    assert place.opened(jan) is not None
    (tmp_path / "erasures").unlink()
    place.ledger.tick()
    assert place.opened(jan) is None


# Restored backups


def _backed_up(place: Place) -> dict[str, list[dict[str, Any]]]:
    with place.store.connection() as conn:
        return {
            name: conn.execute(f"SELECT * FROM {name}".encode()).fetchall()
            for name in ("disclosures", "subject_keys", "erasures")
        }


def _restored(place: Place, backup: dict[str, list[dict[str, Any]]]) -> None:
    with place.store.connection() as conn:
        for name, rows in backup.items():
            conn.execute(f"DELETE FROM {name}".encode())
            for row in rows:
                columns = ", ".join(row)
                holes = ", ".join(f"%({column})s" for column in row)
                conn.execute(f"INSERT INTO {name} ({columns}) VALUES ({holes})".encode(), row)


def test_a_record_that_cannot_be_read_stops_neither_sweeping_nor_erasing(
    place: Place, jan: str
) -> None:
    piet = place.seal(PersonRegistered, person="piet", name="Piet")
    place.erase(jan)
    place.vault.keep(CHAIN, [orphan := seal("piet", "name", "Van een geweigerde handeling.")])
    by_force(
        place.store.conninfo,
        "UPDATE records SET state = state || 'x' WHERE topic LIKE 'Person%'",
        "UPDATE disclosures SET position = NULL",
        "DELETE FROM erasures",
    )
    assert place.eraser.finish() == 1, "what stands on the list is done"
    assert place.ledger.sweep() == 0
    assert place.vault.sweep(age=timedelta(0)) == 1
    assert place.opened(orphan.digest) is None
    assert place.opened(piet) == Opened(name="name", value="Piet")


def test_a_restored_backup_brings_nothing_back(place: Place, jan: str) -> None:
    backup = _backed_up(place)
    place.erase(jan)
    _restored(place, backup)
    assert place.opened(jan) == Opened(name="name", value="Jan Jansen")
    assert place.eraser.finish() == 1
    assert (place.opened(jan), place.keys()) == (None, {})


def test_a_backup_from_before_the_record_of_it_brings_nothing_back_either(
    place: Place, jan: str, server: str, template: str, tmp_path: Path
) -> None:
    [kept] = [one for one in place.sealed if one.digest == jan]
    place.list.add([_listed(jan, 99)])
    assert place.eraser.finish() == 1
    assert place.opened(jan) is None
    [gone] = erased.of_subject(place.store, CHAIN, "jan")
    assert (gone.position, gone.ground) == (None, "objection")
    place.vault.keep(CHAIN, [kept])
    assert place.rows() == {}
    # Recorded anew, the erasure has a place in the record again.
    position = place.erase(jan)
    assert erased.of_subject(place.store, CHAIN, "jan")[0].position == position
    assert place.eraser.finish() == 0


def test_a_list_that_was_lost_is_made_again_from_what_the_database_knows(
    place: Place, jan: str
) -> None:
    place.erase(jan)
    before = place.list.entries()
    place.list.path.unlink()
    assert place.eraser.finish() == 0
    assert place.list.entries() == before


# The list


def _listed(digest: str, position: int | None = None) -> Listed:
    return Listed(
        chain=CHAIN,
        subject="jan",
        digests=(digest,),
        ground="objection",
        organisation=OFFICE,
        position=position,
    )


@pytest.mark.fast
def test_the_list_is_for_its_owner_only_and_gives_back_what_was_added(tmp_path: Path) -> None:
    kept = ErasureList(tmp_path / "a" / "b")
    assert kept.entries() == []
    kept.add([])
    assert not kept.path.exists()
    kept.add([_listed("A" * 43), _listed("B" * 43, 7)])
    kept.add([_listed("A" * 43)])
    assert kept.entries() == [_listed("A" * 43), _listed("B" * 43, 7)]
    assert kept.path.stat().st_mode & 0o777 == 0o600


@pytest.mark.fast
def test_a_line_cut_off_by_a_crash_is_taken_away_at_the_next_addition(tmp_path: Path) -> None:
    kept = ErasureList(tmp_path)
    kept.add([_listed("A" * 43)])
    whole = kept.path.read_bytes()
    kept.path.write_bytes(whole + whole[:30])
    assert kept.entries() == [_listed("A" * 43)]
    kept.add([_listed("B" * 43)])
    assert kept.entries() == [_listed("A" * 43), _listed("B" * 43)]


@pytest.mark.fast
@pytest.mark.parametrize("place", [0, 20, 60])
def test_a_damaged_line_is_refused(tmp_path: Path, place: int) -> None:
    kept = ErasureList(tmp_path)
    kept.add([_listed("A" * 43), _listed("B" * 43)])
    data = bytearray(kept.path.read_bytes())
    data[place] ^= 1
    kept.path.write_bytes(bytes(data))
    with pytest.raises(ListRefused, match="Regel 1"):
        kept.entries()


@pytest.mark.fast
def test_a_list_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ListRefused, match="onbruikbaar"):
        ErasureList(tmp_path / "file").add([_listed("A" * 43)])


def test_the_database_keeps_one_erasure_of_each_value(place: Place, jan: str) -> None:
    place.erase(jan)
    with place.store.connection() as conn, pytest.raises(psycopg.errors.UniqueViolation):
        conn.execute(
            "INSERT INTO erasures (chain, digest, subject, ground, organisation)"
            " SELECT chain, digest, subject, ground, organisation FROM erasures"
        )
