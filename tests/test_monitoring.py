"""Dashboard and alert rules name what the daemon exports: every metric, every label, every section of the runbook."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from deploy.dashboard import WIDTH, dashboard
from syncd.observe.log import bound, emit, listen, unlisten
from syncd.observe.metrics import METRICS, Metrics
from tests import promql

ROOT = Path(__file__).resolve().parent.parent
PROMETHEUS = ROOT / "deploy" / "prometheus"
RULES = ("delivery.rules.yaml", "alerts.rules.yaml")
DASHBOARD = ROOT / "deploy" / "grafana" / "dashboards" / "syncd.json"
OF_PROMETHEUS = {"up": {"job", "instance"}}
"""Series that Prometheus makes itself."""
VALUES = {
    "outcome": {"ok", "limited", "refused", "failed", "unanswered", "taken"},
    "command": {"sync", "resync"},
    "le": {"120.0"},
    "job": {"syncd"},
    "error": {"Unauthorized", "NeedsOperator"},
}
"""Values that a rule may ask for, by label; each is proven below."""

Tree = dict[str, Any]


def rules() -> list[tuple[str, Tree]]:
    """Every rule with its file."""
    found: list[tuple[str, Tree]] = []
    for name in RULES:
        for group in yaml.safe_load((PROMETHEUS / name).read_text())["groups"]:
            found += [(name, rule) for rule in group["rules"]]
    return found


def alerts() -> list[Tree]:
    """Every alert."""
    return [rule for _, rule in rules() if "alert" in rule]


def panels() -> list[Tree]:
    """Every panel that shows something."""
    return [panel for panel in json.loads(DASHBOARD.read_text())["panels"] if panel["type"] != "row"]


def plain(expr: str) -> str:
    """An expression of the dashboard as Prometheus gets it."""
    return expr.replace("$__rate_interval", "1m").replace("$connection", ".*")


def expressions() -> Iterator[tuple[str, str]]:
    """Every expression there is, with where it stands."""
    for name, rule in rules():
        yield f"{name}: {rule.get('alert') or rule['record']}", rule["expr"]
    for panel in panels():
        for target in panel["targets"]:
            yield f"dashboard: {panel['title']} {target['refId']}", plain(target["expr"])
    for variable in json.loads(DASHBOARD.read_text())["templating"]["list"]:
        if variable["type"] == "query":
            yield f"dashboard: ${variable['name']}", variable["query"]["query"]


EXPRESSIONS = list(expressions())


@pytest.fixture(scope="module")
def exported() -> Mapping[str, set[str]]:
    """What a scrape of the daemon's own metrics says: labels by the name of the series."""
    gauges = [(name, about.labels, 1.0) for name, about in METRICS.items() if about.sort == "gauge"]
    metrics = Metrics(lambda: gauges, connections=lambda: ["main"])
    listen(metrics.heard)
    with bound(connection="main", side="crm"):
        call = {"operation": "query", "method": "GET", "status": 200}
        emit("api.call", **call, ms=1, bytes=1, attempt=1, quota_left=9)
        emit("api.refused", **call, attempts=1, error="Unauthorized", reason="")
        emit("write.refused", link="L", code="X")
        emit("notify.sent", target="t", notice="n", attempt=1, ms=1)
        emit("turn.failed", error="X", what="", due="")
        emit("run.finished", command="sync", state="done", counts={"created.crm": 1}, ms=1, calls=1)
    unlisten(metrics.heard)
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(metrics.exposed().decode()):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    recorded = {rule["record"] for _, rule in rules() if "record" in rule}
    return {**found, **OF_PROMETHEUS, **{name: set(name.partition(":")[0].split("_")) for name in recorded}}


def known(name: str, exported: Mapping[str, set[str]]) -> set[str]:
    """The labels of a series, with those that Prometheus adds."""
    assert name in exported, f"{name} is exported by nobody"
    return exported[name] | ({"instance", "job"} if ":" not in name else set())


