"""The chain over the audit, on SQLite and on PostgreSQL: whole after everything that syncd does, broken by all else."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from syncd.model.audit import TOLD, Verified
from syncd.model.link import AuditRow, Base, FieldChange, Forgotten, IntentKind, Link, Proof
from syncd.model.remote import RemoteRef
from syncd.model.run import Lease, Mark
from syncd.model.values import Pair, Side
from syncd.ports.store import Settlement
from syncd.store import SqlStore
from syncd.store.generation import SUFFIX
from tests.fakes import START

LATER = START + timedelta(minutes=5)
Opening = Callable[..., SqlStore]


def row(id: str, of: str = "L1") -> AuditRow:
    """One audit row."""
    change = FieldChange("email", "old@example.com", f"{id}@example.com", "newest", Side.MARKETING)
    return AuditRow(id, 1, of, "person", Side.CRM, RemoteRef("Lead", "00Q1"), IntentKind.UPDATE, (change,), "r1", START)


def take(store: SqlStore) -> Lease:
    """A lease of five minutes."""
    lease = store.take_lease("h1", START, LATER)
    assert lease is not None
    return lease


def history(store: SqlStore) -> None:
    """Lots of three and two rows; the first ends whole, of the second one row, which is sent once more."""
    lease = take(store)
    store.begin(lease, [], [row("a1"), row("a2"), row("a3", of="L2")], START)
    store.settle(Settlement(endings={"a3": "done", "a1": "refused X", "a2": "done"}), START)
    store.begin(lease, [], [row("b1"), row("b2", of="L2")], START)
    store.settle(Settlement(endings={"b1": "done"}), START)
    store.begin(lease, [], [row("b2", of="L2")], START)


def spoil(store: SqlStore, *statements: str) -> Verified:
    """What is found once somebody has done this to the database."""
    with store.engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    return store.verify_audit()


def test_a_whole_history_verifies(store: SqlStore) -> None:
    """Every begin and every ending is one entry; an attempt that is followed by another ends in that one's entry."""
    assert store.audit_head() is None
    history(store)
    found = store.verify_audit()
    assert found
    assert (found.rows, found.entries, found.unfinished, found.before) == (6, 5, 1, 0)
    assert found.head == store.audit_head()
    with store.engine.connect() as connection:
        told = connection.execute(text("SELECT intent, attempt, lot, end_lot FROM audit ORDER BY seq")).fetchall()
    assert [tuple(each) for each in told[3:]] == [("b1", 1, 3, 4), ("b2", 1, 3, 5), ("b2", 2, 5, None)]
    store.settle(Settlement(endings={"nobody": "done"}), START)
    assert store.verify_audit().entries == 5, "an ending of nothing is no entry"


def test_an_empty_audit_verifies(store: SqlStore) -> None:
    """Nothing was written: nothing is amiss."""
    found = store.verify_audit()
    assert found
    assert found.head is None


def test_a_forgotten_person_leaves_it_whole(store: SqlStore) -> None:
    """The key is gone, the sealed bytes stay, and those are what was hashed."""
    link = Link("L1", "person", Pair(RemoteRef("contacts", "1"), RemoteRef("Lead", "00Q1")), Proof.MATCHED, START)
    store.settle(Settlement(links=[link], bases=[("L1", Base({}, Pair({}, {})))]), START)
    history(store)
    head = store.audit_head()
    store.settle(Settlement(forgotten=[Forgotten(link, ("a1@example.com",), ())]), START)
    assert store.audit_of("L1", 1)[0].changes[0].after is None
    found = store.verify_audit()
    assert found
    assert found.head == head


@pytest.mark.parametrize(
    ("deed", "told"),
    [
        ("UPDATE audit SET run = 'r2' WHERE intent = 'a2'", "entry 1 "),
        ("UPDATE audit SET link = 'L9' WHERE intent = 'b1'", "entry 3 "),
        ("UPDATE audit SET at = at + 1 WHERE intent = 'a1'", "entry 1 "),
        ("UPDATE audit SET changes = '[]' WHERE intent = 'a1'", "entry 1 "),
        ("UPDATE audit SET ref_id = NULL WHERE intent = 'a1'", "entry 1 "),
        ("UPDATE audit SET outcome = 'done' WHERE intent = 'a1'", "entry 2 "),
        ("UPDATE audit SET finished_at = finished_at + 1 WHERE intent = 'a2'", "entry 2 "),
        ("UPDATE audit SET outcome = '', finished_at = NULL, end_lot = NULL WHERE intent = 'a2'", "entry 2 "),
        ("UPDATE audit SET outcome = 'done' WHERE outcome = ''", "no entry holds the ending"),
        ("DELETE FROM audit WHERE intent = 'a2'", "entry 1 "),
        ("DELETE FROM audit WHERE intent IN ('a1', 'a2', 'a3')", "entry 1 "),
        ("UPDATE chain SET at = at + 1 WHERE number = 2", "entry 2 "),
        ("UPDATE chain SET rows = 4 WHERE number = 2", "entry 2 "),
        ("DELETE FROM chain WHERE number = 3", "entry 3 of the chain: removed"),
        ("DELETE FROM chain WHERE number IN (2, 3)", "entries 2 to 3 of the chain: removed"),
        ("DELETE FROM chain WHERE number > 3", "entries 4 to 5"),
        ("UPDATE chain SET number = number + 10 WHERE number = 5", "entries 5 to 14"),
        ("UPDATE audit SET end_lot = 4 WHERE intent = 'a1'", "entry 2 "),
        ("UPDATE audit SET end_lot = 1 WHERE seq = 6", "that entry is not there, or is older"),
        ("UPDATE audit SET lot = 1 WHERE seq = 6", "audit row 6 "),
        ("UPDATE audit SET lot = NULL WHERE intent = 'b1'", "no entry holds it"),
        ("UPDATE audit SET seq = 100 WHERE intent = 'a1'", "entry 1 "),
    ],
)
def test_what_was_done_to_it_is_told(store: SqlStore, deed: str, told: str) -> None:
    """Altered, removed, moved: found, with the entry or the row, and what to do."""
    history(store)
    found = spoil(store, deed)
    assert not found
    assert told in "\n".join(found.flaws)
    assert all("compare with a backup" in flaw for flaw in found.flaws)


