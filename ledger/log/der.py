"""The one thing about DER that has to be put right in what time-stamping authorities send.

The certificates in a signed message are a SET, which DER wants in order of their bytes. OpenSSL and
authorities built on it leave them as they come; the parser that we use does not take that. The set
is not part of what is signed, so putting it in order changes nothing that a time stamp says.

    TimeStampResp > ContentInfo > [0] > SignedData > [0] certificates
"""

from typing import Final, NamedTuple

_CERTIFICATES: Final = 0xA0
_LONG: Final = 0x80
_MOST_LENGTH_BYTES: Final = 4


class _Element(NamedTuple):
    """An element: its tag, where it starts, where its content starts, and where it ends."""

    tag: int
    start: int
    content: int
    end: int


def certificates_in_order(response: bytes) -> bytes:
    """Return a TimeStampResp with its certificates in the order of DER.

    What has no certificates, or is no such thing at all, comes back as it is.
    """
    try:
        whole = _element(response, 0, len(response))
        content_info = _inside(response, whole)[1]
        signed_data = _inside(response, _inside(response, content_info)[1])[0]
        [found] = [one for one in _inside(response, signed_data) if one.tag == _CERTIFICATES]
        certificates = _inside(response, found)
    except (ValueError, IndexError):
        return response
    ordered = sorted(response[one.start : one.end] for one in certificates)
    return response[: found.content] + b"".join(ordered) + response[found.end :]


def _inside(data: bytes, outer: _Element) -> list[_Element]:
    found: list[_Element] = []
    start = outer.content
    while start < outer.end:
        found.append(_element(data, start, outer.end))
        start = found[-1].end
    return found


def _element(data: bytes, start: int, limit: int) -> _Element:
    """Return the element at a place; raises ValueError or IndexError where there is none."""
    length, content = data[start + 1], start + 2
    if length & _LONG:
        count = length - _LONG
        if not 1 <= count <= _MOST_LENGTH_BYTES:
            raise ValueError("no definite length of this size")
        content += count
        length = int.from_bytes(data[start + 2 : content], "big")
    if content + length > limit:
        raise ValueError("longer than what it stands in")
    return _Element(data[start], start, content, content + length)
