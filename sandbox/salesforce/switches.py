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
    """``/updated`` and ``/deleted`` cut the seconds of start and end."""
