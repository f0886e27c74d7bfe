"""The doctor's eye for what is no right and no field: clocks, quota, sunsets, owners, record types, trouble.

Rights and fields are taken away one by one in tests/scenarios/test_fitting.py.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from sandbox.hubspot.switches import HubSpotSwitches
from syncd.model.errors import NeedsOperator, RetryLater
from syncd.model.fitting import Diagnosis, Finding, Severity, Sunset, Topic
from syncd.model.mapping import Connection, FieldMapping, KindMapping
from syncd.model.remote import AccountIdentity, Health, RemoteSchema
from syncd.model.values import Pair, Side
from syncd.operations.doctor import Account, examine
from syncd.operations.fitting import daemon, needs_of
from syncd.settings.online import check_schema
from tests.fakes import FakeClock
from tests.scenarios.steps import remapped
from tests.worlds import ROOT, Both, charge_as_a_daemon, open_both

ACCOUNTS = Pair(
    Account("hubspot", "v3", "https://api.hubapi.com"), Account("salesforce", "64.0", "https://x.my.salesforce.com")
)


@pytest.fixture
def both() -> Iterator[Both]:
    """Two furnished accounts."""
    opened = open_both()
    yield opened
    opened.store.close()


def _examined(both: Both, *, poll: float = 30, sunsets: tuple[Sunset, ...] = ()) -> Diagnosis:
    def check(kind: KindMapping, schemas: Pair[RemoteSchema]) -> tuple[tuple[object, ...], tuple[str, ...]]:
        _, flaws, notices = check_schema(kind, schemas)
        return flaws, notices

    return examine(both.world, check=check, accounts=ACCOUNTS, sunsets=sunsets, poll=poll)  # type: ignore[arg-type]


def _of(told: Diagnosis, topic: Topic) -> list[Finding]:
    return [finding for finding in told.findings if finding.topic is topic]


def test_a_furnished_account_has_nothing_broken(both: Both) -> None:
    """Whole rights, whole schemas; optional fields that are not there are notices."""
    told = _examined(both)
    assert not [finding for finding in told.findings if finding.severity is Severity.BROKEN], told.findings
    assert not told.unreached
    assert all(finding.severity is Severity.NOTICE for finding in _of(told, Topic.MAPPING))
    (hint,) = _of(told, Topic.SENTINEL)
    assert hint.severity is Severity.NOTICE


def test_fields_of_the_handoff_pack_that_are_not_there_yet(tmp_path: Path) -> None:
    """Nothing is broken: each is named with who makes it, `setup` what syncd computes, a person what people fill."""
    config = tmp_path / "config"
    shutil.copytree(ROOT / "config", config)
    shutil.copytree(config / "optional" / "handoff", config, dirs_exist_ok=True)
    both = open_both(config=config)
    told = _examined(both)
    both.store.close()
    assert {finding.severity for finding in _of(told, Topic.MAPPING)} == {Severity.NOTICE}
    where = {finding.what.split(" ")[0]: finding.where for finding in _of(told, Topic.MAPPING)}
    for name in ("sdr_stage", "cycle", "grade", "grade_reasons", "respond_by", "last_sales_touch", "stage_history"):
        assert where[f"person.{name}"] == "run `syncd setup`, or leave it so"
    for name in ("stage_reason", "origin", "next_step"):
        assert where[f"person.{name}"] == "make it at the vendor, or leave it so"


@pytest.mark.parametrize("side", Side)
def test_a_side_that_cannot_be_asked_makes_no_field_broken(
    tmp_path: Path, side: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Optional fields of the other one are left out or not, which nobody knows by one side: it is said that this side
    was not asked. A field that must be there, and is not, is broken all the same.
    """
    config = tmp_path / "config"
    shutil.copytree(ROOT / "config", config)
    shutil.copytree(config / "optional" / "handoff", config, dirs_exist_ok=True)
    both = open_both(config=config)

    def unreached(*_: object) -> Health:
        raise RetryLater("connection refused")

    monkeypatch.setattr(type(both.world.connectors.of(side)), "check", unreached)
    told = _examined(both)
    assert told.unreached == {side}
    (credentials,) = [each for each in told.findings if each.severity is Severity.BROKEN]
    assert (credentials.side, credentials.topic) == (side, Topic.CREDENTIALS)
    unasked = [each for each in _of(told, Topic.MAPPING) if each.side is side]
    assert [f"the {side} side could not be asked" in each.what for each in unasked] == [True]
    (email,) = [each for kind in both.world.connection.kinds for each in kind.fields if each.name == "email"]
    slots = email.slots.replacing(side.other, dict.fromkeys(email.slots.of(side.other), ("no_such_field",)))
    both.world = replace(both.world, connection=_with(both, replace(email, slots=slots)))
    broken = [each for each in _of(_examined(both), Topic.MAPPING) if each.severity is Severity.BROKEN]
    assert {each.what.partition(" ")[0].partition(".")[2] for each in broken} == {"no_such_field"}
    both.store.close()


