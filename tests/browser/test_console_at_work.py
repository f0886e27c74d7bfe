"""The console of ``syncd run`` over both stand-ins, in a real browser: what is pressed reaches the vendors.

One life with one daemon, from the invitation to a run that is undone. Nothing is put into the store: the clash, the
refused records and the held changes come about as they do at work. The daemon polls so seldom that whatever reaches a
vendor comes of a press, and what came of it is read from the stand-ins. ``test_console.py`` has the pages themselves.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from playwright.sync_api import Browser, Page, expect

from tests.scenarios.processes import Place, RunningDaemon, open_place, until
from tests.visits import PASSWORD

pytestmark = pytest.mark.slow

PEOPLE: Final = ("Ada Lovelace", "Grace Hopper", "Kurt Gödel", "Emmy Noether", "Alan Turing", "Zoë Ångström")
NEW: Final = ("Nora North", "Otto Ost")
"""Known to marketing alone, and to sales under another address."""
ALLOWED: Final = 2
"""Records that may get one new value before the brake holds the rest."""
IMPORTED: Final = "Imported"


class Work:
    """The daemon at work, the vendors behind it, and the page in front."""

    def __init__(self, place: Place, daemon: RunningDaemon, page: Page, pairs: dict[str, tuple[str, str]]) -> None:
        self.place, self.daemon, self.page, self.pairs = place, daemon, page, pairs
        self.root = f"http://127.0.0.1:{daemon.wait_for('console.started')['port']}"

    def open(self, path: str) -> None:
        """Goes to a page of the console."""
        self.page.goto(self.root + path)

    def look(self, path: str, *, for_: str) -> None:
        """Has the daemon look at both vendors, as ``syncd sync`` asks it to, until a page shows something."""

        def shows() -> bool:
            self.place.run("sync")
            self.open(path)
            return self.page.get_by_text(for_).count() > 0

        until(shows, what=self.daemon.tail)

    def press(self, button: str, *, says: str) -> None:
        """Presses a button; the page that follows says what it came to."""
        self.page.get_by_role("button", name=button).first.click()
        expect(self.page.get_by_role("status")).to_contain_text(says)

    def comes(self, true: Callable[[], bool]) -> None:
        """Waits until something is so at a vendor."""
        until(true, what=self.daemon.tail)

    def leads(self) -> list[dict[str, Any]]:
        """What Salesforce has."""
        return self.place.salesforce.export()["Lead"]

    def of(self, name: str, field: str) -> Any:
        """A field of somebody's Lead."""
        return next(row[field] for row in self.leads() if row["Id"] == self.pairs[name][1])

    def known(self, name: str, property: str) -> Any:
        """A property of somebody's contact."""
        rows = self.place.hubspot.export()["contacts"]
        return next(row["properties"][property] for row in rows if row["id"] == self.pairs[name][0])

    def titles(self) -> dict[str, str]:
        """The title that sales sees, by name."""
        return {name: self.of(name, "Title") for name in PEOPLE}

    def market(self, name: str, **properties: str) -> None:
        """Somebody edits a contact."""
        self.place.hubspot.do("edit", object="contacts", id=self.pairs[name][0], properties=properties, by="userId:1")


def mail(name: str) -> str:
    """An address with the letters of a name that every system takes."""
    return "".join(letter for letter in name.lower().replace(" ", ".") if letter.isascii()) + "@example.com"


def contact(place: Place, name: str, **more: str) -> str:
    """Marketing gets to know somebody."""
    first, last = name.split()
    said = {"email": mail(name), "firstname": first, "lastname": last, "company": "Acme", **more}
    return str(place.hubspot.do("create", object="contacts", properties=said, by="userId:1"))


def lead(place: Place, name: str, **more: str) -> str:
    """Sales gets to know somebody."""
    first, last = name.split()
    said = {"Email": mail(name), "FirstName": first, "LastName": last, "Company": "Acme", **more}
    return str(place.salesforce.do("insert", object="Lead", fields=said))


@pytest.fixture
def work(tmp_path: Path, chromium: Browser) -> Iterator[Work]:
    """Six people in step, and a brake that holds the third of one value."""
    with open_place(tmp_path) as place:
        file = place.config / "syncd.yaml"
        settings = yaml.safe_load(file.read_text(encoding="utf-8"))
        settings["connections"]["main"]["brake"] = {"same_value": {"records": ALLOWED}}
        file.write_text(yaml.safe_dump(settings), encoding="utf-8")
        pairs = {}
        for number, name in enumerate(PEOPLE):
            title = f"Engineer {number}"
            pairs[name] = contact(place, name, jobtitle=title), lead(place, name, Title=title)
        assert place.approve().code == 0
        place.hubspot.switch(index_lag=[0.0, 0.0])
        page = chromium.new_page()
        with place.daemon("--http", "127.0.0.1:0", environ={"SYNCD_CONNECTIONS__MAIN__POLL": "600"}) as daemon:
            daemon.wait_for("run.finished", state="done")
            yield Work(place, daemon, page, pairs)
        page.close()


def test_what_is_pressed_reaches_the_vendors(work: Work) -> None:
    """Somebody invited finds a person, asks why, compares, decides, tries again, approves, and takes it back."""
    comes_in(work)
    a_person_is_found_explained_and_compared(work)
    a_clash_is_decided(work)
    refused_ones_are_tried_again(work)
    run = held_ones_are_approved(work)
    the_run_is_undone(work, run)


