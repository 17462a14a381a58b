"""The terminal client: enters a room, shows it, lets one chat, and measures the connection. `presence connect URL`.

With `--seconds` it is a probe, and leaves after that time; with `--json` it prints one object and nothing else. Exit
codes: 0; 1 where it could not connect or the session ended by itself, said in plain words; 2 for bad usage.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import math
import os
import ssl
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from presence_client.client import Client, connect
from presence_client.errors import ClientError, ConnectError
from presence_client.events import Offline
from presence_client.meter import Meter
from presence_client.room import Room
from presence_client.terminal_visit import LineVisit, LiveVisit, stay
from presence_client.transport import split_url
from presence_client.view import Applied
from protocol.schema import Correction

PROBE_S = 5.0


def main(argv: Sequence[str]) -> int:
    """Run `presence connect` with these arguments. Returns the exit code."""
    arguments = _parser().parse_args(argv)
    try:
        split_url(arguments.url)
        arguments.tls = ssl.create_default_context(cafile=arguments.cafile) if arguments.cafile else None
    except ValueError as error:
        print(f"presence connect: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"presence connect: cannot use {arguments.cafile}: {error.strerror}", file=sys.stderr)
        return 2
    if arguments.json and arguments.seconds is None:
        arguments.seconds = PROBE_S
    with contextlib.suppress(KeyboardInterrupt):
        return asyncio.run(_run(arguments))
    return 0


async def _run(arguments: argparse.Namespace) -> int:
    try:
        async with connect(arguments.url, token=arguments.token, name=arguments.name, tls=arguments.tls) as client:
            meter = _metered(client)
            room = await client.join(arguments.room, arguments.world)
            await _visit(client, room, meter, arguments)
            return 0
    except ClientError as error:
        return _complain(error, arguments)


def _complain(error: ClientError, arguments: argparse.Namespace) -> int:
    if arguments.json:
        code = getattr(error, "code", None)
        failed = isinstance(error, ConnectError)
        print(json.dumps({"url": arguments.url, "connected": not failed, "error": str(error), "code": code}))
    else:
        print(f"presence connect: {error}", file=sys.stderr)
    return 1


async def _visit(client: Client, room: Room, meter: Meter, arguments: argparse.Namespace) -> None:
    """Stay in the room for as long as was asked for, in the manner that was asked for."""
    if arguments.json:
        await stay(client, arguments.seconds)
        print(json.dumps(_findings(client, arguments.url, meter), ensure_ascii=False))
    elif arguments.plain or not sys.stdout.isatty():
        await LineVisit(client, room, meter, _print).run(arguments.seconds)
    else:
        await LiveVisit(client, room, meter).run(arguments.seconds)


def _metered(client: Client) -> Meter:
    meter = Meter(client.session, asyncio.get_running_loop().time())
    client.on(Applied, meter.applied)
    client.on(Offline, lambda _: meter.broke())
    client.on(Correction, lambda _: meter.corrected())
    return meter


def _findings(client: Client, url: str, meter: Meter) -> dict[str, Any]:
    welcome, joined = client.session.welcome, client.session.joined
    return {
        "url": url,
        "connected": True,
        "session": welcome.session if welcome else None,
        "user": welcome.user if welcome else None,
        "name": welcome.name if welcome else None,
        "guest": welcome.guest if welcome else None,
        "protocol": f"{welcome.major}.{welcome.minor}" if welcome else None,
        "room": joined.room if joined else None,
        "world": joined.world if joined else None,
        "entity": joined.entity if joined else None,
        **meter.report(asyncio.get_running_loop().time()),
    }


def _print(line: str) -> None:
    print(line, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="presence connect", description="Enter a server from the terminal, to probe it.", allow_abbrev=False
    )
    parser.add_argument("url", metavar="URL", help="ws://host:port, wss://…, tcp://host:port or tcps://…")
    parser.add_argument("--room", default="hq", help="room to enter (default: %(default)s)")
    parser.add_argument("--world", default="", help="world to make the room from if it does not exist yet")
    parser.add_argument("--name", default="terminal", help="display name of a guest (default: %(default)s)")
    parser.add_argument(
        "--token",
        default=os.environ.get("PRESENCE_TOKEN", ""),
        help="identity token; better in the environment, as PRESENCE_TOKEN",
    )
    parser.add_argument("--plain", action="store_true", help="print lines instead of a live picture")
    parser.add_argument("--seconds", type=_seconds, metavar="N", help="leave after this time")
    parser.add_argument(
        "--json", action="store_true", help=f"print only what was measured in --seconds (default: {PROBE_S:g})"
    )
    parser.add_argument("--cafile", type=Path, metavar="PEM", help="certificates to trust besides the system's")
    return parser


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time in seconds")
    return seconds
