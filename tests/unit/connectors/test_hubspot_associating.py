"""Associating what was written: a pair counts as associated only where HubSpot says so or shows it."""

from __future__ import annotations

from typing import Any

import pytest
import responses

from connectors.hubspot.associations import write_refs
from syncd.model.remote import RemoteRef, Shape
from syncd.model.values import Lane
from syncd.model.write import Deferred, Indeterminate, Refused, WriteResult, Written
from tests.fakes import FakeClock
from tests.hubspot_stub import BASE, connect
from tests.unit.connectors.test_hubspot_write import UPDATE, accept, on, send, update

BELOW = f"{BASE}/crm/associations/2026-09/contacts/companies"
MADE, HELD = f"{BELOW}/batch/create", f"{BELOW}/batch/read"
DEFAULT = f"{BASE}/crm/associations/2026-09/deals/contacts/batch/associate/default"
DEALS_HELD = f"{BASE}/crm/associations/2026-09/deals/contacts/batch/read"
LINKED = Shape("person", {"contacts": ("email",)}, key="syncd_crm_id", refs={"company": {"contacts": "companies"}})


def company(key: int) -> RemoteRef:
    """What a contact is to be associated with."""
    return RemoteRef("companies", str(key))


def created(one: Any, other: Any) -> dict[str, Any]:
    """A result of ``batch/create``."""
    types = {"fromObjectTypeId": "0-1", "toObjectTypeId": "0-2", "labels": []}
    return {**types, "fromObjectId": one, "toObjectId": other}


def holds(*ends: tuple[int, int]) -> list[dict[str, Any]]:
    """Answers batch reads with these associations, all of them primary ones."""
    rows = [
        {"from": {"id": str(one)}, "to": [{"toObjectId": other, "associationTypes": [{"typeId": 1}]}]}
        for one, other in ends
    ]
    return on(HELD, lambda _: (200, {"results": rows}))


def associated(clock: FakeClock, *numbers: int) -> list[WriteResult]:
    """What becomes of updates of these contacts, each of them with the company 9."""
    on(UPDATE, accept)
    return send(connect(clock), clock, *(update(number, company(9)) for number in numbers), shape=LINKED)


@responses.activate
def test_a_failed_association_parks_the_ref(clock: FakeClock) -> None:
    """The record is written; only the ref whose company is gone is refused, under its own name."""
    on(UPDATE, accept)
    context = {"fromObjectId": ["2"], "toObjectId": ["8"]}
    answer = {"results": [created(1, 7)], "errors": [{"message": "gone", "context": context}]}
    bodies = on(MADE, lambda _: (207, answer))
    one, two = send(connect(clock), clock, update(1, company(7)), update(2, company(8)), shape=LINKED)
    assert isinstance(one, Written)
    assert isinstance(two, Refused)
    assert (two.code, two.fields) == ("NOT_ASSOCIATED", ("company",))
    assert bodies[0]["inputs"][0]["types"] == [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}]


@responses.activate
@pytest.mark.parametrize(
    "answer",
    [
        {"results": []},
        {"results": [], "numErrors": 1},
        {"results": "none"},
        {},
        [],
        {"results": [{"from": "1", "to": "9"}]},
        {"results": [created(2, 9)]},
        {"results": [], "errors": [{"message": "no", "context": {"fromObjectId": ["CONTACT=1"], "toObjectId": ["9"]}}]},
        {"results": [], "errors": [{"message": "no", "context": ["1"]}]},
        {"results": [], "errors": [{"message": "no"}]},
    ],
)
def test_an_association_that_no_answer_names_is_looked_for(clock: FakeClock, answer: Any) -> None:
    """F11: what neither a result nor an error names may be lost, so it is refused unless it is there."""
    on(MADE, lambda _: (207, answer))
    reads = holds((2, 9))
    one, two = associated(clock, 1, 2)
    assert isinstance(one, Refused)
    assert (one.code, one.fields) == ("NOT_ASSOCIATED", ("company",))
    assert isinstance(two, Written)
    assert len(reads) == 1


@responses.activate
def test_an_answer_without_a_body_is_looked_behind(clock: FakeClock) -> None:
    """A 204 names nobody either."""
    responses.post(MADE, status=204)
    holds((2, 9))
    one, two = associated(clock, 1, 2)
    assert isinstance(one, Refused)
    assert isinstance(two, Written)


