"""Are there known holes in the packages we use? Asked once a day, of the registry's advisories.

    python -m tests.architecture.dependencies

Every pinned package is looked up, those of development included. A known hole ends this with 1,
unless ACCEPTED says why it does not touch us. Where the advisories cannot be reached, one line says
so and nothing fails: a laptop on a train may go on working. The answer is kept beside the
environment and holds for a day, as long as the pinned versions stay the same.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parents[2]
LOCKED: Final = ROOT / "requirements-dev.txt"
KEPT: Final = Path(sys.prefix) / ".known-holes.json"
SOCKET_SECONDS: Final = 5
TOTAL_SECONDS: Final = 90
ACCEPTED: Final[Mapping[str, str]] = {}
"""Advisories, by their id, that do not touch this project, each with the reason."""


class Verdict(NamedTuple):
    """What is known of our packages: a line to read, and whether the check fails."""

    line: str
    fails: bool


def main() -> int:
    """Print the verdict of today; return the exit code."""
    verdict = _kept() or _keep(_asked())
    print(verdict.line)
    return int(verdict.fails)


def judge(report: str, accepted: Mapping[str, str] = ACCEPTED) -> Verdict:
    """Return what a report of pip-audit (its JSON) comes to."""
    try:
        packages = json.loads(report)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return Verdict("Dependencies not checked: the advisories cannot be reached.", False)
    asked = [package for package in packages if "skip_reason" not in package]
    if not asked:
        return Verdict("Dependencies not checked: no advisories are served here.", False)
    holes = [
        f"  {package['name']} {package['version']}: {hole['id']}, "
        f"mended in {', '.join(hole['fix_versions']) or 'no version yet'}"
        for package in asked
        for hole in package["vulns"]
        if accepted.keys().isdisjoint([hole["id"], *hole.get("aliases", [])])
    ]
    if holes:
        return Verdict("\n".join([f"Dependencies have {len(holes)} known holes:", *holes]), True)
    unknown = len(packages) - len(asked)
    rest = f"; {unknown} could not be looked up" if unknown else ""
    return Verdict(f"Dependencies: {len(asked)} without a known hole{rest}.", False)


def _asked() -> Verdict:
    command = [
        sys.executable, "-m", "pip_audit", "--requirement", str(LOCKED), "--disable-pip",
        "--require-hashes", "--format", "json", "--desc", "off", "--progress-spinner", "off",
        "--timeout", str(SOCKET_SECONDS), "--cache-dir", str(KEPT.with_name(".pip-audit")),
    ]  # fmt: skip
    try:
        ended = subprocess.run(
            command, capture_output=True, text=True, timeout=TOTAL_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return judge("")
    return judge(ended.stdout)


def _today() -> str:
    """Name the day and the pinned versions that a verdict is about."""
    locked = hashlib.sha256(LOCKED.read_bytes() + repr(sorted(ACCEPTED)).encode())
    return f"{datetime.now(UTC):%Y-%m-%d} {locked.hexdigest()}"


def _kept() -> Verdict | None:
    try:
        kept = json.loads(KEPT.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return Verdict(kept["line"], kept["fails"]) if kept["of"] == _today() else None


def _keep(verdict: Verdict) -> Verdict:
    KEPT.write_text(json.dumps({"of": _today(), **verdict._asdict()}), "utf-8")
    return verdict


if __name__ == "__main__":
    sys.exit(main())
