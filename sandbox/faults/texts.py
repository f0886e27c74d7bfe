"""Texts that are JSON and no text: half of a surrogate pair, left where something cut an emoji, and U+0000.

The vendor answers as always, and one text of one row is then spoilt in the bytes of the answer: what it holds itself
stays whole, as neither stand-in could keep such a text. An answer without a text passes unhurt, and the fault waits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from sandbox.faults.calls import Matches, hubspot_rows, salesforce_rows
from sandbox.faults.entry import Entry, Site
from sandbox.faults.rows import HUBSPOT_FIELDS, SALESFORCE_FIELDS, Row, changed
from sandbox.kernel import Fault, HttpRequest, HttpResponse

FORMS = {"half": rb"\ud83d", "nul": rb"\u0000"}
"""How each is escaped in JSON."""
_PLACE = "\ue000sandbox\ue001"
"""Stands where the escape will be; signs of private use, which no record holds."""


def _spoils(matches: Matches, candidates: Sequence[str]) -> Callable[[Site], Fault]:
    def make(site: Site) -> Fault:
        names = (str(site.options["field"]),) if site.options["field"] else candidates

        def spoil(rows: list[Row]) -> list[Row]:
            held = [(row, name) for row in rows for name in names if isinstance(_fields(row).get(name), str)]
            if held:
                row, name = site.chance.choice(held)
                _fields(row)[name] += _PLACE
            return rows

        def alter(_: HttpRequest, response: HttpResponse) -> HttpResponse:
            spoilt = changed(response, spoil)
            form = str(site.options["form"] or site.chance.choice(sorted(FORMS)))
            return replace(spoilt, body=spoilt.body.replace(_PLACE.encode(), FORMS[form]))

        return Fault(site.name, matches, when="around", alter=alter)

    return make


def _fields(row: Row) -> dict[str, Any]:
    fields: dict[str, Any] = row.get("properties", row)
    return fields


ENTRIES = (
    Entry(
        name="broken-text", number="F49", hits="reads of records with a text", takes={"field": None, "form": None},
        what="A text of an answer ends with half of a surrogate pair (`half`) or with U+0000 (`nul`).",
        answers={
            "hubspot": _spoils(hubspot_rows, HUBSPOT_FIELDS),
            "salesforce": _spoils(salesforce_rows, SALESFORCE_FIELDS),
        },
    ),
)  # fmt: skip
