"""Why a record, or one of its fields, is what it is: both values now, Base, history, the rule, and what comes next.

Reads both records from the vendors by id (never from memory), then lets the same code decide that ``sync`` uses, without
writing: what comes out is what the next cycle would do with this record. Nothing is stored.

A record is named ``a@b.c``, ``marketing:contacts/51``, ``crm:Lead/00Q…`` or ``link:ID``. Several hits are listed and
never guessed between.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from syncd.core.domains import match_keys
from syncd.core.normalize import Invalid
from syncd.core.planner import Planner
from syncd.engine.cycle import make_ready_for
from syncd.engine.gather import Gather, Gathered
from syncd.engine.prepare import decide
from syncd.engine.world import World, make_ready
