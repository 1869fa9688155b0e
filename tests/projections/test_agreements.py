"""Agreements as readers find them: versions, signatures, terms, and whether they are kept."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from ledger.domain.events.actions import ActionAssigned
from ledger.domain.events.agreements import (
    AgreementSigned,
    BreachExcused,
    ImplementationConfirmed,
    NonComplianceSignalled,
    ServiceLevelMeasured,
)
from ledger.domain.events.mandates import MandateGranted
from ledger.domain.events.memory import RecordCorrected
from ledger.domain.values import NotFound
from projections.agreements import agreement, agreements
from projections.differences import text_differences
from projections.due import due
from projections.views import Doc
from tests.domain.given import Life
from tests.domain.given_agreements import (
    CONVENANT,
    DELIVERY,
    ENDED,
    NEW_VERSION,
    SERVICE_LEVEL,
    a_proposal,
    in_force,
    signature,
)
from tests.projections.shown import Shown, shown

LATE = ServiceLevelMeasured(
    agreement="sla", organisation="bd", indicator="op-tijd", period="2024-01", measured=989
)
IN_TIME = replace(LATE, organisation="", period="2024-02", measured=990)
EXCUSED = BreachExcused(
    agreement="sla", organisation="uwv", indicator="op-tijd", reason="storm in het net"
)


def service_level() -> Life:
    """The convenant and a service level agreement under it, both in force."""
    signed = [signature(name, agreement="sla") for name in ("bd", "uwv")]
    return in_force().given(SERVICE_LEVEL, *signed)


def version(found: Doc, number: int) -> Doc:
    return next(one for one in found["versions"] if one["version"] == number)


def test_a_proposal_tells_who_signed_and_who_did_not(database: str) -> None:
    with shown(database, a_proposal().done(signature("bd"), by="p-bd")) as told:
        found = told.item(agreement, "cv")
        assert (found["status"], found["valid"]) == ("proposed", False)
        assert found["waitsFor"] == ["uwv", "cbs"]
        [signed] = version(found, 1)["signatures"]
        assert (signed["by"], signed["organisationName"]) == ("p-bd", "BD")
        assert signed["capacities"][0]["text"] == "vertegenwoordiger van BD"
        [row] = told.page(agreements).items
        assert (row["kind"], row["waitsFor"]) == ("convenant", ["uwv", "cbs"])
        assert told.ids(agreements, "agreement", asof={"valid_on": "2024-01-01"}) == []


def test_a_signature_under_a_mandate_names_the_mandate(database: str) -> None:
    given = MandateGranted(
        mandate="teken",
        grantor_kind="organisation",
        grantor="cbs",
        holder_kind="person",
        holder="tekenaar",
        valid_from="2024-01-01",
    )
    life = a_proposal().done(given, by="p-cbs").done(signature("cbs"), by="tekenaar")
    with shown(database, life) as told:
        [signed] = version(told.item(agreement, "cv"), 1)["signatures"]
        assert (signed["by"], signed["mandate"]) == ("tekenaar", "teken")
        assert signed["capacities"][0]["grantor"] == "cbs"


def test_in_force_from_the_first_to_the_last_day(database: str) -> None:
    with shown(database, in_force()) as told:
        found = told.item(agreement, "cv")
        assert (found["status"], found["inForceVersion"]) == ("in-force", 1)
        assert (found["validFrom"], found["validUntil"]) == ("2024-01-01", "2025-01-01")
        assert list(found["parties"]) == ["uwv", "bd", "cbs"]
        for day, holds in (
            ("2023-12-31", []),
            ("2024-01-01", ["cv"]),
            ("2024-12-31", ["cv"]),
            ("2025-01-01", []),
        ):
            assert told.ids(agreements, "agreement", asof={"valid_on": day}) == holds, day


def test_a_term_that_is_over_has_expired_though_no_record_says_so(database: str) -> None:
    with shown(database, in_force()) as told:
        asof = {"now": "2025-01-01"}
        found = told.item(agreement, "cv", **asof)
        assert (found["status"], found["valid"]) == ("expired", False)
        assert found["ended"]["how"] == "expired"
        assert told.ids(agreements, "agreement", status="expired", asof=asof) == ["cv"]
        assert told.ids(agreements, "agreement", status="in-force", asof=asof) == []
        assert told.ids(agreements, "agreement", status="in-force") == ["cv"]


def test_an_expiry_on_record_gives_the_same_answer(database: str) -> None:
    with shown(database, in_force().time_passes(400)) as told:
        found = told.item(agreement, "cv")
        assert [one["status"] for one in found["statuses"]] == ["proposed", "in-force", "expired"]
        assert found["ended"]["position"] == told.life.state.size - 1


def test_signed_late_it_holds_from_its_first_day(database: str) -> None:
    life = a_proposal().given(signature("bd"), signature("cbs"), signature("uwv"), on="2024-02-10")
    with shown(database, life) as told:
        before = told.item(agreement, "cv", valid_on="2024-01-15")
        assert (before["status"], before["valid"]) == ("in-force", True)
        assert told.ids(agreements, "agreement", asof={"valid_on": "2024-01-15"}) == ["cv"]
        unsigned = told.position(AgreementSigned) - 1
        asof = {"valid_on": "2024-01-15", "known_at": unsigned}
        assert told.ids(agreements, "agreement", asof=asof) == []


def test_a_new_version_leaves_the_old_one_in_force_until_its_day(database: str) -> None:
    signed = [signature(name, version=2) for name in ("bd", "uwv", "cbs")]
    amended = in_force().given(NEW_VERSION)
    with shown(database, amended.given(*signed)) as told:
        for day, number in (("2024-05-31", 1), ("2024-06-01", 2), ("2025-12-31", 2)):
            assert told.item(agreement, "cv", valid_on=day)["inForceVersion"] == number, day
        lying = told.item(agreement, "cv", known_at=amended.state.size - 1)
        assert (lying["inForceVersion"], lying["waitsFor"]) == (1, ["bd", "uwv", "cbs"])
        assert version(lying, 2)["reason"] == "de wet is gewijzigd"


def test_the_difference_between_two_versions_is_told(database: str) -> None:
    first = replace(CONVENANT, agreement="c2", text="Wij leveren op tijd. Wij overleggen.")
    second = replace(
        NEW_VERSION, agreement="c2", text="Wij leveren op tijd. Wij meten.", parties=("bd", "uwv")
    )
    with shown(database, a_proposal().given(first, second)) as told:
        found = told.item(agreement, "c2")
        changes = version(found, 2)["changes"]
        assert changes["since"] == 1
        assert changes["text"] == [
            {"is": "same", "text": "Wij leveren op tijd. "},
            {"is": "gone", "text": "Wij overleggen."},
            {"is": "new", "text": "Wij meten."},
        ]
        assert [one["field"] for one in changes["fields"]] == ["parties", "validFrom", "validUntil"]
        assert list(changes["fields"][0]["was"]) == ["uwv", "bd", "cbs"]
        assert version(found, 1)["replaced"]["position"] == told.life.state.size - 1
        assert "changes" not in version(found, 1)


@pytest.mark.parametrize(
    ("before", "after"), [("", "Eén. Twee."), ("a\nb; c", "a\nc"), ("Zelfde.", "Zelfde."), ("", "")]
)
def test_differences_hold_both_texts_whole(before: str, after: str) -> None:
    pieces = text_differences(before, after)
    assert "".join(one["text"] for one in pieces if one["is"] != "new") == before
    assert "".join(one["text"] for one in pieces if one["is"] != "gone") == after
    assert all(one["is"] == "same" for one in pieces) == (before == after)


def test_a_party_ends_it_as_of_a_day(database: str) -> None:
    with shown(database, in_force().done(ENDED, by="p-bd", on="2024-02-01")) as told:
        until_then = told.item(agreement, "cv", valid_on="2024-02-29")
        assert (until_then["status"], until_then["valid"]) == ("in-force", True)
        found = told.item(agreement, "cv", valid_on="2024-03-01")
        assert (found["status"], found["valid"]) == ("terminated", False)
        assert (found["ended"]["how"], found["ended"]["reason"]) == ("terminated", "overbodig")
        assert found["ended"]["organisationName"] == "BD"
    passed = in_force().done(ENDED, by="p-bd", on="2024-02-01").time_passes(60).life
    assert passed.state.agreements.all["cv"].status == "terminated"


def test_what_was_never_in_force_ends_at_once(database: str) -> None:
    with shown(database, a_proposal().done(ENDED, by="p-bd", on="2024-02-01")) as told:
        assert told.item(agreement, "cv", valid_on="2024-02-01")["status"] == "terminated"
        assert told.item(agreement, "cv", valid_on="2024-01-31")["status"] == "proposed"


def test_what_ended_before_its_first_day_never_comes_to_life(database: str) -> None:
    ahead = replace(CONVENANT, agreement="c2", valid_from="2024-06-01", valid_until="")
    signed = [signature(name, agreement="c2") for name in ("bd", "uwv", "cbs")]
    life = a_proposal().given(ahead, *signed)
    with shown(database, life.done(replace(ENDED, agreement="c2"), by="p-bd")) as told:
        for day, status in (
            ("2024-02-29", "proposed"),
            ("2024-03-01", "terminated"),
            ("2024-07-01", "terminated"),
        ):
            found = told.item(agreement, "c2", valid_on=day)
            assert (found["status"], found["valid"]) == (status, False), day
            assert told.ids(agreements, "agreement", asof={"valid_on": day}) == [], day


def test_between_two_versions_nothing_holds(database: str) -> None:
    later = replace(NEW_VERSION, valid_from="2025-03-01")
    signed = [signature(name, version=2) for name in ("bd", "uwv", "cbs")]
    with shown(database, in_force().given(later, *signed)) as told:
        for day, holds in (("2024-12-31", True), ("2025-02-01", False), ("2025-03-01", True)):
            asof = {"valid_on": day}
            assert told.item(agreement, "cv", **asof)["valid"] == holds, day
            assert bool(told.ids(agreements, "agreement", asof=asof)) == holds, day


def measured() -> Life:
    return (
        service_level()
        .done(LATE, by="p-bd", on="2024-02-01")
        .done(EXCUSED, by="p-uwv", on="2024-02-05")
        .done(IN_TIME, by="bureau", on="2024-03-01")
    )


def test_a_breach_stays_visible_with_its_excuse_and_its_restoration(database: str) -> None:
    with shown(database, measured()) as told:
        found = told.item(agreement, "sla")
        [indicator] = found["indicators"]
        assert (indicator["target"], indicator["state"]) == (990, "kept")
        assert [(one["period"], one["met"]) for one in indicator["measurements"]] == [
            ("2024-01", False),
            ("2024-02", True),
        ]
        [breach] = indicator["breaches"]
        assert breach["excused"]["reason"] == "storm in het net"
        assert breach["restored"]["measured"] == 990
        assert found["openBreaches"] == []
        assert "breached" not in told.page(agreements, kind="service-level").items[0]


def test_on_the_day_of_the_breach_nothing_of_later_is_told(database: str) -> None:
    with shown(database, measured()) as told:
        found = told.item(agreement, "sla", valid_on="2024-02-01")
        [indicator] = found["indicators"]
        assert (indicator["state"], len(indicator["measurements"])) == ("breached", 1)
        assert not {"excused", "restored"} & set(found["openBreaches"][0])
        known_at = told.position(BreachExcused) - 1
        earlier = told.item(agreement, "sla", known_at=known_at)
        assert earlier["openBreaches"][0]["period"] == "2024-01"
        [row] = told.page(agreements, kind="service-level", asof={"known_at": known_at}).items
        assert row["breached"] == ["op-tijd"]


def test_of_every_party_it_is_told_how_it_keeps_the_agreement(database: str) -> None:
    life = service_level().given(
        ImplementationConfirmed(agreement="sla", organisation="uwv", note="per 1 januari"),
        NonComplianceSignalled(agreement="sla", organisation="bd", finding="levert te laat"),
    )
    with shown(database, life) as told:
        bd, uwv = told.item(agreement, "sla")["implementation"]
        assert (uwv["organisationName"], uwv["signed"], uwv["confirmed"]) == ("UWV", True, True)
        assert (uwv["confirmations"][0]["note"], uwv["confirmations"][0]["version"]) == (
            "per 1 januari", 1,
        )  # fmt: skip
        assert (bd["confirmed"], bd["nonCompliance"][0]["finding"]) == (False, "levert te laat")
        assert uwv["nonCompliance"] == []


def test_the_convenant_and_what_stands_under_it_name_each_other(database: str) -> None:
    open_matters = replace(CONVENANT, agreement="c2", open_matters=("de vergoeding",))
    action = ActionAssigned(
        title="Meet", organisation="bd", role="productie", due_on="2024-03-01", agreement="sla"
    )
    with shown(database, service_level().given(open_matters, action)) as told:
        assert list(told.item(agreement, "c2")["openMatters"]) == ["de vergoeding"]
        found = told.item(agreement, "sla")
        assert (found["parent"], found["parentTitle"]) == ("cv", "Convenant van de keten")
        assert [one["title"] for one in found["actions"]] == ["Meet"]
        framed = told.item(agreement, "cv")["framed"]
        assert framed == [{"agreement": "sla", "title": "Levering loongegevens"}]


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        ({"kind": "convenant"}, ["cv"]),
        ({"party": "cbs"}, ["lc", "cv"]),
        ({"parent": "cv"}, ["sla"]),
        ({"subject": "tasks"}, ["cv"]),
        ({"status": "proposed"}, ["lc"]),
        ({"status": "in-force"}, ["sla", "cv"]),
        ({"status": "terminated"}, []),
        ({"text": "loongegeven"}, ["sla"]),
    ],
)
def test_a_list_is_narrowed_by_kind_party_frame_status_and_words(
    database: str, chosen: dict[str, str], found: list[str]
) -> None:
    with shown(database, service_level().given(DELIVERY)) as told:
        assert told.ids(agreements, "agreement", **chosen) == found


def waits(told: Shown, what: str) -> list[tuple[str, str, str]]:
    found = told.page(due, what=what).items
    return [(one["id"], one.get("owner", ""), one.get("dueAt", "")[:10]) for one in found]


def test_what_is_not_signed_and_what_will_expire_is_due(database: str) -> None:
    with shown(database, in_force().given(NEW_VERSION, signature("bd", version=2))) as told:
        assert waits(told, "signature") == [("cv", "uwv cbs", "2025-01-01")]
        assert waits(told, "expiry") == []


def test_a_correction_shows_both_readings_and_changes_nothing(database: str) -> None:
    life = in_force()
    target = next(one.header.position for one in life.entries if one.event == CONVENANT)
    fixed = RecordCorrected(
        target=target, field="/title", was="Convenant", becomes="Convenant 2024", reason="tikfout"
    )
    with shown(database, life.done(fixed, by="bureau")) as told:
        found = told.item(agreement, "cv")
        assert found["title"] == "Convenant van de keten"
        [correction] = found["corrections"]
        assert (correction["was"], correction["becomes"]) == ("Convenant", "Convenant 2024")


def test_who_may_not_see_an_agreement_does_not_find_it(database: str) -> None:
    secret = replace(CONVENANT, agreement="geheim")
    life = in_force().record(secret, by="manager", scope="confidential")
    with shown(database, life) as told:
        chain = frozenset({"public", "chain"})
        assert told.ids(agreements, "agreement") == ["geheim", "cv"]
        assert told.ids(agreements, "agreement", asof={"reader": chain}) == ["cv"]
        with pytest.raises(NotFound):
            told.item(agreement, "geheim", reader=chain)
