"""Every metric there is, and how it comes about: counted from log events, or read from the store when it is asked for.

Counting listens to ``syncd.observe.log``, so that no code below has to count what it tells already. What stands still
between cycles (conflicts, links, how long ago a side was polled) is read when somebody scrapes. Labels are names, codes
and classes; never an id, an address or a value. ``docs/metrics.md`` is generated from ``METRICS``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

Sort: TypeAlias = Literal["counter", "gauge", "histogram"]


@dataclass(frozen=True, slots=True)
class About:
    """One metric: its sort, its labels, what it says, and when to look at it."""

    sort: Sort
    labels: tuple[str, ...]
    meaning: str
    watch: str = ""


METRICS: Final[Mapping[str, About]] = {
    "syncd_polled_age_seconds": About(
        "gauge",
        ("connection", "side"),
        "Seconds since the side was last read to its present edge.",
        "above three times `poll`: nothing arrives from that side; `/readyz` says the same",
    ),
    "syncd_poll_interval_seconds": About(
        "gauge",
        ("connection",),
        "Seconds between the beginnings of two turns: `poll` of the connection, more while the day's calls are short.",
    ),
    "syncd_backlog_records": About(
        "gauge",
        ("connection",),
        "Records known to wait for a later cycle: to be looked at again, to be retried, with a write whose ending is "
        "not known.",
        "growing over hours",
    ),
    "syncd_resyncs_waiting": About("gauge", ("connection",), "Resyncs that wait or are under way."),
    "syncd_api_calls_total": About(
        "counter",
        ("connection", "side", "operation", "outcome"),
        "HTTP exchanges with a vendor, repeats and tokens included. `outcome` is ok, limited (429), refused (4xx), "
        "failed (5xx) or unanswered.",
        "a rising share of limited, failed or unanswered",
    ),
    "syncd_api_refusals_total": About(
        "counter",
        ("connection", "side", "error"),
        "Whole calls that ended without their answer, by class of error.",
        "any `Unauthorized` or `NeedsOperator`",
    ),
    "syncd_write_refusals_total": About(
        "counter",
        ("connection", "side", "code"),
        "Single writes that a vendor refused, by its code.",
        "a new code, or a rate that was not there yesterday",
    ),
    "syncd_quota_left_calls": About(
        "gauge",
        ("connection", "side"),
        "API calls left today, as the vendor last said.",
        "falling towards 0 before night",
    ),
    "syncd_quota_exhausted_in_seconds": About(
        "gauge",
        ("connection", "side"),
        "Seconds until the API calls of the day are used up at the pace of the last two hours; 0 once they are, +Inf "
        "where they last. Absent while too little was observed, or the vendor tells no count.",
        "below the hours until the vendor gives new ones: `syncd status`",
    ),
    "syncd_links": About("gauge", ("connection", "kind"), "Linked records."),
    "syncd_conflicts_open": About(
        "gauge", ("connection",), "Conflicts that wait for a person.", "growing: `syncd conflicts list`"
    ),
    "syncd_dead_letters_open": About(
        "gauge", ("connection",), "Records that cannot be written.", "above 0: `syncd dead-letters list`"
    ),
    "syncd_parked_fields": About("gauge", ("connection",), "Single fields that a vendor refused."),
    "syncd_quarantine_age_seconds": About(
        "gauge",
        ("connection",),
        "For how long the oldest field in quarantine has waited for a person; 0 without any.",
        "growing for days: `syncd parked list`",
    ),
    "syncd_open_intents": About(
        "gauge", ("connection",), "Writes whose ending is not known yet.", "above 0 for longer than `horizon`"
    ),
    "syncd_open_intents_age_seconds": About(
        "gauge", ("connection",), "Since when the oldest of these is sent; 0 without any.", "above 7,200: not ready"
    ),
    "syncd_held_records": About(
        "gauge",
        ("connection", "kind", "measure"),
        "Changes that the mass-change brake holds, by what was too much.",
        "above 0: `syncd held list`",
    ),
    "syncd_handoffs_late": About(
        "gauge",
        ("connection", "clock"),
        "People in open handoffs for whom a time agreed is over, by `clock`: sales has not touched them (`touch`), not "
        "said yes or no (`decision`), or done nothing more since its yes (`work`).",
        "above 0: `syncd report handoff`",
    ),
    "syncd_agreement_ratio": About(
        "gauge",
        ("connection", "kind"),
        "Share of the linked records found in step by the last whole sweep, 0 to 1; listed conflicts count as out of "
        "step.",
        "below what it was last week",
    ),
    "syncd_side_not_itself": About(
        "gauge",
        ("connection", "side"),
        "1 while a side's sentinel is gone or says something else, and nothing is written.",
        "above 0: `syncd status`",
    ),
    "syncd_paused": About("gauge", ("connection",), "1 while the connection is paused.", "1 for longer than you meant"),
    "syncd_cycle_seconds": About(
        "histogram",
        ("connection", "command", "state"),
        "How long runs took. A resync is one run, however many shares it had.",
        "longer than `poll`",
    ),
    "syncd_delivery_seconds": About(
        "histogram",
        ("connection",),
        "How long people who were qualified in marketing took to become visible in the CRM, counted as they do; "
        "without those of a first link and those whom sales could see before. Whoever cannot be written is not in it "
        "yet.",
        "less than 0.99 within 120 s over 28 days: [operations.md](operations.md#people-reach-sales-too-late)",
    ),
    "syncd_outcomes_total": About(
        "counter",
        ("connection", "outcome"),
        "What runs did, by the names of `syncd runs`: created.crm, updated.marketing, conflicts and so on.",
    ),
    "syncd_turns_failed_total": About(
        "counter",
        ("connection", "error"),
        "Turns of the daemon that ended in trouble, by class of error.",
        "growing",
    ),
    "syncd_vendor_sunset_days": About(
        "gauge",
        ("connection", "side"),
        "Days until the vendor ends the version of its API that is in use, where that is announced.",
        "below 180: `syncd doctor` says what to do",
    ),
    "syncd_store_bytes": About(
        "gauge",
        ("part",),
        "Size of the store: `used`, and `free` within it after something was pruned. All connections of it together.",
        "its growth leads to a full disk: `syncd store size`",
    ),
    "syncd_backup_age_seconds": About(
        "gauge",
        (),
        "Seconds since the latest backup that is there was made; absent if there is none or none can be read.",
        "above twice `backup.every`: `syncd store backups`",
    ),
    "syncd_secret_age_seconds": About(
        "gauge",
        ("secret",),
        "Seconds since the file of a secret was last written: tokens, keys, addresses of targets. A secret that comes "
        "from the environment has no age.",
        "above the age at which you exchange secrets",
    ),
    "syncd_certificate_expiry_days": About(
        "gauge",
        (),
        "Days until the first of the certificate authorities in `http.ca_file` runs out; absent without that file.",
        "below 30: calls are refused from that day on",
    ),
    "syncd_notices_waiting": About(
        "gauge",
        ("connection", "target"),
        "Notices that a target has not taken yet.",
        "above 0 for minutes: `syncd notify list`",
    ),
    "syncd_notices_total": About(
        "counter",
        ("connection", "target", "outcome"),
        "Notices that were sent to a target. `outcome` is taken or failed; a failed one is sent again.",
        "any `failed`",
    ),
    "syncd_workers": About("gauge", (), "Daemons at work on this store.", "fewer than you started"),
}
"""Names to meanings."""

BUCKETS: Final[Mapping[str, tuple[float, ...]]] = {
    "syncd_cycle_seconds": (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1_800.0),
    # 120 is the goal of delivery, which alert rules count by.
    "syncd_delivery_seconds": (5.0, 15.0, 30.0, 60.0, 90.0, 120.0, 180.0, 300.0, 900.0, 3_600.0, 14_400.0, 86_400.0),
}
"""Upper bounds of each histogram's buckets, in seconds."""
UNNAMED: Final = "other"
"""What a code that is no code is counted under."""
_CODE: Final = re.compile(r"[A-Za-z0-9_.:-]{1,64}")

