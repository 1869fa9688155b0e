"""The check of a log in the reader's own browser: a true log holds, a tampered one is caught."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
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
    page.wait_for_selector(".results .outcome")
    return str(page.inner_text(".results"))


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
    page.wait_for_selector(".results .outcome")
    assert "Klopt: gebeurtenis 7 heeft" in page.inner_text(".results")


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
    kept = forged(demonstration, head, size=100, root=bytes(32))
    page.evaluate(
        "([log, kept]) => localStorage.setItem(log, kept)",
        [LOG, json.dumps({"note": kept, "at": 0})],
    )
    found = checked(page)
    assert "dit log is niet het vervolg van het controlepunt" in found
    assert kept.splitlines()[2] in found
    assert json.loads(page.evaluate(f"localStorage.getItem('{LOG}')"))["note"] == kept


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
    assert "Niet na te gaan: de server gaf" in checked(page, larger)
    unsigned = true.replace(base64.b64encode(tree_root(leaves)).decode(), "A" * 43 + "=")
    assert "geplakte controlepunt is niet getekend" in checked(page, unsigned)
    elsewhere = true.replace("\n257\n", "\n257\n", 1).replace(head.origin, "elders.example", 1)
    assert "is van een ander log, elders.example" in checked(page, elsewhere)
    assert "geen controlepunt dat te lezen is" in checked(page, "zomaar wat")


def test_what_witnesses_signed_is_checked(pages: Any, demonstration: Doors) -> None:
    page = pages.open(PAGE)
    witness = Signer.made("getuige.example", ED25519_COSIGNATURE)
    policy = f"witness uwv {witness.verifier} http://x\ngroup witnesses 1 uwv\nquorum witnesses\n"
    page.route(f"**{LOG}/policy", altering(lambda own: own + policy.encode()))
    assert "0 getuigen tekenden mee (), maar 1 zijn er nodig" in checked(page)
    note = read_note(demonstration.get(f"{LOG}/checkpoint").content)
    seen = signed(note.text, [witness], at=1_700_000_000).signatures
    page.route(f"**{LOG}/checkpoint", altering(lambda _: note.with_signatures(seen).encode()))
    assert "Klopt: 1 getuigen tekenden mee (getuige.example)" in checked(page)
    other = signed(note.text + "x\n", [witness], at=1_700_000_000).signatures
    page.unroute(f"**{LOG}/checkpoint")
    page.route(f"**{LOG}/checkpoint", altering(lambda _: note.with_signatures(other).encode()))
    assert "de medeondertekening van getuige.example hoort niet bij" in checked(page)


def test_a_browser_that_cannot_reckon_says_so(pages: Any) -> None:
    page = pages.open(f"{BASE}/controle")
    page.add_init_script(NO_ED25519)
    page.reload()
    found = checked(page)
    assert "deze browser kent de handtekeningen (Ed25519) niet" in found
    assert "Klopt: de tegels van het log geven samen" in found
    assert found.startswith("Niets klopt niet, maar niet alles kon hier worden nagegaan.")
    page.add_init_script(NO_CRYPTO)
    page.reload()
    assert "Kan hier niet worden gecontroleerd" in checked(page)


def test_the_roots_and_proofs_are_those_of_the_log(
    pages: Any, demonstration: Doors, head: Head
) -> None:
    page = pages.open(PAGE)
    leaves = leaves_of(demonstration, head.size)
    sizes = [1, 2, 3, 4, 5, 7, 8, 255, 256, 257, 300, head.size]
    found = page.evaluate(
        "async ([size, sizes]) => {const root = tree(size), found = [];"
        "for (const one of sizes) found.push(hex(await root(one, [3, 256]))); return found;}",
        [head.size, sizes],
    )
    assert found == [tree_root(leaves[:size]).hex() for size in sizes]


def test_without_scripts_the_page_says_what_the_command_line_can_do(pages: Any) -> None:
    page = pages.open(f"{BASE}/controle", java_script_enabled=False)
    text = page.inner_text("main")
    assert "Zonder scripts kan een browser dit niet" in text
    assert re.search(r"ketenledger monitor http\S+/log/loonaangifteketen --state", text)
    assert not page.get_by_role("button", name="Controleer nu").is_visible()
