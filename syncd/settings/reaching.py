"""Both vendors' accounts as the main file's sections name them."""

from __future__ import annotations

from syncd.settings.accounts import HubSpotAccount, SalesforceAccount, Secret, WebhookSettings
from syncd.settings.sections import CrmSection, MarketingSection


def place_of(url: str) -> str:
    """A URL as one place: how it is written does not make it another."""
    return url.strip().rstrip("/").lower()


def hubspot_account(section: MarketingSection, token: Secret, hooks: WebhookSettings | None) -> HubSpotAccount:
    """A portal as its section says."""
    return HubSpotAccount(
        base_url=section.base_url,
        access_token=token,
        api_version=section.api_version,
        per_10_seconds=section.rate.per_10_seconds,
        search_per_second=section.rate.search_per_second,
        daily_calls=section.rate.daily_calls,
        reserve=section.rate.reserve,
        overlap=section.overlap,
        webhooks=hooks,
    )


def salesforce_account(
    section: CrmSection, client_secret: Secret | None, private_key: Secret | None
) -> SalesforceAccount:
    """An org as its section says."""
    return SalesforceAccount(
        login_url=section.login_url,
        flow=section.flow,
        client_id=section.client_id,
        client_secret=client_secret,
        username=section.username,
        private_key=private_key,
        api_version=section.api_version,
        overlap=section.overlap,
        daily_calls=section.daily_calls,
        reserve=section.rate.reserve,
        individuals=section.privacy.individual,
    )
