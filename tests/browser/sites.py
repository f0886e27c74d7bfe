"""Every page that syncd writes as HTML, made as its users make it: over some hundred made-up handoffs, and over names
that were written to do harm (markup, scripts, letters that turn a line around, 64 KB without a space).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import orjson
import pytest
import yaml

from benchmarks.ledger import BEGAN, filled
from syncd.bootstrap import open_scratch
from syncd.cli.main import main
from syncd.engine.booking import book_in
from syncd.engine.readonly import ReadOnly
from syncd.model.values import Pair
from syncd.operations.assess import Terms
from syncd.operations.assess_report import assess_report
from syncd.operations.assessing import assess
from syncd.operations.page_html import html
from syncd.operations.report_writing import page
from syncd.ports.memory import AGREEMENT
from syncd.ports.store import Settlement
from syncd.settings.profiles import profiles_of
from syncd.store import SqlStore, open_store
from tests.fakes import START, FakeChance, FakeClock
from tests.scenarios.lifecycles import CLOSED, NEW, WORKING
from tests.scenarios.steps import Steps
from tests.unit.core.ledgers import BOOK, deal, delivered, moved, told, touched
from tests.worlds import agreed, open_both

PEOPLE: Final = 250
"""So many that most figures are large and some are small, and marked."""
REPORTS: Final[Mapping[str, tuple[str, ...]]] = {
    "handoff": ("report", "handoff", "--by", "grade", "--by", "origin"),
    "funnel": ("report", "funnel", "--since", "2026-03-01"),
    "credit": ("report", "credit", "--by", "origin"),
    "rating": ("report", "rating"),
    "agreement": ("report", "agreement"),
    "review": ("report", "review", "--month", "2025-09"),
    "glossary": ("glossary",),
}
NAMES: Final = (*REPORTS, "assess")
"""The pages, by name."""
WITH_DRAWINGS: Final = frozenset(NAMES) - {"review"}
RUNS: Final = "<script>window.ran = 1</script>"
"""``window.ran`` is there once anything of a name was executed."""
HARM: Final = (
    RUNS,
    "<img src=https://elsewhere.example/a.png onerror='window.ran=2'>",
    "\"><svg onload='window.ran=3'>",
    "' onmouseover='window.ran=4' x='",
    "</style></title></text><script src=https://elsewhere.example/b.js></script>",
    "javascript:window.ran=5",
    "&lt;b&gt; &amp;nbsp; &#60;",
    "\N{RIGHT-TO-LEFT OVERRIDE}moc.elpmaxe@nna",
    "שלום \N{RIGHT-TO-LEFT EMBEDDING}עולם",
    "x" * 65_536,
)


def written(folder: Path) -> dict[str, Path]:
    """Every page by its name, over ordinary people."""
    config = agreed(folder)
    with _store(folder) as store:
        filled(store, PEOPLE)
        kinds = {"person": (380, 362), "company": (90, 90)}  # pairs, and those of them that hold the same
        store.remember(AGREEMENT, orjson.dumps(kinds), START)
    return _made(folder, config, REPORTS) | {"assess": _assessed(folder, config, tuple(f"p{n}" for n in range(60)))}


def hostile(folder: Path) -> dict[str, Path]:
    """The pages that show what people wrote, over people who wrote ``HARM``."""
    config = agreed(folder)
    lifecycle = config / "lifecycle.yaml"
    tree: dict[str, Any] = yaml.safe_load(lifecycle.read_text(encoding="utf-8"))
    for stage, harm in zip(tree["stages"].values(), HARM, strict=False):
        stage["name"] = stage["definition"] = f"{harm} or so"
    lifecycle.write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")
    with _store(folder) as store:
        settlement = Settlement()
        events = [event for number, harm in enumerate(HARM) for event in _handed(f"P{number}", harm)]
        book_in(settlement, events, store=store, book=BOOK)
        store.settle(settlement, START)
    commands = {
        "handoff": ("report", "handoff"),
        "credit": ("report", "credit", "--by", "origin", "--by", "owner"),
        "funnel": ("report", "funnel"),
        "glossary": ("glossary",),
    }
    return _made(folder, config, commands)


def _handed(person: str, harm: str) -> Iterator[Any]:
    facts = dict.fromkeys(("origin", "last_touch", "asset", "owner", "sdr", "ae", "grade", "persona", "company"), harm)
    yield from (told(0, person, **facts), moved("mql", 0, person, by=harm), delivered(1, person), touched(2, person))
    yield from (moved("sql", 3, person, by=harm), deal("won", 30, person, deal=person))
    yield moved("disqualified", 40, person, reason=harm)


@contextmanager
def _store(folder: Path) -> Iterator[SqlStore]:
    clock = FakeClock(BEGAN + timedelta(days=500))
    store = open_store(f"sqlite:///{folder}/state.db", "main", clock=clock, chance=FakeChance(0))
    yield store
    store.close()


def _made(folder: Path, config: Path, commands: Mapping[str, tuple[str, ...]]) -> dict[str, Path]:
    made = {name: folder / f"{name}.html" for name in commands}
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("SYNCD_STORE__URL", f"sqlite:///{folder}/state.db")
        for name, words in commands.items():
            assert main(["--config", str(config), *words, "--html", "--out", str(made[name])]) == 0
    return made


def _assessed(folder: Path, config: Path, names: tuple[str, ...]) -> Path:
    """The page of an assessment. The command asks the vendors through sockets; nothing else of it is left out."""
    steps = Steps(open_both(config=config))
    owner = steps.both.salesforce.add_user("gone@example.com", "Gone", role=None)
    for number, name in enumerate(names):
        stage, status = (("marketingqualifiedlead", "NEW"), ("subscriber", ""))[number % 2]
        steps.contact(email=f"{name}@acme.com", lifecyclestage=stage, hs_lead_status=status, jobtitle=f"Head {number}")
        if number % 3:
            status = (NEW, WORKING, CLOSED)[number % 4 % 3]
            title = f"Head {number}" if number % 4 else "Clerk" * 20
            steps.lead(Email=f"{name}@acme.com", Status=status, Title=title, HasOptedOutOfEmail=number % 5 == 0,
                       OwnerId=owner)  # fmt: skip
    steps.both.salesforce.deactivate_user(owner)
    world, settings = steps.both.world, steps.both.settings
    world.connectors = Pair(*(ReadOnly(each) for each in world.connectors))
    terms = Terms(settings.lifecycle, profiles_of(settings))
    found = assess(world, open_scratch, terms, systems=Pair("HubSpot", "Salesforce"))
    steps.both.store.close()
    file = folder / "assess.html"
    file.write_text(html(page(assess_report(found), now=found.now, connection="main", names={})), encoding="utf-8")
    return file
