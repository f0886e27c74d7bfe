"""Describes: an object's fields and abilities in the vendor's own keys, which are the same for every object.

Promises the complete key sets of the recorded describes; what the stand-in does not model has the value the vendor
gives it almost everywhere. Hidden fields are absent and protected ones not updateable, as field-level security does.
"""

from __future__ import annotations

from sandbox.salesforce.definitions import MASTER_TYPE, TEXT_TYPES, FieldDefinition
from sandbox.salesforce.entity import Entity
from sandbox.salesforce.relationships import child_relationship

SOAP_TYPES = {
    "id": "tns:ID", "reference": "tns:ID", "boolean": "xsd:boolean", "int": "xsd:int", "double": "xsd:double",
    "currency": "xsd:double", "percent": "xsd:double", "date": "xsd:date", "datetime": "xsd:dateTime",
    "time": "xsd:time", "address": "urn:address", "location": "urn:location", "base64": "xsd:base64Binary",
    "anyType": "xsd:anyType",
}  # fmt: skip
BYTES_PER_CHARACTER = 3
ODD = FieldDefinition(name="SandboxOdd", label="Odd", type="dataCategoryGroupReference", permissionable=False)
"""A field of a type that clients do not expect."""


def describe_field(field: FieldDefinition, *, protected: bool) -> dict[str, object]:
    """One entry of ``fields``."""
    is_id = field.type in ("id", "reference")
    byte_length = field.length if is_id else field.length * BYTES_PER_CHARACTER if field.type in TEXT_TYPES else 0
    several = len(field.refers_to) > 1
    return {
        "aggregatable": field.aggregatable,
        "aiPredictionField": False,
        "autoNumber": False,
        "byteLength": byte_length,
        "calculated": False,
        "calculatedFormula": None,
        "cascadeDelete": False,
        "caseSensitive": field.case_sensitive,
        "compoundFieldName": field.compound,
        "controllerName": field.controller,
        "createable": field.createable and not protected,
        "custom": field.custom,
        "defaultValue": field.default,
        "defaultValueFormula": None,
        "defaultedOnCreate": field.defaulted,
        "dependentPicklist": field.controller is not None,
        "deprecatedAndHidden": False,
        "digits": field.digits,
        "displayLocationInDecimal": False,
        "encrypted": False,
        "externalId": field.external_id,
        "extraTypeInfo": field.extra_type,
        "filterable": field.filterable,
        "filteredLookupInfo": None,
        "formulaTreatNullNumberAsZero": False,
        "groupable": field.groupable,
        "highScaleNumber": False,
        "htmlFormatted": False,
        "idLookup": field.id_lookup,
        "inlineHelpText": None,
        "label": field.label,
        "length": field.length,
        "mask": None,
        "maskType": None,
        "name": field.name,
        "nameField": field.name_field,
        "namePointing": several,
        "nillable": field.nillable,
        "permissionable": field.permissionable,
        "picklistValues": [
            {
                "active": entry.active,
                "defaultValue": entry.default,
                "label": entry.label or entry.value,
                "validFor": entry.valid_for,
                "value": entry.value,
            }
            for entry in field.picklist
        ],
        "polymorphicForeignKey": several,
        "precision": field.precision,
        "queryByDistance": field.type == "address",
        "referenceTargetField": None,
        "referenceTo": list(field.refers_to),
        "relationshipName": field.relationship,
        "relationshipOrder": None,
        "restrictedDelete": False,
        "restrictedPicklist": field.restricted,
        "scale": field.scale,
        "searchPrefilterable": field.type == "reference" and not several,
        "soapType": SOAP_TYPES.get(field.type, "xsd:string"),
        "sortable": field.sortable,
        "type": field.type,
        "unique": field.unique,
        "updateable": field.updateable and not protected,
        "writeRequiresMasterRead": False,
    }


