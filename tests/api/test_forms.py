"""Forms of the chain office: made from the event types, tried out first, recorded once."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

import httpx
import pytest

from api.act_paths import PATHS
from api.pages.act_input import body, moment
from api.pages.act_labels import LABELS
from api.pages.act_shapes import Shape, shape
from api.pages.act_titles import TITLES
from ledger import catalogue
from tests.api.doors import Doors
from tests.api.test_session import sign_in, token_in

FORMS = [one for one in catalogue.NEWEST.values() if one.title in PATHS]
PROPOSAL = {
    "body": "stuurgroep",
    "subject": "peildatum",
    "title": "De peildatum wordt 1 mei",
    "chainInterest": "Eén peildatum voor alle partners.",
}


@pytest.fixture
def visitor(doors: Doors, chain: str) -> Iterator[httpx.Client]:
    """A browser in which p-bd has signed in."""
    with httpx.Client(base_url=doors.client.base_url, timeout=60) as client:
        sign_in(client, chain)
        yield client


def place(chain: str, name: str) -> str:
    return f"/ketens/{chain}/vastleggen/{name}"


def hidden(page: httpx.Response, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    assert found, page.text
    return html.unescape(found[1])


def plain(page: httpx.Response) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text)))


def send(
    visitor: httpx.Client, page: httpx.Response, filled: dict[str, str], **own: str
) -> httpx.Response:
    """Send the form on a page, with these values of its event and fields of its own."""
    fields = {f"v.{name}": value for name, value in filled.items()}
    given = {"formulier": token_in(page), "sleutel": hidden(page, "sleutel"), **fields, **own}
    return visitor.post(page.url.path, data=given)


def record(
    visitor: httpx.Client, chain: str, name: str, filled: dict[str, str], **own: str
) -> httpx.Response:
    page = visitor.get(place(chain, name))
    return send(visitor, page, filled, doe="vast", **own)


def proposed(visitor: httpx.Client, chain: str, decision: str = "B-1") -> None:
    answer = record(visitor, chain, "ProposalSubmitted", PROPOSAL | {"decision": decision})
    assert answer.status_code == 303, plain(answer)


def opened(visitor: httpx.Client, chain: str, decision: str = "B-1") -> None:
    proposed(visitor, chain, decision)
    answer = record(visitor, chain, "DeliberationOpened", {"decision": decision})
    assert answer.status_code == 303, plain(answer)


def parts_of(parts: tuple[Shape, ...]) -> Iterator[Shape]:
    for one in parts:
        yield one
        yield from parts_of(one.parts)


@pytest.mark.parametrize("wanted", FORMS, ids=lambda one: one.title)
def test_every_event_type_has_a_form_in_words(wanted: catalogue.Type) -> None:
    assert wanted.title in TITLES
    for one in parts_of(shape(wanted.kind)):
        assert one.name in LABELS, f"{one.owner}.{one.name}"


@pytest.mark.parametrize("wanted", FORMS, ids=lambda one: one.title)
def test_what_an_event_makes_is_named_anew_and_not_chosen(wanted: catalogue.Type) -> None:
    made = [one.name for one in shape(wanted.kind) if one.manner == "new"]
    assert len(made) == (1 if wanted.kind.CREATES else 0)


def test_a_word_is_kept_for_no_field_that_is_not_there() -> None:
    fields = [one for wanted in FORMS for one in parts_of(shape(wanted.kind))]
    known = {one.name for one in fields} | {f"{one.owner}.{one.name}" for one in fields}
    assert set(LABELS) <= known
    assert set(TITLES) <= {one.title for one in catalogue.NEWEST.values() if not one.by_rules}


def test_every_form_opens(doors: Doors, visitor: httpx.Client, chain: str) -> None:
    offered = visitor.get(f"/ketens/{chain}/vastleggen")
    assert offered.status_code == 200
    for name in PATHS.keys() - {"ChainEstablished"}:
        page = visitor.get(place(chain, name))
        assert page.status_code == 200, name
        assert TITLES[name] in html.unescape(page.text)


@pytest.mark.parametrize("name", ["DecisionAdopted", "ChainEstablished", "Onzin", "VoteCast.v1"])
def test_what_nobody_records_here_has_no_form(visitor: httpx.Client, chain: str, name: str) -> None:
    assert visitor.get(place(chain, name)).status_code == 404


def test_trying_out_says_what_would_follow_and_keeps_nothing(
    doors: Doors, visitor: httpx.Client, chain: str
) -> None:
    size = doors.size(chain)
    page = visitor.get(place(chain, "ProposalSubmitted"))
    tried = send(visitor, page, PROPOSAL, doe="bekijk")
    assert tried.status_code == 200
    assert "Er is nog niets vastgelegd" in plain(tried)
    assert "De peildatum wordt 1 mei" in plain(tried)
    assert "p-bd legt dit vast als: houder van zetel stuurgroep-bd" in plain(tried)
    assert doors.size(chain) == size


def test_trying_out_something_confidential_shows_ones_own_words(
    visitor: httpx.Client, chain: str
) -> None:
    page = visitor.get(place(chain, "DrivingProblemRecorded"))
    tried = send(visitor, page, {"text": "Onder ons gezegd."}, doe="bekijk", lezers="confidential")
    assert tried.status_code == 200
    assert "Er is nog niets vastgelegd" in plain(tried)
    assert plain(tried).count("Onder ons gezegd") == 2
    assert "sealed:" not in tried.text


def test_the_deciding_vote_tells_that_it_decides(
    doors: Doors, visitor: httpx.Client, chain: str
) -> None:
    opened(visitor, chain)
    url = f"/v1/chains/{chain}/decisions/B-1/votes"
    seat = {one: f"stuurgroep-{one}" for one in ("bd", "uwv")}
    voted = doors.post(url, {"seat": seat["uwv"], "choice": "for"}, actor="p-uwv")
    assert voted.status_code == 201, voted.text
    page = visitor.get(place(chain, "VoteCast"), params={"decision": "B-1"})
    assert f'<option value="{seat["bd"]}" selected>' in page.text
    vote = {"decision": "B-1", "seat": seat["bd"], "choice": "for"}
    assert "Hiermee is het besluit aangenomen." in plain(send(visitor, page, vote, doe="bekijk"))
    answer = send(visitor, page, vote, doe="vast")
    assert answer.status_code == 303
    decision = doors.until(f"/v1/chains/{chain}/decisions/B-1", 200, atLeast=doors.size(chain) - 1)
    assert decision.json()["status"] == "in-force"


def test_what_was_recorded_is_shown_where_the_form_leads(visitor: httpx.Client, chain: str) -> None:
    answer = record(visitor, chain, "ProposalSubmitted", PROPOSAL)
    led_to = visitor.get(answer.headers["Location"])
    assert led_to.status_code == 200
    assert "Vastgelegd:" in plain(led_to)


def test_a_form_sent_twice_is_recorded_once(
    doors: Doors, visitor: httpx.Client, chain: str
) -> None:
    page = visitor.get(place(chain, "ProposalSubmitted"))
    first = send(visitor, page, PROPOSAL, doe="vast")
    size = doors.size(chain)
    again = send(visitor, page, PROPOSAL, doe="vast")
    assert first.headers["Location"] == again.headers["Location"]
    assert doors.size(chain) == size
    assert record(visitor, chain, "ProposalSubmitted", PROPOSAL).status_code == 303
    assert doors.size(chain) > size


def test_a_refusal_gives_the_rule_and_keeps_what_was_filled_in(
    doors: Doors, visitor: httpx.Client, chain: str
) -> None:
    proposed(visitor, chain)
    size = doors.size(chain)
    refused = record(visitor, chain, "ProposalSubmitted", PROPOSAL | {"decision": "B-1"})
    assert refused.status_code == 409
    assert "Er is niets vastgelegd" in plain(refused)
    assert re.search(r"Regel D\d+", plain(refused))
    assert 'value="De peildatum wordt 1 mei"' in refused.text
    assert "autofocus" in refused.text
    assert doors.size(chain) == size


def test_what_is_missing_is_named_by_its_label(visitor: httpx.Client, chain: str) -> None:
    answer = record(visitor, chain, "ProposalSubmitted", {"title": "Zonder de rest"})
    assert answer.status_code == 400
    assert 'href="#v-chainInterest"' in answer.text
    assert "Afweging tegen het ketenbelang" in plain(answer)
    assert "Vul dit in." in plain(answer)


def test_a_list_grows_and_shrinks_without_losing_what_stands_there(
    visitor: httpx.Client, chain: str
) -> None:
    page = visitor.get(place(chain, "ProposalSubmitted"))
    one = send(visitor, page, PROPOSAL, meer="options")
    assert 'name="v.options.0.whyNot"' in one.text
    filled = PROPOSAL | {"options.0.text": "Niets doen", "options.0.whyNot": "Te duur"}
    two = send(visitor, one, filled, meer="options")
    assert 'name="v.options.1.whyNot"' in two.text
    assert "Niets doen" in two.text
    gone = send(visitor, two, filled | {"options.1.text": "Later"}, minder="options.0")
    assert "Niets doen" not in gone.text
    assert "Later" in gone.text
    assert "De peildatum wordt 1 mei" in gone.text


def test_a_proposal_carries_effects_that_have_a_form_of_their_own(
    visitor: httpx.Client, chain: str
) -> None:
    page = visitor.get(place(chain, "ProposalSubmitted"))
    own = {"meer": "effects", "soort.effects": "BodyEstablished.v1"}
    grown = send(visitor, page, PROPOSAL, **own)
    assert 'name="v.effects.0.level"' in grown.text
    effect = {"type": "BodyEstablished.v1", "body": "team", "name": "Ketenteam",
              "kind": "chain-team", "level": "tactical"}  # fmt: skip
    filled = PROPOSAL | {f"effects.0.{name}": value for name, value in effect.items()}
    tried = send(visitor, grown, filled, doe="bekijk")
    assert "volgt vanzelf: Het overleg Ketenteam (team) is ingesteld." in plain(tried)
    assert send(visitor, grown, filled, doe="vast").status_code == 303


def test_an_earlier_decision_on_the_subject_is_warned_of(
    doors: Doors, visitor: httpx.Client, chain: str
) -> None:
    opened(visitor, chain)
    url = f"/v1/chains/{chain}/decisions/B-1/votes"
    for one in ("bd", "uwv"):
        body = {"seat": f"stuurgroep-{one}", "choice": "for"}
        assert doors.post(url, body, actor=f"p-{one}").status_code == 201
    page = visitor.get(place(chain, "ProposalSubmitted"))
    tried = send(visitor, page, PROPOSAL, doe="bekijk")
    assert "Over dit onderwerp is eerder besloten" in plain(tried)
    cited = send(visitor, tried, PROPOSAL, noem="B-1")
    assert 'name="v.cites.0.relation"' in cited.text
    relation = {"cites.0.decision": "B-1", "cites.0.relation": "supersedes"}
    again = send(visitor, cited, PROPOSAL | relation, doe="bekijk")
    assert "Over dit onderwerp is eerder besloten" not in plain(again)


def test_without_a_session_nothing_is_lost_and_nothing_recorded(
    doors: Doors, visitor: httpx.Client, chain: str
) -> None:
    page = visitor.get(place(chain, "ProposalSubmitted"))
    visitor.cookies.clear()
    size = doors.size(chain)
    asked = send(visitor, page, PROPOSAL, doe="vast")
    assert asked.status_code == 401
    assert 'name="v.title" value="De peildatum wordt 1 mei"' in asked.text
    carried = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', asked.text))
    carried = {name: html.unescape(value) for name, value in carried.items()}
    carried.pop("terug")
    signed_in = visitor.post(
        "/aanmelden", data=carried | {"persoon": "p-bd", "formulier": token_in(asked)}
    )
    assert signed_in.status_code == 307
    back = visitor.post(signed_in.headers["Location"], data=carried)
    assert "wat u had ingevuld staat er nog" in plain(back)
    assert doors.size(chain) == size
    assert send(visitor, back, PROPOSAL, doe="vast").status_code == 303


def test_a_form_of_another_session_records_nothing(
    doors: Doors, visitor: httpx.Client, chain: str
) -> None:
    page = visitor.get(place(chain, "ProposalSubmitted"))
    size = doors.size(chain)
    answer = send(visitor, page, PROPOSAL, doe="vast", formulier="geraden")
    assert answer.status_code == 200
    assert "Er is nog niets vastgelegd" in plain(answer)
    assert doors.size(chain) == size


def test_who_may_not_record_it_is_told_so(doors: Doors, visitor: httpx.Client, chain: str) -> None:
    doors.post(f"/v1/chains/{chain}/people", {"person": "p-nieuw", "function": "stagiair"})
    with httpx.Client(base_url=visitor.base_url, timeout=60) as other:
        sign_in(other, chain, "p-nieuw")
        answer = record(other, chain, "ProposalSubmitted", PROPOSAL)
    assert answer.status_code == 403
    assert "Regel G5" in plain(answer)


def test_personal_values_are_sealed_on_their_way_in(
    doors: Doors, visitor: httpx.Client, chain: str
) -> None:
    answer = record(
        visitor, chain, "PersonRegistered", {"function": "secretaris", "name": "J. Jansen"}
    )
    assert answer.status_code == 303, plain(answer)
    position = int(re.search(r"vastgelegd=(\d+)", answer.headers["Location"])[1])
    raw = doors.until(f"/v1/chains/{chain}/records/{position}/raw", 200, atLeast=position)
    assert b"Jansen" not in raw.content
    assert b"secretaris" in raw.content


def test_somebody_elses_act_is_entered_on_their_behalf(
    doors: Doors, visitor: httpx.Client, chain: str
) -> None:
    answer = record(
        visitor, chain, "BottleneckSignalled", {"subject": "Dubbele uitvraag"}, namens="p-uwv"
    )
    assert answer.status_code == 403
    assert "Regel G12" in plain(answer)


@pytest.mark.parametrize(
    ("given", "cents"),
    [("1250", 125000), ("1250,5", 125050), ("1.250,50", 125050), ("0,01", 1)],
)
def test_money_is_read_as_people_write_it(given: str, cents: int) -> None:
    wanted = catalogue.find("ProposalSubmitted")
    found, faults = body(wanted, PROPOSAL | {"amountCents": given})
    assert (found["amountCents"], faults) == (cents, [])


@pytest.mark.parametrize("given", ["12.50", "-1", "tien", "1,234", "1 000"])
def test_what_is_no_money_is_told(given: str) -> None:
    wanted = catalogue.find("ProposalSubmitted")
    _, faults = body(wanted, PROPOSAL | {"amountCents": given})
    assert [one.path for one in faults] == ["amountCents"]


def test_a_group_that_was_left_empty_is_left_out() -> None:
    wanted = catalogue.find("DecisionRuleAdopted")
    found, _ = body(wanted, {"rule.kind": "consent", "rule.votingDays": "14"})
    assert "threshold" not in found["rule"]
    assert "quorum" not in found["rule"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2026-11-21T20:00", "2026-11-21T20:00:00.000000Z"),
        ("2026-11-21T20:00:05", "2026-11-21T20:00:05.000000Z"),
        ("gisteren", None),
    ],
)
def test_a_moment_is_read_as_browsers_write_it(given: str, expected: str | None) -> None:
    assert moment(given) == expected


def test_the_organisation_of_whoever_speaks_for_one_is_filled_in(
    visitor: httpx.Client, chain: str
) -> None:
    page = visitor.get(place(chain, "ReviewAccessProposed"))
    assert '<option value="bd" selected>' in page.text
    assert "U legt dit vast als: vertegenwoordiger van BD." in plain(page)
    # Left empty it means something else there: an account of the whole chain.
    assert (
        '<option value="bd" selected>' not in visitor.get(place(chain, "ServiceAccountOpened")).text
    )
