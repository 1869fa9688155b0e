"""Chapter three of the demonstration: somebody is in charge of the whole (mid 2007 to 2008)."""

from __future__ import annotations

from api.demo_story_script import FOR, OWNERS, Script
from api.demo_story_start import NAMES
from ledger.domain.events.actions import ActionCompleted, ActionDelayed
from ledger.domain.events.bodies import (
    BodyEstablished,
    BodySucceeded,
    ChairRotationAgreed,
    ChairTermStarted,
    CommitmentDeclared,
    SeatAssigned,
    SeatCreated,
)
from ledger.domain.events.chains import ChainConditionDeclared
from ledger.domain.events.decision_rules import (
    DecisionRule,
    DecisionRuleAdopted,
    Fraction,
    Quorum,
)
from ledger.domain.events.decisions import Effect, Option, ProposalSubmitted
from ledger.domain.events.escalations import EscalationLadderAdopted, Rung
from ledger.domain.events.mandates import (
    MandateAccepted,
    MandateGranted,
    MandateScope,
    OverrideAuthorityGranted,
)
from ledger.domain.events.outcomes import Citation
from ledger.domain.events.roles import RoleAssigned

BOARD = "ketenbestuur"
MANAGERS = "lijnmanagersoverleg"
TWO_THIRDS = Fraction(num=2, den=3)


def manager(s: Script) -> None:
    """The partners appoint a chain manager who stands apart from them all, with doorzettingsmacht.

    The statistics office hesitates, abstains, thinks again and votes in favour while voting is
    still open: both positions stay visible.
    """
    s.on("2007-06-04").register(
        "bestuurder-belastingdienst", ketenmanager="ketenmanager", ketenbureau="ketenbureau"
    )
    s.act(
        "bestuurder-uwv",
        ProposalSubmitted(
            decision="B-2007-03",
            body="stuurgroep",
            subject="ketenmanager",
            title="Een ketenmanager benoemen, met doorzettingsmacht",
            problem="Niemand heeft de dagelijkse leiding over de keten als geheel.",
            chain_interest="Eén gezicht dat het belang van de keten bewaakt, los van de partners.",
            options=(
                Option(
                    text="Een coördinator zonder doorzettingsmacht",
                    why_not="In de crisis blijkt dat een oliemannetje te weinig is.",
                ),
            ),
            cites=(Citation(decision="B-2007-02", relation="rests-on"),),
            effects=_appointment(),
        ),
    )
    s.on("2007-06-18").open("B-2007-03", by="bestuurder-uwv")
    s.vote(
        "B-2007-03",
        uwv=FOR,
        cbs="abstain: de onafhankelijkheid van de statistiek is nog niet geregeld",
    )
    s.on("2007-06-20").vote(
        "B-2007-03", cbs="for: noodgevallen zijn nu omschreven en elk gebruik wordt beoordeeld"
    )
    s.vote("B-2007-03", belastingdienst=FOR)
    s.on("2007-07-02").act("ketenmanager", MandateAccepted(mandate="MD-2007-01"))


def _appointment() -> tuple[Effect, ...]:
    return (
        RoleAssigned(
            assignment="rol-ketenmanager",
            role="chain-manager",
            person="ketenmanager",
            result_obligation="De keten werkt: aangiften komen tijdig en juist door alle schakels.",
            valid_from="2007-07-01",
        ),
        MandateGranted(
            mandate="MD-2007-01",
            grantor_kind="body",
            grantor="stuurgroep",
            holder_kind="role",
            holder="rol-ketenmanager",
            scope=MandateScope(subjects=("ketensturing",)),
            conditions="Rapporteert elk kwartaal aan het bestuur.",
            valid_from="2007-07-01",
        ),
        OverrideAuthorityGranted(
            authority="DM-2007-01",
            holder="rol-ketenmanager",
            scope="Aanwijzingen aan de lijnorganisaties over het verwerken van loonaangiften.",
            emergency_definition="Uitkeringen of toeslagen van burgers lopen direct gevaar.",
            valid_from="2007-07-01",
        ),
    )


