"""What several sections share: names that a person chooses, and secrets that are given once."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

from syncd.settings.validate import Section


def _name(value: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", value):
        raise ValueError(f"the name {value!r} cannot be used; lower case letters, digits and single underscores only")
    return value


Name = Annotated[str, AfterValidator(_name)]


def one_of(section: Section, name: str) -> None:
    """A secret is given once: as a value or as a file."""
    if getattr(section, name) is not None and getattr(section, f"{name}_file") is not None:
        raise ValueError(f"both {name} and {name}_file are given; keep one of them")
