"""hubspot-api-client against the HubSpot stand-in, records: every public method of contacts, and the same of companies,
deals and tasks.
"""

from __future__ import annotations

import importlib
import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.server import RunningSandbox

_numbers = itertools.count(1)


def module(hubspot: Any, kind: str) -> Any:
    """The client's module of an object; tasks live below ``objects``."""
    return hubspot.crm.objects.tasks if kind == "tasks" else getattr(hubspot.crm, kind)


def refusal(kind: str) -> type[Exception]:
    """What the client raises there; every module has a class of its own."""
    name = "objects.tasks" if kind == "tasks" else kind
    raised: type[Exception] = importlib.import_module(f"hubspot.crm.{name}.exceptions").ApiException
    return raised


def properties(kind: str) -> dict[str, str]:
    """Enough to create a record of this kind, different each time."""
    number = next(_numbers)
    return {
        "contacts": {"email": f"p{number}@example.com", "firstname": f"P{number}"},
        "companies": {"name": f"C{number}", "domain": f"c{number}.example"},
        "deals": {"dealname": f"D{number}", "pipeline": "default", "dealstage": "appointmentscheduled"},
        "tasks": {"hs_task_subject": f"T{number}", "hs_timestamp": "2026-01-31T10:00:00.000Z"},
    }[kind]


def record(hubspot: Any, kind: str = "contacts", **more: str) -> Any:
    """A new record, as the client shows it."""
    return module(hubspot, kind).basic_api.create({"properties": properties(kind) | more})


KINDS = pytest.mark.parametrize("kind", ["contacts", "companies", "deals", "tasks"])


# -- one record --------------------------------------------------------------------------------------------------------
@KINDS
def test_create(hubspot: Any, kind: str) -> None:
    """``basic_api.create`` answers the record with its stamps as instants."""
    given = properties(kind)
    made = module(hubspot, kind).basic_api.create({"properties": given})
    assert {name: made.properties[name] for name in given} == given
    assert (made.id, made.archived) == (made.properties["hs_object_id"], False)
    assert made.created_at.utcoffset().total_seconds() == 0


@KINDS
def test_get_by_id(hubspot: Any, kind: str) -> None:
    """``basic_api.get_by_id`` answers what was asked for, with the history of one property."""
    name, value = next(iter(properties(kind).items()))
    made = record(hubspot, kind, **{name: value})
    read = module(hubspot, kind).basic_api.get_by_id(made.id, properties=[name], properties_with_history=[name])
    assert read.properties[name] == value
    assert read.properties_with_history[name][0].value == value
    assert read.properties_with_history[name][0].source_type


@KINDS
def test_update(hubspot: Any, kind: str) -> None:
    """``basic_api.update`` answers a later stamp, and ``""`` clears."""
    made = record(hubspot, kind)
    name = next(iter(properties(kind)))
    changed = module(hubspot, kind).basic_api.update(made.id, {"properties": {name: properties(kind)[name]}})
    assert (changed.id, changed.updated_at >= made.updated_at) == (made.id, True)
    cleared = {"contacts": "firstname", "companies": "domain", "deals": "amount", "tasks": "hs_task_body"}[kind]
    module(hubspot, kind).basic_api.update(made.id, {"properties": {cleared: ""}})
    assert module(hubspot, kind).basic_api.get_by_id(made.id, properties=[cleared]).properties[cleared] is None


@KINDS
def test_archive(hubspot: Any, kind: str) -> None:
    """``basic_api.archive`` puts it where only ``archived=True`` finds it."""
    made = record(hubspot, kind)
    api = module(hubspot, kind).basic_api
    api.archive(made.id)
    with pytest.raises(refusal(kind)) as raised:
        api.get_by_id(made.id)
    assert raised.value.status == 404
    assert api.get_by_id(made.id, archived=True).archived_at


@KINDS
def test_get_page(hubspot: Any, kind: str) -> None:
    """``basic_api.get_page`` pages by the last id; following to the end, as ``get_all`` does, finds all."""
    made = [record(hubspot, kind).id for _ in range(3)]
    from hubspot.utils.objects import fetch_all

    api = module(hubspot, kind).basic_api
    first = api.get_page(limit=2)
    assert (len(first.results), bool(first.paging.next.after)) == (2, True)
    second = api.get_page(limit=2, after=first.paging.next.after)
    assert not {row.id for row in first.results} & {row.id for row in second.results}
    everything = fetch_all(api)
    assert set(made) <= {row.id for row in everything}


def test_by_another_property(hubspot: Any) -> None:
    """A contact is read and written by its address."""
    made = record(hubspot)
    api, email = hubspot.crm.contacts.basic_api, made.properties["email"]
    assert api.get_by_id(email, id_property="email").id == made.id
    assert api.update(email, {"properties": {"lastname": "By address"}}, id_property="email").id == made.id


@pytest.mark.parametrize("kind", ["contacts", "companies", "deals"])
def test_merge(hubspot: Any, kind: str) -> None:
    """``basic_api.merge`` answers the record that remains; the other's id leads to it."""
    kept, lost = record(hubspot, kind), record(hubspot, kind)
    api = module(hubspot, kind).basic_api
    merged = api.merge({"primaryObjectId": kept.id, "objectIdToMerge": lost.id})
    assert api.get_by_id(lost.id).id == merged.id


def test_purge(hubspot: Any) -> None:
    """``basic_api.purge`` erases a contact, the recycle bin included."""
    made = record(hubspot)
    api = hubspot.crm.contacts.basic_api
    api.purge({"objectId": made.id})
    with pytest.raises(refusal("contacts")) as raised:
        api.get_by_id(made.id, archived=True)
    assert raised.value.status == 404


