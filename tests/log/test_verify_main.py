"""The program of the verifier inside this process: what it takes, how it ends, what it says."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ledger import verify as verifier
from tests.log import bundle_maker as maker
from tests.log.bundle_maker import LOG, WITNESSES, Log, Signer, chain_of, policy, record, span

pytestmark = pytest.mark.fast
LOG7 = chain_of(7)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a bundle and what somebody may have at hand."""
    monkeypatch.chdir(tmp_path)
    maker.write(tmp_path / "bundle.zip", LOG7.spanned(0, 7), span(0, 7))
    (tmp_path / "earlier.txt").write_bytes(LOG7.note(3))
    (tmp_path / "later.txt").write_bytes(LOG7.note(5))
    (tmp_path / "forked.txt").write_bytes(Log([record(0, extra=1)]).note())
    (tmp_path / "witness").write_bytes(policy([], WITNESSES[:1], "all"))
    (tmp_path / "keys").write_bytes(f"log {LOG.vkey}\n".encode())
    return tmp_path


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Run the program; return how it ended and what it said."""

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["verify.py", *arguments])
        code = verifier.main()
        return code, capsys.readouterr().out

    return run


@pytest.mark.parametrize(
    "given",
    [
        ["--expect-key", LOG.vkey], ["--expect-checkpoint", "earlier.txt"],
        ["--expect-checkpoint", "earlier.txt", "--expect-checkpoint", "later.txt"],
        ["--policy", "witness"], ["--policy", "witness", "--policy", "keys"],
        ["--expect-key", LOG.vkey, "--expect-key", LOG.vkey],
    ],
)  # fmt: skip
def test_what_was_given_and_met_ends_with_0(here: Path, ended, given: list[str]) -> None:
    code, said = ended("bundle.zip", *given)
    assert code == 0
    assert said.splitlines()[-1] == "BEWEZEN tegen wat u opgaf"
    assert said.startswith("bewezen: in logboek")
    assert said.count("bewezen: het logboek gaat verder") == given.count("--expect-checkpoint")
    assert "\nniet bewezen: dat wat is vastgelegd waar is" in said


def test_nothing_given_ends_with_3(here: Path, ended) -> None:
    code, said = ended("bundle.zip")
    assert code == 3
    assert said.splitlines()[-1] == "NIET TE ZEGGEN: geef op wat u al had"


DEMO_TOLD = "DEMO: in deze keten koos ieder zelf wie hij was"


def said_of(here: Path, ended, records: list[bytes], *chosen: int, **told: object) -> list[str]:
    """Return what is said of a bundle of a log with these records, which is proven all the same."""
    log = Log(records)
    if chosen:
        members, selection = log.selected(chosen), maker.records(*chosen)
    else:
        members, selection = log.spanned(0, len(records)), span(0, len(records))
    maker.write(here / "other.zip", members, {**selection, **told})
    code, said = ended("other.zip", "--expect-key", LOG.vkey)
    assert code == 0
    return said.splitlines()


def test_a_demonstration_is_called_so_in_the_last_line_and_ends_as_any_other(
    here: Path, ended
) -> None:
    plain, founded = record(0), record(0, demo=True)
    for records, chosen, told in (
        ([founded, record(1)], (), {}),
        ([founded, record(1)], (0, 1), {}),
        # Without the founding there is only what the bundle says of itself.
        ([founded, record(1)], (1,), {"demo": True}),
    ):
        lines = said_of(here, ended, records, *chosen, **told)
        assert lines[-2:] == ["BEWEZEN tegen wat u opgaf", DEMO_TOLD]
        assert "niet bewezen: wie er handelde: dit is een DEMO" in lines
    for records in ([plain, record(1)], [record(0, demo=1)], [plain, record(1, demo=True)]):
        lines = said_of(here, ended, records)
        assert lines[-1] == "BEWEZEN tegen wat u opgaf"
        assert not any("DEMO" in line for line in lines)


def test_a_break_ends_with_2_and_its_kind(here: Path, ended) -> None:
    code, said = ended("bundle.zip", "--expect-checkpoint", "forked.txt")
    assert (code, said.count("\n")) == (2, 1)
    assert said.startswith("NIET BEWEZEN: [fork] ")
    assert ended("bundle.zip", "--expect-key", WITNESSES[0].vkey)[0] == 2


@pytest.mark.parametrize(
    "given", [["nergens.zip"], ["bundle.zip", "--policy", "nergens"], [], ["bundle.zip", "meer"]]
)
def test_what_cannot_be_read_or_understood_ends_with_3(here: Path, ended, given: list[str]) -> None:
    code, said = ended(*given)
    assert code == 3
    assert said.startswith("NIET TE ZEGGEN: ") == bool(given[:1] != [] and "meer" not in given)


def test_help_ends_with_0(here: Path, ended) -> None:
    code, said = ended("--help")
    assert code == 0
    assert "--expect-checkpoint" in said


def test_what_is_said_cannot_move_the_cursor(here: Path, ended) -> None:
    name = "keten.example/\x9b\u202e\u2066/log/proefketen"
    log = Log(LOG7.records[:2], origin=name, signers=[Signer(name)])
    maker.write(here / "bundle.zip", log.spanned(0, 2), span(0, 2))
    code, said = ended("bundle.zip")
    assert code == 3
    assert "keten.example/???/log/proefketen" in said
    assert all(letter.isprintable() or letter == "\n" for letter in said)
