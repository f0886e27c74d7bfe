"""Whole cycles against vendors that misbehave: nothing is lost, nothing is doubled, and the run says what was wrong.

A hostile answer takes the place of one read, of a page in the middle of a stream, or of a write. The cursor stays
where it was as long as anything before it is unsettled; once the vendor is itself again, two cycles bring both sides
into step.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import pytest

from sandbox.kernel import ConnectionDropped, Fault, HttpRequest, HttpResponse
from syncd.engine.cycle import sync
from syncd.model.errors import BadConfig, NeedsOperator, SyncdError, WrongAccount
from syncd.model.remote import AccountIdentity
from syncd.model.run import RunState
from syncd.model.values import Side
from tests.hostile import ANYWHERE, CANARY, HUBSPOT, SALESFORCE, Hostile
from tests.sampled import share
from tests.scenarios.steps import HOUR, Steps
from tests.worlds import Both, open_both, open_world

Matches = Callable[[HttpRequest], bool]
NAMES_A_CALL = re.compile(r"[a-z_]+(\.[a-z_]+)?: ")


def _hub_search(request: HttpRequest) -> bool:
    return request.path.endswith("/contacts/search")


def _hub_write(request: HttpRequest) -> bool:
    return "/contacts/batch/u" in request.path


def _force_read(request: HttpRequest) -> bool:
    return request.path.endswith("/composite") and b"SELECT" in request.body.replace(b"%20", b" ").upper()


def _force_write(request: HttpRequest) -> bool:
    return request.method == "PATCH" or (request.path.endswith("/composite") and b'"PATCH"' in request.body)


def _ends(*parts: str) -> Matches:
    """Requests whose path ends in one of these."""
    return lambda request: request.path.rstrip("/").endswith(parts)


PLACES: dict[str, tuple[Side, Matches]] = {
    "hubspot search": (Side.MARKETING, _hub_search),
    "hubspot write": (Side.MARKETING, _hub_write),
    "salesforce read": (Side.CRM, _force_read),
    "salesforce write": (Side.CRM, _force_write),
}
"""Met by every documented refusal, and by one answer of each sort that may come from anywhere."""
MORE_PLACES: dict[str, tuple[Side, Matches]] = {
    "hubspot account": (Side.MARKETING, _ends("/details")),
    "hubspot owners": (Side.MARKETING, lambda request: "/owners" in request.path),
    "hubspot properties": (Side.MARKETING, lambda request: "/properties" in request.path),
    "hubspot batch read": (Side.MARKETING, _ends("/contacts/batch/read")),
    "hubspot archived list": (Side.MARKETING, _ends("/contacts", "/2026-09/contacts")),
    "hubspot associations": (Side.MARKETING, lambda request: "/associations/" in request.path),
    "salesforce describe": (Side.CRM, _ends("/describe")),
    "salesforce query": (Side.CRM, _ends("/query")),
    "salesforce batch read": (Side.CRM, lambda r: r.method == "POST" and "/composite/sobjects/" in r.path),
    "salesforce deleted": (Side.CRM, _ends("/deleted")),
}
"""Met by one answer of each sort, a third of them at a time (``tests/sampled.py``). All others are proven call by call
in ``tests/edges/test_hostile_answers.py``.
"""
ONE_OF_EACH = {
    "html with 200", "nothing at all", "truncated", "empty object", "null", "null results", "rows with no id",
    "rows with a list for an id", "rows with a stamp out of range", "paging is a list", "a next page for ever",
    "fewer rows than counted", "moved elsewhere", "401", "401 INVALID_SESSION_ID", "403", "403 API_DISABLED_FOR_ORG",
    "404", "404 NOT_FOUND", "429 html", "503 html", "cut before the vendor acts", "cut after the vendor acted",
}  # fmt: skip


def _answers(side: Side) -> tuple[Hostile, ...]:
    return (*ANYWHERE, *(HUBSPOT if side is Side.MARKETING else SALESFORCE))


def _met(place: str, side: Side) -> Sequence[Hostile]:
    """What is answered there: in ``MORE_PLACES`` a third of one of each sort, each place another third."""
    few = [hostile for hostile in _answers(side) if hostile.name in ONE_OF_EACH]
    if place in MORE_PLACES:
        return share(few, of=3, beside=list(MORE_PLACES).index(place))
    return [hostile for hostile in _answers(side) if hostile in few or hostile not in ANYWHERE]


CASES = [
    pytest.param(place, hostile, id=f"{place}: {hostile}")
    for place, (side, _) in (PLACES | MORE_PLACES).items()
    for hostile in _met(place, side)
]


@pytest.fixture
def steps() -> Iterator[Steps]:
    """Two stand-ins that are linked and in step: one pair, ready for edits on both sides."""
    both = open_both()
    told = Steps(both)
    yield told
    both.store.close()


def misbehave(both: Both, side: Side, matches: Matches, hostile: Hostile, *, skip: int = 0) -> Callable[[], int]:
    """From now on one side answers so wherever it matches, after ``skip`` honest answers; returns a count of hits."""
    kernel = both.hubspot if side is Side.MARKETING else both.salesforce
    plain = kernel.handle
    seen = [0]

    def handle(request: HttpRequest) -> HttpResponse:
        if not matches(request):
            return plain(request)
        seen[0] += 1
        if seen[0] <= skip:
            return plain(request)
        if hostile.when == "cut":
            raise ConnectionDropped(hostile.name)
        kernel.faults.arm(Fault(hostile.name, lambda _: True, when=hostile.when, answer=hostile.answer))
        return plain(request)

    kernel.handle = handle  # type: ignore[method-assign]
    return lambda: max(0, seen[0] - skip)


def behave(both: Both) -> None:
    """Both vendors are themselves again."""
    for kernel in (both.hubspot, both.salesforce):
        kernel.__dict__.pop("handle", None)
        kernel.faults.armed.clear()


def attempt(steps: Steps) -> tuple[RunState, SyncdError | None]:
    """One cycle against a misbehaving vendor: how its run ended, and in what error; any other error fails the test."""
    steps.both.clock.advance(HOUR)
    try:
        ended = sync(steps.both.world)
    except SyncdError as error:
        run = steps.both.store.runs(1)[0]
        assert run.trouble == str(error)
        assert run.state in {RunState.FAILED, RunState.PARTIAL}
        assert (run.state is RunState.PARTIAL) == bool(run.counts), "partial says that something was done"
        assert error.exit_code == (2 if isinstance(error, BadConfig) else 3)
        return run.state, error
    assert ended.run.trouble == ""
    return ended.run.state, None


def agreed(steps: Steps, pairs: dict[str, str]) -> None:
    """Both sides hold the same towns and phones, and there is one Lead for each contact."""
    for contact, lead in pairs.items():
        assert steps.marketed(contact, "city") == steps.sold(lead, "City")
        assert steps.marketed(contact, "jobtitle") == steps.sold(lead, "Title")
    contacts = steps.contacts()
    keys = [row["Syncd_Marketing_Id__c"] for row in steps.live("Lead") if row["Syncd_Marketing_Id__c"]]
    assert sorted(str(key) for key in keys) == sorted(contacts), "one Lead for each contact and none twice"


@pytest.mark.parametrize(("place", "hostile"), CASES)
def test_a_cycle_hit_by_a_hostile_answer_loses_and_doubles_nothing(steps: Steps, place: str, hostile: Hostile) -> None:
    """It says which call was met and quotes nobody, moves no cursor past what it broke off at, makes no record twice,
    and two honest cycles later both sides agree.
    """
    contact, lead = steps.pair()
    steps.cycle()
    steps.market(contact, city="Graz")
    steps.sell(lead, Title="Boss")
    new = steps.contact(email="new@example.com", company="Neu")
    steps.lead(Email="other@example.com")
    before = {(row.side, row.stream): row.cursor for row in steps.both.store.cursors() if row.kind == "person"}
    side, matches = (PLACES | MORE_PLACES)[place]
    hits = misbehave(steps.both, side, matches, hostile)
    _, error = attempt(steps)
    assert hits(), "the hostile answer must have been met"
    behave(steps.both)
    if error is not None:
        assert CANARY not in str(error)
        now = {(row.side, row.stream): row.cursor for row in steps.both.store.cursors() if row.kind == "person"}
        assert now == before, "the cycle broke off, so no cursor moves"
        # Where Salesforce says that it has no such object, the mapping is at fault, as far as anybody can tell.
        assert isinstance(error, BadConfig) == (place == "salesforce describe" and hostile.name == "404 NOT_FOUND")
        assert isinstance(error, BadConfig) or NAMES_A_CALL.match(str(error)), f"which call was it? {error}"
        assert len(str(error)) > 60
    steps.cycle()
    steps.cycle()
    made = [id_ for call in steps.both.salesforce.calls for id_ in call.created if id_.startswith("00Q")]
    assert len(made) == len(set(made)) == len(steps.live("Lead")) - 1, "every Lead but the stranger was made once"
    if steps.both.store.parked() or steps.both.store.dead_letters():
        # The vendor refused a value or a record for good: that is listed for a person and not lost. Only a refusal may
        # end so; a failure must not.
        assert place.endswith("write")
        assert hostile.answer.status == 207 or 400 <= hostile.answer.status < 500
        return
    made = steps.marketed(new, "syncd_crm_id")
    assert made is not None
    agreed(steps, {contact: lead, new: made})
    steps.quiet()


@pytest.mark.slow
def test_a_search_page_in_the_middle(steps: Steps) -> None:
    """900 edits are five pages; the third fails: no cursor moves, and the next cycle brings all of them."""
    steps.pair()
    steps.both.hubspot.load(
        "contacts",
        [
            {"email": f"m{n}@example.com", "lastname": "M", "lifecyclestage": "marketingqualifiedlead"}
            for n in range(900)
        ],
    )
    before = steps.both.store.cursors()
    hits = misbehave(steps.both, Side.MARKETING, _hub_search, HUBSPOT[-5], skip=2)
    state, error = attempt(steps)
    assert (state, bool(hits())) == (RunState.FAILED, True)
    assert f"search: HubSpot answered {HUBSPOT[-5].answer.status}" in str(error)
    assert [row.cursor for row in steps.both.store.cursors()] == [row.cursor for row in before]
    behave(steps.both)
    steps.cycle()
    assert len(steps.live("Lead")) == 901
    steps.quiet()


def test_another_portal_or_org_is_refused_before_any_write(steps: Steps) -> None:
    """The store is bound to the accounts it was first used with; other credentials end in exit code 2, unwritten."""
    steps.pair()
    fresh_hubspot, fresh_salesforce = open_both(seed=8).hubspot, open_both(seed=9).salesforce
    fresh_hubspot.account = replace(fresh_hubspot.account, portal_id=99)
    both = steps.both
    for hubspot, salesforce in ((fresh_hubspot, both.salesforce), (both.hubspot, fresh_salesforce)):
        both.clock.advance(HOUR)
        world = open_world(hubspot, salesforce, both.clock, both.store, both.settings)
        before = steps.written()
        with pytest.raises(WrongAccount) as refused:
            sync(world)
        assert refused.value.exit_code == 2
        assert steps.written() == before
        assert not [call for call in (*fresh_hubspot.calls, *fresh_salesforce.calls) if call.written or call.created]
        assert both.store.lease() is None or both.store.lease().until <= both.clock.now()  # type: ignore[union-attr]


def test_an_account_is_bound_once(steps: Steps) -> None:
    """Binding the same account again is fine; another one names both."""
    steps.pair()
    bound = steps.both.store.bound()
    assert set(bound) == set(Side)
    for side, identity in bound.items():
        steps.both.store.bind(side, identity)
        with pytest.raises(NeedsOperator, match=identity.account):
            steps.both.store.bind(side, AccountIdentity(identity.vendor, "another"))
