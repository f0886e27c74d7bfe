"""The vendors' own connector works beside syncd: it is named, and a field that both would write is left to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from connectors.hubspot import fitting
from sandbox.hubspot.switches import HubSpotSwitches
from sandbox.kernel import Fault, HttpResponse
from syncd.engine.cycle import sync
from syncd.engine.resync import Met, asked_for, carry_on
from syncd.model.drift import Resting
from syncd.model.errors import Bug
from syncd.model.fitting import Severity
from syncd.model.values import SIDES, Pair
from syncd.operations.accepting import accept
from syncd.operations.drift import resting
from syncd.operations.native import native_findings
from tests.scenarios.steps import HOUR, Steps
from tests.worlds import open_both

DAY = 24 * HOUR


@pytest.fixture
def steps() -> Iterator[Steps]:
    """An account to which the native connector is connected, and one pair."""
    both = open_both()
    both.hubspot.install_native_connector()
    told = Steps(both)
    told.pair(jobtitle="Buyer", city="Bonn")
    yield told
    both.store.close()


def _natively(steps: Steps, **properties: str) -> str:
    """The native connector takes the one contact in step, and writes what differs in Salesforce."""
    (contact,) = steps.contacts()
    steps.both.hubspot.sync_natively("contacts", contact, properties)
    return contact


def _known(steps: Steps) -> str:
    """It notes which Lead the one contact is."""
    (contact,) = steps.contacts()
    lead = str(steps.marketed(contact, "syncd_crm_id"))
    steps.both.hubspot.link_natively("contacts", contact, {"salesforceleadid": lead})
    return lead


def _sold_by(steps: Steps, by: str, **fields: object) -> None:
    """A user of Salesforce edits the one Lead."""
    (lead,) = steps.live("Lead")
    steps.both.salesforce.edit("Lead", str(lead["Id"]), fields, by=by)


def _left(steps: Steps) -> list[str]:
    return [each.field for each in resting(steps.both.store)]


def _rest(steps: Steps) -> Resting:
    (rest,) = resting(steps.both.store)
    return rest


def _accepted(steps: Steps) -> None:
    """A person says that it writes the title no more; what came to differ meanwhile is compared."""
    assert [each.field for each in accept(steps.both.world, {("person", "title")}).ended] == ["title"]
    (request,) = asked_for(steps.both.store)
    assert carry_on(steps.both.world, request, Met(), leave_off=lambda: False)


def test_a_field_that_both_would_write_is_left_to_it(steps: Steps) -> None:
    """Neither side's value of it is carried any more; every other field is."""
    contact = _natively(steps, jobtitle="Head of Buying")
    steps.cycle()
    assert _left(steps) == ["title"]
    assert "the native connector writes contacts.jobtitle in 1" in str(_rest(steps))
    steps.market(contact, jobtitle="Typed", city="Cologne")
    steps.cycle()
    (lead,) = steps.live("Lead")
    assert (lead["Title"], lead["City"]) == ("Buyer", "Cologne")
    sync(steps.both.world, full=True)
    assert steps.sold(str(lead["Id"]), "Title") == "Buyer"


@pytest.mark.parametrize(
    "switches",
    [
        HubSpotSwitches(native_source_id="Salesforce Connector"),
        HubSpotSwitches(native_notes_time=False),
        HubSpotSwitches(native_notes_time=False, history_newest_first=False),
    ],
)
def test_however_it_shows(switches: HubSpotSwitches) -> None:
    """Its name in the history has an id or none, and the time of its rounds may not be noted."""
    told = Steps(open_both(switches=switches))
    told.both.hubspot.install_native_connector()
    told.pair(jobtitle="Buyer")
    _known(told)
    _natively(told, jobtitle="Head of Buying")
    told.cycle()
    assert _left(told) == ["title"]
    told.both.store.close()


def test_one_that_was_switched_off_stands_in_nobodys_way(steps: Steps) -> None:
    """Its ids, its times and what it once wrote stay; what counts is what it did of late."""
    contact = _natively(steps, jobtitle="Head of Buying")
    _known(steps)
    steps.both.hubspot.remove_native_connector()
    steps.cycle(after=DAY + 60)
    assert not _left(steps)
    (lead,) = steps.live("Lead")
    assert lead["Title"] == "Head of Buying"
    steps.market(contact, jobtitle="Typed")
    steps.cycle()
    assert steps.sold(str(lead["Id"]), "Title") == "Typed"


