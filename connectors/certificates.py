"""Whom a connection trusts, and what a failed handshake means: why a certificate was refused, and if anything was sent.

The public authorities are trusted, and those of one file more where the settings name one; nothing switches the check
off. ``refused_certificate`` puts the library's error into a sentence for whoever must act, ``failed_handshake`` tells
the errors that come before the first byte of a request from those that may come after it.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from typing import Final

from urllib3.exceptions import MaxRetryError
from urllib3.util.ssl_ import create_urllib3_context
from urllib3.util.ssl_match_hostname import CertificateError

from syncd.model.errors import NeedsOperator

_NOT_YET, _EXPIRED, _OTHER_NAME, _OTHER_ADDRESS = 9, 10, 62, 64
"""Codes of OpenSSL (X509_V_ERR_...)."""
_OTHER: Final = (
    "was made out to another host; correct the address in the settings, or look for a proxy that answers in its place"
)
_REASONS: Final = {
    _NOT_YET: "is not valid yet; set this machine's clock right, or ask who runs that host",
    _EXPIRED: "has run out; set this machine's clock right, or ask who runs that host to renew it",
    _OTHER_NAME: _OTHER,
    _OTHER_ADDRESS: _OTHER,
}
_UNKNOWN: Final = (
    "is signed by no authority that is trusted here; if a proxy of your network stands between, name the file of its"
    " authority in http.ca_file, and if not, somebody reads along: call nobody before that is cleared up"
)
_BEFORE_ANY_REQUEST: Final = frozenset(
    {
        "SSLV3_ALERT_HANDSHAKE_FAILURE",
        "TLSV1_ALERT_PROTOCOL_VERSION",
        "TLSV1_ALERT_INSUFFICIENT_SECURITY",
        "TLSV1_UNRECOGNIZED_NAME",
        "NO_PROTOCOLS_AVAILABLE",
        "UNSUPPORTED_PROTOCOL",
        "WRONG_VERSION_NUMBER",
    }
)
"""What OpenSSL calls the failures that only a handshake has."""


def trusting(ca_file: str) -> ssl.SSLContext:
    """TLS that trusts the authorities of a PEM file; requests adds the public ones.

    :raises NeedsOperator: if the file cannot be used any more.
    """
    context: ssl.SSLContext = create_urllib3_context()
    try:
        context.load_verify_locations(ca_file)
    except (OSError, ssl.SSLError) as why:
        raise NeedsOperator(
            f"http.ca_file: {ca_file} holds no certificate in PEM form that can be read ({type(why).__name__}); put it"
            " back, or correct the path"
        ) from why
    return context


def refused_certificate(error: BaseException) -> str | None:
    """Why a certificate was not trusted and what to do, as the end of a sentence about it; ``None`` if none was."""
    for each in _within(error):
        if isinstance(each, ssl.SSLCertVerificationError):
            return _REASONS.get(getattr(each, "verify_code", 0), _UNKNOWN)
        if isinstance(each, CertificateError):
            return _OTHER
    return None


def failed_handshake(error: BaseException) -> str | None:
    """OpenSSL's word for a handshake that failed, so that no request was sent; ``None`` for all else."""
    # An error that was not made by OpenSSL itself has no reason.
    found = (getattr(each, "reason", None) for each in _within(error) if isinstance(each, ssl.SSLError))
    return next((reason for reason in found if reason in _BEFORE_ANY_REQUEST), None)


def _within(error: BaseException | None) -> Iterator[BaseException]:
    """An error of requests, then the errors of urllib3 and of the system that it wraps."""
    while error is not None:
        yield error
        inner = error.reason if isinstance(error, MaxRetryError) else next(iter(error.args), None)
        error = inner if isinstance(inner, BaseException) else None
