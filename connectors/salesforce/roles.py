"""The primary contact of an Opportunity, which stands in a row of its own: an ``OpportunityContactRole``.

``Opportunity.ContactId`` shows the contact of the primary role. It is taken when an Opportunity is made, and only a
role can change it afterwards: a role that becomes primary takes the place of the one that was (object reference,
"OpportunityContactRole"). Whether the Opportunity's own stamp moves with it is not documented, so roles are asked for
beside Opportunities. A role that is deleted shows nowhere; a primary contact that is gone never empties the other side.

``give`` promises a result for every row that it could not give its contact, and none for the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from connectors.salesforce import soql
from connectors.salesforce.client import SalesforceClient
from connectors.salesforce.cursor import Mark
from connectors.salesforce.errors import CallRefused, Complaint, complaints
from connectors.salesforce.ids import as_told, to18
from connectors.salesforce.outcome import Trouble, read_trouble, refusal
from connectors.salesforce.queries import Queries
from connectors.salesforce.wire import STAMP, Columns
from connectors.shapes import reading
from connectors.transport import Resend, wrong_shape
from syncd.model.errors import NeedsOperator, RetryLater, SyncdError
from syncd.model.remote import RemoteRef
from syncd.model.values import Instant, Lane
from syncd.model.write import Clash, Deferred, Indeterminate, WriteResult

ROLE: Final = "OpportunityContactRole"
_OPPORTUNITY: Final = "Opportunity"
_CHUNK: Final = 200
_IN_ROLES: Final = frozenset({(_OPPORTUNITY, "ContactId")})


def stands_in_role(object: str, field: str) -> bool:
    """Whether this lookup is taken on creation only, and stands in a role from then on."""
    return (object, field) in _IN_ROLES


# -- reading -----------------------------------------------------------------------------------------------------------
def are_read(described: Iterable[Columns]) -> bool:
    """Whether anything that is read depends on roles."""
    return any(stands_in_role(each.object, field) for each in described for field in each.lookups.values())


def query(mark: Mark) -> soql.Query:
    """Roles that are primary and changed since the mark, which stays an overlap behind the vendor's clock."""
    primary = soql.equals("IsPrimary", value=True)
    return soql.select(("Id", _OPPORTUNITY + "Id", STAMP), ROLE, primary, soql.since(STAMP, mark.edge))


def opportunities(rows: Sequence[Mapping[str, Any]]) -> list[RemoteRef]:
    """Whose primary contact these roles are, each once."""
    return [RemoteRef(_OPPORTUNITY, id_) for id_ in dict.fromkeys(to18(str(row["OpportunityId"])) for row in rows)]


# -- writing -----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Primary:
    """A contact that is to be the primary one. ``place`` is that of the row in its batch, ``name`` the reference's."""

    place: int
    name: str
    opportunity: str
    contact: str


def give(
    client: SalesforceClient, queries: Queries, wanted: Sequence[Primary], *, until: Instant, lane: Lane
) -> dict[int, WriteResult]:
    """Makes these contacts primary: an existing role, or a new one. Who is primary already costs the reading alone.

    :param until: when a call that got no answer can no longer be carried out.
    :returns: by place, what kept a contact from becoming primary.
    """
    latest = {each.opportunity: each for each in wanted}
    try:
        with reading("roles.read"):
            held = _held(queries, list(latest), lane)
    except SyncdError as why:
        return {each.place: _later(each, why) for each in latest.values()}
    made: list[tuple[Primary, dict[str, Any]]] = []
    changed: list[tuple[Primary, dict[str, Any]]] = []
    for each in latest.values():
        role = held.get((each.opportunity, each.contact))
        if role is None:
            fields = {"OpportunityId": each.opportunity, "ContactId": each.contact, "IsPrimary": True}
            made.append((each, fields))
        elif role["IsPrimary"] is not True:
            changed.append((each, {"id": role["Id"], "IsPrimary": True}))
    results: dict[int, WriteResult] = {}
    for method, rows in (("PATCH", changed), ("POST", made)):
        for start in range(0, len(rows), _CHUNK):
            results |= _sent(client, method, rows[start : start + _CHUNK], until, lane)
    return results


def _held(queries: Queries, ids: Sequence[str], lane: Lane) -> dict[tuple[str, str], Mapping[str, Any]]:
    """One role of each contact of these Opportunities, the primary one where a contact has several."""
    columns = ("Id", "OpportunityId", "ContactId", "IsPrimary")
    asked = [soql.select(columns, ROLE, soql.ids_in("OpportunityId", lot)) for lot in soql.lots(ids)]
    rows = [row for answer in queries.all(asked, lane) for row in answer]
    rows.sort(key=lambda row: (row["IsPrimary"] is True, str(row["Id"])))
    return {(to18(str(row["OpportunityId"])), to18(str(row["ContactId"]))): row for row in rows}


def _sent(
    client: SalesforceClient, method: str, rows: Sequence[tuple[Primary, dict[str, Any]]], until: Instant, lane: Lane
) -> dict[int, WriteResult]:
    body = {"allOrNone": False, "records": [{"attributes": {"type": ROLE}, **fields} for _, fields in rows]}
    unknown = {
        each.place: Indeterminate("the call that makes contacts primary got no answer", until) for each, _ in rows
    }
    try:
        answer = client.send("roles.write", method, "composite/sobjects", body, lane=lane, resend=Resend.NEVER)
    except CallRefused as why:
        return {each.place: _refused(each, why.complaint) for each, _ in rows}
    except RetryLater as why:
        return dict(unknown) if why.sent else {each.place: _later(each, why) for each, _ in rows}
    except NeedsOperator as why:
        return {each.place: _later(each, why) for each, _ in rows}
    except SyncdError:
        return dict(unknown)
    try:
        with reading("roles.write"):
            return _judged(rows, answer.json())
    except SyncdError:
        return dict(unknown)


def _judged(rows: Sequence[tuple[Primary, dict[str, Any]]], told: object) -> dict[int, WriteResult]:
    if not isinstance(told, list) or len(told) != len(rows):
        raise wrong_shape("roles.write", f"not {len(rows)} rows")
    results: dict[int, WriteResult] = {}
    for (each, _), one in zip(rows, told, strict=True):
        if one["success"] is True:
            as_told(one["id"])
            continue
        found = complaints(one["errors"])
        results[each.place] = _refused(each, found[0])
    return results


def _refused(each: Primary, complaint: Complaint) -> WriteResult:
    """The reference alone is refused: the rest of the row was written."""
    trouble = read_trouble(complaint, ROLE)
    if isinstance(trouble, Deferred):
        return replace(trouble, fields=(each.name,))
    if trouble == Trouble.LOCKED:
        locked = "the Opportunity stays locked by somebody else"
        return Deferred(complaint.code, locked, timedelta(minutes=1), (each.name,))
    told = refusal(complaint) if isinstance(trouble, Clash | Trouble) else trouble
    return replace(told, fields=(each.name,))


def _later(each: Primary, why: SyncdError) -> Deferred:
    after = why.after if isinstance(why, RetryLater) and why.after else timedelta(0)
    return Deferred(type(why).__name__, f"the primary contact waits: {why}", after, (each.name,))
