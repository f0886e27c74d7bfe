"""The judge's own reading of simple values: a second opinion that shares no code with the engine's.

Text, e-mail, truth and numbers only; whatever needs a table, a directory or a numbering plan is not simple.
"""

from __future__ import annotations

import unicodedata
from decimal import Decimal, InvalidOperation
from typing import Final

from syncd.core.normalize import Invalid
from syncd.model.values import Canonical, FieldType, Wire

OWN_READING: Final = frozenset(
    {FieldType.STRING, FieldType.TEXT, FieldType.EMAIL, FieldType.BOOLEAN, FieldType.OPT_OUT, FieldType.INTEGER,
     FieldType.DECIMAL}
)  # fmt: skip
_ENDS: Final = " \t\r\n\v\f\u00a0\u2007\u202f\u200b\u2060\ufeff\u3000"


def read_plain(type_: FieldType, wire: Wire) -> Canonical | Invalid:
    """The meaning of a simple value, by rules short enough to be seen to be right."""
    if type_ in {FieldType.BOOLEAN, FieldType.OPT_OUT}:
        told = wire if isinstance(wire, bool) else {"true": True, "false": False}.get(str(wire or "").lower())
        return bool(told) if type_ is FieldType.OPT_OUT else told
    text = "" if wire is None else unicodedata.normalize("NFC", str(wire))
    if type_ is FieldType.TEXT:
        return "\n".join(text.splitlines()).rstrip(_ENDS) or None
    text = text.strip(_ENDS)
    if not text:
        return None
    if type_ is FieldType.EMAIL:
        return text.lower()
    if type_ in {FieldType.INTEGER, FieldType.DECIMAL}:
        try:
            number = format(Decimal(text).normalize(), "f")
        except InvalidOperation:
            return Invalid("is no number")
        return int(number) if type_ is FieldType.INTEGER and "." not in number else number
    return text
