"""P14: each vendor write has exactly one audit row, committed before the send and finished after; the chain holds."""

from __future__ import annotations

import contextlib
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sandbox.kernel import HttpRequest, HttpResponse
from syncd.engine.cycle import sync
from syncd.model.errors import SyncdError
from syncd.observe import log
from tests.sampled import effects
from tests.scenarios.test_crashes import Killed, fresh, people, until_quiet
from tests.worlds import Both, open_both

Row = tuple[int, str, str, str | None, str, str]
"""seq, intent, action, id of the record, link and outcome of an audit row."""


@dataclass
class Spy:
    """Stands between the transport and a stand-in, and reads the store's file by itself at every call that arrives."""

    file: Path
    both: Both
    sent: list[tuple[str, frozenset[int]]] = field(default_factory=list)
    """Each record that a vendor wrote or made for syncd, with the audit rows that were open when the call came."""

    def watch(self) -> None:
        for kernel in (self.both.hubspot, self.both.salesforce):
            kernel.handle = self._around(kernel.handle, kernel.calls)  # type: ignore[method-assign, arg-type]

    def _around(
        self, handle: Callable[[HttpRequest], HttpResponse], calls: list[object]
    ) -> Callable[[HttpRequest], HttpResponse]:
        def spied(request: HttpRequest) -> HttpResponse:
            still_open = frozenset(row[0] for row in self.rows() if not row[5])
            before = len(calls)
            try:
                return handle(request)
            finally:
                for call in calls[before:]:
                    ids = {*call.written, *call.created}  # type: ignore[attr-defined]
                    self.sent.extend((str(id_).rpartition("/")[2], still_open) for id_ in ids)

        return spied

    def rows(self) -> list[Row]:
        with contextlib.closing(sqlite3.connect(f"file:{self.file}?mode=ro", uri=True)) as other:
            return other.execute("SELECT seq, intent, action, ref_id, link, outcome FROM audit ORDER BY seq").fetchall()


def made(both: Both) -> dict[str, set[str]]:
    """Ids of records by the link they are in."""
    return {link.id: {ref.id for ref in link.refs} for link in both.store.links("person")}


@pytest.fixture
def told() -> Iterator[list[dict[str, object]]]:
    """Log lines, as they are told."""
    heard: list[dict[str, object]] = []

    def hear(event: str, keys: dict[str, object]) -> None:
        heard.append({"event": event, **keys})

    log.listen(hear)  # type: ignore[arg-type]
    return heard


def check(spy: Spy, both: Both) -> None:
    """Matches every write that a vendor saw with one audit row of its own, open when it came."""
    rows = {row[0]: row for row in spy.rows()}
    links = made(both)
    used: Counter[int] = Counter()
    for id_, still_open in spy.sent:
        mine = [
            seq
            for seq in still_open
            if rows[seq][3] == id_ or (rows[seq][2] == "create" and id_ in links.get(rows[seq][4], ()))
        ]
        assert len(mine) == 1, f"record {id_}: {len(mine)} rows were begun before it was sent"
        used[mine[0]] += 1
    assert all(count == 1 for count in used.values()), "one row for two writes"
    assert all(row[5] for row in rows.values()), "every row is finished"
    done = {seq for seq, row in rows.items() if row[5] in {"done", "recovered: done"}}
    assert done <= used.keys(), "a row says done and no vendor saw it"
    found = both.store.verify_audit()
    assert found, found.flaws
    assert found.rows == len(rows)


@pytest.mark.slow
def test_every_write_has_one_row_before_and_after_it_whenever_it_dies(tmp_path: Path) -> None:
    """Killed at every effect of a first link, and restarted until all is quiet."""
    for n in effects(200):
        folder = tmp_path / str(n)
        folder.mkdir()
        both = open_both(f"sqlite:///{folder}/state.db")
        people(both)
        both.clock.advance(60)
        preview = sync(both.world)
        assert preview.plan is not None
        spy = Spy(folder / "state.db", both)
        spy.watch()
        fresh(both, folder, [n])
        killed = False
        try:
            sync(both.world, approve=preview.plan.digest)
        except Killed:
            killed = True
        both.clock.advance(130)
        until_quiet(both, folder)
        assert len(spy.sent) >= 8
        check(spy, both)
        both.store.close()
        if not killed:
            assert n > 10
            return
    raise AssertionError("no run went through")


def test_lost_answers_and_refusals_have_their_rows(tmp_path: Path) -> None:
    """A vendor that executes and does not answer, then an edit either way."""
    from sandbox.kernel import Fault

    both = open_both(f"sqlite:///{tmp_path}/state.db")
    people(both)
    both.clock.advance(60)
    preview = sync(both.world)
    assert preview.plan is not None
    spy = Spy(tmp_path / "state.db", both)
    spy.watch()
    fresh(both, tmp_path, [10**9])

    def hit(request: HttpRequest) -> bool:
        return request.method in {"POST", "PATCH"} and "composite/sobjects/Lead" in request.path

    both.salesforce.faults.arm(Fault(name="drop", matches=hit, when="drop", times=1))
    with contextlib.suppress(SyncdError):
        sync(both.world, approve=preview.plan.digest)
    until_quiet(both, tmp_path)
    check(spy, both)
    both.store.close()


def test_the_log_names_the_head_after_every_run(tmp_path: Path, told: list[dict[str, object]]) -> None:
    """Whoever keeps the log can tell later that the audit was cut."""
    both = open_both(f"sqlite:///{tmp_path}/state.db")
    people(both)
    both.clock.advance(60)
    preview = sync(both.world)
    assert preview.plan is not None
    sync(both.world, approve=preview.plan.digest)
    heads = [str(line["audit_head"]) for line in told if line["event"] == "run.finished"]
    assert heads[0] == ""
    assert both.store.verify_audit(heads[-1])
    head = both.store.audit_head()
    assert head is not None
    assert head.hash == heads[-1]
    both.store.close()
