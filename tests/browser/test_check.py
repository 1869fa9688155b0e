"""The check of a log in the reader's own browser: a true log holds, a tampered one is caught."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from html import escape
from typing import Any

import pytest

from api.signing import log_keys
from ledger.log.checkpoint import Head, read_text
from ledger.log.merkle import tree_root
from ledger.log.note import read_note, signed
from ledger.log.note_keys import ED25519_COSIGNATURE, Signer
from tests.api.doors import Doors
from tests.api.signed import leaf_hash
from tests.browser.addresses import BASE
from tests.browser.conftest import CHAIN

pytestmark = pytest.mark.slow
PAGE = f"{BASE}/controle?positie=40"
LOG = f"/log/{CHAIN}"
NO_ED25519 = """
    crypto.subtle.importKey = async () => {
        throw new DOMException("Ed25519 is not known", "NotSupportedError");
    };
"""
NO_CRYPTO = "Object.defineProperty(Crypto.prototype, 'subtle', { value: undefined });"


@pytest.fixture
def head(demonstration: Doors) -> Head:
    """The head that the server shows."""
    return read_text(read_note(demonstration.get(f"{LOG}/checkpoint").content).text)


def forged(doors: Doors, head: Head, **changes: Any) -> str:
    """Return a checkpoint that the log's own key signed over another tree."""
    key = log_keys(doors.app.state.settings).key(CHAIN)
    other = head._replace(**changes)
    return str(signed(other.text(), key.signers))


def leaves_of(doors: Doors, size: int) -> list[bytes]:
    path = f"/v1/chains/{CHAIN}/records"
    return [leaf_hash(doors.get(f"{path}/{at}/raw").content) for at in range(size)]


def checked(page: Any, pasted: str = "") -> str:
    """Check by keyboard alone; return what was said."""
    if pasted:
        page.fill("#controlepunt", pasted)
    page.locator("#positie").press("Enter")
    return outcome(page)


def outcome(page: Any) -> str:
    """Return what is said when the check is over."""
    page.wait_for_selector(".check[aria-busy=false]")
    return str(page.inner_text(".check [role=status]"))


def altering(change: Callable[[bytes], bytes]) -> Callable[[Any], None]:
    """Return a way in between that changes what the server answers."""

    def between(route: Any) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=change(answer.body()))

    return between


def flipped(data: bytes) -> bytes:
    return bytes([data[0] ^ 1]) + data[1:]


def test_a_true_log_holds_and_is_remembered(pages: Any, demonstration: Doors, head: Head) -> None:
    page = pages.open(PAGE)
    said = checked(page)
    assert said.startswith("Alles wat hier is nagegaan, klopt.")
    assert f"Klopt: het controlepunt over {head.size} gebeurtenissen is getekend" in said
    record = demonstration.get(f"/v1/chains/{CHAIN}/records/40").json()
    assert f"gebeurtenis 40 heeft bladhash {record['leafHash']}" in said
    assert "Deze browser zag dit log niet eerder" in said
    again = checked(page, demonstration.get(f"{LOG}/checkpoint").text)
    assert "is het log alleen gegroeid" in again
    assert "een en dezelfde geschiedenis" in again
    assert page.locator(".wrong, .unknown").count() == 0
    page.goto(f"{BASE}/gebeurtenissen/7")
    page.get_by_role("button", name="Controleer nu").press("Enter")
    assert "Klopt: gebeurtenis 7 heeft" in outcome(page)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("**/tile/0/000", "gebeurtenis 40, zoals de server haar nu toont"),
        ("**/tile/0/001.p/**", "de tegels van het log geven een andere wortel"),
        ("**/tile/1/**", "de tegels van het log geven een andere wortel"),
        ("**/records/40/raw", "gebeurtenis 40, zoals de server haar nu toont"),
    ],
)
def test_a_changed_byte_is_noticed(pages: Any, path: str, said: str) -> None:
    page = pages.open(PAGE)
    page.route(path, altering(flipped))
    found = checked(page)
    assert found.startswith("Er klopt iets niet.")
    assert f"Klopt niet: {said}" in found
    assert page.evaluate("localStorage.length") == 0


def test_a_checkpoint_that_the_log_did_not_sign_is_noticed(pages: Any) -> None:
    page = pages.open(PAGE)
    page.route(f"**{LOG}/checkpoint", altering(lambda note: note[:-8] + b"AAAAAA=\n"))
    assert "is niet getekend met een sleutel van dit log" in checked(page)


def test_a_log_that_was_written_anew_does_not_continue_what_was_kept(
    pages: Any, demonstration: Doors, head: Head
) -> None:
    page = pages.open(PAGE)
    other = Signer.made(head.origin)
    for kept, said in (
        (forged(demonstration, head, size=100, root=bytes(32)), "dit log is niet het vervolg van"),
        (forged(demonstration, head, size=head.size + 1), "nu toont de server er minder"),
        (str(signed(head.text(), [other])), "niet getekend met een sleutel die dit log nu noemt"),
    ):
        page.evaluate("([log, kept]) => localStorage.setItem(log, kept)", [LOG, kept])
        found = checked(page)
        assert found.startswith("Er klopt iets niet.")
        assert said in found
        assert kept.splitlines()[2] in found
        assert page.evaluate(f"localStorage.getItem('{LOG}')") == kept


