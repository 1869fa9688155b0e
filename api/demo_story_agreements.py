"""Chapter four of the demonstration: power used and judged, promises signed (2008)."""

from __future__ import annotations

from api.demo_story_buildup import BOARD, MANAGERS
from api.demo_story_script import FOR, OWNERS, Script, document
from ledger.domain.events.actions import ActionCompleted
from ledger.domain.events.agreements import (
    AgreementProposed,
    AgreementSigned,
    ImplementationConfirmed,
    Indicator,
)
from ledger.domain.events.decisions import (
    AdviceAnswered,
    AdviceIssued,
    ProposalSubmitted,
)
from ledger.domain.events.mandates import (
    MandateAccepted,
    MandateGranted,
    MandateScope,
    OverrideAuthorityExercised,
    OverrideReviewed,
)
from ledger.domain.events.meetings import (
    AgendaItem,
    MeetingConvened,
    MeetingHeld,
    MinutesAdopted,
)
from ledger.domain.events.outcomes import (
    Citation,
    DecisionExecuted,
    DecisionTakenUnderMandate,
)


def power(s: Script) -> None:
    """In an emergency the chain manager overrules a partner. All seats hear it at once.

    The rules put the review on the next agenda of the board, and there it is judged.
    """
    _used(s)
    s.on("2008-01-28").act("bestuurder-cbs", _judgement())
    s.act("ketenmanager", _board_meeting())
    # The office is a week late in entering what the meeting decided.
    s.on("2008-02-11").entered("2008-02-18")
    s.attend("V-2008-01", *OWNERS, "ketenmanager", by="ketenbureau")
    s.open("B-2008-01", by="bestuurder-uwv", meeting="V-2008-01")
    s.vote("B-2008-01", recorded_by="ketenbureau", uwv=FOR, cbs=FOR, belastingdienst=FOR)
    s.act(
        "bestuurder-uwv",
        MeetingHeld(
            meeting="V-2008-01",
            summary="Het bestuur beoordeelt het gebruik van 21 januari 2007 als terecht.",
            decisions=("B-2008-01",),
        ),
        MinutesAdopted(meeting="V-2008-01", minutes=document("Verslag V-2008-01 (voorbeeld)")),
    )


def _used(s: Script) -> None:
    s.on("2008-01-21").act(
        "ketenmanager",
        OverrideAuthorityExercised(
            exercise="DG-2008-01",
            authority="DM-2007-01",
            towards="belastingdienst",
            instruction="Lever de jaarcijfers over 2007 vannacht door, buiten de releasekalender.",
            emergency_reason=(
                "Zonder deze gegevens worden in februari uitkeringen op oude lonen berekend."
            ),
        ),
    )


def _judgement() -> ProposalSubmitted:
    return ProposalSubmitted(
        decision="B-2008-01",
        body=BOARD,
        subject="doorzettingsmacht",
        title="Oordeel over het gebruik van doorzettingsmacht in januari 2008",
        chain_interest="Doorzettingsmacht blijft alleen gedragen als elk gebruik telt.",
        cites=(Citation(decision="B-2007-03", relation="rests-on"),),
        effects=(
            OverrideReviewed(
                exercise="DG-2008-01",
                outcome="Terecht: het gevaar was concreet en er was geen andere weg op tijd.",
                justified=True,
            ),
        ),
    )


def _board_meeting() -> MeetingConvened:
    return MeetingConvened(
        meeting="V-2008-01",
        body=BOARD,
        starts_at="2008-02-11T07:30:00.000000Z",
        place="Den Haag",
        agenda=(AgendaItem(subject="Oordeel doorzettingsmacht", decision="B-2008-01"),),
        documents=(document("Verantwoording gebruik DG-2008-01 (voorbeeld)"),),
    )


def convenant(s: Script) -> None:
    """The convenant: advised on, adopted by all, slept on for two weeks, then signed one by one.

    It takes force with the last signature; what nobody can settle yet stays open in so many words.
    """
    s.on("2008-03-03").act("ketenmanager", _convenant())
    s.on("2008-03-05").act(
        "lijnmanager-cbs",
        AdviceIssued(
            decision="B-2008-02",
            weight="weighty",
            text="Laat de normen buiten het convenant; zij veranderen elk jaar.",
        ),
    )
    advice = s.position(AdviceIssued, decision="B-2008-02")
    s.on("2008-03-10").act(
        "ketenmanager",
        AdviceAnswered(
            decision="B-2008-02",
            advice=advice,
            accepted=True,
            reason="Overgenomen: normen komen in afspraken onder het convenant.",
        ),
    )
    s.on("2008-03-17").open("B-2008-02", by="ketenmanager")
    s.vote("B-2008-02", uwv=FOR, belastingdienst=FOR, cbs=FOR)
    s.on("2008-04-07")
    for name in OWNERS:
        signed = AgreementSigned(agreement="CV-2008", organisation=name, version=1)
        s.act(f"bestuurder-{name}", signed)
    s.on("2008-06-16").act(
        "lijnmanager-uwv",
        ActionCompleted(action="A-2007-02", evidence="De achterstand staat op nul (voorbeeld)."),
    )


def _convenant() -> ProposalSubmitted:
    return ProposalSubmitted(
        decision="B-2008-02",
        body=BOARD,
        subject="convenant",
        title="Convenant van de loonaangifteketen",
        problem="Afspraken zijn mondeling en sneuvelen bij elke wisseling.",
        chain_interest="Wie tekent, weet waaraan hij gehouden is, en wie niet tekent ook.",
        prepared_by=MANAGERS,
        documents=(document("Concept convenant (voorbeeld)"),),
        effects=(
            AgreementProposed(
                agreement="CV-2008",
                kind="convenant",
                title="Convenant loonaangifteketen",
                subjects=("tasks", "responsibilities", "demarcation", "escalation"),
                text="De partners sturen samen op de keten en spreken elkaar aan op hun schakel.",
                document=document("Convenant loonaangifteketen (voorbeeld)"),
                parties=OWNERS,
                open_matters=("verdeling van gemeenschappelijke kosten",),
                valid_from="2008-05-01",
            ),
        ),
    )


