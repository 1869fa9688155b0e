"""Bundles of random lives: whatever is chosen, for whomever, is proven; with a bit off it is not.

The lives stand signed in one database; what is drawn is what somebody asks for, and who asks.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from api.bundle_making import Asked, Log, Taker, hand_out
from ledger import catalogue
from ledger.domain.values import NotFound
from ledger.log.bundle import Some, make
from ledger.log.integrate import Integrator
from ledger.log.log_key import LogKey
from ledger.log.note_keys import ED25519, Signer
from ledger.log.store import Row, Store
from ledger.log.tree import Tree
from ledger.verify import NotProven, Report, verify
from projections.runner import Runner
from projections.scopes import of_scopes
from projections.selection import KINDS
from tests.conftest import COPY_TEMPLATE, DROP, _run, _url
from tests.log import bundle_maker as maker
from tests.log.bundled import Anybody, members_of
from tests.properties.lives import Story, seeded

pytestmark = pytest.mark.slow
LIVES, STEPS = (0, 2, 3, 8), 90
"""Lives of every scope; in the last one an act is signed."""
READERS = (("public",), ("public", "chain"), ("public", "chain", "confidential"))
PROVEN = ("checkpoint", "proofs/", "records/", "tile/")
MANIFEST = "manifest.json"
BOUNDED = settings(
    max_examples=30, derandomize=True, database=None, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip


class Signed(NamedTuple):
    """A life in the store, its log signed halfway and at its end."""

    store: Store
    story: Story
    halfway: int

    @property
    def chain(self) -> str:
        return self.story.state.name

    @property
    def size(self) -> int:
        return len(self.story.entries)

    def things(self, kind: str) -> list[str]:
        """Return every thing of a kind that occurs in the life."""
        named = {getattr(entry.event, kind, "") for entry in self.story.entries}
        return sorted(one for one in named if isinstance(one, str) and one)


class Keys:
    """A key of its own for every chain."""

    def key(self, chain: str) -> LogKey:
        return LogKey(
            (Signer(f"keten.example/log/{chain}", ED25519, sha256(chain.encode()).digest()),)
        )


@pytest.fixture(scope="module")
def lives(server: str, template: str) -> Iterator[list[Signed]]:
    """A database with some lives, which the tests here only read."""
    name = "test_bundled_lives_" + template.rpartition("_")[2]
    _run(server, COPY_TEMPLATE, name=name, template=template)
    try:
        with Store(_url(server, name)) as store, Runner(_url(server, name)) as runner:
            stories = [seeded(n, steps=STEPS, name=f"leven-{n}") for n in LIVES]
            yield [recorded(store, runner, story) for story in stories]
    finally:
        _run(server, DROP, name=name)


def recorded(store: Store, runner: Runner, story: Story) -> Signed:
    """Put a life in the store, sign its log and take it into the read models."""
    made = Signed(store, story, len(story.entries) // 2)
    rows = [
        Row(made.chain, place, catalogue.type_name(type(entry.event)), entry.data)
        for place, entry in enumerate(story.entries)
    ]
    for part in (rows[: made.halfway], rows[made.halfway :]):
        store.append(part)
        Integrator(store, Keys()).integrate(made.chain)
    runner.catch_up(made.chain)
    return made


def vkey(life: Signed) -> str:
    return str(Keys().key(life.chain).signers[0].verifier)


def handed(life: Signed, asked: Asked, scopes: tuple[str, ...]) -> bytes:
    """Return what somebody who reads these scopes gets."""
    file = io.BytesIO()
    log = Log(policy=f"log {vkey(life)}\nquorum none\n".encode(), key=vkey(life))
    taker = Taker(person="", door="command", access=of_scopes(scopes))
    hand_out(
        life.store, Tree(life.store), life.chain, file,
        asked=asked, taker=taker, log=log, reading=life.store,
    )  # fmt: skip
    return file.getvalue()


def held(folder: Path, life: Signed, data: bytes) -> Report:
    """Hold a bundle against the key and the checkpoint from halfway."""
    path = folder / "bundle.zip"
    path.write_bytes(data)
    early = Tree(life.store).checkpoint(life.chain, life.halfway)
    assert early is not None
    return verify(str(path), keys=[vkey(life)], earlier=[early.note.encode()])


def not_held_with_a_bit_off(folder: Path, life: Signed, data: bytes, draw: st.DataObject) -> None:
    """Flip one bit of what proves something; put the manifest right, as who tampers would."""
    members = members_of(data)
    name = draw.draw(st.sampled_from(sorted(one for one in members if one.startswith(PROVEN))))
    place = draw.draw(st.integers(0, len(members[name]) - 1))
    changed = bytearray(members[name])
    changed[place] ^= 1 << draw.draw(st.integers(0, 7))
    said = json.loads(members[MANIFEST])
    said["files"][name]["sha256"] = sha256(changed).hexdigest()
    members |= {name: bytes(changed), MANIFEST: maker.canonical(said)}
    path = maker.zipped(folder / "changed.zip", members)
    with pytest.raises(NotProven):
        verify(str(path), keys=[vkey(life)], earlier=[])


def drawn(lives: list[Signed], draw: st.DataObject) -> Signed:
    return lives[draw.draw(st.integers(0, len(lives) - 1))]


@BOUNDED
@given(st.data())
def test_any_range_is_proven_for_any_reader(
    lives: list[Signed], tmp_path: Path, data: st.DataObject
) -> None:
    life = drawn(lives, data)
    lo = data.draw(st.integers(0, life.size - 1))
    hi = data.draw(st.integers(lo + 1, life.size))
    scopes = data.draw(st.sampled_from(READERS))
    asked = Asked(start=str(lo), until=str(hi), since=(life.halfway,))
    made = handed(life, asked, scopes)
    hidden = [one for one in life.story.entries[lo:hi] if one.header.scope not in scopes]
    said = held(tmp_path, life, made)[0]
    assert f"van nummers {lo} tot en met {hi - 1} is er geen weggelaten" in said[0]
    assert f"niet getoond: {len(hidden)}" in said[0]
    not_held_with_a_bit_off(tmp_path, life, made, data)


@BOUNDED
@given(st.data())
def test_what_is_about_anything_is_proven_for_any_reader(
    lives: list[Signed], tmp_path: Path, data: st.DataObject
) -> None:
    life, kind = drawn(lives, data), data.draw(st.sampled_from(sorted(KINDS)))
    scopes, names = data.draw(st.sampled_from(READERS)), life.things(kind)
    if not names:
        return
    asked = Asked(kind=kind, name=data.draw(st.sampled_from(names)), since=(life.halfway,))
    note(str(asked))
    try:
        made = handed(life, asked, scopes)
    except NotFound:
        assert scopes != READERS[-1]
        return
    chosen = json.loads(members_of(made)[MANIFEST])["selection"]["positions"]
    assert all(life.story.entries[one].header.scope in scopes for one in chosen)
    assert f"die er zo in staan: {len(chosen)}" in held(tmp_path, life, made)[0][0]
    not_held_with_a_bit_off(tmp_path, life, made, data)


@BOUNDED
@given(st.data())
def test_any_choice_of_records_is_proven(
    lives: list[Signed], tmp_path: Path, data: st.DataObject
) -> None:
    life, file = drawn(lives, data), io.BytesIO()
    places = st.lists(st.integers(0, life.size - 1), min_size=1, max_size=12, unique=True)
    chosen = data.draw(places)
    policy = f"log {vkey(life)}\nquorum none\n".encode()
    make(
        life.store, life.chain, file, selection=Some(chosen), reader=Anybody(opens=False),
        policy=policy, since=[life.halfway],
    )  # fmt: skip
    said = held(tmp_path, life, file.getvalue())[0]
    assert f"die er zo in staan: {len(chosen)}" in said[0]
    not_held_with_a_bit_off(tmp_path, life, file.getvalue(), data)
