"""The change stream over HubSpot's search: nothing lost, nothing read twice but for one second look, always an end."""

from __future__ import annotations

from collections import Counter

import orjson
import pytest
import responses

from connectors.hubspot.connector import HubSpotConnector
from connectors.hubspot.cursor import Position
from connectors.hubspot.wire import millis_of
from syncd.model.errors import Bug
from syncd.model.remote import Cursor, Page, Shape
from syncd.model.values import Lane
from tests.fakes import FakeClock, FreeBudget
from tests.hubspot_stub import BASE, OBJECTS, SHAPE, SearchStub, connect, iso, row

T0 = 1_700_000_000_000


@pytest.fixture
def connector(clock: FakeClock) -> HubSpotConnector:
    """A connector with the default overlap of 30 s."""
    return connect(clock)


def drain(connector: HubSpotConnector, cursor: Cursor) -> tuple[list[Page], Cursor]:
    """All pages from a cursor, and the last cursor."""
    pages = list(connector.changes(SHAPE, cursor))
    return pages, pages[-1].cursor


def ids(pages: list[Page]) -> list[str]:
    """Record ids in the order they came."""
    return [record.ref.id for page in pages for record in page.records]


@responses.activate
def test_a_thousand_changes_cost_five_calls_in_order(connector: HubSpotConnector) -> None:
    """1,000 changed contacts are read with 5 searches, oldest first, and the next cycle reads none of them again."""
    stub = SearchStub([row(i, T0 + i * 7) for i in range(1, 1_001)], now=T0 + 8_000)
    stub.install()
    pages, cursor = drain(connector, Position.at(T0).encode())
    assert ids(pages) == [str(i) for i in range(1, 1_001)]
    assert len(stub.bodies) == 5
    assert all("after" not in body for body in stub.bodies)
    again, _ = drain(connector, cursor)
    assert ids(again) == []
    assert len(stub.bodies) == 6


@responses.activate
def test_a_thousand_changes_of_one_stamp_cost_five_calls(connector: HubSpotConnector) -> None:
    """A bulk change stamps everything alike: too many ids to leave out, so offsets are used; still each once."""
    stub = SearchStub([row(i, T0 + 5) for i in range(1, 1_001)], now=T0 + 8_000)
    stub.install()
    pages, cursor = drain(connector, Position.at(T0).encode())
    assert sorted(map(int, ids(pages))) == list(range(1, 1_001))
    assert len(stub.bodies) == 5
    assert ids(drain(connector, cursor)[0]) == []


@responses.activate
def test_a_stop_in_the_middle_of_one_stamp_loses_nothing(connector: HubSpotConnector) -> None:
    """While a stamp is being paged the cursor stays below it: a restart reads it again instead of skipping the rest."""
    stub = SearchStub([row(i, T0 + 5) for i in range(1, 501)], now=T0 + 8_000)
    stub.install()
    first = next(iter(connector.changes(SHAPE, Position.at(T0).encode())))
    pages, _ = drain(connector, first.cursor)
    assert len(set(ids(pages))) == 500


@responses.activate
@pytest.mark.slow
def test_the_cap_of_ten_thousand(connector: HubSpotConnector) -> None:
    """hubspot.md 4: results past 10,000 are refused, so a long run of equal stamps begins again at the last stamp."""
    rows = [row(i, T0 + (1 if i <= 6_000 else 2)) for i in range(1, 12_001)]
    stub = SearchStub(rows, now=T0 + 8_000)
    stub.install()
    pages, cursor = drain(connector, Position.at(T0).encode())
    seen = Counter(ids(pages))
    assert len(seen) == 12_000
    assert set(seen.values()) == {1}
    assert ids(drain(connector, cursor)[0]) == []


@responses.activate
@pytest.mark.slow
def test_one_stamp_fills_the_cap(connector: HubSpotConnector) -> None:
    """hubspot.md 4: where 10,000 records and more carry one stamp, that stamp is paged by record id; it ends."""
    rows = [row(i, T0 + 5) for i in range(1, 10_601)] + [row(20_000, T0 + 6)]
    stub = SearchStub(rows, now=T0 + 8_000)
    stub.install()
    pages, _ = drain(connector, Position.at(T0).encode())
    seen = Counter(ids(pages))
    assert len(seen) == 10_601
    assert set(seen.values()) == {1}
    assert any(body["sorts"][0]["propertyName"] == "hs_object_id" for body in stub.bodies)