def _with(both: Both, mapping: FieldMapping) -> Connection:
    """The connection with one field mapped otherwise."""
    kinds = both.world.connection.kinds
    mapped = [
        replace(kind, fields=tuple(mapping if each.name == mapping.name else each for each in kind.fields))
        for kind in kinds
    ]
    return replace(both.world.connection, kinds=tuple(mapped))


@pytest.mark.parametrize(
    ("seconds", "severity"), [(0, None), (4, None), (40, Severity.RISK), (-40, Severity.RISK), (300, Severity.BROKEN)]
)
def test_a_clock_that_is_off(both: Both, seconds: float, severity: Severity | None) -> None:
    """Which way, by how much, and from two minutes on a login is refused."""
    own = FakeClock(start=both.clock.start + timedelta(seconds=seconds))
    both.world = replace(both.world, clock=own)
    found = _of(_examined(both), Topic.CLOCK)
    assert [finding.severity for finding in found] == ([severity] if severity else [])
    assert all(("ahead" if seconds > 0 else "behind") in finding.what for finding in found)


def test_a_store_that_is_bound_to_another_account(both: Both) -> None:
    """The token leads elsewhere: said here, before a plan is refused for it."""
    own = both.world.connectors.marketing.identity()
    both.store.bind(Side.MARKETING, replace(own, account="1"))
    (found,) = _of(_examined(both), Topic.CREDENTIALS)
    assert (found.side, found.severity) == (Side.MARKETING, Severity.BROKEN)
    assert f"lead to hubspot account {own.account}, but this store is bound to 1" in found.what


def test_an_administrator_of_another_account_is_refused(both: Both) -> None:
    """Nothing is made in an account that is not the daemon's; credentials that do not work yet are only told."""
    own, other = both.world.connectors, open_both(seed=8)
    other.hubspot.account = replace(other.hubspot.account, portal_id=999)
    try:
        assert daemon(own, own, {})[1] == ()
        with pytest.raises(NeedsOperator, match="the administrator's credentials lead to hubspot account 999"):
            daemon(own, Pair(other.world.connectors.marketing, own.crm), {})
        both.hubspot.revoke_token(next(iter(both.hubspot.tokens)))
        user, (trouble,) = daemon(own, Pair(other.world.connectors.marketing, own.crm), {})
        assert user is not None
        assert trouble.startswith("marketing: the daemon's own credentials do not work yet: ")
        bound = {Side.MARKETING: AccountIdentity("hubspot", "4711001")}
        with pytest.raises(NeedsOperator, match="lead to hubspot account 999, the daemon's to 4711001"):
            daemon(own, Pair(other.world.connectors.marketing, own.crm), bound)
    finally:
        other.store.close()


def test_polling_that_spends_the_day(both: Both) -> None:
    """A poll each second is more calls than the org has left for it."""
    both.salesforce.limits.maximum = 100_000
    assert not _of(_examined(both), Topic.QUOTA)
    (found,) = _of(_examined(both, poll=1), Topic.QUOTA)
    assert (found.side, found.where) == (Side.CRM, "raise connections.NAME.poll")


def test_calls_that_are_kept_for_other_programs(both: Both) -> None:
    """Long before all are used what is not urgent waits: the doctor says that, and asks its own few questions."""
    charge_as_a_daemon(both)
    both.salesforce.limits.maximum = 100_000
    both.salesforce.limits.spend(90_000, now=both.clock.now())
    for _ in range(2):  # the second one knows before it asks
        told = _examined(both)
        (found,) = _of(told, Topic.QUOTA)
        assert found.side is Side.CRM
        assert found.breaks.startswith("what is not urgent waits until some are free: the other 9,9")
        assert not told.unreached


@pytest.mark.parametrize(
    ("days", "severity"), [(400, Severity.NOTICE), (100, Severity.RISK), (0, Severity.RISK), (-1, Severity.BROKEN)]
)
def test_days_until_a_version_ends(both: Both, days: int, severity: Severity) -> None:
    """Of the version in use only."""
    today: date = both.clock.now().date()
    ends = today + timedelta(days=days)
    sunsets = tuple(Sunset("hubspot", version, version, ends, "do this") for version in ("v3", "2026-09"))
    (found,) = _of(_examined(both, sunsets=sunsets), Topic.SUNSET)
    assert (found.severity, found.side, found.where) == (severity, Side.MARKETING, "do this")
    assert (f"in {days} days" in found.what) == (days >= 0)


