"""Metrics: counted from events, read from the store at a scrape, all of them registered, no label tells a value."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from syncd.observe.log import bound, emit, listen
from syncd.observe.metrics import METRICS, Metrics, Reading


def exposed(metrics: Metrics) -> dict[tuple[str, tuple[str, ...]], float]:
    """What a scrape says, by sample name and the values of the registered labels in order."""
    told: dict[tuple[str, tuple[str, ...]], float] = {}
    for family in text_string_to_metric_families(metrics.exposed().decode()):
        about = METRICS.get(family.name) or METRICS[f"{family.name}_total"]
        for sample in family.samples:
            told[sample.name, tuple(sample.labels[label] for label in about.labels)] = sample.value
    return told


@pytest.fixture
def metrics() -> Metrics:
    """Metrics that listen, over a store with one fact."""

    def read() -> list[Reading]:
        return [("syncd_links", ("main", "person"), 7.0)]

    made = Metrics(read)
    listen(made.heard)
    return made


def test_calls_are_counted_by_how_they_ended(metrics: Metrics) -> None:
    """Limited, refused, failed and unanswered are told apart; the quota is the last that was heard."""
    with bound(connection="main"):
        for status in (200, 204, 429, 400, 503, 0):
            emit(
                "api.call", side="crm", operation="query", method="GET", status=status, ms=1, bytes=1, attempt=1,
                quota_left=100 - status if status else None,
            )  # fmt: skip
        emit(
            "api.refused",
            side="crm",
            operation="query",
            method="GET",
            status=0,
            attempts=1,
            error="RetryLater",
            reason="",
        )
    told = exposed(metrics)
    outcomes = {labels[3]: value for (name, labels), value in told.items() if name == "syncd_api_calls_total"}
    assert outcomes == {"ok": 2, "limited": 1, "refused": 1, "failed": 1, "unanswered": 1}
    assert told["syncd_quota_left_calls", ("main", "crm")] == 100 - 503
    assert told["syncd_api_refusals_total", ("main", "crm", "RetryLater")] == 1


def test_a_run_is_counted_when_it_is_over(metrics: Metrics) -> None:
    """A resync that left off for a poll is not over yet: it would be counted twice."""
    with bound(connection="main"):
        for state in ("running", "done"):
            emit("run.finished", command="resync", state=state, ms=2_000, counts={"updated.crm": 3}, calls=1)
        emit("turn.failed", error="NeedsOperator", what="", due="")
    told = exposed(metrics)
    assert told["syncd_outcomes_total", ("main", "updated.crm")] == 3
    assert told["syncd_cycle_seconds_count", ("main", "resync", "done")] == 1
    assert told["syncd_cycle_seconds_sum", ("main", "resync", "done")] == 2.0
    assert told["syncd_turns_failed_total", ("main", "NeedsOperator")] == 1


def test_gauges_are_read_when_they_are_asked_for(metrics: Metrics) -> None:
    """And every registered metric is exposed with its help, whether it has a value or not."""
    text = metrics.exposed().decode()
    assert exposed(metrics)["syncd_links", ("main", "person")] == 7.0
    for name in METRICS:
        assert f"# HELP {name}" in text, name


def test_no_metric_is_labelled_with_what_could_be_a_person() -> None:
    """Names, codes and classes only; and names follow the conventions."""
    allowed = {
        "connection",
        "side",
        "kind",
        "operation",
        "outcome",
        "error",
        "code",
        "command",
        "state",
        "measure",
        "clock",
        "target",
        "part",
        "secret",  # its name in syncd.yaml
    }
    for name, about in METRICS.items():
        assert set(about.labels) <= allowed, name
        assert name.endswith("_total") == (about.sort == "counter"), name
        assert name.startswith("syncd_")


def test_notices_are_counted_by_whether_they_were_taken(metrics: Metrics) -> None:
    """Each attempt, per target."""
    with bound(connection="main"):
        emit("notify.failed", target="ops", notice="n", attempt=1, after=5.0, reason="down")
        emit("notify.sent", target="ops", notice="n", attempt=2, ms=3)
    told = exposed(metrics)
    assert told["syncd_notices_total", ("main", "ops", "failed")] == 1
    assert told["syncd_notices_total", ("main", "ops", "taken")] == 1


def test_deliveries_are_counted_from_nothing_on(metrics: Metrics) -> None:
    """Each connection has its series before anybody arrives: a rise from nowhere is no rise to Prometheus."""
    counted = Metrics(tuple, connections=lambda: ["main"])
    listen(counted.heard)
    assert exposed(counted)["syncd_delivery_seconds_count", ("main",)] == 0
    with bound(connection="main"):
        emit("handoff.visible", link="L1", ms=119_000)
        emit("handoff.visible", link="L2", ms=121_000)
    text = counted.exposed().decode()
    assert 'syncd_delivery_seconds_bucket{connection="main",le="120.0"} 1.0' in text
    assert exposed(counted)["syncd_delivery_seconds_count", ("main",)] == 2
    assert exposed(counted)["syncd_delivery_seconds_sum", ("main",)] == 240.0


@pytest.mark.parametrize("code", ["the address ann@example.com is taken", "", "x" * 65, 'A"} 1\nsyncd_x 2'])
def test_what_is_no_code_is_no_label(metrics: Metrics, code: str) -> None:
    """A vendor that answers with a sentence where its code belongs tells no metric what it says."""
    with bound(connection="main"):
        emit("write.refused", side="crm", link="L1", code=code)
        emit("write.refused", side="crm", link="L1", code="FIELD_CUSTOM_VALIDATION_EXCEPTION")
    told = exposed(metrics)
    refused = {labels[2]: number for (name, labels), number in told.items() if name == "syncd_write_refusals_total"}
    assert refused == {"other": 1, "FIELD_CUSTOM_VALIDATION_EXCEPTION": 1}
