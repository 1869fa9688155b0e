"""Time stamps in a check: those that are kept must hold over the checkpoint as it stands."""

import shutil
from collections.abc import Iterator

import psycopg
import pytest

from ledger.log.anchor import Anchors
from ledger.log.anchoring import Anchoring
from ledger.log.flaws import Flaw, Flaws
from ledger.log.fsck_stamps import check_stamps
from ledger.log.snapshot import Snapshot
from ledger.log.store import Store
from ledger.log.time_stamp import Trusted
from tests.log.signing import CHAIN, KEY, by_force, grow, integrator_on
from tests.log.stamping import Tsa, authority_in

pytestmark = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="no openssl here: no time-stamping authority to ask"
)

Found = tuple[int, tuple[Flaw, ...], tuple[Flaw, ...]]


@pytest.fixture(scope="module")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tsa]:
    with authority_in(tmp_path_factory.mktemp("tsa")) as tsa:
        yield tsa


@pytest.fixture
def stamped(database: str, tsa: Tsa) -> str:
    """The database of a log whose checkpoints of 3 and 5 were stamped."""
    with Store(database) as store:
        asking = Anchoring(store, tsa.authority(), interval_seconds=0)
        for size in (3, 5):
            grow(store, size)
            integrator_on(store).integrate(CHAIN)
            asking.anchor(CHAIN)
    return database


def looked(database: str, trusted: Trusted | None) -> Found:
    flaws, remarks = Flaws(), Flaws()
    with Store(database) as store, store.snapshot(statement_seconds=60) as conn:
        checked = check_stamps(Snapshot(conn, CHAIN), trusted, flaws, remarks)
    return checked, flaws.all(), remarks.all()


def test_time_stamps_that_hold_are_counted(stamped: str, tsa: Tsa) -> None:
    assert looked(stamped, tsa.trusted) == (2, (), ())


def test_without_certificates_they_are_told_and_prove_nothing(stamped: str) -> None:
    checked, flaws, [remark] = looked(stamped, None)
    assert (checked, flaws) == (0, ())
    assert (remark.kind, remark.count) == ("unchecked-stamp", 2)


def test_a_token_in_which_a_byte_changed_is_a_break(stamped: str, tsa: Tsa) -> None:
    flip = "set_byte(token, octet_length(token) - 1, get_byte(token, octet_length(token) - 1) # 1)"
    with psycopg.connect(stamped) as owner:
        owner.execute("ALTER TABLE anchors DISABLE TRIGGER USER")
        owner.execute(f"UPDATE anchors SET token = {flip} WHERE size = 3".encode())
    checked, [flaw], _ = looked(stamped, tsa.trusted)
    assert (checked, flaw.kind, flaw.at, flaw.count) == (2, "stamp", 3, 1)
    assert "3-1.tsr" in flaw.sentence


def test_time_stamps_that_changed_places_are_both_a_break(stamped: str, tsa: Tsa) -> None:
    by_force(
        stamped,
        "UPDATE anchors AS a SET token = b.token FROM anchors AS b WHERE b.size <> a.size",
    )
    _, [flaw], _ = looked(stamped, tsa.trusted)
    assert (flaw.kind, flaw.at, flaw.count) == ("stamp", 3, 2)


def test_a_moment_that_was_put_back_is_a_break(stamped: str, tsa: Tsa) -> None:
    by_force(stamped, "UPDATE anchors SET stamped = stamped - interval '1 year' WHERE size = 5")
    _, [flaw], _ = looked(stamped, tsa.trusted)
    assert (flaw.kind, flaw.at) == ("stamp", 5)


def test_a_log_made_anew_and_signed_by_its_own_key_loses_its_time_stamps(
    stamped: str, tsa: Tsa
) -> None:
    with Store(stamped) as store:
        kept = list(Anchors(store).all(CHAIN))
    by_force(
        stamped,
        "TRUNCATE checkpoints CASCADE",
        "TRUNCATE tiles",
        "UPDATE records SET state = 'anders' WHERE originator_version = 1",
    )
    with Store(stamped) as store:
        integrator_on(store, key=KEY).integrate(CHAIN)
        for one in kept[1:]:
            Anchors(store).keep(
                CHAIN, 5, authority=one.authority, stamped=one.stamped, token=one.token
            )
    _, [flaw], _ = looked(stamped, tsa.trusted)
    assert (flaw.kind, flaw.at) == ("stamp", 5)


def test_a_time_stamp_whose_checkpoint_is_gone_is_a_break(stamped: str, tsa: Tsa) -> None:
    by_force(
        stamped,
        "ALTER TABLE anchors DROP CONSTRAINT anchors_of_a_checkpoint",
        "DELETE FROM checkpoints WHERE size = 3",
    )
    _, [flaw], _ = looked(stamped, tsa.trusted)
    assert "is er niet meer" in flaw.sentence
