"""What an account is made of: property definitions, owners, and the history of values.

Whether a property may be written stands in ``modificationMetadata.readOnlyValue``, nested (recorded schemas). ``email``
says that it is not unique although it is. An archived owner still owns records.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final

import orjson

from connectors.hubspot.client import HubSpotClient, object_of, results_of, rows_of
from connectors.hubspot.errors import Rejected
from connectors.hubspot.natively import is_native
from connectors.hubspot.wire import (
    CONTACTS,
    OPTED_OUT,
    SUBSCRIPTION,
    UNSUBSCRIBED,
    Asked,
    as_wire,
    chunks,
    flag_of,
    id_of,
    instant_of,
    read_stamp,
)
from connectors.shapes import Turns
from connectors.transport import CallFailed, Unauthorized, wrong_shape
from syncd.model.errors import NeedsOperator
from syncd.model.lifecycle import AuthorSort
from syncd.model.remote import FieldEvent, RemoteField, RemoteOption, RemoteRef, RemoteSchema, RemoteUser, UserSort
from syncd.model.values import Instant, Lane

LONGEST_TEXT: Final = 65_536
WITH_HISTORY: Final = 50
"""Records a call answers when history is asked for."""
_FINGERPRINTED: Final = ("name", "type", "fieldType", "options", "calculated", "hasUniqueValue", "modificationMetadata")
_PEOPLE: Final = frozenset(
    {"CRM_UI", "CRM_UI_BULK_ACTION", "MOBILE_IOS", "MOBILE_ANDROID", "API", "INTEGRATION", "IMPORT"}
)

_AUTOMATION: Final = frozenset({"API", "INTEGRATION", "WORKFLOWS", "AUTOMATION_PLATFORM", "FORM"})
"""What of the sources writes by itself; HubSpot gives no list of them."""
_USER: Final = "userId:"


def read_schema(client: HubSpotClient, asked: Asked, *, lane: Lane) -> RemoteSchema:
    """All properties of the object, and a fingerprint over the definitions of the shape's fields."""
    answer = client.get("properties", client.paths.properties(asked.kind), lane=lane)
    listed = rows_of(answer, "properties")
    if not listed or not all(isinstance(row.get(part), str) for row in listed for part in ("name", "type")):
        raise wrong_shape("properties", f"no properties of {asked.kind}, or one without name or type")
    rows: dict[str, Mapping[str, Any]] = {row["name"]: row for row in listed}
    # Older paths do not obey the rules.
    required = (client.paths.strict and required_of(client, asked.kind, lane=lane)) or frozenset()
    fields = {name: _field(asked.kind, row, required=name in required) for name, row in rows.items()}
    if OPTED_OUT in fields:
        fields[UNSUBSCRIBED] = RemoteField(UNSUBSCRIBED, "bool", "Unsubscribed from all email", writable=True)
    for name in [name for name in fields if name.startswith(f"{OPTED_OUT}_")]:
        pseudo = SUBSCRIPTION + name.removeprefix(f"{OPTED_OUT}_")
        if flag_of(pseudo) == name:
            fields[pseudo] = RemoteField(pseudo, "bool", fields[name].label, writable=True)
    digest = blake2b(digest_size=16)
    for name in sorted(asked.fields):
        row = rows.get(flag_of(name) or name)
        told = None if row is None else {key: row.get(key) for key in _FINGERPRINTED}
        digest.update(orjson.dumps([name, told], option=orjson.OPT_SORT_KEYS))
    return RemoteSchema({asked.kind: fields}, digest.hexdigest())


def read_users(client: HubSpotClient, *, lane: Lane) -> list[RemoteUser]:
    """All owners, archived ones as inactive; an owner listed as both is active."""
    users: dict[str, RemoteUser] = {}
    for archived in ("false", "true"):
        for row in _owners(client, archived, lane=lane):
            key = id_of(row, "owners")
            if not isinstance(row.get("archived"), bool):  # one of the few parts that every owner has
                raise wrong_shape("owners", f"owner {key} without archived")
            name = " ".join(str(row[part]) for part in ("firstName", "lastName") if row.get(part))
            email = str(row["email"]).lower() if row.get("email") else None
            sort = UserSort.QUEUE if row.get("type") == "QUEUE" else UserSort.USER
            user = RemoteUser(
                id=key,
                sort=sort,
                name=name or email or key,
                email=email,
                active=archived == "false",
                role=_teams(row),
                author=str(row.get("userId") or row.get("userIdIncludingInactive") or ""),
            )
            users.setdefault(key, user)
    return list(users.values())


