"""What people type: nothing, blanks, look-alikes, signs of every alphabet, too much, and numbers and dates at the edge.

Each deed edits one field of one record as a person in the vendor's window would, so the vendor's own rules apply. The
option ``field`` names another field, ``value`` another value.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sandbox.faults.entry import Entry, Site, Told, Vendor, vendor_of
from sandbox.faults.targets import a_contact, a_row, at_hubspot, at_salesforce
from sandbox.kernel import HttpRequest, NothingToHit

HOSTILE_TEXTS = (
    "\U0001f469\u200d\U0001f680 naïve", "\u202edesrever", "e\u0301\u0323 combined", '=HYPERLINK("x")', "two\r\nlines",
    "'; DROP TABLE people; --", "<b>bold</b> &amp; more", "\U0002070e\U00020731 rare",
)  # fmt: skip
_TEXT: Mapping[Vendor, str] = {"hubspot": "jobtitle", "salesforce": "Title"}
New = Callable[[Site, str], object]
"""The new value, from the site and what is there."""


def _edits(
    fields: Mapping[Vendor, str], new: New, *, filled: bool = True
) -> dict[Vendor, Callable[[Site, HttpRequest | None], Told]]:
    """An edit of one field; ``filled``: of a record that holds something there."""

    def hubspot(site: Site, request: HttpRequest | None) -> Told:
        name = str(site.options.get("field") or fields["hubspot"])
        record = a_contact(site, request, *([name] if filled else []))
        value = site.options.get("value") or new(site, record.values.get(name, ""))
        site.hubspot.edit("contacts", str(record.id), {name: str(value)})
        return at_hubspot(site, record.id, field=name, value=value)

    def salesforce(site: Site, request: HttpRequest | None) -> Told:
        name = str(site.options.get("field") or fields["salesforce"])
        row = a_row(site, request, *([name] if filled else []))
        value = site.options.get("value") or new(site, str(row.get(name) or ""))
        site.salesforce.edit(site.entity().name, str(row["Id"]), {name: None if value == "" else value})
        return at_salesforce(site, row["Id"], field=name, value=value)

    made: dict[Vendor, Callable[[Site, HttpRequest | None], Told]] = {"hubspot": hubspot, "salesforce": salesforce}
    return {vendor: made[vendor] for vendor in fields}


def _one_of(*values: object) -> New:
    return lambda site, _: site.chance.choice(values)


def _look_alike(site: Site, old: str) -> object:
    """The same to the eye: case, blanks around it, decomposed letters, full width, a sign of no width."""
    forms: Sequence[Callable[[str], str]] = (
        str.swapcase,
        lambda text: f"  {text} ",
        lambda text: unicodedata.normalize("NFD", text + " é"),
        lambda text: "".join(chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else sign for sign in text),
        lambda text: text[:1] + "\u200b" + text[1:],
    )
    return site.chance.choice(forms)(old)


def _longest(site: Site, _: str) -> object:
    """As long as the field may be, in signs that count twice in UTF-16."""
    if vendor_of(site.kernel) == "hubspot":
        return "\U0001f600" * site.hubspot.limits.string_length
    name = str(site.options.get("field") or "Description")
    return "\U0001f600" * site.entity().fields[name].length


def _other_order(_: Site, old: str) -> object:
    parts = [part for part in old.split(";") if part]
    if len(parts) < 2:
        raise NothingToHit("a record with several values in its list")
    return ";".join([*parts[::-1], parts[0]])


def _several(fields: Mapping[Vendor, str]) -> dict[Vendor, Callable[[Site, HttpRequest | None], Told]]:
    """As ``_edits``, of a record whose list holds several values; one that does not is given two first."""
    two = {"hubspot": "crm;marketing", "salesforce": "Analytics;Support"}

    def of(vendor: Vendor) -> Callable[[Site, HttpRequest | None], Told]:
        first = _edits(fields, lambda _, old: old if old.count(";") else two[vendor], filled=False)[vendor]

        def do(site: Site, request: HttpRequest | None) -> Told:
            told = first(site, request)
            again = HttpRequest("GET", "/" + told["ids"][0])  # the same record once more
            return _edits(fields, _other_order)[vendor](site, again)

        return do

    return {vendor: of(vendor) for vendor in fields}


_OPTIONS: Mapping[str, Any] = {"field": None, "value": None}

ENTRIES = (
    Entry(
        name="value-cleared", number="F47", hits="a filled text field of a person", takes={"field": None},
        what="Somebody empties a field.",
        deeds=_edits(_TEXT, lambda _, __: ""),
    ),
    Entry(
        name="blank-value", number="F47", hits="a text field of a contact", takes={"field": None},
        what="Somebody leaves nothing but blanks in a field.",
        deeds=_edits({"hubspot": "jobtitle"}, _one_of(" ", "  ", "\t", " "), filled=False),
    ),
    Entry(
        name="look-alike-value", number="F48", hits="a filled text field of a person", takes=_OPTIONS,
        what="Somebody writes the same once more in other case, with blanks, decomposed or in full width.",
        deeds=_edits(_TEXT, _look_alike),
    ),
    Entry(
        name="hostile-text", number="F49", hits="a text field of a person", takes=_OPTIONS,
        what="Somebody enters emoji, combining signs, right-to-left marks, line ends, formulas or markup.",
        deeds=_edits(_TEXT, _one_of(*HOSTILE_TEXTS), filled=False),
    ),
    Entry(
        name="oversize-value", number="F50", hits="a text field of a person", takes=_OPTIONS,
        what="Somebody fills a field to its limit with signs that count twice in UTF-16.",
        deeds=_edits({"hubspot": "message", "salesforce": "Description"}, _longest, filled=False),
    ),
    Entry(
        name="odd-number", number="F51", hits="a number of a person", takes=_OPTIONS,
        what="Somebody enters a number with an exponent, minus zero, or one beyond what a float can hold.",
        deeds=_edits(
            {"hubspot": "numberofemployees", "salesforce": "AnnualRevenue"},
            _one_of("1e3", "-0", "9007199254740993", "0.1000", "12.5"), filled=False,
        ),
    ),
    Entry(
        name="reordered-choices", number="F52", hits="a list of several values of a person", takes={"field": None},
        what="Somebody chooses the same values in another order, one of them twice.",
        deeds=_several({"hubspot": "product_interests", "salesforce": "Product_Interests__c"}),
    ),
    Entry(
        name="odd-date", number="F53", hits="a date of a contact", takes=_OPTIONS,
        what="Somebody enters the year 1700 or 9999, 29 February, or an hour that summer time skips.",
        deeds=_edits(
            {"hubspot": "closedate"},
            _one_of(
                "1700-01-01T00:00:00Z", "9999-12-31T00:00:00Z", "2028-02-29T00:00:00Z", "2026-03-29T02:30:00+01:00",
            ),
            filled=False,
        ),
    ),
)  # fmt: skip
