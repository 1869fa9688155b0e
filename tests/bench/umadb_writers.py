"""Writers of UmaDB, in the Python it was installed in: umadb_writers.py URL N SECONDS DATA.

For each line on standard input they write for so many seconds, each single events in a stream of
its own, and one line says how many a second that was.
"""

from __future__ import annotations

import sys
import threading
import time
from uuid import uuid4

from umadb import Client, Event  # type: ignore[import-not-found]  # of another environment


def write(url: str, data: bytes, end: float, counts: list[int]) -> None:
    """Append one event after the other until the end."""
    client, done, tags = Client(url), 0, [f"meting-{uuid4()}"]
    while time.perf_counter() < end:
        client.append([Event("VoteCast", data, tags, uuid4())])
        done += 1
    counts.append(done)


def main(url: str, writers: int, seconds: float, data: bytes) -> None:
    """Answer each line with a rate."""
    for _ in sys.stdin:
        counts: list[int] = []
        start = time.perf_counter()
        threads = [
            threading.Thread(target=write, args=(url, data, start + seconds, counts))
            for _ in range(writers)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if len(counts) < writers:
            sys.exit("a writer failed")
        print(sum(counts) / (time.perf_counter() - start), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4].encode())