def test_one_that_only_looks_is_left_nothing(steps: Steps) -> None:
    """It takes records in step that need nothing, all day long."""
    for _ in range(3):
        _natively(steps)
        steps.cycle()
    assert not _left(steps)


def test_what_an_app_or_a_person_writes_is_none_of_its_writes(steps: Steps) -> None:
    """While it is at work on the same record."""
    contact = _natively(steps)
    steps.market(contact, jobtitle="Typed")
    steps.cycle()
    assert not _left(steps)
    (lead,) = steps.live("Lead")
    assert lead["Title"] == "Typed"


def test_a_day_after_its_last_write_a_field_goes_on(steps: Steps) -> None:
    """By itself; what came to differ meanwhile is compared by whoever compares everything."""
    contact = _natively(steps, jobtitle="Head of Buying")
    steps.cycle()
    steps.market(contact, jobtitle="Typed")
    steps.cycle(after=20 * HOUR)
    assert _left(steps) == ["title"]
    steps.cycle(after=4 * HOUR)
    assert not _left(steps)
    sync(steps.both.world, full=True)
    (lead,) = steps.live("Lead")
    assert lead["Title"] == "Typed"
    steps.quiet()


def test_a_person_says_that_it_writes_the_field_no_more(steps: Steps) -> None:
    """In the hour of the cut-over: at once, and its writes of before count no longer. A later one does."""
    contact = _natively(steps, jobtitle="Head of Buying")
    steps.cycle()
    steps.market(contact, jobtitle="Typed")
    steps.cycle()
    _accepted(steps)
    (lead,) = steps.live("Lead")
    assert lead["Title"] == "Typed"
    steps.cycle()
    steps.cycle()
    assert not _left(steps)
    _natively(steps, jobtitle="It was on after all")
    steps.cycle()
    assert _left(steps) == ["title"]


def test_a_new_record_is_made_with_what_is_left_to_it(steps: Steps) -> None:
    """Without its address the connector would take the Lead for nobody it knows, and make another one."""
    _natively(steps, email="ann.new@example.com")
    steps.cycle()
    assert _left(steps) == ["email"]
    contact = steps.contact(email="new@example.com", company="New")
    steps.cycle()
    assert steps.sold(str(steps.marketed(contact, "syncd_crm_id")), "Email") == "new@example.com"


def test_opt_outs_are_never_left_to_it(steps: Steps) -> None:
    """Both only ever set them."""
    contact = _natively(steps, jobtitle="Head of Buying")
    steps.cycle()
    steps.both.hubspot.unsubscribe("ann@example.com")
    _natively(steps)
    steps.cycle()
    assert contact
    assert _left(steps) == ["title"]
    (lead,) = steps.live("Lead")
    assert lead["HasOptedOutOfEmail"] is True


def test_its_user_in_the_crm_is_known_by_name(steps: Steps) -> None:
    """What it carries from HubSpot to Salesforce stands in the history there, where the field is tracked."""
    steps.both.salesforce.track_fields("Lead", ["City", "Title"])
    user = steps.both.salesforce.add_user("sync@example.com", "HubSpot Integration")
    other = steps.both.salesforce.add_user("ida@example.com", "Ida Buyer")
    _known(steps)
    _natively(steps)
    _sold_by(steps, user, City="Cologne")
    _sold_by(steps, other, Title="Head of Buying")
    steps.cycle()
    assert _left(steps) == ["city"]
    assert "Lead.City in 1" in str(_rest(steps))
    assert "as HubSpot Integration" in str(_rest(steps))


def test_a_user_of_that_name_is_nobody_without_the_connector(steps: Steps) -> None:
    """Where the connector is not at work, people may be called what they like."""
    steps.both.salesforce.track_fields("Lead", ["City"])
    user = steps.both.salesforce.add_user("hubspot.admin@example.com", "Ida Admin")
    _known(steps)
    steps.both.clock.advance(2 * DAY)
    steps.both.hubspot.remove_native_connector()
    _sold_by(steps, user, City="Cologne")
    steps.cycle()
    assert not _left(steps)


