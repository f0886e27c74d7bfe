"""The layer between callers and the HubSpot stand-in: every request and every answer is judged by the contracts.

Strictness ``refuse`` is for servers: a request that its contract does not allow gets a 400 in HubSpot's manner which
names the place, and never reaches the stand-in; an answer that breaks the contract becomes a 500 that says how.
``note`` is for tests: everything passes and is kept in ``found``, save a forbidden request that the stand-in turned
down by itself. Injected faults are not judged: the layer sits below them, at the vendor's own behaviour. Differences
that the table ``known`` lists pass in both and are counted in ``met``.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

import orjson

from sandbox.contracts.judging import Difference, Judge
from sandbox.contracts.known import KNOWN, Key, Known
from sandbox.contracts.reading import Contracts
from sandbox.kernel import Answered, HttpRequest, HttpResponse, Kernel

Strictness = Literal["refuse", "note"]
_REFUSED = 400


class ContractLayer:
    """Judges the traffic of one or more kernels.

    ``judged`` counts requests by operation; ``unjudged`` those that were answered although no contract speaks of them,
    by method and path.
    """

    def __init__(
        self, contracts: Contracts, *, strictness: Strictness = "refuse", known: Mapping[Key, Known] = KNOWN
    ) -> None:
        self.found: list[Difference] = []
        self.met: Counter[Key] = Counter()
        self.judged: Counter[str] = Counter()
        self.unjudged: Counter[str] = Counter()
        self._contracts = contracts
        self._judge = Judge(contracts)
        self._strictness = strictness
        self._known = known

    def answer(self, request: HttpRequest, inner: Callable[[HttpRequest], Answered]) -> Answered:
        """The answer of ``inner``, or what the contracts have against it or the request."""
        spoken = self._contracts.find(request.method, request.path)
        if spoken is None:
            answered = inner(request)
            if answered.response.status < _REFUSED:
                self.unjudged[f"{request.method} {request.path}"] += 1
            return answered
        operation, values = spoken
        self.judged[operation.name] += 1
        wrong = self._unknown(self._judge.request(operation, request, values))
        if wrong and self._strictness == "refuse":
            self.found += wrong
            return Answered(response=_refusal(wrong), operation="contract", cost=0)
        answered = inner(request)
        if answered.response.status < _REFUSED:
            self.found += wrong
        broken = self._unknown(self._judge.answer(operation, answered.response))
        self.found += broken
        if broken and self._strictness == "refuse":
            answered = replace(answered, response=_confession(broken))
        return answered

    def _unknown(self, differences: list[Difference]) -> list[Difference]:
        self.met.update(difference.key for difference in differences if difference.key in self._known)
        return [difference for difference in differences if difference.key not in self._known]


def hold(kernel: Kernel, folder: Path, *, strictness: Strictness = "refuse") -> ContractLayer:
    """Puts a layer over one kernel, for good. Raises ``BadContracts``."""
    layer = ContractLayer(Contracts(folder), strictness=strictness)
    inner = kernel.answer
    # On the instance, so that the kernel's log, faults and limits stay around it as they are.
    kernel.answer = lambda request: layer.answer(request, inner)  # type: ignore[method-assign]
    return layer


def _refusal(wrong: list[Difference]) -> HttpResponse:
    errors = [{"message": f"{found.place}: {found.says}", "in": found.place, "code": found.rule} for found in wrong]
    return _refused(400, f"Invalid input JSON: {errors[0]['message']}", "VALIDATION_ERROR", errors)


def _confession(broken: list[Difference]) -> HttpResponse:
    errors = [{"message": str(found)} for found in broken]
    return _refused(500, f"The stand-in broke its contract: {broken[0]}", "CONTRACT_BROKEN", errors)


def _refused(status: int, message: str, category: str, errors: list[dict[str, str]]) -> HttpResponse:
    digits = hashlib.blake2b(message.encode(), digest_size=16).hexdigest()
    correlation = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
    body = {"status": "error", "message": message, "correlationId": correlation, "errors": errors, "category": category}
    return HttpResponse(status, orjson.dumps(body), {"Content-Type": "application/json;charset=utf-8"})
