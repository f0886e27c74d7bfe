"""What admins and other people's automation do to the vendor's definitions: fields hidden, deleted and retyped, list
values retired, rules added, values put right or put back.

Nothing here is a call. What an admin could take back ends when faults are cleared; what destroys values does not.
Options ``object`` and ``field`` name what is meant, otherwise chance decides among fields that people use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sandbox.faults.entry import Entry, Site, Told
from sandbox.faults.rows import HUBSPOT_FIELDS, SALESFORCE_FIELDS
from sandbox.hubspot.definitions import PropertyDefinition
from sandbox.hubspot.records import RecordStore
from sandbox.kernel import HttpRequest
from sandbox.salesforce.definitions import FieldDefinition
from sandbox.salesforce.entity import Entity
from sandbox.salesforce.org import DuplicateRule

WHERE: Mapping[str, Any] = {"object": None, "field": None}
_NEW_SECRET = "rotated-by-a-fault"


def _custom_property(site: Site, store: RecordStore) -> str:
    names = sorted(
        name
        for name, each in store.definitions.items()
        if not each.hubspot_defined and not each.unique and not name.startswith("syncd_")
    )
    return site.field(names)


def _custom_field(site: Site, entity: Entity) -> str:
    names = sorted(name for name, each in entity.fields.items() if each.custom and not each.external_id)
    return site.field(names)


def told_of(site: Site, kind: str, name: str) -> Told:
    """What was done to this field."""
    return {"object": kind, "field": name}


def _revoke_hubspot(site: Site, _: HttpRequest | None) -> Told:
    kernel = site.hubspot
    token = site.pick(list(kernel.tokens)[:1], "tokens that are not revoked")
    scopes = kernel.tokens[token]
    kernel.revoke_token(token)
    site.lasts(lambda: kernel.issue_token(token, scopes))
    return {"revoked": "the token of the daemon"}


def _rotate_hubspot(site: Site, _: HttpRequest | None) -> Told:
    kernel = site.hubspot
    new = f"pat-na1-rotated-{site.chance.randrange(10**6)}"
    token = site.pick(list(kernel.tokens)[:1], "tokens that are not revoked")
    kernel.issue_token(new, kernel.tokens[token])
    site.lasts(lambda: kernel.revoke_token(new))
    return {"token": new}


def _revoke_salesforce(site: Site, _: HttpRequest | None) -> Told:
    sessions = site.salesforce.sessions
    before = sessions.app
    sessions.app = replace(before, client_secret=_NEW_SECRET, trusts_issuer=False)
    sessions.expire()
    site.lasts(lambda: setattr(sessions, "app", before))
    return {"revoked": "the client secret and every session"}


def _hide(site: Site, _: HttpRequest | None) -> Told:
    entity = site.entity()
    name = site.field(SALESFORCE_FIELDS[:4])
    site.salesforce.hide_field(entity.name, name)
    site.lasts(lambda: site.salesforce.show_field(entity.name, name))
    return told_of(site, entity.name, name)


def _delete_property(site: Site, _: HttpRequest | None) -> Told:
    store = site.store()
    name = _custom_property(site, store)
    store.undefine(name)
    return told_of(site, store.kind.name, name)


def _delete_field(site: Site, _: HttpRequest | None) -> Told:
    entity = site.entity()
    name = _custom_field(site, entity)
    _drop(site, entity, name)
    return told_of(site, entity.name, name)


def _drop(site: Site, entity: Entity, name: str) -> FieldDefinition:
    """Takes a field out of an object; setting another one again makes the object look at its fields anew."""
    gone = entity.fields.pop(name)
    entity.table.drop_index(name)
    entity.set_field(entity.fields["LastModifiedDate"], changed=site.kernel.clock.now())
    return gone


def _rename_field(site: Site, _: HttpRequest | None) -> Told:
    entity = site.entity()
    name = _custom_field(site, entity)
    new = name.removesuffix("__c") + "_Old__c"
    definition = _drop(site, entity, name)
    entity.set_field(replace(definition, name=new), changed=site.kernel.clock.now())
    for row in list(entity.table.by_id()):
        entity.table.put({**{key: value for key, value in row.items() if key != name}, new: row.get(name)})
    return told_of(site, entity.name, name) | {"now": new}


def _protect_property(site: Site, _: HttpRequest | None) -> Told:
    store = site.store()
    name = site.field(HUBSPOT_FIELDS)
    return redefined(site, store, name, replace(store.definitions[name], read_only=True))


def redefined(site: Site, store: RecordStore, name: str, definition: PropertyDefinition) -> Told:
    """A property with another definition, until cleared."""
    before = store.definitions[name]
    store.define(definition)
    site.lasts(lambda: store.define(before))
    return told_of(site, store.kind.name, name)


def _protect_field(site: Site, _: HttpRequest | None) -> Told:
    entity = site.entity()
    name = site.field(SALESFORCE_FIELDS[:4])
    site.salesforce.protect_field(entity.name, name)
    site.lasts(lambda: site.salesforce.show_field(entity.name, name))
    return told_of(site, entity.name, name)


def _retype(site: Site, _: HttpRequest | None) -> Told:
    """The vendor empties the field everywhere and moves no stamp (guide to change data capture, field conversions)."""
    entity = site.entity()
    name = site.field(SALESFORCE_FIELDS[:4])
    definition = replace(entity.fields[name], type="double", length=0, precision=18, scale=2, extra_type=None)
    entity.set_field(definition, changed=site.kernel.clock.now())
    emptied = 0
    for row in list(entity.table.by_id()):
        if row.get(name) is not None:
            entity.table.put({**row, name: None})
            emptied += 1
    return told_of(site, entity.name, name) | {"emptied": emptied}


def _require_property(site: Site, _: HttpRequest | None) -> Told:
    store = site.store()
    name = site.field(("mobilephone", "salutation"))
    site.hubspot.require_property(store.kind.name, name)
    site.lasts(lambda: store.required.discard(name))
    return told_of(site, store.kind.name, name)


def _add_rule(site: Site, _: HttpRequest | None) -> Told:
    entity, name = site.entity(), site.field(SALESFORCE_FIELDS[:4])

    def rule(old: Mapping[str, object] | None, new: Mapping[str, object]) -> tuple[str, str] | None:
        changed = old is None or old.get(name) != new.get(name)
        return ("Ask the sales desk before you change this.", name) if changed and new.get(name) else None

    rules = site.salesforce.org.validation_rules.setdefault(entity.name, [])
    rules.append(rule)
    site.lasts(lambda: rules.remove(rule))
    return told_of(site, entity.name, name)


def _block_duplicates(site: Site, _: HttpRequest | None) -> Told:
    entity = site.entity()
    rule = DuplicateRule(f"{entity.name}_by_email", ("Email",))
    rules = site.salesforce.org.duplicate_rules.setdefault(entity.name, [])
    rules.append(rule)
    site.lasts(lambda: rules.remove(rule))
    return told_of(site, entity.name, "Email")


def _normalise_hubspot(site: Site, _: HttpRequest | None) -> Told:
    store, name = site.store(), site.field(("jobtitle", "city"))
    before = store.rules[name]
    store.rules[name] = lambda new, old: before(" ".join(new.split()).title(), old)
    site.lasts(lambda: store.rules.__setitem__(name, before))
    return told_of(site, store.kind.name, name)


def _normalise_salesforce(site: Site, _: HttpRequest | None) -> Told:
    name = site.field(("Title", "City"))

    def tidy(old: Mapping[str, object] | None, new: Mapping[str, object]) -> Mapping[str, object]:
        return {name: " ".join(str(new[name]).split()).title()} if new.get(name) else {}

    return _automate(site, name, tidy)


def _revert_hubspot(site: Site, _: HttpRequest | None) -> Told:
    store, name = site.store(), site.field(("jobtitle", "city"))
    before = store.rules[name]
    store.rules[name] = lambda new, old: before(new, old) if old is None else old
    site.lasts(lambda: store.rules.__setitem__(name, before))
    return told_of(site, store.kind.name, name)


def _revert_salesforce(site: Site, _: HttpRequest | None) -> Told:
    name = site.field(("Title", "City"))

    def revert(old: Mapping[str, object] | None, new: Mapping[str, object]) -> Mapping[str, object]:
        return {name: old[name]} if old is not None and old.get(name) not in (None, new.get(name)) else {}

    return _automate(site, name, revert)


def _automate(site: Site, name: str, workflow: Any) -> Told:
    entity = site.entity()
    workflows = site.salesforce.org.workflows.setdefault(entity.name, [])
    workflows.append(workflow)
    site.lasts(lambda: workflows.remove(workflow))
    return told_of(site, entity.name, name)


ENTRIES = (
    Entry(
        name="token-revoked", number="F19", hits="every call from then on, until cleared",
        what="An admin takes back the daemon's token or secret without grace.",
        deeds={"hubspot": _revoke_hubspot, "salesforce": _revoke_salesforce},
    ),
    Entry(
        name="token-rotated", number="F19", hits="nothing: the old token works on, the new one until cleared",
        what="An admin makes a new token with grace, so that the old one and the new one work beside each other.",
        deeds={"hubspot": _rotate_hubspot},
    ),
    Entry(
        name="field-hidden", number="F20", hits="a text field of Lead, until cleared", takes=WHERE,
        what="An admin takes the right to see a field: for the API it is no longer there.",
        deeds={"salesforce": _hide},
    ),
    Entry(
        name="field-deleted", number="F35", hits="a custom field with all its values", takes=WHERE,
        what="An admin deletes a field.",
        deeds={"hubspot": _delete_property, "salesforce": _delete_field},
    ),
    Entry(
        name="field-renamed", number="F35", hits="a custom field of Lead", takes=WHERE,
        what="An admin gives a field another API name; the values stay.",
        deeds={"salesforce": _rename_field},
    ),
    Entry(
        name="field-read-only", number="F35", hits="a text field, until cleared", takes=WHERE,
        what="An admin makes a field read-only for the API.",
        deeds={"hubspot": _protect_property, "salesforce": _protect_field},
    ),
    Entry(
        name="type-change", number="F36", hits="a text field of Lead, in every record", takes=WHERE,
        what="An admin makes a number of a text field, which empties it in every record and moves no stamp.",
        deeds={"salesforce": _retype},
    ),
    Entry(
        name="validation-rule", number="F38", hits="writes of one field, until cleared", takes=WHERE,
        what="An admin adds a rule: HubSpot requires a property, Salesforce refuses any new value of a field.",
        deeds={"hubspot": _require_property, "salesforce": _add_rule},
    ),
    Entry(
        name="duplicate-rule", number="F42", hits="writes of Leads, until cleared", takes={"object": None},
        what="An admin adds a rule that blocks every record whose e-mail address another one has.",
        deeds={"salesforce": _block_duplicates},
    ),
    Entry(
        name="vendor-normalises", number="F54", hits="writes of one text field, until cleared", takes=WHERE,
        what="The vendor trims and capitalises what is written.",
        deeds={"hubspot": _normalise_hubspot, "salesforce": _normalise_salesforce},
    ),
    Entry(
        name="value-reverted", number="F55", hits="writes of one text field, until cleared", takes=WHERE,
        what="Somebody's workflow puts the old value back at once, whatever is written.",
        deeds={"hubspot": _revert_hubspot, "salesforce": _revert_salesforce},
    ),
)  # fmt: skip