def test_owners_that_the_other_side_does_not_know(both: Both) -> None:
    """Active ones, by address; a notice, since it may be meant so."""
    both.salesforce.add_user(name="Una Lone", email="una@example.com")
    (found,) = [finding for finding in _of(_examined(both), Topic.OWNERS) if finding.side is Side.CRM]
    assert "una@example.com" in found.what


def test_record_types_that_may_not_be_given(both: Both) -> None:
    """An object whose types are all withheld from syncd's user."""
    both.salesforce.add_record_type("Lead", "Partner", available=False)
    (found,) = _of(_examined(both), Topic.RECORD_TYPES)
    assert "Lead: no record type may be given by syncd's user (Partner)" in found.what


def test_what_hubspot_requires_of_a_new_record(tmp_path: Path) -> None:
    """By the account's own rules, where records are made: what nobody writes breaks, what may be empty does not."""
    both = remapped(tmp_path, lambda schema: schema["create"].update(marketing=[{"object": "contacts"}]))
    both.hubspot.require_property("contacts", "fax")
    both.hubspot.require_property("contacts", "jobtitle")
    told = {finding.what: finding.severity for finding in _of(_examined(both), Topic.MAPPING)}
    (broken,) = [what for what in told if "contacts cannot be made without fax" in what]
    assert told[broken] is Severity.BROKEN
    (notice,) = [what for what in told if "contacts.jobtitle is required" in what]
    assert told[notice] is Severity.NOTICE
    both.store.close()


def test_where_scopes_are_not_told_each_is_tried(both: Both) -> None:
    """The answer of a service key may lack them: reads tell, and writes are said to be unknown."""
    both.hubspot.switches = HubSpotSwitches(token_info=False)
    (unknown,) = [finding for finding in _of(_examined(both), Topic.RIGHTS) if finding.side is Side.MARKETING]
    assert unknown.severity is Severity.NOTICE
    assert "crm.objects.contacts.write" in unknown.what
    token = next(iter(both.hubspot.tokens))
    both.hubspot.issue_token(token, [scope for scope in both.hubspot.tokens[token] if "owners" not in scope])
    told = _of(_examined(both), Topic.RIGHTS)
    assert "the token lacks the scope crm.objects.owners.read" in [finding.what for finding in told]


def test_trouble_of_one_side_is_a_finding(both: Both) -> None:
    """And which side it is stands in the answer, for the exit code."""
    both.hubspot.revoke_token(next(iter(both.hubspot.tokens)))
    told = _examined(both)
    assert told.unreached == {Side.MARKETING}
    (found,) = _of(told, Topic.CREDENTIALS)
    assert "401" in found.what
    assert found.breaks.startswith("nothing of this side can be read")


def test_what_the_example_needs(both: Both) -> None:
    """Read and written fields by object; no pseudo-field, no association, keys always."""
    kinds = both.settings.connection.kinds
    marketing, crm = needs_of(kinds, Side.MARKETING), needs_of(kinds, Side.CRM)
    assert set(marketing.objects) == {"contacts", "companies"}
    assert set(crm.objects) == {"Lead", "Contact", "Account"}
    assert marketing.opt_outs
    assert "@unsubscribed" not in marketing.objects["contacts"].read
    assert "Syncd_Marketing_Id__c" in crm.objects["Account"].written
    lead = crm.objects["Lead"]
    assert "OwnerId" in lead.read
    assert "OwnerId" not in lead.written, "owners flow to marketing only, unless told otherwise"
    assert not crm.gives_owners


def test_guarded_fields_without_history_are_named(both: Both) -> None:
    """An admin stops tracking a field that ``confirm`` guards: edits that were overwritten would not be found."""
    assert not [finding for finding in _examined(both).findings if "is not tracked" in finding.what]
    both.salesforce.track_fields("Lead", ["Company", "OwnerId", "Status"])
    (told,) = [finding for finding in _examined(both).findings if "is not tracked" in finding.what]
    assert (told.side, told.severity) == (Side.CRM, Severity.NOTICE)
    assert told.what.startswith("Lead: the history of Email is not tracked")
    assert "Set History Tracking" in told.where


def test_custom_fields_that_a_conversion_may_lose_are_named(both: Both) -> None:
    """The org's mapping cannot be read: which fields it must have is said, and where to look."""
    (told,) = [finding for finding in _examined(both).findings if "a conversion carries" in finding.what]
    assert (told.side, told.severity) == (Side.CRM, Severity.NOTICE)
    assert told.what.endswith("cannot read: Product_Interests__c to Product_Interests__c")
    assert "Map Lead Fields" in told.where
