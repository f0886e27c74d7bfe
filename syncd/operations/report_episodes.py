"""What reports read of the ledger: episodes column by column, and the places at which something is so."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, Final

from syncd.model.values import Instant
from syncd.operations.report import NONE, Period, ms
from syncd.ports.store import Store

_EVER: Final = 1 << 62


class Episodes:
    """Columns of episodes, as the store holds them. ``all`` are the places of those that were read, ``here`` of those
    in which something happened in the period.
    """

    def __init__(
        self,
        store: Store,
        names: Iterable[str],
        period: Period,
        *,
        read: Period | None = None,
        people: bool = False,
    ) -> None:
        """:param read: of which longer period they are read, where a report also tells what is so at this moment, or
        was so before; else only those of the period are.
        :param people: whether each person of an episode has a place, with what is theirs: state, end, reason, owner.
        """
        more = read is not None and read != period
        span = ("opened_at", "last_at") if more else ()
        always = () if people else ("oddities", "last_at")  # a person's place is read without a look at the episode
        wanted = tuple(dict.fromkeys(("id", "person", *always, *span, *names)))
        reading = period if read is None else read
        columns = store.ledger_columns(wanted, people=people, since=reading.since, until=reading.until)
        self._columns: Mapping[str, Sequence[Any]] = dict(zip(wanted, columns, strict=True))
        self.all = range(len(columns[0]))
        self.here: Sequence[int] = self._touching(period) if more else self.all

    def _touching(self, period: Period) -> list[int]:
        """The places of those in which something happened from its beginning to before its end."""
        since, until = period.bounds()
        low, high = since or 0, _EVER if until is None else until
        spans = zip(self.all, self["opened_at"], self["last_at"], strict=True)
        return [at for at, opened, last in spans if opened < high and last >= low]

    def __getitem__(self, name: str) -> Sequence[Any]:
        return self._columns[name]

    def different(self, among: Sequence[int]) -> int:
        """How many people stand at these places. Few come twice, and only those are told apart."""
        again = [who for who in map(self._again.get, among) if who is not None] if self._again else []
        return len(among) - len(again) + len(set(again))

    @cached_property
    def _again(self) -> Mapping[int, str]:
        """Whoever has more than one place, by place."""
        person = self._columns["person"]
        places = Counter(person)
        if len(places) == len(person):
            return {}
        return {at: who for at, who in zip(self.all, person, strict=True) if places[who] > 1}

    def ahead(self, now: Instant, among: Sequence[int]) -> list[int]:
        """The places of which a time lies in the future: no vendor can know of it."""
        latest, last = ms(now), self._columns["last_at"]
        return [at for at in among if last[at] > latest]

    def persons(self, among: Iterable[int]) -> list[str]:
        """Who stands at these places."""
        return list(map(self._columns["person"].__getitem__, among))

    def within(self, name: str, period: Period) -> list[int]:
        """The places at which a time is within a period; no time is not."""
        column, (since, until) = self._columns[name], period.bounds()
        if since is None and until is None:
            return [at for at in self.all if column[at] is not None]
        low, high = since or 0, _EVER if until is None else until
        return [at for at in self.all if (when := column[at]) is not None and low <= when < high]

    def by(self, name: str, among: Sequence[int]) -> dict[str, list[int]]:
        """The places by the value of a column."""
        column = self._columns[name]
        found: dict[str | None, list[int]] = defaultdict(list)
        for at in among:
            found[column[at]].append(at)
        return {NONE if value is None else value: places for value, places in found.items()}