@responses.activate
def test_a_record_that_moves_while_pages_are_read(connector: HubSpotConnector) -> None:
    """A record changed between two pages goes to the end; paging by offset would skip the one that takes its place."""
    stub = SearchStub([row(i, T0 + i) for i in range(1, 401)], now=T0 + 8_000)

    def move(call: int) -> None:
        if call == 1:
            stub.rows[0] = row(1, T0 + 900)

    stub.before = move
    stub.install()
    pages, _ = drain(connector, Position.at(T0).encode())
    assert set(ids(pages)) == {str(i) for i in range(1, 401)}
    assert ids(pages)[-1] == "1"


@responses.activate
def test_the_index_lags_and_a_late_row_is_caught_at_once(connector: HubSpotConnector) -> None:
    """hubspot.md 4: a change below the edge that becomes visible seconds later comes with the next query, alone."""
    stub = SearchStub([row(1, T0 + 1_000), row(3, T0 + 3_000)], now=T0 + 4_000)
    stub.install()
    _, cursor = drain(connector, Position.at(T0).encode())
    stub.rows.append(row(2, T0 + 2_000))
    pages, cursor = drain(connector, cursor)
    assert ids(pages) == ["2"]
    assert ids(drain(connector, cursor)[0]) == []


@responses.activate
def test_the_second_look_reads_each_record_once_more_at_most(clock: FakeClock) -> None:
    """What came to light later than 5 s is found by one more read per overlap, in the bulk lane, counted as reread."""
    budget = FreeBudget()
    connector = connect(clock, budget)
    stub = SearchStub([row(1, T0 + 1_000), row(9, T0 + 20_000)], now=T0 + 21_000)
    stub.install()
    first, cursor = drain(connector, Position.at(T0).encode())
    stub.rows.append(row(2, T0 + 2_000))
    found: list[Page] = list(first)
    for seconds in range(30, 200, 10):
        stub.now = T0 + seconds * 1_000
        pages, cursor = drain(connector, cursor)
        found += pages
    assert Counter(ids(found)) == {"1": 2, "9": 2, "2": 1}
    assert sum(page.reread for page in found) == 3
    assert {lane for _, lane, _ in budget.calls} == {Lane.ORDINARY, Lane.BULK}
    calls = len(stub.bodies)
    drain(connector, cursor)
    assert len(stub.bodies) == calls + 1


@responses.activate
def test_late_records_are_found_where_no_answer_tells_the_time(clock: FakeClock) -> None:
    """A proxy may take the Date away: the second look then goes by our own clock, even if nothing else ever changes."""
    begun = millis_of(clock.now())
    stub = SearchStub([row(9, begun + 20_000)], now=begun, dated=False)
    stub.install()
    connector = connect(clock)
    clock.advance(21)
    found, cursor = drain(connector, Position.at(begun).encode())
    stub.rows.append(row(2, begun + 2_000))
    for _ in range(12):
        clock.advance(10)
        pages, cursor = drain(connector, cursor)
        found += pages
    assert Counter(ids(found)) == {"9": 2, "2": 1}


@responses.activate
def test_a_backlog_is_not_read_twice(connector: HubSpotConnector) -> None:
    """Changes further back than the overlap were all visible when they were asked for: no second look at them."""
    stub = SearchStub([row(i, T0 + i * 1_000) for i in range(1, 301)], now=T0 + 3_600_000)
    stub.install()
    pages, cursor = drain(connector, Position.at(T0).encode())
    stub.now += 60_000
    more, _ = drain(connector, cursor)
    assert Counter(ids(pages + more)) == {str(i): 1 for i in range(1, 301)}


