"""A simulated scenario as plain data: what people do, what goes wrong, when, and where the process is killed.

A seed expands into a scenario (``expand``), and playing a scenario is a pure function of it, so that a failing one can
be kept as JSON, made smaller and played again anywhere. Whom a happening concerns is a number that picks among those
who are there at that moment: taking out other happenings leaves the rest playable.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Self

import orjson

from syncd.lab.swarm import CREATING, Arming, armings
from syncd.model.errors import BadUsage

VERSION: Final = 1
WORLDS: Final = 20
"""Different worlds to begin with: policies, switches of the vendors, limits, people."""
MINUTES: Final = (1, 4)
"""How long people and faults go on, at least and at most."""
POLL: Final = 30.0
KILLS: Final = (0, 1, 1, 2, 3)
EFFECTS: Final = 300
"""A kill hits one of so many first points; what comes later is as good as what comes first, and rarer."""

DEEDS: Final[Mapping[str, float]] = {
    "edit": 30, "stage": 6, "email": 3, "clear": 2, "create": 4, "double": 1, "delete": 1, "restore": 1, "merge": 1.5,
    "convert": 1.5, "unsubscribe": 1.5, "swap": 1, "owner": 1, "associate": 1, "thrice": 1, "alike": 1,
    "value": 7,
}  # fmt: skip
"""What people do, and how often compared with each other."""
WISHES: Final[Mapping[str, float]] = {
    "resync": 2, "full": 1, "resolve": 3, "pause": 1, "skew": 1, "approve": 2, "reject": 0.5, "stop": 1.5, "remap": 1.5,
    "spoil": 1,
}  # fmt: skip
"""What an operator does, or happens to the machine."""


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that somebody does at ``at`` milliseconds: ``who`` is marketing, crm or operator, ``pick`` says whom it
    concerns and with which field, ``token`` is what is written, found nowhere else.
    """

    at: int
    who: str
    does: str
    pick: int
    token: str = ""


@dataclass(frozen=True, slots=True)
class Scenario:
    """All of one run. ``kills`` are numbers of points (``lives.Effects``), ``failing`` numbers of store calls."""

    seed: str
    world: int
    minutes: int
    happenings: tuple[Happening, ...]
    armed: tuple[Arming, ...]
    kills: tuple[int, ...] = ()
    failing: tuple[int, ...] = ()
    latency: int = 1
    poll: float = POLL
    note: str = ""
    version: int = field(default=VERSION)

    def to_json(self) -> bytes:
        """As a file keeps it."""
        return orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)

    @classmethod
    def from_json(cls, content: bytes) -> Self:
        """What a file keeps. :raises BadUsage: if it is no scenario of this version."""
        try:
            told: dict[str, Any] = orjson.loads(content)
            told["happenings"] = tuple(Happening(**each) for each in told["happenings"])
            told["armed"] = tuple(Arming(**each) for each in told["armed"])
            told["kills"], told["failing"] = tuple(told["kills"]), tuple(told["failing"])
            made = cls(**told)
        except (orjson.JSONDecodeError, KeyError, TypeError) as why:
            raise BadUsage(f"this is no scenario ({why}); give a file that `syncd simulate` wrote") from why
        if made.version != VERSION:
            raise BadUsage(f"a scenario of version {made.version} cannot be played; this syncd plays version {VERSION}")
        return made


def expand(seed: str) -> Scenario:
    """The scenario of a seed; the same for ever, on every machine."""
    chance = random.Random(f"scenario {seed}")
    minutes = chance.randint(*MINUTES)
    end = minutes * 60_000
    happenings = [
        Happening(
            at=chance.randrange(end),
            who=chance.choice(("marketing", "crm")),
            does=_drawn(chance, DEEDS),
            pick=chance.randrange(1 << 30),
            token=f"zq{chance.randrange(1 << 40):x}x{number}z",
        )
        for number in range(chance.randint(20, 40))
    ]
    happenings += [
        Happening(at=chance.randrange(end), who="operator", does=_drawn(chance, WISHES), pick=chance.randrange(1 << 30))
        for _ in range(chance.randint(0, 3))
    ]
    world = chance.randrange(WORLDS)
    armed = armings(chance, end=end)
    happenings += _newcomers(armed, chance=random.Random(f"newcomers {seed}"), end=end)
    return Scenario(
        seed=seed,
        world=world,
        minutes=minutes,
        happenings=tuple(sorted(happenings, key=lambda each: each.at)),
        armed=armed,
        kills=tuple(sorted(chance.sample(range(1, EFFECTS), chance.choice(KILLS)))),
        failing=tuple(sorted(chance.sample(range(1, EFFECTS), chance.choice((0, 0, 0, 1, 2))))),
        latency=chance.randrange(1 << 30),
    )


def _newcomers(armed: Sequence[Arming], *, chance: random.Random, end: int) -> Iterator[Happening]:
    """Whoever is entered after a fault was aimed at creates, on the side that is not hit, so that there is one."""
    for arming in armed:
        if arming.words.get("only") == CREATING:
            who = "crm" if arming.vendor == "hubspot" else "marketing"
            at, token = chance.randrange(arming.at, end), f"zq{chance.randrange(1 << 40):x}x{arming.at}z"
            yield Happening(at, who, "create", chance.randrange(1 << 28) * 4 + 1, token)  # one whom the rules take on


def _drawn(chance: random.Random, weights: Mapping[str, float]) -> str:
    names: Sequence[str] = list(weights)
    return chance.choices(names, weights=[weights[name] for name in names])[0]
