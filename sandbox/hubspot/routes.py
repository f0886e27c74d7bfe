"""Paths: which endpoint answers, under which meter and scope, in the numbered and in the date-versioned spelling.

``/crm/v3/objects/X`` and ``/crm/objects/2026-03/X`` are one place, and so on (vendor's migration guide). A path is
reduced to an area, a version and the rest; each area has one function that finds the endpoint by method and rest.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from sandbox.hubspot import (
    associations,
    batch,
    consents,
    lists,
    objects,
    owners,
    pipelines,
    preferences,
    properties,
    schemas,
    search,
    tokens,
)
from sandbox.hubspot.exchange import Exchange
from sandbox.hubspot.limits import Meter
from sandbox.hubspot.portal import NAMES
from sandbox.hubspot.standard import OBJECT_TYPES
from sandbox.kernel import Answered

Endpoint = Callable[[Exchange], Answered]

#: Asks about a token; it has no dated twin.
TOKEN_INFO = "/oauth/v2/private-apps/get/access-token-info"  # not a secret
#: Date-versioned paths that exist; each is supported for 18 months.
DATED = ("2026-03", "2026-09")
_CRM = "objects|properties|owners|associations|pipelines|lists"
_NUMBERED = re.compile(rf"/crm/(v3|v4)/({_CRM})(?:/(.*))?")
_DATED_CRM = re.compile(rf"/crm/({_CRM})/(\d{{4}}-\d\d)(?:/(.*))?")
#: Schemas of objects are told under two numbered paths and no dated one.
_SCHEMAS = re.compile(r"/(?:crm-object-schemas|crm)/v3/schemas(?:/([^/]+))?/?")
_OTHER = re.compile(r"/(account-info|communication-preferences)/(v3|v4|\d{4}-\d\d)/(.*)")
_OAUTH = re.compile(r"/oauth/(v1|\d{4}-\d\d)/(.*)")
_CUSTOM = re.compile(r"2-\d+|p\d+_\w+")
_NUMBERS = {
    "objects": ("v3", "v4"),
    "properties": ("v3",),
    "owners": ("v3",),
    "associations": ("v4",),
    "pipelines": ("v3",),
    "lists": ("v3",),
    "account-info": ("v3",),
    "communication-preferences": ("v3", "v4"),
    "oauth": ("v1",),
}
_SCOPE_OF = {kind.name: kind.scope or kind.name for kind in OBJECT_TYPES}
_CUSTOM_SCHEMAS = ("crm.schemas.custom.read",)
_PREFERENCES_READ = ("communication_preferences.read_write", "communication_preferences.read")
_PREFERENCES_BATCH = ("communication_preferences.statuses.batch.write",)  # Marketing Hub Enterprise only
_PREFERENCES_WRITE = ("communication_preferences.read_write", "communication_preferences.write")

#: Batch endpoints of records: last part of the path -> endpoint and right.
_BATCHES: Mapping[str, tuple[Callable[..., Answered], str]] = {
    "read": (batch.reads, "read"),
    "create": (batch.creates, "write"),
    "update": (batch.updates, "write"),
    "upsert": (batch.upserts, "write"),
    "archive": (batch.archives, "write"),
}
#: Endpoints of all records of an object, by method and what follows the object.
_RECORDS: Mapping[tuple[str, ...], tuple[str, Callable[..., Answered], str]] = {
    ("GET",): ("list", objects.lists, "read"),
    ("POST",): ("create", objects.creates, "write"),
    ("POST", "merge"): ("merge", objects.merges, "write"),
    ("POST", "gdpr-delete"): ("gdpr_delete", objects.gdpr_deletes, "write"),
}
#: Endpoints of one record, by method.
_RECORD: Mapping[str, tuple[str, Callable[..., Answered], str]] = {
    "GET": ("read", objects.reads, "read"),
    "PATCH": ("update", objects.updates, "write"),
    "DELETE": ("archive", objects.archives, "write"),
}


@dataclass(frozen=True, slots=True)
class Route:
    """Where a request goes. One of ``scopes`` is needed; none means any valid token will do, and
    ``open`` that not even a token is needed. ``object`` is whose records it concerns. What is not ``metered`` no limit
    counts.
    """

    operation: str
    run: Endpoint
    scopes: tuple[str, ...] = ()
    meter: Meter = "ordinary"
    version: str = "v3"
    open: bool = False
    object: str = ""
    metered: bool = True


class Router:
    """Finds the endpoint of a request. Holds the hit caches of search, one per object."""

    def __init__(self, installations: tokens.Installations) -> None:
        self._installations = installations
        self._caches: dict[str, search.HitCache] = {}
        self._areas: dict[str, Callable[[str, str, list[str]], Route | None]] = {
            "objects": self._objects,
            "properties": _properties,
            "owners": _owners,
            "associations": _associations,
            "pipelines": _pipelines,
            "lists": _lists,
            "oauth": self._oauth,
            "account-info": _account,
            "communication-preferences": _preferences,
        }

    def find(self, method: str, path: str) -> Route | None:
        """The route of a request, or ``None`` if HubSpot has no such path."""
        if (method, path) == ("POST", TOKEN_INFO):
            return Route("token.info", tokens.describes, version="v2", open=True)
        if method == "GET" and (match := _SCHEMAS.fullmatch(path)):
            kind = match[1]
            if kind is None:
                return Route("schemas.list", schemas.lists, _CUSTOM_SCHEMAS)
            return _schema("schemas.read", partial(schemas.reads, kind=kind), kind, "read")
        if match := _NUMBERED.fullmatch(path):
            version, area, rest = match.groups()
        elif (match := _DATED_CRM.fullmatch(path)) or (match := _OTHER.fullmatch(path)):
            area, version, rest = match.groups()
        elif match := _OAUTH.fullmatch(path):
            area, (version, rest) = "oauth", match.groups()
        else:
            return None
        if version not in _NUMBERS[area] and version not in DATED:
            return None
        parts = (rest or "").rstrip("/").split("/") if rest else []
        # Version 4 of the object paths is associations only; version 3 has none of them.
        if area == "objects" and version in ("v3", "v4") and (version == "v4") != ("associations" in parts[2:3]):
            return None
        route = self._areas[area](method, version, parts)
        return None if route is None else _versioned(route, version)

    def _objects(self, method: str, version: str, parts: list[str]) -> Route | None:
        match (method, *parts):
            case ("POST", kind, "search"):
                run: Endpoint = partial(search.searches, kind=kind, caches=self._caches)
                return _on("search", run, kind, "read", meter="search")
            case ("POST", kind, "batch", name) if name in _BATCHES:
                endpoint, right = _BATCHES[name]
                return _on(f"batch.{name}", partial(endpoint, kind=kind), kind, right)
            case (_, kind) | ("POST", kind, "merge" | "gdpr-delete") if (method, *parts[1:]) in _RECORDS:
                operation, endpoint, right = _RECORDS[method, *parts[1:]]
                return _on(operation, partial(endpoint, kind=kind), kind, right)
            case (_, kind, key) if method in _RECORD:
                operation, endpoint, right = _RECORD[method]
                return _on(operation, partial(endpoint, kind=kind, key=key), kind, right)
            case (_, kind, key, "associations", *rest):
                return _linked(method, kind, key, rest)
        return None

    def _oauth(self, method: str, version: str, parts: list[str]) -> Route | None:
        """Calls of apps that ask for tokens: they prove themselves in the call, and no limit counts them."""
        match (method, *parts):
            case ("POST", "token"):
                name, run = "token", partial(tokens.buys, installations=self._installations)
            case ("GET", "access-tokens", token):
                name, run = "read", partial(tokens.reads_access, token=token, installations=self._installations)
            case ("GET", "refresh-tokens", token):
                name, run = "read", partial(tokens.reads_refresh, token=token, installations=self._installations)
            case ("DELETE", "refresh-tokens", token):
                name, run = "archive", partial(tokens.deletes_refresh, token=token, installations=self._installations)
            case _:
                return None
        return Route(f"oauth.{name}", run, open=True, metered=False)


def _linked(method: str, kind: str, key: str, rest: list[str]) -> Route | None:
    match (method, *rest):
        case ("GET", end):
            run: Endpoint = partial(associations.lists, start=kind, key=key, end=end)
            return _on("associations.list", run, kind, "read", meter="associations")
        case ("PUT", "default", end, other):
            run = partial(associations.puts_default, start=kind, key=key, end=end, other=other)
        case ("PUT", end, other):
            run = partial(associations.puts, start=kind, key=key, end=end, other=other)
        case ("DELETE", end, other):
            run = partial(associations.removes, start=kind, key=key, end=end, other=other)
            return _on("associations.archive", run, kind, "write", meter="associations")
        case _:
            return None
    return _on("associations.create", run, kind, "write", meter="associations")


def _associations(method: str, version: str, parts: list[str]) -> Route | None:
    match (method, *parts):
        case ("POST", start, end, "batch", "read"):
            run: Endpoint = partial(associations.batch_reads, start=start, end=end)
            return _on("associations.batch.read", run, start, "read", meter="associations")
        case ("POST", start, end, "batch", "create"):
            run = partial(associations.batch_creates, start=start, end=end)
            return _on("associations.batch.create", run, start, "write", meter="associations")
        case ("POST", start, end, "batch", "associate", "default"):
            run = partial(associations.batch_associates, start=start, end=end)
            return _on("associations.batch.create", run, start, "write", meter="associations")
        case ("POST", start, end, "batch", "archive"):
            run = partial(associations.batch_archives, start=start, end=end)
            return _on("associations.batch.archive", run, start, "write", meter="associations")
        case ("POST", start, end, "batch", "labels", "archive"):
            run = partial(associations.batch_archives_labels, start=start, end=end)
            return _on("associations.batch.archive", run, start, "write", meter="associations")
        case ("GET", start, end, "labels"):
            run = partial(associations.lists_labels, start=start, end=end)
            return _on("associations.labels", run, start, "read", meter="associations")
    return None


def _pipelines(method: str, version: str, parts: list[str]) -> Route | None:
    match (method, *parts):
        case ("GET", kind):
            run: Endpoint = partial(pipelines.lists, kind=kind)
        case ("GET", kind, key):
            run = partial(pipelines.reads, kind=kind, key=key)
        case ("GET", kind, key, "stages"):
            run = partial(pipelines.lists_stages, kind=kind, key=key)
        case ("GET", kind, key, "stages", stage):
            run = partial(pipelines.reads_stage, kind=kind, key=key, stage=stage)
        case _:
            return None
    scopes = dict.fromkeys((*_scopes("objects", kind, "read"), *_scopes("schemas", kind, "read")))
    return Route("pipelines.list" if len(parts) in (1, 3) else "pipelines.read", run, tuple(scopes))


def _properties(method: str, version: str, parts: list[str]) -> Route | None:
    match (method, *parts):
        case ("GET", kind):
            return _schema("properties.list", partial(properties.lists, kind=kind), kind, "read")
        case ("POST", kind):
            return _schema("properties.create", partial(properties.creates, kind=kind), kind, "write")
        case ("GET", kind, "groups"):
            return _schema("properties.groups", partial(properties.lists_groups, kind=kind), kind, "read")
        case ("POST", kind, "groups"):
            return _schema("properties.groups", partial(properties.creates_group, kind=kind), kind, "write")
        case ("POST", kind, "batch", "read"):
            return _schema("properties.batch.read", partial(properties.batch_reads, kind=kind), kind, "read")
        case ("POST", kind, "batch", "create"):
            return _schema("properties.batch.create", partial(properties.batch_creates, kind=kind), kind, "write")
        case ("POST", kind, "batch", "archive"):
            return _schema("properties.batch.archive", partial(properties.batch_archives, kind=kind), kind, "write")
        case ("GET", kind, name):
            return _schema("properties.read", partial(properties.reads, kind=kind, name=name), kind, "read")
        case ("PATCH", kind, name):
            return _schema("properties.update", partial(properties.updates, kind=kind, name=name), kind, "write")
        case ("DELETE", kind, name):
            return _schema("properties.archive", partial(properties.archives, kind=kind, name=name), kind, "write")
    return None


def _owners(method: str, version: str, parts: list[str]) -> Route | None:
    scopes = ("crm.objects.owners.read",)
    match (method, *parts):
        case ("GET",):
            return Route("owners.list", owners.lists, scopes)
        case ("GET", key):
            return Route("owners.read", partial(owners.reads, key=key), scopes)
    return None


def _account(method: str, version: str, parts: list[str]) -> Route | None:
    match (method, *parts):
        case ("GET", "details"):
            return Route("account", owners.reads_account)
        case ("GET", "api-usage", "daily", "private-apps"):
            return Route("account.usage", owners.reads_usage)
    return None


def _preferences(method: str, version: str, parts: list[str]) -> Route | None:
    if version == "v3":
        return _consents(method, parts)
    match (method, *parts):
        case ("POST", "statuses", "batch", "read"):
            return Route("preferences.batch.read", preferences.batch_reads, _PREFERENCES_READ)
        case ("POST", "statuses", "batch", "write"):
            return Route("preferences.batch.update", preferences.batch_updates, _PREFERENCES_BATCH)
        case ("POST", "statuses", "batch", "unsubscribe-all"):
            return Route("preferences.batch.unsubscribe", preferences.batch_unsubscribes, _PREFERENCES_BATCH)
        case ("POST", "statuses", "batch", "unsubscribe-all", "read"):
            return Route("preferences.batch.read", preferences.batch_reads_wide, _PREFERENCES_READ)
        case ("GET", "statuses", address):
            return Route("preferences.read", partial(preferences.reads, address=address), _PREFERENCES_READ)
        case ("POST", "statuses", address):
            return Route("preferences.update", partial(preferences.updates, address=address), _PREFERENCES_WRITE)
        case ("GET", "statuses", address, "unsubscribe-all"):
            return Route("preferences.read", partial(preferences.reads_wide, address=address), _PREFERENCES_READ)
        case ("POST", "statuses", address, "unsubscribe-all"):
            run = partial(preferences.unsubscribes, address=address)
            return Route("preferences.unsubscribe", run, _PREFERENCES_WRITE)
    return None


def _consents(method: str, parts: list[str]) -> Route | None:
    """The older version of preferences, one subscription type of one address a call."""
    match (method, *parts):
        case ("GET", "status", "email", address):
            return Route("preferences.read", partial(consents.reads, address=address), _PREFERENCES_READ)
        case ("POST", "subscribe"):
            return Route("preferences.update", consents.subscribes, _PREFERENCES_WRITE)
        case ("POST", "unsubscribe"):
            return Route("preferences.update", consents.unsubscribes, _PREFERENCES_WRITE)
    return None


def _lists(method: str, _version: str, parts: list[str]) -> Route | None:
    match (method, *parts):
        case ("GET", key, "memberships", "join-order"):
            return Route("lists.members", partial(lists.reads_members, key=key), ("crm.lists.read",))
    return None


def _on(operation: str, run: Endpoint, kind: str, right: str, *, meter: Meter = "ordinary") -> Route:
    scopes = _scopes("objects", kind, right)
    return Route(operation, run, scopes, meter, object=NAMES.get(kind.lower(), kind))


def _schema(operation: str, run: Endpoint, kind: str, right: str) -> Route:
    return Route(operation, run, _scopes("schemas", kind, right))


def _scopes(area: str, kind: str, right: str) -> tuple[str, ...]:
    plural = NAMES.get(kind.lower())
    if plural == "tickets":
        return ("tickets",)  # the one object whose scope knows no rights
    if plural is None:
        return (f"crm.{area}.custom.{right}",) if _CUSTOM.fullmatch(kind.lower()) else ()
    return (f"crm.{area}.{_SCOPE_OF[plural]}.{right}",)


def _versioned(route: Route, version: str) -> Route:
    return replace(route, version=version)
