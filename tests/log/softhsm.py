"""A PKCS#11 token in software for tests: SoftHSM, one per process, as its module is loaded once."""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

MODULES = (
    Path("/usr/lib/softhsm/libsofthsm2.so"),
    Path("/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so"),
)
PROGRAM = "softhsm2-util"
MAKE_SECONDS = 30


class Token(NamedTuple):
    """A token: its address, the file of its PIN, its module and name."""

    url: str
    pin: Path
    module: Path
    name: str


def module() -> Path:
    """Return the module of SoftHSM; the test is skipped where it is not installed."""
    found = next((path for path in MODULES if path.is_file()), None)
    if found is None or shutil.which(PROGRAM) is None:
        pytest.skip("no SoftHSM here; on Debian it is the package softhsm2")
    return found


def token(name: str = "keten") -> Token:
    """Return a token, `keten` or `ander`; the module sees none that is made after it loaded."""
    return _tokens(module())[name]


@cache
def _tokens(found: Path) -> dict[str, Token]:
    folder = Path(tempfile.mkdtemp(prefix="softhsm-"))
    settings, tokens = folder / "softhsm2.conf", folder / "tokens"
    tokens.mkdir()
    settings.write_text(f"directories.tokendir = {tokens}\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(settings)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return {name: _made(folder, found, name) for name in ("keten", "ander")}


def _made(folder: Path, found: Path, name: str) -> Token:
    pin = secrets.token_hex(4)
    subprocess.run(
        [PROGRAM, "--init-token", "--free", "--label", name, "--pin", pin, "--so-pin", pin],
        check=True, capture_output=True, timeout=MAKE_SECONDS,
    )  # fmt: skip
    kept = folder / f"{name}.pin"
    kept.write_text(f"{pin}\n")
    return Token(f"pkcs11:token={name}?module-path={found}", kept, found, name)
