"""The demo: both vendors as local stand-ins, two thousand people, scenes, figures, and somebody else's verdict.

It needs no account and no network. Scene by scene it prints what happened, what syncd did and the proof; it ends with
the agreement that ``syncd.lab.agreement`` computes, in a process of its own, from both vendors' exports. The answer is
0 only if every proof holds, no edit is lost, and both sides agree on all that is not listed.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import orjson
from rich.console import Console
from rich.text import Text

from syncd.lab.flow import ROUNDS, Flow, both_ways
from syncd.lab.lifetime import Lived, whole_story
from syncd.lab.mix import told as told_mix
from syncd.lab.report import several, write_report
from syncd.lab.rough import departures_followed, killed_while_writing
from syncd.lab.scenes import (
    bad_field_parked,
    conflict_resolved,
    duplicate_held,
    edit_for_scenes,
    every_policy,
    first_link,
)
from syncd.lab.stage import (
    DAILY,
    HORIZON,
    INDEX_LAG,
    LAG,
    PER_10_SECONDS,
    ROOT,
    SEARCH_PER_SECOND,
    Stage,
    child_environment,
    open_stage,
    wrote,
)
from syncd.lab.story import Scene, Story, couples
from syncd.system import prove_writable

SEED = 1
REPORT = Path("demo-report.html")
Played = TypeVar("Played")


@dataclass(frozen=True, slots=True)
class Agreement:
    """What the separate program said."""

    holds: bool
    told: Mapping[str, Any]
    text: str


def run(  # noqa: PLR0913 - a demo has this many knobs
    *,
    seed: int = SEED,
    people: int = 2_000,
    companies: int = 300,
    keep: Path | None = None,
    report: Path = REPORT,
    rounds: int = ROUNDS,
    corrupt: bool = False,
    faults: bool = False,
    console: Console | None = None,
) -> int:
    """Plays the demo and writes its report; 0 only if everything it claims is true.

    :param people: how many persons the population has; below about 60 a scene may find nobody to play with.
    :param keep: folder for configuration, store, logs and exports; a temporary one, removed at the end, if none.
    :param rounds: how many polls the teams go on editing for.
    :param corrupt: falsifies one value by hand after the last sync, to see that the judge notices.
    :param faults: lets both vendors misbehave lightly (``syncd.lab.mix``), except in the scene that counts calls.
    :raises BadUsage: if the folder to keep is not empty, the report cannot be written, or there is no example
        configuration.
    """
    prove_writable(report)
    screen = console or Console(highlight=False, soft_wrap=True)
    started = time.monotonic()
    screen.print("syncd demo: two vendors, local stand-ins, no account, no network", style="bold")
    screen.print(
        f"{people:,} people and {companies:,} companies that partly overlap. Limits are generous and set in the open: "
        f"HubSpot {PER_10_SECONDS:,} calls in 10 s, {SEARCH_PER_SECOND} searches a second, a search index {LAG} s late "
        f"at most; Salesforce {DAILY:,} calls a day; an unanswered write may be sent again after {HORIZON} s.",
        style="dim",
    )
    if faults:
        screen.print(f"Both vendors misbehave now and then, drawn with seed {seed}; everything heals by itself.")
        for line in told_mix():
            screen.print(f"  {line}", style="dim")
    with open_stage(seed=seed, people=people, companies=companies, keep=keep, faults=faults) as stage:
        story = Story()
        flow, lived = _play(stage, story, screen, seed=seed, rounds=rounds, keep=keep)
        if corrupt:
            _corrupt(stage)
        agreement = judge(stage)
        story.figures = _figures(stage, flow, agreement, seconds=time.monotonic() - started)
    _print_figures(screen, story, agreement)
    good = story.holds and agreement.holds and not flow.lost
    write_report(report, story=story, agreement=agreement.told, verdict=_verdict(story, agreement, flow), good=good)
    screen.print(_verdict(story, agreement, flow), style="bold green" if good else "bold red")
    screen.print(f"Report: {report}")
    if keep is not None:
        again = shlex.join(lived.command)
        screen.print(f"The person's whole story once more, from what was kept: {again}")
        screen.print(f"Next: syncd --config {keep} status   (then conflicts list, runs, explain --offline)")
    else:
        screen.print("Next: syncd sandbox   (both stand-ins for you to play with; or `syncd check` on your own config)")
    return 0 if good else 1


def _play(
    stage: Stage, story: Story, screen: Console, *, seed: int, rounds: int, keep: Path | None
) -> tuple[Flow, Lived]:
    told = 0

    def scene(play: Callable[[], Played]) -> Played:
        nonlocal told
        played = play()
        for each in story.scenes[told:]:
            _print_scene(screen, each)
        told = len(story.scenes)
        return played

    stage.misbehave()
    scene(lambda: first_link(stage, story))
    stage.edited()
    stage.settle()
    scene(lambda: duplicate_held(stage, story))
    bad, both = edit_for_scenes(stage, story)
    stage.cycle()
    stage.wait_for_index()
    scene(lambda: bad_field_parked(stage, story, bad))
    scene(lambda: every_policy(stage, story, both))
    scene(lambda: conflict_resolved(stage, story, both))
    stage.wait_for_index()
    stage.behave()  # the proof counts what the killed process had sent
    scene(lambda: killed_while_writing(stage, story))
    stage.misbehave()
    stage.settle()
    scene(lambda: departures_followed(stage, story, seed=seed))
    lived = scene(lambda: whole_story(story, keep=None if keep is None else stage.folder / "story"))
    return both_ways(stage, story, seed=seed + 1, rounds=rounds), lived


def judge(stage: Stage) -> Agreement:
    """Asks the separate program; it gets files and knows nothing of the store."""
    marketing, crm, listed = stage.write_exports()
    command = [
        sys.executable, "-m", "syncd.lab.agreement", "--config", str(stage.folder), "--marketing", str(marketing),
        "--crm", str(crm), "--listed", str(listed),
    ]  # fmt: skip
    machine = _asked([*command, "--json"])
    if machine.returncode not in (0, 1):
        return Agreement(holds=False, told={"kinds": []}, text=machine.stderr.decode())
    told = orjson.loads(machine.stdout)
    text = "" if machine.returncode == 0 else _asked(command).stdout.decode()
    return Agreement(machine.returncode == 0, told, text)


def _asked(command: Sequence[str]) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command, cwd=ROOT, env=child_environment(), capture_output=True, check=False)


def _corrupt(stage: Stage) -> None:
    """Somebody changes one value behind everybody's back, after the last sync."""
    couple = couples(stage)[0]
    stage.crm.do("edit", object="Lead", id=couple.lead, fields={"LastName": "Falsified"})


