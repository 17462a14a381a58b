"""What can go wrong for a user of the SDK, each said in words a person can read.

Nothing here is raised for the server's ordinary refusals of a pose: those arrive as `Correction`.
"""

from __future__ import annotations

from protocol.errors import Close, Refusal


class ClientError(Exception):
    """Anything the SDK raises about the connection or a command."""


class ConnectError(ClientError):
    """No session could be opened. `code` is the server's close code, or None where no server answered."""

    def __init__(self, reason: str, code: int | None = None) -> None:
        super().__init__(reason if code is None else f"{reason} ({name_of_close(code)}, {code})")
        self.reason = reason
        self.code = code


class ClosedError(ClientError):
    """The session is over, and the SDK does not come back by itself."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{reason} ({name_of_close(code)}, {code})")
        self.code = code
        self.reason = reason


class OfflineError(ClientError):
    """There is no connection just now, or it broke before the server answered: the command was not carried out."""


class BusyError(ClientError):
    """Too many commands are waiting for an answer."""


class LaggedError(ClientError):
    """A reader of `Client.events` fell behind further than its queue reaches."""


class RefusedError(ClientError):
    """The server refused one command; nothing changed."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{reason} ({_name(Refusal, code)}, {code})")
        self.code = code
        self.reason = reason


def name_of_close(code: int) -> str:
    """Name a close code as the specification does; a code it does not know is `unknown`."""
    return _name(Close, code)


def _name(codes: type[Close | Refusal], code: int) -> str:
    try:
        return codes(code).name.lower()
    except ValueError:
        return "unknown"
