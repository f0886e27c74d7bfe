"""State and country picklists: once an admin turns them on, an address takes only countries and states of a list.

Each address then has ``CountryCode`` and ``StateCode`` beside its texts; writing one sets the other. A text that is not
in the list, a state without its country and a state of a country that has none in the list are refused as
FIELD_INTEGRITY_EXCEPTION. As in the vendor's standard list, only some countries have states.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import pycountry

from sandbox.salesforce.definitions import FieldDefinition, Row, picklist
from sandbox.salesforce.entity import Entity
from sandbox.salesforce.errors import Refusal

WITH_STATES = ("AU", "BR", "CA", "CN", "IE", "IN", "IT", "MX", "US")


@cache
def countries() -> Mapping[str, str]:
    """Name of each country by its code."""
    return {country.alpha_2: country.name for country in pycountry.countries}


@cache
def states(country: str) -> Mapping[str, str]:
    """Name of each state of a country by its code; empty for most countries."""
    if country not in WITH_STATES:
        return {}
    listed = pycountry.subdivisions.get(country_code=country)  # type: ignore[no-untyped-call]  # untyped package
    return {each.code.partition("-")[2]: each.name for each in listed}


def list_fields(entity: Entity) -> list[FieldDefinition]:
    """The fields that the picklists add to an object, two per address."""
    every_state = sorted({code for country in WITH_STATES for code in states(country)})
    return [
        picklist(f"{prefix}{name}", f"{prefix} {label} Code".strip(), values, length=10, compound=f"{prefix}Address",
                 restricted=True)
        for prefix in _prefixes(entity)
        for name, label, values in (("StateCode", "State/Province", every_state),
                                    ("CountryCode", "Country", sorted(countries())))
    ]  # fmt: skip


def check_addresses(entity: Entity, old: Row | None, row: Row) -> None:
    """Refuses what is in no list, and brings texts and codes together."""
    for prefix in _prefixes(entity):
        if f"{prefix}CountryCode" in entity.fields:
            country = _agreed(old, row, f"{prefix}Country", countries())
            known = states(country) if country is not None else {}
            if country is None and (row.get(f"{prefix}State") or row.get(f"{prefix}StateCode")):
                raise _problem(f"{prefix}State", "a country must be specified before a state")
            _agreed(old, row, f"{prefix}State", known)


def _agreed(old: Row | None, row: Row, name: str, known: Mapping[str, str]) -> str | None:
    """The code behind a text and its code field, of which the written one decides."""
    before, coded = old or {}, f"{name}Code"
    code, text = row.get(coded), row.get(name)
    recoded, rewritten = code != before.get(coded), text != before.get(name)
    if rewritten and not recoded:
        code = next((each for each, label in known.items() if label.lower() == str(text).lower()), None)
        if text is not None and code is None:
            raise _problem(name, f"{text} is not in the list of valid values")
    if code is not None and code not in known:
        raise _problem(name, f"{code} is not in the list of valid values")
    if recoded or rewritten:  # a text from before the lists stays until somebody writes it
        row[coded] = code
        row[name] = known[str(code)] if code is not None else None
    return str(code) if code is not None else None


def _problem(name: str, why: str) -> Refusal:
    return Refusal("FIELD_INTEGRITY_EXCEPTION", f"There's a problem with this address: {why}: {name}", (name,))


def _prefixes(entity: Entity) -> list[str]:
    return [name.removesuffix("Address") for name in sorted(entity.compounds)]
