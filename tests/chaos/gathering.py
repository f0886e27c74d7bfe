"""Gathers the evidence of a house once it is quiet and all its processes have ended."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any, Final

from pysqlite3 import dbapi2
from sqlalchemy import create_engine, make_url, text

from tests.chaos.evidence import Evidence
from tests.scenarios.processes import Place

ROWS: Final = "SELECT seq, intent, attempt, link, side, ref_id, action, outcome, finished_at FROM audit ORDER BY seq"


def gather(place: Place, told: Evidence, *, since: tuple[int, int], store: str) -> None:
    """Writes into the evidence what the vendors logged since so many calls each, what they hold, and the audit.

    :param store: the address of the store, which nobody has open any more.
    """
    for side, control, number in zip(("marketing", "crm"), (place.hubspot, place.salesforce), since, strict=True):
        told.calls[side] = control.calls(since=number)["lines"]
    contacts, leads = place.hubspot.export()["contacts"], place.salesforce.export()["Lead"]
    told.contacts = {row["id"]: row["properties"] for row in contacts if not row["archived"]}
    told.leads = {row["Id"]: row for row in leads if not row["IsDeleted"]}
    stands = place.run("status", "--json").json["connections"][0]
    told.open_intents = stands["open_intents"]
    told.listed = list(_listed(stands["waiting"]))
    told.verified = place.run("audit", "verify", "--json").json
    told.audit = _rows(store)
    said = place.agreement()
    told.agreement = (said.code, f"{said.out} {said.err}".strip())
    if store.startswith("sqlite"):
        file = Path(make_url(store).database or "")
        for each in (file, file.with_name(f"{file.stem}.jobs.db")):
            told.integrity[each.name] = _integrity(each)


def _listed(waiting: dict[str, list[dict[str, Any]]]) -> list[tuple[str, str, str]]:
    told = []
    for conflict in waiting["conflicts"]:
        told += [(*_side_and_id(ref), conflict["field"] or "*") for ref in conflict["refs"]]
    for parked in waiting["parked"]:
        told.append((parked["side"], parked["ref"].rpartition("/")[2], parked["field"]))
    for held in waiting["held"]:
        told += [(*_side_and_id(ref), held["field"] or "*") for ref in held["refs"]]
    for letter in waiting["dead_letters"]:
        other = "crm" if letter["side"] == "marketing" else "marketing"
        told.append((other, letter["origin"].rpartition("/")[2], "*"))
    return told


def _side_and_id(ref: str) -> tuple[str, str]:
    side, _, record = ref.partition(":")
    return side, record.rpartition("/")[2]


def _rows(store: str) -> list[dict[str, Any]]:
    """The audit, as any database shell shows it."""
    url = make_url(store)
    if url.get_backend_name() == "sqlite":
        with closing(dbapi2.connect(f"file:{url.database}?mode=ro", uri=True)) as file:
            asked = file.execute(ROWS)
            names = [each[0] for each in asked.description]
            return [dict(zip(names, row, strict=True)) for row in asked]
    engine = create_engine(url.set(drivername="postgresql+psycopg"))
    try:
        with engine.connect() as connection:
            return [dict(row) for row in connection.execute(text(ROWS)).mappings()]
    finally:
        engine.dispose()


def _integrity(file: Path) -> str:
    with closing(dbapi2.connect(str(file))) as opened:
        return "\n".join(str(row[0]) for row in opened.execute("PRAGMA integrity_check"))
