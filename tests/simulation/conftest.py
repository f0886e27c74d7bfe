"""Nothing of simulation is for a quick look."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

BELOW = f"{Path(__file__).parent}{os.sep}"
"""How the paths of these tests begin."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of it goes ``beyond`` `make test-fast`."""
    for item in items:
        if str(item.path).startswith(BELOW):
            item.add_marker("beyond")
