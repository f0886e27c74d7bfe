"""Pruning by rule, on SQLite and on PostgreSQL: what stays verifies, what waits stays, what was altered stays, too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from syncd.model.keeping import Keep
from syncd.model.link import AuditRow, FieldChange, Intent, IntentKind
from syncd.model.remote import RemoteRef
from syncd.model.run import Lease, Request, Run, RunState
from syncd.model.values import Instant, Side
from syncd.ports.store import Settlement
from syncd.store import SqlStore, pruning
from tests.fakes import START

DAY = timedelta(days=1)
KEEP = Keep(audit=100 * DAY, runs=100 * DAY)
Opening = Callable[..., SqlStore]


def row(id: str, at: Instant) -> AuditRow:
    """One audit row."""
    change = FieldChange("city", "Old", f"New {id}", "newest", Side.MARKETING)
    return AuditRow(id, 1, "L1", "person", Side.CRM, RemoteRef("Lead", "00Q1"), IntentKind.UPDATE, (change,), "r1", at)


def lease_of(store: SqlStore, at: Instant) -> Lease:
    """A lease of five minutes."""
    lease = store.take_lease("h1", at, at + timedelta(minutes=5))
    assert lease is not None
    return lease


def write(store: SqlStore, *ids: str, day: int, end: bool = True) -> None:
    """One lot of writes on a day, ended or not."""
    at = START + day * DAY
    store.begin(lease_of(store, at), [], [row(id, at) for id in ids], at)
    if end:
        store.settle(Settlement(endings=dict.fromkeys(ids, "done")), at)


def kept(store: SqlStore) -> list[str]:
    """The writes that are there."""
    with store.engine.connect() as connection:
        return list(connection.execute(text("SELECT intent FROM audit ORDER BY seq")).scalars())


def prune(store: SqlStore, day: int, keep: Keep = KEEP) -> int:
    """Steps until nothing more is to go; how many rows of the audit went."""
    gone = 0
    for _ in range(1_000):
        step = store.prune(keep, START + day * DAY)
        gone += step.audit
        if not step.more:
            return gone
    raise AssertionError("pruning does not end")


def test_what_stays_verifies_and_says_what_went(store: SqlStore) -> None:
    """Old lots go with their entries; the rest goes on from the last entry that went, for any number of rounds."""
    for day in range(0, 300, 50):
        write(store, f"a{day}", f"b{day}", day=day)
    head = store.audit_head()
    assert prune(store, 200) == 4, "days 0 and 50; day 100 is exactly as old as the rule, and stays"
    assert kept(store)[0] == "a100"
    found = store.verify_audit()
    assert found
    assert found.pruned is not None
    assert (found.pruned.number, found.pruned.rows, found.pruned.upto) == (4, 4, START + 50 * DAY)
    assert found.head == head
    assert (found.rows, found.entries) == (8, 8)
    assert prune(store, 200) == 0
    write(store, "c", day=260)
    assert prune(store, 320) == 6
    again = store.verify_audit()
    assert again
    assert again.pruned is not None
    assert again.pruned.rows == 10
    assert store.verify_audit(head.hash if head else None)
    assert store.verify_audit(again.pruned.hash), "the anchor's hash is known"


def test_an_older_head_is_told_to_be_older_than_the_anchor(store: SqlStore) -> None:
    """A hash that was noted before what was pruned proves nothing any more, and that is said."""
    write(store, "a", day=0)
    first = store.audit_head()
    write(store, "b", day=10)
    write(store, "c", day=150)
    prune(store, 150)
    assert first is not None
    found = store.verify_audit(first.hash)
    assert not found
    assert "it may be older than what was pruned" in found.flaws[0]


@pytest.mark.parametrize(
    "deed",
    [
        "UPDATE audit SET run = 'r2' WHERE intent = 'a150'",
        "DELETE FROM audit WHERE intent = 'a150'",
        "DELETE FROM chain WHERE number = (SELECT min(number) FROM chain)",
        "UPDATE meta SET value = replace(value, '[4,', '[5,') WHERE key = 'pruned:main'",
        "DELETE FROM meta WHERE key = 'pruned:main'",
        "UPDATE audit SET lot = 2 WHERE intent = 'a150'",
    ],
)
def test_what_was_done_to_the_rest_is_told(store: SqlStore, deed: str) -> None:
    """Pruning is no cover: what stays is proven as before, and a forged or lost anchor does not fit."""
    for day in (0, 50, 150):
        write(store, f"a{day}", day=day)
    prune(store, 160)
    assert store.verify_audit()
    with store.engine.begin() as connection:
        changed = connection.execute(text(deed.replace("'[4,'", "'[4, '").replace("'[5,'", "'[5, '")))
    assert changed.rowcount == 1
    assert not store.verify_audit()


def test_more_than_the_rule_allows_is_told(store: SqlStore) -> None:
    """Who deletes the beginning by hand and writes an anchor has to say when and by what rule, and it must fit."""
    write(store, "a", day=0)
    write(store, "b", day=150)
    store.prune(KEEP, START + 160 * DAY)
    with store.engine.begin() as connection:
        told = str(connection.execute(text("SELECT value FROM meta WHERE key = 'pruned:main'")).scalar())
        forged = told.rpartition(", ")[0] + f", {200 * 86_400}]"
        connection.execute(text("UPDATE meta SET value = :v WHERE key = 'pruned:main'"), {"v": forged})
    found = store.verify_audit()
    assert "younger than the 200 days of the rule" in found.flaws[0]


def test_a_write_without_an_ending_keeps_itself_and_what_is_younger(store: SqlStore) -> None:
    """Nothing that may still happen at a vendor is forgotten, and no half of an entry stays."""
    write(store, "a", day=0)
    write(store, "open", "ended", day=1, end=False)
    store.settle(Settlement(endings={"ended": "done"}), START + DAY)
    write(store, "b", day=2)
    write(store, "c", day=190)
    assert prune(store, 200) == 1
    assert kept(store) == ["open", "ended", "b", "c"]
    assert store.prune(KEEP, START + 200 * DAY).kept_by == START + DAY
    store.settle(Settlement(endings={"open": "done"}), START + 200 * DAY)
    assert store.verify_audit()
    assert prune(store, 250) == 0, "its ending is young: the entry that holds it stays, and all that it holds"
    write(store, "d", day=205)
    assert prune(store, 301) == 4
    assert store.verify_audit()


def test_altered_rows_are_evidence_and_stay(store: SqlStore) -> None:
    """What does not verify is not pruned, however old."""
    write(store, "a", day=0)
    write(store, "b", day=150)
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE audit SET ref_id = '00Q9' WHERE intent = 'a'"))
    assert prune(store, 200) == 0
    assert kept(store) == ["a", "b"]
    assert not store.verify_audit()


def test_rows_from_before_the_chain_go_first(store: SqlStore) -> None:
    """Stores of older versions have rows that no entry holds; also one that was begun before and ended after."""
    write(store, "a", day=0)
    write(store, "b", day=1, end=False)
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE audit SET lot = NULL, end_lot = NULL"))
        connection.execute(text("DELETE FROM chain"))
    store.settle(Settlement(endings={"b": "done"}), START + 2 * DAY)
    write(store, "c", day=3)
    write(store, "d", day=200)
    assert store.verify_audit().before == 2
    assert prune(store, 102) == 1
    found = store.verify_audit()
    assert found
    assert found.before == 1
    assert prune(store, 200) == 2
    assert kept(store) == ["d"]
    assert store.verify_audit()


def test_the_last_entry_stays(store: SqlStore) -> None:
    """The chain goes on from it; a store that rests for years keeps its last lot and takes up again."""
    write(store, "a", day=0)
    write(store, "b", day=1)
    assert prune(store, 4_000) == 1
    write(store, "c", day=4_001)
    assert store.verify_audit()


def test_steps_are_small_and_a_large_lot_goes_whole(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step looks at a few rows; one lot that is larger is looked at whole rather than cut."""
    monkeypatch.setattr(pruning, "STEP", 4)
    for day in range(6):
        write(store, f"a{day}", f"b{day}", day=day)
    write(store, *(f"big{n}" for n in range(11)), day=7)
    write(store, "young", day=200)
    sizes = []
    while (step := store.prune(KEEP, START + 200 * DAY)).audit:
        sizes.append(step.audit)
        assert store.verify_audit()
    assert sum(sizes) == 23
    assert sizes[:3] == [2, 2, 2]
    assert max(sizes) == 11


