"""The `presence` command: one small function for each subcommand, each importing only what it needs.

Owns what people type and what they read when it goes wrong: one line in plain words, and exit code 2 for bad
usage or settings. Does no work itself.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from presence import __version__

if TYPE_CHECKING:
    from argparse import _SubParsersAction  # it has no public name

    from presence.config import Settings
    from presence.keys import KeyPair

    Commands = _SubParsersAction[argparse.ArgumentParser]

NOT_SEEN = 1  # `explain`: the observer does not see the subject
BAD_USAGE = 2
INTERRUPTED = 130  # what a shell reports for a command ended with Ctrl-C

DEVELOPMENT_FOLDER = Path(".presence")

_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}

Command = Callable[[argparse.Namespace], int]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Returns its exit code; bad usage leaves through SystemExit, as argparse does."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        if words[:1] == ["connect"]:
            return connect(words[1:])
        arguments = _parser().parse_args(words)
        command: Command = arguments.run
        code = command(arguments)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # as in `presence wire decode FILE | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the flush at exit would fail once more
        return 1
    return code


def serve(arguments: argparse.Namespace) -> int:
    """Run the server until it is told to stop."""
    from presence import config, logs

    settings = _settings(arguments)
    if settings is None:
        return BAD_USAGE
    if (problem := config.entry_problem(settings)) is not None:
        return _complain(problem)
    logs.configure(settings.log_level, settings.log_format)

    from presence import server

    return server.run(settings)


def show_config(arguments: argparse.Namespace) -> int:
    """Print every setting with its value and where it came from."""
    from presence import config

    settings = _settings(arguments)
    if settings is None:
        return BAD_USAGE
    described = config.describe(settings)
    if arguments.json:
        import json

        print(json.dumps({name: setting._asdict() for name, setting in described.items()}, indent=2))
        return 0
    for name, setting in described.items():
        value = config.plain_words(setting.value, setting.unit)
        print(f"{name:<21} {value:<24} {setting.source}")
    return 0


def token(arguments: argparse.Namespace) -> int:
    """Print a development token."""
    from presence.keys import TrustError

    try:
        pair = _signing_pair(arguments)
    except TrustError as error:
        return _complain(str(error))
    return _mint(arguments, pair)


def dev_certificate(arguments: argparse.Namespace) -> int:
    """Make a certificate that a headset or browser on the LAN can be told to trust."""
    from datetime import UTC, datetime

    from presence.certificate import ensure_certificate, local_names

    try:
        made = ensure_certificate(arguments.directory, local_names(), datetime.now(UTC))
    except OSError as error:
        return _complain(f"cannot write a certificate in {arguments.directory}: {error.strerror}")
    print(f"certificate  {made.certificate}")
    print(f"key          {made.key}")
    print(f"for          {', '.join(made.names)}")
    print(f"expires      {made.expires:%Y-%m-%d %H:%M} UTC")
    print(f"SHA-256      {made.sha256}")
    return 0


def decode_wire(arguments: argparse.Namespace) -> int:
    """Print captured frames readably."""
    import io

    from presence import wire

    if arguments.file == "-":
        return wire.decode(sys.stdin.buffer, sys.stdout)
    try:
        captured = Path(arguments.file).read_bytes()
    except OSError as error:
        return _complain(f"cannot read {arguments.file}: {error.strerror}")
    return wire.decode(io.BytesIO(captured), sys.stdout)


def check_worlds(arguments: argparse.Namespace) -> int:
    """Say of each world file whether it can be used."""
    from presence import catalogue

    return catalogue.check(arguments.files, sys.stdout)


def explain(arguments: argparse.Namespace) -> int:
    """Say why one sees another or does not: 0 for who does, 1 for who does not, 2 where there is no answer."""
    import asyncio

    from presence import enquiry

    asked = {name: getattr(arguments, name) for name in ("room", "observer", "subject", "tick")}
    given = {name: str(value) for name, value in asked.items() if value is not None}
    try:
        answer = asyncio.run(enquiry.ask(arguments.url, "/ops/explain", given, arguments.token))
    except enquiry.EnquiryError as error:
        return _complain(str(error))
    if arguments.json:
        import json

        print(json.dumps(answer, indent=2))
    else:
        print(*answer["sentences"], sep="\n")
    return 0 if answer["is_held"] else NOT_SEEN


def connect(words: Sequence[str]) -> int:
    """Run the terminal client, which reads its own arguments."""
    from presence_client import terminal

    return terminal.main(words)


# --- what the commands share ------------------------------------------------------------------------------------------


def _settings(arguments: argparse.Namespace) -> Settings | None:
    """Load the settings, or print everything that is wrong with them."""
    from presence import config

    try:
        return config.load(config.flags_from(arguments), os.environ, arguments.config)
    except config.SettingsError as error:
        for problem in error.problems:
            _complain(problem)
        return None


def _signing_pair(arguments: argparse.Namespace) -> KeyPair:
    from presence import keys

    if arguments.key is not None:
        return keys.read_private_key(arguments.key)
    is_new = not (arguments.dir / keys.PRIVATE_KEY_FILE).exists()
    pair = keys.development_key_pair(arguments.dir)
    if is_new:
        path = arguments.dir / keys.KEY_SET_FILE
        print(f"made a key pair: start the server with --keys-file {path}", file=sys.stderr)
    return pair


def _mint(arguments: argparse.Namespace, pair: KeyPair) -> int:
    import random
    import secrets
    import time

    from presence.identity import Identity, Verifier, mint
    from protocol.errors import ProtocolError

    now = int(time.time())
    identity = Identity(
        user=arguments.user,
        name=arguments.name or arguments.user,
        agency=arguments.agency,
        country=arguments.country,
        roles=frozenset(arguments.roles),
        grants=frozenset(arguments.grants),
        guest=False,
        token_id=secrets.token_hex(8),
        expires_at=now + arguments.ttl,
        teams=frozenset(arguments.teams),
    )
    where = {"audience": arguments.audience, "issuer": arguments.issuer}
    minted = mint(identity, pair.private_key, pair.kid, issued_at=now, **where)
    try:
        keys = {pair.kid: pair.private_key.public_key()}
        Verifier(keys, rng=random.SystemRandom(), **where).verify(minted, "", now)
    except ProtocolError as error:
        return _complain(error.reason.partition(": ")[0])
    print(minted)
    return 0


def _complain(problem: str) -> int:
    print(f"presence: {problem}", file=sys.stderr)
    return BAD_USAGE


# --- what people type -------------------------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="presence", description="A realtime presence server and its tools.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"presence {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_serve(commands)
    _add_config(commands)
    _add_token(commands)
    _add_dev_certificate(commands)
    _add_world(commands)
    _add_wire(commands)
    _add_explain(commands)
    commands.add_parser("connect", help="enter a server from the terminal, to probe it")
    return parser


def _add(commands: Commands, name: str, run: Command, help_text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=help_text, description=f"{help_text[0].upper()}{help_text[1:]}.", allow_abbrev=False
    )
    parser.set_defaults(run=run)
    return parser


def _add_serve(commands: Commands) -> None:
    from presence.config import add_flags

    add_flags(_add(commands, "serve", serve, "run the server"))


def _add_config(commands: Commands) -> None:
    from presence.config import add_flags

    parser = _add(commands, "config", show_config, "print every setting, and where its value came from")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_flags(parser)


def _add_token(commands: Commands) -> None:
    parser = _add(commands, "token", token, "print a signed token for development")
    parser.add_argument("--user", required=True, help="stable id of the person (sub)")
    parser.add_argument("--name", help="display name (default: the user)")
    parser.add_argument("--agency", default="", help="agency on the badge")
    parser.add_argument("--country", default="", metavar="CC", help="country on the badge, ISO 3166-1 alpha-2")
    parser.add_argument("--roles", type=_words, default=[], help="comma-separated, such as moderator,instructor")
    parser.add_argument("--grants", type=_words, default=[], help="comma-separated clearances")
    parser.add_argument("--teams", type=_words, default=[], help="comma-separated: who sees each other at any distance")
    parser.add_argument("--ttl", type=_seconds, default="8h", help="lifetime: 90s, 30m, 8h, 7d (default: 8h)")
    parser.add_argument("--audience", default="presence", help="what the server's --audience says")
    parser.add_argument("--issuer", help="what the server's --issuer says")
    parser.add_argument("--key", type=Path, metavar="FILE", help="private key to sign with, PEM")
    parser.add_argument(
        "--dir",
        type=Path,
        default=DEVELOPMENT_FOLDER,
        help="without --key: folder of a development key pair, made on first use (default: %(default)s)",
    )


def _add_dev_certificate(commands: Commands) -> None:
    text = "make a self-signed certificate for this machine, for development"
    parser = _add(commands, "dev-certificate", dev_certificate, text)
    parser.add_argument("directory", type=Path, metavar="DIR", help="where the certificate and its key are kept")


def _add_world(commands: Commands) -> None:
    group = _group(commands, "world", "work with world files")
    parser = _add(group, "check", check_worlds, "say of world files whether they can be used")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")


def _add_wire(commands: Commands) -> None:
    group = _group(commands, "wire", "work with captured frames")
    parser = _add(group, "decode", decode_wire, "print captured frames readably")
    parser.add_argument("file", metavar="FILE", help="- reads standard input")


def _add_explain(commands: Commands) -> None:
    parser = _add(commands, "explain", explain, "say why one sees another in a room, or does not")
    parser.epilog = "Exit codes: 0 the observer sees the subject, 1 it does not, 2 there is no answer."
    parser.add_argument("--room", required=True, help="name of the room")
    parser.add_argument(
        "--observer", required=True, metavar="ID", help="who sees: an entity id, or a user who is there"
    )
    parser.add_argument("--subject", required=True, metavar="ID", help="who is seen: likewise")
    parser.add_argument("--tick", type=int, metavar="T", help="one of the last 600 ticks (default: the newest)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--url", default="http://127.0.0.1:8082", help="the server's port for operators (default: %(default)s)"
    )
    parser.add_argument(
        "--token",
        default=os.environ.get("PRESENCE_TOKEN", ""),
        help="token with the role operator; better in the environment, as PRESENCE_TOKEN",
    )


def _group(commands: Commands, name: str, help_text: str) -> Commands:
    parser = commands.add_parser(name, help=help_text, allow_abbrev=False)
    return parser.add_subparsers(metavar="COMMAND", required=True)


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _seconds(text: str) -> int:
    number, unit = (text[:-1], text[-1]) if text[-1:] in _UNITS_S else (text, "s")
    if not number.isascii() or not number.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a time such as 90s, 30m, 8h or 7d")
    return int(number) * _UNITS_S[unit]