def test_rows_that_change_places_are_told(store: SqlStore) -> None:
    """The order in an entry is part of it, for beginnings and for endings."""
    history(store)
    swap = [
        "UPDATE audit SET seq = -1 WHERE seq = 1",
        "UPDATE audit SET seq = 1 WHERE seq = 2",
        "UPDATE audit SET seq = 2 WHERE seq = -1",
    ]
    found = spoil(store, *swap)
    assert [flaw.split(" (")[0] for flaw in found.flaws] == ["entry 1", "entry 2"]


def test_an_inserted_row_is_told(store: SqlStore) -> None:
    """A row that nobody began, with an entry or without one."""
    history(store)
    columns = "connection, attempt, link, kind, side, action, changes, sealed, run, at"
    copied = f"INSERT INTO audit (intent, lot, outcome, {columns}) SELECT 'x{{n}}', {{lot}}, '', {columns} FROM audit"
    one = " WHERE intent = 'a1'"
    assert "audit row 7" in spoil(store, copied.format(n=1, lot="NULL") + one).flaws[0]
    assert "entry 5 " in "\n".join(spoil(store, copied.format(n=2, lot=5) + one).flaws)


def test_a_cut_end_needs_a_head_that_was_noted(store: SqlStore) -> None:
    """Rows and entries cut together leave a shorter chain that is whole; the noted hash tells."""
    history(store)
    head = store.audit_head()
    assert head is not None
    assert store.verify_audit(head.hash)
    found = spoil(
        store,
        "DELETE FROM audit WHERE lot = 5",
        "UPDATE audit SET end_lot = NULL, outcome = '', finished_at = NULL WHERE end_lot = 5",
        "DELETE FROM chain WHERE number = 5",
    )
    assert found, "nothing inside of the store shows it"
    cut = store.verify_audit(head.hash)
    assert not cut
    assert "no entry has the hash" in cut.flaws[0]
    store.settle(Settlement(endings={"b2": "done"}), START)
    assert not store.verify_audit(head.hash), "another entry of the same number is another one"


def test_an_earlier_head_is_found(store: SqlStore) -> None:
    """A hash from an old log line is in the chain, however far that has grown since."""
    lease = take(store)
    store.begin(lease, [], [row("a1")], START)
    noted = store.audit_head()
    assert noted is not None
    store.begin(lease, [], [row("a2")], START)
    assert store.verify_audit(noted.hash)


def test_rows_from_before_the_chain_are_counted_apart(store: SqlStore) -> None:
    """An older version wrote them; one of them may still end, which an entry holds."""
    history(store)
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE audit SET lot = NULL, end_lot = NULL"))
        connection.execute(text("DELETE FROM chain"))
    store.settle(Settlement(endings={"b2": "done"}), START)
    store.begin(take(store), [], [row("c1")], START)
    found = store.verify_audit()
    assert found
    assert (found.before, found.rows, found.entries) == (6, 1, 2)


def test_connections_have_chains_of_their_own(store: SqlStore, open_test_store: Opening) -> None:
    """The same rows in another connection give another chain, and neither sees the other's."""
    other = open_test_store("other")
    history(store)
    history(other)
    assert store.audit_head() != other.audit_head()
    assert store.verify_audit().rows == other.verify_audit().rows == 6
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE audit SET run = 'x' WHERE connection = 'other'"))
    assert store.verify_audit()
    assert not other.verify_audit()


def test_many_flaws_are_counted(store: SqlStore) -> None:
    """A spoiled history does not fill a screen."""
    lease = take(store)
    for n in range(TOLD + 5):
        store.begin(lease, [], [row(f"a{n}")], START)
    found = spoil(store, "UPDATE audit SET run = 'x'")
    assert (len(found.flaws), found.more) == (TOLD, 5)