def _figures(stage: Stage, flow: Flow, agreement: Agreement, *, seconds: float) -> dict[str, str]:
    marketing, crm = stage.calls()
    kinds = agreement.told["kinds"]
    agreeing = sum(kind["agreeing"] for kind in kinds)
    flaws = sum(len(kind["disagreements"]) for kind in kinds)
    hits = stage.mix.fired() if stage.mix is not None else {}
    trouble = {
        "faults of the vendors": f"{sum(hits.values())} calls hit ({several(hits)})",
        "cycles that broke off": f"{len(stage.broken)}, made good by the next",
    }
    return {
        "edits made while syncing": f"{flow.edits}",
        "delivered": f"{flow.delivered} ({flow.overtaken} overtaken by a later edit, {flow.unneeded} needed no write, "
        f"{len(flow.lost)} lost)",
        "delay from edit to applied": f"p50 {flow.delay(0.5):.1f} s, p95 {flow.delay(0.95):.1f} s "
        f"(polled every {INDEX_LAG:.1f} s)",
        "cycles": f"{len(stage.runs)}",
        "records written": f"{sum(wrote(run) for run in stage.runs):,}",
        "API calls": f"HubSpot {marketing['count']:,}, Salesforce {crm['cost']:,} (counted by the stand-ins)",
        "linked pairs": several({kind["kind"]: kind["pairs"] for kind in kinds}),
        **(trouble if stage.mix is not None else {}),
        "agreement": f"{agreeing:,} of {agreeing + flaws:,} values (of what is not listed)",
        "the demo took": f"{seconds:.0f} s",
    }


def _verdict(story: Story, agreement: Agreement, flow: Flow) -> str:
    failed = [scene.title for scene in story.scenes if not scene.holds]
    parts = [f"the proof failed: {title}" for title in failed]
    parts += ["the systems do not agree"] if not agreement.holds else []
    parts += [f"{len(flow.lost)} edits were lost"] if flow.lost else []
    if parts:
        return "NOT GOOD: " + "; ".join(parts)
    return "Both systems agree: 100 % but for what is listed."


def _print_scene(screen: Console, scene: Scene) -> None:
    screen.print()
    screen.print(Text(scene.title, style="bold"))
    for name, line in (("what happened", scene.happened), ("what syncd did", scene.did), ("the proof", scene.proof)):
        screen.print(Text.assemble((f"  {name:<15}", "dim"), line))
    for line in scene.lines:
        screen.print(Text(f"    {line}", style="dim"))
    if not scene.holds:
        screen.print("  THE PROOF DOES NOT HOLD", style="bold red")


def _print_figures(screen: Console, story: Story, agreement: Agreement) -> None:
    screen.print()
    screen.print("In figures", style="bold")
    for name, value in story.figures.items():
        screen.print(Text.assemble((f"  {name:<28}", "dim"), value))
    for kind in agreement.told["kinds"]:
        for heading in ("listed", "apart"):
            told = several(kind[heading])
            if told:
                screen.print(Text.assemble((f"  {kind['kind'] + ', ' + heading:<28}", "dim"), told))
    if agreement.text:
        screen.print(Text(agreement.text))
