"""Jobs of Bulk 2.0: when they are made, what becomes of every row, and what is left when something breaks."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from connectors.salesforce.bulk import Bulk
from sandbox.kernel import Fault, HttpRequest, HttpResponse
from sandbox.salesforce.org import DuplicateRule
from syncd.model.errors import RetryLater
from syncd.model.remote import Gone, Moved, RemoteRef
from syncd.model.write import Clash, Deferred, Expect, Indeterminate, Refused, Stale, UpdateRecord, Written
from tests.contract.salesforce_bulk import MANY, PERSON, Org, change, new, news, page


@pytest.fixture
def org(monkeypatch: pytest.MonkeyPatch) -> Org:
    """An org in which twenty rows are many."""
    monkeypatch.setattr(Bulk, "least", MANY)
    return Org()


def _all_written(results: object) -> bool:
    assert isinstance(results, list)
    return all(isinstance(result, Written) for result in results)


# -- what a job does -------------------------------------------------------------------------------------------------
def test_many_rows_of_one_sort_are_one_job(org: Org) -> None:
    """Results in the order of the batch, values read back, and fewer calls than rows; small rest by Composite."""
    old = org.leads()
    org.calls()
    batch = [*news(), *(change(100 + n, ref, Title=f"T{n}") for n, ref in enumerate(old)), new(900)]
    batch = [*batch[::2], *batch[1::2]]
    results = org.write(batch)
    assert _all_written(results)
    for write, result in zip(batch, results, strict=True):
        assert isinstance(result, Written)
        assert result.created == (not isinstance(write, UpdateRecord))
        if isinstance(write, UpdateRecord):
            assert result.ref == write.ref
        assert result.confirmed.items() >= write.fields.items()
        assert result.version
    calls = org.calls()
    assert (calls["bulk.create"], calls["bulk.upload"], calls["collections.read"]) == (2, 2, 1)
    assert calls["bulk.rows"] == 2
    assert org.kept > 0, "the lease is kept meanwhile"


def test_a_row_is_cleared_left_alone_and_taken_at_its_word(org: Org) -> None:
    """Null clears, what is not sent stays; a text that means something else to Bulk goes otherwise, as it is."""
    old = org.leads(MANY + 1, Phone="+49 30 1")
    rows = [change(n, ref, Title=None) for n, ref in enumerate(old[:MANY])]
    results = org.write([*rows, change(99, old[MANY], Title="#N/A")])
    assert _all_written(results)
    held = [org.row(ref) for ref in old]
    assert [row["Title"] for row in held] == [None] * MANY + ["#N/A"]
    assert {row["Phone"] for row in held} == {"+49 30 1"}
    assert org.calls()["bulk.create"] == 0, "that a table can clear is not sure"


@pytest.mark.parametrize("clears", [True, False])
def test_a_clear_is_in_no_table(org: Org, clears: bool) -> None:
    """Whatever an org makes of the sign for it."""
    org.kernel.switches.bulk_na_clears = clears
    old = org.leads(2 * MANY)
    rows = [change(n, ref, Title=None if n % 2 else "New") for n, ref in enumerate(old)]
    assert _all_written(org.write(rows))
    assert [org.row(ref)["Title"] for ref in old] == ["New", None] * MANY
    assert org.calls()["bulk.create"] == 1


def test_texts_survive_the_table(org: Org) -> None:
    """Quotes, commas, line ends, leading blanks' neighbours and other scripts."""
    texts = ['say "no", please', "a,b;c", "line\nline", "Ünïcödé 漢字 🙂", "=1+1", "true"] * 4
    old = org.leads(len(texts))
    assert _all_written(org.write([change(n, ref, Title=text) for n, (ref, text) in enumerate(zip(old, texts))]))  # noqa: B905
    assert [org.row(ref)["Title"] for ref in old] == texts


def test_a_write_with_an_expectation_is_no_matter_for_a_job(org: Org) -> None:
    """Its check would be minutes old."""
    old = org.leads()
    expect = Expect("", {"Title": "Old"})
    org.calls()
    results = org.write([replace(change(n, ref, Title="New"), expect=expect) for n, ref in enumerate(old)])
    assert _all_written(results)
    assert org.calls()["bulk.create"] == 0


