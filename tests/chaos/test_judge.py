"""The judge of the chaos finds what is wrong: evidence of a clean run, made wrong in one place at a time."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.chaos import judge
from tests.chaos.evidence import Edit, Ended, Evidence
from tests.chaos.judge import judged

HERE = Path(__file__).resolve().parent


def event(name: str, **keys: object) -> str:
    """One line of standard error."""
    return json.dumps({"time": "2026-03-02T09:00:00Z", "level": "info", "event": name, **keys})


def call(*, written: tuple[str, ...] = (), created: tuple[str, ...] = (), fault: str | None = None) -> dict[str, Any]:
    """One line of a vendor's log."""
    return {"operation": "batch.update", "status": 200, "written": list(written), "created": list(created),
            "fault": fault}  # fmt: skip


def row(seq: int, *, side: str, ref: str | None, action: str = "update") -> dict[str, Any]:
    """One row of the audit."""
    return {"seq": seq, "intent": f"i{seq}", "attempt": 1, "link": "l", "side": side, "ref_id": ref, "action": action,
            "outcome": "done", "finished_at": 5}  # fmt: skip


def clean() -> Evidence:
    """Two people who were edited, one who came, one who unsubscribed; each write is in the audit."""
    told = Evidence("s")
    told.edits = [
        Edit(0, "marketing", "1", "00QA", "title", "tk1"),
        Edit(1, "crm", "1", "00QA", "last_name", "tk2"),
        Edit(2, "marketing", "1", "00QA", "last_name", "tk3"),
        Edit(3, "crm", "2", "00QB", "city", "tk4"),
        Edit(4, "marketing", "1", "00QA", "title", "tk5"),
    ]
    told.newcomers = {"3": "new@example.com"}
    told.opted_out = [("2", "00QB")]
    told.seen_opted_out = [("crm", "00QB", False), ("crm", "00QB", True)]
    told.contacts = {
        "1": {"jobtitle": "tk5", "lastname": "tk3", "syncd_crm_id": "00QA", "email": "one@example.com"},
        "2": {"city": "tk4", "syncd_crm_id": "00QB", "email": "Two@example.com", "hs_email_optout": "true"},
        "3": {"syncd_crm_id": "00QC", "email": "new@example.com"},
    }
    told.leads = {
        "00QA": {"Title": "tk5", "LastName": "tk3", "Syncd_Marketing_Id__c": "1", "HasOptedOutOfEmail": False},
        "00QB": {"City": "tk4", "Syncd_Marketing_Id__c": "2", "HasOptedOutOfEmail": True},
        "00QC": {"Email": "New@example.com", "Syncd_Marketing_Id__c": "3", "HasOptedOutOfEmail": False},
    }
    told.calls = {
        "marketing": [call(written=("2",)), call(written=("3",)), call(written=("two@example.com",))],
        "crm": [call(written=("00QA",)), call(written=("00QA",)), call(created=("00QC",), written=("00QC",))],
    }
    told.audit = [
        row(1, side="crm", ref="00QA"),
        row(2, side="crm", ref="00QA"),
        row(3, side="marketing", ref="2"),
        row(4, side="marketing", ref="2"),
        row(5, side="crm", ref=None, action="create"),
        row(6, side="marketing", ref="3"),
    ]
    told.verified = {"flaws": [], "rows": 6}
    told.integrity = {"syncd.db": "ok"}
    told.processes = [
        Ended("run 1", "killed", -9, (event("service.started"),), '{"time": "20'),
        Ended("run 2", "stopped", 0, (event("service.started"), event("service.stopped"))),
        Ended("run 3", "stopped", 143, ()),
        Ended("run 4", "trouble", 3, (event("command.failed", exit=3),)),
    ]
    return told


def process(*lines: str, by: str = "stopped", code: int = 0, rest: str = "") -> Callable[[Evidence], None]:
    """One more process."""
    return lambda told: told.processes.append(Ended("odd", by, code, lines, rest))


def test_a_clean_run_is_clean() -> None:
    """Nothing is found where nothing is wrong."""
    assert judged(clean()) == []


def test_evidence_is_kept_whole(tmp_path: Path) -> None:
    """What is written down is what was there."""
    clean().keep(tmp_path / "kept.json")
    assert Evidence.kept(tmp_path / "kept.json") == clean()


