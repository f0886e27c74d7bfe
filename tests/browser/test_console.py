"""The console in a real browser, over both stand-ins: what people come for, from the login to the next cycle.

Each page is also held against axe's rules, in light and dark, on a desktop and a phone, and may neither be wider than
the screen nor ask anybody but its own server for anything, nor run or style anything that its policy forbids.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page, expect

from syncd.engine.resync import Met, asked_for, carry_on
from syncd.model.operator import Role
from syncd.operations.braking import parts
from syncd.operations.worker import take_back
from tests.browser.conftest import ARTEFACTS, WIDTHS
from tests.browser.test_pages import WIDER
from tests.furnished import furnished, handed_over, reconfigured, troubled
from tests.scenarios.steps import Steps
from tests.visits import PASSWORD, House

pytestmark = pytest.mark.slow

PAGES = (
    "overview", "people", "person", "explanation", "issues", "cause", "fields", "conflicts", "authors",
    "first-link", "remnants", "held", "part", "runs", "run",
    "undo", "handoff", "funnel", "behind", "config", "glossary",
    "changes", "drift", "resync", "access",
)  # fmt: skip


@pytest.fixture(scope="module")
def furnished_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, Steps]]:
    """Both stand-ins with people, some of them in trouble."""
    with furnished(tmp_path_factory.mktemp("console")) as (made, steps):
        troubled(made)
        handed_over(made)
        reconfigured(made)
        yield made, steps


@pytest.fixture
def made(furnished_house: tuple[House, Steps]) -> House:
    """The console."""
    return furnished_house[0]


class Seen:
    """A page, what its console said, and whom it asked but its server."""

    def __init__(self, page: Page, made: House) -> None:
        self.page, self.root = page, f"http://127.0.0.1:{made.port}"
        self.said: list[str] = []
        self.strange: list[str] = []
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("request", lambda request: self._asked(request.url))

    def _asked(self, url: str) -> None:
        if not url.startswith((f"{self.root}/", "data:")):
            self.strange.append(url)

    def open(self, path: str) -> None:
        """Goes to a page of the console."""
        self.page.goto(self.root + path)


@pytest.fixture
def seen(chromium: Browser, made: House) -> Iterator[Seen]:
    """A browser in which nobody is logged in."""
    context = chromium.new_context()
    found = Seen(context.new_page(), made)
    yield found
    assert found.said == []
    assert found.strange == []
    context.close()


def logged_in(seen: Seen, made: House, role: Role) -> None:
    """Gives the browser a session."""
    name, _, value = made.as_role(role, f"{role}-browser").cookie.partition("=")
    seen.page.context.add_cookies([{"name": name, "value": value, "url": seen.root}])


def path_of(name: str, made: House) -> str:
    """Where a page is."""
    (link, *_) = made.store.links_with("kurt", 1)
    match name:
        case "overview":
            return "/"
        case "people":
            return "/people?q=e"
        case "person":
            return f"/people/{link}"
        case "explanation":
            return f"/people/{link}/explanation"
        case "cause":
            return "/issues/cause?kind=person&side=crm&code=REQUIRED_FIELD_MISSING"
        case "fields":
            return "/issues/fields?kind=person&side=crm&field=phone&code=STRING_TOO_LONG"
        case "authors":
            return f"/conflicts/{made.store.conflicts()[0].id}/authors"
        case "part":
            return f"/held/{parts(made.store, made.clock.now())[0].digest}"
        case "funnel":
            return "/handoff?report=funnel"
        case "resync":
            return "/resyncs?what=all"
        case "glossary" | "changes" | "drift":
            return f"/config/{name}"
        case "behind":
            return "/handoff/people?report=handoff&key=rejected"
        case "run" | "undo":
            return f"/runs/{latest_write(made)}{'/undo' if name == 'undo' else ''}"
        case _:
            return f"/{name}"


def latest_write(made: House) -> str:
    """The latest run that wrote to Salesforce."""
    return next(run.id for run in made.store.runs(100) if "updated.crm" in run.counts)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_for_everybody(name: str, made: House, seen: Seen) -> None:
    """No complaint of axe, nothing wider than the screen; its policy stops nothing that it needs."""
    logged_in(seen, made, Role.ADMIN)
    seen.open(path_of(name, made))
    for scheme in ("light", "dark"):
        for width, (wide, high) in WIDTHS.items():
            seen.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            seen.page.set_viewport_size({"width": wide, "height": high})
            if (scheme, width) != ("dark", "phone"):
                ARTEFACTS.mkdir(parents=True, exist_ok=True)
                seen.page.screenshot(path=ARTEFACTS / f"console-{name}-{scheme}-{width}.png", full_page=True)
            assert complaints(seen.page) == [], f"{name}, {scheme}, {width}"
            assert wider(seen.page) == [], f"{name}, {scheme}, {width}"


def complaints(page: Page) -> list[str]:
    """What axe finds. Its script is put in by the browser's own tools: the page's policy would not load it."""
    page.context.new_cdp_session(page).send("Runtime.evaluate", {"expression": AXE_SCRIPT})
    found: dict[str, Any] = page.evaluate("() => axe.run({resultTypes: ['violations']})")
    return [f"{each['id']}: {node['html'][:120]}" for each in found["violations"] for node in each["nodes"]]


def wider(page: Page) -> list[str]:
    """What stands out beyond the screen and cannot be scrolled to within its own box."""
    inside = "!each.closest('thead') && !each.closest('.wide') && !each.closest('.side ul') && !each.closest('.skip')"
    inside += " && !each.closest('details:not([open])')"
    found: list[str] = page.evaluate(WIDER.replace("!each.closest('thead')", inside))
    return found


def test_somebody_redeems_an_invitation_and_finds_a_person(made: House, seen: Seen) -> None:
    """With the keyboard alone: in, to the search, and to the person."""
    page = seen.page
    seen.open("/people")
    expect(page).to_have_url(re.compile("/login"))
    invitation = made.desk.entrance.invite("eve", role=Role.OPERATOR, who="root")
    page.get_by_role("link", name="I have an invitation").click()
    expect(page.get_by_label("Invitation")).to_be_focused()
    page.keyboard.type(invitation)
    for _ in range(2):
        page.keyboard.press("Tab")
        page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    page.get_by_role("link", name="People").press("Enter")
    expect(page.get_by_label("E-mail, name or id")).to_be_focused()
    page.keyboard.type("ångstr")
    row = page.get_by_role("link", name="Zoë Ångström")
    expect(row).to_be_visible()  # while it is typed
    expect(page).to_have_url(re.compile("q=%C3%A5ngstr"))
    row.press("Enter")
    expect(page.get_by_role("heading", name="Zoë Ångström")).to_be_visible()
    page.get_by_role("link", name="ask both systems now").press("Enter")
    expect(page.get_by_role("heading", name="Now, and what comes next")).to_be_visible()
    expect(page.get_by_text("nothing: already in step")).to_be_visible()
    expect(page.get_by_role("heading", name="Who changed what")).to_be_visible()  # in place of what syncd wrote
    expect(page.locator("#history")).to_have_count(1)
    page.get_by_role("button", name="Resync").press("Enter")
    expect(page.get_by_role("status")).to_contain_text("compares this record again")
    page.get_by_role("button", name="Log out").press("Enter")
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    seen.open("/")
    expect(page).to_have_url(re.compile("/login"))


def test_a_conflict_is_decided_and_the_next_cycle_carries_it_out(
    furnished_house: tuple[House, Steps], seen: Seen
) -> None:
    """One value is taken; after the cycle both sides have it and nothing waits."""
    made, steps = furnished_house
    logged_in(seen, made, Role.OPERATOR)
    seen.open("/conflicts")
    rule = seen.page.get_by_text("policy: newest # in place of hold")
    expect(rule).to_be_hidden()
    seen.page.get_by_text("Make it a rule").press("Enter")
    expect(rule).to_be_visible()
    seen.page.locator("div", has_text="marketing").get_by_role("button", name="Take this one").first.click()
    expect(seen.page.get_by_role("status")).to_contain_text("The next cycle carries it out")
    steps.cycle(after=120)
    seen.open("/conflicts")
    expect(seen.page.get_by_text("No conflict is open")).to_be_visible()
    assert "kurt.g@example.com" in [row["Email"] for row in steps.live("Lead")]


def test_what_is_held_is_approved_by_its_digest(made: House, seen: Seen) -> None:
    """With a reason; the page says what follows."""
    logged_in(seen, made, Role.OPERATOR)
    seen.open("/held")
    seen.page.get_by_role("link", name="person title updates").click()
    seen.page.get_by_role("textbox", name="Why").fill("our own import")
    seen.page.get_by_role("button", name="Approve").click()
    expect(seen.page.get_by_role("status")).to_contain_text("writes exactly these changes")
    (part,) = parts(made.store, made.clock.now())
    assert part.answer is not None
    assert (part.stands, part.answer.reason) == ("approved", "our own import")


def test_a_resync_is_watched_while_it_goes_on(
    furnished_house: tuple[House, Steps], seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it costs, asked for, and without another press: how far it is, and that it is over."""
    monkeypatch.setattr("syncd.engine.resync.NAMED_LOT", 1)
    made, steps = furnished_house
    for asked in asked_for(made.store):  # by the tests before
        made.store.cancel(asked.id, made.clock.now())
    logged_in(seen, made, Role.OPERATOR)
    page = seen.page
    seen.open("/runs")
    page.get_by_role("link", name="Resync").click()
    names = ("ada.lovelace", "grace.hopper", "alan.turing")
    page.get_by_label("one a line").fill("\n".join(f"{name}@example.com" for name in names))
    page.get_by_role("button", name="Say what it costs").click()
    expect(page.get_by_text("records compared, about")).to_be_visible()
    page.get_by_role("button", name="Compare them").click()
    expect(page.get_by_text("0 of 3 compared")).to_be_visible()
    (request,) = asked_for(made.store)
    assert not carry_on(steps.both.world, request, Met(), leave_off=lambda: True)
    expect(page.get_by_text("1 of 3 compared")).to_be_visible()
    assert carry_on(steps.both.world, request, Met(), leave_off=lambda: False)
    expect(page.get_by_role("heading", name="Under way")).to_have_count(0)


