"""Seals what the audit holds of a person under a key of that person's own (the link's id).

AES-256-GCM; the nonce is random, and the row's place (connection, link, intent, attempt) is authenticated with it, so
that a sealed value cannot be moved to another row. A sealed value begins with four bytes that name its key: after the
key was destroyed, and even if a new one was made since, older values are known to be unreadable rather than damaged.

The keys stand in the same database: they protect nobody from its administrator. They are there so that forgetting a
person is deleting one short row, while the history of what was written when stays whole.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, delete

from syncd.model.errors import Bug
from syncd.ports.system import Chance
from syncd.store.dialects import insert_new, lots, rows_among, run_many
from syncd.store.tables import person_key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_MARK_BYTES: Final = 4
_KEYS: Final = "SELECT link, key FROM person_key WHERE connection = ? AND link"


@cache
def _aes() -> type[AESGCM]:
    """The cipher, imported when something is sealed for the first time: `syncd status` seals nothing."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - 40 ms that most commands save

    return AESGCM


class Vault:
    """Keys and sealing of one connection. Holds no key longer than a call."""

    def __init__(self, connection: str, chance: Chance) -> None:
        self._connection = connection
        self._chance = chance

    def fresh(self, size: int) -> bytes:
        """Unpredictable bytes for another key of the connection."""
        return self._chance.token(size)

    def keys(self, tx: Connection, links: Sequence[str]) -> dict[str, bytes]:
        """The keys that exist of these links."""
        found: dict[str, bytes] = {}
        for lot in lots(tx, links):
            found.update((link, bytes(key)) for link, key in rows_among(tx, _KEYS, self._connection, lot))
        return found

    def keys_or_new(self, tx: Connection, links: Sequence[str]) -> dict[str, bytes]:
        """The keys of these links; those that have none get one in this transaction."""
        wanted = sorted(set(links))
        found = self.keys(tx, wanted)
        missing = [link for link in wanted if link not in found]
        if missing:
            fresh = self._chance.token(_KEY_BYTES * len(missing))
            rows = [
                {"connection": self._connection, "link": link, "key": fresh[n * _KEY_BYTES : (n + 1) * _KEY_BYTES]}
                for n, link in enumerate(missing)
            ]
            run_many(tx, insert_new(tx, person_key), rows)
            # Read again: on PostgreSQL another writer may have been quicker, and its key is the one that stands.
            found.update(self.keys(tx, missing))
        return found

    def seal(self, keys: Mapping[str, bytes], rows: Sequence[tuple[str, str, int, bytes]]) -> list[bytes]:
        """Seals texts.

        :param rows: link, intent, attempt and plain bytes of each.
        """
        nonces = self._chance.token(_NONCE_BYTES * len(rows))
        cipher = _aes()
        sealed = []
        for n, (link, intent, attempt, plain) in enumerate(rows):
            nonce = nonces[n * _NONCE_BYTES : (n + 1) * _NONCE_BYTES]
            key = keys[link]
            sealed.append(_mark(key) + nonce + cipher(key).encrypt(nonce, plain, self._place(link, intent, attempt)))
        return sealed

    def open(self, key: bytes | None, *, link: str, intent: str, attempt: int, sealed: bytes) -> bytes | None:
        """The plain bytes, or ``None`` if the key they were sealed with is destroyed.

        :raises Bug: if they were sealed with this very key and are not what was sealed.
        """
        if key is None or sealed[:_MARK_BYTES] != _mark(key):
            return None
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - as above

        nonce = sealed[_MARK_BYTES : _MARK_BYTES + _NONCE_BYTES]
        try:
            return _aes()(key).decrypt(nonce, sealed[_MARK_BYTES + _NONCE_BYTES :], self._place(link, intent, attempt))
        except InvalidTag as error:
            raise Bug(
                f"audit of link {link}: attempt {attempt} of intent {intent} was altered after it was written; "
                "compare the store with a backup"
            ) from error

    def forget(self, tx: Connection, link: str) -> bool:
        """Destroys a key; the answer says whether there was one."""
        gone = tx.execute(
            delete(person_key).where(person_key.c.connection == self._connection, person_key.c.link == link)
        )
        return gone.rowcount > 0

    def _place(self, link: str, intent: str, attempt: int) -> bytes:
        return f"{self._connection}\n{link}\n{intent}\n{attempt}".encode()


def _mark(key: bytes) -> bytes:
    """Four bytes that tell keys apart and do not tell the key."""
    return hashlib.blake2b(key, digest_size=_MARK_BYTES, person=b"syncd-key").digest()
