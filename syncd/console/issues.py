"""The pages of what is refused: records and fields by cause, and the affected ones of a cause, the hottest first.

Made of the store alone, each list by an index and page by page: there may be a hundred thousand of one cause.
"""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from syncd.console.guard import GuardedRoute, needs
from syncd.console.pages import LISTED, chosen, show
from syncd.console.problems import not_found
from syncd.model.link import QUARANTINED, LetterGroup, ParkedGroup
from syncd.model.operator import Role
from syncd.model.values import Side
from syncd.operations.parking import id_of

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)


@router.get("/issues")
@needs(Role.VIEWER)
def issues(request: Request) -> Response:
    """What is refused, by cause: records, and fields that are left alone."""
    return show_issues(request)


def show_issues(request: Request, *, status: int = 200, trouble: str = "") -> Response:
    """The page of issues."""
    name, store = chosen(request)
    groups, fields = store.letter_groups(), store.parked_groups()

    def cause(group: LetterGroup | ParkedGroup) -> str:
        return urlencode({"connection": name, **_caused(group)})

    return show(
        request,
        "issues.html",
        name,
        status=status,
        trouble=trouble,
        groups=groups,
        total=sum(each.records for each in groups),
        fields=fields[:LISTED],
        causes=len(fields),
        left_alone=sum(each.records for each in fields),
        quarantined=QUARANTINED,
        cause=cause,
        caused=_caused,
    )


@router.get("/issues/cause")
@needs(Role.VIEWER)
def cause(request: Request) -> Response:
    """The records of one cause, the hottest first."""
    name, store = chosen(request)
    asked = request.query_params
    kind, side, code = asked.get("kind", ""), asked.get("side", ""), asked.get("code", "")
    groups = {(each.kind, each.side.value, each.code): each for each in store.letter_groups()}
    group = groups.get((kind, side, code))
    if group is None:
        raise not_found("nothing is refused for this cause any more")
    rows = store.letters_page(LISTED + 1, after=asked.get("after") or None, cause=(kind, Side(side), code))
    origins = [row.origin for row in rows]
    known = store.link_ids(kind, group.side.other, origins)
    return show(
        request,
        "cause.html",
        name,
        group=group,
        rows=[(row, known.get(row.origin)) for row in rows[:LISTED]],
        after=rows[LISTED - 1].id if len(rows) > LISTED else "",
        cause=urlencode({"connection": name, **_caused(group)}),
    )


@router.get("/issues/fields")
@needs(Role.VIEWER)
def fields(request: Request) -> Response:
    """The records whose field is left alone for one cause, the hottest first."""
    name, store = chosen(request)
    asked = request.query_params
    key = tuple(asked.get(each, "") for each in ("kind", "side", "field", "code"))
    groups = {(each.kind, each.side.value, each.field, each.code): each for each in store.parked_groups()}
    group = next((each for known, each in groups.items() if known == key), None)
    if group is None:
        raise not_found("no field is left alone for this cause any more")
    of = (group.kind, group.side, group.field, group.code)
    rows = store.parked_page(of, LISTED + 1, after=asked.get("after") or None)
    return show(
        request,
        "parked_cause.html",
        name,
        group=group,
        rows=[(id_of(row), row) for row in rows[:LISTED]],
        after=rows[LISTED - 1].link if len(rows) > LISTED else "",
        quarantined=QUARANTINED,
        caused=_caused(group),
        cause=urlencode({"connection": name, **_caused(group)}),
    )


def _caused(group: LetterGroup | ParkedGroup) -> dict[str, str]:
    """What names a cause, as a form and an address send it."""
    told = {"kind": group.kind, "side": group.side.value, "code": group.code}
    return told if isinstance(group, LetterGroup) else {**told, "field": group.field}
