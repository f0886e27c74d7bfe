"""Lists of contacts: who is in one, in the order in which they joined.

The lists pages of the vendor: at most 250 a page, ascending where an ``after`` is given or none; what that token is
made of is not said, so whoever reads on by it reads the whole list again from time to time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from connectors.hubspot.client import HubSpotClient, results_of
from connectors.hubspot.errors import Rejected
from connectors.hubspot.wire import CONTACTS, id_of
from connectors.shapes import Turns
from syncd.model.errors import NeedsOperator
from syncd.model.remote import Cursor, RemoteRef, Roster
from syncd.model.values import Lane

PAGE: Final = 250


def members_of(client: HubSpotClient, key: str, after: Cursor | None, *, lane: Lane) -> Iterator[Roster]:
    """The contacts of a list from behind a position, page by page; the position of the last page is its own.

    :raises NeedsOperator: if there is no such list, or it may not be read.
    """
    mark = after or None
    turns = Turns("lists.members", mark)
    while True:
        query = {"limit": str(PAGE), **({"after": str(mark)} if mark else {})}
        try:
            answer = client.get("lists.members", client.paths.list_members(key), lane=lane, query=query)
        except Rejected as why:
            raise NeedsOperator(
                f"HubSpot does not show the list {key} ({why.status} {why.fault.code}); correct its id in signals.yaml"
            ) from why
        rows, following = results_of(answer, "lists.members")
        refs = tuple(RemoteRef(CONTACTS, id_of(row, "lists.members", "recordId")) for row in rows)
        yield Roster(refs, Cursor(following or mark or ""))
        if following is None:
            return
        mark = Cursor(turns.to(following) or "")
