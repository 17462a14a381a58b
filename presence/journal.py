"""What operators read about sessions: the hub's news as log lines, audit lines and counters. Holds no secret."""

from __future__ import annotations

from presence import logs
from presence.hub import Journal
from presence.metrics import Metrics
from presence.session import Connection, Session
from presence.state import Audit
from protocol.errors import Close

_log = logs.logger(__name__)


class LoggingJournal(Journal):
    """Writes the hub's news to the log and the metrics."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def opened(self, session: Session, *, is_resumed: bool) -> None:
        """Note a welcome."""
        assert session.connection is not None
        _log.info(
            "session opened",
            session=session.id,
            user=session.identity.user,
            address=session.connection.address,
            transport=session.framing.value,
            resumed=is_resumed,
        )

    def closed(self, connection: Connection, code: Close, reason: str) -> None:
        """Note that the server closed a connection, and whose it was."""
        self._metrics.count_close(code)
        session = connection.session
        _log.info(
            "connection closed",
            code=code.name.lower(),
            reason=reason,
            address=connection.address,
            **({"session": session.id, "user": session.identity.user} if session is not None else {}),
        )

    def turned_away(self, session: Session) -> None:
        """Note that a session has lost its connection."""
        _log.info("connection lost", session=session.id, user=session.identity.user)

    def audited(self, audit: Audit) -> None:
        """Note an act of authority."""
        logs.audit(audit.action, actor=audit.actor, target=audit.target, room=audit.room, reason=audit.reason)