WRONG: dict[str, tuple[str, Callable[[Evidence], Any]]] = {
    "a value did not travel": ("P1", lambda told: told.leads["00QA"].update(Title="old")),
    "an old value stands on both sides": (
        "P2", lambda told: [told.contacts["1"].update(jobtitle="tk1"), told.leads["00QA"].update(Title="tk1")],
    ),
    "a value that nobody typed": (
        "P2", lambda told: [told.contacts["2"].update(city="Unknown"), told.leads["00QB"].update(City="Unknown")],
    ),
    "a record is gone": ("P3", lambda told: told.leads.pop("00QA")),
    "two records of a newcomer": ("P3", lambda told: told.leads.update({"00QD": {"Email": "new@example.com"}})),
    "a newcomer was not made": ("P3", lambda told: told.leads.pop("00QC")),
    "two records bear one key": ("P3", lambda told: told.leads.update({"00QD": {"Syncd_Marketing_Id__c": "2"}})),
    "somebody was made whom nobody knows": (
        "P3", lambda told: [told.calls["crm"].append(call(created=("00QX",))), told.audit.append(
            row(7, side="crm", ref=None, action="create")), told.verified.update(rows=7)],
    ),
    "somebody was made in the other system": (
        "P3", lambda told: [told.calls["marketing"].append(call(created=("1",))), told.audit.append(
            row(7, side="marketing", ref=None, action="create")), told.verified.update(rows=7)],
    ),
    "written for nothing": ("P4", lambda told: [told.calls["crm"].append(call(written=("00QA",))) for _ in range(40)]),
    "an unsubscribe did not arrive": ("P9", lambda told: told.contacts["2"].update(hs_email_optout="false")),
    "an unsubscribe was taken back": ("P9", lambda told: told.seen_opted_out.append(("crm", "00QB", False))),
    "comparing everything wrote": ("P10", lambda told: setattr(told, "written_when_quiet", 1)),
    "a write without a row": ("P14", lambda told: told.calls["crm"].append(call(written=("00QB",)))),
    "a create without a row": ("P14", lambda told: told.audit.pop(4)),
    "a row without an ending": ("P14", lambda told: told.audit[0].update(finished_at=None)),
    "an attempt twice": ("P14", lambda told: told.audit[1].update(intent="i1")),
    "a broken chain": ("P14", lambda told: told.verified.update(flaws=["entry 3 was altered"])),
    "an audit that was not verified": ("P14", lambda told: told.verified.clear()),
    "rows that the chain does not count": ("P14", lambda told: told.verified.update(rows=5)),
    "no quiet": ("P7", lambda told: setattr(told, "quiet", "writes go on")),
    "an open write": ("P7", lambda told: setattr(told, "open_intents", 1)),
    "the systems do not agree": ("P1", lambda told: setattr(told, "agreement", (1, "they do not"))),
    "a damaged store": ("P7", lambda told: told.integrity.update({"syncd.db": "row 3 missing from index"})),
    "a traceback": ("P13", process("Traceback (most recent call last):")),
    "no event": ("P13", process(json.dumps({"what": "?"}))),
    "half a line of one that was not killed": ("P13", process(rest='{"time":')),
    "a turn that crashed": ("P7", process(event("turn.crashed", error="KeyError"))),
    "a secret": ("P13", process(event("api.call", what="Bearer abc"))),
    "what people typed": ("P13", process(event("api.refused", what="'tk3' is too long"))),
    "one that ended by itself": ("P15", process(event("service.started"), by="itself", code=1)),
    "one that did not stop well": ("P15", process(event("service.started"), code=143)),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_found(what: str) -> None:
    """Each is told under its promise."""
    promise, doctor = WRONG[what]
    evidence = clean()
    doctor(evidence)
    assert promise in {breach.promise for breach in judged(evidence)}


def test_what_is_listed_is_no_breach() -> None:
    """A value that a person is told of may differ; the same of somebody else is no excuse."""
    evidence = clean()
    evidence.leads["00QA"]["Title"] = "old"
    evidence.listed = [("crm", "00QA", "title")]
    assert judged(evidence) == []
    evidence.listed = [("crm", "00QB", "title")]
    assert judged(evidence)


def test_a_request_that_was_delivered_twice_is_one_write() -> None:
    """What stands in a vendor's log as the first of two deliveries was not sent twice."""
    evidence = clean()
    evidence.calls["crm"].append(call(written=("00QA",), fault="doubled-request, first"))
    assert judged(evidence) == []


def test_every_promise_of_a_breach_is_written_down() -> None:
    """The judge names promises of docs/promises.md only."""
    page = (HERE.parent.parent / "docs" / "promises.md").read_text(encoding="utf-8")
    assert all(f"| {promise} |" in page for promise, _ in WRONG.values())


def test_the_judge_knows_nothing_of_what_it_judges() -> None:
    """Neither it nor the evidence imports anything of syncd or its connectors."""
    for name in (judge.__file__, str(HERE / "evidence.py")):
        tree = ast.parse(Path(name).read_text(encoding="utf-8"))
        named = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        named |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not [each for each in named if each.partition(".")[0] in ("syncd", "connectors", "sandbox")]