def test_every_metric_is_in_the_scrape(exported: Mapping[str, set[str]]) -> None:
    """Else the tests below would compare with less than there is."""
    for name, about in METRICS.items():
        series = f"{name}_count" if about.sort == "histogram" else name
        assert exported[series] == set(about.labels), name


@pytest.mark.parametrize(("where", "expr"), EXPRESSIONS, ids=[where for where, _ in EXPRESSIONS])
def test_what_an_expression_names_is_exported(where: str, expr: str, exported: Mapping[str, set[str]]) -> None:
    """Series, labels that are matched, labels that are grouped and joined by."""
    said = promql.read(expr)
    assert said.selectors or "label_values" in expr
    for selector in said.selectors:
        if "label_values" in expr and selector.name == "connection":
            continue
        labels = known(selector.name, exported)
        for label, _, value in selector.matchers:
            assert label in labels, f"{where}: {selector.name} has no label {label}"
            if label in VALUES and value != ".*":
                assert set(value.split("|")) <= VALUES[label], f"{where}: {label} is never {value}"
    for each in said.labels:
        for selector in said.over(each):
            missing = set(each.names) - known(selector.name, exported)
            assert not missing, f"{where}: {selector.name} has no label {sorted(missing)}"


def test_a_name_that_nobody_exports_is_noticed(exported: Mapping[str, set[str]]) -> None:
    """The check above can fail: for a series, for a label that is matched, and for one that is grouped by."""
    for wrong in (
        "syncd_pauzed > 0",
        'sum by (connection) (rate(syncd_api_calls_total{sid="crm"}[5m]))',
        "max by (connection, kind) (syncd_paused)",
        'rate(syncd_api_calls_total{outcome="broken"}[5m])',
    ):
        with pytest.raises(AssertionError):
            test_what_an_expression_names_is_exported("here", wrong, exported)


def test_the_values_that_rules_ask_for_exist() -> None:
    """Outcomes as they are documented, classes of errors by their names, the goal as a bucket."""
    from connectors.transport import Unauthorized
    from syncd.model.errors import NeedsOperator
    from syncd.observe.metrics import BUCKETS, _outcome

    said = {_outcome(status) for status in (0, 200, 400, 429, 500)}
    assert said | {"taken", "failed"} == VALUES["outcome"]
    assert {Unauthorized.__name__, NeedsOperator.__name__} == VALUES["error"]
    assert 120.0 in BUCKETS["syncd_delivery_seconds"]


def test_every_alert_says_whom_it_wakes_and_where_to_read_on() -> None:
    """Page or ticket, one sentence, what it means, a section of the runbook; labels in it are those of the alert."""
    names = {alert["alert"] for alert in alerts()}
    assert len(names) >= 20
    for alert in alerts():
        told = alert["annotations"]
        assert alert["labels"]["severity"] in {"page", "ticket"}, alert["alert"]
        assert told["summary"]
        assert told["description"]
        assert re.fullmatch(r"docs/operations\.md#[a-z0-9-]+", told["runbook"])
        said = promql.read(alert["expr"])
        grouped = [set(each.names) for each in said.labels if each.word == "by"]
        recorded = [{"connection"} for each in said.selectors if ":" in each.name]
        labels = (grouped or recorded or [set()])[0]
        used = set(re.findall(r"\$labels\.(\w+)", json.dumps(told)))
        assert used <= labels, f"{alert['alert']}: {sorted(used - labels)}"
        assert "by" not in used


def test_pages_are_few() -> None:
    """What wakes somebody stops the sync or lets people down; everything else waits for the morning."""
    pages = {alert["alert"] for alert in alerts() if alert["labels"]["severity"] == "page"}
    assert pages == {
        "SyncdDown",
        "SyncdSideStalled",
        "SyncdCredentialsRefused",
        "SyncdSideNotItself",
        "SyncdDeliveryBurnsFast",
        "SyncdVendorSunset",
    }