def _abilities(entity: Entity) -> dict[str, object]:
    definition = entity.definition
    writeable = definition.writeable
    deletable = entity.deletable
    return {
        "activateable": False,
        "associateEntityType": "History" if definition.history_of else None,
        "associateParentEntity": definition.history_of,
        "createable": entity.createable,
        "custom": definition.name.endswith("__c"),
        "customSetting": False,
        "deepCloneable": False,
        "deletable": deletable,
        "deprecatedAndHidden": False,
        "feedEnabled": definition.mergeable,
        "hasSubtypes": False,
        "isInterface": False,
        "isSubtype": False,
        "keyPrefix": definition.prefix,
        "label": definition.label,
        "labelPlural": definition.plural,
        "layoutable": writeable,
        "mergeable": definition.mergeable,
        "mruEnabled": writeable,
        "name": definition.name,
        "queryable": True,
        "replicateable": definition.replicateable,
        "retrieveable": True,
        "searchable": writeable,
        "triggerable": writeable and definition.deletable,
        "undeletable": deletable,
        "updateable": entity.updateable,
    }


def _fields(entity: Entity) -> list[dict[str, object]]:
    switches = entity.switches
    shown = entity.visible_fields() if switches.describe_hides_unreadable else list(entity.fields.values())
    guarded = entity.protected | entity.hidden
    fields = [describe_field(field, protected=field.name in guarded) for field in shown]
    if switches.describes_unknown_types:
        fields.append(describe_field(ODD, protected=True))
    return fields


def _record_types(entity: Entity, *, base: str) -> list[dict[str, object]]:
    """The types as the integration user sees them; the master is the default where no other one is."""
    own = list(entity.record_types.values())
    infos: list[tuple[str, str, str, bool, bool, bool]] = [
        (each.id, each.developer_name, each.label, each.active, each.available, each.default) for each in own
    ]
    infos.append((MASTER_TYPE, "Master", "Master", True, True, not any(each.default for each in own)))
    return [
        {
            "active": active,
            "available": available,
            "defaultRecordTypeMapping": default,
            "developerName": developer_name,
            "master": id_ == MASTER_TYPE,
            "name": label,
            "recordTypeId": id_,
            "urls": {"layout": f"{base}/describe/layouts/{id_}"},
        }
        for id_, developer_name, label, active, available, default in infos
    ]


def global_entry(entity: Entity, *, root: str) -> dict[str, object]:
    """One object of the global describe."""
    base = f"{root}/sobjects/{entity.name}"
    urls = {"rowTemplate": f"{base}/{{ID}}", "describe": f"{base}/describe", "sobject": base}
    return _abilities(entity) | {"urls": urls}


def describe_object(entity: Entity, *, root: str, instance_url: str) -> dict[str, object]:
    """The complete describe of one object; ``root`` is ``/services/data/vNN.N``."""
    name, prefix = entity.name, entity.definition.prefix
    base = f"{root}/sobjects/{name}"
    return _abilities(entity) | {
        "actionOverrides": [],
        "childRelationships": [
            {
                "cascadeDelete": False,
                "childSObject": child,
                "deprecatedAndHidden": False,
                "field": field,
                "junctionIdListNames": [],
                "junctionReferenceTo": [],
                "relationshipName": child_relationship(child, field),
                "restrictedDelete": False,
            }
            for child, field in entity.children
        ],
        "compactLayoutable": entity.definition.writeable,
        "defaultImplementation": None,
        "extendedBy": None,
        "extendsInterfaces": None,
        "fields": _fields(entity),
        "implementedBy": None,
        "implementsInterfaces": None,
        "listviewable": None,
        "lookupLayoutable": None,
        "namedLayoutInfos": [],
        "networkScopeFieldName": None,
        "recordTypeInfos": _record_types(entity, base=base),
        "searchLayoutable": entity.definition.writeable,
        "sobjectDescribeOption": "FULL",
        "supportedScopes": [{"label": f"All {entity.definition.plural.lower()}", "name": "everything"}],
        "urls": {
            "compactLayouts": f"{base}/describe/compactLayouts",
            "rowTemplate": f"{base}/{{ID}}",
            "approvalLayouts": f"{base}/describe/approvalLayouts",
            "uiDetailTemplate": f"{instance_url}/{{ID}}",
            "uiEditTemplate": f"{instance_url}/{{ID}}/e",
            "listviews": f"{base}/listviews",
            "describe": f"{base}/describe",
            "uiNewRecord": f"{instance_url}/{prefix}/e",
            "quickActions": f"{base}/quickActions",
            "layouts": f"{base}/describe/layouts",
            "sobject": base,
        },
    }
