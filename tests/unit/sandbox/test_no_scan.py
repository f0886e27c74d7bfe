"""The questions a synchronisation asks all day look at the rows they answer and at few others, counted not timed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sandbox.salesforce.wire_time import stamp
from tests.unit.sandbox.hubspot_account import HubSpotAccountUnderTest
from tests.unit.sandbox.salesforce_client import Client

ROWS = 3_000
STEPS = 120
"""Entries that a few bisections of so many rows may touch besides the answer."""


class Looks:
    """How many rows or index entries were looked at."""

    def __init__(self) -> None:
        self.count = 0


class WatchedRows(dict[Any, Any]):
    """Rows by id that count each look at one of them."""

    def __init__(self, rows: dict[Any, Any], looks: Looks) -> None:
        super().__init__(rows)
        self._looks = looks

    def __getitem__(self, key: Any) -> Any:
        self._looks.count += 1
        return super().__getitem__(key)

    def get(self, key: Any, default: Any = None) -> Any:
        self._looks.count += 1
        return super().get(key, default)

    def __iter__(self) -> Iterator[Any]:
        self._looks.count += len(self)
        return super().__iter__()

    def values(self) -> Any:
        self._looks.count += len(self)
        return super().values()

    def items(self) -> Any:
        self._looks.count += len(self)
        return super().items()


class WatchedOrder(list[Any]):
    """An index in order that counts each entry taken out of it."""

    def __init__(self, entries: list[Any], looks: Looks) -> None:
        super().__init__(entries)
        self._looks = looks

    def __getitem__(self, place: Any) -> Any:
        found = super().__getitem__(place)
        self._looks.count += len(found) if isinstance(place, slice) else 1
        return found

    def __iter__(self) -> Iterator[Any]:
        self._looks.count += len(self)
        return super().__iter__()


class Account:
    """A HubSpot account of so many contacts, whose search index counts."""

    def __init__(self) -> None:
        self.box = HubSpotAccountUnderTest()
        self.box.kernel.add_property("contacts", {"name": "code", "hasUniqueValue": True})
        rows = [{"email": f"p{n}@x.com", "code": f"c{n}", "jobtitle": f"t{n}"} for n in range(ROWS)]
        self.ids = self.box.kernel.load("contacts", rows)
        self.looks = Looks()
        self.index = self.box.kernel.portal.stores["contacts"].index
        self.index.shown = WatchedRows(self.index.shown, self.looks)
        self.index.by_stamp = WatchedOrder(self.index.by_stamp, self.looks)
        self.index.by_id = WatchedOrder(self.index.by_id, self.looks)

    def asked(self, *filters: tuple[str, str, Any], **more: Any) -> tuple[int, int]:
        """How many contacts a search finds, and how many looks that took."""
        self.looks.count = 0
        status, answer = self.box.search(*filters, **more)
        assert status == 200, answer
        return int(answer["total"]), self.looks.count


@pytest.fixture(scope="module")
def account() -> Account:
    """One account for all questions."""
    return Account()


@pytest.mark.parametrize(
    ("question", "more", "wanted"),
    [
        ([("lastmodifieddate", "GTE", "STAMP")], {"sorts": ["lastmodifieddate"]}, 20),
        ([("lastmodifieddate", "GTE", "STAMP"), ("jobtitle", "HAS_PROPERTY", None)], {}, 20),
        ([("hs_object_id", "EQ", "ID:7")], {}, 1),
        ([("hs_object_id", "IN", ["ID:7", "ID:8", "1"])], {}, 2),
        ([("hs_object_id", "GT", "ID:2979")], {"sorts": ["hs_object_id"]}, 20),
        ([("hs_object_id", "BETWEEN", ("ID:10", "ID:19"))], {"sorts": ["-hs_object_id"]}, 10),
        ([("hs_object_id", "GTE", "ID:10"), ("hs_object_id", "LT", "ID:19")], {}, 9),
        ([("email", "EQ", "P7@x.com")], {}, 1),
        ([("email", "IN", ["p7@x.com", "p8@x.com"])], {}, 2),
        ([("code", "EQ", "c7")], {}, 1),
        ([("code", "IN", ["c7", "c8", "c9"])], {"sorts": ["lastmodifieddate"]}, 3),
    ],
)
def test_searches_that_do_not_scan(account: Account, question: list[Any], more: dict[str, Any], wanted: int) -> None:
    """By stamp, id, e-mail or unique property a search finds what it should and looks at hardly more."""
    at = str(account.index.stamps[int(account.ids[-20])])

    def meant(value: Any) -> Any:
        if isinstance(value, list | tuple):
            return type(value)(meant(each) for each in value)
        if isinstance(value, str) and value.startswith("ID:"):
            return account.ids[int(value[3:])]
        return at if value == "STAMP" else value

    found, looks = account.asked(*((name, operator, meant(value)) for name, operator, value in question), **more)
    assert found == wanted
    assert looks <= STEPS + 5 * wanted, looks


def test_other_searches_scan(account: Account) -> None:
    """A title is in no index: the same count shows a look at every contact."""
    found, looks = account.asked(("jobtitle", "EQ", "t7"))
    assert found == 1
    assert looks >= ROWS


@pytest.mark.parametrize(
    ("operator", "value", "wanted"),
    [("EQ", "3", 0), ("EQ", "7.5", 0), ("LTE", "ID", 2), ("LT", "ID", 1), ("GT", "-1", 4), ("NEQ", "ID", 3)],
)
def test_ids_mean_what_they_meant(operator: str, value: str, wanted: int) -> None:
    """Looking ids up answers as comparing them did: unknown ones, fractions, negative ones, bounds."""
    box = HubSpotAccountUnderTest()
    ids = box.kernel.load("contacts", [{"email": f"p{n}@x.com"} for n in range(4)])
    assert len(box.hits(("hs_object_id", operator, ids[1] if value == "ID" else value))) == wanted


class Org:
    """A Salesforce org of so many Leads, a second apart, whose table counts."""

    def __init__(self) -> None:
        self.org = Client()
        first = datetime(2026, 1, 5, 10, tzinfo=UTC)
        rows = [
            {"LastName": f"L{n}", "Company": "Acme", "Email": f"p{n}@x.com", "Syncd_Marketing_Id__c": str(n),
             "Title": f"t{n}", "CreatedDate": stamp(first + timedelta(seconds=n))}
            for n in range(ROWS)
        ]  # fmt: skip
        self.ids = self.org.kernel.load("Lead", rows)
        self.looks = Looks()
        table = self.org.kernel.org.schema.entities["Lead"].table
        self.at = str(table.rows[self.ids[-20]]["SystemModstamp"]).replace("+0000", "Z")
        table.rows = WatchedRows(table.rows, self.looks)
        table.ids = WatchedOrder(table.ids, self.looks)

    def asked(self, where: str) -> tuple[int, int]:
        """How many Leads a query finds, and how many looks that took."""
        self.looks.count = 0
        answer = self.org.query(f"SELECT Id, LastName FROM Lead WHERE {where}")
        assert "totalSize" in answer, answer
        return int(answer["totalSize"]), self.looks.count


@pytest.fixture(scope="module")
def org() -> Org:
    """One org for all questions."""
    return Org()


@pytest.mark.parametrize(
    ("where", "wanted"),
    [
        ("SystemModstamp >= STAMP", 20),
        ("SystemModstamp > STAMP ORDER BY SystemModstamp, Id LIMIT 5", 5),
        ("SystemModstamp > STAMP OR (SystemModstamp = STAMP AND Id > 'ID:2980') ORDER BY SystemModstamp, Id", 19),
        ("Id = 'ID:7'", 1),
        ("Id IN ('ID:7', 'ID:8')", 2),
        ("Id > 'ID:2979' ORDER BY Id", 20),
        ("Email = 'P7@X.com'", 1),
        ("Email IN ('p7@x.com', 'p8@x.com', 'nobody@x.com')", 2),
        ("Syncd_Marketing_Id__c = '7'", 1),
        ("Syncd_Marketing_Id__c IN ('7', '8', '9') AND IsConverted = false", 3),
    ],
)
def test_queries_that_do_not_scan(org: Org, where: str, wanted: int) -> None:
    """By stamp, Id, e-mail or external id a query finds what it should and looks at hardly more."""
    words = [org.ids[int(part[3:])] if part.startswith("ID:") else part for part in where.split("'")]
    found, looks = org.asked("'".join(words).replace("STAMP", org.at))
    assert found == wanted
    assert looks <= STEPS + 5 * wanted, looks


def test_other_queries_scan(org: Org) -> None:
    """A title is in no index: the same count shows a look at every Lead."""
    found, looks = org.asked("Title = 't7'")
    assert found == 1
    assert looks >= ROWS
