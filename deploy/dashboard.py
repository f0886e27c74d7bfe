"""The dashboard for Grafana, written from a table of panels: ``deploy/grafana/dashboards/syncd.json``.

``make docs`` writes it, ``make check`` compares. A panel is a title, what it shows in words, and queries; places and
ids follow from the order. Gauges stand in the store and every worker tells the same, so they are the largest of all;
counters are each worker's own, so they are added up.

Length: most of it is the table.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

Kind: TypeAlias = Literal["stat", "timeseries"]
Steps: TypeAlias = tuple[tuple[float | None, str], ...]

DATASOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
WIDTH: Final = 24
"""Columns of Grafana's grid."""
HEIGHT: Final[Mapping[Kind, int]] = {"stat": 4, "timeseries": 8}
HERE: Final = 'connection=~"$connection"'
GOOD_IS_ZERO: Final[Steps] = ((None, "green"), (1, "orange"))
WRONG_IS_RED: Final[Steps] = ((None, "green"), (1, "red"))
GOAL: Final[Steps] = ((None, "red"), (0.99, "green"))


@dataclass(frozen=True, slots=True)
class Query:
    """One expression and how its lines are called."""

    expr: str
    legend: str = "{{connection}}"


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel. ``unit`` is Grafana's name of it, ``width`` counts in columns."""

    title: str
    says: str
    queries: tuple[Query, ...]
    kind: Kind = "timeseries"
    unit: str = "short"
    width: int = 8
    steps: Steps = ()
    stacked: bool = False


def largest(metric: str, *by: str) -> str:
    """A gauge as all workers tell it."""
    return f"max by ({', '.join(('connection', *by))}) ({metric}{{{HERE}}})"


def smallest(metric: str, *by: str) -> str:
    """A gauge of which the least counts."""
    return f"min by ({', '.join(('connection', *by))}) ({metric}{{{HERE}}})"


def pace(metric: str, *by: str, more: str = "") -> str:
    """A counter of all workers, a second."""
    where = f"{HERE}, {more}" if more else HERE
    return f"sum by ({', '.join(('connection', *by))}) (rate({metric}{{{where}}}[$__rate_interval]))"


def quantile(share: float, metric: str, *, more: str = "") -> str:
    """A quantile of a histogram of all workers."""
    where = f"{HERE}, {more}" if more else HERE
    summed = f"sum by (connection, le) (rate({metric}_bucket{{{where}}}[$__rate_interval]))"
    return f"histogram_quantile({share}, {summed})"