# -- batches -----------------------------------------------------------------------------------------------------------
@KINDS
def test_batch_create(hubspot: Any, kind: str) -> None:
    """``batch_api.create`` answers all of them, complete."""
    inputs = [{"properties": properties(kind)} for _ in range(3)]
    made = module(hubspot, kind).batch_api.create({"inputs": inputs})
    assert (made.status, len(made.results), made.completed_at >= made.started_at) == ("COMPLETE", 3, True)


@KINDS
def test_batch_read(hubspot: Any, kind: str) -> None:
    """``batch_api.read`` answers the records asked for."""
    made = {record(hubspot, kind).id for _ in range(2)}
    body = {"inputs": [{"id": number} for number in made], "properties": [], "propertiesWithHistory": []}
    assert {row.id for row in module(hubspot, kind).batch_api.read(body).results} == made


@KINDS
def test_batch_update(hubspot: Any, kind: str) -> None:
    """``batch_api.update`` answers what was written."""
    name = next(iter(properties(kind)))
    inputs = [{"id": record(hubspot, kind).id, "properties": {name: properties(kind)[name]}} for _ in range(2)]
    changed = module(hubspot, kind).batch_api.update({"inputs": inputs})
    assert {row.id: row.properties[name] for row in changed.results} == {
        entry["id"]: entry["properties"][name] for entry in inputs
    }


@pytest.mark.parametrize("kind", ["contacts", "companies", "deals"])
def test_batch_upsert(hubspot: Any, kind: str) -> None:
    """``batch_api.upsert`` by a unique property tells new ones from known ones."""
    key = f"00Q{next(_numbers):05}"
    given = properties(kind)
    entry = {"id": key, "idProperty": "syncd_crm_id", "properties": given | {"syncd_crm_id": key}}
    new, known = (module(hubspot, kind).batch_api.upsert({"inputs": [entry]}).results[0] for _ in range(2))
    assert (new.new, known.new, new.id) == (True, False, known.id)


@KINDS
def test_batch_archive(hubspot: Any, kind: str) -> None:
    """``batch_api.archive`` takes them out of every read."""
    made = record(hubspot, kind).id
    api = module(hubspot, kind)
    api.batch_api.archive({"inputs": [{"id": made}]})
    assert made not in {row.id for row in api.basic_api.get_page(limit=100).results}


# -- partial success, which the client does not raise for ------------------------------------------------------------
def _missing_ids(hubspot: Any) -> Any:
    body = {"inputs": [{"id": "999999999"}], "properties": [], "propertiesWithHistory": []}
    return hubspot.crm.contacts.batch_api.read(body)


def _one_bad_row(hubspot: Any) -> Any:
    good, bad = properties("contacts"), {"email": "no address"}
    inputs = [{"properties": row, "objectWriteTraceId": f"t{place}"} for place, row in enumerate((good, bad))]
    return hubspot.crm.contacts.batch_api.create({"inputs": inputs})


@pytest.mark.parametrize(
    ("ask", "context", "rows"),
    [(_missing_ids, {"ids": ["999999999"]}, 0), (_one_bad_row, {"objectWriteTraceId": ["t1"]}, 1)],
)
def test_multi_status(hubspot: Any, ask: Callable[[Any], Any], context: dict[str, list[str]], rows: int) -> None:
    """A 207 is a model with errors, each with a category and what it is about; the good rows are there too."""
    answer = ask(hubspot)
    assert (len(answer.results), answer.num_errors, len(answer.errors)) == (rows, 1, 1)
    assert answer.errors[0].context == context
    assert answer.errors[0].category


# -- search ------------------------------------------------------------------------------------------------------------
@KINDS
def test_search(hubspot: Any, kind: str, box: RunningSandbox) -> None:
    """``search_api.do_search`` filters, sorts, pages and counts."""
    name = {"contacts": "lastname", "companies": "city", "deals": "dealname", "tasks": "hs_task_body"}[kind]
    made = [record(hubspot, kind, **{name: "needle"}).id for _ in range(3)]
    body: dict[str, Any] = {
        "filterGroups": [{"filters": [{"propertyName": name, "operator": "EQ", "value": "needle"}]}],
        "sorts": [{"propertyName": "hs_object_id", "direction": "DESCENDING"}],
        "properties": [name],
        "limit": 2,
    }
    api = module(hubspot, kind).search_api
    first = api.do_search(body)
    second = api.do_search(body | {"after": first.paging.next.after})
    assert [row.id for row in (*first.results, *second.results)] == made[::-1]
    assert (first.total, second.paging) == (3, None)


# -- refusals ----------------------------------------------------------------------------------------------------------
def test_a_bad_value(hubspot: Any) -> None:
    """400 with the property and a code in ``errors``."""
    with pytest.raises(refusal("contacts")) as raised:
        hubspot.crm.contacts.basic_api.create({"properties": {"email": "no address"}})
    told = json.loads(raised.value.body)
    assert (raised.value.status, told["category"], told["errors"][0]["code"]) == (
        400,
        "VALIDATION_ERROR",
        "INVALID_EMAIL",
    )


def test_a_known_address(hubspot: Any) -> None:
    """409 with the id in its message."""
    made = record(hubspot)
    with pytest.raises(refusal("contacts")) as raised:
        hubspot.crm.contacts.basic_api.create({"properties": {"email": made.properties["email"]}})
    assert raised.value.status == 409
    assert json.loads(raised.value.body)["message"].endswith(f"Existing ID: {made.id}")


def test_a_wrong_token(box: RunningSandbox) -> None:
    """401 is the client's own exception for that."""
    from hubspot import HubSpot
    from hubspot.crm.contacts.exceptions import UnauthorizedException

    with pytest.raises(UnauthorizedException):
        HubSpot(access_token="wrong", host=box.hubspot_url).crm.contacts.basic_api.get_page()
