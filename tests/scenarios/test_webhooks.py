"""Webhooks make a record be looked at early and do nothing else (F70): what they tell wrongly changes no value, what
they do not tell the poll finds, and what they cost is bounded.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest

from connectors.hubspot import webhooks as hubspot
from sandbox.hubspot import webhooks_signing
from sandbox.hubspot.switches import HubSpotSwitches
from syncd.engine.cycle import sync
from syncd.model.link import LinkState
from syncd.operations.hinting import Answered, Hook, Intake
from tests.scenarios.steps import Steps
from tests.worlds import open_both

TARGET = "https://syncd.example/hooks/main"
PATH = "/hooks/main"
SUBSCRIBED = (
    ("contact.creation", None),
    ("contact.propertyChange", "jobtitle"),
    ("contact.deletion", None),
    ("contact.merge", None),
    ("contact.privacyDeletion", None),
)
BEHIND = (3_000.0, 3_000.0)
"""Seconds that the search index is behind: what just happened no poll finds for a while."""


@dataclass
class Hooked:
    """A world whose marketing account calls an intake of ours, and what that answered."""

    steps: Steps
    answers: list[Answered] = field(default_factory=list)
    intake: Intake = field(init=False)

    def __post_init__(self) -> None:
        both, kernel = self.steps.both, self.steps.both.hubspot
        both.world.hinted = 20
        kernel.add_app(target_url=TARGET)
        for name, of in SUBSCRIBED:
            kernel.activate_webhook(kernel.add_webhook(name, of))
        secret = kernel.webhooks.account.client_secret
        hook = Hook("main", TARGET, lambda: secret, frozenset({"contacts", "companies"}))
        self.intake = Intake(
            hooks=lambda: {PATH: hook},
            caller=hubspot,
            store=lambda _: both.store,
            clock=both.clock,
            lock=threading.Lock(),
        )

    def send(self, body: bytes, headers: dict[str, str]) -> Answered:
        """One call to the listener."""
        lower = {name.lower(): value for name, value in headers.items()}
        begun = self.intake.begin(PATH, "POST", lower, len(body))
        answered = begun if isinstance(begun, Answered) else self.intake.end(begun, "POST", lower, body)
        self.answers.append(answered)
        return answered

    def told(self) -> int:
        """The vendor delivers what it has; how many calls that were."""
        outbox, now, calls = self.steps.both.hubspot.webhooks.outbox, self.steps.both.hubspot.portal.now, 0
        while deliveries := outbox.due(now()):
            for each in deliveries:
                answered = self.send(each.body, dict(each.headers))
                outbox.answered(each, int(answered), now=now())
                calls += 1
        self.intake.flush()
        return calls

    def made_up(self, *ids: str, happening: str = "deletion", secret: str | None = None) -> Answered:
        """Somebody who has the secret, or not, sends events about these contacts."""
        kernel = self.steps.both.hubspot
        portal, now = kernel.webhooks.account.portal_id, kernel.portal.now()
        events = [
            {
                "portalId": portal,
                "objectId": int(each),
                "subscriptionType": f"contact.{happening}",
                "occurredAt": now,
                "propertyName": "jobtitle",
                "propertyValue": "Forged",
            }
            for each in ids
        ]
        body, known = orjson.dumps(events), kernel.webhooks.account.client_secret
        signed = webhooks_signing.headers(
            known if secret is None else secret, method="POST", url=TARGET, body=body, at=now
        )
        answered = self.send(body, signed)
        self.intake.flush()
        return answered

    def calls(self, deed: Callable[[], object]) -> int:
        """How many calls a deed makes at HubSpot."""
        kernel = self.steps.both.hubspot
        before = len(kernel.calls)
        deed()
        return len(kernel.calls) - before

    def reads(self, deed: Callable[[], object]) -> int:
        """How many of them read contacts by id."""
        kernel = self.steps.both.hubspot
        before = len(kernel.calls)
        deed()
        return sum(1 for each in kernel.calls[before:] if each.path.endswith("contacts/batch/read"))

    def waiting(self) -> int:
        """Hints in the store."""
        return len(self.steps.both.store.hints(["contacts", "companies"], 99_999))

    def states(self) -> dict[str, LinkState]:
        """What has become of each person's link."""
        return {each.refs.marketing.id: each.state for each in self.steps.both.store.links("person")}

    def cycle(self) -> None:
        """A cycle a moment later, as a daemon's."""
        self.steps.both.clock.advance(2)
        sync(self.steps.both.world, steady=True)


