"""The demo's report: one HTML file that needs nothing else, light or dark as its reader's system is."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any, Final

from syncd.lab.story import Scene, Story

HOW: Final = (
    "Computed by a separate program from both vendors' exports and the mapping, never from syncd's store. What is "
    "listed waits for a person; what is apart is as the mapping wants it."
)
STYLE: Final = """
:root { color-scheme: light dark; --ink: #1c2430; --paper: #fbfbfa; --soft: #5c6675; --line: #dfe3e8; --card: #fff;
  --good: #14713d; --bad: #b3261e; --accent: #2456b8; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ee; --paper: #14181e; --soft: #98a3b3; --line: #2c3440;
  --card: #1b212a; --good: #55c98a; --bad: #ff8a80; --accent: #86aef7; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 2.5rem 1.25rem 4rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, sans-serif; }
h1 { font-size: 1.7rem; margin: 0 0 .3rem; } h2 { font-size: 1.15rem; margin: 2.4rem 0 .8rem; }
p { margin: .2rem 0; } .soft { color: var(--soft); }
.verdict { display: inline-block; margin: 1rem 0 .5rem; padding: .35rem .8rem; border: 1px solid currentColor;
  border-radius: .5rem; font-weight: 600; }
.good { color: var(--good); } .bad { color: var(--bad); }
article { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .9rem 1.1rem;
  margin: .8rem 0; }
article h3 { margin: 0 0 .5rem; font-size: 1rem; } article h3 span { float: right; font-size: .85rem; }
dl { display: grid; grid-template-columns: 9rem 1fr; gap: .35rem 1rem; margin: 0; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 500; } td.number { text-align: right; } th.number { text-align: right; }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .5rem; } }
"""


def write_report(path: Path, *, story: Story, agreement: Mapping[str, Any], verdict: str, good: bool) -> None:
    """Writes the page. The values in it are made-up people's."""
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>syncd demo</title><style>{STYLE}</style></head><body>",
        "<h1>syncd demo</h1>",
        '<p class="soft">Two vendors as local stand-ins, made-up people, changes both ways.</p>',
        f'<p class="verdict {_tone(good)}">{escape(verdict)}</p>',
        "<h2>What happened</h2>",
        *(_scene(scene) for scene in story.scenes),
        "<h2>In figures</h2><dl>",
        *(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in story.figures.items()),
        "</dl><h2>Agreement, field by field</h2>",
        f'<p class="soft">{HOW}</p>',
        *(_kind(kind) for kind in agreement["kinds"]),
        "</body></html>",
    ]
    path.write_text("\n".join(parts) + "\n", encoding="utf-8")


def _tone(good: bool) -> str:  # noqa: FBT001 - the two looks of one word
    return "good" if good else "bad"


def _scene(scene: Scene) -> str:
    told = (("What happened", scene.happened), ("What syncd did", scene.did), ("The proof", scene.proof))
    lines = "".join(f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in told)
    mark = "holds" if scene.holds else "does not hold"
    return (
        f'<article><h3>{escape(scene.title)}<span class="{_tone(scene.holds)}">{mark}</span></h3>'
        f"<dl>{lines}</dl></article>"
    )


def _kind(kind: Mapping[str, Any]) -> str:
    rows = "".join(_field(name, tally) for name, tally in kind["fields"].items())
    listed = _several(kind["listed"]) or "nothing"
    apart = _several(kind["apart"]) or "nothing"
    return (
        f"<h3>{escape(kind['kind'])}: {kind['pairs']:,} pairs</h3><dl><dt>Listed</dt><dd>{escape(listed)}</dd>"
        f'<dt>Apart</dt><dd>{escape(apart)}</dd></dl><div class="scroll"><table><tr><th>Field</th>'
        '<th class="number">Agree</th><th class="number">Disagree</th><th>Listed or apart</th></tr>'
        f"{rows}</table></div>"
    )


def _field(name: str, tally: Mapping[str, int]) -> str:
    rest = {why: number for why, number in tally.items() if why not in {"agree", "disagree"}}
    return (
        f'<tr><td>{escape(name)}</td><td class="number">{tally.get("agree", 0):,}</td>'
        f'<td class="number">{tally.get("disagree", 0):,}</td><td>{escape(_several(rest))}</td></tr>'
    )


def _several(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number:,} {why}" for why, number in counts.items())