Reading: TypeAlias = tuple[str, tuple[str, ...], float]
"""One value of a gauge: its name, its label values in order, and the number."""


class Metrics:
    """The metrics of this process; ``heard`` is given to ``log.listen``, ``exposed`` answers a scrape.

    :param read: asked at every scrape for what stands in the store.
    :param connections: asked at every scrape for the connections there are. Their deliveries are counted from 0 on, so
        that the first late one is a rise and not the beginning of a series.
    """

    def __init__(
        self, read: Callable[[], Iterable[Reading]], *, connections: Callable[[], Iterable[str]] = tuple
    ) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a second line for every counter, of no use here
        self._registry = CollectorRegistry()
        self._counters = {name: self._counter(name) for name, about in METRICS.items() if about.sort == "counter"}
        self._histograms = {name: self._histogram(name) for name, about in METRICS.items() if about.sort == "histogram"}
        self._connections = connections
        self._quota: dict[tuple[str, ...], float] = {}
        self._registry.register(_Standing(read, self._quota))

    def _counter(self, name: str) -> Counter:
        return Counter(name, METRICS[name].meaning, METRICS[name].labels, registry=self._registry)

    def _histogram(self, name: str) -> Histogram:
        about = METRICS[name]
        return Histogram(name, about.meaning, about.labels, registry=self._registry, buckets=BUCKETS[name])

    def heard(self, event: str, keys: Mapping[str, Any]) -> None:
        """Counts what an event says."""
        connection, side = str(keys.get("connection", "")), str(keys.get("side", ""))
        match event:
            case "api.call":
                outcome = _outcome(int(keys.get("status") or 0))
                self._count("syncd_api_calls_total", connection, side, str(keys.get("operation")), outcome)
                if keys.get("quota_left") is not None:
                    self._quota[connection, side] = float(keys["quota_left"])
            case "api.refused":
                self._count("syncd_api_refusals_total", connection, side, str(keys.get("error")))
            case "write.refused":
                self._count("syncd_write_refusals_total", connection, side, _code(keys.get("code")))
            case "notify.sent" | "notify.failed":
                outcome = "taken" if event == "notify.sent" else "failed"
                self._count("syncd_notices_total", connection, str(keys.get("target")), outcome)
            case "handoff.visible":
                self._observe("syncd_delivery_seconds", keys.get("ms", 0), connection)
            case "turn.failed" | "turn.crashed":
                self._count("syncd_turns_failed_total", connection, str(keys.get("error")))
            case "run.finished" if keys.get("state") != "running":
                command, state = str(keys.get("command")), str(keys.get("state"))
                self._observe("syncd_cycle_seconds", keys.get("ms", 0), connection, command, state)
                for name, number in dict(keys.get("counts") or {}).items():
                    self._counters["syncd_outcomes_total"].labels(connection, name).inc(number)

    def _count(self, name: str, *labels: str) -> None:
        self._counters[name].labels(*labels).inc()

    def _observe(self, name: str, milliseconds: float, *labels: str) -> None:
        self._histograms[name].labels(*labels).observe(float(milliseconds) / 1000)

    def exposed(self) -> bytes:
        """All metrics in the text format of Prometheus."""
        for connection in self._connections():
            self._histograms["syncd_delivery_seconds"].labels(connection)
        return generate_latest(self._registry)


