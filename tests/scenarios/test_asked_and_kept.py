"""What is asked of the vendors is what the mapping names, and what lets us in is written nowhere.

Every request of some cycles is looked at as the vendor gets it, and every byte that is left on the disk afterwards.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from sandbox.kernel import HttpRequest, HttpResponse
from syncd.store.backup import Backups
from syncd.store.sealing import unseal
from tests.fakes import FakeChance
from tests.scenarios.steps import Steps
from tests.worlds import ROOT, Both, open_both

KEY: Final = "a key of thirty-two characters!!"
NATIVE: Final = {"salesforcecontactid", "salesforceleadid", "salesforceaccountid"}
OURS: Final = {
    "contacts": {"hs_object_id", "lastmodifieddate", "hs_merged_object_ids", "hs_calculated_merged_vids"}
    | {"hs_additional_emails", "hs_email_optout"}
    | NATIVE,
    "companies": {"hs_object_id", "hs_lastmodifieddate", "hs_merged_object_ids"} | NATIVE,
    "Lead": {"Id", "SystemModstamp", "IsDeleted", "MasterRecordId", "IsConverted", "ConvertedContactId"},
    "Contact": {"Id", "SystemModstamp", "IsDeleted", "MasterRecordId"},
    "Account": {"Id", "SystemModstamp", "IsDeleted", "MasterRecordId"},
}
"""What is read beside the mapping: which record it is, when it changed and what became of it; other addresses
of a contact, by which it is found; what ``@unsubscribed`` stands for; whether HubSpot's own connector has it.
"""
ANOTHERS: Final = {"@unsubscribed", "companies"}
"""Names in the mapping that are no field of HubSpot: our own one, and an association."""


@dataclass
class Heard:
    """What both vendors were asked, and what they gave out to let us in."""

    asked: list[HttpRequest] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)

    def over(self, handle: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
        """A kernel's ``handle`` that is listened to."""

        def listened(request: HttpRequest) -> HttpResponse:
            self.asked.append(request)
            answer = handle(request)
            scheme, _, token = request.headers.get("authorization", "").partition(" ")
            if scheme == "Bearer":
                self.tokens.add(token)
            return answer

        return listened

    def fields(self) -> dict[str, set[str]]:
        """The fields that were asked for, by object; ``*`` for a call that left them to the vendor."""
        found: dict[str, set[str]] = defaultdict(set)
        for request in self.asked:
            for object, names in [*_of_hubspot(request), *_of_salesforce(request)]:
                found[object].update(names)
        return {object: names for object, names in found.items() if object in OURS}


def _of_hubspot(request: HttpRequest) -> Iterator[tuple[str, set[str]]]:
    path = re.fullmatch(r"/crm/objects/[\d-]+/(\w+)(?:/(search|batch/read))?", request.path)
    if path is None or (request.method == "POST" and path[2] is None):
        return
    if request.method == "GET":
        told = dict(request.query).get("properties")
        yield path[1], {"*"} if told is None else set(told.split(","))
        return
    body = json.loads(request.body)
    yield path[1], {*body["properties"], *body.get("propertiesWithHistory", ())}


def _of_salesforce(request: HttpRequest) -> Iterator[tuple[str, set[str]]]:
    query = dict(request.query).get("q")
    if query is not None:
        yield _selected(query)
    if request.path.endswith("/composite"):
        for each in json.loads(request.body)["compositeRequest"]:
            yield from map(_selected, parse_qs(urlsplit(each["url"]).query).get("q", ()))
    read = re.search(r"/composite/sobjects/(\w+)$", request.path)
    if read is not None and request.method == "POST":
        yield read[1], set(json.loads(request.body).get("fields", ()))


def _selected(query: str) -> tuple[str, set[str]]:
    read = re.match(r"SELECT (.+?) FROM (\w+)", query)
    assert read is not None, query
    return read[2], {each.strip() for each in read[1].split(",")}


def mapped() -> dict[str, set[str]]:
    """The vendor fields that the example's mappings name by side, read from the files as anybody would."""
    found: dict[str, set[str]] = {"marketing": set(), "crm": set()}
    for file in (ROOT / "config" / "schema").glob("*.yaml"):
        told = yaml.load(file.read_text(encoding="utf-8"), yaml.BaseLoader)
        for side, names in found.items():
            names.add(told[side]["key"])
            for each in told["fields"].values():
                names.update(_texts(each.get(side)))
    return found


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[Both, Heard, Path]]:
    """Three people and a company, carried, changed on both sides and carried again."""
    both, heard = open_both(f"sqlite:///{tmp_path}/state.db"), Heard()
    for kernel in (both.hubspot, both.salesforce):
        kernel.handle = heard.over(kernel.handle)  # type: ignore[assignment, method-assign]
    steps = Steps(both)
    ids = [steps.contact(email=f"p{n}@example.com", firstname="A", city="Old", company="C") for n in range(3)]
    steps.cycle()
    steps.market(ids[0], city="New")
    for _ in range(3):
        steps.cycle(after=4_000.0)
    yield both, heard, tmp_path
    both.store.close()


def test_only_mapped_fields_are_asked_for(site: tuple[Both, Heard, Path]) -> None:
    """S28: of the objects that are synced, what the mapping names and what tells records apart; all of it is read."""
    _, heard, _ = site
    names, asked = mapped(), heard.fields()
    assert asked.keys() == OURS.keys()
    beyond = {object: fields - OURS[object] - names["marketing"] - names["crm"] for object, fields in asked.items()}
    assert beyond == {object: set() for object in OURS}
    everything = set().union(*asked.values())
    assert (names["marketing"] | names["crm"]) - everything == ANOTHERS, "the mapping is not read"


def test_what_lets_us_in_is_not_in_the_store_and_not_in_a_backup(site: tuple[Both, Heard, Path]) -> None:
    """S23: the token of one side, the secret of the other and the token that it was exchanged for."""
    both, heard, folder = site
    (gained,) = heard.tokens - {"pat-na1-sandbox"}
    url = f"sqlite:///{folder}/state.db"
    sealed = Backups(url, folder / "copies", KEY, clock=both.clock, chance=FakeChance(7)).make().backup.file
    unseal(sealed, folder / "unsealed.db", secret=KEY)
    files = [each for each in folder.rglob("*") if each.is_file()]
    assert {"state.db", "unsealed.db", sealed.name} <= {each.name for each in files}
    written = {each.name: each.read_bytes() for each in files}
    assert b"p0@example.com" in written["unsealed.db"], "what people are known by is there, and can be found so"
    for secret in (gained, "pat-na1-sandbox", "sandbox-secret", KEY):
        assert [name for name, content in written.items() if secret.encode() in content] == []
