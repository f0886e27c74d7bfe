"""Everything about HubSpot that its documents leave open, as switches.

Each switch is one fact marked uncertain in what is known of the vendor. The default is the likelier reading; a client
is only safe if it holds under both positions. Documented facts are not here: they are code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSpotSwitches:
    """How the stand-in behaves where the vendor is not explicit."""

    #: Seconds between a write and the moment search shows it, drawn per write. Recorded: 0 to 3 s; no bound is given.
    index_lag: tuple[float, float] = (0.0, 3.0)
    #: E-mail addresses are stored in lower case.
    lowercase_email: bool = True
    #: A move of ``lifecyclestage`` backward by API: reported both as success without change and as an error.
    stage_regression: Literal["silent", "error"] = "silent"
    #: ``null`` as a property value; the documented way to clear is ``""``.
    null_property: Literal["ignored", "clears"] = "ignored"
    #: Creating a contact with a secondary address of another contact is a conflict.
    secondary_email_conflicts: bool = True
    #: Status of a clash of a custom unique value.
    unique_conflict_status: Literal[400, 409] = 400
    #: Unique values that differ only in case are the same.
    unique_ignores_case: bool = False
    #: The same id twice in one batch of updates or upserts fails the batch.
    batch_duplicates_fail: bool = True
    #: All inputs of one upsert must name the same ``idProperty``.
    upsert_one_id_property: bool = True
    #: Trace ids split a failing batch into rows for updates and upserts too (documented for creates).
    trace_ids_split_updates: bool = True
    #: Batch read resolves the old ids of merged records, as a single read does.
    batch_read_resolves_merged: bool = True
    #: Property history is newest first.
    history_newest_first: bool = True
    #: ``sourceType`` of what an app writes.
    api_source_type: Literal["INTEGRATION", "API"] = "INTEGRATION"
    #: Search filters on dates take ISO text beside epoch milliseconds.
    iso_date_filters: bool = True
    #: ``NEQ`` and ``NOT_IN`` match records without a value.
    negation_matches_empty: bool = False
    #: A 429 answer uses up the daily quota.
    refused_calls_count: bool = False
    #: Search calls use up the daily quota.
    search_counts_daily: bool = True
    #: Search answers carry the two daily headers (seen in 2022), never the ten-second ones.
    search_daily_headers: bool = False
    #: A missing record answers with only a message, without ``category``.
    bare_not_found: bool = True
    #: An address erased for privacy cannot be created again.
    erased_address_blocked: bool = False
    #: The first company associated with a contact becomes its primary company.
    first_company_is_primary: bool = True
    #: Batch read of associations names records that have none as errors (207) instead of leaving them out (200).
    missing_associations_are_errors: bool = True
    #: Contacts made by this app become marketing contacts, which are billed per tier (a setting of the account).
    app_contacts_are_marketing: bool = False
    #: ``POST /oauth/v2/private-apps/get/access-token-info`` answers. Documented for private apps, not for service keys;
    #: where it is off the path is 404.
    token_info: bool = True
    #: Seconds after which a new contact gets a company of its address's domain, made if there is none; ``None``: never
    #: (a setting of the account, "create and associate companies with contacts"; freemail addresses get none).
    automatic_companies: float | None = None
