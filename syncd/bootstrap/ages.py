"""How old the secrets are, and when the network's own authorities run out: for metrics, so that nobody is surprised.

A vendor does not tell when its token ends, and ours are used until they are refused. What can be told is when the file
of a secret was last written: whoever exchanges secrets each quarter sees which one was left out.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from typing import TYPE_CHECKING

from syncd.model.values import Instant

if TYPE_CHECKING:
    from syncd.observe.metrics import Reading
    from syncd.settings.accounts import Loaded


def secret_ages(loaded: Loaded, now: Instant) -> Iterator[Reading]:
    """Seconds since each secret's file was written; one whose file is gone has no age, and is told elsewhere."""
    for secret in loaded.configured():
        if secret.file is not None:
            try:
                written = secret.file.stat().st_mtime
            except OSError:
                continue
            yield "syncd_secret_age_seconds", (secret.name,), max(0.0, now.timestamp() - written)


def certificate_expiry(loaded: Loaded, now: Instant) -> Iterator[Reading]:
    """Days until the first authority of ``http.ca_file`` runs out."""
    files = {each.ca_file for each in loaded.connections.values() if each.ca_file is not None}
    ends: list[float] = []
    for file in files:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            context.load_verify_locations(file)
        except (OSError, ssl.SSLError):
            continue  # every call says so
        ends += [ssl.cert_time_to_seconds(str(each["notAfter"])) for each in context.get_ca_certs()]
    if ends:
        yield "syncd_certificate_expiry_days", (), (min(ends) - now.timestamp()) / 86_400
