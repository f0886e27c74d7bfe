"""How pages are made of values: everything is text, nothing is markup but what the templates are.

A vendor's value is shown as one line of printable characters, cut to a length, and kept apart from the words beside it
(``<bdi>``), so that no letter of it can turn a line around. Times are UTC, said as how long ago, with the instant in
the title.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from syncd.console.guard import FORM_FIELD, FORM_HEADER
from syncd.console.problems import Problem, correlation_of
from syncd.model.operator import Role
from syncd.model.rating import points_text
from syncd.model.remote import RemoteRef
from syncd.model.values import MISSING
from syncd.operations.calls import outlook_words, reserve_words
from syncd.operations.doors import form_token
from syncd.operations.page import Code, Come, Gone, Words, spoken

FOLDER: Final = Path(__file__).parent
LONGEST: Final = 120
PAGES: Final = (
    ("/", "Overview"),
    ("/people", "People"),
    ("/issues", "Issues"),
    ("/conflicts", "Conflicts"),
    ("/held", "Held"),
    ("/runs", "Runs"),
    ("/handoff", "Handoff"),
    ("/config", "Config"),
    ("/access", "Access"),
)
"""Where the pages are, in the order of the menu."""
WORDS: Final = 2_000
"""Letters of words that belong to a file of ours and not to a vendor."""
_TAGS: Final = {Code: "code", Gone: "del", Come: "ins"}
NOTHING: Final = Markup('<span class="none">-</span>')


@cache
def _templates() -> Environment:
    made = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= {"value": value, "plain": plain, "count": count, "day": day, "ago": ago}
    made.filters |= {"worded": worded, "sentence": sentence, "sort_of": sort_of, "points": points_text}
    made.globals |= {"outlook_words": outlook_words, "reserve_words": reserve_words}
    made.globals |= {"Role": Role, "FORM_FIELD": FORM_FIELD, "FORM_HEADER": FORM_HEADER, "pages": PAGES}
    return made


def page(request: Request, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:  # noqa: ANN401 - whatever a template shows
    """A page for whoever calls."""
    secret = request.state.secret
    told = {
        "visitor": request.state.visitor,
        "token": form_token(secret) if secret else "",
        "path": request.url.path,
        "now": request.app.state.desk.clock.now(),
        "connections": list(request.app.state.desk.connections()),
        "connection": "",
        "trouble": "",
        "done": "",
        **context,
    }
    return HTMLResponse(_templates().get_template(template).render(told), status)


def problem_page(problem: Problem, correlation: str) -> HTMLResponse:
    """Trouble, for a person."""
    text = _templates().get_template("problem.html").render(problem=problem, correlation=correlation)
    return HTMLResponse(text, problem.status, headers=dict(problem.headers))


def told(request: Request, problem: Problem) -> HTMLResponse:
    """The same, for a call."""
    return problem_page(problem, correlation_of(request))


# -- filters -----------------------------------------------------------------------------------------------------------
def plain(given: object, longest: int = LONGEST) -> str:
    """A value as one printable line."""
    if isinstance(given, bool):
        return "yes" if given else "no"
    if isinstance(given, Mapping):
        given = ", ".join(f"{name} {number}" for name, number in given.items())
    elif isinstance(given, Sequence) and not isinstance(given, str | RemoteRef):
        given = ", ".join(str(each) for each in given)
    text = "".join(letter if letter.isprintable() else " " for letter in str(given)[: longest * 4])
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def value(given: object, longest: int = LONGEST) -> Markup:
    """A value from outside, apart from the words around it; a dash for none."""
    if given is MISSING:
        return Markup('<span class="none">never agreed</span>')
    if given is None or (isinstance(given, (str, tuple)) and not given):
        return NOTHING
    return Markup("<bdi>{}</bdi>").format(plain(given, longest))


def worded(words: Words) -> Markup:
    """Words of a page that two writers share, with code, and with what went and came."""
    told = Markup("")
    for each in words:
        tag = _TAGS.get(type(each))
        text = plain(each if isinstance(each, str) else each.text, WORDS)
        told += Markup("<{tag}>{text}</{tag}>").format(tag=tag, text=text) if tag else text
    return told


def sentence(given: object, longest: int = LONGEST) -> Markup:
    """A sentence for people, with what stands in backquotes as code."""
    return worded(spoken(plain(given, longest)))


def sort_of(block: object) -> str:
    """What a block of such a page is."""
    return type(block).__name__


def count(number: int, one: str, several: str | None = None) -> str:
    """``1 conflict``, ``2 conflicts``."""
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def day(moment: datetime | None) -> Markup:
    """An instant in UTC."""
    if moment is None:
        return NOTHING
    moment = moment.astimezone(UTC)
    return Markup('<time datetime="{}">{}</time>').format(moment.isoformat(), f"{moment:%Y-%m-%d %H:%M}")


def ago(moment: datetime | None, now: datetime) -> Markup:
    """How long ago, or how long until, with the instant behind it."""
    if moment is None:
        return NOTHING
    seconds = (now - moment).total_seconds()
    text = f"{span(seconds)} ago" if seconds >= 0 else f"in {span(-seconds)}"
    told = f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(moment.isoformat(), told, text)


def span(seconds: float) -> str:
    """``42 s``, ``3 min``, ``5 h``, ``2 days``."""
    for unit, size, until in (("s", 1, 120), ("min", 60, 7_200), ("h", 3_600, 172_800)):
        if seconds < until:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 86_400:,.0f} days"