def structure(s: Script) -> None:
    """Board, line managers' meeting and chain office take the place of the first steering group.

    The chain manager sits in the board as linking pin, with a voice and no vote. The first measure
    of the analysis comes in late, and the ledger says so by itself.
    """
    functions = {f"lijnmanager_{name}": f"lijnmanager {NAMES[name]}" for name in OWNERS}
    functions |= {f"regisseur_{name}": f"ketenregisseur {NAMES[name]}" for name in OWNERS}
    s.on("2007-07-09").register("ketenmanager", **functions)
    s.act(
        "ketenmanager",
        ProposalSubmitted(
            decision="B-2007-04",
            body="stuurgroep",
            subject="ketenstructuur",
            title="Ketenbestuur, lijnmanagersoverleg en ketenbureau instellen",
            problem="De stuurgroep bespreekt alles, van strategie tot storing.",
            chain_interest="Elk vraagstuk krijgt het niveau waar het thuishoort.",
            effects=(*_board(), *_line_managers(), *_office()),
        ),
    )
    s.on("2007-08-27").open("B-2007-04", by="ketenmanager")
    s.vote("B-2007-04", belastingdienst=FOR, uwv=FOR, cbs=FOR)
    for name in OWNERS:
        s.on(f"2007-09-1{OWNERS.index(name)}").act(
            f"bestuurder-{name}",
            RoleAssigned(
                assignment=f"rol-regisseur-{name}",
                role="chain-coordinator",
                person=f"regisseur-{name}",
                organisation=name,
                valid_from="2007-09-15",
            ),
            RoleAssigned(
                assignment=f"rol-lijnmanager-{name}",
                role="line-manager",
                person=f"lijnmanager-{name}",
                organisation=name,
                valid_from="2007-09-15",
            ),
        )
    _first_measures(s)


def _board() -> tuple[Effect, ...]:
    seats = (
        effect
        for name in OWNERS
        for effect in _seat(BOARD, name, person=f"bestuurder-{name}", organisation=name)
    )
    return (
        BodyEstablished(
            body=BOARD,
            name="Ketenbestuur",
            kind="chain-board",
            level="strategic",
            remit="Doelstelling, kaders, middelen en het oordeel over doorzettingsmacht.",
            records_scope="public",
        ),
        *seats,
        *_seat(BOARD, "ketenmanager", person="ketenmanager", organisation=""),
        BodySucceeded(body="stuurgroep", successor=BOARD),
    )


def _line_managers() -> tuple[Effect, ...]:
    return (
        BodyEstablished(
            body=MANAGERS,
            name="Lijnmanagersoverleg",
            kind="line-managers-meeting",
            level="tactical",
            parent=BOARD,
            remit="Strategische keuzes omzetten in werk en bestuursvoorstellen voorbereiden.",
        ),
        *(
            effect
            for name in OWNERS
            for effect in _seat(MANAGERS, name, person=f"lijnmanager-{name}", organisation=name)
        ),
    )


def _seat(body: str, name: str, *, person: str, organisation: str) -> tuple[Effect, ...]:
    """A seat and its first holder; a seat of no organisation has a voice and no vote."""
    seat = f"{body}-{name}"
    return (
        SeatCreated(seat=seat, body=body, organisation=organisation, advisory=not organisation),
        SeatAssigned(seat=seat, person=person, valid_from="2007-08-27"),
    )


def _office() -> tuple[Effect, ...]:
    return (
        BodyEstablished(
            body="ketenbureau", name="Ketenbureau", kind="chain-office", level="operational"
        ),
        RoleAssigned(
            assignment="rol-ketenbureau",
            role="chain-office",
            person="ketenbureau",
            valid_from="2007-08-27",
        ),
    )


def _first_measures(s: Script) -> None:
    s.on("2007-11-12").act(
        "lijnmanager-belastingdienst",
        ActionCompleted(
            action="A-2007-01",
            evidence="Sinds 5 november gaan foutmeldingen binnen zeven dagen naar de werkgever.",
        ),
    )
    s.on("2007-12-10").act(
        "lijnmanager-uwv",
        ActionDelayed(
            action="A-2007-02",
            due_on="2008-06-30",
            reason="De helft is hersteld; de rest vraagt navraag bij werkgevers (voorbeeldcijfer).",
        ),
    )


