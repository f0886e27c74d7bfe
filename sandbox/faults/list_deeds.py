"""What admins do to lists of values: one retired, all of them relabelled, a list made dependent on another one.

Nothing here is a call, and all of it ends when faults are cleared. Options ``object`` and ``field`` name what is meant,
otherwise chance decides among lists that people use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sandbox.faults.entry import Entry, Site, Told
from sandbox.faults.setup_deeds import WHERE, redefined, told_of
from sandbox.hubspot.records import RecordStore
from sandbox.kernel import HttpRequest, NothingToHit
from sandbox.salesforce.definitions import FieldDefinition, PicklistValue
from sandbox.salesforce.dependent import controlling, depending
from sandbox.salesforce.entity import Entity

_LISTS = ("Industry", "Product_Interests__c")


def _listed_property(site: Site, store: RecordStore) -> str:
    return site.field([name for name in ("hs_lead_status", "product_interests") if name in store.definitions])


def _list_field(site: Site, entity: Entity) -> str:
    return site.field([name for name in _LISTS if name in entity.fields])


def _retire_option(site: Site, _: HttpRequest | None) -> Told:
    store = site.store()
    name = _listed_property(site, store)
    definition = store.definitions[name]
    gone = site.pick(definition.options, "values in a list")
    rest = tuple(option for option in definition.options if option is not gone)
    return redefined(site, store, name, replace(definition, options=rest)) | {"value": gone.value}


def _retire_value(site: Site, _: HttpRequest | None) -> Told:
    entity = site.entity()
    name = _list_field(site, entity)
    definition = entity.fields[name]
    gone = site.pick([each for each in definition.picklist if each.active], "values in a list")
    rest = tuple(replace(each, active=each is not gone and each.active) for each in definition.picklist)
    _set_field(site, entity, replace(definition, picklist=rest, restricted=True))
    return told_of(site, entity.name, name) | {"value": gone.value}


def _set_field(site: Site, entity: Entity, definition: FieldDefinition) -> None:
    before, clock = entity.fields[definition.name], site.kernel.clock
    entity.set_field(definition, changed=clock.now())
    site.lasts(lambda: entity.set_field(before, changed=clock.now()))


def _relabel_options(site: Site, _: HttpRequest | None) -> Told:
    store = site.store()
    name = _listed_property(site, store)
    definition = store.definitions[name]
    options = tuple(
        replace(option, label=f"{option.label} (new)", order=place)
        for place, option in enumerate(reversed(definition.options))
    )
    return redefined(site, store, name, replace(definition, options=options))


def _relabel_values(site: Site, _: HttpRequest | None) -> Told:
    entity = site.entity()
    name = _list_field(site, entity)
    definition = entity.fields[name]
    values: list[PicklistValue] = [replace(each, label=f"{each.label} (new)") for each in definition.picklist[::-1]]
    _set_field(site, entity, replace(definition, picklist=tuple(values)))
    return told_of(site, entity.name, name)


def _depend(site: Site, _: HttpRequest | None) -> Told:
    """All values go with the first value of the controlling list, and none with the others or with no value."""
    entity = site.entity()
    name, control = _list_field(site, entity), entity.fields[str(site.options["on"])]
    definition = entity.fields[name]
    if control.name == name or not control.picklist:
        raise NothingToHit(f"{site.name}: {name} cannot depend on {control.name}, which is no other list")
    first = controlling(control)[0]
    allowed = {first: [entry.value for entry in definition.picklist]}
    _set_field(site, entity, replace(depending(definition, control, allowed), restricted=True))
    return told_of(site, entity.name, name) | {"on": control.name, "value": first}


_DEPENDS: Mapping[str, Any] = {**WHERE, "on": "Rating"}

ENTRIES = (
    Entry(
        name="picklist-retired", number="F37", hits="a list of values, until cleared", takes=WHERE,
        what="An admin retires a list value that records may hold; writing it is refused from now on.",
        deeds={"hubspot": _retire_option, "salesforce": _retire_value},
    ),
    Entry(
        name="picklist-relabelled", number="F37", hits="a list of values, until cleared", takes=WHERE,
        what="An admin gives all values of a list other labels and another order.",
        deeds={"hubspot": _relabel_options, "salesforce": _relabel_values},
    ),
    Entry(
        name="picklist-dependent", number="F37", hits="a list of values, until cleared", takes=_DEPENDS,
        what="An admin makes a list depend on another one (`on`): its values go with the first value there alone.",
        deeds={"salesforce": _depend},
    ),
)  # fmt: skip
