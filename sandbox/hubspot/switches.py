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
    #: A page of a list or a search holds no more rows than this, however many were asked for: "limit" is a maximum.
    largest_page: int = 200
    #: Search finds and sorts by its index, but shows what the records hold by then.
    search_shows_latest: bool = False
    #: Search goes on showing what was merged into another record, under its old id and with its last values.
    merged_losers_in_search: bool = False
    #: E-mail addresses are stored in lower case.
    lowercase_email: bool = True
    #: Two companies cannot have one domain.
    unique_company_domain: bool = False
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
    #: Batch read names what it did not find as errors (207) instead of answering fewer rows (200).
    batch_read_names_missing: bool = True
    #: Batch update names what it did not find as errors (207), if every input has a trace id, instead of skipping it.
    batch_update_names_missing: bool = False
    #: Property history is newest first.
    history_newest_first: bool = True
    #: ``sourceType`` of what an app writes.
    api_source_type: Literal["INTEGRATION", "API"] = "INTEGRATION"
    #: ``sourceId`` of what the vendor's own Salesforce connector writes; both were seen, in accounts of one year.
    native_source_id: Literal["", "Salesforce Connector"] = ""
    #: That connector notes on each record when it last looked at it (``salesforcelastsynctime``): seen, not documented.
    native_notes_time: bool = True
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
    #: ``category`` of the 401 of an OAuth token that is older than half an hour.
    expired_token_category: Literal["EXPIRED_AUTHENTICATION", "INVALID_AUTHENTICATION"] = "EXPIRED_AUTHENTICATION"
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
    #: A deal moves the stage of its contacts and companies: to opportunity, and to customer when it is won (a setting
    #: of the account, "sync lifecycle stages").
    deals_move_stages: bool = True
    #: ``POST /oauth/v2/private-apps/get/access-token-info`` answers. Documented for private apps, not for service keys;
    #: where it is off the path is 404.
    token_info: bool = True
    #: Seconds after which a new contact gets a company of its address's domain, made if there is none; ``None``: never
    #: (a setting of the account, "create and associate companies with contacts"; freemail addresses get none).
    automatic_companies: float | None = None
    #: Creating a record is told to webhooks as a change of each subscribed property that it began with, too.
    webhook_tells_first_values: bool = True
    #: Seconds for which webhook settings and subscriptions are kept before they are read anew; documented: up to 300.
    webhook_settings_cached: float = 300.0
    #: Share of webhook events that are never sent: webhooks are no complete log.
    webhook_losses: float = 0.0
    #: Share of webhook requests that are sent twice.
    webhook_repeats: float = 0.0
    #: Share of webhook events that carry the id of the event before.
    webhook_repeated_ids: float = 0.0
    #: Webhook events and requests leave in any order.
    webhook_shuffled: bool = False
