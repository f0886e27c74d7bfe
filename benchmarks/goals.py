"""The design's goals for speed and size, each with the figures that show whether it is met.

What a goal asks is the goal of its figures, so that nothing is said twice; a goal that no figure can show says why.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.figures import Figure, aligned, verdict


@dataclass(frozen=True, slots=True)
class Goal:
    """One goal: its number in the design, what it is about, and its figures as (bench, name of the figure)."""

    id: str
    about: str
    shown_by: tuple[tuple[str, str], ...]
    but: str = ""
    """What of the goal its figures do not show, and why."""


def _of(bench: str, *names: str) -> tuple[tuple[str, str], ...]:
    return tuple((bench, name) for name in names)


_WAYS: Final = ("to Salesforce", "to HubSpot")
_ASKEW: Final = "beside a second app, clocks askew"
GOALS: Final[Sequence[Goal]] = (
    Goal("P1", "calls per 1,000 changes to Salesforce",
         _of("calls", "calls per 1,000 changed records to Salesforce, with read-back and echo")),
    Goal("P2", "calls per 1,000 changes to HubSpot",
         _of("calls", "calls per 1,000 changed records to HubSpot, with read-back and echo")),
    Goal("P3", "calls of 100,000 rows at once into Salesforce",
         _of("many", "calls to Salesforce for 100,000 changes, read-back included")),
    Goal("P4", "calls of an idle cycle",
         (*_of("calls", "calls of an idle cycle of one kind"), *_of("growth", "calls of an idle cycle at the largest")),
         but="of one pair of objects, at two sizes; five pairs are not measured"),
    Goal("P5", "an idle cycle writes nothing",
         _of("calls", "records written by an idle cycle", "rows of links and bases written by an idle cycle")),
    Goal("P6", "no echo, and no ping-pong",
         _of("converging", "fields written that nobody had changed", "records written by the three cycles after it")),
    Goal("P7", "records per second without latency",
         _of("changes", *(f"records per second {way}, no latency" for way in _WAYS)),
         but="three times the Python pair that the design measured (625 records/s); it does not run here"),
    Goal("P8", "records per second at 100 ms a call",
         _of("pace", *(f"against the script {way}, 100 ms a call" for way in _WAYS)),
         but="against a script that does one call at a time, in the place of the node pair"),
    Goal("P9", "records per second at the vendors' limits",
         _of("limits", *(f"records per second at the limits {way}, alone" for way in _WAYS)),
         but="30,000 changes each, not a minute of them"),
    Goal("P10", "429 answers, with a second app there and clocks askew",
         _of("limits", "answers that were 429, beside a second app, clocks askew",
             *(f"records that did not arrive {way}, {_ASKEW}" for way in _WAYS))),
    Goal("P11", "processor time per changed record",
         _of("changes", *(f"processor time per changed record {way}" for way in _WAYS))),
    Goal("P12", "processor time of a full compare of a million links",
         (*_of("full", "processor time of a full compare of 100,000 linked records"),
          *_of("growth", "processor time of a full compare per million links, at the largest"))),
    Goal("P13", "calls of it against its pages",
         _of("growth", "calls of it against the pages that it must read")),
    Goal("P14", "the same with 1 % changed",
         _of("growth", "a hundredth changed: the same against what writing needs, with read-back",
             "a hundredth changed: more processor time")),
    Goal("P15", "resident memory",
         (*_of("full", "growth of resident memory between both"),
          *_of("growth", "growth of resident memory, cycles and full compares",
               "resident memory, peak of all commands at the largest"),
          *_of("many", "resident memory with 100,000 changes, peak"))),
    Goal("P16", "costs grow in proportion",
         _of("growth", *(f"slope of the logarithms, {what} on links: {end}"
                         for what in ("processor time", "calls") for end in ("least", "most")))),
    Goal("P17", "1,000 changes cost the same among few and many",
         _of("growth", "more calls for 1,000 changes at the largest",
             "processor time of 1,000 changes, the largest against 10,000 links")),
    Goal("P18", "state file per link",
         (*_of("full", "state file per linked record"), *_of("growth", "state file per linked record"))),
    Goal("P19", "start-up to the first poll, and `syncd status`",
         _of("growth", "from the start of a daemon to its first poll, on the clock",
             "`syncd status` from start to end on the clock")),
    Goal("P20", "records sent again after a crash",
         _of("many", *(f"{what}, {way}" for what in ("records sent again", "records that did not arrive")
                        for way in _WAYS))),
    *(Goal("Freshness", f"95 % of edits at {rate}/s, polled every 10 s",
           _of("fresh", f"95 % of the edits within, at {rate}/s", f"edits that did not arrive at {rate}/s",
               f"Salesforce calls a day that it comes to, at {rate}/s"),
           but="a minute of each pace, not ten") for rate in (1, 10, 100)),
    Goal("Freshness", "with webhooks, or with change data capture", (),
         but="a webhook names whom the next poll reads, and is no sooner; there is no receiver of the other"),
    Goal("Freshness", "after an outage of an hour",
         _of("outage", "seconds until the backlog was cleared", "95 % of fresh changes meanwhile within",
             "fresh changes that did not arrive")),
    Goal("Console", "overview", _of("console", "overview: 95 % of the answers within")),
    Goal("Console", "any person's page", _of("console", "a person's page: 95 % of the answers within")),
    Goal("Console", "search for people", _of("console", "search for people: 95 % of the answers within")),
    Goal("Console", "list of issues", _of("console", "list of issues: 95 % of the answers within")),
    Goal("Console", "an idle daemon with the console on",
         _of("idle", "share of a core, with the console on", "resident memory, with the console on")),
    Goal("Commands", "`syncd --help`", _of("console", "`syncd --help` from start to end on the clock")),
    Goal("Commands", "`syncd status`", _of("console", "`syncd status` from start to end on the clock")),
)  # fmt: skip


def goals_table(results: Mapping[str, Mapping[str, Any]]) -> Sequence[str]:
    """The lines of a table of all figures of goals that these results hold, and behind it lists of what was missed and
    of what was not measured: a goal with a bench that did not run is among the latter, whatever its others say.
    """
    rows, missed, unmeasured = [], [], []
    for goal in GOALS:
        for bench, name in goal.shown_by:
            if bench in results:
                figure = _figure(results, bench, name)
                about = goal.about if len(goal.shown_by) == 1 else name
                rows.append((goal.id, about, bench, figure.asked, figure.measured, verdict(figure)))
                if not figure.met:
                    missed.append(f"{goal.id}, {name}: {figure.measured}, must be {figure.asked}")
        lacking = sorted({f"`{bench}`" for bench, _ in goal.shown_by if bench not in results})
        if lacking or not goal.shown_by:
            why = [f"needs {' and '.join(lacking)}"] if lacking else []
            unmeasured.append(f"{goal.id}, {goal.about}: {'; '.join([*why, *([goal.but] if goal.but else [])])}")
    shown = [goal for goal in GOALS if any(bench in results for bench, _ in goal.shown_by)]
    limited = [f"{goal.id}, {goal.about}: {goal.but}" for goal in shown if goal.but]
    lines = aligned(("goal", "figure", "bench", "must", "measured", ""), rows)
    lists = (
        *_listed("Missed", missed),
        *_listed("Not measured", unmeasured),
        *_listed("Measured with limits", limited),
    )
    return [*lines, "", *lists]


def _listed(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield f"{title}:"
        yield ""
        yield from (f"- {line}" for line in lines)
        yield ""


def _figure(results: Mapping[str, Mapping[str, Any]], bench: str, name: str) -> Figure:
    """:raises KeyError: if the bench has no such figure: the goal or the bench was renamed."""
    for each in results[bench]["figures"]:
        if each["name"] == name:
            return Figure(**each)
    raise KeyError(f"bench {bench} has no figure {name!r}")