def test_a_figure_leads_to_the_person(made: House, seen: Seen) -> None:
    """From the report to the figure, to whom it counts, to their page."""
    logged_in(seen, made, Role.VIEWER)
    page = seen.page
    seen.open("/")
    page.get_by_role("link", name="Handoff").click()
    expect(page.get_by_text("44 % (Gartner)").first).to_be_visible()
    page.locator("dl.figures > div", has_text="rejected").first.get_by_role("link").click()
    expect(page.get_by_role("heading", name="rejected: 8")).to_be_visible()
    somebody = page.locator("tbody a").first
    name = somebody.inner_text()
    somebody.click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()


def test_a_run_is_undone(furnished_house: tuple[House, Steps], seen: Seen) -> None:
    """From the list to what would go back, value by value; pressed, carried out, and what is to be decided waits."""
    made, steps = furnished_house
    for each in steps.contacts():
        steps.market(each, jobtitle="Wrong")
    steps.cycle()
    logged_in(seen, made, Role.OPERATOR)
    page = seen.page
    seen.open("/runs")
    page.get_by_role("link", name=latest_write(made)[:8]).click()
    page.get_by_label("Only the field").select_option("title")
    page.get_by_role("button", name="Show what would go back").click()
    expect(page.get_by_role("heading", name="What would go back")).to_be_visible()
    expect(page.locator("#plan").get_by_role("row", name="Emmy Noether")).to_contain_text("Engineer")
    page.get_by_role("button", name="Take exactly this back").click()
    expect(page.get_by_role("status")).to_contain_text("puts back exactly this")
    expect(page.get_by_text("Rollback of run")).to_be_visible()
    take_back(steps.both.world, due=steps.both.clock.now() + timedelta(hours=1), met=Met())
    assert {row["Title"] for row in steps.live("Lead")} == {"Engineer"}
    seen.open("/conflicts")
    expect(page.get_by_text("undone")).to_have_count(len(steps.contacts()))
    one = page.locator("section", has_text="Emmy Noether")
    one.get_by_label("The same for 5 others").check()
    one.locator(".choice > div", has_text="Engineer").get_by_role("button", name="Take this one").click()
    expect(page.get_by_role("status")).to_contain_text("for all that ask the same")
    steps.cycle()
    assert {steps.marketed(each, "jobtitle") for each in steps.contacts()} == {"Engineer"}


