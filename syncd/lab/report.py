"""The demo's report: one HTML file that needs nothing else, light or dark as its reader's system is, wide or narrow."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any, Final

from syncd.lab.story import Scene, Story
from syncd.system import writing

HOW: Final = (
    "Computed by a separate program from both vendors' exports and the mapping, never from syncd's store. What is "
    "<em>listed</em> waits for a person: nobody guessed. What is <em>apart</em> is as the mapping wants it."
)
NEXT: Final = (
    ("make demo", "the same story again; <code>ARGS='--seed 7'</code> plays another one"),
    ("syncd sandbox --people 200 --write-config try", "both stand-ins for you to play with: docs/sandbox.md"),
    ("syncd check", "your own mapping, offline; first steps with real accounts: docs/first-steps.md"),
)
STYLE: Final = """
:root { color-scheme: light dark; --ink: #1b2430; --paper: #f6f7f9; --soft: #566071; --line: #dde2e9; --card: #fff;
  --good: #0f6a37; --good-tint: #e5f4ea; --bad: #a8201a; --bad-tint: #fdeae8; --accent: #2456b8; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --paper: #12161c; --soft: #a0abba; --line: #2b333f;
  --card: #1a2029; --good: #63d297; --good-tint: #14301f; --bad: #ff9389; --bad-tint: #3a1a18; --accent: #8fb4f8; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.55 system-ui, "Segoe UI", sans-serif; }
header, main, footer { max-width: 66rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 2.5rem; } footer { padding-top: 1rem; padding-bottom: 4rem; }
h1 { font-size: 1.05rem; font-weight: 600; margin: 0; color: var(--soft); }
h2 { font-size: 1.3rem; line-height: 1.3; margin: 3rem 0 .6rem; }
h3 { font-size: 1.02rem; line-height: 1.4; margin: 0; }
p { margin: .3rem 0; } .soft { color: var(--soft); } em { font-style: normal; font-weight: 600; }
code { font: .92em ui-monospace, "DejaVu Sans Mono", monospace; background: var(--paper); border: 1px solid var(--line);
  border-radius: .3rem; padding: .05rem .3rem; overflow-wrap: anywhere; }
.verdict { margin: .8rem 0 1.2rem; padding: 1.1rem 1.4rem; border-radius: .8rem; border-left: .4rem solid; }
.verdict strong { display: block; font-size: clamp(1.35rem, 4vw, 2rem); line-height: 1.25; }
.verdict span { color: var(--ink); }
.good { color: var(--good); } .bad { color: var(--bad); }
.verdict.good { background: var(--good-tint); } .verdict.bad { background: var(--bad-tint); }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(14rem, 1fr)); gap: .8rem; margin: 0; }
.figures div, article, .kind { background: var(--card); border: 1px solid var(--line); border-radius: .7rem; }
.figures div { padding: .7rem 1rem; display: flex; flex-direction: column; }
.figures dt { color: var(--soft); font-size: .88rem; }
.figures dd { margin: 0; } .figures b { font-size: 1.12rem; line-height: 1.35; display: block; }
.figures small { display: block; color: var(--soft); font-size: .85rem; line-height: 1.4; }
ol { list-style: none; margin: 0; padding: 0; }
article { padding: 1rem 1.2rem 1.1rem; margin: 0 0 .9rem; }
article header { display: flex; flex-wrap: wrap; justify-content: space-between; gap: .2rem 1rem; padding: 0 0 .7rem; }
article header b { font-size: .85rem; font-weight: 600; white-space: nowrap; }
article dl { display: grid; grid-template-columns: repeat(3, 1fr); gap: 1.2rem; margin: 0; }
article dt { color: var(--soft); font-size: .85rem; margin-bottom: .15rem; }
article .told { grid-column: 1 / -1; }
article pre { margin: 0; white-space: pre-wrap; font-size: .82rem; line-height: 1.6; }
article dd { margin: 0; overflow-wrap: anywhere; font-size: .95rem; line-height: 1.5; }
.kind { padding: 1.1rem 1.2rem .5rem; margin: 1rem 0; }
.kind ul { margin: .5rem 0 1rem; padding: 0; list-style: none; color: var(--soft); font-size: .92rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding-bottom: .4rem; }
th, td { text-align: left; padding: .4rem .8rem .4rem 0; border-top: 1px solid var(--line); vertical-align: baseline; }
thead th { color: var(--soft); font-weight: 500; font-size: .88rem; border-top: 0; }
tbody th { font-weight: 500; } tbody small { display: block; color: var(--soft); font-weight: 400; }
.number { text-align: right; width: 6.5rem; } .number:last-child { padding-right: 0; }
footer dt { margin-top: .6rem; } footer dd { margin: .1rem 0 0; color: var(--soft); }
@media (max-width: 48rem) { article dl { grid-template-columns: 1fr; gap: .7rem; }
  .figures { grid-template-columns: 1fr 1fr; } .number { width: 5.2rem; } }
