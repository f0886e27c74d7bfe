"""Accounts that must not be synced: another portal or org than the store knows, one account in two connections.

Each is refused with exit code 2 before any write: by the files alone where credentials tell it, else by the identity
that the vendor answers, which the store is bound to.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.hubspot.kernel import HubSpotKernel
from sandbox.salesforce.kernel import SalesforceKernel
from syncd.engine.cycle import plan_only, sync
from syncd.engine.world import World
from syncd.model.errors import BadConfig, WrongAccount
from syncd.model.values import Pair, Side
from syncd.store import open_store
from tests.fakes import FakeChance
from tests.scenarios.steps import Steps
from tests.unit.settings.conftest import Folder
from tests.worlds import open_both, open_world

TOKEN = "pat-na1-canary-0000"  # not a secret
TWO = """\
version: 1
connections:
  main:
    marketing: {access_token: pat-na1-canary-0000}
    crm: {login_url: "https://x.my.salesforce.com", client_id: id, client_secret: secret}
  other:
    marketing: {access_token: another}
    crm: {login_url: "https://y.my.salesforce.com", client_id: id, client_secret: secret}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Two connections whose accounts differ."""
    made = Folder(tmp_path)
    made.write("syncd.yaml", TWO)
    return made


def private(folder: Folder, name: str, text: str) -> None:
    """A secret's file that only its owner can read."""
    folder.write(name, text).chmod(0o600)


# -- told by the files -------------------------------------------------------------------------------------------------
def test_two_accounts_are_two_connections(folder: Folder) -> None:
    """The same app in two orgs, and two tokens: nothing is wrong."""
    assert set(folder.load().connections) == {"main", "other"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("access_token: another", f"access_token: {TOKEN}"),
        ("access_token: another", f'access_token: {TOKEN}, base_url: "https://api.hubapi.com/"'),
        ("access_token: another", f'access_token: {TOKEN}, base_url: "https://API.hubapi.com"'),
        ("access_token: another", "access_token_file: one"),
    ],
)
def test_one_token_in_two_connections_is_refused(folder: Folder, old: str, new: str) -> None:
    """Written twice, with the address spelt otherwise, or once in a file: file and line, never the token."""
    private(folder, "one", f"{TOKEN}\n")
    folder.change("syncd.yaml", old, new)
    (flaw,) = folder.flaws()
    assert flaw.startswith("syncd.yaml:7:")
    assert "this is the account of the connection main" in flaw
    assert "an account belongs to one connection" in flaw
    assert TOKEN not in flaw


def test_one_token_in_two_files_is_refused(folder: Folder) -> None:
    """Two files with other names and other ends of line hold the same token."""
    private(folder, "one", TOKEN)
    private(folder, "two", f"{TOKEN}\r\n\n")
    folder.change("syncd.yaml", f"access_token: {TOKEN}", "access_token_file: one")
    folder.change("syncd.yaml", "access_token: another", "access_token_file: two")
    with pytest.raises(BadConfig, match="this is the account of the connection main") as refused:
        folder.load()
    assert refused.value.exit_code == 2
    assert TOKEN not in str(refused.value)


def test_one_token_from_the_environment_is_refused(folder: Folder) -> None:
    """A token that the environment lays over the file counts as what it says."""
    folder.environ["SYNCD_CONNECTIONS__OTHER__MARKETING__ACCESS_TOKEN"] = TOKEN
    (flaw,) = folder.flaws()
    assert "this is the account of the connection main" in flaw
    assert TOKEN not in flaw


@pytest.mark.parametrize("host", ["https://x.my.salesforce.com", "https://X.my.salesforce.com/"])
def test_one_org_in_two_connections_is_refused(folder: Folder, host: str) -> None:
    """The same app of the same login host, however it is spelt."""
    folder.change("syncd.yaml", "https://y.my.salesforce.com", host)
    (flaw,) = folder.flaws()
    assert flaw.startswith("syncd.yaml:8:")
    assert "this is the account of the connection main" in flaw