@responses.activate
@pytest.mark.parametrize("count", [600, pytest.param(10_600, marks=pytest.mark.slow)])
def test_a_quiet_time_and_then_very_many(connector: HubSpotConnector, count: int) -> None:
    """All are younger than what the index has surely caught up with, and the position is older: no stamp can be gone
    on from, so they are paged by offset, before the cap begun again, and looked for a second time. It ends.
    """
    stub = SearchStub([row(i, T0 + 60_000 + i) for i in range(1, count + 1)], now=T0 + 75_000)
    stub.install()
    pages, cursor = drain(connector, Position.at(T0).encode())
    assert Counter(ids(pages)) == {str(i): 1 for i in range(1, count + 1)}
    assert len(stub.bodies) <= count // 200 + 3
    again: Counter[str] = Counter()
    for seconds in range(80, 200, 10):
        stub.now = T0 + seconds * 1_000
        pages, cursor = drain(connector, cursor)
        again.update(ids(pages))
    assert set(again.values()) == {1}
    assert len(again) == count


@responses.activate
def test_what_an_offset_skips_is_found_by_the_second_look(connector: HubSpotConnector) -> None:
    """A record that goes to the end between two pages by offset lets another one slip through; a turn later it comes,
    and what was read before the offsets began is not read again.
    """
    old = [row(i, T0 + i * 10) for i in range(1, 301)]
    stub = SearchStub([*old, *(row(i, T0 + 100_000) for i in range(1_001, 1_601))], now=T0 + 200_000)

    def move(call: int) -> None:
        if call == 3:
            stub.rows[449] = row(1_150, T0 + 199_000)

    stub.before = move
    stub.install()
    pages, cursor = drain(connector, Position.at(T0).encode())
    missed = {str(i) for i in range(1_001, 1_601)} - set(ids(pages))
    assert len(missed) == 1
    stub.now += 60_000
    pages, _ = drain(connector, cursor)
    assert missed <= set(ids(pages))
    assert set(ids(pages)).isdisjoint(str(i) for i in range(1, 290))


@responses.activate
def test_the_end_is_a_missing_next_only(connector: HubSpotConnector) -> None:
    """hubspot.md 4: after an archive total and results disagree; ``total: 1`` with no results is an end, no loop."""
    responses.post(f"{OBJECTS}/search", json={"total": 1, "results": []})
    pages, _ = drain(connector, Position.at(T0).encode())
    assert ids(pages) == []
    assert len(responses.calls) == 1


@responses.activate
def test_an_empty_page_with_a_next_is_followed(connector: HubSpotConnector) -> None:
    """A page whose records were all archived meanwhile is short or empty and yet not the last."""
    responses.post(f"{OBJECTS}/search", json={"total": 3, "results": [], "paging": {"next": {"after": "200"}}})
    responses.post(f"{OBJECTS}/search", json={"total": 3, "results": [row(7, T0 + 1)]})
    pages, _ = drain(connector, Position.at(T0).encode())
    assert ids(pages) == ["7"]


@responses.activate
def test_many_properties_and_many_recent_ids_fit_the_body(clock: FakeClock) -> None:
    """hubspot.md 4: a body holds 3,000 characters; ids to leave out give way first (the stub asserts the size)."""
    shape = Shape("person", {"contacts": tuple(f"property_number_{i:03d}" for i in range(85))}, key="syncd_crm_id")
    stub = SearchStub([row(i + 10**12, T0 + i * 10) for i in range(1, 601)], now=T0 + 8_000)
    stub.install()
    pages = list(connect(clock).changes(shape, Position.at(T0).encode()))
    assert len(set(ids(pages))) == len(ids(pages)) == 600


@responses.activate
def test_more_properties_than_a_search_can_carry(clock: FakeClock) -> None:
    """When a body cannot name all properties, the search finds the records and a batch read their values."""
    names = tuple(f"a_rather_long_property_name_{i:03d}" for i in range(150))
    shape = Shape("person", {"contacts": names}, key="syncd_crm_id")
    stub = SearchStub([row(1, T0 + 1)], now=T0 + 8_000)
    stub.install()
    responses.post(f"{OBJECTS}/batch/read", json={"results": [row(1, T0 + 1, **dict.fromkeys(names, "x"))]})
    (page, *_) = connect(clock).changes(shape, Position.at(T0).encode())
    assert page.records[0].fields[names[149]] == "x"


