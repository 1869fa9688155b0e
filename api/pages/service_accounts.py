"""Service accounts on pages: which programs there are, and the making of a key for one.

/dienstaccounts             every account, with its term
/dienstaccounts/<id>        one account: what it may, its keys, what it recorded
/dienstaccounts/sleutel     POST: a new key, shown once

A key is made for who is signed in and told in that one answer. Nothing of it is kept: the page
leads on to the forms with its digest filled in, which is all that the record gets.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api import identity, service_keys, session
from api.pages.posted import guarded, posted
from api.pages.site import BASE, Asked, Screen, shown
from projections.audit import of_person
from projections.service_accounts import service_account, service_accounts
from projections.views import MAX_LIMIT, Paging

PATH: Final = "/dienstaccounts"
KEY_PATH: Final = f"{PATH}/sleutel"
SHOWN: Final = 20


def install(app: FastAPI) -> None:
    """Add the address that makes a key."""
    app.add_api_route(BASE + KEY_PATH, guarded(_sent), include_in_schema=False, methods=["POST"])


def show_list(asked: Asked) -> dict[str, Any]:
    """Gather every account, newest first."""
    page = service_accounts(asked.connection, asked.view, asked.paging())
    return {"items": page.items, "next": page.next, "today": asked.view.day}


def show(asked: Asked) -> dict[str, Any]:
    """Gather one account, and what its program recorded."""
    name = asked.named("serviceAccount")
    doc = service_account(asked.connection, asked.view, name)
    did = of_person(asked.connection, asked.view, asked.paging(SHOWN), name)
    return {"account": doc, "did": did.items, "next": did.next, "today": asked.view.day}


async def _sent(request: Request) -> Response:
    """Answer a new key, to who is signed in and asks from a page of ours."""
    fields = await posted(request)
    identity.require_person(await run_in_threadpool(identity.reader, request))
    session.require_own_form(session.current(request), fields.first(session.FIELD))
    screen = Screen(KEY_PATH, "service_key.html", partial(_made, service_keys.make()))
    answer = await run_in_threadpool(shown, screen, request)
    # Other pages may lie in the browser until it asks again; this one may not be kept at all.
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _made(key: str, asked: Asked) -> dict[str, Any]:
    """Gather a key with the accounts that it could be given to."""
    page = service_accounts(asked.connection, asked.view, Paging("", MAX_LIMIT))
    return {"key": key, "digest": service_keys.digest_of(key), "items": page.items}


SCREENS: Final = (
    Screen(PATH, "service_accounts.html", show_list),
    Screen(PATH + "/{serviceAccount}", "service_account.html", show),
)
