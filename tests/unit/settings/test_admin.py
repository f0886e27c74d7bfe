"""An administrator's credentials take the daemon's place for one command, whole or not at all."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from syncd.bootstrap import read_only_fields
from syncd.model.errors import BadUsage
from syncd.settings.accounts import Admin, ConnectionSettings, Secret
from syncd.settings.loading import load
from tests.worlds import ROOT, config_environment


@pytest.fixture
def settings() -> ConnectionSettings:
    """The example's connection."""
    return load(ROOT / "config", config_environment(), read_only=read_only_fields()).connection(None)


def _secret(name: str) -> Secret:
    return Secret(name, value=SecretStr("x"))


def test_nothing_given_keeps_the_daemons_own(settings: ConnectionSettings) -> None:
    """Both sides."""
    assert Admin().in_place_of(settings) == settings


def test_a_token_takes_the_place_of_the_daemons(settings: ConnectionSettings) -> None:
    """Of HubSpot alone."""
    token = _secret("--marketing-token-file")
    told = Admin(token=token).in_place_of(settings)
    assert told.marketing.access_token is token
    assert told.crm == settings.crm


def test_both_flows_of_the_crm(settings: ConnectionSettings) -> None:
    """A secret means client credentials, a user and a key mean JWT bearer, whatever flow the daemon uses."""
    secret, key = _secret("--crm-client-secret-file"), _secret("--crm-key-file")
    told = Admin(client_id="a", client_secret=secret).in_place_of(settings).crm
    assert (told.flow, told.client_id, told.client_secret) == ("client_credentials", "a", secret)
    told = Admin(client_id="a", username="admin@example.com", private_key=key).in_place_of(settings).crm
    assert (told.flow, told.username, told.private_key) == ("jwt_bearer", "admin@example.com", key)


@pytest.mark.parametrize(
    "half",
    [
        Admin(client_id="a"),
        Admin(username="b"),
        Admin(client_secret=_secret("c")),
        Admin(client_id="a", username="b"),
        Admin(username="b", private_key=_secret("d")),
    ],
)
def test_half_a_login_is_refused(settings: ConnectionSettings, half: Admin) -> None:
    """With the options that belong together."""
    with pytest.raises(BadUsage, match="--crm-client-secret-file, or with --crm-username and --crm-key-file"):
        half.in_place_of(settings)
