"""A check of a whole chain: evidence, sealed values and rules, and the outcome that is kept."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from threading import Event, Thread
from uuid import uuid4

import psycopg
import pytest
from msgspec import structs

from ledger import catalogue, sealed_check
from ledger.checking import Wanted, check, check_for
from ledger.domain.events.erasures import PersonalDataErased
from ledger.domain.events.evidence import Witness, WitnessPolicyAdopted
from ledger.domain.values import NotFound
from ledger.ledger import Act, Ledger
from ledger.log.check_results import Checked, CheckResults
from ledger.log.erased import ToErase
from ledger.log.flaws import Flaw
from ledger.log.fsck import Kept
from ledger.log.log_key import LogKey
from ledger.log.note import read_note, signature
from ledger.log.note_keys import ED25519, ED25519_COSIGNATURE, Signer
from ledger.log.store import Store
from ledger.log.time_stamp import Trusted
from ledger.log.tree import Tree
from ledger.log.tree_tables import TreeTables
from ledger.sealed import seal_body
from ledger.timer import Nightly, night_of
from ledger.vault import Vault
from tests.conftest import COPY_TEMPLATE, DROP, _run, _url
from tests.domain.given import IMPORTER, SOURCE, founding
from tests.log.scene import CHAIN, FOUNDER, found, registering
from tests.log.signing import KEY, ORIGIN, by_force, integrator_on

ROWS = 6
NIGHT = date(2026, 11, 22)
KEYS = Wanted(keys=KEY.verifiers)
FOREIGN = LogKey((Signer(ORIGIN, ED25519, b"f" * 32),))


@pytest.fixture(scope="module")
def made(server: str, template: str) -> Iterator[str]:
    """The name of a database with a signed chain of a few acts, one with sealed values."""
    name = f"test_{uuid4().hex[:12]}"
    _run(server, COPY_TEMPLATE, name=name, template=template)
    try:
        with Store(_url(server, name), pool_size=4) as store:
            record(store)
        yield name
    finally:
        _run(server, DROP, name=name)


VAULT_KEY = secrets.token_bytes(32)


def record(store: Store) -> None:
    vault = Vault(store, VAULT_KEY)
    with Ledger(store, vault=vault) as ledger:
        found(ledger)
        for number in range(ROWS):
            ledger.submit(CHAIN, registering(f"person-{number}", act=f"act-{number}"))
        body = {"type": "PersonRegistered", "person": "p-1", "function": "lid", "name": "Jansen"}
        kind = catalogue.find("PersonRegistered").kind
        sealed = seal_body(kind, body, act="sealed")
        event = catalogue.read_body(sealed.body)
        act = Act(event=event, by=FOUNDER, act="sealed")
        ledger.submit(CHAIN, act, sealed.disclosures)
    integrator_on(store).integrate(CHAIN)


@pytest.fixture
def store(server: str, made: str) -> Iterator[Store]:
    """A copy of that chain for one test."""
    name = f"test_{uuid4().hex[:12]}"
    _run(server, COPY_TEMPLATE, name=name, template=made)
    try:
        with Store(_url(server, name), pool_size=4) as store:
            yield store
    finally:
        _run(server, DROP, name=name)


def url(store: Store) -> str:
    return store.conninfo


def looked(store: Store, wanted: Wanted = KEYS) -> Checked:
    return check(store, CHAIN, wanted, vault=Vault(store, VAULT_KEY))


def kinds(checked: Checked) -> list[str]:
    return [one.kind for one in checked.breaks]


def remarks(checked: Checked) -> list[str]:
    return [one.kind for one in checked.remarks]


def test_a_sound_chain_is_whole_and_that_is_kept(store: Store) -> None:
    checked = looked(store)
    assert (checked.outcome, checked.breaks, checked.remarks) == ("whole", (), ())
    assert checked.signed == checked.size == store.size(CHAIN)
    assert (checked.signatures, checked.rules, checked.models) == (True, True, False)
    results = CheckResults(store)
    assert results.last(CHAIN) == checked
    assert results.standing() == []


def test_without_a_key_or_a_kept_head_nobody_can_tell(store: Store) -> None:
    checked = looked(store, Wanted())
    assert (checked.outcome, remarks(checked)) == ("unknown", ["no-key"])
    root = Tree(store).root(CHAIN, 3)
    measured = looked(store, Wanted(kept=(Kept("against", "iets", 3, root),), against="iets"))
    assert measured.outcome == "whole"


def test_a_chain_that_is_not_there_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound):
        check(store, "onbekend", KEYS)


def test_a_record_that_no_rule_allows_is_a_break_though_it_is_signed(store: Store) -> None:
    # The operator records what the rules refuse, and signs that as he would anything.
    [*_, last] = list(store.walk(CHAIN))
    forged = last.data.replace(
        b'"position":%d' % last.position, b'"position":%d' % (last.position + 1)
    ).replace(b'"act":"sealed"', b'"act":"forged"')
    store.append([last._replace(position=last.position + 1, data=forged)])
    integrator_on(store).integrate(CHAIN)
    checked = looked(store)
    assert kinds(checked) == ["rules"]
    assert checked.breaks[0].at == last.position + 1
    assert looked(store, Wanted(keys=KEY.verifiers, rules=False)).outcome == "whole"


def test_a_sealed_value_that_was_exchanged_is_a_break(store: Store) -> None:
    by_force(url(store), "UPDATE disclosures SET ciphertext = sha256(ciphertext)")
    checked = looked(store)
    assert kinds(checked) == ["disclosure"]
    assert checked.breaks[0].count == 1
    assert "Jansen" not in checked.breaks[0].sentence


def test_a_sealed_value_that_is_gone_breaks_nothing_and_is_named(store: Store) -> None:
    by_force(url(store), "DELETE FROM subject_keys")
    checked = looked(store)
    assert (checked.outcome, remarks(checked)) == ("whole", ["missing"])
    assert "sleutel is er niet" in checked.remarks[0].sentence
    by_force(url(store), "DELETE FROM disclosures")
    assert (looked(store).outcome, remarks(looked(store))) == ("whole", ["missing"])


def test_a_value_that_was_erased_is_named_with_the_ground(store: Store) -> None:
    digest = store.fetch("SELECT digest FROM disclosures", {})[0][0]
    gone = ToErase(CHAIN, "jan", [digest], "objection", "bd", 7)
    Vault(store, VAULT_KEY).destroy(gone)
    checked = looked(store)
    assert (checked.outcome, remarks(checked)) == ("whole", ["erased"])
    said = checked.remarks[0].sentence
    assert "gewist op grond van: bezwaar" in said
    assert "gebeurtenis 7" in said


def test_a_value_that_is_there_though_it_was_erased_is_a_break(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    [(digest, subject)] = store.fetch("SELECT digest, subject FROM disclosures", {})
    event = PersonalDataErased(
        organisation="bd", person=subject, ground="objection", digests=(digest,)
    )
    with Ledger(store) as ledger:
        ledger.submit(CHAIN, Act(event=event, by=FOUNDER))
    assert "erasure" not in kinds(looked(store))
    monkeypatch.setattr(sealed_check, "ERASING_AGE", timedelta(0))
    assert kinds(looked(store)) == ["erasure"]


@pytest.mark.parametrize("position", ["0", "99999", "NULL"])
def test_a_disclosure_that_no_record_holds_is_an_orphan(store: Store, position: str) -> None:
    with psycopg.connect(url(store)) as owner:
        owner.execute(
            "INSERT INTO disclosures (chain, digest, subject, ciphertext, nonce, stored_at,"
            f" position) SELECT chain, 'wees', subject, ciphertext, nonce,"
            f" stored_at - interval '1 day', {position} FROM disclosures".encode()
        )
    checked = looked(store)
    assert (checked.outcome, remarks(checked)) == ("whole", ["orphan"])


def test_a_disclosure_of_an_act_under_way_is_no_orphan(store: Store) -> None:
    by_force(url(store), "UPDATE disclosures SET position = NULL")
    assert remarks(looked(store)) == []
    by_force(url(store), "UPDATE disclosures SET stored_at = stored_at - interval '1 day'")
    # Its record tells that it belongs there, whoever forgot to note it.
    assert remarks(looked(store)) == []


NAMED = "genoemd"
WITNESS = Signer("getuige.uwv.example", ED25519_COSIGNATURE, b"w" * 32)


def naming_its_key(store: Store) -> None:
    """Found a chain that names its log key and, by import, a witness; sign it."""
    founded = structs.replace(founding("bd", "uwv"), log_key=str(KEY.verifiers[0]))
    witness = Witness(
        organisation="uwv", name="uwv", verifier_key=str(WITNESS.verifier), url="https://w.example"
    )
    policy = WitnessPolicyAdopted(witnesses=(witness,), quorum=1, reason="Ter controle.")
    adopted = Act(event=policy, by=IMPORTER, source=SOURCE, scope="public")
    with Ledger(store) as ledger:
        ledger.submit(NAMED, Act(event=founded, by=FOUNDER, act="founding"))
        ledger.submit(NAMED, adopted)
    integrator_on(store).integrate(NAMED)


def cosigned(store: Store, text: str) -> None:
    size = store.size(NAMED)
    TreeTables(store).put_cosignature(NAMED, size, signature(text, WITNESS, at=1_700_000_000))


def text_of(store: Store) -> str:
    return read_note(TreeTables(store).stands(NAMED)[1].note.encode()).text


def test_the_keys_that_a_chain_names_are_those_it_is_checked_by(store: Store) -> None:
    naming_its_key(store)
    cosigned(store, text_of(store))
    checked = check(store, NAMED, Wanted())
    assert (checked.outcome, checked.remarks, checked.cosignatures) == ("whole", (), 1)
    # Another key that is kept here counts for nothing, and is told.
    checked = check(store, NAMED, Wanted(held=FOREIGN.verifiers))
    assert (checked.outcome, remarks(checked)) == ("whole", ["unnamed-key"])
    cosigned(store, text_of(store) + "anders\n")
    assert kinds(check(store, NAMED, Wanted())) == ["cosignature"]


def test_how_far_the_quorum_saw_is_reckoned_from_cosignatures_that_hold(store: Store) -> None:
    naming_its_key(store)
    checked = check(store, NAMED, Wanted())
    size = store.size(NAMED)
    assert (checked.outcome, checked.witnessed) == ("whole", 0)
    [remark] = checked.remarks
    assert (remark.kind, remark.count) == ("unwitnessed", size)
    cosigned(store, text_of(store))
    checked = check(store, NAMED, Wanted())
    assert (checked.witnessed, checked.remarks) == (size, ())
    # What one of them signed that is not this checkpoint counts for nothing.
    by_force(url(store), "DELETE FROM cosignatures")
    cosigned(store, text_of(store) + "anders\n")
    assert check(store, NAMED, Wanted()).witnessed == 0


def test_a_break_in_a_time_stamp_is_not_taken_away_without_looking(store: Store) -> None:
    results = CheckResults(store)
    checked = structs.replace(
        looked(store),
        outcome="broken",
        stamped=True,
        breaks=(Flaw(kind="stamp", at=1, sentence="De tijdstempel houdt geen stand."),),
    )
    results.keep(checked, root=b"")
    assert looked(store).outcome == "whole"
    assert [one.breaks for one in results.standing(CHAIN)] == [checked.breaks]
    assert looked(store, Wanted(keys=KEY.verifiers, stamped_by=Trusted(()))).outcome == "whole"
    assert results.standing(CHAIN) == []


def test_a_log_signed_anew_with_a_key_that_the_chain_does_not_name_is_found(store: Store) -> None:
    naming_its_key(store)
    by_force(url(store), "TRUNCATE checkpoints CASCADE", "TRUNCATE tiles")
    integrator_on(store, key=FOREIGN).integrate(NAMED)
    assert kinds(check(store, NAMED, Wanted(held=FOREIGN.verifiers))) == ["signature"]
    # What somebody trusts goes before what the chain says of itself.
    assert check(store, NAMED, Wanted(keys=FOREIGN.verifiers)).outcome == "whole"


def made_anew(store: Store) -> None:
    """The operator writes the chain anew and signs it, more or less as it was."""
    by_force(url(store), "TRUNCATE checkpoints CASCADE", "TRUNCATE tiles", "TRUNCATE records")
    record(store)


def test_a_log_made_anew_is_caught_by_what_an_earlier_check_saw(store: Store) -> None:
    looked(store)
    made_anew(store)
    assert kinds(looked(store)) == ["earlier"]
    # Whoever also forgets the checks is only caught by what somebody else kept.
    by_force(url(store), "ALTER TABLE checks DISABLE TRIGGER USER", "TRUNCATE checks")
    assert looked(store).outcome == "whole"


def test_a_chain_that_was_wiped_is_not_forgotten(store: Store) -> None:
    looked(store)
    by_force(url(store), "TRUNCATE checkpoints CASCADE", "TRUNCATE tiles", "TRUNCATE records")
    assert kinds(looked(store)) == ["earlier"]


def test_a_chain_that_only_grew_agrees_with_every_earlier_check(store: Store) -> None:
    looked(store)
    with Ledger(store) as ledger:
        ledger.submit(CHAIN, registering("later", act="later"))
    checked = looked(store)
    assert (checked.outcome, remarks(checked)) == ("whole", ["unsigned"])


def test_a_break_stands_until_a_check_that_looked_at_no_less(store: Store) -> None:
    results = CheckResults(store)
    root = Tree(store).root(CHAIN, 3)
    wrong = Wanted(keys=KEY.verifiers, kept=(Kept("against", "a", 3, b"x" * 32),), against="a")
    right = Wanted(keys=KEY.verifiers, kept=(Kept("against", "a", 3, root),), against="a")
    assert looked(store, wrong).outcome == "broken"
    for less in (KEYS, Wanted(), Wanted(keys=KEY.verifiers, rules=False)):
        assert looked(store, less).outcome != "broken"
        assert [one.against for one in results.standing(CHAIN)] == ["a"]
    assert looked(store, right).outcome == "whole"
    assert results.standing(CHAIN) == []
    assert results.standing("other") == []


def test_a_removed_key_takes_no_break_away(store: Store) -> None:
    by_force(url(store), "UPDATE checkpoints SET previous = 1")
    assert kinds(looked(store)) == ["order"]
    by_force(url(store), "UPDATE checkpoints SET previous = 0")
    assert looked(store, Wanted()).outcome == "unknown"
    assert len(CheckResults(store).standing()) == 1
    assert looked(store).outcome == "whole"
    assert CheckResults(store).standing() == []


def test_what_was_found_cannot_be_changed_afterwards(store: Store) -> None:
    looked(store)
    for statement in ("DELETE FROM checks", "UPDATE checks SET size = 0", "TRUNCATE checks"):
        with psycopg.connect(url(store)) as owner, pytest.raises(psycopg.errors.RestrictViolation):
            owner.execute(statement.encode())


def test_of_several_servers_one_does_the_check_of_a_night(store: Store) -> None:
    outcomes: list[Checked | None] = []

    def one_server() -> None:
        with Store(url(store), pool_size=2) as own:
            outcomes.append(check_for(own, CHAIN, KEYS, NIGHT))

    servers = [Thread(target=one_server) for _ in range(3)]
    for server in servers:
        server.start()
    for server in servers:
        server.join(60)
    assert len(outcomes) == 3
    with psycopg.connect(url(store)) as reader:
        rows = reader.execute("SELECT night FROM checks").fetchall()
    assert rows == [(NIGHT,)]
    assert check_for(store, CHAIN, KEYS, NIGHT) is None
    assert check_for(store, CHAIN, KEYS, date(2026, 11, 23)) is not None


def test_recorded_times_never_decrease_though_the_clock_of_the_ledger_does(store: Store) -> None:
    for days in (400, 3, -4000):
        moment = datetime.now(UTC) + timedelta(days=days)
        with Ledger(store, clock=lambda now=moment: now) as ledger:
            ledger.submit(CHAIN, registering(f"at-{days}", act=f"at-{days}"))
    integrator_on(store).integrate(CHAIN)
    times = [catalogue.decode(row.data).header.at for row in store.walk(CHAIN)]
    assert times == sorted(times)
    assert looked(store).outcome == "whole"


@pytest.mark.parametrize(
    ("hour", "now", "night"),
    [
        (2, "2026-11-22T01:59", None),
        (2, "2026-11-22T02:00", "2026-11-22"),
        (2, "2026-11-22T05:59", "2026-11-22"),
        (2, "2026-11-22T06:00", None),
        (23, "2026-11-22T23:30", "2026-11-22"),
        (23, "2026-11-23T01:30", "2026-11-22"),
        (23, "2026-11-23T03:00", None),
        (0, "2026-11-22T00:00", "2026-11-22"),
    ],
)
def test_a_night_begins_at_its_hour_and_keeps_its_date(
    hour: int, now: str, night: str | None
) -> None:
    found = night_of(datetime.fromisoformat(now).replace(tzinfo=UTC), hour)
    assert (found and found.isoformat()) == night


def test_a_night_is_done_once_and_tried_again_while_it_is_not() -> None:
    asked: list[date] = []
    done = Event()

    def run(night: date, _stopping: object) -> bool:
        asked.append(night)
        if len(asked) == 3:
            done.set()
        return len(asked) > 1

    days = iter([22, 22, 22, 23])

    def clock() -> datetime:
        return datetime(2026, 11, next(days, 23), 2, 30, tzinfo=UTC)

    with Nightly(run, 2, clock=clock, every_seconds=0.001):
        assert done.wait(30)
    assert [one.day for one in asked] == [22, 22, 23]
