"""Composite: up to 25 subrequests in one call, at most five of them Collections or queries, with references between
them; and Composite Batch, where every subrequest counts as a call of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

import orjson

from sandbox.kernel import HttpRequest
from sandbox.salesforce.errors import Refusal, plain
from sandbox.salesforce.exchange import ApiCall, Reply
from sandbox.salesforce.limits import MAX_HEAVY_SUBREQUESTS, MAX_SUBREQUESTS
from sandbox.salesforce.org import Org

Dispatch = Callable[[ApiCall], Reply]
_REFERENCE = re.compile(r"@\{([^}]*)\}")
_STEP = re.compile(r"\[(\d+)\]|\.?([^.\[\]]+)")
_INHERITED = ("sforce-auto-assign", "sforce-duplicate-rule-header", "sforce-query-options")
HALTED = "The transaction was rolled back since another operation in the same transaction failed."


def _nested(call: ApiCall, org: Org, entry: Mapping[str, object], body: object) -> ApiCall:
    """The call a subrequest stands for."""
    url, method = entry.get("url"), entry.get("method")
    if not isinstance(url, str) or not isinstance(method, str):
        raise plain("JSON_PARSER_ERROR", "every subrequest needs url and method")
    request = HttpRequest.from_target(
        method, url if url.startswith("/") else f"{call.root.rsplit('/', 1)[0]}/{url}", {}, b""
    )
    segments = tuple(part for part in request.path.split("/") if part)
    if segments[:2] != ("services", "data") or len(segments) < 4:
        raise plain("INVALID_INPUT", f"the url of a subrequest must start with {call.root}")
    inherited = org.switches.composite_inherits_headers
    headers = {name: call.headers[name] for name in _INHERITED if inherited and name in call.headers}
    named = entry.get("httpHeaders")
    if isinstance(named, dict):
        headers |= {str(name).lower(): str(value) for name, value in named.items()}
    content = b"" if body is None else orjson.dumps(body)
    version = segments[2].removeprefix("v")
    return ApiCall(request.method, segments[3:], request.query, headers, content, version, call.user_id, nested=True)


def _entries(call: ApiCall, key: str) -> list[dict[str, object]]:
    entries = call.json_object().get(key)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise plain("JSON_PARSER_ERROR", f"{key} must be a list of subrequests")
    if len(entries) > MAX_SUBREQUESTS:
        raise plain("LIMIT_EXCEEDED", f"Limit of {MAX_SUBREQUESTS} reached for number of operations in request")
    return entries


def composite(org: Org, call: ApiCall, dispatch: Dispatch) -> Reply:
    """``POST /composite``: one API call, whatever is inside."""
    entries = _entries(call, "compositeRequest")
    refuse_equal_names(entries)
    heavy = sum(_is_heavy(str(entry.get("url", ""))) for entry in entries)
    if heavy > MAX_HEAVY_SUBREQUESTS:
        raise plain("LIMIT_EXCEEDED", f"at most {MAX_HEAVY_SUBREQUESTS} subrequests may be collections or queries")
    answers, replies = run_together(
        org, call, entries, dispatch, all_or_none=call.json_object().get("allOrNone") is True
    )
    return total(Reply(200, {"compositeResponse": answers}, "composite"), replies)


def run_together(
    org: Org, call: ApiCall, entries: Sequence[Mapping[str, object]], dispatch: Dispatch, *, all_or_none: bool
) -> tuple[list[dict[str, object]], list[Reply]]:
    """Runs subrequests that may refer to earlier ones; the answers on the wire and as they are."""
    mark = org.store.mark()
    replies: list[Reply] = []
    bodies: dict[str, object] = {}
    for entry in entries:
        reply = _answer(org, call, entry, bodies, dispatch)
        replies.append(reply)
        if reply.status < 300:
            bodies[str(entry["referenceId"])] = reply.payload
        elif all_or_none:
            org.store.rollback(mark)
            replies = [reply if reply.status >= 300 else halted(HALTED) for reply in replies]
            replies += [halted(HALTED) for _ in entries[len(replies) :]]
            break
    answers: list[dict[str, object]] = [
        {
            "body": reply.payload,
            "httpHeaders": reply.headers,
            "httpStatusCode": reply.status,
            "referenceId": entry["referenceId"],
        }
        for reply, entry in zip(replies, entries, strict=True)
    ]
    return answers, replies


def refuse_equal_names(entries: Sequence[Mapping[str, object]]) -> None:
    """Every subrequest has a reference of its own."""
    names = [entry.get("referenceId") for entry in entries]
    if not all(isinstance(name, str) and name for name in names) or len(set(names)) < len(names):
        raise plain("INVALID_INPUT", "every subrequest needs a referenceId of its own")


def batch(org: Org, call: ApiCall, dispatch: Dispatch) -> Reply:
    """``POST /composite/batch``: independent subrequests, each of which counts."""
    entries = _entries(call, "batchRequests")
    halts = call.json_object().get("haltOnError") is True
    replies: list[Reply] = []
    for entry in entries:
        if halts and any(reply.status >= 400 for reply in replies):
            replies.append(Reply(412, halted("Batch processing is halted per request").payload))
        else:
            replies.append(_answer(org, call, entry | {"body": entry.get("richInput")}, {}, dispatch))
    results = [{"statusCode": reply.status, "result": reply.payload} for reply in replies]
    body = {"hasErrors": any(reply.status >= 400 for reply in replies), "results": results}
    return total(Reply(200, body, "batch", cost=max(1, len(entries))), replies)


def _answer(
    org: Org, call: ApiCall, entry: Mapping[str, object], bodies: Mapping[str, object], dispatch: Dispatch
) -> Reply:
    mark = org.store.mark()
    try:
        resolved = {key: _filled(entry.get(key), bodies) for key in ("url", "body")}
        reply = dispatch(_nested(call, org, {**entry, "url": resolved["url"]}, resolved["body"]))
    except Refusal as refusal:
        org.store.rollback(mark)
        return Reply(refusal.status, refusal.body())
    if isinstance(reply.payload, bytes):
        reply.payload = orjson.Fragment(reply.payload)
    return reply


def halted(message: str) -> Reply:
    """The answer of a subrequest that was not done, or undone, because of another."""
    return Reply(400, [{"errorCode": "PROCESSING_HALTED", "message": message}])


def _filled(value: object, bodies: Mapping[str, object]) -> object:
    """A value with its ``@{reference.path}`` replaced; a value that is one reference keeps its type."""
    if isinstance(value, dict):
        return {key: _filled(inner, bodies) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, bodies) for inner in value]
    if not isinstance(value, str) or "@{" not in value:
        return value
    alone = _REFERENCE.fullmatch(value)
    if alone:
        return _referred(alone[1], bodies)
    return _REFERENCE.sub(lambda match: str(_referred(match[1], bodies)), value)


def _referred(text: str, bodies: Mapping[str, object]) -> object:
    steps = [(match[1], match[2]) for match in _STEP.finditer(text)]
    found: object = dict(bodies)
    for index, name in steps:
        if index and isinstance(found, list) and int(index) < len(found):
            found = found[int(index)]
        elif name and isinstance(found, dict) and name in found:
            found = found[name]
        else:
            raise plain("PROCESSING_HALTED", f"Invalid reference specified. No value for {text} found")
    return found


def _is_heavy(url: str) -> bool:
    """Collections and queries, of which only five are allowed."""
    path = [part for part in url.partition("?")[0].split("/") if part]
    resource = path[3:5]
    return resource[:1] in (["query"], ["queryAll"]) or resource == ["composite", "sobjects"]


def total(reply: Reply, parts: Sequence[Reply]) -> Reply:
    """The answer of the whole, with the rows of its parts for the log."""
    kept = [part for part in parts if part.status < 300]
    reply.records = sum(part.records for part in kept)
    reply.created = [row_id for part in kept for row_id in part.created]
    reply.written = [row_id for part in kept for row_id in part.written]
    return reply