@pytest.fixture
def hooked() -> Iterator[Callable[..., Hooked]]:
    """Opens worlds with webhooks."""
    opened: list[Hooked] = []

    def make(**switches: Any) -> Hooked:
        switches = {"index_lag": BEHIND, "webhook_settings_cached": 0.0, **switches}
        opened.append(Hooked(Steps(open_both(switches=HubSpotSwitches(**switches)))))
        return opened[-1]

    yield make
    for each in opened:
        each.steps.both.store.close()


def test_a_change_that_the_index_does_not_show_yet_is_there_in_the_next_cycle(hooked: Callable[..., Hooked]) -> None:
    """Without the webhook the same cycle finds nothing; the value is the API's own."""
    world = hooked()
    contact, lead = world.steps.pair(jobtitle="Buyer")
    world.steps.market(contact, jobtitle="Chief Buyer")
    world.cycle()
    assert world.steps.sold(lead, "Title") == "Buyer"
    world.told()
    assert world.waiting() == 1
    world.cycle()
    assert world.steps.sold(lead, "Title") == "Chief Buyer"
    assert world.waiting() == 0
    world.steps.quiet()


def test_who_is_new_left_or_was_erased_is_known_in_the_next_cycle(hooked: Callable[..., Hooked]) -> None:
    """A new contact has its Lead; one that was deleted is a tombstone, and one that was erased is forgotten."""
    world = hooked()
    contact, _ = world.steps.pair(jobtitle="Buyer")
    other = world.steps.contact(email="bob@example.com", company="Acme")
    world.told()
    world.cycle()
    assert world.steps.marketed(other, "syncd_crm_id") is not None
    world.steps.both.hubspot.archive("contacts", contact)
    world.steps.both.hubspot.gdpr_delete("contacts", other)
    world.told()
    world.cycle()
    assert world.states() == {contact: LinkState.TOMBSTONE, other: LinkState.FORGOTTEN}


@pytest.mark.fault("F70")
def test_f70_what_a_webhook_does_not_tell_the_poll_finds(hooked: Callable[..., Hooked]) -> None:
    """Every event is lost; half of them, some twice and all in any order, is as well."""
    for switches in (
        {"webhook_losses": 1.0},
        {"webhook_losses": 0.5, "webhook_repeats": 0.5, "webhook_shuffled": True},
    ):
        world = hooked(index_lag=(0.0, 3.0), **switches)
        people = [world.steps.contact(email=f"p{number}@example.com", company="Acme") for number in range(8)]
        world.steps.cycle()
        leads = [world.steps.marketed(each, "syncd_crm_id") for each in people]
        for lot in range(3):
            for number, each in enumerate(people):
                world.steps.market(each, jobtitle=f"Title {lot} {number}")
            world.told()
            world.cycle()
        world.steps.cycle()
        assert [world.steps.sold(str(lead), "Title") for lead in leads] == [f"Title 2 {n}" for n in range(8)]
        world.steps.quiet()


