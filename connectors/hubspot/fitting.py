"""Scopes of a token held against need, and the properties that ``setup`` makes: keys, and what syncd fills.

A token's scopes are told by an endpoint that is documented for private apps; where it does not answer (it is not
documented for service keys), one cheap read per scope tells what is missing, and scopes to write stay unknown. Rights
to write cannot be tried without writing. Facts: vendor's guides to private apps, scopes and properties.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final

from connectors.hubspot.client import HubSpotClient, object_of, rows_of
from connectors.hubspot.errors import Rejected
from connectors.hubspot.natively import lately_synced
from connectors.transport import Unauthorized
from syncd.model.errors import Bug, NeedsOperator, RetryLater
from syncd.model.fitting import Finding, Fitted, Needs, OwnField, Severity, Step, Topic
from syncd.model.native import Synced
from syncd.model.values import FieldType, Instant, Lane, Side

KEYS: Final = "HubSpot > Development > Keys > Service keys (or the private app) > Scopes"
OPT_OUT: Final = "communication_preferences.read_write"
OPT_OUT_BATCH: Final = "communication_preferences.statuses.batch.write"
_GROUPS: Final = {
    "contacts": "contactinformation",
    "companies": "companyinformation",
    "deals": "dealinformation",
    "calls": "call",
    "meetings": "meeting",
    "notes": "note",
    "tasks": "task",
}
_SCOPED_AS: Final = dict.fromkeys(("calls", "meetings", "notes", "tasks"), "contacts")
"""Engagements have no scopes of their own: those of contacts count (guides of these objects)."""
_SORTS: Final = {
    FieldType.ENUM: ("enumeration", "select"),
    FieldType.DECIMAL: ("number", "number"),
    FieldType.INTEGER: ("number", "number"),
    FieldType.MONEY: ("number", "number"),
    FieldType.TEXT: ("string", "textarea"),
    FieldType.DATETIME: ("datetime", "date"),
    FieldType.BOOLEAN: ("bool", "booleancheckbox"),
}
"""Type and field type of a property for what a derived field may hold."""
_HARMLESS: Final = frozenset({"oauth"})
"""Scopes that every token has."""


def scopes(needs: Needs) -> dict[str, str]:
    """The scopes that the mapping needs, and what breaks without each."""
    wanted: dict[str, str] = {}
    for name, need in needs.objects.items():
        scoped = _SCOPED_AS.get(name, name)
        reads, writes = f"crm.objects.{scoped}.read", f"crm.objects.{scoped}.write"
        wanted.setdefault(reads, f"{name} cannot be read: nothing of this kind is kept in step")
        if need.written:
            wanted.setdefault(writes, f"changes from the CRM do not arrive at {name}")
        wanted[f"crm.schemas.{scoped}.read"] = "the mapping cannot be checked, so nothing is read or written"
    if needs.owners:
        wanted["crm.objects.owners.read"] = "who owns a record in HubSpot cannot be told to the CRM"
    if needs.lists:
        wanted["crm.lists.read"] = "nobody is added to a campaign because of a list"
    if needs.opt_outs:
        wanted[OPT_OUT] = "an opt-out in the CRM does not stop e-mails from HubSpot"
    return wanted


def admin_scopes(needs: Needs) -> list[str]:
    """What the administrator's token needs for ``setup``."""
    names = dict.fromkeys(_SCOPED_AS.get(name, name) for name in needs.objects)
    return [f"crm.schemas.{name}.{right}" for name in names for right in ("read", "write")]


def own_properties(needs: Needs) -> Iterator[tuple[str, str]]:
    """Object and name of every property that syncd keeps for itself."""
    for name, need in needs.objects.items():
        yield name, need.key
        if need.origin:
            yield name, need.origin
        for column in need.derived:
            yield name, column