def comes_in(work: Work) -> None:
    """By the invitation that the command line gives."""
    invitation = work.place.run("console", "invite", "ana").out.split()[0]
    work.open("/join")
    work.page.get_by_label("Invitation").fill(invitation)
    for field in work.page.locator("input[type=password]").all():
        field.fill(PASSWORD)
    work.page.keyboard.press("Enter")
    expect(work.page.get_by_role("heading", name="Overview")).to_be_visible()


def a_person_is_found_explained_and_compared(work: Work) -> None:
    """A value that changed without a stamp, as by a vendor's own repair, is seen by no poll: the resync writes it."""
    (done,) = work.place.hubspot.fault(name="silent-change")["what"]
    name = next(each for each, (contact, _) in work.pairs.items() if [contact] == done["ids"])
    work.open("/people")
    work.page.get_by_label("E-mail, name or id").fill(name.split()[1].lower())
    work.page.get_by_role("link", name=name).click()
    expect(work.page.get_by_role("heading", name=name)).to_be_visible()
    work.page.get_by_role("link", name="ask both systems now").click()
    expect(work.page.get_by_role("heading", name="Now, and what comes next")).to_be_visible()
    expect(work.page.locator("#now")).to_contain_text(done["value"])
    expect(work.page.get_by_role("heading", name="Who changed what")).to_be_visible()
    assert work.of(name, "City") is None
    work.press("Resync", says="compares this record again")
    work.comes(lambda: work.of(name, "City") == done["value"])


def a_clash_is_decided(work: Work) -> None:
    """Both teams change an address; what is taken is written where the other one stood."""
    work.market("Kurt Gödel", email="kurt@work.example")
    work.place.salesforce.do(
        "edit", object="Lead", id=work.pairs["Kurt Gödel"][1], fields={"Email": "kurt@home.example"}
    )
    work.look("/conflicts", for_="kurt@work.example")
    work.page.locator(".choice > div", has_text="kurt@work.example").get_by_role("button").click()
    expect(work.page.get_by_role("status")).to_contain_text("The next cycle carries it out")
    work.comes(lambda: work.of("Kurt Gödel", "Email") == "kurt@work.example")
    assert work.known("Kurt Gödel", "email") == "kurt@work.example"


def refused_ones_are_tried_again(work: Work) -> None:
    """Both of one cause at once, and only when the rule is gone does it help."""
    for name in NEW:
        lead(work.place, name, Email=f"home.{mail(name)}")
    rule = {"object": "Lead", "name": "Same_person"}
    work.place.salesforce.do("add_duplicate_rule", fields=["FirstName", "LastName", "Company"], **rule)
    for name in NEW:
        contact(work.place, name, lifecyclestage="marketingqualifiedlead")
    before = len(work.leads())
    work.look("/issues", for_="DUPLICATES_DETECTED")
    group = work.page.get_by_role("row", name="DUPLICATES_DETECTED")
    expect(group).to_contain_text("2")
    work.place.salesforce.do("deactivate_duplicate_rule", **rule)
    group.get_by_role("button", name="Retry all").click()
    expect(work.page.get_by_role("status")).to_contain_text("Tried again")
    work.comes(lambda: {mail(name) for name in NEW} <= {row["Email"] for row in work.leads()})
    assert len(work.leads()) == before + len(NEW), "each is made once"
    work.daemon.wait_for("run.finished", counts={"created.crm": 2, "updated.marketing": 2})
    work.open("/issues")
    expect(work.page.get_by_text("Nothing is refused")).to_be_visible()


def held_ones_are_approved(work: Work) -> str:
    """What the brake let through is there, the rest comes with the press alone. The run that wrote it."""
    for name in PEOPLE:
        work.market(name, jobtitle=IMPORTED)
    work.look("/held", for_="person title")
    work.page.get_by_role("link", name=re.compile("person title")).click()
    assert list(work.titles().values()).count(IMPORTED) == ALLOWED
    work.page.get_by_role("textbox", name="Why").fill("our own import")
    work.press("Approve", says="writes exactly these changes")
    work.comes(lambda: set(work.titles().values()) == {IMPORTED})
    wrote = {"updated.crm": len(PEOPLE) - ALLOWED}
    return str(work.daemon.wait_for("run.finished", command="sync", counts=wrote)["run"])


def the_run_is_undone(work: Work, run: str) -> None:
    """Exactly what that run wrote goes back at sales; marketing's value stays until somebody says which is right."""
    work.open("/runs")
    work.page.get_by_role("link", name=run).click()
    expect(work.page.get_by_text("calls to crm")).to_be_visible()
    wrote = work.page.get_by_role("region", name="What it wrote")
    expect(wrote.get_by_role("row", name=IMPORTED)).to_have_count(len(PEOPLE) - ALLOWED)
    work.page.get_by_role("button", name="Show what would go back").click()
    expect(work.page.get_by_role("heading", name="What would go back")).to_be_visible()
    work.press("Take exactly this back", says="puts back exactly this")
    work.daemon.wait_for("run.finished", command="resync", times=2)
    back = {name: title for name, title in work.titles().items() if title != IMPORTED}
    assert back == {name: f"Engineer {PEOPLE.index(name)}" for name in back}
    assert len(back) == len(PEOPLE) - ALLOWED
    assert {work.known(name, "jobtitle") for name in PEOPLE} == {IMPORTED}
    work.open("/conflicts")
    expect(work.page.get_by_text("undone")).to_have_count(len(back))
