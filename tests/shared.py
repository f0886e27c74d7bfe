"""The folder of material that is not part of the project: contracts and recorded traffic of the vendors.

``SYNCD_SHARED`` names it; without that it is looked for beside the project. Where it exists, whatever a test needs of
it must be there too: only a machine without the folder skips.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_GIVEN = os.environ.get("SYNCD_SHARED")
SHARED = Path(_GIVEN) if _GIVEN else Path(__file__).resolve().parents[2] / "shared"
HERE = SHARED.is_dir()
"""Whether this machine has the folder."""


def shared(part: str) -> Path:
    """A folder or file of the shared material; skips the test where there is none at all."""
    if not HERE and not _GIVEN:
        pytest.skip(f"no shared material: {SHARED} does not exist; name it by SYNCD_SHARED")
    path = SHARED / part
    assert path.exists(), f"{path} is missing although SYNCD_SHARED is given or {SHARED} exists"
    return path