def test_the_windows_of_the_delivery_goal_burn_what_they_say() -> None:
    """2 % of the budget of 28 days in an hour, 5 % in six, 10 % in a day and in three: page, page, ticket, ticket."""
    hours, allowed = 28 * 24, 0.01
    wanted = {
        ("1h", "5m"): 0.02 * hours / 1 * allowed,
        ("6h", "30m"): 0.05 * hours / 6 * allowed,
        ("1d", "2h"): 0.1 * hours / 24 * allowed,
        ("3d", "6h"): 0.1 * hours / 72 * allowed,
    }
    share = r"late:share(\w+) > ([\d.]+)"
    pair = re.compile(rf"{share} and connection:syncd_delivery_{share}")
    found = [each for alert in alerts() for each in pair.findall(alert["expr"])]
    assert all(limit == other for _, limit, _, other in found)
    assert {(long, short): float(limit) for long, limit, short, _ in found} == pytest.approx(wanted, rel=0.01)


def test_the_dashboard_is_as_grafana_wants_it() -> None:
    """Written by its table; every panel has a place of its own, an id, words, and a name for each line."""
    assert f"{dashboard()}\n" == DASHBOARD.read_text()
    board = json.loads(DASHBOARD.read_text())
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= WIDTH
        taken |= cells
    for panel in panels():
        assert panel["description"]
        for target in panel["targets"]:
            said = promql.read(plain(target["expr"]))
            labels = {name for each in said.labels for name in each.names}
            if any(":" in each.name for each in said.selectors):
                labels.add("connection")
            assert set(re.findall(r"{{(\w+)}}", target["legendFormat"])) <= labels, panel["title"]


def test_every_metric_is_on_the_dashboard() -> None:
    """What is exported and shown nowhere is looked at by nobody."""
    shown = {each.name for _, expr in EXPRESSIONS for each in promql.read(expr).selectors}
    shown = {re.sub(r"_(bucket|count|sum)$", "", name) for name in shown}
    assert set(METRICS) <= shown


def test_prometheus_takes_the_rules() -> None:
    """Checked, and played on made-up series, by its own tool, where that is installed."""
    tool = shutil.which("promtool")
    if tool is None:
        pytest.skip("promtool is not installed (Debian: apt install prometheus); the rules were read, not played")
    for words in (["check", "rules", *RULES], ["check", "config", "--syntax-only", "prometheus.yaml"],
                  ["test", "rules", "alerts.test.yaml"]):  # fmt: skip
        ended = subprocess.run([tool, *words], cwd=PROMETHEUS, capture_output=True, text=True, check=False, timeout=120)
        assert ended.returncode == 0, ended.stdout + ended.stderr


def test_the_parser_of_prometheus_reads_the_same() -> None:
    """Every expression, by a parser of the whole language, where that is installed: what we read is what is there."""
    parser = pytest.importorskip("promql_parser", reason="promql-parser is not installed; our own reader has read them")
    for where, expr in EXPRESSIONS:
        if "label_values" in expr:
            continue
        tree = parser.parse(expr)
        assert tree is not None
        ours = {each.name for each in promql.read(expr).selectors}
        theirs = set(re.findall(r"\b(?:syncd_\w+|connection:\w+:\w+|up)\b", tree.prettify()))
        assert ours == theirs, where


def test_what_is_provisioned_fits_together() -> None:
    """Grafana finds Prometheus and the dashboard where the compose file puts them; rule files by their names."""
    settings = yaml.safe_load((PROMETHEUS / "prometheus.yaml").read_text())
    assert [Path(each).name for each in settings["rule_files"]] == list(RULES)
    assert {each["job_name"] for each in settings["scrape_configs"]} == VALUES["job"]
    provisioning = ROOT / "deploy" / "grafana" / "provisioning"
    (source,) = yaml.safe_load((provisioning / "datasources" / "prometheus.yaml").read_text())["datasources"]
    assert (source["type"], source["url"]) == ("prometheus", "http://prometheus:9090")
    (provider,) = yaml.safe_load((provisioning / "dashboards" / "syncd.yaml").read_text())["providers"]
    assert provider["options"]["path"] == "/var/lib/grafana/dashboards"
