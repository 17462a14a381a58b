"""How HTTP says no: a status, a code for programs, a reason for people, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from protocol.errors import Close, ProtocolError


class Problem(Exception):
    """A request that is refused."""

    def __init__(
        self, status: int, code: str, reason: str, advice: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(f"{status} {code}: {reason}")
        self.status = status
        self.code = code
        self.reason = reason
        self.advice = advice
        self.headers = headers or {}

    def response(self) -> web.Response:
        """Say so."""
        body = {"code": self.code, "reason": self.reason, "advice": self.advice}
        return web.json_response(body, status=self.status, headers=self.headers)


_ADVICE = {
    Close.TOKEN_REQUIRED: "send your token in the header: Authorization: Bearer TOKEN",
    Close.TOKEN_INVALID: "sign in again, and send the new token as it is",
    Close.TOKEN_EXPIRED: "sign in again for a new token",
    Close.TOKEN_AUDIENCE: "ask your sign-in service for a token of this server",
    Close.TOKEN_REVOKED: "ask whoever issued the token",
}


def bad_token(error: ProtocolError) -> Problem:
    """Turn the refusal of a token into the refusal of a request."""
    challenge = {"WWW-Authenticate": 'Bearer realm="presence"'}
    return Problem(401, error.code.name.lower(), error.reason, _ADVICE[error.code], challenge)


def from_http(error: web.HTTPException) -> Problem:
    """Turn what aiohttp refuses by itself into the same form, keeping headers such as Allow."""
    advice = {
        404: "see /v1/openapi.json for what there is",
        405: "use a method that the Allow header names",
        413: "send less; /v1/openapi.json says how much it may be",
    }
    headers = {name: value for name, value in error.headers.items() if name != "Content-Type"}
    code = error.reason.lower().replace(" ", "_")
    return Problem(error.status, code, error.reason, advice.get(error.status, "correct the request"), headers)
