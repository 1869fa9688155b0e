"""On what a page is printed: the templates, what every one of them knows, and the answer itself.

Templates are rendered with autoescape, and an unknown name in one is an error. A page carries its
own content security policy: styles, scripts and data from this server alone, nothing inline.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import cache
from typing import Any, Final
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse

from api.pages.act_labels import called
from api.pages.act_titles import titled
from api.pages.language import LANGUAGES, Language
from api.pages.sorts import sort_of
from api.problems import SENTENCES

POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "private, no-cache",
    "Vary": "Cookie",
}


@cache
def _templates(code: str) -> Environment:
    environment = Environment(
        loader=PackageLoader("api", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.globals["languages"] = LANGUAGES
    environment.globals["code"] = code
    environment.filters["part"] = _part
    return environment


@cache
def _in_language(language: Language) -> Environment:
    environment = _templates(language.code)
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        language.text, language.counted, newstyle=True
    )
    environment.filters |= {
        "day": language.day,
        "month": language.month,
        "moment": language.moment,
        "number": language.number,
        "money": language.money,
        "listed": language.listed,
        "word": language.word,
        "time": _time,
        "called": lambda pointer: language.text(called(pointer)),
        "titled": lambda event_type: language.text(titled(event_type)),
        "sort_of": lambda event_type: language.text(sort_of(event_type)),
        "rule": lambda number: language.text(SENTENCES.get(number, "")),
    }
    return environment


def printed(
    template: str, language: Language, content: Mapping[str, Any], *, status: int = 200
) -> HTMLResponse:
    """Return the page that a template makes of this content in a language."""
    text = _in_language(language).get_template(template).render(content)
    return HTMLResponse(text, status, headers=HEADERS | {"Content-Language": language.code})


def drawn(svg: str) -> Markup:
    """Mark a drawing of our own as markup; its texts were escaped where it was drawn."""
    return Markup(svg)  # noqa: S704 # nosec B704 # made by charts.py alone


def fragment(text: str) -> str:
    """Return an id for a part of a page, from any text: small letters, digits and dashes."""
    plain = unicodedata.normalize("NFKD", text.lower())
    kept = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in plain)
    return "-".join(filter(None, kept.split("-")))


def _part(text: object) -> str:
    """Write a name as one part of a path."""
    return quote(str(text), safe="")


def _time(instant: str) -> Markup:
    """Write an instant so that programs can read it too; what people read stands beside it."""
    return Markup('<time datetime="{}">').format(instant)
