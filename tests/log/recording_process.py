"""A process that records, to be killed or raced: `DATABASE CHAIN START COUNT [BY]`.

It registers `person-<BY>-<n>` for each n, each under the key `<BY>-<n>`, and prints a line for
each: `asked <n>` before, `done <n> <position>` after the receipt is there.
"""

import sys

from tests.log.scene import a_ledger, registering


def main(database: str, chain: str, start: str, count: str, by: str = "child") -> None:
    with a_ledger(database) as ledger:
        for number in range(int(start), int(start) + int(count)):
            say(f"asked {number}")
            act = registering(f"person-{by}-{number}", act=f"{by}-{number}")
            receipt = ledger.submit(chain, act)
            say(f"done {number} {receipt.position}")


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
