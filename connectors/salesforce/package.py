"""The same that ``setup`` makes, as an SFDX project: for orgs where changes go through review and deployment.

Made without a call: which standard fields a permission set may name is known (``known.permitted``). A permission set
that names a field which belongs to everybody cannot be deployed (Metadata API, "PermissionSet"). The mapping of lead
conversion lies in a folder of its own, which the printed command does not deploy: an org has one such mapping, and an
administrator adds these lines to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from xml.sax.saxutils import escape

from connectors.salesforce.conversion import CONTACT, LEAD, to_be_mapped
from connectors.salesforce.fitting import DESCRIPTION, NAME, OBJECT_PERMISSIONS, own_fields
from connectors.salesforce.known import permitted
from connectors.salesforce.rights import LOOKED_UP, LookedUp, looked_up, user_permissions
from syncd.model.fitting import Needs

_SOURCE: Final = "force-app/main/default"
_CONVERSION: Final = "lead-conversion/main/default/LeadConvertSettings/LeadConvertSettings.LeadConvertSetting-meta.xml"
_NAMESPACE: Final = "http://soap.sforce.com/2006/04/metadata"


def package(needs: Needs, *, api_version: str, individuals: bool = False) -> dict[str, str]:
    """Path to text of every file of the project.

    :param individuals: whether wishes to be forgotten are heard (``crm.privacy.individual``).
    """
    carried = [pair for pair in to_be_mapped(needs) if pair[1].endswith("__c")]
    folders = ['{ "path": "force-app", "default": true }']
    if carried:
        folders.append(f'{{ "path": "{_CONVERSION.partition("/")[0]}" }}')
    files = {
        "sfdx-project.json": f'{{\n  "packageDirectories": [{", ".join(folders)}],\n'
        f'  "sourceApiVersion": "{api_version}"\n}}\n',
        f"{_SOURCE}/permissionsets/{NAME}.permissionset-meta.xml": _permission_set(
            needs, looked_up(needs, individuals=individuals)
        ),
    }
    if carried:
        files[_CONVERSION] = _document("LeadConvertSettings", _conversion(carried))
    for name, field, metadata in own_fields(needs):
        text = _document("CustomField", _elements({"fullName": field, **metadata}))
        files[f"{_SOURCE}/objects/{name}/fields/{field}.field-meta.xml"] = text
    return files


def _conversion(pairs: Sequence[tuple[str, str]]) -> list[str]:
    """Metadata API, "LeadConvertSettings": it maps custom fields alone."""
    fields = [{"inputField": lead, "outputField": contact} for lead, contact in pairs]
    return _nested("objectMapping", {"inputObject": LEAD, "mappingFields": fields, "outputObject": CONTACT})


def _permission_set(needs: Needs, beside: Mapping[str, LookedUp]) -> str:
    lines: list[str] = [*_elements({"description": DESCRIPTION})]
    named = {name: permitted(need) for name, need in needs.objects.items()}
    named |= {name: dict.fromkeys(behind.fields, False) for name, behind in beside.items()}
    for name, fields in sorted(named.items()):
        for field, editable in fields.items():
            lines += _nested("fieldPermissions", {"editable": editable, "field": f"{name}.{field}", "readable": True})
    lines += _elements({"label": NAME})
    for name in sorted(beside.keys() | needs.objects.keys()):
        given = LOOKED_UP if name in beside else OBJECT_PERMISSIONS
        rights: dict[str, object] = {_object_word(right): right in given for right in OBJECT_PERMISSIONS}
        lines += _nested("objectPermissions", {**dict(sorted(rights.items())), "object": name})
    for right in sorted(user_permissions(needs)):
        lines += _nested("userPermissions", {"enabled": True, "name": right.removeprefix("Permissions")})
    return _document("PermissionSet", lines)


def _object_word(right: str) -> str:
    """``PermissionsViewAllRecords`` as metadata spells it: ``viewAllRecords``, ``allowEdit``."""
    word = right.removeprefix("Permissions")
    return word[0].lower() + word[1:] if word.endswith("AllRecords") else f"allow{word}"


def _document(root: str, lines: Iterable[str]) -> str:
    inside = "\n".join(f"    {line}" for line in lines)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} xmlns="{_NAMESPACE}">\n{inside}\n</{root}>\n'


def _nested(name: str, values: Mapping[str, object]) -> list[str]:
    return [f"<{name}>", *(f"    {line}" for line in _elements(values)), f"</{name}>"]


def _elements(values: Mapping[str, object]) -> list[str]:
    lines: list[str] = []
    for name, value in values.items():
        for each in value if isinstance(value, list) else [value]:
            lines += _nested(name, each) if isinstance(each, dict) else [f"<{name}>{_text(each)}</{name}>"]
    return lines


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else escape(str(value))
