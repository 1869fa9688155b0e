"""What a block of commands asks for is read as it was meant."""

from __future__ import annotations

import pytest

from tests.docs.blocks import Block, Command, blocks, first_missing

PAGE = """# A page

<!-- test -->
```console
$ echo one
one
$ cat <<END
> two
> END
…
two
```

```console
$ not run
```

<!-- test: serves -->

```console
$ serve
ready
```
"""


def test_a_page_gives_its_marked_blocks() -> None:
    assert list(blocks(PAGE)) == [
        Block(3, (Command("echo one", ("one",)), Command("cat <<END\ntwo\nEND", ("two",))), False),
        Block(18, (Command("serve", ("ready",)),), True),
    ]


@pytest.mark.parametrize(
    "printed",
    ["a\nb\n", "before\na\nbetween\nb\nafter\n", "a  \nb"],
    ids=["alone", "more", "blanks"],
)
def test_lines_that_were_printed_in_order_are_found(printed: str) -> None:
    assert first_missing(("a", "b"), printed) is None


@pytest.mark.parametrize("printed", ["", "b\na\n", "a\n", "ab\n"])
def test_a_line_that_was_not_printed_is_named(printed: str) -> None:
    assert first_missing(("a", "b"), printed) is not None


def test_three_dots_stand_for_anything() -> None:
    assert first_missing(("at … o'clock",), "at 20.00 o'clock") is None
    assert first_missing(("at … o'clock",), "at 20.00") == "at … o'clock"
    assert first_missing(("a.c",), "abc") == "a.c"