def test_large_lots_verify(store: SqlStore) -> None:
    """Slices and pages: a lot larger than either."""
    rows = [row(f"a{n}", of=f"L{n % 7}") for n in range(4_321)]
    store.begin(take(store), [], rows, START)
    store.settle(Settlement(endings={each.intent: "done" for each in rows}), START)
    assert store.verify_audit()
    assert not spoil(store, "UPDATE audit SET run = 'x' WHERE intent = 'a4000'")


def test_two_workers_do_not_fork_it(store: SqlStore, open_test_store: Opening) -> None:
    """Many threads begin and end for one connection at once, each on connections of its own: one chain, no gap."""
    lease = take(store)
    stores = [open_test_store(seed=n) for n in range(4)]

    def work(worker: int) -> None:
        for n in range(15):
            name = f"w{worker}n{n}"
            stores[worker].begin(lease, [], [row(name), row(f"{name}x")], START)
            stores[worker].settle(Settlement(endings={name: "done"}), START, lease)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    found = store.verify_audit()
    assert found, found.flaws
    assert (found.rows, found.entries, found.unfinished) == (120, 120, 60)


def test_it_verifies_beside_a_writer(store: SqlStore, open_test_store: Opening) -> None:
    """A walk sees what was there when it began, whatever is begun and ended meanwhile."""
    lease, writer = take(store), open_test_store(seed=5)
    rows = [row(f"a{n}") for n in range(2_500)]
    store.begin(lease, [], rows, START)
    with ThreadPoolExecutor(1) as pool:

        def write() -> None:
            for n in range(20):
                writer.begin(lease, [], [row(f"z{n}")], START)
                writer.settle(Settlement(endings={f"a{n}": "done", f"z{n}": "done"}), START, lease)

        writing = pool.submit(write)
        while not writing.done():
            found = store.verify_audit()
            assert found, found.flaws
    assert store.verify_audit().entries == 41


def test_it_is_not_forked_by_a_number_taken(store: SqlStore) -> None:
    """The last defence: the key of the table refuses a second entry of one number."""
    history(store)
    again = (
        "INSERT INTO chain (connection, number, at, rows, hash) SELECT connection, number, at, rows, hash FROM chain"
    )
    with pytest.raises(Exception, match=r"(?i)unique"):
        spoil(store, again)


# -- the generation, whose witness is a file -------------------------------------------------------------------------
def test_each_deed_moves_the_generation(store: SqlStore) -> None:
    """Leases, lots and settlements, on both databases."""

    def generation() -> int:
        with store.engine.connect() as connection:
            found = connection.execute(text("SELECT value FROM meta WHERE key = 'generation:main'")).scalar()
        return int(found or 0)

    assert generation() == 0
    lease = take(store)
    seen = [generation()]
    store.begin(lease, [], [row("a1")], START)
    seen.append(generation())
    store.settle(Settlement(endings={"a1": "done"}), START, lease)
    seen.append(generation())
    assert seen == [1, 2, 3]
    store.settle(Settlement(), START)
    assert generation() == 3, "nothing happened"


def test_the_mark_says_where_the_store_stands(store: SqlStore) -> None:
    """Which store, how far, and the head of its audit; nameless before the first lease."""
    assert replace(store.mark(), hash="") == Mark("", 0, 0, "")
    lease = take(store)
    first = store.mark()
    assert len(first.identity) == 32
    store.begin(lease, [], [row("a1")], START)
    second = store.mark()
    assert second.identity == first.identity
    assert (second.generation, second.entry) == (first.generation + 1, 1)
    head = store.audit_head()
    assert head is not None
    assert second.hash == head.hash


def test_what_goes_back_underneath_a_process_is_noticed(store: SqlStore) -> None:
    """A server that was put back, or lost its last commits, while a daemon stood still."""
    link = Link("L1", "person", Pair(RemoteRef("contacts", "1"), RemoteRef("Lead", "00Q1")), Proof.MATCHED, START)
    lease = take(store)
    store.settle(Settlement(links=[link], bases=[("L1", Base({}, Pair({}, {})))]), START, lease)
    store.release_lease(lease)
    store.release_lease(take(store))
    assert store.restored() is None, "it only moved on"
    spoil(store, "UPDATE meta SET value = '1' WHERE key = 'generation:main'")
    take(store)
    found = store.restored()
    assert found is not None
    assert "an older copy" in found.why


def test_a_server_has_no_witness(store: SqlStore, tmp_path: Path) -> None:
    """Nothing is written beside a server; a person says that it was restored, and that is remembered."""
    take(store)
    on_file = store.engine.dialect.name == "sqlite"
    assert bool(list(tmp_path.rglob(f"*{SUFFIX}"))) is on_file
    assert store.restored() is None
    from syncd.operations.restoring import accept_restored, mark_restored

    assert mark_restored(store, START, "ann")
    found = store.restored()
    assert found is not None
    assert found.compared is None
    assert "ann" in found.why
    store.note_restored(replace(found, compared=LATER))
    assert accept_restored(store, "ann")
    assert store.restored() is None
    assert not accept_restored(store, "ann")