@responses.activate
def test_a_company_that_is_not_the_primary_one_is_not_what_was_asked_for(clock: FakeClock) -> None:
    """A contact that only has it among others was not given it as its company."""
    on(MADE, lambda _: (200, {"results": []}))
    ends = [{"toObjectId": 8, "associationTypes": [{"typeId": 1}]}, {"toObjectId": 9, "associationTypes": []}]
    on(HELD, lambda _: (200, {"results": [{"from": {"id": "1"}, "to": ends}]}))
    (result,) = associated(clock, 1)
    assert isinstance(result, Refused)


@responses.activate
def test_what_cannot_be_looked_for_is_not_known(clock: FakeClock) -> None:
    """Neither written nor refused: the next cycle finds out."""
    on(MADE, lambda _: (200, {"results": []}))
    on(HELD, lambda _: (400, {"status": "error", "message": "no"}))
    (result,) = associated(clock, 1)
    assert isinstance(result, Indeterminate)


@responses.activate
def test_a_pair_that_met_a_limit_is_made_later(clock: FakeClock) -> None:
    """A limit says nothing of the pair, and its record is written all the same."""
    context = {"fromObjectId": ["1"], "toObjectId": [9]}
    error = {"message": "slow down", "category": "RATE_LIMITS", "context": context}
    on(MADE, lambda _: (207, {"results": [], "errors": [error]}))
    (result,) = associated(clock, 1)
    assert isinstance(result, Deferred)
    assert result.fields == ("company",)


@responses.activate
def test_a_written_record_whose_association_is_put_off_is_not_called_undone(clock: FakeClock) -> None:
    """HubSpot is busy when the association is asked for: of the record itself nothing is open."""
    responses.post(MADE, status=423, json={"message": "locked"})
    (result,) = associated(clock, 1)
    assert isinstance(result, Deferred)
    assert result.fields == ("company",)


@responses.activate
def test_an_error_that_names_one_end_counts_for_all_its_pairs(clock: FakeClock) -> None:
    """A company that is gone is gone for everybody; ids count as text, whether they are numbers or not."""
    errors = [{"message": "gone", "context": {"toObjectId": 9}}]
    on(MADE, lambda _: (207, {"results": [], "errors": errors}))
    results = associated(clock, 1, 2)
    assert [result.code for result in results if isinstance(result, Refused)] == ["NOT_ASSOCIATED"] * 2


@responses.activate
def test_one_bad_association_spoils_no_other(clock: FakeClock) -> None:
    """F57: a 400 for the whole batch, because one company is gone, is taken apart as it is for records."""

    def reply(body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        pairs = [(each["from"]["id"], each["to"]["id"]) for each in body["inputs"]]
        if ("3", "9") in pairs:
            return 400, {"status": "error", "category": "VALIDATION_ERROR", "message": "COMPANY=9 is not valid"}
        return 201, {"results": [created(int(one), int(other)) for one, other in pairs]}

    on(UPDATE, accept)
    bodies = on(MADE, reply)
    rows = [update(key, company(9 if key == 3 else 8)) for key in range(1, 21)]
    results = send(connect(clock), clock, *rows, shape=LINKED)
    assert [place for place, result in enumerate(results, 1) if not isinstance(result, Written)] == [3]
    assert isinstance(results[2], Refused)
    assert results[2].code == "VALIDATION_ERROR"
    assert len(bodies) < 12


@responses.activate
def test_a_refusal_that_is_no_pairs_fault_is_not_taken_apart(clock: FakeClock) -> None:
    """Where there is no such path, a call for each pair would tell nothing more."""
    bodies = on(MADE, lambda _: (404, {"status": "error", "message": "resource not found"}))
    assert all(isinstance(result, Refused) for result in associated(clock, *range(1, 21)))
    assert len(bodies) == 1


@responses.activate
def test_results_of_both_directions_are_read(clock: FakeClock) -> None:
    """Without types HubSpot tells each pair twice, there and back: mirrored pairs are not known by that."""
    pairs = [("1", "9"), ("9", "1"), ("5", "6"), ("7", "7")]
    told = [("1", "9"), ("9", "1"), ("5", "6"), ("6", "5"), ("7", "7")]
    results = [{"from": {"id": one}, "to": {"id": other}} for one, other in told]
    on(DEFAULT, lambda _: (200, {"results": results}))
    reads = on(DEALS_HELD, lambda _: (200, {"results": [{"from": {"id": "1"}, "to": [{"toObjectId": 9}]}]}))
    unmade = write_refs(connect(clock)._client, "deals", "contacts", pairs, lane=Lane.BULK)
    assert [each["id"] for each in reads[0]["inputs"]] == ["1", "9"]
    assert list(unmade) == [("9", "1")]
