"""The pages over HTTP, as somebody reads them without a script: what they show, what their forms do, hostile names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
from markupsafe import escape

from syncd.console.looks import plain
from syncd.console.spark import HIGH, spark
from syncd.core.merge import HELD
from syncd.model.brake import HeldChange, Lot, Why
from syncd.model.held import write_lots
from syncd.model.link import Base, Conflict, DeadLetter, FieldChange, Link, Parked, Proof, Topic
from syncd.model.operator import Role
from syncd.model.plan import Cost, Decision, KindPlan, Plan, Update
from syncd.model.remote import Quota, RemoteRef
from syncd.model.resync import Resync
from syncd.model.run import Run, RunState
from syncd.model.undoing import Left
from syncd.model.values import Lane, Pair, Side
from syncd.operations.braking import parts, reject
from syncd.operations.forecast import Forecast, Sample
from syncd.operations.rollback import Rollback, Stayed
from syncd.ports.memory import BRAKE_ANSWERS, BRAKE_HELD
from syncd.ports.store import Settlement
from tests.browser.sites import HARM
from tests.fakes import START
from tests.furnished import AT_ODDS, furnished, held, troubled
from tests.scenarios.steps import Steps
from tests.unit.console.reading import PLAIN, Found, text_of
from tests.visits import Caller, House, house

PAGES = (
    "/",
    "/overview/cards",
    "/people",
    "/people?q=a",
    "/issues",
    "/conflicts",
    "/held",
    "/runs",
    "/access",
    "/first-link",
    "/remnants",
)


@pytest.fixture(scope="module")
def furnished_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, Steps]]:
    """Both stand-ins with people in step."""
    with furnished(tmp_path_factory.mktemp("furnished")) as (made, steps):
        troubled(made)
        yield made, steps


@pytest.fixture
def made(furnished_house: tuple[House, Steps]) -> House:
    """The console over them."""
    return furnished_house[0]


@pytest.fixture
def steps(furnished_house: tuple[House, Steps]) -> Steps:
    """What can be done at both vendors."""
    return furnished_house[1]


@pytest.fixture
def operator(made: House) -> Caller:
    """A browser without a script."""
    return made.as_role(Role.OPERATOR, "ana")


def person(made: House, name: str) -> str:
    """The link of somebody."""
    (link,) = made.store.links_with(name, 2)
    return link


def test_the_overview_says_how_it_stands(operator: Caller) -> None:
    """In words first; each thing that waits leads to where it is decided."""
    page = operator.get("/").text
    told = text_of(page)
    for words in ("main", "waits", "20 records refused", "1 held part", "31,200", "of 250,000", "83.33%"):
        assert words in told
    assert 'href="/issues?connection=main"' in page
    assert page.count("<rect class=") > 10


def test_a_person_is_found_and_shown_on_both_sides(made: House, operator: Caller) -> None:
    """By the beginning of a name; both sides, the base, what was written and by which rule."""
    found = operator.get("/people?q=zo%C3%AB")
    (link,) = re.findall(r'href="/people/(\w+)\?', found.text)
    assert link == person(made, "zoe.angstroem")
    told = text_of(operator.get(f"/people/{link}").text)
    for words in (
        "Zoë Ångström",
        "Messtechnik GmbH",
        "contacts/",
        "Lead/",
        "What syncd wrote",
        "+49309012010",
        "from marketing",
    ):
        assert words in told
    assert "Nobody that is linked" in operator.get("/people?q=nobody+there").text
    assert operator.get("/people/nothing").status == 404


def test_a_search_answers_with_the_list_alone_to_a_script(operator: Caller) -> None:
    """The page around it stays."""
    part = operator.get("/people?q=ada", **{"HX-Request": "true"}).text
    assert "<html" not in part
    assert "Ada Lovelace" in part


def test_both_systems_are_asked_why(made: House, operator: Caller) -> None:
    """What stands there now, and what the next cycle does with each field."""
    link = person(made, AT_ODDS)
    told = text_of(operator.get(f"/people/{link}/explanation").text)
    for words in ("kurt.g@example.com", "goedel@example.com", "held by conflict", "nothing: both sides agree"):
        assert words in told


def test_a_conflict_is_decided_and_carried_out(made: House, steps: Steps, operator: Caller) -> None:
    """Both values are shown, one is chosen, the next cycle writes it on the other side, and the conflict is gone."""
    (row,) = made.store.conflicts()
    shown = text_of(operator.get("/conflicts").text)
    for words in ("Kurt Gödel", "kurt.g@example.com", "kurt.goedel@example.com", "goedel@example.com"):
        assert words in shown
    refused = operator.form(f"/conflicts/{row.id}/resolve?connection=main", {"apart": "yes"})
    assert (refused.status, "--take" in refused.text) == (409, True)
    answer = operator.form(f"/conflicts/{row.id}/resolve?connection=main", {"take": "crm"})
    assert (answer.status, answer.headers["location"]) == (303, "/conflicts?connection=main&done=resolved")
    assert "decided" in text_of(operator.get("/conflicts").text)
    steps.cycle()
    assert made.store.conflicts() == []
    assert "goedel@example.com" in [steps.marketed(each, "email") for each in steps.contacts()]


def test_all_that_ask_the_same_are_decided_at_once(tmp_path: Path) -> None:
    """Only where there are others; and the lines that would make it a rule are shown to everybody."""
    with house(tmp_path) as made:
        refs = Pair(RemoteRef("contacts", "51"), RemoteRef("Lead", "00Q1"))
        sides = ((Side.MARKETING, refs.marketing), (Side.CRM, refs.crm))
        rows = [
            Conflict(
                f"c{n}", "person", Topic.FIELD, f"l{n}", sides, "email", Pair("a@x.com", "b@x.com"), None, why, START
            )
            for n, why in enumerate((HELD, HELD, HELD, "something else"))
        ]
        made.store.settle(Settlement(conflicts=rows), START)
        page = made.as_role(Role.VIEWER).get("/conflicts").text
        assert "policy: newest  # in place of hold" in page
        assert text_of(page).count("Make it a rule") == 3
        assert 'name="alike"' not in page
        operator = made.as_role(Role.OPERATOR)
        assert text_of(operator.get("/conflicts").text).count("The same for 2 others that ask this") == 3
        done = operator.form("/conflicts/c1/resolve?connection=main", {"take": "crm", "alike": "yes"})
        assert done.headers["location"] == "/conflicts?connection=main&done=alike"
        assert {row.id: row.resolution for row in made.store.conflicts()} == {
            "c0": "crm", "c1": "crm", "c2": "crm", "c3": None,
        }  # fmt: skip
        assert "The same for" not in text_of(operator.get("/conflicts").text)


def test_errors_of_a_cause_are_retried_together(made: House, operator: Caller) -> None:
    """By their cause, the most first, with advice; ticked ones are forgotten."""
    told = text_of(operator.get("/issues").text)
    assert told.index("REQUIRED_FIELD_MISSING") < told.index("DUPLICATES_DETECTED")
    assert "fill the field, or give it a create_default" in told
    cause = {"kind": "person", "side": "crm", "code": "FIELD_CUSTOM_VALIDATION_EXCEPTION"}
    page = operator.get(f"/issues/cause?kind=person&side=crm&code={cause['code']}").text
    ids = re.findall(r'name="id" value="(\w+)"', page)
    assert len(ids) == 5
    assert operator.form("/issues/letters", {**cause, "everything": "yes", "do": "retry"}).status == 303
    assert {row.id for row in made.store.dead_letters() if row.retry} == set(ids)
    assert operator.form("/issues/letters", {"id": ids[0], "do": "drop"}).status == 303
    assert ids[0] not in {row.id for row in made.store.dead_letters()}
    assert operator.form("/issues/letters", {"do": "drop"}).status == 409


def test_a_held_part_is_approved_with_a_reason(made: House, operator: Caller) -> None:
    """And with the password, once the session is not fresh; approving twice is told."""
    held(made)
    (digest,) = re.findall(r'href="/held/(\w+)\?', operator.get("/held").text)
    page = text_of(operator.get(f"/held/{digest}").text)
    for words in (
        "6 changes",
        "2 are allowed",
        "1 had changed before",
        "an import, a script or a bulk edit",
        "Emmy Noether",
    ):
        assert words in page
    assert operator.form(f"/held/{digest}/decide", {"reason": " ", "do": "approve"}).status == 409
    made.clock.advance(301)
    refused = operator.form(f"/held/{digest}/decide", {"reason": "ours", "do": "approve"})
    assert (refused.status, "password is needed" in refused.text) == (409, True)
    made.desk.entrance.doors.proved(made.desk.entrance.visitor(operator.secret).credential.id, made.clock.now())  # type: ignore[union-attr]
    done = operator.form(f"/held/{digest}/decide", {"reason": "ours", "do": "approve"})
    assert done.headers["location"].endswith("done=approved")
    assert "approved" in text_of(operator.get("/held").text)
    made.store.remember(BRAKE_ANSWERS, b"[]", made.clock.now())


def test_a_record_is_resynced(made: House, operator: Caller) -> None:
    """Asked for once; the page says that it is under way."""
    link = person(made, "ada.lovelace")
    for _ in range(2):
        assert operator.form(f"/people/{link}/resync?connection=main").status == 303
    wishes = [each for each in made.store.requests() if each.wish == "resync"]
    assert [each.who for each in wishes] == ["ana"]
    assert "Resync is under way" in operator.get(f"/people/{link}").text
    assert "compared" in text_of(operator.get("/runs").text)


def test_a_connection_is_paused_and_let_go_on(operator: Caller) -> None:
    """With who and why, told where everybody looks first."""
    assert operator.form("/pause?connection=main", {"reason": "migration of the org"}).status == 303
    assert "paused by ana: migration of the org" in text_of(operator.get("/").text)
    assert operator.form("/resume?connection=main").status == 303
    assert "paused by" not in text_of(operator.get("/").text)


def test_a_viewer_sees_no_buttons(made: House) -> None:
    """What they may not do is not shown to them."""
    viewer = made.as_role(Role.VIEWER, "vic")
    for path in (*PAGES, f"/people/{person(made, 'ada.lovelace')}"):
        page = viewer.get(path).text
        actions = set(re.findall(r'<form method="post" action="([^"?]+)', page))
        assert [each for each in actions if not each.startswith(("/logout", "/access/tokens"))] == []
        assert "<button>Try again" not in page


def test_another_connection_has_to_be_there(operator: Caller) -> None:
    """Not what anybody writes into an address."""
    assert operator.get("/runs?connection=other").status == 404
    assert operator.form("/pause?connection=other").status == 404


TEMPLATES = ("{{ 7 * 7 }}", "{% raw %}", "${7*7}", "{{ visitor.credential.hash }}", "<%= 7 * 7 %>")


def taken_back(harm: str, link: Link) -> Rollback:
    """A rollback of hostile values, one goes back and one stays."""
    change = FieldChange("first_name", harm, harm, harm, None)
    write = Update(Side.CRM, link.refs.crm, {"FirstName": harm}, {}, (change,), Lane.BULK)
    decision = Decision("person", link, None, Pair(None, None), (write,))
    plan = Plan("main", (KindPlan("person", [decision]),), False, "d" * 24, Cost(Pair(1, 1), 1.0))
    quota = Quota(0, None, 0)
    seen = Forecast(plan, (), Pair(quota, quota), 0, False, (), (Sample(decision, write),))
    left = Stayed()
    left.note(Left("person", link.id, Side.CRM, link.refs.marketing, harm[:90], harm))
    return Rollback(Resync(("person",)), plan, left, seen)


@pytest.mark.parametrize("harm", [*HARM, *TEMPLATES], ids=range(len(HARM) + len(TEMPLATES)))
def test_a_hostile_name_is_text_everywhere(harm: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a title, a value, a vendor's words, a reason, an id: no page gains an element, runs or loads anything."""
    with house(tmp_path) as made:
        refs = Pair(RemoteRef("contacts", harm[:200]), RemoteRef("Lead", "00Q1"))
        link = Link("l1", "person", refs, Proof.MATCHED, START)
        agreed = {"first_name": harm, "last_name": f"zebra {harm}", "email": f"{harm[:50]}@x.com"}
        wires = Pair({"firstname": harm, "lastname": harm}, {"FirstName": harm})
        sides = ((Side.MARKETING, refs.marketing), (Side.CRM, refs.crm))
        clash = Conflict("c1", "person", Topic.FIELD, "l1", sides, "first_name", Pair(harm, harm), harm, harm, START)
        letter = DeadLetter("d1", "person", Side.CRM, refs.marketing, "f", harm[:90], harm, harm, START, 1)
        parked = Parked("l1", "person", Side.CRM, refs.crm, "phone", "f", harm[:90], harm, harm, START)
        match = replace(clash, id="c2", topic=Topic.MATCH, link=None, field=None)
        settlement = Settlement(
            links=[link], bases=[("l1", Base(agreed, wires))], conflicts=[clash, match], dead=[letter], parked=[parked]
        )
        made.store.settle(settlement, START)
        lot = Lot(
            key=("person", "updates", "crm", "title", ""),
            changes=(HeldChange("m1", f"link:{harm}", START), HeldChange("m2", f"marketing:contacts/{harm}", START)),
            why=Why.HOUR, limit=1, used=0, linked=9, since=START, cause=harm,
        )  # fmt: skip
        made.store.remember(BRAKE_HELD, write_lots([lot]), START)
        reject(made.store, lot.digest, who=harm[:90], reason=harm, now=START)
        monkeypatch.setattr("syncd.console.commands.plan_rollback", lambda *_: taken_back(harm, link))
        made.store.save_run(Run("r1", "main", "sync", harm[:90], START, state=RunState.FAILED, trouble=harm))
        caller = made.as_role(Role.ADMIN)
        code = quote(harm[:90].replace("\x00", ""))
        paths = (*PAGES, "/people?q=zebra", f"/people?q={quote(harm[:200])}", "/people/l1",
                 "/runs/r1", "/runs/r1/undo", f"/held/{lot.digest}",
                 f"/issues/cause?kind=person&side=crm&code={code}", f"/login?next={quote(harm[:200])}")  # fmt: skip
        for path in paths:
            answer = caller.get(path)
            assert answer.status == 200, path
            found = Found()
            found.feed(answer.text)
            assert found.elements <= PLAIN, f"{path}: {found.elements - PLAIN}"
            assert found.run == [], path
            assert len(answer.body) < 120_000, path
            assert "49" not in text_of(answer.text) or "7*7" not in harm.replace(" ", "")
        assert "zebra" in caller.get("/people?q=zebra").text


