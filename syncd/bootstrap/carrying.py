"""The audit taken out of the store, signed, and proven elsewhere: what the command line asks of the store for it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from syncd.system import SystemChance, SystemClock

if TYPE_CHECKING:
    from syncd.settings.main_file import Outline
    from syncd.store.carried import Carried


def new_key(file: Path) -> tuple[Path, str]:
    """Makes a key to sign with; the file of its public one, and the fingerprint. :raises BadUsage: as ``make_key``."""
    from syncd.store.signing import fingerprint, make_key, public_beside  # noqa: PLC0415 - heavy, see the package

    return public_beside(file), fingerprint(make_key(file, SystemChance()))


def carry_audit(outline: Outline, name: str, folder: Path, key: Path, about: Mapping[str, object]) -> Carried:
    """Writes the audit of a connection, signs it, and reads it again; what it says and whether it is whole.

    :raises BadUsage: as ``carry``, or if the key cannot be used, or there is no store (``NoStore``).
    """
    from syncd.store import find_database  # noqa: PLC0415 - heavy, see the package
    from syncd.store.carried import carry, prove  # noqa: PLC0415 - the same
    from syncd.store.signing import private_of  # noqa: PLC0415 - the same

    private = private_of(key)
    database = find_database(outline.store_url().get_secret_value())
    try:
        carry(database, name, folder, key=private, about=about, now=SystemClock().now)
    finally:
        database.close()
    return prove(folder, private.public_key())


def prove_audit(folder: Path, key: Path, known: str | None) -> Carried:
    """Whether a folder is what was signed; reads no configuration and no store. :raises BadUsage: as ``prove``."""
    from syncd.store.carried import prove  # noqa: PLC0415 - heavy, see the package
    from syncd.store.signing import public_of  # noqa: PLC0415 - the same

    return prove(folder, public_of(key), known)
