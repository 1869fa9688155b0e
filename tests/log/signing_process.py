"""A process that integrates and signs, and dies without a word before or after one statement.

Called with the database, the moment (`before` or `after`) and the name of the statement; `commit`
stands for the end of the transaction.
"""

import os
import sys
from typing import Any

from ledger.log.store import Store
from ledger.log.tree_tables import TreeTables
from tests.log.signing import CHAIN, integrator_on

STATEMENTS = ("stands", "leaves", "unsound", "full_tiles", "put_tiles", "put_checkpoint")
DIED = 9


class Dying(TreeTables):
    """Ends the process before or after a statement, or raises in its place."""

    def __init__(
        self, store: Store, moment: str, statement: str, error: Exception | None = None
    ) -> None:
        super().__init__(store)
        self._fatal = (moment, statement)
        self._error = error

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if name not in STATEMENTS:
            return found

        def run(*args: Any) -> Any:
            self._reach("before", name)
            answer = found(*args)
            self._reach("after", name)
            return answer

        return run

    def _reach(self, moment: str, statement: str) -> None:
        if self._fatal == (moment, statement):
            if self._error is None:
                os._exit(DIED)
            raise self._error


def main(database: str, moment: str, statement: str) -> None:
    with Store(database) as store:
        integrator_on(store, tables=Dying(store, moment, statement)).integrate(CHAIN)
        if (moment, statement) == ("after", "commit"):
            os._exit(DIED)


if __name__ == "__main__":
    main(*sys.argv[1:])