# -- rows that fail --------------------------------------------------------------------------------------------------
def test_refused_rows_are_told_as_elsewhere(org: Org) -> None:
    """Too long, required, deleted, converted, held by a duplicate rule: each its own result, the rest is written."""
    old = org.leads(MANY + 3)
    gone, converted, merged = old[MANY:]
    org.kernel.delete("Lead", gone.id)
    contact, _, _ = org.kernel.convert(converted.id, status="Closed - Converted")
    org.kernel.merge("Lead", old[0].id, [merged.id])
    rows = [change(n, ref, Title="x" if n else "x" * 300) for n, ref in enumerate(old)]
    results = org.write(rows)
    first = results[0]
    assert isinstance(first, Refused)
    assert (first.code, first.fields) == ("STRING_TOO_LONG", ("Title",))
    assert _all_written(list(results[1:MANY]))
    assert isinstance(results[MANY], Stale)
    assert isinstance(results[MANY].current, Gone)
    moved = results[MANY + 1]
    assert isinstance(moved, Stale)
    assert isinstance(moved.current, Moved)
    assert moved.current.new == RemoteRef("Contact", contact)
    assert isinstance(results[MANY + 2], Stale)


def test_duplicates_come_back_with_their_candidates(org: Org) -> None:
    """A job's results do not say of whom; the row is asked again where they do."""
    twin = org.leads(1, Email="twin@example.com")[0]
    org.kernel.org.duplicate_rules["Lead"] = [DuplicateRule("Standard", ("Email",))]
    results = org.write(news(make=lambda n: new(n, Email="twin@example.com" if n == 7 else f"p{n}@example.com")))
    clash = results[7]
    assert isinstance(clash, Clash)
    assert clash.candidates == (twin,)
    assert sum(isinstance(result, Written) for result in results) == MANY - 1


def test_locked_rows_are_tried_again(org: Org) -> None:
    """By the row, later."""
    old = org.leads()
    org.kernel.lock_rows([old[3].id], times=2)
    assert _all_written(org.write([change(n, ref, Title="New") for n, ref in enumerate(old)]))


