"""Spans of runs and API calls: one each, within one another, with nothing of anybody in them, and only if asked for."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from syncd.observe.log import bound, emit, listen, unlisten
from syncd.observe.traces import LEFT_OPEN, OF_CALL, OF_RUN, Traces, start, wanted

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
CANARY = "ada.lovelace@example.com"


@pytest.mark.parametrize(
    ("environ", "asked"),
    [
        ({}, False),
        ({ENDPOINT: ""}, False),
        ({ENDPOINT: "http://127.0.0.1:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"}, True),
        ({ENDPOINT: "http://127.0.0.1:4318", "OTEL_SDK_DISABLED": "TRUE"}, False),
        ({"OTEL_SERVICE_NAME": "syncd"}, False),
    ],
)
def test_off_unless_a_collector_is_named(environ: dict[str, str], *, asked: bool) -> None:
    """By the names that OpenTelemetry has for it."""
    assert wanted(environ) is asked
    if not asked:
        assert start(environ) is None


def test_off_it_imports_nothing() -> None:
    """Neither the module nor asking it brings OpenTelemetry in."""
    code = (
        "import json, sys; from syncd.observe.traces import start; assert start({}) is None; "
        "print(json.dumps([name for name in sys.modules if name.startswith('opentelemetry')]))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(ended.stdout) == []


def test_without_the_extra_it_says_so_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable may be meant for another program on the machine."""
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    heard: list[str] = []

    def hear(event: str, _: object) -> None:
        heard.append(event)

    listen(hear)
    assert start({ENDPOINT: "http://127.0.0.1:4318"}) is None
    unlisten(hear)
    assert heard == ["traces.missing"]


def test_no_attribute_is_anybody_s() -> None:
    """Names and numbers of runs and calls; no record, no sentence, nobody who asked."""
    assert not {"what", "who", "reason", "ref", "link", "text", "path", "url"} & {*OF_RUN, *OF_CALL}


@pytest.fixture
def spans() -> Iterator[Any]:
    """What an exporter in memory got; each moment is a millisecond later than the one before."""
    sdk = pytest.importorskip("opentelemetry.sdk.trace", reason="needs the extra syncd[otel]")
    export = pytest.importorskip("opentelemetry.sdk.trace.export")
    memory = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter").InMemorySpanExporter()
    provider = sdk.TracerProvider()
    provider.add_span_processor(export.SimpleSpanProcessor(memory))
    moments = count(1_000_000_000, 1_000_000)
    traces = Traces(provider, now=lambda: next(moments))
    yield memory
    traces.close()
    with bound(run="after"):
        emit("run.started", command="sync", mode="live", who="test")
        emit("run.failed", command="sync", error="Bug", what="x")
    assert not [span for span in memory.get_finished_spans() if span.attributes.get("syncd.run") == "after"]


def _call(operation: str, status: int) -> None:
    with bound(side="crm"):
        emit("api.call", operation=operation, method="GET", status=status, ms=0.5, bytes=7, attempt=1, quota_left=9)


def test_one_span_for_a_cycle_and_one_for_each_call_in_it(spans: Any) -> None:
    """Calls lie within their run, as long as they took; records have none."""
    with bound(run="r1", connection="main"):
        emit("run.started", command="sync", mode="live", who=CANARY)
        _call("query", 200)
        emit("record.dead_lettered", record=f"marketing:contacts/{CANARY}", code="X")
        _call("composite", 503)
        emit("run.finished", command="sync", state="done", counts={"updated.crm": 2}, ms=5, calls=2, audit_head="00")
    query, composite, run = spans.get_finished_spans()
    assert [span.name for span in (query, composite, run)] == ["crm query", "crm composite", "sync"]
    assert query.parent.span_id == composite.parent.span_id == run.context.span_id
    assert run.parent is None
    assert (query.end_time - query.start_time, run.end_time - run.start_time) == (500_000, 3_000_000)
    assert dict(run.attributes) == {
        "syncd.connection": "main", "syncd.run": "r1", "syncd.command": "sync", "syncd.mode": "live",
        "syncd.state": "done", "syncd.calls": 2,
    }  # fmt: skip
    assert dict(query.attributes) == {
        "syncd.connection": "main", "syncd.side": "crm", "syncd.operation": "query", "syncd.method": "GET",
        "syncd.status": 200, "syncd.attempt": 1, "syncd.bytes": 7,
    }  # fmt: skip
    assert [span.status.status_code.name for span in (query, composite, run)] == ["UNSET", "ERROR", "UNSET"]
    assert CANARY not in "".join(span.to_json() for span in spans.get_finished_spans())


def test_a_run_that_fails_says_so_without_a_sentence(spans: Any) -> None:
    """By the class of its error; what a vendor said stays in the log."""
    with bound(run="r2", connection="main"):
        emit("run.started", command="sync", mode="live", who="test")
        emit("run.failed", command="sync", error="NeedsOperator", what=f"no right to {CANARY}")
    (run,) = spans.get_finished_spans()
    assert run.status.status_code.name == "ERROR"
    assert run.attributes["syncd.error"] == "NeedsOperator"
    assert CANARY not in run.to_json()


def test_calls_outside_of_a_run_stand_alone(spans: Any) -> None:
    """As those of ``syncd doctor`` do; and runs that never end do not pile up."""
    _call("describe", 200)
    for number in range(LEFT_OPEN + 5):
        with bound(run=f"killed{number}"):
            emit("run.started", command="sync", mode="live", who="test")
    with bound(run="killed0"):
        emit("run.finished", command="sync", state="done", counts={}, ms=5, calls=0, audit_head="00")
    (alone,) = spans.get_finished_spans()
    assert (alone.name, alone.parent) == ("crm describe", None)
