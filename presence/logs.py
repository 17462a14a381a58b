"""How the server's log lines look, and what never stands in them.

Owns the one configuration of structlog over the standard library's logging, so that our lines and those of
aiohttp and asyncio come out alike, on stderr, as text or JSON. Removes secrets from every line, by the name
of a field and by the shape of a token. Owns the audit line: what a moderator or an operator did, which no
level can switch off. Decides nothing about what is worth a line.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

AUDIT = "presence.audit"
REMOVED = "[removed]"

_SECRET_NAME = re.compile(r"token|resume|secret|authorization|password|cookie|private_key|ticket", re.IGNORECASE)
_NOT_SECRET = frozenset({"token_id", "resume_window_s", "resumed"})
_JWT = re.compile(r"eyJ[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]*){1,2}")  # it starts with {" in base64
_BARE = re.compile(r"[\w.:/@+-]+")

# What structlog and the formatter leave in a line for their own use.
_PREFACE = ("timestamp", "level", "logger", "event")


def configure(level: str, line_format: str, stream: TextIO | None = None) -> None:
    """Send every log line of the process to `stream` (stderr), as "text" or "json", from `level` on.

    Replaces whatever was configured before.
    """
    shared: list[Processor] = [
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        remove_secrets,
    ]
    render: Processor = structlog.processors.JSONRenderer() if line_format == "json" else render_text
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    logging.getLogger(AUDIT).setLevel(logging.INFO)


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of a module: `logger(__name__).info("room made", room="lobby")`."""
    bound: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return bound


def audit(action: str, *, actor: str, target: str = "", room: str = "", reason: str = "") -> None:
    """Record what a person did by virtue of a role. actor and target are user ids; written at every level."""
    logger(AUDIT).info("audit", action=action, actor=actor, target=target, room=room, reason=reason)


def remove_secrets(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """Replace, at any depth, the values of fields named like secrets and whatever looks like a token."""
    return {name: REMOVED if _is_secret(name) else _cleaned(value) for name, value in line.items()}


def render_text(_logger: WrappedLogger, _method: str, line: EventDict) -> str:
    """Write `time level logger event key=value`: one line for an event, whatever its values hold."""
    trace = line.pop("exception", None)
    preface = [str(line.pop(name, "")) for name in _PREFACE]
    fields = [f"{name}={_bare_or_quoted(value)}" for name, value in line.items()]
    text = " ".join([*preface[:3], _without_controls(preface[3]), *fields])
    return f"{text}\n{trace}" if trace else text


def _is_secret(name: object) -> bool:
    return isinstance(name, str) and name not in _NOT_SECRET and _SECRET_NAME.search(name) is not None


def _cleaned(value: object) -> object:
    if isinstance(value, str):
        return _JWT.sub(REMOVED, value)
    if isinstance(value, Mapping):
        return {name: REMOVED if _is_secret(name) else _cleaned(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_cleaned(inner) for inner in value]
    return value


def _bare_or_quoted(value: object) -> str:
    text = str(value)
    return text if _BARE.fullmatch(text) else repr(text)


def _without_controls(text: str) -> str:
    return text if text.isprintable() else repr(text)
