"""Sound bytes made unsound: cut, doubled, swapped, overwritten, or something else altogether."""

from __future__ import annotations

from hypothesis import strategies as st

PIECES = st.one_of(
    st.binary(max_size=8),
    st.sampled_from(
        [
            b"\n", b"\n\n", b"\r\n", b"\0", b" ", b"-", b"+", b"0", b"=", b"\xe2\x80\x94 ",
            b"\xff\xfe", b"\xed\xa0\x80", b"9" * 40, b"1e400", b"NaN", b'"', b"{", b"[" * 200,
            b"\\ud800", b"999999999999999999999", b"0001-01-01T00:00:00+14:00", b"PK\x05\x06",
        ]
    ),
)  # fmt: skip
EDITS = st.lists(
    st.tuples(
        st.sampled_from(["insert", "overwrite", "cut", "double", "flip"]),
        st.integers(0, 10_000),
        st.integers(0, 64),
        PIECES,
    ),
    min_size=1,
    max_size=4,
)


@st.composite
def mangled(draw: st.DrawFn, sound: list[bytes]) -> bytes:
    """Draw what was made of one of these sound texts, or bytes of no origin."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.binary(max_size=200))
    data = draw(st.sampled_from(sound))
    for what, place, size, piece in draw(EDITS):
        data = edited(data, what, place % (len(data) + 1), size, piece)
    return data


def edited(data: bytes, what: str, place: int, size: int, piece: bytes) -> bytes:
    """Return what one edit makes of some bytes."""
    head, tail = data[:place], data[place:]
    match what:
        case "insert":
            return head + piece + tail
        case "overwrite":
            return head + piece + tail[len(piece) :]
        case "cut":
            return head + tail[size + 1 :]
        case "double":
            return head + tail[:size] + tail
        case _:
            return head + bytes([tail[0] ^ (1 << size % 8)]) + tail[1:] if tail else head
