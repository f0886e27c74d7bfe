"""Signatures of webhook requests, and how a receiver tells a genuine request (vendor's page on validating requests).

Version 3 covers method, address, body and time, so that a request cannot be replayed later or elsewhere; version 1
covers the body alone and is still sent too. The address is the one that HubSpot called, with a few escapes undone: a
receiver behind a proxy has to put it together again.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from urllib.parse import unquote

SIGNATURE_V3 = "X-HubSpot-Signature-v3"
SIGNATURE_V1 = "X-HubSpot-Signature"
TIMESTAMP = "X-HubSpot-Request-Timestamp"
#: Milliseconds after which a request is too old to be believed.
OLDEST = 300_000
#: The only escapes that are undone: : / ? @ ! $ ' ( ) * , ;
_UNDONE = re.compile("%(?:3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)", re.IGNORECASE)


def signed_address(url: str) -> str:
    """The address as it is signed; other escapes stay, and so does the question mark that starts the query."""
    return _UNDONE.sub(lambda escape: unquote(escape[0]), url)


def version_3(secret: str, *, method: str, url: str, body: bytes, timestamp: int) -> str:
    """Base64 of the HMAC of a request; ``timestamp`` is epoch milliseconds."""
    content = method.encode() + signed_address(url).encode() + body + str(timestamp).encode()
    return base64.b64encode(hmac.digest(secret.encode(), content, "sha256")).decode()


def version_1(secret: str, body: bytes) -> str:
    """Hexadecimal digest of the secret and the body."""
    return hashlib.sha256(secret.encode() + body).hexdigest()


def headers(secret: str, *, method: str, url: str, body: bytes, at: int) -> dict[str, str]:
    """The headers that prove a request sent at ``at`` (epoch milliseconds), of both versions."""
    return {
        SIGNATURE_V3: version_3(secret, method=method, url=url, body=body, timestamp=at),
        SIGNATURE_V1: version_1(secret, body),
        TIMESTAMP: str(at),
    }


def genuine(given: Mapping[str, str], *, secret: str, method: str, url: str, body: bytes, now: int) -> bool:
    """What the vendor asks of a receiver: a signature of version 3 that fits, and a time not over five minutes ago.

    The names of ``given`` are lower case, as those of a ``HttpRequest``. Compares in constant time.
    """
    stamp = given.get(TIMESTAMP.lower(), "")
    if not (stamp.isascii() and stamp.isdigit()) or now - int(stamp) > OLDEST:
        return False
    right = version_3(secret, method=method, url=url, body=body, timestamp=int(stamp))
    return hmac.compare_digest(right.encode(), given.get(SIGNATURE_V3.lower(), "").encode())
