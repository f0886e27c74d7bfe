"""What Salesforce's refusals of a whole call mean, by what to do next.

A failed request answers ``[{"errorCode", "message", "fields"}]``, a login ``{"error", "error_description"}``. Both, an
HTML page and an empty body are understood. Refusals of one row are judged in ``outcome``. Facts: REST API guide,
"Status Codes and Error Responses"; limits: "API Request Limits and Allocations".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from connectors.transport import Accept, Again, Answer, Raise, Unauthorized, Verdict
from syncd.model.errors import Bug, NeedsOperator, RetryLater
from syncd.model.values import Instant
from syncd.ports.budget import Rate

MAINTENANCE: Final = "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE"
MAINTENANCE_WAIT: Final = timedelta(minutes=10)
LIMIT_WAIT: Final = timedelta(minutes=15)
"""The vendor documents no Retry-After; its daily limit is a rolling window, so some calls come back within minutes."""
_BUSY_WAIT: Final = timedelta(seconds=5)
LIGHTER: Final = (
    "look for jobs that load the org (Setup > Apex Jobs, Bulk Data Load Jobs), leave formula fields, which are computed"
    " for every row, out of the mapping, and have Salesforce support look at the query"
)
"""What helps against queries that take too long."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """One error of a body; ``extra`` is the whole entry (duplicate rules put their findings beside the message)."""

    code: str
    message: str
    fields: tuple[str, ...]
    extra: Any


HIDDEN: Final = frozenset({"INVALID_FIELD", "MALFORMED_QUERY"})
"""What is said of a query through a lookup that the user may not follow, by orgs and by what imitates one."""


class CallRefused(Bug):
    """The vendor refused a whole call in a way that calling again would not change; surely nothing was executed."""

    def __init__(self, what: str, *, status: int, complaint: Complaint) -> None:
        super().__init__(what)
        self.status = status
        self.complaint = complaint

    @property
    def code(self) -> str:
        """The vendor's error code."""
        return self.complaint.code


class SlowQuery(RetryLater):
    """The vendor gave up on a query that took it too long (``QUERY_TIMEOUT``, "API Request Limits and Allocations").

    Asked again as it is, it would most likely take as long again: whoever can asks for less.
    """


def complaints(body: object) -> tuple[Complaint, ...]:
    """The errors of a body, with either spelling of the code; nothing for a body of another shape."""
    entries = body if isinstance(body, list) else [body]
    return tuple(_complaint(entry) for entry in entries if isinstance(entry, dict))


def _complaint(entry: dict[str, Any]) -> Complaint:
    code = entry.get("statusCode") or entry.get("errorCode") or entry.get("error") or "UNKNOWN"
    message = entry.get("message") or entry.get("error_description") or ""
    fields = entry.get("fields")
    named = tuple(str(one) for one in fields) if isinstance(fields, list) else ()
    return Complaint(str(code), str(message), named, entry)


_RIGHTS: Final = {
    "API_DISABLED_FOR_ORG": "this edition or profile has no API access; in Setup > Permission Sets give the integration"
    " user 'API Enabled'",
    "API_CURRENTLY_DISABLED": "this edition or profile has no API access; in Setup > Permission Sets give the"
    " integration user 'API Enabled'",
    "FUNCTIONALITY_NOT_ENABLED": "a feature this needs is switched off in the org; enable it in Setup or take the"
    " fields that need it out of the mapping",
}
_OF_ONE_ROW: Final = frozenset(
    {
        "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
        "INSUFFICIENT_ACCESS_OR_READONLY",
        "INVALID_FIELD_FOR_INSERT_UPDATE",
    }
)
"""Said with 400 or 403 of the record that is written, never of the user as such: others may well be written."""
_ASK_ADMIN: Final = (
    "give the integration user read and edit rights on the mapped objects and fields (Setup > Permission Sets > syncd)"
)


def judge(status: int, body: object, *, rate: Rate, now: Instant) -> Verdict:
    """What to do after an answer of this status and (parsed) body, of a call or of a subrequest of a Composite."""
    if status < 300 or status == 304:
        return Accept()
    found = complaints(body)
    first = found[0] if found else Complaint("UNKNOWN", "no error in words", (), None)
    words = f"Salesforce answers {status} {first.code}"  # its message may quote people's values
    if first.code == MAINTENANCE:
        text = f"{words}: the org is read-only for maintenance; reads go on, writes wait"
        return Raise(RetryLater(text, after=MAINTENANCE_WAIT, sent=False))
    if first.code == "REQUEST_LIMIT_EXCEEDED":
        if "concurrent" in first.message.lower():
            return Again(f"{words}: too many long calls at once", after=_BUSY_WAIT, executed=False)
        text = f"{words}: the org's calls of 24 hours are used up, by all its integrations together"
        return Again(text, after=LIMIT_WAIT, spent=rate, until=now + LIMIT_WAIT, executed=False)
    if first.code == "UNABLE_TO_LOCK_ROW":
        return Again(f"{words}: rows are locked by somebody else", executed=False)
    if first.code == "QUERY_TIMEOUT":
        text = f"{words}: the query took too long; it is asked again later, and if it stays so, {LIGHTER}"
        return Raise(SlowQuery(text, sent=False))
    if status == 401:
        return Raise(Unauthorized(f"{words}: the session is not accepted"))
    if status == 403 and first.code not in _OF_ONE_ROW:
        return Raise(NeedsOperator(f"{words}: {_RIGHTS.get(first.code, _ASK_ADMIN)}"))
    if status in (408, 420, 429) or status >= 500:
        return Again(words, executed=status != 429)  # whoever counts calls looks at none that is one too many
    if not found and status not in (300, 412):
        return Again(f"something before Salesforce answers {status} without its words")
    return Raise(_refused(status, words, first))


