"""Keys in a key service elsewhere, in the way of the transit engine of OpenBao and Vault.

    POST {url}/encrypt/{key}   plaintext, associated_data -> ciphertext "vault:v1:…"
    POST {url}/decrypt/{key}   ciphertext, associated_data -> plaintext
    GET  {url}/keys/{key}      latest_version;  POST {url}/keys/{key}/rotate, /config, /trim

`url` is that of the engine, such as https://bao.example/v1/transit. A partner's key is named
`CHAIN-ORGANISATION`, made by whoever runs the service, as aes256-gcm96; that of the installation is
`ketenledger`. The service never gives a key away: data keys come and go, wrapped. Every question
has an end, and is asked a few times at most.
"""

from __future__ import annotations

import time
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any, Final

import msgspec

from ledger.key_provider import KeyRefused, KeysUnavailable, Owner, Wrapped
from ledger.log.asking import NoAnswer, Patience, ask

PATIENCE: Final = Patience(2.0, 4.0)
TRIES: Final = 3
PAUSE_SECONDS: Final = 0.2
MAX_ANSWER_BYTES: Final = 65_536
JSON: Final = "application/json"
OWN: Final = "ketenledger"
PREFIX: Final = "vault:v"
MAX_TOKEN_CHARACTERS: Final = 4096


class TransitKeys:
    """Keys of a transit engine, asked with the token in a file, which may change."""

    def __init__(self, url: str, token_file: Path) -> None:
        self._url = url.rstrip("/")
        self._token_file = token_file

    def wrap(self, owner: Owner, key: bytes, bound: bytes) -> Wrapped:
        given = {"plaintext": _text(key), "associated_data": _text(bound)}
        ciphertext = str(self._posted(f"encrypt/{_named(owner)}", given).get("ciphertext", ""))
        version, found, _ = ciphertext.removeprefix(PREFIX).partition(":")
        if not (ciphertext.startswith(PREFIX) and version.isdigit() and found):
            raise KeyRefused("De sleuteldienst gaf geen versleutelde sleutel terug.")
        return Wrapped(version, ciphertext.encode())

    def unwrap(self, owner: Owner, wrapped: Wrapped, bound: bytes) -> bytes:
        given = {"ciphertext": wrapped.data.decode("ascii"), "associated_data": _text(bound)}
        try:
            answer = self._posted(f"decrypt/{_named(owner)}", given)
            return b64decode(str(answer["plaintext"]), validate=True)
        except (KeyError, ValueError) as error:
            raise KeyRefused("De sleuteldienst gaf geen sleutel terug.") from error

    def newest(self, owner: Owner) -> str:
        return str(self._asked(f"keys/{_named(owner)}", None).get("latest_version", ""))

    def rotate(self, owner: Owner) -> str:
        self._posted(f"keys/{_named(owner)}/rotate", {})
        return self.newest(owner)

    def destroy(self, owner: Owner, version: str) -> None:
        name, oldest = _named(owner), int(version)
        limits = {"min_decryption_version": oldest, "min_encryption_version": oldest}
        self._posted(f"keys/{name}/config", limits)
        self._posted(f"keys/{name}/trim", {"min_available_version": oldest})

    def _posted(self, path: str, given: dict[str, Any]) -> dict[str, Any]:
        return self._asked(path, msgspec.json.encode(given))

    def _asked(self, path: str, body: bytes | None) -> dict[str, Any]:
        """Ask, again where no answer came; what is refused is not asked again."""
        headers = {"X-Vault-Token": self._token()}
        said = ""
        for number in range(TRIES):
            time.sleep(number * PAUSE_SECONDS)
            try:
                answer = ask(
                    f"{self._url}/{path}", body, PATIENCE,
                    limit_bytes=MAX_ANSWER_BYTES, media_type=JSON, headers=headers,
                )  # fmt: skip
            except NoAnswer as error:
                said = str(error)
                continue
            if answer.status in (200, 204):
                return _data(answer.body)
            if answer.status < 500:
                raise KeyRefused(f"De sleuteldienst weigert {path} (status {answer.status}).")
            said = f"status {answer.status}"
        raise KeysUnavailable(f"De sleuteldienst is nu niet bereikbaar: {said}.")

    def _token(self) -> str:
        try:
            token = self._token_file.read_text("ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise KeyRefused(f"Het toegangsbewijs in {self._token_file} is onleesbaar.") from error
        if not (0 < len(token) <= MAX_TOKEN_CHARACTERS and token.isprintable()):
            raise KeyRefused(f"In {self._token_file} staat geen toegangsbewijs.")
        return token


def _named(owner: Owner) -> str:
    return f"{owner.chain}-{owner.organisation}" if owner.organisation else OWN


def _text(data: bytes) -> str:
    return b64encode(data).decode("ascii")


def _data(body: bytes) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(body or b"{}")
    except msgspec.DecodeError as error:
        raise KeyRefused("De sleuteldienst gaf een onleesbaar antwoord.") from error
    data = found.get("data") if isinstance(found, dict) else None
    return data if isinstance(data, dict) else {}
