"""Bulk API 2.0 of the Salesforce stand-in by simple-salesforce: one public method to a test.

The library sleeps before its first look at a job; with ``wait=0`` it looks at once, and the stand-in is done by then.
"""

from __future__ import annotations

import csv
import io
import itertools
from pathlib import Path
from typing import Any

import pytest

KEY = "Syncd_Marketing_Id__c"
_numbers = itertools.count(1)


def rows(count: int, **more: str) -> list[dict[str, str]]:
    """New Leads with a blank, a comma and a quote in their names."""
    return [{"LastName": f'Bulk {next(_numbers)}, "x"', "Company": "Acme", **more} for _ in range(count)]


def table(text: str) -> list[dict[str, str]]:
    """A CSV answer as rows."""
    return list(csv.DictReader(io.StringIO(text)))


def made(org: Any, count: int, **more: str) -> list[str]:
    """Ids of Leads made by a job."""
    done = org.bulk2.Lead.insert(records=rows(count, **more), wait=0)[0]
    return [row["sf__Id"] for row in table(org.bulk2.Lead.get_successful_records(done["job_id"]))]


def test_insert(org: Any) -> None:
    """``insert`` counts, and ``get_successful_records`` has the new ids beside what was sent."""
    given = rows(3)
    done = org.bulk2.Lead.insert(records=given, wait=0)[0]
    assert (done["numberRecordsProcessed"], done["numberRecordsFailed"], done["numberRecordsTotal"]) == (3, 0, 3)
    saved = table(org.bulk2.Lead.get_successful_records(done["job_id"]))
    assert {row["LastName"] for row in saved} == {row["LastName"] for row in given}
    assert {(len(row["sf__Id"]), row["sf__Created"]) for row in saved} == {(18, "true")}


def test_insert_of_a_file_in_several_jobs(org: Any, tmp_path: Path) -> None:
    """``insert`` of a file makes one job for each piece."""
    file = tmp_path / "leads.csv"
    with file.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, ["LastName", "Company"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows(5))
    done = org.bulk2.Lead.insert(csv_file=str(file), batch_size=2, wait=0)
    assert [each["numberRecordsProcessed"] for each in done] == [2, 2, 1]
    assert len({each["job_id"] for each in done}) == 3


def test_rows_that_fail(org: Any) -> None:
    """``get_failed_records`` has the vendor's code beside what was sent; the other row is saved."""
    good, bad = rows(2)
    done = org.bulk2.Lead.insert(records=[good, bad | {"Company": ""}], wait=0)[0]
    assert (done["numberRecordsProcessed"], done["numberRecordsFailed"]) == (2, 1)
    failed = table(org.bulk2.Lead.get_failed_records(done["job_id"]))
    assert [row["LastName"] for row in failed] == [bad["LastName"]]
    assert failed[0]["sf__Error"].startswith("REQUIRED_FIELD_MISSING:")
    everything = org.bulk2.Lead.get_all_ingest_records(done["job_id"])
    assert {name: len(found) for name, found in everything.items()} == {
        "successfulRecords": 1,
        "failedRecords": 1,
        "unprocessedRecords": 0,
    }


def test_update(org: Any) -> None:
    """``update`` writes what is there, leaves empty cells alone and clears by ``#N/A``."""
    first, second = made(org, 2, Title="Clerk")
    changes = [{"Id": first, "Title": "", "Phone": "1"}, {"Id": second, "Title": "#N/A", "Phone": "2"}]
    assert org.bulk2.Lead.update(records=changes, wait=0)[0]["numberRecordsFailed"] == 0
    assert [org.Lead.get(row)["Title"] for row in (first, second)] == ["Clerk", None]
    assert [org.Lead.get(row)["Phone"] for row in (first, second)] == ["1", "2"]


def test_upsert(org: Any) -> None:
    """``upsert`` by an external id tells new rows from known ones."""
    keyed = [row | {KEY: f"ss-{next(_numbers)}"} for row in rows(2)]
    org.bulk2.Lead.upsert(records=keyed[:1], external_id_field=KEY, wait=0)
    done = org.bulk2.Lead.upsert(records=keyed, external_id_field=KEY, wait=0)[0]
    saved = table(org.bulk2.Lead.get_successful_records(done["job_id"]))
    assert {row[KEY]: row["sf__Created"] for row in saved} == {keyed[0][KEY]: "false", keyed[1][KEY]: "true"}


def test_delete(org: Any) -> None:
    """``delete`` puts rows where only ``query_all`` sees them."""
    ids = made(org, 2)
    assert org.bulk2.Lead.delete(records=[{"Id": row} for row in ids], wait=0)[0]["numberRecordsFailed"] == 0
    asked = "SELECT Id, IsDeleted FROM Lead WHERE Id IN ('{}', '{}')".format(*ids)
    assert "".join(org.bulk2.Lead.query(asked, wait=0)).splitlines() == ['"Id","IsDeleted"']
    assert {row["IsDeleted"] for row in table("".join(org.bulk2.Lead.query_all(asked, wait=0)))} == {"true"}


def test_query_in_pages(org: Any) -> None:
    """``query`` follows the locator; every page has the header."""
    made(org, 5, Title="Paged")
    pages = list(org.bulk2.Lead.query("SELECT Id, LastName FROM Lead WHERE Title = 'Paged'", max_records=2, wait=0))
    assert [len(table(page)) for page in pages] == [2, 2, 1]
    assert len({row["Id"] for page in pages for row in table(page)}) == 5


def test_download(org: Any, tmp_path: Path) -> None:
    """``download`` leaves each page in a file and counts its records."""
    made(org, 3, Title="Loaded")
    done = org.bulk2.Lead.download(
        "SELECT Id FROM Lead WHERE Title = 'Loaded'", path=str(tmp_path), max_records=2, wait=0
    )
    assert [each["number_of_records"] for each in done] == [2, 1]
    assert sorted(len(table(file.read_text())) for file in tmp_path.iterdir()) == [1, 2]


def test_a_job_that_fails(org: Any) -> None:
    """A field that is not there fails the whole job, and the library raises with the reason."""
    from simple_salesforce.exceptions import SalesforceOperationError

    with pytest.raises(SalesforceOperationError, match="Nonsense__c"):
        org.bulk2.Lead.insert(records=rows(1, Nonsense__c="x"), wait=0)


def test_a_query_that_is_refused(org: Any) -> None:
    """A query that cannot be read is refused when the job is made."""
    from simple_salesforce.exceptions import SalesforceMalformedRequest

    with pytest.raises(SalesforceMalformedRequest, match="INVALID_FIELD"):
        list(org.bulk2.Lead.query("SELECT Nonsense__c FROM Lead", wait=0))
