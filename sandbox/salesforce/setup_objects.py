"""The objects in which the org keeps its rights: permission sets, who has them, and what they allow.

Fields and properties as in the vendor's object reference (PermissionSet, PermissionSetAssignment, ObjectPermissions,
FieldPermissions). A profile is seen here only as the permission set that it owns (``IsOwnedByProfile``); the objects
Profile and UserLicense are not modelled. Data only; ``permissions`` says what may stand in them, ``rights`` what it
means.
"""

from __future__ import annotations

from sandbox.salesforce.definitions import (
    SEEN,
    FieldDefinition,
    ObjectDefinition,
    flag,
    id_field,
    picklist,
    reference,
    system_fields,
    text,
)

#: User permissions that a permission set can hold: field name -> label in the vendor's messages.
USER_PERMISSIONS: dict[str, str] = {
    "PermissionsApiEnabled": "API Enabled",
    "PermissionsViewAllData": "View All Data",
    "PermissionsModifyAllData": "Modify All Data",
    "PermissionsManageUsers": "Manage Users",
    "PermissionsViewAllUsers": "View All Users",
    "PermissionsUpdateWithInactiveOwner": "Update Records with Inactive Owners",
    "PermissionsTransferAnyLead": "Transfer Leads",
    "PermissionsConvertLeads": "Convert Leads",
    "PermissionsViewRoles": "View Roles and Role Hierarchy",
    "PermissionsViewSetup": "View Setup and Configuration",
    "PermissionsCustomizeApplication": "Customize Application",
}
#: Rights to an object: the part of the field name behind ``Permissions`` -> verb in the vendor's messages.
OBJECT_RIGHTS: dict[str, str] = {
    "Read": "Read",
    "Create": "Create",
    "Edit": "Edit",
    "Delete": "Delete",
    "ViewAllRecords": "Read All",
    "ModifyAllRecords": "Modify All",
}
_FIXED = {"nillable": False, "updateable": False, "permissionable": False}


def _parent() -> FieldDefinition:
    return reference("ParentId", "Parent ID", ("PermissionSet",), "Parent", indexed=True, **_FIXED)


PERMISSION_SET = ObjectDefinition(
    name="PermissionSet", label="Permission Set", plural="Permission Sets", prefix="0PS", setup=True,
    replicateable=False,
    fields=(
        id_field("PermissionSet ID"),
        text("Name", "Permission Set Name", 80, nillable=False, name_field=True, indexed=True),
        text("Label", "Permission Set Label", 80, nillable=False),
        text("Description", "Description", 255),
        flag("IsOwnedByProfile", "Is Owned By Profile", **SEEN),
        flag("IsCustom", "Is Custom", **(SEEN | {"default": True})),
        text("NamespacePrefix", "Namespace Prefix", 15, **SEEN),
        *(flag(name, label) for name, label in USER_PERMISSIONS.items()),
        *system_fields(deletable=False),
    ),
)  # fmt: skip

PERMISSION_SET_ASSIGNMENT = ObjectDefinition(
    name="PermissionSetAssignment", label="Permission Set Assignment", plural="Permission Set Assignments",
    prefix="0Pa", setup=True, replicateable=False,
    fields=(
        id_field("PermissionSetAssignment ID"),
        reference("PermissionSetId", "PermissionSet ID", ("PermissionSet",), "PermissionSet", indexed=True, **_FIXED),
        reference("AssigneeId", "Assignee ID", ("User",), "Assignee", indexed=True, **_FIXED),
        *system_fields(deletable=False),
    ),
)  # fmt: skip

OBJECT_PERMISSIONS = ObjectDefinition(
    name="ObjectPermissions", label="Object Permissions", plural="Object Permissions", prefix="110", setup=True,
    replicateable=False,
    fields=(
        id_field("ObjectPermissions ID"),
        _parent(),
        picklist("SobjectType", "SObject Type Name", (), length=40, **_FIXED),
        *(flag(f"Permissions{right}", f"{verb} Records") for right, verb in OBJECT_RIGHTS.items()),
        *system_fields(deletable=False),
    ),
)  # fmt: skip

FIELD_PERMISSIONS = ObjectDefinition(
    name="FieldPermissions", label="Field Permissions", plural="Field Permissions", prefix="01k", setup=True,
    replicateable=False,
    fields=(
        id_field("FieldPermissions ID"),
        _parent(),
        picklist("SobjectType", "SObject Type Name", (), length=40, **_FIXED),
        picklist("Field", "Field Name", (), length=121, **_FIXED),
        flag("PermissionsEdit", "Edit Field"),
        flag("PermissionsRead", "Read Field"),
        *system_fields(deletable=False),
    ),
)  # fmt: skip

SETUP_OBJECTS = (PERMISSION_SET, PERMISSION_SET_ASSIGNMENT, OBJECT_PERMISSIONS, FIELD_PERMISSIONS)
