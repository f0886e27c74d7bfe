"""apprise behind the port: real receivers on loopback get what is sent, and no secret comes back."""

from __future__ import annotations

import io

import pytest

from syncd.model.errors import NeedsOperator
from syncd.model.notice import Message
from syncd.observe.log import configure_logs, reset_logs
from syncd.ports.post import Posted
from syncd.post import ApprisePost, trouble_with
from syncd.post.by_apprise import without
from tests.receivers import mailbox, webhook

WORD = "geheimes9wort"
MESSAGE = Message("syncd main: brake.held", "More would change <at once>.\n- measure=updates_all", "error")


def posted(url: str, message: Message = MESSAGE) -> Posted:
    """What comes back from an address."""
    return ApprisePost(lambda: {"t": lambda: url}, patience=3.0)("t", message)


def test_a_webhook_gets_it() -> None:
    """As it is written, with how grave it is."""
    with webhook() as hook:
        assert posted(f"json://user:{WORD}@127.0.0.1:{hook.port}/{WORD}") == Posted(True, "taken")
    (got,) = hook.got
    assert (got["title"], got["message"], got["type"]) == (MESSAGE.title, MESSAGE.body, "failure")


def test_a_mail_server_gets_it() -> None:
    """Subject and text."""
    with mailbox() as box:
        answer = posted(f"mailto://127.0.0.1:{box.port}?from=syncd@example.com&to=ops@example.com")
    assert answer == Posted(True, "taken")
    (mail,) = box.mails
    assert (mail["Subject"], mail["To"]) == (MESSAGE.title, "ops@example.com")
    part = mail.get_body(("plain",))
    assert part is not None
    assert part.get_content().split() == MESSAGE.body.split()


@pytest.mark.parametrize("form", ["json://user:{0}@127.0.0.1:{1}/{0}?+X-Token={0}", "json://{0}:{0}@127.0.0.1:1/{0}"])
def test_a_refusal_is_told_without_the_secret(form: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Neither in the answer, nor in our log at its lowest level, nor on either stream."""
    log = io.StringIO()
    configure_logs(level="debug", stream=log)
    try:
        with webhook() as hook:
            hook.status = 403
            answer = posted(form.format(WORD, hook.port))
    finally:
        reset_logs()
    assert not answer.taken
    assert "error" in answer.said
    assert "log.foreign" not in log.getvalue(), "it is told once, as the answer"
    streams = capfd.readouterr()
    for text in (answer.said, log.getvalue(), streams.out, streams.err, repr(answer)):
        assert WORD not in text


def test_a_mail_server_that_refuses() -> None:
    """Is an answer like any other."""
    with mailbox() as box:
        box.refuses = True
        answer = posted(f"mailto://127.0.0.1:{box.port}?from=syncd@example.com&to=ops@example.com")
    assert not answer.taken
    assert not box.mails


def test_whatever_quotes_an_address_quotes_no_secret_of_it() -> None:
    """Encoded or not; hosts are shown where the scheme has one, and nothing of a scheme that has tokens alone."""
    url = f"jsons://joe:{WORD}%20x@hooks.example.com/services/T0001?to=ann@example.com"
    told = without(url, f"hooks.example.com refused {WORD} x and {WORD}%20x at /services/T0001")
    assert "hooks.example.com refused" in told
    assert not any(secret in told for secret in (WORD, "T0001", "services"))
    assert without("slack://TokenA123/TokenB123/C", "TokenA123 is wrong") == "*** is wrong"


def test_what_cannot_be_read_or_found_is_an_answer() -> None:
    """A typing error, a name that is gone, a file that is gone."""
    assert trouble_with("jsons://hooks.example.com/x") is None
    for url in ("hooks.example.com", "jsosn://hooks.example.com/x", ""):
        assert trouble_with(url)
        assert "no address" in posted(url).said
    assert "no target" in ApprisePost(dict)("t", MESSAGE).said

    def gone() -> str:
        raise NeedsOperator("its file does not exist; make it")

    assert ApprisePost(lambda: {"t": gone})("t", MESSAGE) == Posted(False, "its file does not exist; make it")


def test_a_slack_compatible_webhook_gets_it_as_text() -> None:
    """Mattermost, Rocket.Chat and others take what Slack's incoming webhooks take: ``text``."""
    with webhook() as hook:
        assert posted(f"json://127.0.0.1:{hook.port}/hooks/{WORD}?:message=text&:title=&:version=&:type=").taken
    (got,) = hook.got
    assert got["text"] == MESSAGE.body
    assert not {"message", "version", "type"} & got.keys()


def test_pagerduty_closes_what_it_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the key of the state; a message about several things opens one without it, and another state another one."""
    from apprise.plugins import pagerduty

    began = Message("syncd main: side.not_itself", "- side=crm", "error", key="main\tside.not_itself\tside=crm")
    over = Message("syncd main: side.itself_again", "- side=crm", "success", key=began.key)
    other = Message("syncd main: side.not_itself", "- side=marketing", "error", key="main\tside.not_itself\tside=m")
    with webhook() as hook:
        monkeypatch.setattr(
            pagerduty,
            "PAGERDUTY_API_LOOKUP",
            dict.fromkeys(pagerduty.PAGERDUTY_API_LOOKUP, f"http://127.0.0.1:{hook.port}"),
        )
        post = ApprisePost(lambda: {"t": lambda: f"pagerduty://{'I' * 32}@{'A' * 20}/syncd/main"}, patience=3.0)
        for message in (began, other, over):
            assert post("t", message) == Posted(True, "taken")
    first, second, last = hook.got
    assert [each["event_action"] for each in hook.got] == ["trigger", "trigger", "resolve"]
    assert first["dedup_key"] == last["dedup_key"] != second["dedup_key"]
    assert "crm" not in first["dedup_key"]
    assert "side=crm" in first["payload"]["summary"]


def test_opsgenie_closes_what_this_process_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    """Apprise remembers the numbers of its alerts in memory, so the address is read into one plugin and kept."""
    from apprise.plugins import opsgenie

    class Answer:
        status_code = 202
        content = b'{"requestId": "r-1"}'

    calls: list[tuple[str, str]] = []

    def sent(url: str, data: str, **_: object) -> Answer:
        calls.append((url, data))
        return Answer()

    monkeypatch.setattr(opsgenie.requests, "post", sent)
    began = Message("syncd main: side.stalled", "- side=crm", "error", key="main\tside.stalled\tside=crm")
    over = Message("syncd main: side.polled_again", "- side=crm", "success", key=began.key)
    post = ApprisePost(lambda: {"t": lambda: f"opsgenie://{'a' * 36}"}, patience=3.0)
    assert post("t", began).taken
    assert post("t", over).taken
    (opened, told), (closed, _) = calls
    assert opened.endswith("/v2/alerts")
    assert '"alias"' in told
    assert closed.endswith("/r-1/close")
