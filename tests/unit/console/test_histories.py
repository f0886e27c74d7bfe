"""What was done, to be looked up from both ends: whom a run wrote to, and which runs and people changed a record."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest

from syncd.console import undoing
from syncd.model.operator import Role
from syncd.model.run import Run
from tests.furnished import PEOPLE, furnished
from tests.scenarios.steps import Steps
from tests.unit.console.reading import text_of
from tests.visits import Caller, House


@pytest.fixture(scope="module")
def furnished_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, Steps]]:
    """Both stand-ins, where marketing changed everybody's title and sales somebody's phone."""
    with furnished(tmp_path_factory.mktemp("furnished")) as (made, steps):
        for each in steps.contacts():
            steps.market(each, jobtitle="Head")
        steps.cycle(after=120)
        steps.both.clock.advance(30)
        (lead,) = [str(row["Id"]) for row in steps.live("Lead") if row["LastName"] == "Lovelace"]
        steps.sell(lead, Phone="+49 30 123456")
        yield made, steps


@pytest.fixture
def made(furnished_house: tuple[House, Steps]) -> House:
    """The console over them."""
    return furnished_house[0]


@pytest.fixture
def viewer(made: House) -> Caller:
    """A browser without a script."""
    return made.as_role(Role.VIEWER, "vic")


def latest_write(made: House) -> Run:
    """The latest run that wrote to Salesforce."""
    return next(run for run in made.store.runs(100) if "updated.crm" in run.counts)


def part_of(page: str, heading: str) -> str:
    """A section of a page, by its heading."""
    (found,) = re.findall(rf"<section[^>]*>(?:(?!</section>).)*>{heading}</h2>.*?</section>", page, re.DOTALL)
    return str(found)


def test_a_run_says_what_it_cost_and_whom_it_wrote_to(made: House, viewer: Caller) -> None:
    """Calls of each side, the plan's digest, and each change with the person, who is linked; looking leaves a note."""
    run = latest_write(made)
    assert run.calls is not None
    page = viewer.get(f"/runs/{run.id}").text
    told = text_of(page)
    for words in (f"calls to marketing {run.calls.marketing}", f"calls to crm {run.calls.crm}", f"plan {run.digest}"):
        assert words in told, words
    wrote = part_of(page, "What it wrote")
    links = re.findall(r'href="/people/(\w+)\?', wrote)
    assert sorted(links) == sorted(each.id for each in made.store.links_after("person", "", 99))
    told = text_of(wrote)
    for _, first, last, _ in PEOPLE:
        assert f"{first} {last} crm, update title Engineer Head" in told
    assert "from marketing" in told
    until = time.monotonic() + 10
    while not (notes := [each for each in made.desk.entrance.doors.deeds(99) if each.what == "runs.read"]):
        assert time.monotonic() < until
        time.sleep(0.01)
    assert (notes[0].who, sorted(notes[0].about.split())) == ("vic", sorted(links))


def test_what_a_run_wrote_comes_page_by_page(made: House, viewer: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each record once; a run that wrote nothing has no such part, and a place that is none is the beginning."""
    monkeypatch.setattr(undoing, "LISTED", 4)
    run = latest_write(made)
    first = viewer.get(f"/runs/{run.id}").text
    (further,) = re.findall(r'href="(/runs/[^"]*after=\d+)"', first)
    second = viewer.get(further.replace("&amp;", "&")).text
    pages = [re.findall(r'href="/people/(\w+)\?', part_of(page, "What it wrote")) for page in (first, second)]
    assert [len(page) for page in pages] == [4, 2]
    assert len({*pages[0], *pages[1]}) == len(PEOPLE)
    assert "Further ones" not in second
    assert part_of(viewer.get(f"/runs/{run.id}?after=x").text, "What it wrote") == part_of(first, "What it wrote")
    idle = next(each for each in made.store.runs(100) if not each.counts)
    assert ">What it wrote</h2>" not in viewer.get(f"/runs/{idle.id}").text


def test_a_person_leads_to_the_runs_that_wrote(made: House, viewer: Caller) -> None:
    """Each write is syncd's, with the rule, the side that it came from and a link to its run."""
    (link,) = made.store.links_with("ada.lovelace", 1)
    wrote = part_of(viewer.get(f"/people/{link}").text, "What syncd wrote")
    run = latest_write(made).id
    assert f'href="/runs/{run}?connection=main"' in wrote
    assert re.search(rf"crm syncd title Engineer Head \w+, from marketing, run {run[:7]}", text_of(wrote))
    assert "+4930123456" not in text_of(wrote)


def test_what_others_changed_is_put_among_it_once_both_systems_are_asked(made: House, viewer: Caller) -> None:
    """One list in the order of time, with side and author; a script has it take the place of what the page had."""
    (link,) = made.store.links_with("ada.lovelace", 1)
    whole = viewer.get(f"/people/{link}/explanation").text
    history = part_of(whole, "Who changed what")
    assert "hx-swap-oob" not in whole
    rows = [text_of(row).strip() for row in re.findall(r"<tr><td>.*?</tr>", history, re.DOTALL)]
    assert "phone" in rows[0], "the latest comes first"
    assert "crm" in rows[0]
    assert "syncd" not in rows[0]
    titles = [row.partition(" ago ")[2] for row in rows if " title " in row]
    assert titles[0].startswith("crm syncd title Engineer Head ")
    edit = next(row for row in titles if row.startswith("marketing "))
    assert "syncd" not in edit
    assert edit.endswith("Head")
    assert f'href="/runs/{latest_write(made).id}?connection=main"' in history
    part = viewer.get(f"/people/{link}/explanation", **{"HX-Request": "true"}).text
    assert part.count('<section id="history" aria-labelledby="changed" hx-swap-oob="true">') == 1
    assert viewer.get(f"/people/{link}").text.count('<section id="history" aria-labelledby="changed">') == 1