def test_a_job_that_fails_as_a_whole_goes_row_by_row(org: Org) -> None:
    """A field that is hidden meanwhile spoils the whole table: its rows are refused that field, as elsewhere."""
    old = org.leads()
    rows = [change(n, ref, **({"Title": "New"} if n < MANY // 2 else {"Phone": "1"})) for n, ref in enumerate(old)]
    org.kernel.hide_field("Lead", "Phone")
    results = org.write(rows)
    assert _all_written(list(results[: MANY // 2]))
    assert all(isinstance(result, Refused) and "Phone" in result.fields for result in results[MANY // 2 :])


def test_an_org_without_bulk_is_served_without(org: Org) -> None:
    """A right that is lacking, or an object that Bulk does not know."""
    refusal = page('[{"errorCode":"FEATURENOTENABLED","message":"not here"}]', 400)
    org.break_("jobs/ingest", method="POST", answer=refusal)
    assert _all_written(org.write(news()))


# -- trouble on the way ----------------------------------------------------------------------------------------------
def test_what_waits_too_long_is_ended_and_sent_otherwise(org: Org) -> None:
    """Nobody promises when a job's turn comes."""
    org.kernel.switches.bulk_queue_seconds = 10_000
    assert _all_written(org.write(news(), within=5_000))
    assert org.states() == ["Aborted"]


@pytest.mark.parametrize("path", ["jobs/ingest", "/batches"])
def test_before_it_is_closed_a_job_has_written_nothing(org: Org, path: str) -> None:
    """Whatever is lost until then, the rows are surely unsent, and nothing is left that could run."""
    org.break_(path, when="drop")
    results = org.write(news())
    assert all(isinstance(result, Deferred) for result in results)
    assert org.calls()["bulk.rows"] == 0
    org.clock.advance(1_000)
    assert org.calls()["bulk.rows"] == 0
    assert set(org.states()) <= {"Open", "Aborted"}


def test_a_lost_answer_to_the_closing_is_looked_up(org: Org) -> None:
    """The job tells by its state whether it heard."""
    org.break_("jobs/ingest/", method="PATCH", when="drop")
    assert _all_written(org.write(news()))


def test_a_vendor_that_falls_silent_leaves_the_rows_unknown(org: Org) -> None:
    """Until the horizon; the job is remembered, and ended before the next process sends anything."""
    org.kernel.switches.bulk_queue_seconds = 500
    org.break_("jobs/ingest/", method="GET", times=1_000, answer=page("<html>away</html>", 503))
    results = org.write(news())
    assert all(isinstance(result, Indeterminate) for result in results)
    org.kernel.faults.armed.clear()
    assert org.states() == ["UploadComplete"]
    org.connector = org.process()
    assert _all_written(org.write([new(500)]))
    assert org.states() == ["Aborted"]
    org.clock.advance(1_000)
    assert org.calls()["bulk.rows"] == 0


def test_another_worker_ends_the_job_of_the_one_before(org: Org) -> None:
    """Also one that has written before and had no reason to look back."""
    other = org.process()
    deadline = org.clock.now() + timedelta(hours=1)
    assert _all_written(other.write(PERSON, [new(500)], deadline))
    org.kernel.switches.bulk_queue_seconds = 500
    org.break_("jobs/ingest/", method="GET", times=1_000, answer=page("<html>away</html>", 503))
    assert all(isinstance(result, Indeterminate) for result in org.write(news()))
    org.kernel.faults.armed.clear()
    assert _all_written(other.write(PERSON, [new(501)], deadline))
    org.clock.advance(1_000)
    assert org.states() == ["Aborted"]
    assert org.calls()["bulk.rows"] == 0


def test_looking_back_needs_no_write(org: Org) -> None:
    """Whoever settles what became of the rows ends the job first."""
    org.kernel.switches.bulk_queue_seconds = 500
    org.break_("jobs/ingest/", method="GET", times=1_000, answer=page("<html>away</html>", 503))
    org.write(news())
    with pytest.raises(RetryLater):
        org.connector.quieten()
    org.kernel.faults.armed.clear()
    org.connector.quieten()
    assert org.states() == ["Aborted"]


def test_a_job_that_does_not_end_is_not_called_ended(org: Org) -> None:
    """The vendor refuses to end it: its rows stay unknown and are not sent a second time."""
    org.kernel.switches.bulk_queue_seconds = 10_000
    refusal = page('[{"errorCode":"INVALIDJOBSTATE","message":"not now"}]', 400)

    def hits(request: HttpRequest) -> bool:
        return request.method == "PATCH" and b"Aborted" in request.body

    org.kernel.faults.arm(Fault("stubborn", hits, times=1_000, answer=refusal))
    results = org.write(news(), within=5_000)
    assert all(isinstance(result, Indeterminate) for result in results)
    assert len(org.kernel.export()["Lead"]) == 0
    assert org.notes.kept["salesforce bulk job"][0]


def test_a_result_that_is_cut_short_proves_nothing(org: Org) -> None:
    """The last line lacks its end: that row is unknown, and no other is taken for it."""

    def cut(request: HttpRequest) -> bool:
        return "successfulResults" in request.path

    table = b"sf__Id,sf__Created,Syncd_Marketing_Id__c,LastName,Company\n00Q5U000001sLZCUA2,true,k1"
    org.kernel.faults.arm(Fault("cut", cut, answer=HttpResponse(200, table, {"Content-Type": "text/csv"})))
    results = org.write([new(number) for number in range(1, MANY + 1)])
    assert all(isinstance(result, Indeterminate) for result in results)


def test_nothing_is_sent_while_an_earlier_job_cannot_be_ended(org: Org) -> None:
    """It might overwrite what is newer."""
    org.notes.remember("salesforce bulk job", b"750000000000001AAA", org.clock.now())
    org.break_("jobs/ingest/", method="GET", times=1_000, answer=page("<html>away</html>", 503))
    with pytest.raises(RetryLater) as raised:
        org.write([new(1)])
    assert not raised.value.sent
    org.kernel.faults.armed.clear()
    assert _all_written(org.write([new(1)])), "a job that is gone holds up nothing"


def test_a_page_that_is_no_table_proves_nothing(org: Org) -> None:
    """A login page in place of the results: unknown, and nothing is called refused."""
    org.break_("successfulResults", times=10, answer=page("<html>log in</html>"))
    assert all(isinstance(result, Indeterminate) for result in org.write(news()))


def test_a_process_that_is_told_to_stop_leaves_the_rows_open(org: Org) -> None:
    """It waits no longer; the job goes on, and reading settles its rows."""
    org.clock.left = 1
    results = org.write(news())
    assert all(isinstance(result, Indeterminate) for result in results)
    assert org.states() != ["JobComplete"]
