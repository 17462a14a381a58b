"""Asking a running server as an operator does: one request, answered in JSON, or a reason in words why it was not.

The other end is `operators`. A token leaves this machine only under TLS, and follows no redirect.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import aiohttp

from presence.addresses import url_problem

TIMEOUT_S = 10.0


class EnquiryError(Exception):
    """There is no answer; the text is one line that says why and what to do."""


async def ask(base: str, path: str, parameters: Mapping[str, str], token: str) -> dict[str, Any]:
    """Ask an operators' listener, at `base`. Raises EnquiryError."""
    if (problem := url_problem(base)) is not None:
        raise EnquiryError(f"the URL {problem}")
    try:
        status, body = await _fetch(base.rstrip("/") + path, parameters, token)
        answer = json.loads(body)
        if status == HTTPStatus.OK and isinstance(answer, dict):
            return answer
        raise EnquiryError(f"{answer['reason']}; {answer['advice']}")
    except TimeoutError:
        raise EnquiryError(f"no answer within {TIMEOUT_S:.0f} s") from None
    except (aiohttp.ClientError, OSError) as error:
        raise EnquiryError(f"nothing answers at {base} ({error}): is it the operators' port?") from None
    except (ValueError, KeyError, TypeError):
        raise EnquiryError(f"{base} answered with status {status}: it is no operators' port") from None


async def _fetch(url: str, parameters: Mapping[str, str], token: str) -> tuple[int, bytes]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    async with (
        aiohttp.ClientSession(timeout=timeout, headers=headers) as http,
        http.get(url, params=parameters, allow_redirects=False) as answer,
    ):
        return answer.status, await answer.read()