def read_history(
    client: HubSpotClient, refs: Sequence[RemoteRef], fields: Sequence[str], since: Instant, *, lane: Lane
) -> list[FieldEvent]:
    """When fields changed and by whom, oldest first. ``@`` pseudo-fields have no history."""
    names = [name for name in fields if not name.startswith("@")]
    events: list[FieldEvent] = []
    kinds: dict[str, list[str]] = {}
    for ref in refs:
        kinds.setdefault(ref.object, []).append(ref.id)
    for kind, ids in kinds.items() if names else ():
        for lot in chunks(list(dict.fromkeys(ids)), WITH_HISTORY):
            body = {"inputs": [{"id": key} for key in lot], "properties": [], "propertiesWithHistory": names}
            answer = client.ask("batch.read", client.paths.objects(kind, "/batch/read"), body, lane=lane)
            for row in rows_of(answer, "batch.read"):
                events += _events(RemoteRef(kind, id_of(row, kind)), row, since)
    return sorted(events, key=lambda event: event.at)


def required_of(client: HubSpotClient, kind: str, *, lane: Lane) -> frozenset[str] | None:
    """What the account's rules want of every new record; ``None`` where the object's schema is not shown."""
    try:
        told = object_of(client.get("schema", client.paths.schema(kind), lane=lane), "schema")
    except Unauthorized:
        raise
    except (Rejected, NeedsOperator, CallFailed):  # told as api.refused; the properties themselves are known
        return None
    named = told.get("requiredProperties")
    return frozenset(name for name in named if isinstance(name, str)) if isinstance(named, list) else None


def _field(kind: str, row: Mapping[str, Any], *, required: bool) -> RemoteField:
    name, type_, form = str(row["name"]), str(row.get("type") or ""), str(row.get("fieldType") or "")
    modification = row.get("modificationMetadata") or {}
    external = bool(row.get("externalOptions"))
    return RemoteField(
        name=name,
        type="enumeration/checkbox" if (type_, form) == ("enumeration", "checkbox") else type_,
        label=str(row.get("label") or name),
        writable=not (modification.get("readOnlyValue") or row.get("calculated")),
        required=required,
        unique=bool(row.get("hasUniqueValue")) or (kind, name) == (CONTACTS, "email"),
        length=LONGEST_TEXT if type_ == "string" else 0,
        restricted=type_ == "enumeration" and not external,
        options=tuple(
            RemoteOption(str(option.get("value")), str(option.get("label") or ""), active=not option.get("hidden"))
            for option in row.get("options") or []
        ),
    )


def _owners(client: HubSpotClient, archived: str, *, lane: Lane) -> Iterator[Mapping[str, Any]]:
    after: str | None = None
    turns = Turns("owners")
    while True:
        query: dict[str, str | Sequence[str]] = {"limit": "100", "archived": archived}
        if after is not None:
            query["after"] = after
        rows, following = results_of(client.get("owners", client.paths.owners(), lane=lane, query=query), "owners")
        after = turns.to(following)
        yield from rows
        if after is None:
            return


def _events(ref: RemoteRef, row: Mapping[str, Any], since: Instant) -> Iterator[FieldEvent]:
    for name, entries in (row.get("propertiesWithHistory") or {}).items():
        for entry in entries or []:
            stamp = read_stamp(entry.get("timestamp"))
            if stamp is not None and instant_of(stamp) >= since:
                at, value = instant_of(stamp), as_wire(entry.get("value"))
                yield FieldEvent(ref, name, value, at, _author(entry), _sort(entry), is_native(entry))


def _author(entry: Mapping[str, Any]) -> str:
    """A person's user id, an app's id, or ``system`` for what HubSpot does by itself (workflows, calculations)."""
    if entry.get("updatedByUserId"):
        return str(entry["updatedByUserId"])
    key = str(entry.get("sourceId") or "").removeprefix(_USER)
    return key if key and str(entry.get("sourceType")) in _PEOPLE else "system"


def _sort(entry: Mapping[str, Any]) -> AuthorSort:
    """A person only where a user is named, and not as the one for whom an app, a workflow or a form acts."""
    named = entry.get("updatedByUserId") or str(entry.get("sourceId") or "").startswith(_USER)
    return AuthorSort.USER if named and str(entry.get("sourceType")) not in _AUTOMATION else AuthorSort.SYSTEM


def _teams(row: Mapping[str, Any]) -> str:
    """The name of an owner's primary team, else of the first that is told."""
    teams = [team for team in row.get("teams") or () if isinstance(team, dict) and team.get("name")]
    first = next((team for team in teams if team.get("primary") is True), teams[0] if teams else None)
    return "" if first is None else str(first["name"])