def test_a_group_of_errors_is_retried(made: House, seen: Seen) -> None:
    """All of one cause at once, and some that are ticked are forgotten."""
    logged_in(seen, made, Role.OPERATOR)
    page = seen.page
    seen.open("/issues")
    page.get_by_role("row", name="FIELD_CUSTOM").get_by_role("button", name="Retry all").click()
    expect(page.get_by_role("status")).to_contain_text("Tried again")
    assert sum(row.retry for row in made.store.dead_letters()) == 5
    page.get_by_role("link", name="REQUIRED_FIELD_MISSING").click()
    page.get_by_label("all on this page").check()
    page.get_by_label("contacts/REQ0", exact=True).uncheck()
    page.get_by_role("button", name="Forget what is ticked").click()
    expect(page.get_by_role("status")).to_contain_text("Forgotten")
    assert [row.id for row in made.store.dead_letters() if row.code == "REQUIRED_FIELD_MISSING"] == ["requ0"]


def test_pages_can_be_read_without_a_script(chromium: Browser, made: House) -> None:
    """The search, too: its form is sent."""
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    name, _, value = made.as_role(Role.VIEWER, "noscript").cookie.partition("=")
    context.add_cookies([{"name": name, "value": value, "url": f"http://127.0.0.1:{made.port}"}])
    page.goto(f"http://127.0.0.1:{made.port}/people")
    page.get_by_label("E-mail, name or id").fill("grace")
    page.get_by_role("button", name="Find").click()
    page.get_by_role("link", name="Grace Hopper").click()
    expect(page.get_by_role("heading", name="Grace Hopper")).to_be_visible()
    page.get_by_role("link", name="ask both systems now").click()
    expect(page.get_by_role("heading", name="Now, and what comes next")).to_be_visible()
    context.close()