class HubSpotFitting:
    """Implements ``syncd.ports.fitting.Fitting``."""

    def __init__(self, client: HubSpotClient, *, lane: Lane) -> None:
        self._client = client
        self._lane = lane

    def user(self) -> str | None:
        """None: a service key acts for the account."""
        return None

    def rights(self, needs: Needs) -> Sequence[Finding]:
        """One call, or one per scope to read where the token's scopes are not told."""
        wanted = scopes(needs)
        held = self._scopes()
        if held is None:
            return self._tried(needs, wanted)
        found = [_missing(scope, breaks) for scope, breaks in wanted.items() if scope not in held]
        spare = held - wanted.keys() - _HARMLESS - ({OPT_OUT_BATCH} if needs.opt_outs else set())
        return found + [_beyond(scope) for scope in sorted(spare)]

    def synced(self, object: str, notes: Collection[str], since: Instant, *, most: int) -> Sequence[Synced]:
        """See the Protocol; one search."""
        return lately_synced(self._client, object, notes, since, most=most, lane=self._lane)

    def survey(self, needs: Needs, *, user: str | None) -> Fitted:
        """The key properties and those that syncd fills; one call an object."""
        there: list[str] = []
        steps: list[Step] = []
        by_hand: list[str] = []
        for name, need in needs.objects.items():
            known = {str(row.get("name")): row for row in self._properties(name)}
            found = known.get(need.key)
            what = f"property {name}.{need.key}"
            if found is None:
                why = "it names the CRM's record; without it a lost answer makes a second record"
                steps.append(Step(Side.MARKETING, name, what, why, _key(name, need.key)))
            elif found.get("hasUniqueValue") is not True:
                by_hand.append(
                    f"{what} does not require unique values, which HubSpot cannot switch on later: delete it in "
                    "Settings > Properties (it is archived for 90 days) and run `syncd setup` again"
                )
            else:
                there.append(what)
            if need.origin and need.origin not in known:
                body = _text(name, need.origin, "Why syncd wrote last. Kept by syncd.")
                origin = f"property {name}.{need.origin}"
                steps.append(Step(Side.MARKETING, name, origin, "it tells workflows why a write happens", body))
            for column, own in need.derived.items():
                what = f"property {name}.{column}"
                if column in known:
                    there.append(what)
                else:
                    steps.append(
                        Step(Side.MARKETING, name, what, "it shows what syncd computes", _own(name, column, own))
                    )
        held = self._scopes()
        lacking = [scope for scope in admin_scopes(needs) if held is not None and scope not in held]
        if steps and lacking:
            by_hand.append(f"the administrator's token lacks {', '.join(lacking)}: add them in {KEYS}")
        return Fitted(tuple(there), tuple(steps), tuple(by_hand))

    def make(self, step: Step) -> None:
        """One request; a property that is there by now is no error."""
        try:
            self._client.write("setup", self._client.paths.properties(step.id), step.body, lane=self._lane)
        except Rejected as why:
            if why.status != 409:
                raise NeedsOperator(
                    f"{step.what}: HubSpot answers {why.status} {why.fault.code} ({why.fault.message}); make it by "
                    "hand, as docs/first-steps.md says, and run `syncd setup` again"
                ) from why

    def _properties(self, kind: str) -> list[dict[str, Any]]:
        return rows_of(
            self._client.get("properties", self._client.paths.properties(kind), lane=self._lane), "properties"
        )

    def _scopes(self) -> set[str] | None:
        """The scopes of the token; ``None`` if HubSpot does not tell them."""
        try:
            told = object_of(self._client.describe_token(lane=self._lane), "token")
        except (NeedsOperator, RetryLater, Bug):  # not told for this sort of token: `rights` tries the calls themselves
            return None
        named = told.get("scopes")
        return {str(scope) for scope in named} if isinstance(named, list) else None

    def _tried(self, needs: Needs, wanted: dict[str, str]) -> list[Finding]:
        """What a read of each sort is answered, where the scopes are not told."""
        paths = self._client.paths
        tries = {f"crm.objects.{name}.read": paths.objects(name) for name in needs.objects}
        tries |= {f"crm.schemas.{name}.read": paths.properties(name) for name in needs.objects}
        tries["crm.objects.owners.read"] = paths.owners()
        found = []
        for scope, path in tries.items():
            if scope not in wanted:
                continue
            try:
                self._client.get("rights", path, lane=self._lane, query={"limit": "1"})
            except Unauthorized:
                raise
            except NeedsOperator:
                found.append(_missing(scope, wanted[scope]))
        unknown = [scope for scope in wanted if scope not in tries]
        if unknown:
            found.append(
                Finding(
                    Side.MARKETING,
                    Topic.RIGHTS,
                    Severity.NOTICE,
                    f"whether the token has {', '.join(unknown)} cannot be told without writing",
                    "a scope that is missing shows with the first write, which then waits for a person",
                    KEYS,
                )
            )
        return found


def _missing(scope: str, breaks: str) -> Finding:
    return Finding(
        Side.MARKETING, Topic.RIGHTS, Severity.BROKEN, f"the token lacks the scope {scope}", breaks, f"{KEYS}: add it"
    )


def _beyond(scope: str) -> Finding:
    return Finding(
        Side.MARKETING,
        Topic.RIGHTS,
        Severity.RISK,
        f"the token has the scope {scope}, which syncd does not need",
        "whoever gets hold of the token can do more than syncd ever does",
        f"{KEYS}: take it away",
    )


def _key(kind: str, name: str) -> dict[str, object]:
    text = _text(kind, name, "Id of the record in the CRM. Kept by syncd; do not edit.")
    return {**text, "label": "syncd CRM id" if name == "syncd_crm_id" else text["label"], "hasUniqueValue": True}


def _own(kind: str, name: str, own: OwnField) -> dict[str, object]:
    """The definition of a property that syncd fills. Facts: vendor's guide to properties, "Property type and fieldType
    values"; an enumeration needs its options, and a checkbox shows those two.
    """
    sort, shown = _SORTS[own.type]
    body = {**_text(kind, name, own.words), "type": sort, "fieldType": shown}
    options = (("true", "Yes"), ("false", "No")) if own.type is FieldType.BOOLEAN else own.options
    if options:
        body["options"] = [
            {"label": words, "value": value, "displayOrder": number, "hidden": False}
            for number, (value, words) in enumerate(options)
        ]
    return body


def _text(kind: str, name: str, description: str) -> dict[str, object]:
    return {
        "name": name,
        "label": name.replace("_", " "),
        "type": "string",
        "fieldType": "text",
        "groupName": _GROUPS.get(kind, f"{kind}information"),
        "description": description,
        "formField": False,
    }
