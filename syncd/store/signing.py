"""Keys that sign what is taken out of the store: Ed25519, in PEM files, the private one for its owner alone.

What is signed is read by others, who have the public key from elsewhere: the signature is as good as the way on which
that came. The signature is the bare 64 bytes of RFC 8032, so that no syncd is needed to look at it::

    openssl pkeyutl -verify -pubin -inkey KEY.pub -rawin -in manifest.json -sigfile manifest.sig
"""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from syncd.model.errors import BadUsage
from syncd.ports.system import Chance

PUBLIC: Final = ".pub"
"""What the name of the public key's file ends with."""
_SIZE: Final = 32
_LARGEST: Final = 16_384
"""Bytes of a file that may be a key."""


def make_key(file: Path, chance: Chance) -> Ed25519PublicKey:
    """Writes a new private key, and its public one beside it.

    :raises BadUsage: if one of the two is there already, or cannot be written.
    """
    private = Ed25519PrivateKey.from_private_bytes(chance.token(_SIZE))
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    told = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    beside = public_beside(file)
    if beside.exists():
        raise BadUsage(f"{beside} is there already; name another file, so that no key of yours is overwritten")
    for path, content, mode in ((file, pem, 0o600), (beside, told, 0o644)):
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as out:
                out.write(content)
        except FileExistsError:
            raise BadUsage(
                f"{path} is there already; name another file, so that no key of yours is overwritten"
            ) from None
        except OSError as why:
            raise BadUsage(f"{path} cannot be written ({why.strerror}); name a file of yours") from why
    return private.public_key()


def public_beside(file: Path) -> Path:
    """The file of the public key that belongs to a private one."""
    return file.with_name(file.name + PUBLIC)


def private_of(file: Path) -> Ed25519PrivateKey:
    """A private key from its file.

    :raises BadUsage: if it is none, or anybody but its owner may do anything with its file.
    """
    try:
        with file.open("rb") as opened:
            mode = os.fstat(opened.fileno()).st_mode
            pem = opened.read(_LARGEST)
    except OSError as why:
        raise BadUsage(f"{file} cannot be read ({why.strerror}); `syncd audit key {file}` makes a key") from why
    if not stat.S_ISREG(mode) or mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise BadUsage(f"{file} is open to others than its owner, who could sign in your name; chmod 600 {file}")
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as why:  # TypeError: it wants a password
        raise BadUsage(f"{file} holds no private key in PEM without a password; `syncd audit key` makes one") from why
    if not isinstance(key, Ed25519PrivateKey):
        raise BadUsage(f"{file} holds a key of another sort; Ed25519 is wanted, as `syncd audit key` makes it")
    return key


def public_of(file: Path) -> Ed25519PublicKey:
    """A public key from its file.

    :raises BadUsage: if it is none.
    """
    try:
        with file.open("rb") as opened:
            pem = opened.read(_LARGEST)
    except OSError as why:
        raise BadUsage(f"{file} cannot be read ({why.strerror}); name the public key's file") from why
    try:
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as why:
        raise BadUsage(f"{file} holds no public key in PEM; it is the file whose name ends with {PUBLIC}") from why
    if not isinstance(key, Ed25519PublicKey):
        raise BadUsage(f"{file} holds a key of another sort; Ed25519 is wanted, as `syncd audit key` makes it")
    return key


def fingerprint(key: Ed25519PublicKey) -> str:
    """What two people compare to know that they have the same key: SHA-256 (hex) of its 32 bytes."""
    return hashlib.sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()


def signed_by(key: Ed25519PublicKey, content: bytes, signature: bytes) -> bool:
    """Whether this content was signed with the private key that belongs to this one."""
    try:
        key.verify(signature, content)
    except InvalidSignature:
        return False
    return True
