"""The text of a checkpoint, read and written."""

import json
from base64 import b64decode
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.log.checkpoint import BadCheckpoint, Head, read_number, read_text, tlog_proof

ROOT = "h9UMXqS06cZqY1DcnPgMhWQabcLU6G++7tynUvpM20w="
HASH = b64decode(ROOT)


def test_a_checkpoint_is_read_as_it_was_written() -> None:
    head = Head("log.example/chain", 5, HASH)
    assert head.text() == f"log.example/chain\n5\n{ROOT}\n"
    assert read_text(head.text()) == head
    extended = Head("log.example/chain", 0, HASH, ("one", "two words"))
    assert read_text(extended.text()) == extended


@given(st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32))
def test_any_size_and_root_can_be_written(size: int, root: bytes) -> None:
    assert read_text(Head("o", size, root).text()) == Head("o", size, root)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "o\n5\n",
        f"o\n5\n{ROOT}",
        f"\n5\n{ROOT}\n",
        f"o\n\n{ROOT}\n",
        "o\n5\n\n",
        f"o\n5\n{ROOT}\n\n",
        f"o\n5\n{ROOT}\n\nmore\n",
        f"o\n05\n{ROOT}\n",
        f"o\n00\n{ROOT}\n",
        f"o\n-5\n{ROOT}\n",
        f"o\n+5\n{ROOT}\n",
        f"o\n 5\n{ROOT}\n",
        f"o\n5 \n{ROOT}\n",
        f"o\n5_0\n{ROOT}\n",
        f"o\n5.0\n{ROOT}\n",
        f"o\n\u0665\n{ROOT}\n",
        f"o\n{2**63}\n{ROOT}\n",
        f"o\n{'9' * 30}\n{ROOT}\n",
        f"o\n5\n{ROOT[:-1]}\n",
        f"o\n5\n{ROOT}=\n",
        f"o\n5\n {ROOT}\n",
        f"o\n5\n{ROOT[:-2]}x=\n",
        "o\n5\nAAAA\n",
        f"o\n5\n{'A' * 44}\n",
        f"o\n5\n{ROOT.replace('+', '-')}\n",
    ],
)
def test_a_text_that_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(BadCheckpoint):
        read_text(text)


@pytest.mark.parametrize(
    "head",
    [
        Head("", 5, HASH),
        Head("a\nb", 5, HASH),
        Head("o", -1, HASH),
        Head("o", 2**63, HASH),
        Head("o", 5, HASH[:-1]),
        Head("o", 5, HASH, ("",)),
        Head("o", 5, HASH, ("a\nb",)),
    ],
)
def test_what_cannot_be_written_is_refused(head: Head) -> None:
    with pytest.raises(BadCheckpoint):
        head.text()


def test_a_number_ends_below_two_to_the_sixty_third() -> None:
    assert read_number("0") == 0
    assert read_number(str(2**63 - 1)) == 2**63 - 1
    with pytest.raises(BadCheckpoint, match="geen omvang"):
        read_number(str(2**63))


def test_the_known_proof_file_comes_out(shared_folder: Path) -> None:
    values = json.loads((shared_folder / "vectors.json").read_text("utf-8"))
    hashes = [b64decode(one) for one in values["consistency_3_5"][1:]]
    assert tlog_proof(2, hashes, values["checkpoint5"]) == values["tlog_proof"]
