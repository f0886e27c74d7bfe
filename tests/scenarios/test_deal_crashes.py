"""Deals when the process dies between two calls: nothing is made twice, and no company or contact is left out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from syncd.engine.cycle import sync
from tests.scenarios.dealing import Deals, both_ways, configured_deals
from tests.worlds import Both, open_both, open_world


class Killed(BaseException):
    """The process is gone; nothing catches this."""


class Reaper:
    """Kills the process with the n-th call that writes to either vendor, once that call was carried out."""

    def __init__(self, both: Both) -> None:
        self.left = 10**9
        for kernel in (both.hubspot, both.salesforce):
            kernel.handle = self._after(kernel, kernel.handle)  # type: ignore[method-assign]

    def _after(self, kernel: Any, handle: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: object, **words: object) -> object:
            answer = handle(*args, **words)
            self.left -= bool(kernel.calls[-1].written or kernel.calls[-1].created)
            if self.left == 0:
                self.left = 10**9
                raise Killed
            return answer

        return call


def restarted(both: Both) -> None:
    """A new process over the same store and stand-ins."""
    both.world = open_world(both.hubspot, both.salesforce, both.clock, both.store, both.settings)


def until_quiet(both: Both) -> None:
    """Restarts and cycles, horizons passing in between, until a cycle does nothing."""
    for _ in range(8):
        restarted(both)
        both.clock.advance(200)
        ended = sync(both.world)
        if ended.needs_approval:
            assert ended.plan is not None
            ended = sync(both.world, approve=ended.plan.digest)
        if not ended.run.counts:
            return
    raise AssertionError(f"still busy: {ended.run.counts}")


def state(deals: Deals) -> list[tuple[object, ...]]:
    """Each deal with its counterpart's values, company and people, ids left out."""
    export = deals.both.salesforce.export()
    opportunities = {row["Id"]: row for row in export["Opportunity"]}
    names = {row["Id"]: row["Name"] for row in export["Account"]} | {
        row["Id"]: row["Email"] for row in export["Contact"]
    }
    emails = {row["id"]: row["properties"]["email"] for row in deals.both.hubspot.export()["contacts"]}
    told = []
    for deal in deals.deals():
        row = opportunities[str(deals.shows(deal, "syncd_crm_id"))]
        told.append((
            deals.shows(deal, "dealname"), deals.shows(deal, "dealstage"), len(deals.of_deal(deal, "companies")),
            sorted(emails[each] for each in deals.of_deal(deal, "contacts")), row["Name"], row["StageName"],
            names.get(row["AccountId"]), [names[str(each)] for each in deals.primary(str(row["Id"]))],
            row["Syncd_Marketing_Id__c"] == deal,
        ))  # fmt: skip
    return sorted([*told, (len(opportunities), len(deals.live("OpportunityContactRole")))], key=str)


def entered(deals: Deals) -> None:
    """A deal on each side, each with a company and somebody who buys."""
    company, account = deals.firm()
    _, ann_there = deals.buyer(account)
    bob, _ = deals.buyer(account, "bob")
    deals.cycle()
    deals.opportunity(AccountId=account, ContactId=ann_there)
    deal = deals.deal(dealname="Small one")
    deals.both.hubspot.relate("deals", deal, "companies", company)
    deals.both.hubspot.relate("deals", deal, "contacts", bob)


def moved_on(deals: Deals) -> None:
    """Sales names another primary contact and wins, marketing gives a deal another buyer."""
    entered(deals)
    deals.cycle()
    deals.cycle()
    people = {str(row["Email"]): str(row["Id"]) for row in deals.live("Contact")}
    ids = {deals.shows(each, "dealname"): each for each in deals.deals()}
    big = str(deals.shows(ids["Big one"], "syncd_crm_id"))
    deals.edit_opportunity(big, StageName="Closed Won")
    deals.role(big, people["bob@acme-works.com"])
    emails = {row["properties"]["email"]: row["id"] for row in deals.both.hubspot.export()["contacts"]}
    deals.both.hubspot.relate("deals", ids["Small one"], "contacts", emails["ann@acme-works.com"])
    deals.both.hubspot.part("deals", ids["Small one"], "contacts", emails["bob@acme-works.com"])


@pytest.mark.parametrize("story", [entered, moved_on])
@pytest.mark.slow
def test_a_kill_after_any_write_ends_in_the_same_state(tmp_path: Path, story: Callable[[Deals], None]) -> None:
    """For every call that writes in the cycle of deals: the process dies after it, and the end is the same."""
    expected: list[tuple[object, ...]] | None = None
    config = configured_deals(tmp_path, both_ways)
    for n in range(100):
        deals = Deals(open_both(config=config))
        story(deals)
        reaper = Reaper(deals.both)
        deals.both.clock.advance(60)
        killed = False
        reaper.left = n or 10**9  # the first time nobody dies
        try:
            sync(deals.both.world)
        except Killed:
            killed = True
        deals.both.clock.advance(130)  # the dead process's lease runs out
        until_quiet(deals.both)
        found = state(deals)
        deals.both.store.close()
        expected = expected or found
        assert found == expected, f"killed after call {n}"
        if n and not killed:
            break
    assert n > 3, "the cycle writes more often than that"
