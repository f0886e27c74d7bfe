"""The two CSV files of the Olist marketing funnel, read and checked: 8,000 qualified leads and 842 closed deals.

Refuses a folder, a file, a column or a row that is not as expected (``OlistFlaw`` says what and where). The files stay
where they are: the folder is given by the caller and only read.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

LEADS_FILE = "marketing_qualified_leads.csv"
DEALS_FILE = "closed_deals.csv"
LEAD_COLUMNS = ("mql_id", "first_contact_date", "landing_page_id", "origin")
DEAL_COLUMNS = (
    "mql_id", "seller_id", "sdr_id", "sr_id", "won_date", "business_segment", "lead_type", "lead_behaviour_profile",
    "has_company", "has_gtin", "average_stock", "business_type", "declared_product_catalog_size",
    "declared_monthly_revenue",
)  # fmt: skip
Row = Mapping[str, str]


class OlistFlaw(Exception):
    """The folder does not hold the data set; the text says what is wrong where."""


@dataclass(frozen=True, slots=True)
class OlistRows:
    """Both files, by ``mql_id`` in their own order. Every deal is of a lead that is there."""

    leads: Mapping[str, Row]
    deals: Mapping[str, Row]

    def first(self, number: int) -> OlistRows:
        """The first so many leads of the file, and their deals."""
        leads = dict(islice(self.leads.items(), number))
        return OlistRows(leads, {mql: deal for mql, deal in self.deals.items() if mql in leads})


def read_olist(folder: Path) -> OlistRows:
    """Reads both files of a folder. Raises ``OlistFlaw``."""
    if not folder.is_dir():
        raise OlistFlaw(f"{folder} is no folder: give the one that holds {LEADS_FILE} and {DEALS_FILE}")
    leads = _read(folder / LEADS_FILE, columns=LEAD_COLUMNS, moment="first_contact_date")
    deals = _read(folder / DEALS_FILE, columns=DEAL_COLUMNS, moment="won_date")
    unknown = deals.keys() - leads.keys()
    if unknown:
        raise OlistFlaw(f"{folder / DEALS_FILE}: mql_id {min(unknown)} is not in {LEADS_FILE}")
    return OlistRows(leads, deals)


def instant_of(text: str) -> datetime:
    """A date or an instant of the files, which are told in UTC; a date is its first moment."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _read(path: Path, *, columns: tuple[str, ...], moment: str) -> dict[str, dict[str, str]]:
    """The rows of one file by ``mql_id``; the column ``moment`` is checked to be a date or an instant."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise OlistFlaw(f"{path} is missing: the folder must hold {LEADS_FILE} and {DEALS_FILE}") from None
    except (OSError, UnicodeDecodeError) as why:
        raise OlistFlaw(f"{path} cannot be read as UTF-8 text: {why}") from why
    reader = csv.DictReader(text.splitlines())
    missing = [name for name in columns if name not in (reader.fieldnames or ())]
    if missing:
        raise OlistFlaw(f"{path}, line 1: the columns {', '.join(missing)} are missing; expected {', '.join(columns)}")
    rows: dict[str, dict[str, str]] = {}
    for row in reader:
        where = f"{path}, line {reader.line_num}"
        if None in row.values() or None in row:
            raise OlistFlaw(f"{where}: the row has not as many values as there are columns")
        mql = row["mql_id"]
        if not mql or mql in rows:
            raise OlistFlaw(f"{where}: mql_id {mql!r} is empty or stands twice; each row needs its own")
        try:
            instant_of(row[moment])
        except ValueError:
            raise OlistFlaw(
                f"{where}: {moment} is {row[moment]!r}, expected YYYY-MM-DD or YYYY-MM-DD HH:MM:SS"
            ) from None
        rows[mql] = row
    if not rows:
        raise OlistFlaw(f"{path} has no rows")
    return rows
