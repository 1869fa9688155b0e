"""Feeding the witnesses: what reaches them, what is kept, and which checkpoint is published."""

import logging
import threading
import time
from pathlib import Path

import psycopg
import pytest

from ledger.log import trace_context
from ledger.log.feeder import InForce
from ledger.log.merkle import NotInTree
from ledger.log.note import open_note, signature
from ledger.log.note_keys import ML_DSA_44_COSIGNATURE, Signer
from ledger.log.policy import Witness as Listed
from ledger.log.witness import Witness, read_request, read_state
from tests.log.feeding import (
    SHORT,
    Liar,
    Side,
    a_policy,
    a_side,
    a_witness_of_us,
    all_served,
    key_of,
    listed,
    served,
)
from tests.log.scene import until
from tests.log.signing import CHAIN, KEY, grow, head_of

pytestmark = pytest.mark.slow

DEAD = "http://127.0.0.1:9"


def cosigners(side: Side) -> list[str]:
    """The names of the witnesses on the published checkpoint, which all known keys accept."""
    found = side.published.checkpoint(CHAIN)
    assert found is not None
    note = side.published.note(CHAIN, found)
    keys = [one.verifier for adopted in side.adopted for one in adopted.policy.witnesses]
    _, held = open_note(note.encode(), [*KEY.verifiers, *keys])
    return [one.verifier.name for one in held if one.verifier.cosigns]


def test_every_witness_cosigns_what_is_signed_and_all_the_same(
    database: str, tmp_path: Path
) -> None:
    with (
        all_served(tmp_path, 3) as witnesses,
        a_side(database, a_policy(*witnesses, needed=3)) as side,
    ):
        for size in (1, 5, 300):
            grow(side.store, size)
            side.sign()
            side.feeder.wake()
            until(lambda size=size: side.published_size() == size)  # type: ignore[misc]
        assert cosigners(side) == [one.verifier.name for one in witnesses]
        assert [one.witness for one in side.published.seen(CHAIN, 0)] == witnesses
        assert [one.size for one in side.published.seen(CHAIN, 299)] == [300] * 3
        assert side.published.seen(CHAIN, 300) == []
        for one in range(3):
            [shown] = read_state(tmp_path / f"w{one}")
            assert shown.head == head_of(300)


def test_a_witness_may_sign_after_the_newer_scheme(database: str, tmp_path: Path) -> None:
    newer = Signer("getuige.example/pq", ML_DSA_44_COSIGNATURE, b"q" * 32)
    one = Witness(tmp_path / "pq", newer, {KEY.origin: KEY.verifiers})
    with all_served(tmp_path, 1) as [usual], served(one) as url:
        other = Listed("pq", newer.verifier, url)
        with a_side(database, a_policy(usual, other, needed=2)) as side:
            for size in (3, 300):
                grow(side.store, size)
                side.sign()
                until(lambda size=size: side.published_size() == size)  # type: ignore[misc]
            assert sorted(cosigners(side)) == sorted([usual.verifier.name, newer.name])
            assert [seen.witness for seen in side.published.seen(CHAIN, 299)] == [usual, other]


def test_under_steady_growth_the_witnesses_still_meet_on_one_checkpoint(
    database: str, tmp_path: Path
) -> None:
    with (
        all_served(tmp_path, 2) as witnesses,
        a_side(database, a_policy(*witnesses, needed=2)) as side,
        a_side(database, a_policy(*witnesses, needed=2)),
    ):
        seen = [0]
        for size in range(1, 5000):
            grow(side.store, size)
            side.sign()
            side.feeder.wake()
            now = side.published_size()
            assert seen[-1] <= now <= size
            seen += [now] if now > seen[-1] else []
            if len(seen) > 4:
                return
        raise AssertionError("nothing was published while the log grew")


def test_what_too_few_have_seen_is_not_published(database: str, tmp_path: Path) -> None:
    with all_served(tmp_path, 1) as [one]:
        two = listed(1, DEAD)
        with a_side(database, a_policy(one, two, needed=2)) as side:
            grow(side.store, 5)
            side.sign()
            until(lambda: side.cosigned(one) == 5 and side.problem(two) != "")
            assert side.published.checkpoint(CHAIN) is None
            with pytest.raises(NotInTree, match="nog geen controlepunt"):
                side.published.covering(CHAIN, 0)
            assert [seen.witness for seen in side.published.seen(CHAIN, 0)] == [one]
            with served(a_witness_of_us(tmp_path, 1)) as url:
                side.adopted[:] = [InForce(1, a_policy(one, listed(1, url), needed=2))]
                grow(side.store, 6)
                side.sign()
                until(lambda: side.published_size() == 6)
                with pytest.raises(NotInTree, match="telt 6"):
                    side.published.covering(CHAIN, 6)
                assert side.published.covering(CHAIN, 5).size == 6