@responses.activate
def test_stamps_as_epoch_milliseconds(connector: HubSpotConnector) -> None:
    """hubspot.md 6: some answers use the old form for dates; both are read."""
    old = row(5, T0 + 7)
    old["properties"]["lastmodifieddate"] = str(T0 + 7)
    responses.post(f"{OBJECTS}/search", json={"total": 1, "results": [old]})
    pages, cursor = drain(connector, Position.at(T0).encode())
    assert pages[0].records[0].version == str(T0 + 7)
    assert Position.decode(cursor).edge == T0 + 7


@responses.activate
def test_a_survivor_of_a_merge_tells_its_old_ids(connector: HubSpotConnector) -> None:
    """hubspot.md 6: a merge makes a new record whose hidden properties list the old ids, some with their time."""
    merged = row(9, T0 + 9, hs_merged_object_ids="1;2", hs_calculated_merged_vids=f"2:{T0 + 8}")
    responses.post(f"{OBJECTS}/search", json={"total": 1, "results": [merged]})
    pages, _ = drain(connector, Position.at(T0).encode())
    told = {moved.old.id: (moved.new.id, moved.at is not None) for moved in pages[0].moved}
    assert told == {"1": ("9", False), "2": ("9", True)}


@responses.activate
def test_missing_empty_and_opt_out(connector: HubSpotConnector) -> None:
    """hubspot.md 5: an undefined property is left out of answers and is never a clear; an empty one is ``null``."""
    held = row(5, T0 + 7, hs_email_optout="true")
    del held["properties"]["syncd_crm_id"]
    responses.post(f"{OBJECTS}/search", json={"results": [held]})
    pages, _ = drain(connector, Position.at(T0).encode())
    record = pages[0].records[0]
    assert record.missing == {"syncd_crm_id"}
    assert record.fields == {"email": "p5@example.com", "firstname": None, "@unsubscribed": "true"}


@responses.activate
def test_companies_have_another_stamp_property(clock: FakeClock) -> None:
    """hubspot.md 4: ``lastmodifieddate`` on contacts, ``hs_lastmodifieddate`` on all other objects."""
    responses.post(f"{BASE}/crm/objects/2026-09/companies/search", json={"results": []})
    shape = Shape("company", {"companies": ("name",)}, key="syncd_crm_id")
    list(connect(clock).changes(shape, Position.at(T0).encode()))
    sent = orjson.loads(responses.calls[0].request.body or b"")
    assert sent["sorts"] == [{"propertyName": "hs_lastmodifieddate", "direction": "ASCENDING"}]


@responses.activate
def test_start_is_vendor_time_less_the_overlap(connector: HubSpotConnector) -> None:
    """The first cursor uses the vendor's clock, not ours, and leaves room for what is not yet visible."""
    responses.get(
        f"{BASE}/account-info/2026-09/details",
        json={"portalId": 7},
        headers={"Date": "Tue, 14 Nov 2023 22:13:20 GMT"},
    )
    assert Position.decode(connector.start(SHAPE)).edge == T0 - 30_000
    assert iso(T0).startswith("2023-11-14T22:13:20")


def test_a_foreign_cursor_is_refused(connector: HubSpotConnector) -> None:
    """A cursor that is none of ours is never read as the beginning."""
    with pytest.raises(Bug, match="cursor"):
        next(iter(connector.changes(SHAPE, Cursor("{}"))))


@responses.activate
def test_refs_of_a_thousand_changes_are_one_call(clock: FakeClock) -> None:
    """Associations are read for up to 1,000 records at once, not page by page; pages and cursors stay as they are."""
    SearchStub([row(i, T0 + i * 7) for i in range(1, 1_101)], now=T0 + 8_000).install()
    url = f"{BASE}/crm/associations/2026-09/contacts/companies/batch/read"
    responses.post(url, json={"results": [{"from": {"id": "3"}, "to": [{"toObjectId": 8}]}]})
    shape = Shape("person", {"contacts": ("email",)}, key="syncd_crm_id", refs={"company": {"contacts": "companies"}})
    pages = list(connect(clock).changes(shape, Position.at(T0).encode()))
    assert [len(page.records) for page in pages] == [200, 200, 200, 200, 200, 100]
    assert [call.request.url for call in responses.calls].count(url) == 2
    assert pages[0].records[2].refs["company"][0].id == "8"
    assert [Position.decode(page.cursor).edge for page in pages] == [
        T0 + n * 7 for n in (200, 400, 600, 800, 1000, 1100)
    ]
