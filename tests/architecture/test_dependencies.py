"""What the audit of the dependencies makes of the answers it can get."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.architecture.dependencies import judge

HOLE = {"id": "PYSEC-2026-1", "aliases": ["CVE-2026-1"], "fix_versions": ["2.1"]}
UNKNOWN = {"name": "third", "skip_reason": "not found"}


def report(*packages: dict[str, Any]) -> str:
    return json.dumps({"dependencies": packages, "fixes": []})


def package(name: str, *holes: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "version": "2.0", "vulns": list(holes)}


def test_packages_without_a_known_hole_pass() -> None:
    verdict = judge(report(package("one"), package("two"), UNKNOWN))
    assert verdict == ("Dependencies: 2 without a known hole; 1 could not be looked up.", False)


def test_a_known_hole_fails_and_is_named_with_the_version_that_mends_it() -> None:
    verdict = judge(report(package("one"), package("two", HOLE)))
    assert verdict.fails
    assert "two 2.0: PYSEC-2026-1, mended in 2.1" in verdict.line
    assert "one 2.0" not in verdict.line


@pytest.mark.parametrize("name", ["PYSEC-2026-1", "CVE-2026-1"])
def test_a_hole_that_is_accepted_with_a_reason_passes_by_any_of_its_names(name: str) -> None:
    assert not judge(report(package("two", HOLE)), {name: "we never call it"}).fails
    assert judge(report(package("two", HOLE)), {"CVE-2026-2": "another"}).fails


@pytest.mark.parametrize("answer", ["", "a traceback", "[]", "{}", report(UNKNOWN), report()])
def test_advisories_that_cannot_be_reached_are_said_not_checked_and_fail_nothing(
    answer: str,
) -> None:
    verdict = judge(answer)
    assert verdict.line.startswith("Dependencies not checked")
    assert not verdict.fails
