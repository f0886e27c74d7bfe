"""People who are to be forgotten: recognised on either side, opted out, never known again; what remains is listed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.kernel import Fault, HttpResponse
from syncd.engine.cycle import plan_only, sync
from syncd.engine.forgetting import wish
from syncd.engine.gather import ERASED_AT_ONCE
from syncd.engine.gathered import look_again
from syncd.model.errors import NeedsOperator, RetryLater
from syncd.model.link import LinkState, OptedOut
from syncd.model.plan import Forget
from syncd.model.remote import RemoteRef
from syncd.model.values import Side
from tests.scenarios.steps import HOUR, Steps
from tests.worlds import Both, open_both, open_world

ANN = "ann.canary@example.com"


@pytest.fixture
def individual() -> Iterator[Steps]:
    """A world that hears ``Individual.ShouldForget``."""
    both = open_both()
    settings = replace(both.settings, crm=replace(both.settings.crm, individuals=True))
    world = open_world(both.hubspot, both.salesforce, both.clock, both.store, settings)
    yield Steps(Both(both.hubspot, both.salesforce, both.clock, world, both.store, settings))
    both.store.close()


def state_of(steps: Steps, contact: str) -> LinkState:
    """The state of the link that a contact has."""
    ref = RemoteRef("contacts", contact)
    return steps.both.store.linked("person", Side.MARKETING, [ref])[ref].link.state


def remains(steps: Steps) -> list[tuple[Side, str, OptedOut]]:
    """What is listed for deletion by hand."""
    return [(row.side, row.ref.id, row.opted_out) for row in steps.both.store.remnants()]


def ask(steps: Steps, *refs: tuple[Side, RemoteRef]) -> None:
    """An operator asks to forget the person with these records."""
    steps.both.store.approve(wish(steps.both.world, "person", refs, asked=None, salt=""))


# -- recognised --------------------------------------------------------------------------------------------------------
def test_a_contact_erased_in_hubspot_is_forgotten(steps: Steps) -> None:
    """The next edit of the Lead finds it out: the Lead is opted out and listed, and nothing is made of it again."""
    contact, lead = steps.pair(email=ANN)
    steps.both.hubspot.gdpr_delete("contacts", contact)
    steps.sell(lead, Title="Head")
    steps.cycle()
    steps.cycle()
    assert state_of(steps, contact) is LinkState.FORGOTTEN
    assert steps.sold(lead, "HasOptedOutOfEmail") is True
    assert remains(steps) == [(Side.CRM, lead, OptedOut.YES)]
    assert steps.contacts() == []
    steps.quiet()


def test_a_full_compare_finds_an_erased_contact_that_nobody_edits(steps: Steps) -> None:
    """No stream tells of a privacy deletion; the scan of the marketing side misses the contact, and so it is found."""
    contact, lead = steps.pair(email=ANN)
    other = steps.contact(email="bob@example.com")
    steps.cycle()
    steps.both.hubspot.gdpr_delete("contacts", contact)
    steps.cycle()
    assert state_of(steps, contact) is LinkState.LIVE
    steps.both.clock.advance(HOUR)
    ended = sync(steps.both.world, full=True)
    assert ended.run.counts["forgotten"] == 1
    assert remains(steps) == [(Side.CRM, lead, OptedOut.YES)]
    assert state_of(steps, other) is LinkState.LIVE


@pytest.mark.fact("defaults 3.6")
def test_an_individual_who_should_be_forgotten_is(individual: Steps) -> None:
    """The wish stands on another object, whose stamp is no Lead's; both records are opted out and listed."""
    contact, lead = individual.pair(email=ANN)
    person = individual.both.salesforce.insert("Individual", {"LastName": "Doe"})
    individual.sell(lead, IndividualId=person)
    individual.cycle()
    individual.both.salesforce.edit("Individual", person, {"ShouldForget": True})
    assert individual.counts() == {"forgotten": 1, "opted_out.crm": 1, "opted_out.marketing": 1}
    assert individual.marketed(contact, "hs_email_optout") == "true"
    assert individual.sold(lead, "HasOptedOutOfEmail") is True
    assert remains(individual) == [(Side.CRM, lead, OptedOut.YES), (Side.MARKETING, contact, OptedOut.YES)]
    individual.market(contact, jobtitle="Head")
    individual.sell(lead, City="Bonn")
    individual.quiet()
    assert individual.sold(lead, "Title") is None


