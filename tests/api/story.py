"""A short life of a chain, recorded through the doors, for tests that read it back."""

from __future__ import annotations

from typing import Any

from tests.api.doors import FOUNDER, Doors

CHAIN = "verhaal"
DIRECT = ["RoleAssigned", "BodyEstablished", "SeatCreated", "SeatAssigned"]
BODY = "stuurgroep"
MANAGER = "p-manager"
ONE_DAY = "Correctieberichten binnen één dag verwerken"


class Story:
    """The chain and where in it what was recorded."""

    def __init__(self, doors: Doors, *, in_earnest: bool = False) -> None:
        self.doors = doors
        self.positions: dict[str, int] = {}
        found = doors.found_in_earnest if in_earnest else doors.found
        found(CHAIN, direct=DIRECT)
        self.day = doors.app.state.ledger.state(CHAIN).chains.since[:10]

    @property
    def last(self) -> int:
        """The position of the newest record."""
        return self.doors.size(CHAIN) - 1

    def ask(self, path: str, **params: Any) -> Any:
        """Return the JSON at a path below the chain, once everything recorded counts."""
        asked = {"atLeast": self.last, **params}
        answer = self.doors.get(f"/v1/chains/{CHAIN}{path}", params=asked)
        assert answer.status_code == 200, f"{path}: {answer.text}"
        return answer.json()

    def tell(self, name: str, path: str, body: Any, actor: str = FOUNDER, **params: Any) -> None:
        """Record something and remember under a name where it stands."""
        answer = self.doors.post(f"/v1/chains/{CHAIN}{path}", body, actor=actor, **params)
        assert answer.status_code == 201, f"{path}: {answer.text}"
        self.positions[name] = answer.json()["position"]


def told(doors: Doors, *, in_earnest: bool = False) -> Story:
    """Record the story: a manager, a decision, an agreement, an escalation, what follows.

    A demonstration is open to everybody; `in_earnest` it is not.
    """
    story = Story(doors, in_earnest=in_earnest)
    _people(story)
    _decision(story)
    _agreement(story)
    _escalation(story)
    _memory(story)
    return story


def _people(story: Story) -> None:
    person = {"person": MANAGER, "function": "ketenmanager", "name": "Jan Jansen"}
    story.tell("manager", "/people", person)
    role = {"assignment": "R-1", "role": "chain-manager", "person": MANAGER, "validFrom": story.day}
    story.tell("role", "/roles", role)
    mandate = {
        "mandate": "M-1",
        "grantorKind": "organisation",
        "grantor": "bd",
        "holderKind": "person",
        "holder": MANAGER,
        "validFrom": story.day,
    }
    story.tell("mandate", "/mandates", mandate)


def _decision(story: Story) -> None:
    proposal = {
        "decision": "B-1",
        "body": BODY,
        "subject": "correctieberichten",
        "title": ONE_DAY,
        "chainInterest": "Minder fouten voor iedereen in de keten.",
    }
    story.tell("proposed", "/decisions", proposal)
    story.tell("opened", "/decisions/B-1/deliberations", {})
    seats = {name: f"{BODY}-{name}" for name in ("bd", "uwv")}
    story.tell("hesitated", "/decisions/B-1/votes", {"seat": seats["bd"], "choice": "abstain"})
    story.tell("voted", "/decisions/B-1/votes", {"seat": seats["bd"], "choice": "for"})
    last = {"seat": seats["uwv"], "choice": "for"}
    story.tell("adopted", "/decisions/B-1/votes", last, actor="p-uwv")
    action = {
        "action": "AC-1",
        "title": "Voorziening bouwen",
        "organisation": "bd",
        "role": "bouwer",
        "dueOn": "2999-01-01",
        "decision": "B-1",
    }
    story.tell("action", "/actions", action)


def _agreement(story: Story) -> None:
    agreement = {
        "agreement": "A-1",
        "kind": "convenant",
        "title": "Convenant over berichten",
        "parties": ["bd", "uwv"],
        "validFrom": story.day,
    }
    story.tell("agreement", "/agreements", agreement)
    for party in ("bd", "uwv"):
        signature = {"organisation": party, "version": 1}
        story.tell(f"signed-{party}", "/agreements/A-1/signatures", signature, f"p-{party}")


def _escalation(story: Story) -> None:
    bottleneck = {"bottleneck": "K-1", "subject": "Berichten komen te laat"}
    story.tell("bottleneck", "/bottlenecks", bottleneck)
    attempt = {"organisations": ["bd", "uwv"], "result": "Geen oplossing."}
    story.tell("attempt", "/bottlenecks/K-1/attempts", attempt)
    raised = {
        "escalation": "E-1",
        "bottleneck": "K-1",
        "subject": "Te late berichten",
        "reason": "Wij komen er samen niet uit.",
        "fromRung": 0,
        "toRung": 1,
        "jointlyBy": ["bd", "uwv"],
    }
    story.tell("escalation", "/escalations", raised)


def _memory(story: Story) -> None:
    meeting = {"meeting": "V-1", "body": BODY, "startsAt": "2999-01-01T10:00:00.000000Z"}
    story.tell("meeting", "/meetings", meeting)
    lesson = {
        "lesson": "L-1",
        "subject": "correctieberichten",
        "problem": "Correcties bleven liggen.",
        "approach": "Samen kijken.",
        "solution": "Eén termijn voor iedereen.",
        "decisions": ["B-1"],
    }
    story.tell("lesson", "/lessons", lesson)
    correction = {"field": "/title", "was": ONE_DAY, "becomes": ONE_DAY + ".", "reason": "Punt."}
    where = f"/records/{story.positions['proposed']}"
    story.tell("correction", f"{where}/corrections", correction, MANAGER)
    story.tell("note", f"{where}/annotations", {"label": "noot", "text": "Zie ook A-1."})
    story.tell("secret", "/driving-problems", {"text": "Vertrouwelijk."}, scope="confidential")
