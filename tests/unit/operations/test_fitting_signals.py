"""What signals need of the marketing side: keys of copies, the scope of lists; told by doctor, made by setup."""

from __future__ import annotations

from pathlib import Path

from syncd.model.fitting import Severity, Topic
from syncd.model.values import Pair, Side
from syncd.operations.doctor import Account, examine
from syncd.operations.fitting import copies_on, survey
from tests.scenarios.signals import WEBINAR, signalling, without_lists

LISTED = {**WEBINAR, "rules": [{"list": "1", "status": "Sent"}]}
DECLARED = {
    "campaign_members": {"campaigns": [LISTED]},
    "activities": {"to_marketing": {"sorts": {"call": "call", "task": "note"}}},
}
ACCOUNTS = Pair(
    Account("hubspot", "v3", "https://api.hubapi.com"), Account("salesforce", "64.0", "https://x.my.salesforce.com")
)


def test_setup_makes_the_key_of_each_object_that_copies_become(tmp_path: Path) -> None:
    """Calls and notes, with unique values; made once, and nothing for objects that no rule names."""
    both = signalling(tmp_path, DECLARED)
    connection, connectors = both.world.connection, both.world.connectors
    more = copies_on(connection, connectors, Side.MARKETING)
    assert more.keys() == {"calls", "notes"}
    assert copies_on(connection, connectors, Side.CRM) == {}
    fittings = connectors.map(lambda connector: connector.fitting())
    offer = survey(connection.kinds, fittings, user=None, more=more)
    assert [step.what for step in offer.sides.marketing.steps] == [
        "property calls.syncd_crm_id",
        "property notes.syncd_crm_id",
    ]
    assert all(step.body["hasUniqueValue"] for step in offer.sides.marketing.steps)
    for step in offer.sides.marketing.steps:
        fittings.marketing.make(step)
    assert not survey(connection.kinds, fittings, user=None, more=more).sides.marketing.steps
    both.store.close()


def test_engagements_need_the_scopes_of_contacts_and_lists_their_own(tmp_path: Path) -> None:
    """No scope is asked for that HubSpot does not have; the one for lists is missed only while a list is named."""
    both = signalling(tmp_path, DECLARED)

    def lacking() -> list[str]:
        told = examine(both.world, check=lambda *_: ((), ()), accounts=ACCOUNTS, sunsets=(), poll=30)  # type: ignore[arg-type]
        return [
            each.what
            for each in told.findings
            if each.side is Side.MARKETING and each.topic is Topic.RIGHTS and each.severity is Severity.BROKEN
        ]

    assert lacking() == []
    without_lists(both)
    assert lacking() == ["the token lacks the scope crm.lists.read"]
    both.store.close()
