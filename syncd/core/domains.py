"""Domains as proofs of belonging: the registrable domain of an address or a website, and lookup keys for matching.

Works offline with the public suffix list that the library carries. Freemail domains say nothing about a company and
are never a domain key; neither are the partner domains a user lists.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from typing import Final
from urllib.parse import urlsplit

import tldextract

from syncd.model.values import Canonical

_AND: Final = "\x1f"
"""Stands between the parts of a key; no value of a vendor has it."""
FREEMAIL: Final = frozenset(
    """
    gmail.com googlemail.com outlook.com hotmail.com hotmail.co.uk hotmail.fr hotmail.de hotmail.it hotmail.es live.com
    live.co.uk live.fr live.de live.nl msn.com yahoo.com yahoo.co.uk yahoo.co.jp yahoo.co.in yahoo.de yahoo.fr yahoo.es
    yahoo.it yahoo.com.br ymail.com rocketmail.com aol.com icloud.com me.com mac.com proton.me protonmail.com pm.me
    gmx.de gmx.net gmx.at gmx.ch gmx.com web.de freenet.de t-online.de mail.com mail.ru yandex.ru yandex.com bk.ru
    inbox.ru list.ru rambler.ru orange.fr wanadoo.fr free.fr laposte.net sfr.fr libero.it virgilio.it tiscali.it
    alice.it uol.com.br bol.com.br terra.com.br ig.com.br qq.com 163.com 126.com sina.com naver.com daum.net hanmail.net
    rediffmail.com comcast.net verizon.net att.net sbcglobal.net bellsouth.net cox.net charter.net shaw.ca rogers.com
    btinternet.com sky.com ntlworld.com virginmedia.com bigpond.com ziggo.nl kpnmail.nl planet.nl telenet.be skynet.be
    bluewin.ch seznam.cz wp.pl o2.pl onet.pl interia.pl tutanota.com fastmail.com hushmail.com zoho.com hey.com
    """.split()  # noqa: SIM905 - a hundred quoted words are hard to read and to sort
)
"""Domains under which anybody may have an address."""


@cache
def _suffixes() -> tldextract.TLDExtract:
    """The library's own snapshot of the list; neither network nor cache folder is touched."""
    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)


@lru_cache(maxsize=16_384)
def domain_of(text: str) -> str | None:
    """The registrable domain in lower-case ASCII of an e-mail address, a URL or a host; ``None`` if there is none.

    ``"Jo <jo@mail.acme.co.uk>"`` is no address; ``"jo@mail.acme.co.uk"`` and ``"https://www.acme.co.uk/x"`` both give
    ``"acme.co.uk"``.
    """
    host = host_of(text)
    if host is None:
        return None
    found = _suffixes()(host)
    return found.top_domain_under_public_suffix or None


@lru_cache(maxsize=16_384)
def host_of(text: str) -> str | None:
    """The host in lower-case ASCII of an e-mail address, a URL (its scheme may be missing) or a bare host."""
    words = text.strip()
    if not words or any(letter.isspace() for letter in words):
        return None
    if "@" in words and "/" not in words:
        words = words.rpartition("@")[2]
    try:
        host = urlsplit(words if "//" in words else f"//{words}").hostname
    except ValueError:
        return None
    if not host:
        return None
    host = host.rstrip(".").lower()
    if host.isascii():
        return host or None
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return None


def is_freemail(text: str) -> bool:
    """Whether an address (or a domain) belongs to a provider under whose domain anybody may have an address."""
    domain = domain_of(text)
    return domain in FREEMAIL or host_of(text) in FREEMAIL


def match_keys(by: str, values: Iterable[Canonical], *, excluded: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """The normalised lookup keys of one record for one match rule, sorted and without repeats.

    :param by: ``email``, ``domain`` or ``value``, as in ``MatchRule``.
    :param values: canonical values of the rule's field (a set counts as its members); empty ones are skipped.
    :param excluded: registrable domains that prove nothing besides the freemail ones: partners, resellers.
    :raises ValueError: for another word than these three.
    """
    texts = [text for value in values for text in _texts(value)]
    if by == "email":
        keys = {text.casefold() for text in texts if "@" in text}
    elif by == "domain":
        found = {domain_of(text) for text in texts if not is_freemail(text)}
        keys = {domain for domain in found if domain is not None and domain not in excluded}
    elif by == "value":
        keys = {" ".join(text.casefold().split()) for text in texts}
    else:
        raise ValueError(f"cannot match by {by!r}; use email, domain or value")
    return tuple(sorted(keys))


def narrowed(keys: Sequence[str], others: Sequence[Canonical]) -> tuple[str, ...]:
    """The keys of a rule that wants these other values to be alike, too; ``bare`` gives back what to look for.

    Two records of which neither has a value are alike in it.
    """
    if not others:
        return tuple(keys)
    also = _AND.join("" if value is None else str(value).casefold() for value in others)
    return tuple(f"{key}{_AND}{also}" for key in keys)


def bare(key: str) -> str:
    """What a key says of the rule's own field: what a vendor can be asked for."""
    return key.partition(_AND)[0]


def _texts(value: Canonical) -> Iterable[str]:
    if value is None or value == "":
        return ()
    if isinstance(value, tuple):
        return value
    return (value if isinstance(value, str) else str(value),)