@media (max-width: 26rem) { .figures div { padding: .6rem .7rem; } .figures b { font-size: 1rem; } }
@media print { body { background: none; } article, .kind, .figures div { break-inside: avoid; } }
"""


def write_report(path: Path, *, story: Story, agreement: Mapping[str, Any], verdict: str, good: bool) -> None:
    """Writes the page. The values in it are made-up people's.

    :raises BadUsage: if it cannot be written.
    """
    with writing(path):
        path.write_text("\n".join(_page(story, agreement, verdict, _tone(good))) + "\n", encoding="utf-8")


def _page(story: Story, agreement: Mapping[str, Any], verdict: str, tone: str) -> Iterator[str]:
    yield "<!doctype html>"
    yield '<html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>syncd demo: {escape(verdict)}</title><style>{STYLE}</style></head><body>"
    yield '<header><h1>syncd demo</h1><p class="soft">HubSpot and Salesforce as local stand-ins, made-up people, '
    yield "changes both ways. No account, no network.</p>"
    yield f'<div class="verdict {tone}" role="status"><strong>{escape(verdict)}</strong>'
    yield f"<span>{_summary(story, agreement)}</span></div></header><main>"
    yield '<section aria-labelledby="figures"><h2 id="figures">In figures</h2><dl class="figures">'
    yield from (_figure(name, value) for name, value in story.figures.items())
    yield '</dl></section><section aria-labelledby="scenes"><h2 id="scenes">What happened</h2><ol>'
    yield from (_scene(number, scene) for number, scene in enumerate(story.scenes, start=1))
    yield '</ol></section><section aria-labelledby="agreement"><h2 id="agreement">Agreement, field by field</h2>'
    yield f'<p class="soft">{HOW}</p>'
    yield from (_kind(kind) for kind in agreement["kinds"])
    yield '</section></main><footer><section aria-labelledby="next"><h2 id="next">What next</h2><dl>'
    yield from (f"<dt><code>{command}</code></dt><dd>{why}</dd>" for command, why in NEXT)
    yield "</dl></section></footer></body></html>"


def _summary(story: Story, agreement: Mapping[str, Any]) -> str:
    kinds = agreement["kinds"]
    agreeing = sum(kind["agreeing"] for kind in kinds)
    every = agreeing + sum(len(kind["disagreements"]) for kind in kinds)
    listed = sum(sum(kind["listed"].values()) for kind in kinds)
    proofs = sum(scene.holds for scene in story.scenes)
    return (
        f"{agreeing:,} of {every:,} values are the same on both sides; {listed:,} questions are listed for a person; "
        f"{proofs} of {len(story.scenes)} scenes proved."
    )


def _tone(good: bool) -> str:  # noqa: FBT001 - the two looks of one word
    return "good" if good else "bad"


def _figure(name: str, value: str) -> str:
    """A figure, with what stands in brackets after it as its small print."""
    figure, _, rest = value.partition(" (")
    small = f"<small>{escape(rest.removesuffix(')'))}</small>" if rest else ""
    return f"<div><dt>{escape(name)}</dt><dd><b>{escape(figure)}</b>{small}</dd></div>"


def _scene(number: int, scene: Scene) -> str:
    told = (("What happened", scene.happened), ("What syncd did", scene.did), ("The proof", scene.proof))
    lines = "".join(f"<div><dt>{name}</dt><dd>{_prose(text)}</dd></div>" for name, text in told)
    if scene.lines:
        lines += f'<div class="told"><dt>As told</dt><dd><pre>{escape(chr(10).join(scene.lines))}</pre></dd></div>'
    mark = "&#10003; proved" if scene.holds else "&#10007; not proved"
    return (
        f"<li><article><header><h3>{number}. {escape(scene.title)}</h3>"
        f'<b class="{_tone(scene.holds)}">{mark}</b></header><dl>{lines}</dl></article></li>'
    )


def _prose(text: str) -> str:
    """Text whose `words in backquotes` are shown as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _kind(kind: Mapping[str, Any]) -> str:
    rows = "".join(_field(name, tally) for name, tally in kind["fields"].items())
    return (
        f'<div class="kind"><h3>{escape(kind["kind"].capitalize())}: {kind["pairs"]:,} linked pairs</h3>'
        f"<ul><li><em>Listed</em>: {escape(several(kind['listed']) or 'nothing')}</li>"
        f"<li><em>Apart</em>: {escape(several(kind['apart']) or 'nothing')}</li></ul>"
        f'<table aria-label="{escape(kind["kind"])}, field by field"><thead><tr><th scope="col">Field</th>'
        '<th scope="col" class="number">Agree</th><th scope="col" class="number">Disagree</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _field(name: str, tally: Mapping[str, int]) -> str:
    rest = several({why: number for why, number in tally.items() if why not in {"agree", "disagree"}})
    small = f"<small>{escape(rest)}</small>" if rest else ""
    wrong = tally.get("disagree", 0)
    return (
        f'<tr><th scope="row">{escape(name.replace("_", " "))}{small}</th><td class="number">{tally.get("agree", 0):,}'
        f'</td><td class="number{" bad" if wrong else ""}">{wrong:,}</td></tr>'
    )


def several(counts: Mapping[str, int]) -> str:
    """Counts in words: ``held duplicate 14, conflict 4``."""
    return ", ".join(f"{why} {number:,}" for why, number in sorted(counts.items(), key=lambda each: -each[1]))
