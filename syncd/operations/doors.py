"""Who gets into the console: invitations, passwords, sessions, API tokens; and what each may do there.

Promises

* No secret is stored: of an invitation, a session and a token the SHA-256 of 256 random bits, of a password its scrypt.
* Every attempt is counted before it is judged, under the account and under the address, whether or not the account is
  there, and takes as long for one that is not.
* A session ends half an hour after it was last used and twelve hours after it began; a new login is a new session.
* A token never may more than its owner does at that moment.

Refuses everything else with the same sentence, so that nobody learns which names there are.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b32encode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from syncd.model.errors import BadUsage, LastAdmin, NotAdmitted
from syncd.model.operator import Credential, Deed, Operator, Role, Sort
from syncd.observe.log import emit
from syncd.ports.doors import Doors
from syncd.ports.system import Chance, Clock

INVITED: Final = timedelta(minutes=15)
IDLE: Final = timedelta(minutes=30)
SESSION: Final = timedelta(hours=12)
PROVED: Final = timedelta(minutes=5)
"""How long a password that was typed counts for what asks for one again."""
TOKEN_DAYS: Final = 90
MOST_DAYS: Final = 366
PREFIX: Final = "syncd_"
"""How every API token begins, so that scanners of code and logs know it."""
SHORTEST: Final = 12
LONGEST: Final = 1_024
SUGGESTED: Final = 15
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}")
_FREE_OF_ACCOUNT: Final = 5
_FREE_OF_ADDRESS: Final = 20
_MINUTE: Final = timedelta(minutes=1)
_N, _R, _P = 2**14, 8, 5
"""16 MB and a fifth of a second a password; what OWASP names for scrypt."""
_NOT_LET_IN: Final = "name or password is not right"


def may_be_called(name: str) -> bool:
    """Whether an operator can have this name; what is none may be anything that somebody typed."""
    return _NAME.fullmatch(name) is not None


@dataclass(frozen=True, slots=True)
class Visitor:
    """An operator who is let in, with a role and by which credential."""

    name: str
    role: Role
    credential: Credential

    def may(self, needed: Role) -> bool:
        """Whether they may do what needs this role."""
        return self.role.covers(needed)


@dataclass(frozen=True, slots=True)
class Entrance:
    """The doors of one store."""

    doors: Doors
    clock: Clock
    chance: Chance

    # -- invitations -------------------------------------------------------------------------------------------------
    def invite(self, name: str, *, role: Role, who: str) -> str:
        """The one-time token with which somebody sets a password: for a new operator, or one who forgot theirs.

        An earlier invitation of theirs ends.

        :raises BadUsage: if the name is none.
        :raises LastAdmin: if the only admin would be one no more.
        """
        if not may_be_called(name):
            raise BadUsage(
                f"{name!r:.80} cannot be an operator's name; use small letters, digits and . _ - + @, 64 at most"
            )
        if role is not Role.ADMIN:
            self._not_the_last(name)
        self.doors.end_all(name, Sort.INVITATION)
        secret = b32encode(self.chance.token(20)).decode()
        self._issue(secret, Sort.INVITATION, name, role, label=who, lasts=INVITED)
        emit("console.invited", who=who, operator=name, role=str(role))
        return secret

    def join(self, secret: str, password: str, *, address: str) -> str:
        """Redeems an invitation and logs in: the secret of a session.

        :raises NotAdmitted: if there is no such invitation, or it has run out.
        :raises BadUsage: if the password is too short.
        :raises LastAdmin: if the only admin would be one no more, since others went after the invitation.
        """
        self._knock("", address)
        invitation = self._found(secret.strip().upper(), Sort.INVITATION)
        if invitation is None:
            raise self._refused("invitation", "this invitation is not valid, or no more; ask for another one")
        self._check_new(password)
        now = self.clock.now()
        made = Operator(
            name=invitation.operator,
            role=invitation.role,
            password=self._hashed(password),
            since=now,
            invited_by=invitation.label,
        )
        if not self.doors.let_in(invitation, made):
            raise self._refused("invitation", "this invitation is not valid, or no more; ask for another one")
        emit("console.joined", operator=made.name, role=str(made.role))
        return self._session(made)

    # -- sessions ----------------------------------------------------------------------------------------------------
    def login(self, name: str, password: str, *, address: str) -> str:
        """The secret of a new session.

        :raises NotAdmitted: if name or password is wrong, or it is too early for another attempt.
        """
        operator = self._judged(name, password, address=address)
        self.doors.tidy(self.clock.now())
        emit("console.admitted", who=operator.name, way=str(Sort.SESSION))
        return self._session(operator)

    def prove(self, visitor: Visitor, password: str, *, address: str) -> None:
        """The password once more, for what asks for it.

        :raises NotAdmitted: if it is wrong, or it is too early for another attempt.
        """
        self._judged(visitor.name, password, address=address)
        self.doors.proved(visitor.credential.id, self.clock.now())

    def has_proved(self, visitor: Visitor) -> bool:
        """Whether their password was typed a moment ago; a token proves itself with every call."""
        if visitor.credential.sort is Sort.TOKEN:
            return True
        return self.clock.now() - visitor.credential.proved < PROVED

    def visitor(self, secret: str, *, by_itself: bool = False) -> Visitor | None:
        """Whoever comes with this secret of a session or a token; ``None`` if it opens nothing (any more).

        :param by_itself: a page calls that keeps itself up to date: nobody uses the session by that.
        """
        sort = Sort.TOKEN if secret.startswith(PREFIX) else Sort.SESSION
        known = self._found(secret, sort)
        now = self.clock.now()
        if known is None or (sort is Sort.SESSION and now - known.seen >= IDLE):
            return None
        operator = self.doors.operator(known.operator)
        if operator is None:
            return None
        if now - known.seen >= _MINUTE and not by_itself:
            self.doors.seen(known.id, now)
        role = known.role if operator.role.covers(known.role) else operator.role
        return Visitor(operator.name, operator.role if sort is Sort.SESSION else role, known)

    def leave(self, visitor: Visitor) -> None:
        """Ends this session."""
        self.doors.end(visitor.credential.id, visitor.credential.sort)

    def leave_everywhere(self, visitor: Visitor) -> int:
        """Ends every session of this operator; how many."""
        return self.doors.end_all(visitor.name, Sort.SESSION)

    # -- tokens ------------------------------------------------------------------------------------------------------
    def make_token(self, name: str, *, role: Role, label: str, days: int, who: str) -> tuple[str, Credential]:
        """A token for programs, and what is known of it; its text is told this once.

        :raises BadUsage: if there is no such operator, the role is above theirs, or the days are too many.
        """
        operator = self.doors.operator(name)
        if operator is None:
            raise BadUsage(f"there is no operator {name!r:.80}; `syncd console list` shows those there are")
        if not operator.role.covers(role):
            raise BadUsage(f"{name} is {operator.role}; a token cannot be {role}")
        if not 1 <= days <= MOST_DAYS:
            raise BadUsage(f"a token lasts 1 to {MOST_DAYS} days, not {days}")
        if not label.strip():
            raise BadUsage("say what the token is for, so that somebody can tell later whether it is still needed")
        secret = PREFIX + urlsafe_b64encode(self.chance.token(32)).decode().rstrip("=")
        made = self._issue(secret, Sort.TOKEN, name, role, label=label.strip()[:200], lasts=timedelta(days=days))
        emit("console.token", who=who, operator=name, role=str(role), outcome="made")
        return secret, made

    def tokens(self, visitor: Visitor | None = None) -> Sequence[Credential]:
        """All tokens, or those that a visitor may see: an admin all, others their own."""
        found = self.doors.credentials(Sort.TOKEN)
        if visitor is None or visitor.may(Role.ADMIN):
            return found
        return [each for each in found if each.operator == visitor.name]

    def revoke(self, visitor: Visitor, id: str) -> Credential | None:
        """Revokes a token of theirs, or, as an admin, of anybody; ``None`` if they see none of that id."""
        known = next((each for each in self.tokens(visitor) if each.id == id), None)
        if known is None or not self.doors.end(id, Sort.TOKEN):
            return None
        emit("console.token", who=visitor.name, operator=known.operator, role=str(known.role), outcome="revoked")
        return known

    # -- people ------------------------------------------------------------------------------------------------------
    def remove(self, name: str, *, who: str) -> bool:
        """Removes an operator with every session and token.

        :raises LastAdmin: if they are the last admin.
        """
        self._not_the_last(name)
        removed = self.doors.remove(name)
        if removed:
            emit("console.removed", who=who, operator=name)
        return removed

    def _not_the_last(self, name: str) -> None:
        """Tells it early; the store looks again when it is done."""
        if [each.name for each in self.doors.operators() if each.role is Role.ADMIN] == [name]:
            raise LastAdmin(name)

    # -- within ------------------------------------------------------------------------------------------------------
    def _session(self, operator: Operator) -> str:
        secret = urlsafe_b64encode(self.chance.token(32)).decode().rstrip("=")
        self._issue(secret, Sort.SESSION, operator.name, operator.role, label="", lasts=SESSION)
        return secret

    def _issue(self, secret: str, sort: Sort, name: str, role: Role, *, label: str, lasts: timedelta) -> Credential:
        now = self.clock.now()
        made = Credential(
            id=self.chance.identifier(),
            sort=sort,
            operator=name,
            role=role,
            label=label,
            hash=_digest(secret),
            since=now,
            seen=now,
            until=now + lasts,
            proved=now,
        )
        self.doors.add(made)
        return made

    def _found(self, secret: str, sort: Sort) -> Credential | None:
        """A credential that is good still. Looked up by hash, so that no time tells how much of a secret is right."""
        known = self.doors.found(_digest(secret))
        good = known is not None and known.sort is sort and known.until > self.clock.now()
        return known if good else None

    def _judged(self, name: str, password: str, *, address: str) -> Operator:
        name = name.strip().lower()[:LONGEST]
        self._knock(name, address)
        operator = self.doors.operator(name)
        # The same work where there is nobody of that name.
        right = _fits(password[:LONGEST], operator.password if operator else _nobody())
        if operator is None or not right:
            raise self._refused("password", _NOT_LET_IN)
        self.doors.admitted(_mark("account", name), _mark("address", address))
        return operator

    def _knock(self, name: str, address: str) -> None:
        marks = [(_mark("address", address), _FREE_OF_ADDRESS)]
        if name:
            marks.append((_mark("account", name), _FREE_OF_ACCOUNT))
        wait = self.doors.knock(marks, self.clock.now())
        if wait > timedelta(0):
            emit("console.refused", reason="throttled")
            raise NotAdmitted(f"too many attempts; wait {max(1, round(wait.total_seconds()))} s", after=wait)

    def _refused(self, reason: str, what: str) -> NotAdmitted:
        emit("console.refused", reason=reason)
        return NotAdmitted(what)

    def _check_new(self, password: str) -> None:
        if not SHORTEST <= len(password) <= LONGEST:
            raise BadUsage(
                f"a password has {SHORTEST} to {LONGEST:,} characters; {SUGGESTED} or more are better, of any sort"
            )

    def _hashed(self, password: str) -> str:
        salt = self.chance.token(16)
        return f"scrypt:{_N}:{_R}:{_P}:{salt.hex()}:{_scrypt(password, salt, _N, _R, _P).hex()}"


def form_token(secret: str) -> str:
    """The anti-forgery token of a session's forms: known to whoever has the session, and of no use without it."""
    return hmac.digest(secret.encode(), b"form", hashlib.sha256).hex()