def service_levels(s: Script) -> None:
    """Under the convenant a service level agreement; for one party a mandated line manager signs.

    Each line confirms in its own name that it works as agreed.
    """
    s.on("2008-06-23").act(
        "bestuurder-uwv",
        MandateGranted(
            mandate="MD-2008-01",
            grantor_kind="organisation",
            grantor="uwv",
            holder_kind="role",
            holder="rol-lijnmanager-uwv",
            scope=MandateScope(subjects=("planning", "responsibilities")),
            conditions="Alleen voor afspraken onder het convenant.",
            valid_from="2008-06-23",
        ),
    )
    s.on("2008-06-30").act("ketenbureau", _delivery())
    for person, name in (("bestuurder-belastingdienst", OWNERS[0]), ("lijnmanager-uwv", "uwv")):
        s.act(person, AgreementSigned(agreement="SLA-2008-01", organisation=name, version=1))
    s.on("2008-09-01")
    for name in ("belastingdienst", "uwv"):
        confirmed = ImplementationConfirmed(agreement="SLA-2008-01", organisation=name)
        s.act(f"lijnmanager-{name}", confirmed)


def _delivery() -> AgreementProposed:
    return AgreementProposed(
        agreement="SLA-2008-01",
        kind="service-level",
        title="Levering van loonaangiften aan de polisadministratie",
        subjects=("planning", "responsibilities"),
        text="Alle normen zijn voorbeeldcijfers.",
        parties=("belastingdienst", "uwv"),
        parent="CV-2008",
        provider="belastingdienst",
        consumer="uwv",
        indicators=(
            Indicator(
                name="tijdig-geleverd",
                definition="Aangiften die binnen vijf werkdagen zijn doorgeleverd.",
                unit="promille van de aangiften",
                target=980,
                direction="at-least",
            ),
            Indicator(
                name="uitval",
                definition="Aangiften die bij de controle uitvallen.",
                unit="promille van de aangiften",
                target=15,
                direction="at-most",
            ),
        ),
        valid_from="2008-07-01",
    )


def mandates(s: Script) -> None:
    """A mandate for disturbances goes from the meeting to the manager, and on to a coordinator.

    The majority is reached with two votes, and the rule then lets voting close. The coordinator
    decides on the spot, within subject and ceiling.
    """
    s.on("2008-09-08").act(
        "ketenmanager",
        ProposalSubmitted(
            decision="B-2008-03",
            body=MANAGERS,
            subject="mandaten",
            title="Mandaat om storingen in de productie meteen te verhelpen",
            problem="Een storing wacht nu op de volgende vergadering.",
            chain_interest="Wie het dichtst bij de storing zit, kan handelen.",
            effects=(_disturbances(),),
        ),
    )
    s.on("2008-09-15").open("B-2008-03", by="ketenmanager")
    s.vote("B-2008-03", uwv=FOR, cbs=FOR)
    s.on("2008-09-22").act("ketenmanager", MandateAccepted(mandate="MD-2008-02"), _passed_on())
    s.act("regisseur-uwv", MandateAccepted(mandate="MD-2008-03"))
    _on_the_spot(s)


def _on_the_spot(s: Script) -> None:
    s.on("2008-11-03").entered("2008-11-04").act(
        "regisseur-uwv",
        ProposalSubmitted(
            decision="B-2008-04",
            body=MANAGERS,
            subject="productieverstoring",
            title="Noodherstel van de berichtenwachtrij",
            problem="Sinds vanochtend stapelen berichten van werkgevers zich op.",
            chain_interest="Elke dag wachten raakt alle drie de schakels.",
            cites=(Citation(decision="B-2008-03", relation="rests-on"),),
            amount_cents=1_800_000,
        ),
        DecisionTakenUnderMandate(
            decision="B-2008-04",
            mandate="MD-2008-03",
            outcome="adopted",
            reason="Binnen onderwerp en plafond; de kosten zijn een voorbeeldcijfer.",
        ),
    )
    executed = DecisionExecuted(decision="B-2008-04", evidence="De wachtrij is leeg sinds 12.00 u.")
    s.on("2008-11-05").act("ketenbureau", executed)


def _disturbances() -> MandateGranted:
    return MandateGranted(
        mandate="MD-2008-02",
        grantor_kind="body",
        grantor=MANAGERS,
        holder_kind="role",
        holder="rol-ketenmanager",
        scope=MandateScope(
            subjects=("productieverstoring",),
            max_amount_cents=5_000_000,
            levels=("tactical", "operational"),
        ),
        conditions="Meldt elk gebruik in het eerstvolgende lijnmanagersoverleg.",
        valid_from="2008-09-15",
        valid_until="2010-07-01",
        sub_delegation=True,
    )


def _passed_on() -> MandateGranted:
    return MandateGranted(
        mandate="MD-2008-03",
        grantor_kind="mandate",
        grantor="MD-2008-02",
        holder_kind="role",
        holder="rol-regisseur-uwv",
        scope=MandateScope(
            subjects=("productieverstoring",),
            max_amount_cents=2_500_000,
            levels=("tactical", "operational"),
        ),
        valid_from="2008-09-22",
        valid_until="2010-07-01",
    )
