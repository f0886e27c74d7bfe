"""What becomes of new connections: certificates that prove nothing, handshakes that fail, names and ways that are gone.

No request is ever sent over such a connection, and nothing is carried out. A server that speaks TLS plays certificates
and handshakes itself and ends the connections that stand, so that new ones follow; one that speaks plain HTTP hangs up
instead. Names and ways lie before any server: only an adapter in process plays them, as the library would tell them.
"""

from __future__ import annotations

from sandbox.faults.entry import Entry, Site
from sandbox.kernel import Fault

EXPIRED, OTHER_HOST, UNKNOWN = "certificate-expired", "certificate-other-host", "certificate-unknown"
REFUSED, UNRESOLVED, UNREACHABLE = "tls-refused", "name-unresolved", "unreachable"


def _connection(site: Site) -> Fault:
    return Fault(site.name, lambda _: False, when="connect")


def _entry(name: str, what: str) -> Entry:
    return Entry(
        name=name,
        number="F14",
        what=what,
        hits="new connections",
        answers={"hubspot": _connection, "salesforce": _connection},
    )


ENTRIES = (
    _entry(EXPIRED, "The vendor shows a certificate that has run out."),
    _entry(OTHER_HOST, "The vendor shows a certificate that was made out to another host."),
    _entry(UNKNOWN, "The vendor shows a certificate that nobody known has signed, as a proxy that reads along does."),
    _entry(REFUSED, "The vendor and the caller agree on no TLS: the handshake ends with an alert."),
    _entry(UNRESOLVED, "The vendor's name is not found (a server hangs up instead)."),
    _entry(UNREACHABLE, "Nobody answers at the vendor's address, not even with a refusal (a server hangs up instead)."),
)