def model(s: Script) -> None:
    """How the chain decides becomes a rule set of its own, adopted by all under the founding rule.

    Consent for most things, unanimity with time to reflect for the convenant, two thirds for money,
    a majority and silence among line managers, a mandate for disturbances. And a ladder.
    """
    s.on("2007-12-11").act(
        "ketenmanager",
        ProposalSubmitted(
            decision="B-2007-05",
            body=BOARD,
            subject="besluitvormingsmodel",
            title="Besluitvormingsmodel, escalatieladder en voorzittersrooster",
            problem="Onder unanimiteit houdt één stem elke verbetering tegen, zoals bij B-2006-02.",
            text="De wijze van besluiten volgt het onderwerp; elke partner telt even zwaar.",
            chain_interest="Gelijkwaardig besluiten zonder stil te vallen.",
            effects=(*_board_rules(), *_managers_rules(), _ladder(), _rotation()),
        ),
    )
    s.on("2007-12-17").open("B-2007-05", by="ketenmanager")
    s.vote("B-2007-05", cbs=FOR, belastingdienst=FOR, uwv=FOR)
    s.on("2008-01-07").act("bestuurder-uwv", ChairTermStarted(body=BOARD, seat=f"{BOARD}-uwv"))
    s.act("lijnmanager-cbs", ChairTermStarted(body=MANAGERS, seat=f"{MANAGERS}-cbs"))
    s.act(
        "bestuurder-cbs",
        CommitmentDeclared(
            seat=f"{BOARD}-cbs",
            statement="Tijd, aanwezigheid in persoon, mandaat zonder reserve en open kaart.",
        ),
    )
    s.act(
        "ketenmanager",
        ChainConditionDeclared(
            condition="build-up",
            reason="Structuur en regels staan; nu moeten de afspraken volgen.",
        ),
    )


def _board_rules() -> tuple[Effect, ...]:
    quorum = Quorum(of="seats", fraction=TWO_THIRDS)
    consent = DecisionRule(kind="consent", quorum=quorum, notice_days=7, voting_days=21)
    unanimity = DecisionRule(
        kind="unanimity",
        base="all-seats",
        abstentions_in_base=True,
        notice_days=7,
        voting_days=28,
        reflection_days=14,
    )
    two_thirds = DecisionRule(
        kind="qualified-majority",
        threshold=TWO_THIRDS,
        base="all-seats",
        abstentions_in_base=True,
        quorum=quorum,
        notice_days=7,
        voting_days=21,
        late_quorum_extension_days=14,
    )
    return (
        DecisionRuleAdopted(body=BOARD, name="instemming", rule=consent),
        DecisionRuleAdopted(
            body=BOARD, subject="convenant", name="unanimiteit met bedenktijd", rule=unanimity
        ),
        DecisionRuleAdopted(
            body=BOARD, subject="investeringen", name="twee derde van de zetels", rule=two_thirds
        ),
    )


def _managers_rules() -> tuple[Effect, ...]:
    majority = DecisionRule(
        kind="majority",
        quorum=Quorum(of="seats", absolute=2),
        voting_days=14,
        early_closing="outcome-fixed",
        tie="chair",
    )
    return (
        DecisionRuleAdopted(body=MANAGERS, name="meerderheid", rule=majority),
        DecisionRuleAdopted(
            body=MANAGERS,
            subject="releasekalender",
            name="stilzwijgend",
            rule=DecisionRule(kind="tacit", voting_days=14),
        ),
        DecisionRuleAdopted(
            body=MANAGERS,
            subject="productieverstoring",
            name="onder mandaat",
            rule=DecisionRule(kind="under-mandate"),
        ),
    )


def _ladder() -> Effect:
    return EscalationLadderAdopted(
        rungs=(
            Rung(name="horizontaal overleg", term_days=14),
            Rung(name="ketenregisseurs", term_days=14, forwards_by_itself=True),
            Rung(name="ketenmanager", term_days=10),
            Rung(name="lijnmanagersoverleg", term_days=21),
            Rung(name="ketenbestuur", term_days=42),
            Rung(name="minister of staatssecretaris", term_days=0),
        )
    )


def _rotation() -> Effect:
    order = ("uwv", "belastingdienst", "cbs")
    return ChairRotationAgreed(body=BOARD, order=order, period="months", months=12)