class _Standing(Collector):
    """Gauges that are read when they are asked for."""

    def __init__(self, read: Callable[[], Iterable[Reading]], quota: Mapping[tuple[str, ...], float]) -> None:
        self._read = read
        self._quota = quota

    def describe(self) -> Iterator[Metric]:
        """Nothing in advance: registering must not ask the store."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Each gauge with its values."""
        families = {
            name: GaugeMetricFamily(name, about.meaning, labels=about.labels)
            for name, about in METRICS.items()
            if about.sort == "gauge"
        }
        for labels, left in list(self._quota.items()):
            families["syncd_quota_left_calls"].add_metric(labels, left)
        for name, labels, value in self._read():
            families[name].add_metric(labels, value)
        yield from families.values()


def _outcome(status: int) -> str:
    if status == 0:
        return "unanswered"
    if status == 429:
        return "limited"
    return "ok" if status < 400 else "refused" if status < 500 else "failed"


def _code(given: Any) -> str:  # noqa: ANN401 - whatever an event holds
    """A vendor's code as a label. What is no code may quote something, and belongs in no metric."""
    text = str(given)
    return text if _CODE.fullmatch(text) else UNNAMED


_PREFACE: Final = """
`syncd run --http 127.0.0.1:9464` serves them at `/metrics` in the text format of Prometheus, beside `/healthz` (the
process answers) and `/readyz` (503, with a sentence each, while a side of a connection that is not paused was not
polled for three intervals, or the daemon cannot use its store). Asked on this machine they need no login; through the
proxy of `console.public_url` ([console.md](console.md#from-other-machines)) `/readyz` and `/metrics` need a viewer's.
`--probes 0.0.0.0:9465` serves the same three on any address, for Prometheus on another host and for orchestrators; its
`/readyz` says yes or no and no reason, and no label of a metric can hold a person.

Alert rules and a dashboard are in [deploy/prometheus](../deploy/prometheus/alerts.rules.yaml) and
[deploy/grafana](../deploy/grafana/dashboards/syncd.json); what to do about each alert: [operations.md](operations.md).

Counters and the histogram are this process's and begin at 0 with it. Gauges stand in the store: every worker of one
store tells the same.
"""


def metrics_reference() -> str:
    """The page ``docs/metrics.md``: every metric with its labels, its meaning and when to look at it."""
    lines = [
        "# Metrics",
        "",
        *_PREFACE.strip().splitlines(),
        "",
        "| metric | sort | labels | meaning | look at it when |",
        "|---|---|---|---|---|",
    ]
    for name, about in METRICS.items():
        labels = ", ".join(f"`{label}`" for label in about.labels) or "-"
        lines.append(f"| `{name}` | {about.sort} | {labels} | {about.meaning} | {about.watch or '-'} |")
    return "\n".join(lines) + "\n"
