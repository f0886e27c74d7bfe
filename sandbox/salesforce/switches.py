"""Facts about the vendor that are uncertain: one switch each, so that a client can be tried against both answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(slots=True)
class SalesforceSwitches:
    """Every default is what is believed of the vendor today; each may be changed while the stand-in runs."""

    session_seconds: float = 7200.0
    """How long a session lives without a call; every call renews it."""
    lowercases_email: bool = True
    """Values of type email are stored in lower case."""
    trims_strings: bool = True
    """Blanks at both ends of a text are cut, and an empty text is stored as null."""
    orders_multipicklist: bool = False
    """Values of a multipicklist are stored in the order of the picklist instead of the order written."""
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
    """``/updated`` and ``/deleted`` cut the seconds of start and end."""
