"""The screens by name: each file of pages, installed in one place."""

from __future__ import annotations

from typing import Final

from fastapi import FastAPI

from api.pages import (
    actions,
    agreements,
    bodies,
    decisions,
    escalations,
    evidence,
    figures,
    frame,
    integrity,
    mandates,
    meetings,
    people,
    powers,
    recording,
    records,
    reviews,
    roles,
    search,
    service_accounts,
    signing_in,
    site,
    start,
    statements,
    stream,
    subjects,
    timeline,
)
from api.pages.acts_here import acts_on

SCREENS: Final = (
    start,
    timeline,
    records,
    decisions,
    agreements,
    escalations,
    roles,
    bodies,
    meetings,
    mandates,
    powers,
    people,
    actions,
    search,
    subjects,
    figures,
    recording,
    integrity,
    evidence,
    reviews,
    service_accounts,
)
"""What people read of a chain in a browser; `frame` is what stands around it."""


def install(app: FastAPI) -> None:
    """Add every page; the frame comes last, as it answers for addresses that are no page."""
    app.state.problem_page = site.problem_page
    site.AROUND["acts_on"] = acts_on
    site.AROUND["browser_check"] = integrity.browser_check
    for part in SCREENS:
        site.install(app, part.SCREENS)
    recording.install(app)
    stream.install(app)
    signing_in.install(app)
    service_accounts.install(app)
    statements.install(app)
    frame.install(app)