def test_without_a_quorum_what_is_signed_is_published_at_once(
    database: str, tmp_path: Path
) -> None:
    with (
        all_served(tmp_path, 1) as witnesses,
        a_side(database, a_policy(*witnesses, needed=0)) as side,
    ):
        grow(side.store, 5)
        side.sign()
        assert side.published_size() == 5
        until(lambda: cosigners(side) == [key_of(0).name])


def test_what_was_published_stays_so_under_a_new_policy(database: str, tmp_path: Path) -> None:
    with all_served(tmp_path, 2) as [one, two], a_side(database) as side:
        grow(side.store, 3)
        side.sign()
        assert side.published_size() == 3
        side.adopted.append(InForce(4, a_policy(one, needed=1)))
        grow(side.store, 6)
        side.sign()
        until(lambda: side.published_size() == 6)
        absent = listed(2, DEAD)
        side.adopted.append(InForce(7, a_policy(two, absent, needed=2)))
        grow(side.store, 9)
        side.sign()
        until(lambda: side.cosigned(two) == 9)
        assert side.published_size() == 6
        assert one.verifier.name in cosigners(side)
        # Whoever starts with an empty memory says the same.
        with a_side(database, feeding=False) as other:
            other.adopted[:] = side.adopted
            assert other.published_size() == 6


def test_a_cosignature_that_does_not_hold_is_neither_counted_nor_passed_on(
    database: str, tmp_path: Path
) -> None:
    with (
        all_served(tmp_path, 2) as [one, two],
        a_side(database, a_policy(one, two, needed=1)) as side,
    ):
        grow(side.store, 5)
        side.sign()
        until(lambda: side.cosigned(one) == side.cosigned(two) == 5)
        forged = signature(head_of(6).text(), key_of(0), at=1_700_000_000).line().strip()
        with psycopg.connect(database) as owner:
            owner.execute(
                "UPDATE cosignatures SET line = %s WHERE witness = %s", (forged, key_of(0).name)
            )
        assert cosigners(side) == [key_of(1).name]
        assert [seen.witness for seen in side.published.seen(CHAIN, 0)] == [two]
        side.adopted[:] = [InForce(1, a_policy(one, two, needed=2))]
        assert side.published_size() == 0


# Faults


def test_a_slow_or_dead_witness_delays_no_other(database: str, tmp_path: Path) -> None:
    with (
        Liar(post=lambda body: None, get=lambda: None) as slow,
        all_served(tmp_path, 1) as [one],
    ):
        others = (listed(1, slow.url), listed(2, DEAD))
        with a_side(database, a_policy(one, *others, needed=1), patience=SHORT) as side:
            for size in (2, 4, 6):
                grow(side.store, size)
                side.sign()
                until(lambda size=size: side.published_size() == size)  # type: ignore[misc]
            until(lambda: all(side.problem(other) for other in others))
            assert "binnen de tijd" in side.problem(others[0])
            assert side.cosigned(others[0]) == side.cosigned(others[1]) == 0