def test_a_checkpoint_from_a_partner_is_held_against_the_log(
    pages: Any, demonstration: Doors, head: Head
) -> None:
    page = pages.open(PAGE)
    leaves = leaves_of(demonstration, 257)
    true = forged(demonstration, head, size=257, root=tree_root(leaves))
    assert "een en dezelfde geschiedenis" in checked(page, true)
    other = forged(demonstration, head, size=257, root=bytes(32))
    assert "is van een andere geschiedenis dan dit log" in checked(page, other)
    larger = forged(demonstration, head, size=head.size + 300)
    assert "de server toont er nog niet zoveel" in checked(page, larger)
    unsigned = true.replace(base64.b64encode(tree_root(leaves)).decode(), "A" * 43 + "=")
    assert "is niet getekend met een sleutel van dit log" in checked(page, unsigned)
    elsewhere = true.replace("\n257\n", "\n257\n", 1).replace(head.origin, "elders.example", 1)
    assert "(elders.example) is niet getekend met een sleutel" in checked(page, elsewhere)
    assert "geen controlepunt dat te lezen is" in checked(page, "zomaar wat")


def wanting(witness: Signer, needed: int) -> Callable[[Any], None]:
    """Return a way in between after which the page asks for so many witnesses, and names this."""
    public = base64.urlsafe_b64encode(witness.verifier.public).decode().rstrip("=")
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": public}
    one = json.dumps({"key": str(witness.verifier), "name": witness.name, "own": False, "jwk": jwk})

    def change(page: bytes) -> bytes:
        page = page.replace(b'data-keys="[', f'data-keys="[{escape(one)},'.encode())
        return page.replace(b'data-needed="0"', f'data-needed="{needed}"'.encode())

    return altering(change)


def test_what_witnesses_signed_is_checked(pages: Any, demonstration: Doors) -> None:
    witness = Signer.made("getuige.example", ED25519_COSIGNATURE)
    page = pages.open(PAGE)
    page.route("**/controle*", wanting(witness, 1))
    page.reload()
    assert "van de 1 getuigen die mee moeten tekenen, deden 0 dat" in checked(page)
    note = read_note(demonstration.get(f"{LOG}/checkpoint").content)
    seen = signed(note.text, [witness], at=1_700_000_000).signatures
    page.route(f"**{LOG}/checkpoint", altering(lambda _: note.with_signatures(seen).encode()))
    assert "Klopt: getuige getuige.example tekende mee" in checked(page)
    other = signed(note.text + "x\n", [witness], at=1_700_000_000).signatures
    page.unroute(f"**{LOG}/checkpoint")
    page.route(f"**{LOG}/checkpoint", altering(lambda _: note.with_signatures(other).encode()))
    assert "deden 0 dat" in checked(page)


def test_a_witness_that_signs_twice_is_one_witness(pages: Any, demonstration: Doors) -> None:
    witness = Signer.made("getuige.example", ED25519_COSIGNATURE)
    page = pages.open(PAGE)
    page.route("**/controle*", wanting(witness, 2))
    page.reload()
    note = read_note(demonstration.get(f"{LOG}/checkpoint").content)
    twice = [
        line
        for at in (1_700_000_000, 1_700_000_001)
        for line in str(signed(note.text, [witness], at=at)).splitlines(keepends=True)[-1:]
    ]
    page.route(f"**{LOG}/checkpoint", altering(lambda own: own + "".join(twice).encode()))
    found = checked(page)
    assert "Klopt: getuige getuige.example tekende mee" in found
    assert "van de 2 getuigen die mee moeten tekenen, deden 1 dat" in found


def test_a_browser_that_cannot_reckon_says_so(pages: Any) -> None:
    page = pages.open(f"{BASE}/controle")
    page.add_init_script(NO_ED25519)
    page.reload()
    found = checked(page)
    assert "deze browser kent de handtekeningen (Ed25519) niet" in found
    assert "Klopt: de tegels van het log geven samen" in found
    assert found.startswith(
        "Er is niets gevonden dat niet klopt, maar niet alles kon hier worden nagegaan."
    )
    assert page.evaluate("localStorage.length") == 0
    page.add_init_script(NO_CRYPTO)
    page.reload()
    assert not page.get_by_role("button", name="Controleer nu").is_visible()
    assert "Dan kan deze browser het niet" in page.inner_text(".check")


def test_every_beginning_of_the_log_is_reckoned_as_it_is_and_no_other(
    pages: Any, demonstration: Doors, head: Head
) -> None:
    page = pages.open(PAGE)
    leaves = leaves_of(demonstration, head.size)
    sizes = [1, 2, 3, 4, 5, 7, 8, 255, 256, 257, 300, head.size]
    parts = [[0, size, tree_root(leaves[:size]).hex()] for size in sizes]
    parts += [[at, at + 1, leaves[at].hex()] for at in (0, 1, 254, 255, 256, head.size - 1)]
    found = page.evaluate(
        "async ([whole, parts]) => {"
        "const { holds } = await import('/static/check.js'), found = [];"
        "for (const [from, to, part] of parts) for (const said of [part, '00' + part.slice(2)])"
        "  found.push(await holds(whole, from, to, said));"
        "return found;}",
        [{"size": head.size, "root": head.root.hex()}, parts],
    )
    assert found == [True, False] * len(parts)


def test_without_scripts_the_page_says_what_the_command_line_can_do(pages: Any) -> None:
    page = pages.open(f"{BASE}/controle", java_script_enabled=False)
    text = page.inner_text("main")
    assert "Staat hier geen knop? Dan kan deze browser het niet" in text
    assert re.search(r"ketenledger monitor http\S+/log/loonaangifteketen --state", text)
    assert not page.get_by_role("button", name="Controleer nu").is_visible()