def test_another_connection_is_left_alone(open_test_store: Opening) -> None:
    """Each connection has its chain and its anchor."""
    one, other = open_test_store("one"), open_test_store("other")
    for store in (one, other):
        write(store, f"{store.pruned()}a", day=0)
        write(store, f"{store.pruned()}b", day=150)
    assert prune(one, 150) == 1
    assert one.verify_audit()
    assert other.verify_audit().rows == 2
    assert other.pruned() is None


def test_a_witness_of_long_ago_is_no_alarm(open_test_store: Opening) -> None:
    """A worker that last looked before what was pruned sees a store that went on, and not another one."""
    store = open_test_store()
    write(store, "a", day=0)
    mark = store._generation.mark()
    write(store, "b", day=1)
    write(store, "c", day=150)
    prune(store, 200)
    with store._database.reading("compare") as tx:
        assert store._generation._gone_back(tx, mark, mark.identity) is None
        forged = replace(mark, entry=store.audit_head().number)  # type: ignore[union-attr]
        assert store._generation._gone_back(tx, forged, mark.identity) is not None


def test_runs_go_but_for_those_that_somebody_waits_for(store: SqlStore) -> None:
    """Under way, with a write whose ending nobody knows, with an open wish of its name, and the latest: these stay."""

    def run(id: str, day: int, state: RunState = RunState.DONE) -> None:
        store.save_run(Run(id, "main", "sync", "ann", START + day * DAY, state=state, counts={"created.crm": 1}))

    for id, day in (("old", 0), ("wish", 1), ("sent", 2), ("young", 150)):
        run(id, day)
    run("going", 3, RunState.RUNNING)
    at = START + 2 * DAY
    sent = Intent(
        "i1", "person", Side.CRM, IntentKind.UPDATE, "L1", "Lead", RemoteRef("Lead", "1"), RemoteRef("contacts", "1"),
        {}, {}, "sent", "cfg", at,
    )  # fmt: skip
    store.begin(lease_of(store, at), [sent], [row("i1", at)], at)
    store.approve(Request("wish", "main", "resync", "", "ann", START))
    assert store.prune(KEEP, START + 200 * DAY).runs == 1
    assert {each.id for each in store.runs(10)} == {"wish", "sent", "going", "young"}
    assert store.prune(KEEP, START + 1_000 * DAY).runs == 0, "the latest stays"
    assert store.prune(Keep(), START + 9_000 * DAY).runs == 0, "no rule, nothing goes"