def test_hearing_of_individuals_costs_no_call(individual: Steps, steps: Steps) -> None:
    """An idle cycle makes as many calls with the question as without."""
    calls: list[int] = []
    for each in (individual, steps):
        each.pair(email=ANN)
        each.cycle()
        each.cycle()
        before = len(each.both.salesforce.calls) + len(each.both.hubspot.calls)
        each.cycle(after=30)
        calls.append(len(each.both.salesforce.calls) + len(each.both.hubspot.calls) - before)
    assert calls[0] == calls[1]


def test_a_lead_nobody_linked_keeps_its_person_out(individual: Steps) -> None:
    """A Lead of a person to be forgotten is never matched: its contact gets no second Lead and no link."""
    person = individual.both.salesforce.insert("Individual", {"LastName": "Doe", "ShouldForget": True})
    lead = individual.lead(Email=ANN, IndividualId=person)
    contact = individual.contact(email=ANN)
    individual.cycle()
    assert individual.marketed(contact, "syncd_crm_id") is None
    assert [row["Id"] for row in individual.live("Lead")] == [lead]
    assert remains(individual) == [(Side.CRM, lead, OptedOut.YES)]
    individual.quiet()


def test_a_store_that_slept_too_long_forgets_nobody(steps: Steps) -> None:
    """After the bin's 90 days an archived contact is nowhere either: it is a tombstone, its person stays known."""
    contact, lead = steps.pair(email=ANN)
    steps.pair(email="bob@example.com")
    steps.both.hubspot.gdpr_delete("contacts", contact)
    steps.sell(lead, Title="Head")
    steps.cycle(after=100 * 24 * HOUR)
    steps.cycle()
    assert state_of(steps, contact) is not LinkState.FORGOTTEN
    assert remains(steps) == []


def test_a_wish_that_cannot_be_heard_stops_the_run(individual: Steps) -> None:
    """The key is set and the field is hidden: nothing is written until somebody mends it."""
    individual.contact(email=ANN)
    individual.both.salesforce.hide_field("Lead", "IndividualId")
    with pytest.raises(NeedsOperator, match=r"Lead\.IndividualId does not exist or is hidden"):
        individual.cycle()
    assert individual.live("Lead") == []


def test_a_lead_tied_later_to_such_a_person_is_found_too(individual: Steps) -> None:
    """The wish is old, the lookup is new: the Lead's own stamp shows it, and a full compare does as well."""
    contact, lead = individual.pair(email=ANN)
    person = individual.both.salesforce.insert("Individual", {"LastName": "Doe", "ShouldForget": True})
    individual.cycle()
    individual.cycle()
    assert state_of(individual, contact) is LinkState.LIVE
    individual.sell(lead, IndividualId=person)
    individual.cycle()
    assert state_of(individual, contact) is LinkState.FORGOTTEN


def test_one_odd_answer_forgets_nobody(steps: Steps) -> None:
    """HubSpot says once that a contact is nowhere, and shows it right after: the person stays known and in step."""
    contact, lead = steps.pair(email=ANN)
    steps.cycle()  # our own write has come back by then, and no stream shows the contact any more
    nowhere = HttpResponse(status=404, body=b'{"status":"error","category":"OBJECT_NOT_FOUND","message":"no"}')
    nothing = HttpResponse(status=200, body=b'{"status":"COMPLETE","results":[]}')
    faults = steps.both.hubspot.faults
    faults.arm(Fault("gone", lambda r: r.path.endswith(f"/contacts/{contact}"), "before", 1, nowhere))
    faults.arm(Fault("gone too", lambda r: r.path.endswith("/contacts/batch/read"), "before", 2, nothing))
    link = steps.both.store.linked("person", Side.CRM, [RemoteRef("Lead", lead)])[RemoteRef("Lead", lead)].link
    steps.both.store.approve(look_again(steps.both.world, "person", f"link:{link.id}"))
    steps.cycle()
    assert not [fault for fault in faults.armed if fault.times > 0]
    assert state_of(steps, contact) is LinkState.LIVE
    steps.sell(lead, Title="Head")
    steps.cycle()
    assert steps.marketed(contact, "jobtitle") == "Head"
    steps.quiet()


