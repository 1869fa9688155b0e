"""Every question a reader can ask, in one place, so that what holds for all is tried on all."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from projections import (
    actions,
    agreements,
    audit,
    bodies,
    chains,
    decision_page,
    decision_rules,
    decisions,
    due,
    escalations,
    evidence,
    mandates,
    meetings,
    memory,
    people,
    records,
    reviews,
    roles,
    search,
    service_accounts,
    signing_keys,
    timeline,
)
from projections.timeline import Chosen
from projections.views import Conn, Doc, Page, Paging, View

List = Callable[[Conn, View, Paging], Page]
Item = Callable[[Conn, View, str], Doc]

LISTS: dict[str, List] = {
    "partners": chains.partners,
    "objectives": chains.objectives,
    "people": people.people,
    "bodies": bodies.bodies,
    "roles": roles.roles,
    "mandates": mandates.mandates,
    "authorities": mandates.authorities,
    "decision_rules": decision_rules.decision_rules,
    "meetings": meetings.meetings,
    "decisions": decisions.decisions,
    "agreements": agreements.agreements,
    "escalations": escalations.escalations,
    "bottlenecks": escalations.bottlenecks,
    "ladders": escalations.ladders,
    "actions": actions.actions,
    "memory": memory.memory,
    "signing_keys": signing_keys.signing_keys,
    "signature_rules": signing_keys.signature_rules,
    "reviews": reviews.reviews,
    "service accounts": service_accounts.service_accounts,
    "evidence requests": reviews.evidence_requests,
    "lessons": memory.lessons,
    "witness policies": evidence.witness_policies,
    "due": due.due,
    "timeline": lambda connection, view, paging: timeline.timeline(
        connection, view, paging, Chosen()
    ),
    "timeline of a partner": lambda connection, view, paging: timeline.timeline(
        connection, view, paging, Chosen(partner="uwv")
    ),
    "timeline of a role": lambda connection, view, paging: timeline.timeline(
        connection, view, paging, Chosen(role="representative")
    ),
    "timeline of a role for a partner": lambda connection, view, paging: timeline.timeline(
        connection, view, paging, Chosen(partner="cbs", role="representative")
    ),
    "records": lambda connection, view, paging: records.records(connection, view, paging, Chosen()),
    "search": lambda connection, view, paging: search.search(
        connection, view, paging, "besluit OR keten OR geheim"
    ),
    "audit of a person": lambda connection, view, paging: audit.of_person(
        connection, view, paging, "ketenmanager"
    ),
    "audit for a partner": lambda connection, view, paging: audit.for_partner(
        connection, view, paging, "uwv"
    ),
    "audit of a decision": lambda connection, view, paging: audit.of_decision(
        connection, view, paging, "B-2007-03"
    ),
}
ITEMS: dict[str, Item] = {
    "chain": lambda connection, view, _: chains.chain(connection, view),
    "partner": chains.partner,
    "objective": chains.objective,
    "person": people.person,
    "body": bodies.body,
    "seat": bodies.seat,
    "assignment": roles.role,
    "mandate": mandates.mandate,
    "authority": mandates.authority,
    "exercise": mandates.exercise,
    "decisionRule": decision_rules.decision_rule,
    "meeting": meetings.meeting,
    "decision": decision_page.decision,
    "agreement": agreements.agreement,
    "escalation": escalations.escalation,
    "bottleneck": escalations.bottleneck,
    "ladder": escalations.ladder,
    "action": actions.action,
    "lesson": memory.lesson,
    "witnessPolicy": evidence.witness_policy,
    "review": reviews.review,
    "serviceAccount": service_accounts.service_account,
    "evidenceRequest": reviews.evidence_request,
}


def pages(query: List, connection: Conn, view: View, limit: int = 200) -> Iterator[Page]:
    """Give all pages of a list, each after the one before."""
    page = query(connection, view, Paging("", limit))
    yield page
    while page.next:
        page = query(connection, view, Paging(page.next, limit))
        yield page


def whole(query: List, connection: Conn, view: View, limit: int = 200) -> list[Doc]:
    """Return everything in a list."""
    return [item for page in pages(query, connection, view, limit) for item in page.items]
