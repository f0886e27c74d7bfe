"""``syncd audit verify`` and ``syncd store``: what they say, in words and JSON, and how they exit."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from syncd.model.link import AuditRow, FieldChange, IntentKind
from syncd.model.operator import Deed, Sort
from syncd.model.remote import RemoteRef
from syncd.model.run import Restored
from syncd.model.values import Side
from syncd.store import SqlStore
from tests.unit.cli.conftest import AT, Run


def _begin(store: SqlStore, *names: str) -> None:
    change = FieldChange("email", "a@example.com", "b@example.com", "newest", Side.MARKETING)
    rows = [
        AuditRow(name, 1, "L1", "person", Side.CRM, RemoteRef("Lead", "1"), IntentKind.UPDATE, (change,), "r", AT)
        for name in names
    ]
    lease = store.take_lease("h", AT, AT + timedelta(minutes=5))
    assert lease is not None
    store.begin(lease, [], rows, AT)


def test_a_whole_audit(run: Run, store: SqlStore) -> None:
    """Rows, entries and the head; exit 0, also before anything was written."""
    assert run("audit", "verify").code == 0
    _begin(store, "a", "b")
    _begin(store, "c")
    head = store.audit_head()
    assert head is not None
    said = run("audit", "verify", "--head", head.hash.upper())
    assert said.code == 0
    assert "3 audit rows in 2 entries of the chain" in said.out
    assert f"head: {head.hash} (entry 2)" in said.out
    assert run("audit", "verify", "--json").json == {
        "before_chain": 0,
        "pruned": None,
        "entries": 2,
        "reads": 0,
        "commands": 0,
        "flaws": [],
        "head": {"hash": head.hash, "number": 2},
        "more_flaws": 0,
        "rows": 3,
        "unfinished": 3,
    }


def test_an_altered_audit(run: Run, store: SqlStore) -> None:
    """Exit 1, with where and what to do; a head that is not there is one, too."""
    _begin(store, "a")
    assert run("audit", "verify", "--head", "0" * 64).code == 1
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE audit SET run = 'x'"))
    said = run("audit", "verify")
    assert said.code == 1
    assert "entry 1 " in said.out
    assert "compare with a backup" in said.out
    assert run("audit", "verify", "--json").json["flaws"]


@pytest.mark.parametrize("head", ["", "12", "z" * 64, "0" * 65])
def test_no_hash(run: Run, head: str) -> None:
    """A slip is told apart from a cut chain."""
    said = run("audit", "verify", "--head", head)
    assert said.code == 2
    assert "64 hex digits" in said.err


def test_a_restored_store_is_marked_compared_and_accepted(run: Run, store: SqlStore) -> None:
    """A person says it, status shows it, accepting waits for the compare."""
    assert "nothing to accept" in run("store", "accept-restored").out
    assert run("status", "--json").json["connections"][0]["restored"] is None
    assert run("store", "mark-restored").code == 0
    assert "known already" in run("store", "mark-restored").out
    said = run("store", "accept-restored")
    assert said.code == 2
    assert "not compared yet" in said.err
    status = run("status")
    assert status.code == 1
    assert "nothing is written; the next cycle compares both sides" in status.out
    known = store.restored()
    assert known is not None
    store.note_restored(replace(known, compared=AT))
    assert "compared on 2026-03-02 09:00 UTC" in run("status").out
    assert run("status", "--json").json["connections"][0]["restored"]["why"] == known.why
    assert run("store", "accept-restored", "--json").json == {"accepted": True, "open_conflicts": 0}
    assert store.restored() is None
    store.note_restored(Restored(AT, "x", AT))
    assert "the next cycle goes on" in run("store", "accept-restored").out


def test_an_entry_of_reading_that_was_altered_is_found(run: Run, store: SqlStore) -> None:
    """Exit 1, and which one; whole it is counted beside the writes."""
    read = Deed("d1", AT, "ana", Sort.SHELL, "main", "people.explained", "L1", status=200)
    store.note_reading(read)
    store.note_reading(replace(read, id="d2", about="L2"))
    whole = run("audit", "verify")
    assert (whole.code, "0 commands of operators and 2 looks at personal data" in whole.out) == (0, True)
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE deed SET about = 'L3' WHERE id = 'd2'"))
    said = run("audit", "verify", "--json")
    assert said.code == 1
    assert "deed 2 (" in said.json["flaws"][0]
