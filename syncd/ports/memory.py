"""The names under which ``Store.remember`` keeps what is known of a whole connection; placeholders are filled in."""

from __future__ import annotations

from typing import Final

BRAKE_ANSWERS: Final = "brake:answers"
"""Under which name it is remembered what people said of held lots, as JSON."""

BRAKE_HELD: Final = "brake:held"
"""Under which name the lots that the brake holds are remembered, as JSON."""

BRAKE_SECRET: Final = "brake:secret"  # noqa: S105 - a name
"""Under which name the key is remembered that values are hashed with before they are counted."""

AGREEMENT: Final = "agreement"
"""Under which name it is remembered how many linked records the last whole sweep saw and found in step, by kind."""

DRIFT: Final = "drift"
"""Under which name the vendors' definitions of mapped fields are remembered, and which fields rest for one of them."""

NATIVE: Final = "native:{kind}"
"""Under which name it is remembered when it was last looked whether the native connector writes fields of a kind."""

RELEASED: Final = "quarantine:released"
"""Under which name it is remembered which fields in quarantine a person let go, and when, as JSON."""

FIRST_LINK: Final = "first_link"
"""Under which name the figures of a first link are remembered that waits for approval, as JSON."""

FILLED: Final = "filled:{kind}"
"""Under which name it is remembered which shared fields all linked records were compared by, as JSON."""

VENDOR_DOWN: Final = "vendor:down:{side}"
"""Under which name it is remembered whether a process has seen that a side's vendor does not answer."""

STALLED: Final = "stalled:{side}"
"""Under which name it is remembered whether somebody was told that a side is read no longer, until its end is told."""

MANY_LETTERS: Final = "dead_letters:many"
"""Under which name it is remembered whether somebody was told of too many dead letters, until the end is told."""

CALLS: Final = "calls:{side}"
"""Under which name it is remembered what a side's vendor counted of the day's calls lately (``core.pace``)."""

PENDING: Final = "pending"
"""Under which name it is remembered how many writes a long run has still to send, by lane, as JSON; empty once none."""

POLLED: Final = "polled:{side}"
"""Under which name it is remembered when a side was last read to its present edge, of all kinds, and how many seconds
later the next time was to be."""

PERSON_ACCOUNTS: Final = "person_accounts:{kind}"
"""Under which name it is remembered how many records of a kind belong to person accounts, as JSON by vendor object."""

LATE: Final = "handoff:late"
"""Under which name it is remembered until when was told which handoffs are late, and which were then, as JSON."""

UNHEARD: Final = "handoff:unheard"
"""Under which name it is remembered whether the log says that nobody is told late for now; empty once it is over."""

TERMS: Final = "handoff:terms:{terms}"
"""Under which name terms by which handoffs were judged are remembered as ``core.terms`` writes them, and since when."""

TERMS_NOW: Final = "handoff:terms"
"""Under which name it is remembered by which terms open handoffs were counted last, and how those were understood."""

SHADOW: Final = "handoff:shadow"
"""Under which name it is remembered when the ledger was kept by looking only, in shadow mode, and how far, as JSON."""

SHADOW_PEOPLE: Final = "handoff:shadow:people"
"""Under which name it is remembered which records the people of that time are, as JSON by the ids their links get."""

HANDED_ON: Final = "handoff:handed_on"
"""Under which name it is remembered since when people are taken from owners who are late, and up to which instant the
ledger was told of it, as text."""

HANDED_ON_SINCE: Final = "handoff:handed_on:since"
"""Under which name it is remembered since when each clock counts for which they are taken, as JSON; empty while off."""

PLANTED: Final = "sentinel:{side}"
"""Under which name it is remembered which record of a side is its sentinel, and what it says."""

MET: Final = "met:{intent}"
"""Under which name it is remembered what somebody wrote while a write of ours was waited for, as JSON by vendor field,
until the ending of that write is stored."""

NOT_ITSELF: Final = "not_itself:{side}"
"""Under which name it is remembered why a side is not itself, in words; empty while it is."""
