"""P14 in a simulation: every write is on record before it is sent, every record of one has its ending, the chain holds.

The table is read as it stands in the store, by nothing that wrote it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from syncd.lab.violation import Violation
from syncd.model.values import Side
from syncd.store import SqlStore

RECOVERED: Final = ("recovered: not done", "recovered: done")
"""What a second process noted of a write of one that stood still: it was not there when its time was over, or what it
brings was there already. It may still come: no vendor checks a fencing token; it was on record before."""
_NOTED: Final = "SELECT ref_id FROM audit WHERE side = ? AND outcome IN"


def unrecorded(store: SqlStore, side: Side, records: Iterable[str], *, late: bool) -> Iterator[Violation]:
    """Records ("" for a new one) that are written at this moment though no row of the audit says that they may be.

    :param late: whether the process that writes has stood still while another one went on.
    """
    endings = ("", *(RECOVERED if late else ()))
    asked = f"{_NOTED} ({', '.join('?' * len(endings))})"
    sent = Counter(records)
    with store.engine.connect() as connection:
        noted = Counter(ref or "" for (ref,) in connection.exec_driver_sql(asked, (str(side), *endings)))
    for record in sent - noted:
        yield Violation("P14", f"{side} {record or 'a new record'}", "it was written before the audit said so")


def unsound(store: SqlStore) -> Iterator[Violation]:
    """What is wrong with the audit once it is quiet."""
    verified = store.verify_audit()
    for flaw in verified.flaws:
        yield Violation("P14", "chain", flaw)
    if verified.unfinished or store.open_intents():
        yield Violation("P14", "audit", f"{verified.unfinished} writes have no ending though all of them are over")