@pytest.mark.parametrize(("people", "forgotten"), [(ERASED_AT_ONCE, True), (ERASED_AT_ONCE + 1, False)])
def test_so_many_at_once_are_not_believed(steps: Steps, people: int, forgotten: bool) -> None:
    """Up to ten are forgotten; of more nobody is, no Lead is touched, and who comes back is in step again."""
    contacts = [steps.contact(email=f"p{number}@example.com") for number in range(people)]
    steps.contact(email="stays@example.com")
    steps.cycle()
    leads = [str(steps.marketed(contact, "syncd_crm_id")) for contact in contacts]
    for contact in contacts:
        steps.both.hubspot.gdpr_delete("contacts", contact)
    steps.both.clock.advance(HOUR)
    ended = sync(steps.both.world, full=True)
    expected = LinkState.FORGOTTEN if forgotten else LinkState.TOMBSTONE
    assert {state_of(steps, contact) for contact in contacts} == {expected}
    assert {steps.sold(lead, "HasOptedOutOfEmail") for lead in leads} == {forgotten}
    assert ended.run.counts.get("forgotten", 0) == (people if forgotten else 0)
    steps.quiet()


@pytest.mark.parametrize("side", list(Side))
def test_a_side_that_shows_nothing_stops_a_full_compare(
    steps: Steps, monkeypatch: pytest.MonkeyPatch, side: Side
) -> None:
    """An account that suddenly shows nobody is not itself: nothing is decided, and later all is as it was."""
    contact, lead = steps.pair(email=ANN)
    connector = type(steps.both.world.connectors.of(side))
    before = steps.written()
    steps.both.clock.advance(HOUR)
    with monkeypatch.context() as empty:
        empty.setattr(connector, "scan", lambda *_, **_more: iter(()))
        with pytest.raises(RetryLater, match="1 are linked; nothing was decided"):
            sync(steps.both.world, full=True)
    assert steps.written() == before
    assert state_of(steps, contact) is LinkState.LIVE
    steps.sell(lead, Title="Head")
    steps.cycle()
    assert steps.marketed(contact, "jobtitle") == "Head"
    steps.quiet()


# -- by hand -----------------------------------------------------------------------------------------------------------
def test_an_operator_forgets_a_person(steps: Steps) -> None:
    """Both records are opted out and listed; the plan shows it first; a second wish for the same person is nothing."""
    contact, lead = steps.pair(email=ANN)
    refs = (Side.MARKETING, RemoteRef("contacts", contact)), (Side.CRM, RemoteRef("Lead", lead))
    ask(steps, *refs)
    (action,) = [each for each in plan_only(steps.both.world).plan.actions() if isinstance(each, Forget)]
    assert action.asked is None
    assert steps.counts() == {"forgotten": 1, "opted_out.crm": 1, "opted_out.marketing": 1}
    assert steps.both.store.requests() == []
    ask(steps, *refs)
    steps.quiet()


def test_a_forgotten_address_is_never_matched_again(steps: Steps) -> None:
    """A new contact with that address, in any spelling, gets no Lead; another one does."""
    contact, lead = steps.pair(email=ANN)
    ask(steps, (Side.MARKETING, RemoteRef("contacts", contact)))
    steps.cycle()
    steps.both.hubspot.gdpr_delete("contacts", contact)
    steps.both.salesforce.delete("Lead", lead)
    again = steps.contact(email=ANN.upper())
    other = steps.contact(email="bob@example.com")
    steps.cycle()
    assert steps.marketed(again, "syncd_crm_id") is None
    assert steps.marketed(other, "syncd_crm_id") is not None
    steps.quiet()