def test_unreadable_secrets_are_no_account(folder: Folder) -> None:
    """Two files that are not there are told as that, and not as one account."""
    folder.change("syncd.yaml", f"access_token: {TOKEN}", "access_token_file: gone")
    folder.change("syncd.yaml", "access_token: another", "access_token_file: gone-too")
    flaws = folder.flaws()
    assert len(flaws) == 2
    assert all("does not exist" in flaw for flaw in flaws)


# -- told by the vendor ------------------------------------------------------------------------------------------------
@pytest.fixture
def steps(tmp_path: Path) -> Iterator[Steps]:
    """A pair that is linked and in step; the store knows both accounts, and has just seen that they are the ones."""
    both = open_both(f"sqlite:///{tmp_path}/state.db")
    told = Steps(both)
    told.pair()
    yield told
    both.store.close()


def refused(world: World, steps: Steps, *others: HubSpotKernel | SalesforceKernel) -> WrongAccount:
    """The error of a cycle and of a plan, once it is sure that neither of them wrote anything to anybody."""
    before = steps.written()
    for attempt in (plan_only, sync):
        with pytest.raises(WrongAccount) as caught:
            attempt(world)
        assert caught.value.exit_code == 2
        assert steps.written() == before
        assert not [call for kernel in others for call in kernel.calls if call.written or call.created]
    lease = steps.both.store.lease()
    assert lease is None, "nobody has to wait for a lease after it"
    return caught.value


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.fault("F68")
def test_another_portal_or_org_is_refused(steps: Steps, side: Side) -> None:
    """Credentials of another account of the same vendor: both and the connection are named, nothing written."""
    both, others = steps.both, open_both(seed=8)
    others.hubspot.account = replace(others.hubspot.account, portal_id=99)
    kernels: Pair[HubSpotKernel | SalesforceKernel] = Pair(both.hubspot, both.salesforce)
    strangers: Pair[HubSpotKernel | SalesforceKernel] = Pair(others.hubspot, others.salesforce)
    mixed = kernels.replacing(side, strangers.of(side))
    assert isinstance(mixed.marketing, HubSpotKernel)
    assert isinstance(mixed.crm, SalesforceKernel)
    world = open_world(mixed.marketing, mixed.crm, both.clock, both.store, both.settings)
    error = refused(world, steps, others.hubspot, others.salesforce)
    told = both.store.bound()[side].account
    assert f"connection main, {side}" in str(error)
    assert f"bound to {both.store.bound()[side].vendor} account {told}" in str(error)
    assert "correct the credentials, or use another store" in str(error)
    others.store.close()


def test_an_account_of_another_connection_is_refused(steps: Steps, tmp_path: Path) -> None:
    """Two tokens of one portal look like two accounts to the files; the store knows that they are one."""
    both = steps.both
    settings = replace(both.settings, connection=replace(both.settings.connection, name="second"))
    with_name = open_store(f"sqlite:///{tmp_path}/state.db", "second", clock=both.clock, chance=FakeChance(5))
    try:
        world = open_world(both.hubspot, both.salesforce, both.clock, with_name, settings)
        error = refused(world, steps)
        assert "already belongs to connection main" in str(error)
        assert with_name.lease() is None
    finally:
        with_name.close()


def test_the_right_account_goes_on_after_a_refusal(steps: Steps) -> None:
    """A refusal leaves nothing behind: with the right credentials the next cycle delivers."""
    both, others = steps.both, open_both(seed=8)
    others.hubspot.account = replace(others.hubspot.account, portal_id=99)
    refused(open_world(others.hubspot, both.salesforce, both.clock, both.store, both.settings), steps, others.hubspot)
    (contact,) = steps.contacts()
    steps.market(contact, city="Graz")
    steps.cycle()
    (lead,) = steps.live("Lead")
    assert lead["City"] == "Graz"
    others.store.close()
