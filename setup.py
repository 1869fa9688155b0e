"""Builds the package: plain Python, or with KETENLEDGER_COMPILE=1 what is run most compiled ahead.

Compiled are the rules, what decides on an act, writes its bytes and hands it on, and what makes the
rows of read models. What is made lies beside the sources it was made of, and gives the same bytes,
verdicts and refusals. What waits for a database, a disk or the web gains nothing and stays as it is
(docs/adr/0062).
"""

from __future__ import annotations

import os
from pathlib import Path

from setuptools import Extension, setup

ROOT = Path(__file__).resolve().parent
COMPILED = (
    "ledger/domain/**/*.py",
    "ledger/audit.py",
    "ledger/batch.py",
    "ledger/bell.py",
    "ledger/catalogue.py",
    "ledger/corrections.py",
    "ledger/deciding.py",
    "ledger/findings.py",
    "ledger/flight.py",
    "ledger/in_loop.py",
    "ledger/ledger.py",
    "ledger/log/canonical.py",
    "ledger/log/insertion.py",
    "ledger/log/recorder.py",
    "ledger/log/sender.py",
    "ledger/patience.py",
    "ledger/policy.py",
    "ledger/receipts.py",
    "ledger/recording.py",
    "ledger/rounds.py",
    "ledger/row.py",
    "ledger/signatures.py",
    "ledger/states.py",
    "ledger/tray.py",
    "ledger/waiting.py",
    "ledger/writer.py",
    "projections/*_folds.py",
    "projections/arrivals.py",
    "projections/batch.py",
    "projections/capacities.py",
    "projections/concerns.py",
    "projections/copying.py",
    "projections/folding.py",
    "projections/grounds.py",
    "projections/names.py",
    "projections/rows.py",
    "projections/sentences.py",
    "projections/story.py",
    "projections/things.py",
    "projections/touched.py",
    "projections/words.py",
)
"""The files, or patterns of files, that are compiled."""

DIRECTIVES = {"language_level": 3, "annotation_typing": False}
"""Annotations are for people and for mypy: what is compiled does just what Python does."""

FLAGS = ("-O2", "-g0", "-w")


def modules() -> list[Path]:
    """Return the files to compile, each from the root of the project."""
    found = [path for pattern in COMPILED for path in sorted(ROOT.glob(pattern))]
    return [path.relative_to(ROOT) for path in found if path.name != "__init__.py"]


def extensions() -> list[Extension]:
    """Return the modules as they are to be compiled; written in C below `build/c`."""
    from Cython.Build import cythonize

    wanted = [
        Extension(".".join(path.with_suffix("").parts), [str(path)], extra_compile_args=[*FLAGS])
        for path in modules()
    ]
    return list(cythonize(wanted, build_dir="build/c", quiet=True, compiler_directives=DIRECTIVES))


if __name__ == "__main__":
    setup(ext_modules=extensions() if os.environ.get("KETENLEDGER_COMPILE") == "1" else [])