def test_what_remains_leaves_the_list_once_it_is_gone(steps: Steps) -> None:
    """Deleted by hand on both sides: the list is empty after the next look; a merged record follows its survivor."""
    contact, lead = steps.pair(email=ANN)
    ask(steps, (Side.MARKETING, RemoteRef("contacts", contact)))
    steps.cycle()
    assert len(remains(steps)) == 2
    winner = steps.lead(Email="carl@example.com")
    steps.both.salesforce.merge("Lead", winner, [lead])
    steps.both.hubspot.gdpr_delete("contacts", contact)
    steps.cycle()
    assert remains(steps) == [(Side.CRM, winner, OptedOut.YES)]
    steps.both.salesforce.delete("Lead", winner)
    steps.cycle()
    assert remains(steps) == []


def test_an_opt_out_that_cannot_be_sent_yet_is_sent_first(steps: Steps) -> None:
    """While Salesforce is read-only the person stays known and the wish open; after it, opt-out and forgetting."""
    contact, lead = steps.pair(email=ANN)
    ask(steps, (Side.MARKETING, RemoteRef("contacts", contact)))
    steps.both.salesforce.begin_maintenance()
    steps.cycle()
    assert state_of(steps, contact) is LinkState.LIVE
    assert [request.wish for request in steps.both.store.requests()] == ["forget"]
    steps.both.salesforce.end_maintenance()
    steps.cycle()
    assert state_of(steps, contact) is LinkState.FORGOTTEN
    assert steps.sold(lead, "HasOptedOutOfEmail") is True
    steps.quiet()


def test_an_opt_out_that_is_refused_does_not_keep_the_person(steps: Steps) -> None:
    """A rule of the org refuses it for good: the person is forgotten, and the list says that mailing goes on there."""
    contact, lead = steps.pair(email=ANN)
    steps.both.salesforce.org.validation_rules["Lead"] = [
        lambda before, after: ("no opt-outs here", "HasOptedOutOfEmail") if after["HasOptedOutOfEmail"] else None
    ]
    ask(steps, (Side.MARKETING, RemoteRef("contacts", contact)))
    steps.cycle()
    assert state_of(steps, contact) is LinkState.FORGOTTEN
    assert (Side.CRM, lead, OptedOut.REFUSED) in remains(steps)
    steps.quiet()


def test_without_an_opt_out_field_the_list_says_so(steps_with: Callable[..., Steps]) -> None:
    """Where no opt-out is mapped nobody is opted out, and the list does not claim it."""
    steps = steps_with(lambda fields: fields.pop("opt_out"))
    contact, lead = steps.pair(email=ANN)
    ask(steps, (Side.MARKETING, RemoteRef("contacts", contact)))
    steps.cycle()
    assert (Side.CRM, lead, OptedOut.UNMAPPED) in remains(steps)


# -- nothing is left ---------------------------------------------------------------------------------------------------
def test_nothing_readable_is_left(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every byte of the store's files and every log line, after a life with conflicts, parked fields and history."""
    both = open_both(f"sqlite:///{tmp_path}/state.db")
    steps = Steps(both)
    canaries = ("canary", "Zyxwanda", "Qwertystone", "kontrollweg")
    contact, lead = steps.pair(
        email=ANN, firstname="Zyxwanda", lastname="Qwertystone", address="kontrollweg 7", jobtitle="Buyer"
    )
    steps.market(contact, email="ann.canary.new@example.com")
    steps.sell(lead, Email="ann.canary.crm@example.com")
    steps.cycle()
    assert steps.conflicts()
    link = both.store.linked("person", Side.CRM, [RemoteRef("Lead", lead)])[RemoteRef("Lead", lead)].link.id
    assert any(change.after == "Zyxwanda" for row in both.store.audit_of(link, 99) for change in row.changes)
    assert any(each.encode() in b"".join(_files(tmp_path)) for each in canaries)
    ask(steps, (Side.CRM, RemoteRef("Lead", lead)))
    steps.cycle()
    assert steps.conflicts() == []
    history = both.store.audit_of(link, 99)
    assert history
    assert all(change.after is None for row in history for change in row.changes)
    steps.quiet()
    for content in _files(tmp_path):
        for each in canaries:
            assert each.encode() not in content
    both.store.close()
    sqlite3.connect(tmp_path / "state.db").execute("VACUUM").close()
    told = capsys.readouterr()
    for each in canaries:
        assert each.encode() not in b"".join(_files(tmp_path))
        assert each not in told.out + told.err


def _files(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.iterdir()]
