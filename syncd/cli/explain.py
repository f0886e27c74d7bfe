"""``syncd explain``: why a record or a field is what it is."""

from __future__ import annotations

import typer


def explain(context: typer.Context) -> None:
    """x."""