def _refused(status: int, words: str, first: Complaint) -> CallRefused:
    """The refusal of a call that was surely not carried out.

    300 and 412 speak for themselves: the one lists records, the other answers a condition ("Conditional Requests"), and
    no body is promised for it.
    """
    advice = "the request is wrong for this org or API version; compare the mapping with `syncd check`, or report it"
    if status == 300:
        first = Complaint("SEVERAL_RECORDS", "several records hold this external id", (), None)
        advice = "several records hold one external id, which must be unique; nothing was written"
    elif status == 403:
        advice = _ASK_ADMIN
    elif status == 412:
        advice = "the record was changed since it was read; it is read and decided on anew"
    return CallRefused(f"{words}: {advice}", status=status, complaint=first)


def classifier(rate: Rate, now: Callable[[], Instant]) -> Callable[[Answer], Verdict]:
    """The judge of whole calls, for ``Transport``."""

    def classify(answer: Answer) -> Verdict:
        body = None if answer.status < 300 else answer.detail()
        return judge(answer.status, body, rate=rate, now=now())

    return classify


_APP: Final = "Setup > External Client App Manager > your app"
_OAUTH: Final = (
    # (error, part of the description, what it means and where to click); the first that fits is used
    (
        "invalid_client",
        "installed",
        "the app is not installed in this org; in Setup > External Client App Manager install it, or make a local one",
    ),
    (
        "oauth_ec_app_not_found",
        "",
        (
            "the app is not known to this org: it was deleted, or login_url leads to another org; compare login_url"
            " with Setup > My Domain, and the client id with Setup > External Client App Manager"
        ),
    ),
    (
        "invalid_client_id",
        "",
        f"no app has this client id; copy the Consumer Key from {_APP} > Settings > OAuth Settings",
    ),
    (
        "invalid_client",
        "",
        f"the client id or secret is wrong; copy Consumer Key and Secret again from {_APP} > Settings > OAuth Settings",
    ),
    (
        "invalid_grant",
        "no client credentials user",
        f"the app has no run-as user; choose one in {_APP} > Policies > OAuth Flows > Client Credentials Flow",
    ),
    (
        "invalid_grant",
        "approved this consumer",
        (
            f"the user is not admitted to the app; in {_APP} > Policies > OAuth Policies set Permitted Users to"
            " 'Admin approved users are pre-authorized' and add the user's permission set"
        ),
    ),
    (
        "invalid_grant",
        "ip restricted",
        (
            f"this address may not log in; relax IP restrictions in {_APP} > Policies, or add it to the user's profile"
            " (Setup > Profiles > Login IP Ranges)"
        ),
    ),
    (
        "invalid_grant",
        "inactive",
        "the integration user is frozen or inactive; activate it in Setup > Users",
    ),
    (
        "invalid_grant",
        "audience",
        (
            "the JWT's audience is not this org's login host; set login_url (or audience) to https://login.salesforce.com,"
            " or https://test.salesforce.com for a sandbox"
        ),
    ),
    (
        "invalid_grant",
        "assertion",
        (
            f"the JWT was not accepted: upload the certificate of this private key in {_APP} > Settings > OAuth"
            " Settings > Use Digital Signatures, and check its expiry and this machine's clock"
        ),
    ),
    (
        "invalid_app_access",
        "",
        f"the user is not admitted to the app; add its permission set in {_APP} > Policies > App Policies",
    ),
    (
        "unsupported_grant_type",
        "",
        (
            f"the flow is off or not offered on this host; use your My Domain as login_url and enable the flow in"
            f" {_APP} > Settings > OAuth Settings > Flow Enablement"
        ),
    ),
    ("invalid_request", "", f"the request was not accepted; compare login_url and flow with {_APP} > Settings"),
    ("unauthorized_client", "", f"the app may not use this flow; enable it in {_APP} > Settings > Flow Enablement"),
    ("inactive_org", "", "the org is locked, closed or suspended; ask Salesforce support"),
    (
        "invalid_grant",
        "",
        f"the login was refused; Setup > Login History says why, and {_APP} > Policies says who may log in",
    ),
)


def classify_login(answer: Answer) -> Verdict:
    """The judge of answers of ``/services/oauth2/token``: each refusal is one sentence with the place to click."""
    if answer.status < 300:
        return Accept()
    first = next(iter(complaints(answer.detail())), None)
    error = first.code if first else "UNKNOWN"
    description = first.message if first else ""
    if answer.status >= 500 or answer.status in (408, 420, 429) or "login rate exceeded" in description.lower():
        return Again(f"Salesforce's login answers {answer.status}", executed=False)
    for code, part, advice in _OAUTH:
        if error.lower() == code and part in description.lower():
            return Raise(
                NeedsOperator(f"Salesforce refuses the login ({error}: {description or 'no reason'}): {advice}")
            )
    return Raise(
        NeedsOperator(
            f"Salesforce refuses the login ({answer.status} {error}): check login_url, which should be"
            " https://YOUR-DOMAIN.my.salesforce.com, and Setup > Login History"
        )
    )
