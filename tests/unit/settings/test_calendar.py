"""The vendor calendar: whole, and about versions that can be configured."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import get_args

import pytest

from syncd.bootstrap import read_config
from syncd.model.values import Side
from syncd.settings.calendar import ends, sunsets
from syncd.settings.sections import MarketingSection

EXAMPLE = Path(__file__).resolve().parents[3] / "config"
SECRETS = {
    "SYNCD_CONNECTIONS__MAIN__MARKETING__ACCESS_TOKEN": "t",
    "SYNCD_CONNECTIONS__MAIN__CRM__LOGIN_URL": "https://example.my.salesforce.com",
    "SYNCD_CONNECTIONS__MAIN__CRM__CLIENT_ID": "c",
    "SYNCD_CONNECTIONS__MAIN__CRM__CLIENT_SECRET": "s",
}


@pytest.mark.fact("defaults 6.9")
def test_every_version_that_can_be_configured_has_an_end() -> None:
    """So that nobody is surprised: HubSpot says of each when it ends."""
    known = {sunset.version: sunset for sunset in sunsets() if sunset.vendor == "hubspot"}
    assert set(get_args(MarketingSection.model_fields["api_version"].annotation)) == set(known)
    assert known["v3"].ends == date(2027, 3, 30)
    assert all(sunset.advice and sunset.what for sunset in sunsets())


def test_the_version_in_use_is_looked_up() -> None:
    """The configured one, and nothing for a vendor that announced nothing."""
    version = {"SYNCD_CONNECTIONS__MAIN__MARKETING__API_VERSION": "v3"}
    loaded = read_config(EXAMPLE, {**SECRETS, **version})
    assert ends(loaded.connection("main")) == {Side.MARKETING: date(2027, 3, 30)}