@pytest.mark.parametrize("harm", HARM, ids=range(len(HARM)))
def test_a_hostile_value_that_is_read_now_is_text(harm: str, made: House, steps: Steps, operator: Caller) -> None:
    """What stands at a vendor this moment goes to a page by another way than what is stored: it is text there, too."""
    link = person(made, "emmy.noether")
    steps.market(made.store.by_link([link])[link].link.refs.marketing.id, jobtitle=harm)
    held(made)
    digest = parts(made.store, made.clock.now())[0].digest
    for path in (f"/held/{digest}/values", f"/people/{link}/explanation"):
        answer = operator.get(path)
        assert answer.status == 200, path
        found = Found()
        found.feed(answer.text)
        assert (found.run, found.elements - PLAIN) == ([], set()), path
        assert escape(plain(harm)) in answer.text, path
        assert len(answer.body) < 120_000, path
    steps.cycle(after=120)
    run = next(each.id for each in made.store.runs(9) if each.counts)
    for path in (f"/runs/{run}", f"/people/{link}", f"/people/{link}/explanation"):
        found = Found()
        found.feed(operator.get(path).text)
        assert (found.run, found.elements - PLAIN) == ([], set()), path


def test_runs_are_drawn_to_be_compared() -> None:
    """One change can be seen beside a thousand; trouble has a class of its own; words for whoever sees no drawing."""
    runs = [
        Run("a", "main", "sync", "d", START, state=RunState.DONE, counts={"updated.crm": 1}),
        Run("b", "main", "sync", "d", START, state=RunState.FAILED),
        Run("c", "main", "sync", "d", START, state=RunState.DONE, counts={"created.crm": 900, "updated.crm": 100}),
    ]
    drawn = spark(runs)
    assert [each.state for each in drawn.bars] == ["done", "failed", "done"]
    assert drawn.bars[1].height < drawn.bars[0].height < drawn.bars[2].height == HIGH
    assert drawn.words == "3 runs, 2 of them well, 1,001 changes"
    assert drawn.bars[0].words.endswith("done, 1 change")
    assert spark(runs[:1]).words == "1 run, 1 of them well, 1 change"
    assert spark([]).words == "no run yet"