ROWS: Final[Mapping[str, tuple[Panel, ...]]] = {
    "Is it well": (
        Panel("Workers", "Daemons on the roster.", (Query("max(syncd_workers)", "workers"),), "stat", width=3),
        Panel(
            "Last read",
            "Age of the last read to the present edge. Above three intervals nothing arrives.",
            (Query(largest("syncd_polled_age_seconds", "side"), "{{connection}} {{side}}"),),
            "stat", "s", 6,
        ),
        Panel(
            "Visible within 2 minutes, 28 days",
            "Of the people whom marketing qualified. The goal is 99 %.",
            (Query(f"1 - connection:syncd_delivery_late:share28d{{{HERE}}}"),),
            "stat", "percentunit", 4, GOAL,
        ),
        Panel(
            "Agreement",
            "Share of the linked records that the last whole sweep found in step.",
            (Query(smallest("syncd_agreement_ratio", "kind"), "{{connection}} {{kind}}"),),
            "stat", "percentunit", 5,
        ),
        Panel(
            "Paused",
            "1 while somebody has paused it.",
            (Query(largest("syncd_paused")),),
            "stat", width=3, steps=GOOD_IS_ZERO,
        ),
        Panel(
            "Not itself",
            "1 while a side's sentinel is gone or says something else, and nothing is written.",
            (Query(largest("syncd_side_not_itself", "side"), "{{connection}} {{side}}"),),
            "stat", width=3, steps=WRONG_IS_RED,
        ),
    ),
    "From marketing to sales": (
        Panel(
            "From qualified to visible",
            "Half of the people, and 99 of 100, are visible in the CRM within this time.",
            (
                Query(quantile(0.5, "syncd_delivery_seconds"), "{{connection}} half"),
                Query(quantile(0.99, "syncd_delivery_seconds"), "{{connection}} 99 of 100"),
            ),
            unit="s",
        ),
        Panel(
            "Share that is late",
            "Not visible within two minutes; 1 % is what the goal allows.",
            (
                Query(f"connection:syncd_delivery_late:share1h{{{HERE}}}", "{{connection}} 1 hour"),
                Query(f"connection:syncd_delivery_late:share6h{{{HERE}}}", "{{connection}} 6 hours"),
                Query(f"connection:syncd_delivery_late:share3d{{{HERE}}}", "{{connection}} 3 days"),
            ),
            unit="percentunit",
        ),
        Panel(
            "Handoffs that sales is late with",
            "Not touched, or not decided on, within the time agreed.",
            (Query(largest("syncd_handoffs_late", "clock"), "{{connection}} {{clock}}"),),
        ),
    ),
    "What waits for a person": (
        Panel("Conflicts", "Questions that no rule settles.", (Query(largest("syncd_conflicts_open")),), width=6),
        Panel(
            "Cannot be written",
            "Records that a vendor refuses whole, and fields that it refuses.",
            (
                Query(largest("syncd_dead_letters_open"), "{{connection}} records"),
                Query(largest("syncd_parked_fields"), "{{connection}} fields"),
            ),
            width=6,
        ),
        Panel(
            "Held by the brake",
            "Changes that are not written until somebody has looked.",
            (Query(largest("syncd_held_records", "kind", "measure"), "{{connection}} {{kind}} {{measure}}"),),
            width=6,
        ),
        Panel(
            "Notices not taken",
            "What waits to be told to people.",
            (Query(largest("syncd_notices_waiting", "target"), "{{connection}} {{target}}"),),
            width=6,
        ),
        Panel(
            "Oldest that waits",
            "A field in quarantine, which needs a person; a write whose ending is not known.",
            (
                Query(largest("syncd_quarantine_age_seconds"), "{{connection}} quarantine"),
                Query(largest("syncd_open_intents_age_seconds"), "{{connection}} not known"),
            ),
            unit="s", width=6,
        ),
    ),
    "Work": (
        Panel(
            "What runs did",
            "A second, by the names of `syncd runs`.",
            (Query(pace("syncd_outcomes_total", "outcome"), "{{connection}} {{outcome}}"),),
            width=12, stacked=True,
        ),
        Panel(
            "Length of a cycle",
            "Nine of ten, beside the interval between two.",
            (
                Query(quantile(0.9, "syncd_cycle_seconds", more='command="sync"'), "{{connection}} nine of ten"),
                Query(largest("syncd_poll_interval_seconds"), "{{connection}} interval"),
            ),
            unit="s", width=6,
        ),
        Panel(
            "Left for later",
            "Records of a later cycle, writes whose ending is not known, resyncs.",
            (
                Query(largest("syncd_backlog_records"), "{{connection}} backlog"),
                Query(largest("syncd_open_intents"), "{{connection}} not known"),
                Query(largest("syncd_resyncs_waiting"), "{{connection}} resyncs"),
            ),
            width=6,
        ),
        Panel(
            "Linked records", "By kind.", (Query(largest("syncd_links", "kind"), "{{connection}} {{kind}}"),), width=12
        ),
        Panel(
            "Turns that ended in trouble",
            "By class of error.",
            (Query(pace("syncd_turns_failed_total", "error"), "{{connection}} {{error}}"),),
            width=12,
        ),
    ),
    "The vendors": (
        Panel(
            "Calls",
            "HTTP exchanges a second, by how they ended.",
            (Query(pace("syncd_api_calls_total", "side", "outcome"), "{{connection}} {{side}} {{outcome}}"),),
            stacked=True,
        ),
        Panel(
            "Calls left today",
            "As the vendor last said; other programs use them, too.",
            (Query(smallest("syncd_quota_left_calls", "side"), "{{connection}} {{side}}"),),
        ),
        Panel(
            "Calls last for",
            "At the pace of the last two hours; nothing is drawn where they last, or that is not known yet.",
            (Query(smallest("syncd_quota_exhausted_in_seconds", "side"), "{{connection}} {{side}}"),),
            unit="s",
        ),
        Panel(
            "Refused",
            "Whole calls by class of error, single writes by the vendor's code.",
            (
                Query(pace("syncd_api_refusals_total", "side", "error"), "{{connection}} {{side}} {{error}}"),
                Query(pace("syncd_write_refusals_total", "side", "code"), "{{connection}} {{side}} {{code}}"),
            ),
        ),
        Panel(
            "Days until an API version ends",
            "Where the vendor has announced it.",
            (Query(smallest("syncd_vendor_sunset_days", "side"), "{{connection}} {{side}}"),),
            width=12,
        ),
        Panel(
            "Notices",
            "Sent a second, by whether the target took them.",
            (Query(pace("syncd_notices_total", "target", "outcome"), "{{connection}} {{target}} {{outcome}}"),),
            width=12,
        ),
        Panel(
            "Size of the store",
            "Used, and free within it after something was pruned.",
            (Query("max by (part) (syncd_store_bytes)", "{{part}}"),),
            unit="bytes",
        ),
        Panel(
            "Age of the latest backup",
            "Of a SQLite store; no line while there is none.",
            (Query("min(syncd_backup_age_seconds)", "latest"),),
            unit="s",
        ),
        Panel(
            "Secrets and authorities",
            "Days since each secret's file was written, and until the first authority of `http.ca_file` runs out.",
            (
                Query("max by (secret) (syncd_secret_age_seconds) / 86400", "{{secret}}"),
                Query("min(syncd_certificate_expiry_days)", "runs out"),
            ),
        ),
    ),
}  # fmt: skip
"""Panels by the row they stand in."""


