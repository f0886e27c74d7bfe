"""Facts about the vendor that are uncertain: one switch each, so that a client can be tried against both answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(slots=True)
class SalesforceSwitches:
    """Every default is what is believed of the vendor today; each may be changed while the stand-in runs."""

    session_seconds: float = 7200.0
    """How long a session lives without a call; every call renews it."""
    sessions_valid_for_rest: bool = True
    """Off, every session is refused as not meant for the REST API, which no new login cures. No doubt about the vendor:
    it depends on how the org is set up."""
    token_error_describes: bool = True
    """A refusal of the token endpoint says why; the vendor leaves the description out at times."""
    call_seconds: float = 0.0
    """How long every call takes: from 20 seconds on it counts toward the concurrent ones, after 600 it is cut off."""
    slow_query_rows: int = 0
    """A query that finds more rows than this times out; 0: none does."""
    requires_conditions: bool = False
    """A single update without a condition is refused with 428."""
    lowercases_email: bool = True
    """Values of type email are stored in lower case."""
    trims_strings: bool = True
    """Blanks at both ends of a text are cut, and an empty text is stored as null."""
    orders_multipicklist: bool = False
    """Values of a multipicklist are stored in the order of the picklist instead of the order written."""
    dependent_picklists_bind: bool = True
    """A write of a restricted dependent picklist is refused where the controlling value does not allow it. Users report
    so; the vendor's help says that imports disregard field dependencies, and off, they do."""
    multipicklist_order_matters: bool = True
    """``=`` compares a multipicklist as a whole text; otherwise as a set of values."""
    unknown_field_fails_request: bool = True
    """An unknown field of one row fails the whole collection, not only the row."""
    duplicates_in_list: Literal["all", "later"] = "all"
    """Which rows fail when one id or external id stands twice in a list."""
    failed_rows_carry_id: bool = False
    """A failed row of an update or delete names its id."""
    refuses_key_in_upsert_body: bool = True
    """The external id of the path must not be repeated in the body of a single upsert."""
    upsert_answers_body_since: int = 46
    """From this API version on, an upsert that updates answers 200 with a body, before it 204."""
    accepts_converted_status: bool = True
    """A Lead may be given a converted status without being converted (the picklist is only advisory)."""
    smallest_page: int = 200
    """A smaller ``batchSize`` is raised to this."""
    largest_page: int = 2000
    """A larger ``batchSize`` is lowered to this; the vendor may at any time answer fewer rows than asked for."""
    keyset_filters: bool = True
    """``stamp > t OR (stamp = t AND Id > x)`` is answered; otherwise it times out as not selective."""
    ids_compare_exactly: bool = True
    """Ids are less or greater by their characters, upper case before lower; otherwise without regard to case."""
    restores_id_case: bool = True
    """An id of 18 characters whose case was lost is known by its checksum; otherwise it is no id of anything."""
    recalculation_moves_stamp: bool = True
    """SystemModstamp moves with recalculations that change no visible field."""
    deleted_names_merge_losers: bool = True
    """``/deleted`` has the losers of merges too."""
    purged_log_refuses: bool = False
    """``/deleted`` refuses a window that begins before what its log still has, as the page on ``getDeleted()`` says
    where the recycle bin was emptied; otherwise ``earliestDateAvailable`` alone tells of it."""
    largest_retrieve: int = 2000
    """How many rows one batch read by id takes."""
    describes_unknown_types: bool = False
    """A describe has fields of a type that no documentation lists."""
    describe_hides_unreadable: bool = True
    """A field that may not be read is not in the describe; otherwise it is there as one that cannot be written."""
    history_days: int = 730
    """How long field history is kept: 18 to 24 months; 0: for ever."""
    task_archive_days: int = 365
    """After how many days past its due date a completed task is found by queryAll only; 0: never."""
    members_follow_conversion: bool = True
    """The campaign memberships of a converted Lead become the Contact's."""
    cursor_rereads_rows: bool = True
    """Later pages of a query show the values of the time they are fetched, not of the time of the query."""
    cursor_seconds: float = 172_800.0
    """How long a query cursor lives."""
    composite_inherits_headers: bool = True
    """Sforce headers of the outer Composite call also hold for its subrequests."""
    composite_conditionals: bool = True
    """``If-Unmodified-Since`` in the ``httpHeaders`` of a subrequest is honoured."""
    conditional_writes: bool = True
    """``If-Unmodified-Since`` of a single row update is honoured at all."""
    maintenance_status: int = 400
    """HTTP status of a single write during read-only maintenance."""
    owner_history_twice: bool = True
    """A change of owner writes two history rows, one with names and one with ids."""
    merge_touches_children: bool = True
    """Contacts that a merge of accounts moves get a new stamp."""
    offers_ui_api: bool = True
    """The user interface API answers; an integration user's licence may not include it."""
    updated_ignores_seconds: bool = True
    """``/updated`` and ``/deleted`` cut the seconds of start and end."""
    enforces_rights: bool = False
    """The union of a user's permission sets decides what its sessions see and write. No doubt about the vendor, who
    always does: off, the stand-in needs no setting up; a bare org begins with it on."""
    setup_needs_view_setup: bool = True
    """PermissionSet, ObjectPermissions and FieldPermissions exist only for users with View Setup and Configuration, and
    of PermissionSetAssignment others see their own rows (documented as special access rules since API 49)."""
    api_disabled_code: Literal["API_DISABLED_FOR_ORG", "API_CURRENTLY_DISABLED"] = "API_DISABLED_FOR_ORG"
    """What a user without API Enabled is told: the first is what REST clients report, the second is the SOAP API's."""
    create_refused_code: Literal["CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "INSUFFICIENT_ACCESS_OR_READONLY"] = (
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"
    )
    """A create without the right to create: the first is what users of the REST API report."""
    unpermissionable_field_code: Literal["INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "FIELD_INTEGRITY_EXCEPTION"] = (
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    )
    """A FieldPermissions row for a field that takes none: users report ``Field Name: bad value for restricted picklist
    field``, since Field is a picklist of the fields that do."""
    address_parts_take_permissions: bool = False
    """``Lead.City`` may stand in FieldPermissions; otherwise only the compound ``Lead.Address`` may, for all parts."""
    children_depend_on_account: bool = True
    """Rights to Contact and Opportunity need the same right to see Account, as their dependency messages say."""
    roles_stamp_opportunities: bool = False
    """A contact role that becomes primary moves the stamps of its Opportunity, too; otherwise its own alone."""
    activities_stamp_people: bool = False
    """An activity that shows as a Lead's or Contact's last one moves their stamps, too; otherwise its own alone."""
    bulk_queue_seconds: float = 2.0
    """How long a Bulk job stays queued. No doubt about the vendor, who gives no promise: it is the stand-in's pace."""
    bulk_batch_seconds: float = 2.0
    """How long each batch of a Bulk job takes."""
    bulk_polls: int = 0
    """After so many looks at a Bulk job its present step is over, however little time has passed; 0: only time
    counts."""
    bulk_na_clears: bool = True
    """A cell ``#N/A`` of a Bulk upload sets null; otherwise it is a text like any other. An empty cell never does."""
    bulk_calls_count: bool = True
    """Calls about Bulk jobs count toward the daily total, as no page of the vendor says they do not."""