def deed_document(each: Deed) -> dict[str, Any]:
    """A deed as plain values with stable keys."""
    return {
        "id": each.id,
        "at": each.at,
        "who": each.who,
        "way": each.way.value,
        "connection": each.connection,
        "what": each.what,
        "about": each.about,
        "status": each.status,
    }


def operator_document(each: Operator) -> dict[str, Any]:
    """An operator as plain values with stable keys; nothing of the password."""
    return {"name": each.name, "role": each.role.value, "since": each.since, "invited_by": each.invited_by}


def token_document(each: Credential) -> dict[str, Any]:
    """A token as plain values with stable keys; nothing of its secret."""
    return {
        "id": each.id,
        "operator": each.operator,
        "role": each.role.value,
        "label": each.label,
        "since": each.since,
        "seen": each.seen,
        "until": each.until,
    }


def _fits(password: str, kept: str) -> bool:
    _, n, r, p, salt, known = kept.split(":")
    tried = _scrypt(password, bytes.fromhex(salt), int(n), int(r), int(p))
    return hmac.compare_digest(tried, bytes.fromhex(known))


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    room = 128 * r * (n + p + 2) * 2
    return hashlib.scrypt(password.encode(errors="surrogatepass"), salt=salt, n=n, r=r, p=p, maxmem=room, dklen=32)


def _nobody() -> str:
    return f"scrypt:{_N}:{_R}:{_P}:{'00' * 16}:{'00' * 32}"


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode(errors="surrogatepass")).digest()


def _mark(sort: str, text: str) -> bytes:
    return hashlib.sha256(f"{sort}:{text}".encode(errors="surrogatepass")).digest()
