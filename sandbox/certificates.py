"""A certificate authority of the stand-ins' own, and the certificates that their servers show, good ones and bad ones.

Made anew at every start and kept in memory; only the authority's certificate, which is no secret, is ever written where
it stays. Promises certificates that strict clients take, with key usages, key identifiers and alternative names. The
instant they count from is handed in.
"""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sandbox.faults.connections import EXPIRED, OTHER_HOST, UNKNOWN

CA_FILE = "sandbox-ca.pem"
SOUND = "sound"
_HERE = (x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1")))
_ELSEWHERE = (x509.DNSName("elsewhere.example"),)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Signed:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def pem(self) -> bytes:
        """The certificate, then the key."""
        return self.certificate.public_bytes(serialization.Encoding.PEM) + self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


class Authority:
    """Signs what the stand-ins show. ``pem`` is its certificate, which a caller must trust."""

    def __init__(self, *, now: datetime) -> None:
        own, stranger = _authority("syncd sandbox", now), _authority("nobody known", now)
        self.pem = own.certificate.public_bytes(serialization.Encoding.PEM)
        year = (now - _DAY, now + 365 * _DAY)
        self._contexts: Mapping[str, ssl.SSLContext] = {
            SOUND: _context(_server(own, _HERE, year)),
            EXPIRED: _context(_server(own, _HERE, (now - 90 * _DAY, now - _DAY))),
            OTHER_HOST: _context(_server(own, _ELSEWHERE, year)),
            UNKNOWN: _context(_server(stranger, _HERE, year)),
        }

    def context(self, name: str) -> ssl.SSLContext | None:
        """How a server speaks TLS while this fault hits, or ``SOUND``; ``None`` if it speaks none then."""
        return self._contexts.get(name)

    def write(self, folder: Path) -> Path:
        """Writes the authority's certificate, for callers to trust. Raises ``OSError``."""
        file = folder / CA_FILE
        folder.mkdir(parents=True, exist_ok=True)
        file.write_bytes(self.pem)
        return file


def _authority(name: str, now: datetime) -> _Signed:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _builder(name, name, key, (now - 100 * _DAY, now + 366 * _DAY))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(signs=("key_cert_sign", "crl_sign")), critical=True)
    return _Signed(builder.sign(key, hashes.SHA256()), key)


def _server(by: _Signed, names: tuple[x509.GeneralName, ...], valid: tuple[datetime, datetime]) -> _Signed:
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = by.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
    builder = _builder("stand-in", str(issuer), key, valid)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(signs=("digital_signature",)), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    issuer_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(by.key.public_key())
    return _Signed(builder.add_extension(issuer_id, critical=False).sign(by.key, hashes.SHA256()), key)


def _builder(
    subject: str, issuer: str, key: ec.EllipticCurvePrivateKey, valid: tuple[datetime, datetime]
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(valid[0])
        .not_valid_after(valid[1])
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signs: tuple[str, ...]) -> x509.KeyUsage:
    every = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
        "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{name: name in signs for name in every})


def _context(shown: _Signed) -> ssl.SSLContext:
    """TLS of a server with this certificate; the library reads a key from a file only, which is gone right after."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile(prefix="syncd-sandbox-") as file:  # mode 0600
        file.write(shown.pem())
        file.flush()
        context.load_cert_chain(file.name)
    return context
