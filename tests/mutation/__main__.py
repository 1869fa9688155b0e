"""Does a test notice when the verifier is wrong? Every small wrong version of it has to be caught.

    python -m tests.mutation [--sample N] [--only FUNCTION]

The tests of the verifier are collected once and run in this process against one wrong version after
another, those first that caught a wrong version of the same function before. A version that no
test catches is listed in `equivalent.py` with the reason why it is right after all; any other
ends this with 1, and so does a line of that list that is caught or no longer there.
"""

from __future__ import annotations

import argparse
import io
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, redirect_stderr, redirect_stdout
from functools import cache
from pathlib import Path
from types import FrameType, FunctionType
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from ledger import verify
from tests.mutation.equivalent import EQUIVALENT
from tests.mutation.mutants import Mutant, mutants

TESTS = sorted(str(path) for path in Path(__file__).parents[1].joinpath("log").glob("test_verify*"))
TOO_DEAR = (
    "long_log or unpacks_to_too_much or the_program or flipped_bit or thousand_times or mutants"
)
"""Tests that take long and are about something else: memory, a process of its own, this."""
ITEM_SECONDS = 20
LEFT_OUT = ("NotProven.__init__",)
"""What decides nothing."""
SIGNING = ("_point", "_add", "ed25519_holds")
ABOUT_SIGNING = (
    "a_signature_holds",
    "a_signature_has_one_form",
    "a_signature_is_reckoned",
    "no_point_signs_nothing",
    "known_checkpoint",
)
"""Only these look at how a signature is reckoned; elsewhere each is reckoned once."""


RIGHT = verify.ed25519_holds


class Hung(BaseException):
    """A wrong version that does not end; no test may take this for an answer."""


class Survivors:
    """A plugin of pytest that runs the collected tests against wrong versions."""

    def __init__(self, wanted: list[Mutant]) -> None:
        self._wanted = wanted
        self._killers: dict[str, list[pytest.Item]] = defaultdict(list)
        self._took: dict[str, float] = {}
        self.survived: list[Mutant] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        with quick_signatures():
            for item in session.items:
                start = time.perf_counter()
                assert passes(item), f"{item.nodeid} fails without any change"
                self._took[item.nodeid] = time.perf_counter() - start
        for mutant in self._wanted:
            with in_place(mutant):
                if not self._caught(mutant, session.items):
                    self.survived.append(mutant)
                    print(f"survived, line {mutant.line}: {mutant.name}", flush=True)
        return True

    def _caught(self, mutant: Mutant, items: list[pytest.Item]) -> bool:
        signing = mutant.function in SIGNING
        items = [one for one in items if signing == any(map(one.name.count, ABOUT_SIGNING))]
        known = self._killers[mutant.function]
        others = sorted((one for one in items if one not in known), key=self._cost)
        for item in [*known, *others]:
            if not passes(item):
                known[:] = [item, *(one for one in known if one is not item)]
                return True
        return False

    def _cost(self, item: pytest.Item) -> float:
        return self._took[item.nodeid]


def passes(item: pytest.Item) -> bool:
    """Tell whether a test passes now; one that does not end does not."""
    signal.setitimer(signal.ITIMER_REAL, ITEM_SECONDS)
    try:
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            reports = runtestprotocol(item, log=False, nextitem=None)
    except Hung:
        return False
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return all(one.passed for one in reports)


@contextmanager
def in_place(mutant: Mutant) -> Iterator[None]:
    """Put a wrong version in the place of the right one, for whoever holds that function."""
    function = function_of(mutant.function)
    right = function.__code__
    function.__code__ = mutant.code
    try:
        with nullcontext() if mutant.function in SIGNING else quick_signatures():
            yield
    finally:
        function.__code__ = right


@cache
def reckoned(public: bytes, message: bytes, signature: bytes) -> bool:
    """The same signatures come over and over: reckoned once, they cost nothing."""
    return RIGHT(public, message, signature)


@contextmanager
def quick_signatures() -> Iterator[None]:
    verify.ed25519_holds = reckoned
    try:
        yield
    finally:
        verify.ed25519_holds = RIGHT


def function_of(name: str) -> FunctionType:
    """Return a function of the verifier by its qualified name."""
    found: Any = verify
    for part in name.split("."):
        found = vars(found)[part]
    found = getattr(found, "__func__", found)
    assert isinstance(found, FunctionType)
    return found


def run(wanted: list[Mutant]) -> list[Mutant]:
    """Return those of these wrong versions that no test catches."""

    def hung(_signal: int, _frame: FrameType | None) -> None:
        raise Hung

    before: Callable[..., object] | int | None = signal.signal(signal.SIGALRM, hung)
    plugin = Survivors(wanted)
    options = [
        "-q",
        "-o",
        "addopts=",
        "-o",
        "timeout=0",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
    ]
    try:
        ended = pytest.main([*options, "-k", f"not ({TOO_DEAR})", *TESTS], plugins=[plugin])
    finally:
        signal.signal(signal.SIGALRM, before)
    assert ended in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED), ended
    return plugin.survived


def main() -> int:
    """Run the wrong versions that the command line asks for; say which ones were not caught."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, default=0, help="this many, spread evenly")
    parser.add_argument("--only", default="", help="of this function alone")
    given = parser.parse_args()
    source = Path(verify.__file__).read_text("utf-8")
    found = [one for one in mutants(source) if one.function not in LEFT_OUT]
    wanted = [one for one in found if given.only in ("", one.function)]
    if given.sample:
        wanted = wanted[:: max(1, len(wanted) // given.sample)][: given.sample]
    start = time.monotonic()
    survived = run(wanted)
    unknown = [one for one in survived if one.name not in EQUIVALENT]
    names = {one.name for one in survived}
    stale = {one.name for one in wanted if one.name in EQUIVALENT} - names
    gone = set() if given.only else EQUIVALENT.keys() - {one.name for one in found}
    caught = len(wanted) - len(survived)
    print(
        f"\n{len(wanted)} wrong versions: {caught} caught, {len(survived) - len(unknown)} right "
        f"after all, {len(unknown)} not caught; {time.monotonic() - start:.0f} s"
    )
    for one in unknown:
        print(f"not caught, line {one.line}: {one.name}")
    for name in sorted(stale | gone):
        print(f"caught or gone, and still listed as right: {name}")
    return 1 if unknown or stale or gone else 0


if __name__ == "__main__":
    sys.exit(main())