def test_a_line_about_a_witness_names_the_trace_it_was_asked_in(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[dict[str, str]] = []
    noting = logging.Handler()
    # As the log of the server does it: by whoever writes the line, at that moment.
    monkeypatch.setattr(noting, "emit", lambda record: told.append(trace_context.told()))
    log = logging.getLogger("ledger.log.feeder")
    log.addHandler(noting)
    try:
        with (
            Liar(post=lambda body: (500, b"")) as liar,
            a_side(database, a_policy(listed(0, liar.url), needed=1)) as side,
        ):
            grow(side.store, 2)
            side.sign()
            until(lambda: told != [])
    finally:
        log.removeHandler(noting)
    asked = "00-{trace_id}-{span_id}-00".format(**told[0])
    assert asked in liar.traces


def test_a_witness_that_comes_back_is_sent_the_newest_only(database: str, tmp_path: Path) -> None:
    with served(a_witness_of_us(tmp_path)) as url:
        port = int(url.rpartition(":")[2])
    one = listed(0, url)
    with a_side(database, a_policy(one, needed=1)) as side:
        grow(side.store, 2)
        side.sign()
        until(lambda: side.problem(one) != "")
        grow(side.store, 9)
        side.sign()
        with served(a_witness_of_us(tmp_path), port):
            until(lambda: side.published_size() == 9)
        feed = side.feed_of(one)
        assert feed is not None
        assert (feed.problem, feed.tries, feed.standing) == ("", 0, "sound")
        [shown] = read_state(tmp_path / "w0")
        assert shown.head.size == 9


def test_a_witness_that_kept_it_without_answering_cosigns_again(
    database: str, tmp_path: Path
) -> None:
    witness = a_witness_of_us(tmp_path)
    first = threading.Event()

    def kept(body: bytes) -> tuple[int, bytes] | None:
        answer = witness.add_checkpoint(body, int(time.time()))
        if first.is_set():
            return answer.status, answer.body
        first.set()
        return 502, b"weg"

    with Liar(post=kept) as liar:
        one = listed(0, liar.url)
        with a_side(database, a_policy(one, needed=1)) as side:
            grow(side.store, 5)
            side.sign()
            until(lambda: side.published_size() == 5)
            assert [read_request(body).old for body in liar.asked][:3] == [0, 0, 5]


def test_a_witness_that_lost_its_memory_starts_anew(database: str, tmp_path: Path) -> None:
    with served(a_witness_of_us(tmp_path)) as url:
        one = listed(0, url)
        with a_side(database, a_policy(one, needed=1)) as side:
            grow(side.store, 5)
            side.sign()
            until(lambda: side.published_size() == 5)
            for path in (tmp_path / "w0").glob("*.checkpoint"):
                path.unlink()
            grow(side.store, 8)
            side.sign()
            until(lambda: side.published_size() == 8)


def test_what_a_killed_server_was_sending_is_sent_by_another(database: str, tmp_path: Path) -> None:
    with (
        all_served(tmp_path, 1) as [one],
        a_side(database, a_policy(one, needed=1), feeding=False) as killed,
    ):
        grow(killed.store, 5)
        killed.sign()
        assert killed.feeds.claim(CHAIN, one.verifier, 0.5) is not None
        assert killed.feeds.claim(CHAIN, one.verifier, 0.5) is None
        with a_side(database, a_policy(one, needed=1)) as side:
            until(lambda: side.published_size() == 5)


def test_two_servers_that_sign_and_feed_do_no_harm(database: str, tmp_path: Path) -> None:
    with all_served(tmp_path, 2) as witnesses:
        policy = a_policy(*witnesses, needed=2)
        with a_side(database, policy) as here, a_side(database, policy) as there:
            for size in range(1, 30):
                grow(here.store, size)
                for side in (here, there):
                    assert side.sign().size == size
                    side.feeder.wake()
            until(lambda: here.published_size() == 29)
            assert there.published_size() == 29
            for side in (here, there):
                assert side.feeds.refusals(CHAIN) == []
                assert not any(side.problem(one) for one in witnesses)


# Lies


def mine(number: int, text: str, at: int) -> bytes:
    return signature(text, key_of(number), at=at).line().encode()


def lying(kind: str, body: bytes) -> tuple[int, bytes]:
    """What a witness that lies in some way answers to a request."""
    text = read_request(body).note.text
    now = int(time.time())
    right = mine(0, text, now)
    answers: dict[str, tuple[int, bytes]] = {
        "bad signature": (200, mine(0, head_of(7).text(), now)),
        "wrong key": (200, mine(1, text, now)),
        "old": (200, mine(0, text, now - 3600)),
        "future": (200, mine(0, text, now + 3600)),
        "nothing": (200, b""),
        "garbage": (200, bytes(range(256)) * 8),
        "endless": (200, b"x" * 100_000),
        "size none": (409, b"veel\n"),
        "size huge": (409, b"9" * 40),
        "same size": (409, b"0\n"),
        "unknown": (404, right),
        "forbidden": (403, right),
        "malformed": (400, right),
        "unproven": (422, right),
        "broken": (500, right),
        "elsewhere": (302, right),
    }
    return answers[kind]


@pytest.mark.parametrize(
    "kind",
    [
        "bad signature",
        "wrong key",
        "old",
        "future",
        "nothing",
        "garbage",
        "endless",
        "size none",
        "size huge",
        "same size",
        "unknown",
        "forbidden",
        "malformed",
        "unproven",
        "broken",
        "elsewhere",
    ],
)
def test_an_answer_that_proves_nothing_is_told_and_changes_nothing(
    database: str, kind: str
) -> None:
    with Liar(post=lambda body: lying(kind, body)) as liar:
        one = listed(0, liar.url)
        with a_side(database, a_policy(one, needed=1)) as side:
            grow(side.store, 5)
            side.sign()
            until(lambda: side.problem(one) != "" and len(liar.asked) > 2)
            assert side.published_size() == side.cosigned(one) == 0
            assert side.published.seen(CHAIN, 0) == []
            assert side.feeds.refusals(CHAIN) == []
            grow(side.store, 6)
            assert side.sign().size == 6