def test_our_own_user_is_not_taken_for_its_user(steps: Steps) -> None:
    """Whatever it is called: what syncd wrote would hold syncd up."""
    org = steps.both.salesforce.org
    steps.both.salesforce.track_fields("Lead", ["City"])
    steps.both.salesforce.edit("User", org.integration_user, {"FirstName": "HubSpot"})
    _known(steps)
    contact = _natively(steps)
    steps.market(contact, city="Cologne")
    steps.cycle()
    assert steps.sold(str(steps.live("Lead")[0]["Id"]), "City") == "Cologne"
    _natively(steps)
    steps.cycle()
    steps.cycle()
    assert not _left(steps)


def test_a_field_that_syncd_only_reads_there_may_be_its_own(steps: Steps) -> None:
    """Who owns a Lead is told to HubSpot and never written in Salesforce: there is nothing to leave alone."""
    steps.both.salesforce.track_fields("Lead", ["OwnerId"])
    user = steps.both.salesforce.add_user("sync@example.com", "HubSpot Integration")
    _known(steps)
    _natively(steps)
    _sold_by(steps, user, OwnerId=user)
    steps.cycle()
    assert not _left(steps)


def test_in_shadow_nothing_is_left_to_it(steps: Steps) -> None:
    """Nothing is written anyway, and the plan shows what would be; the way back to shadow ends what rests."""
    _natively(steps, jobtitle="Head of Buying")
    steps.cycle()
    assert _left(steps) == ["title"]
    world = steps.both.world
    world.connection = replace(world.connection, mode="shadow")
    world.heeded.clear()
    steps.cycle()
    assert not _left(steps)


def test_where_it_never_was_nothing_is_asked() -> None:
    """Nor, where it was, more than one search a kind an hour."""
    told = Steps(open_both())
    told.pair(jobtitle="Buyer")

    def calls(after: float) -> int:
        before = len(told.both.hubspot.calls)
        told.cycle(after=after)
        return len(told.both.hubspot.calls) - before

    calls(HOUR)
    never = calls(HOUR), calls(900)
    told.both.hubspot.install_native_connector()
    calls(2 * HOUR)
    contact_and_company = 2
    once = calls(HOUR), calls(900)
    assert once == (never[0] + contact_and_company, never[1])
    told.both.store.close()


def test_the_doctor_goes_on_where_it_cannot_be_looked_for(steps: Steps) -> None:
    """A search that is refused is a notice of its own."""
    _natively(steps)
    refusal = HttpResponse(status=403, body=b"{}")
    steps.both.hubspot.faults.arm(Fault("deaf", lambda call: call.path.endswith("/search"), answer=refusal))
    kind, *_ = steps.both.world.connection.kinds
    world = steps.both.world
    schemas = Pair(*(world.connectors.of(side).schema(world.terms[kind.kind].lens.shape(side)) for side in SIDES))
    (found,) = native_findings(world, kind, schemas)
    assert found.severity is Severity.NOTICE
    assert "it could not be looked for the native connector: " in found.what


def test_where_it_cannot_be_looked_for_all_else_goes_on(steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    """A vendor that refuses the look stops nothing, and is asked again an hour later."""
    _natively(steps, jobtitle="Written natively")
    (contact,) = steps.contacts()
    looks: list[object] = []

    def refused(*asked: object, **_named: object) -> list[object]:
        looks.append(asked)
        raise Bug("search: HubSpot calls the property unknown")

    with monkeypatch.context() as deaf:
        deaf.setattr(fitting, "lately_synced", refused)
        steps.market(contact, city="Ulm")
        steps.cycle(after=2 * HOUR)
        (lead,) = steps.live("Lead")
        assert lead["City"] == "Ulm"
        assert len(looks) == len(steps.both.world.connection.kinds)
        steps.cycle(after=900)
        assert len(looks) == len(steps.both.world.connection.kinds)
    steps.cycle(after=HOUR)
    assert _left(steps) == ["title"]
