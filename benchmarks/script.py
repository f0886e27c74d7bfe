"""The script that a cycle is held against: ``python -m benchmarks.script crm|marketing COUNT``.

Reads everybody of one vendor page by page and writes them to the other in the largest batches, one call at a time, with
nothing but ``requests``. Prints the seconds it took, without its imports.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from typing import Any

import requests

from benchmarks.people import contact, lead

PREFIX = "SYNCD_CONNECTIONS__MAIN__"
PAGE, ROWS, BATCH = 100, 200, 100
API = "/services/data/v62.0"


class Script:
    """Both vendors, one call at a time."""

    def __init__(self) -> None:
        self.hubspot = os.environ[f"{PREFIX}MARKETING__BASE_URL"]
        self.salesforce = os.environ[f"{PREFIX}CRM__LOGIN_URL"]
        self.names = sorted(contact(0).keys())
        self.columns = dict(zip(contact(0), lead(0, key=""), strict=False))
        self.session = requests.Session()
        self.token = {"Authorization": f"Bearer {os.environ[f'{PREFIX}MARKETING__ACCESS_TOKEN']}"}
        asked = {
            "grant_type": "client_credentials",
            "client_id": "sandbox-client",
            "client_secret": os.environ[f"{PREFIX}CRM__CLIENT_SECRET"],
        }
        told = self.session.post(f"{self.salesforce}/services/oauth2/token", data=asked, timeout=60)
        told.raise_for_status()
        self.access = {"Authorization": f"Bearer {told.json()['access_token']}"}

    def call(self, method: str, url: str, **words: Any) -> Any:  # noqa: ANN401 - JSON is whatever it is
        """One call. :raises HTTPError: if it is refused."""
        headers = self.token if url.startswith(self.hubspot) else self.access
        told = self.session.request(method, url, headers=headers, timeout=60, **words)
        told.raise_for_status()
        return told.json()

    def contacts(self) -> Iterator[list[dict[str, Any]]]:
        """Everybody of HubSpot, by pages."""
        names = ",".join([*self.names, "syncd_crm_id"])
        after: str | None = None
        while True:
            words = {"limit": PAGE, "properties": names, **({"after": after} if after else {})}
            told = self.call("GET", f"{self.hubspot}/crm/v3/objects/contacts", params=words)
            yield [each["properties"] for each in told["results"]]
            after = told.get("paging", {}).get("next", {}).get("after")
            if not after:
                return

    def to_salesforce(self) -> int:
        """Writes all contacts to their Leads. Returns how many."""
        waiting: list[dict[str, Any]] = []
        done = 0
        for page in self.contacts():
            waiting += page
            while len(waiting) >= ROWS:
                done += self._leads(waiting[:ROWS])
                del waiting[:ROWS]
        return done + (self._leads(waiting) if waiting else 0)

    def _leads(self, rows: list[dict[str, Any]]) -> int:
        records = [
            {
                "attributes": {"type": "Lead"},
                "Id": row["syncd_crm_id"],
                **{self.columns[name]: row[name] for name in self.names},
            }
            for row in rows
        ]
        url = f"{self.salesforce}{API}/composite/sobjects"
        told = self.call("PATCH", url, json={"allOrNone": False, "records": records})
        assert all(each["success"] for each in told), told
        return len(rows)

    def to_hubspot(self) -> int:
        """Writes all Leads to their contacts. Returns how many."""
        columns = ",".join([*self.columns.values(), "Syncd_Marketing_Id__c"])
        told = self.call("GET", f"{self.salesforce}{API}/query", params={"q": f"SELECT {columns} FROM Lead"})  # noqa: S608 - our own names
        done = 0
        while True:
            rows = told["records"]
            for start in range(0, len(rows), BATCH):
                inputs = [
                    {
                        "id": row["Syncd_Marketing_Id__c"],
                        "properties": {name: row[self.columns[name]] for name in self.names},
                    }
                    for row in rows[start : start + BATCH]
                ]
                self.call("POST", f"{self.hubspot}/crm/v3/objects/contacts/batch/update", json={"inputs": inputs})
                done += len(inputs)
            if told["done"]:
                return done
            told = self.call("GET", f"{self.salesforce}{told['nextRecordsUrl']}")


def main() -> None:
    """Runs one way."""
    began = time.monotonic()
    script = Script()
    done = script.to_salesforce() if sys.argv[1] == "crm" else script.to_hubspot()
    assert done >= int(sys.argv[2]), done
    print(time.monotonic() - began)


if __name__ == "__main__":
    main()