def dashboard() -> str:
    """The whole dashboard as JSON."""
    return json.dumps(
        {
            "uid": "syncd",
            "title": "syncd",
            "tags": ["syncd"],
            "schemaVersion": 39,
            "editable": False,
            "refresh": "30s",
            "time": {"from": "now-6h", "to": "now"},
            "timezone": "browser",
            "templating": {"list": _variables()},
            "panels": list(_panels()),
        },
        indent=1,
        ensure_ascii=False,
    )


def _variables() -> list[dict[str, Any]]:
    return [
        {"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus"},
        {
            "name": "connection",
            "label": "Connection",
            "type": "query",
            "datasource": DATASOURCE,
            "query": {"query": "label_values(syncd_paused, connection)", "refId": "connection"},
            "refresh": 2,
            "multi": True,
            "includeAll": True,
            "allValue": ".*",
            "current": {"text": "All", "value": "$__all"},
        },
    ]


def _panels() -> Iterator[dict[str, Any]]:
    number, y = 0, 0
    for title, panels in ROWS.items():
        number += 1
        yield {"id": number, "type": "row", "title": title, "gridPos": _place(0, y, WIDTH, 1), "panels": []}
        y, x, height = y + 1, 0, 0
        for panel in panels:
            number += 1
            if x + panel.width > WIDTH:
                y, x, height = y + height, 0, 0
            yield _panel(panel, number, _place(x, y, panel.width, HEIGHT[panel.kind]))
            x, height = x + panel.width, max(height, HEIGHT[panel.kind])
        y += height


def _place(x: int, y: int, width: int, height: int) -> dict[str, int]:
    return {"x": x, "y": y, "w": width, "h": height}


def _panel(panel: Panel, number: int, place: Mapping[str, int]) -> dict[str, Any]:
    defaults: dict[str, Any] = {"unit": panel.unit, "min": 0}
    options: dict[str, Any]
    if panel.kind == "stat":
        options = {"colorMode": "value" if panel.steps else "none", "reduceOptions": {"calcs": ["lastNotNull"]}}
        steps = panel.steps or ((None, "text"),)
        defaults["thresholds"] = {"mode": "absolute", "steps": [{"value": at, "color": colour} for at, colour in steps]}
    else:
        options = {
            "legend": {"displayMode": "list", "placement": "bottom"},
            "tooltip": {"mode": "multi", "sort": "desc"},
        }
        defaults["custom"] = {"fillOpacity": 10, "stacking": {"mode": "normal" if panel.stacked else "none"}}
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.says,
        "datasource": DATASOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": options,
        "targets": [
            {
                "refId": chr(ord("A") + at),
                "datasource": DATASOURCE,
                "expr": query.expr,
                "legendFormat": query.legend,
                "instant": panel.kind == "stat",
                "range": panel.kind != "stat",
            }
            for at, query in enumerate(panel.queries)
        ],
    }