@pytest.mark.fault("F70")
def test_f70_forged_and_replayed_events_change_nothing(hooked: Callable[..., Hooked]) -> None:
    """Unsigned ones are not heard; with a stolen secret a record is looked at, and stands as it is."""
    world = hooked()
    contact, lead = world.steps.pair(jobtitle="Buyer")
    before = world.steps.written()
    assert world.made_up(contact, happening="propertyChange", secret="guessed") is Answered.REFUSED  # not a secret
    assert world.waiting() == 0
    for happening in ("deletion", "privacyDeletion", "propertyChange", "merge", "creation"):
        assert world.made_up(contact, happening=happening) is Answered.TAKEN
        world.cycle()
    assert (world.steps.sold(lead, "Title"), world.steps.marketed(contact, "jobtitle")) == ("Buyer", "Buyer")
    assert world.states() == {contact: LinkState.LIVE}
    assert world.steps.written() == before


@pytest.mark.fault("F70")
def test_f70_ids_that_are_nowhere_are_no_departures_and_cost_their_share(hooked: Callable[..., Hooked]) -> None:
    """A storm of made-up ids with a stolen secret: a cycle spends so many calls on it, and forgets nobody."""
    world = hooked()
    contact, _ = world.steps.pair(jobtitle="Buyer")
    world.cycle()
    idle = world.calls(world.cycle)
    for lot in range(20):
        ids = [str(700_000_000 + lot * 100 + number) for number in range(100)]
        assert world.made_up(*ids, happening="privacyDeletion") is Answered.TAKEN
        world.steps.both.clock.advance(1)
    assert world.waiting() == 2_000
    for _ in range(3):
        assert world.calls(world.cycle) <= idle + 20
    assert world.states() == {contact: LinkState.LIVE}
    world.steps.market(contact, jobtitle="Still in step")
    world.told()
    world.cycle()
    assert world.steps.sold(str(world.steps.marketed(contact, "syncd_crm_id")), "Title") == "Still in step"


@pytest.mark.fault("F70")
def test_f70_a_storm_about_what_is_known_costs_no_call(hooked: Callable[..., Hooked]) -> None:
    """A hundred times the same, in any order, about versions that were read already, our own write's too."""
    world = hooked(webhook_repeats=1.0, webhook_shuffled=True, index_lag=(0.0, 0.0))
    contact, lead = world.steps.pair(jobtitle="Buyer")
    world.cycle()
    idle = world.reads(world.cycle)
    for number in range(100):
        world.steps.market(contact, jobtitle=f"Title {number}")
    world.steps.cycle(after=1)
    world.steps.sell(lead, Title="By sales")
    world.steps.cycle(after=1)
    assert world.told() >= 2
    assert world.waiting() == 1
    assert world.reads(world.cycle) == idle
    assert world.waiting() == 0
    assert world.steps.marketed(contact, "jobtitle") == "By sales"


def test_a_cycle_that_dies_keeps_its_hints(hooked: Callable[..., Hooked], monkeypatch: pytest.MonkeyPatch) -> None:
    """They go in the settlement that deals with them."""
    world = hooked()
    contact, lead = world.steps.pair(jobtitle="Buyer")
    world.steps.market(contact, jobtitle="Chief Buyer")
    world.told()
    with monkeypatch.context() as patched:

        def dies(*_: object, **__: object) -> None:
            raise RuntimeError("killed")

        patched.setattr("syncd.engine.cycle.carry_out", dies)
        with pytest.raises(RuntimeError, match="killed"):
            world.cycle()
    assert world.waiting() == 1
    world.cycle()
    assert world.steps.sold(lead, "Title") == "Chief Buyer"


def test_without_webhooks_nothing_is_looked_for(hooked: Callable[..., Hooked]) -> None:
    """Hints that a listener left behind cost a connection nothing that has none any more."""
    world = hooked()
    contact, lead = world.steps.pair(jobtitle="Buyer")
    world.steps.market(contact, jobtitle="Chief Buyer")
    world.told()
    world.steps.both.world.hinted = 0
    world.cycle()
    assert (world.steps.sold(lead, "Title"), world.waiting()) == ("Buyer", 1)
