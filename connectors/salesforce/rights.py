"""What the integration user may do, as its permission sets say, held against what the mapping needs.

A user's rights are the union of its permission sets; the one that belongs to its profile is among them. Reading them
needs *View Setup and Configuration*. Where that is lacking, the describe of each object still tells what may be made
and edited, and only the rights that no describe shows remain unknown. Facts: object reference, "PermissionSet",
"ObjectPermissions", "PermissionSetAssignment".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from connectors.salesforce import soql
from connectors.salesforce.catalog import PEOPLE, Catalog
from connectors.salesforce.client import SalesforceClient
from connectors.salesforce.errors import CallRefused
from connectors.salesforce.queries import Queries
from connectors.salesforce.wire import INDIVIDUAL, SHOULD_FORGET
from syncd.model.errors import NeedsOperator
from syncd.model.fitting import Finding, Needs, Severity, Topic
from syncd.model.values import Lane, Side

PERMISSION_SET: Final = "Setup > Permission Sets > syncd"
MEND: Final = f"{PERMISSION_SET}, or let `syncd setup` do it"
ALL: Final = {
    "PermissionsViewAllRecords": "PermissionsViewAllData",
    "PermissionsModifyAllRecords": "PermissionsModifyAllData",
}
"""A right to all records of one object, and the right to all records of all objects that includes it."""


@dataclass(frozen=True, slots=True)
class Right:
    """A right, what it is called in Setup, what breaks without it and how badly."""

    name: str
    label: str
    breaks: str
    severity: Severity = Severity.BROKEN


@dataclass(frozen=True, slots=True)
class LookedUp:
    """Why an object that is not mapped is read all the same, what breaks where it is not, and what is read of it."""

    why: str
    breaks: str
    fields: tuple[str, ...] = ()


DEPENDS: Final = {"Contact": "Account", "Opportunity": "Account"}
"""An object whose Read and View All need the same of another one (vendor: "depends on permission(s)")."""
OBJECT_RIGHTS: Final = (
    Right("PermissionsRead", "Read", "its records cannot be read: nothing of this kind is kept in step"),
    Right("PermissionsCreate", "Create", "people who are new on the marketing side are not created in the CRM"),
    Right("PermissionsEdit", "Edit", "changes from the marketing side do not arrive"),
    Right(
        "PermissionsViewAllRecords",
        "View All",
        "records that are not shared with the user look as if they did not exist, and are created a second time",
    ),
    Right(
        "PermissionsModifyAllRecords",
        "Modify All",
        "records that others own and do not share for editing refuse every change",
        Severity.RISK,
    ),
)
LOOKED_UP: Final = ("PermissionsRead", "PermissionsViewAllRecords")
"""What is needed of an object that is only looked up."""
USER_RIGHTS: Final = (
    Right("PermissionsApiEnabled", "API Enabled", "every call is refused"),
    Right(
        "PermissionsUpdateWithInactiveOwner",
        "Update Records with Inactive Owners",
        "records whose owner has left refuse every change",
        Severity.RISK,
    ),
    Right(
        "PermissionsViewAllUsers",
        "View All Users",
        "owners that the user may not see stay unknown on the marketing side",
        Severity.RISK,
    ),
)
NEVER_NEEDED: Final = {
    "PermissionsModifyAllData": "Modify All Data",
    "PermissionsViewAllData": "View All Data",
    "PermissionsManageUsers": "Manage Users",
    "PermissionsManageProfilesPermissionsets": "Manage Profiles and Permission Sets",
    "PermissionsAssignPermissionSets": "Assign Permission Sets",
    "PermissionsManageSharing": "Manage Sharing",
    "PermissionsModifyMetadata": "Modify Metadata",
    "PermissionsCustomizeApplication": "Customize Application",
    "PermissionsAuthorApex": "Author Apex",
    "PermissionsDataExport": "Weekly Data Export",
    "PermissionsBulkApiHardDelete": "Bulk API Hard Delete",
    "PermissionsTransferAnyEntity": "Transfer Record",
    "PermissionsConvertLeads": "Convert Leads",
}
MAY_CHANGE: Final = ("PermissionsCreate", "PermissionsEdit", "PermissionsDelete", "PermissionsModifyAllRecords")
INACTIVE_OWNERS: Final = "PermissionsUpdateWithInactiveOwner"
PREFERENCE: Final = (
    "Setup > User Interface: tick \"Enable 'Set Audit Fields upon Record Creation' and 'Update Records with Inactive "
    "Owners' User Permissions\", which is off in new orgs; then run `syncd setup` again"
)
"""Without it the right does not exist in the org (vendor's release notes, Winter '16)."""
TRANSFER: Final = Right(
    "PermissionsTransferAnyLead",
    "Transfer Leads",
    "leads of others cannot be given another owner",
)
VIEW_SETUP: Final = ("PermissionsViewRoles", "PermissionsViewSetup")
"""The second depends on the first."""
SHOWN: Final = 8


def looked_up(needs: Needs, *, individuals: bool) -> dict[str, LookedUp]:
    """Objects of which everything is read and nothing written: those that rights depend on, and people's wishes.

    :param individuals: whether wishes to be forgotten are heard (``crm.privacy.individual``).
    """
    found = {
        DEPENDS[name]: LookedUp(f"the rights on {name} depend on them", f"the rights on {name} cannot be given")
        for name in needs.objects
        if DEPENDS.get(name, name) not in needs.objects
    }
    if individuals and PEOPLE & needs.objects.keys():
        breaks = "the wish of a person to be forgotten is not heard"
        found[INDIVIDUAL] = LookedUp("a person's wish to be forgotten stands there", breaks, (SHOULD_FORGET,))
    return found


def user_permissions(needs: Needs) -> tuple[str, ...]:
    """What the permission set gives beside objects and fields."""
    return (*(right.name for right in USER_RIGHTS), *((TRANSFER.name,) if needs.gives_owners else ()), *VIEW_SETUP)


class Rights:
    """Reads the rights of the user that the session acts as."""

    def __init__(self, client: SalesforceClient, queries: Queries, catalog: Catalog) -> None:
        self._client = client
        self._queries = queries
        self._catalog = catalog

    def findings(self, needs: Needs, lane: Lane) -> list[Finding]:
        """What is missing, and what goes beyond need."""
        user = self._client.user(lane)
        told = self._held(user, lane) if user else None
        if told is None:
            return [_unreadable(user), *self._described(needs, lane)]
        general, by_object = told
        found = [
            _missing(right, "The user", *([PREFERENCE] if right.name not in general else []))
            for right in _wanted(needs)
            if not general.get(right.name, False)
        ]
        for name in needs.objects:
            held = by_object.get(name, {})
            found += [
                _missing(right, name)
                for right in OBJECT_RIGHTS
                if not held.get(right.name) and not general.get(ALL.get(right.name, ""), False)
            ]
            if held.get("PermissionsDelete") and not held.get("PermissionsModifyAllRecords"):
                found.append(_beyond(f"Delete on {name}"))
        beside = looked_up(needs, individuals=self._client.account.individuals)
        for name, behind in beside.items():
            held = by_object.get(name, {})
            found += [
                _missing(replace(right, breaks=behind.breaks), name)
                for right in OBJECT_RIGHTS
                if right.name in LOOKED_UP and not held.get(right.name) and not general.get(ALL.get(right.name, ""))
            ]
            seen = self._catalog.of(name, lane) if behind.fields else {}
            found += [_hidden(f"{name}.{field}", behind.breaks) for field in behind.fields if field not in seen]
        needed = needs.objects.keys() | set(DEPENDS.values()) & beside.keys()
        others = sorted(
            name
            for name, held in by_object.items()
            if name not in needed and any(held.get(right) for right in MAY_CHANGE)
        )
        if others:
            shown = ", ".join(others[:SHOWN]) + (" and more" if len(others) > SHOWN else "")
            found.append(_beyond(f"to change {shown}"))
        beyond = dict(NEVER_NEEDED) | ({} if needs.gives_owners else {TRANSFER.name: TRANSFER.label})
        return found + [_beyond(label) for name, label in beyond.items() if general.get(name)]

    def _held(self, user: str, lane: Lane) -> tuple[Mapping[str, bool], Mapping[str, Mapping[str, bool]]] | None:
        """User permissions that the org has, and object permissions by object; ``None`` if this user may not look."""
        try:
            known = self._catalog.of("PermissionSet", lane)
            names = [*(right.name for right in (*USER_RIGHTS, TRANSFER)), *NEVER_NEEDED]
            asked = [name for name in names if name in known]
            if not asked:
                return None
            mine = ("PermissionSetId", "PermissionSetAssignment", soql.equals("AssigneeId", user))
            sets, objects_ = self._queries.all(
                [
                    soql.select(("Id", *asked), "PermissionSet", soql.within("Id", *mine)),
                    soql.select(
                        ("SobjectType", *(right.name for right in OBJECT_RIGHTS), "PermissionsDelete"),
                        "ObjectPermissions",
                        soql.within("ParentId", *mine),
                    ),
                ],
                lane,
            )
        except (CallRefused, NeedsOperator):  # hidden from this user: what that means is a finding of its own
            return None
        general = {name: any(row.get(name) is True for row in sets) for name in asked}
        by_object: dict[str, dict[str, bool]] = {}
        for row in objects_:
            held = by_object.setdefault(str(row.get("SobjectType")), {})
            held.update({name: True for name, value in row.items() if value is True})
        return general, by_object

    def _described(self, needs: Needs, lane: Lane) -> list[Finding]:
        """What the describe of each object shows by itself."""
        found = []
        for name, need in needs.objects.items():
            fields = self._catalog.of(name, lane)
            if not fields:
                found.append(_missing(OBJECT_RIGHTS[0], name))
            elif need.written and not any(fields[each].writable for each in need.written if each in fields):
                found.append(_missing(OBJECT_RIGHTS[2], name))
        return found


def _wanted(needs: Needs) -> list[Right]:
    rights = [right for right in USER_RIGHTS if right.name != "PermissionsViewAllUsers" or needs.owners]
    return rights + ([TRANSFER] if needs.gives_owners else [])


def _missing(right: Right, whose: str, where: str = MEND) -> Finding:
    return Finding(
        Side.CRM,
        Topic.RIGHTS,
        right.severity,
        f"{whose}: the right '{right.label}' is missing",
        right.breaks,
        where,
    )


def _hidden(field: str, breaks: str) -> Finding:
    what = f"{field} does not exist or is hidden from syncd"
    return Finding(
        Side.CRM, Topic.RIGHTS, Severity.BROKEN, what, breaks, f"{PERMISSION_SET}, or let `syncd setup` do it"
    )


def _beyond(label: str) -> Finding:
    return Finding(
        Side.CRM,
        Topic.RIGHTS,
        Severity.RISK,
        f"the user has the right '{label}', which syncd does not need",
        "whoever gets hold of the credentials can do more than syncd ever does",
        "Setup > Users > the integration user: take it from the profile or permission set that gives it",
    )


def _unreadable(user: str | None) -> Finding:
    why = "its permission sets are hidden from it" if user else "the login does not say which user it is"
    return Finding(
        Side.CRM,
        Topic.RIGHTS,
        Severity.RISK,
        f"not all rights of the user could be looked at: {why}",
        "whether it sees and may edit records that others own is not known",
        f"{PERMISSION_SET} > System Permissions: View Setup and Configuration",
    )
