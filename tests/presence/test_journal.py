"""presence.journal: what operators read about sessions."""

from __future__ import annotations

from structlog.testing import capture_logs

from presence.journal import LoggingJournal
from presence.metrics import Metrics
from presence.state import Audit
from protocol.schema import Bye, Welcome
from tests.hubs import Desk


def test_a_sessions_life_is_on_record() -> None:
    """Opened, lost, resumed, closed: each names the session and the user, and never what opens it."""
    desk, metrics = Desk(), Metrics()
    desk.hub._journal = LoggingJournal(metrics)  # noqa: SLF001  as the server makes it
    with capture_logs() as lines:
        ada = desk.member("u-ada")
        welcome = ada.last(Welcome)
        ada.lose()
        again = desk.line()
        again.hello(resume=welcome.resume, token=desk.token("u-ada"))
        again.send(Bye())
    assert [line["event"] for line in lines] == [
        "session opened",
        "connection lost",
        "session opened",
        "connection closed",
    ]
    assert {(line["session"], line["user"]) for line in lines} == {(welcome.session, "u-ada")}
    assert [line.get("resumed") for line in lines] == [False, None, True, None]
    assert lines[-1]["code"] == "left"
    assert welcome.resume not in str(lines)
    assert metrics.registry.get_sample_value("presence_closes_total", {"code": "left"}) == 1


def test_a_close_before_the_welcome_names_the_address() -> None:
    """There is no session yet to name."""
    desk = Desk()
    desk.hub._journal = LoggingJournal(Metrics())  # noqa: SLF001
    with capture_logs() as lines:
        desk.line("192.0.2.9").send(Bye())
    (line,) = lines
    assert (line["code"], line["address"]) == ("out_of_state", "192.0.2.9")
    assert "session" not in line


def test_acts_of_authority_are_audited() -> None:
    """With who, what, whom, where and why."""
    with capture_logs() as lines:
        LoggingJournal(Metrics()).audited(Audit("u-boss", "kick", "u-eve", "lobby", "enough"))
    (line,) = lines
    assert {"actor": "u-boss", "action": "kick", "target": "u-eve", "room": "lobby", "reason": "enough"}.items() <= (
        line.items()
    )
