"""Every setting of the server, declared once, and where each value came from.

Owns the declarations (`Settings`), from which command-line flags (`--max-frame-bytes`), environment
variables (`PRESENCE_MAX_FRAME_BYTES`) and the keys of the `[presence]` table of a TOML file all derive, and
the one validation that lists every problem at once. Starts nothing. The command line calls `load`, everybody
else is handed the result; `build` makes settings in code, with the same checks.

A flag beats the environment, the environment beats the file, the file beats the default. An empty
environment variable counts as unset. PORT and TCP_PORT, without prefix, are read too, after the prefixed
ones. The file is the one named with --config or PRESENCE_CONFIG, else `presence.toml` in the working
directory if it is there. Paths are relative to the working directory.
"""

from __future__ import annotations

import argparse
import difflib
import ipaddress
import re
import tomllib
from collections import ChainMap, Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Generic, NamedTuple, TypeVar, get_origin, get_type_hints

from presence.addresses import is_loopback, url_problem, without_query
from presence.rings import RING_FORM, Detail, Ring, are_nested

PREFIX = "PRESENCE_"
TABLE = "presence"
DEFAULT_FILE = Path("presence.toml")
DEFAULT = "default"
MAX_PORT = 65535

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
T = TypeVar("T")

_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_ORIGIN = re.compile(r"https?://([a-z0-9._-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?")
_SWITCH_WORDS = {
    "true": True,
    "yes": True,
    "on": True,
    "1": True,
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}


class SettingsError(Exception):
    """Settings that cannot be used: `problems` names them all, each with where it comes from."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class RoomSetting(NamedTuple):
    """A room that exists from the start, and the world it is made from."""

    name: str
    world: str

    def __str__(self) -> str:
        return f"{self.name}={self.world}"


class RoomRings(NamedTuple):
    """The rings of one room, whatever its world says."""

    room: str
    rings: tuple[Ring, ...]

    def __str__(self) -> str:
        return f"{self.room}={','.join(map(str, self.rings))}"


# --- kinds of value ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Kind(Generic[T]):
    """How a setting is written. `read` takes a flag's or variable's text or a TOML value; ValueError."""

    placeholder: str
    read: Callable[[object], T]
    show: Callable[[T], object] = lambda value: value  # as JSON
    is_switch: bool = False
    is_list: bool = False


def text(*choices: str) -> Kind[str]:
    """Any text that is not blank, or one of `choices`."""

    def read(raw: object) -> str:
        value = _plain(raw)
        if choices and value not in choices:
            raise _refusal(raw, f"is not one of {', '.join(choices)}")
        return value

    return Kind("|".join(choices) or "TEXT", read)


def whole(low: int, high: int) -> Kind[int]:
    """A whole number in a range, both ends included."""

    def read(raw: object) -> int:
        value = None if isinstance(raw, float) else _number(raw, int)
        if value is None or not low <= value <= high:
            raise _refusal(raw, f"is not a whole number from {low} to {high}{_service_link_hint(raw)}")
        return value

    return Kind("N", read)


def decimal(low: float, high: float) -> Kind[float]:
    """A finite number in a range, both ends included."""

    def read(raw: object) -> float:
        value = _number(raw, float)
        if value is None or not low <= value <= high:
            raise _refusal(raw, f"is not a number from {low:g} to {high:g}")
        return value

    return Kind("X", read)


def switch() -> Kind[bool]:
    """True or false, in the words people use for them."""

    def read(raw: object) -> bool:
        value = raw if isinstance(raw, bool) else _SWITCH_WORDS.get(str(raw).strip().lower())
        if value is None:
            raise _refusal(raw, "is neither true nor false")
        return value

    return Kind("", read, is_switch=True)


def path(is_there: Callable[[Path], bool], what: str) -> Kind[Path]:
    """A path that must lead somewhere."""

    def read(raw: object) -> Path:
        value = Path(_plain(raw)).expanduser()
        if not is_there(value):
            raise _refusal(raw, f"is not {what} that is there")
        return value

    return Kind("PATH", read, show=str)


def url() -> Kind[str]:
    """A URL that trust may be read from; its query is never shown, because it may hold a key."""

    def read(raw: object) -> str:
        value = _plain(raw)
        if (problem := url_problem(value)) is not None:
            raise ValueError(f"the URL {problem}")
        return value

    return Kind("URL", read, show=without_query)


def many(item: Callable[[str], T], placeholder: str) -> Kind[tuple[T, ...]]:
    """Several values: repeated flags, or separated by commas, or a TOML list of strings."""
    return _listed(lambda words: tuple(map(item, words)), placeholder)


def rings_of_rooms() -> Kind[tuple[RoomRings, ...]]:
    """Rings of several rooms: those behind the first of a room, which is written `room=ring`, are that room's too."""

    def read(words: list[str]) -> tuple[RoomRings, ...]:
        rooms: list[RoomRings] = []
        for word in words:
            room, equals, ring = word.rpartition("=")
            if equals:
                rooms.append(RoomRings(room, ()))
            elif not rooms:
                raise _refusal(word, "has no room before it: write room=metres:ticks")
            name, before = rooms.pop()
            rooms.append(RoomRings(name, (*before, _read_ring(ring))))
        return tuple(rooms)

    return _listed(read, "ROOM=RING,RING,...")


def _listed(read_words: Callable[[list[str]], tuple[T, ...]], placeholder: str) -> Kind[tuple[T, ...]]:
    def read(raw: object) -> tuple[T, ...]:
        parts = raw if isinstance(raw, (list, tuple)) else [raw]
        words = (word.strip() for part in parts for word in _plain(part).split(","))
        return read_words([word for word in words if word])

    return Kind(placeholder, read, show=lambda values: [str(value) for value in values], is_list=True)


def _plain(raw: object) -> str:
    if isinstance(raw, (bool, int, float, list, dict)) or not str(raw).strip():
        raise _refusal(raw, "is not text")
    return str(raw).strip()


def _number(raw: object, convert: Callable[[Any], T]) -> T | None:
    try:
        return None if isinstance(raw, bool) else convert(raw)
    except (ValueError, TypeError, OverflowError):
        return None


def _refusal(raw: object, what: str) -> ValueError:
    return ValueError(f"{str(raw)[:80]!r} {what}")


def _service_link_hint(raw: object) -> str:
    if not str(raw).startswith("tcp://"):
        return ""
    return " (Kubernetes sets this for a service of that name: put enableServiceLinks: false into the pod)"


def _read_network(word: str) -> Network:
    try:
        return ipaddress.ip_network(word)
    except ValueError:
        raise _refusal(word, "is not a network such as 10.0.0.0/8") from None


def _read_origin(word: str) -> str:
    origin = word.lower()
    if not _ORIGIN.fullmatch(origin):
        raise _refusal(word, "is not an origin such as https://hub.example.org")
    return origin


def _read_room(word: str) -> RoomSetting:
    name, _, world = word.partition("=")
    if not (_SLUG.fullmatch(name) and _SLUG.fullmatch(world)):
        raise _refusal(word, "is not of the form room=world, in lower-case letters, digits, - and _")
    return RoomSetting(name, world)


def _read_ring(word: str) -> Ring:
    try:
        return Ring.parse(word)
    except ValueError:
        raise _refusal(word, f"is not of the form {RING_FORM}") from None


# --- declarations -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Setting:
    """One declaration: how it is written, its default, what it means.

    also_from: an environment variable without the prefix. after_port: where it is not 0, the default is
    `port` plus it.
    """

    kind: Kind[Any]
    default: object
    help: str
    unit: str = ""
    also_from: str = ""
    after_port: int = 0


FILE = path(Path.is_file, "a file")
FOLDER = path(Path.is_dir, "a folder")
PORT = whole(0, MAX_PORT)
URL = url()
SWITCH = switch()
TEXT = text()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the server was told. Made by `load` or `build` only: they check, and fill in what was left out.

    sources: for each setting, where its value came from, in words.
    """

    host: Annotated[str, Setting(TEXT, "127.0.0.1", "address to serve on")]
    port: Annotated[int, Setting(PORT, 8080, "port of HTTP and WebSocket; 0 takes any", also_from="PORT")]
    tcp_port: Annotated[int, Setting(PORT, 0, "port of raw TCP; 0 takes any", also_from="TCP_PORT", after_port=1)]
    metrics_host: Annotated[str, Setting(TEXT, "127.0.0.1", "address to serve /metrics on")]
    metrics_port: Annotated[
        int, Setting(PORT, 0, "port of /metrics; done without if nobody set it and it is taken", after_port=2)
    ]
    tls_cert: Annotated[Path | None, Setting(FILE, None, "certificate chain, PEM; both ports then speak TLS")]
    tls_key: Annotated[Path | None, Setting(FILE, None, "private key of the certificate, PEM")]
    behind_tls_proxy: Annotated[
        bool, Setting(SWITCH, False, "a proxy in front ends TLS: plain text may leave this machine")
    ]
    trusted_proxies: Annotated[
        tuple[Network, ...],
        Setting(many(_read_network, "CIDR"), (), "proxies whose X-Forwarded-For is believed"),
    ]
    trust_loopback: Annotated[bool, Setting(SWITCH, False, "lift the per-address limit for this machine")]

    allow_guests: Annotated[
        bool, Setting(SWITCH, False, "let people in without a token, marked as guests; for development")
    ]
    keys_file: Annotated[Path | None, Setting(FILE, None, "key set (JWKS) that tokens are checked with")]
    keys_url: Annotated[
        str | None, Setting(URL, None, "where to read the key set instead: https, or http on this machine")
    ]
    audience: Annotated[str, Setting(TEXT, "presence", "what a token's aud claim must name")]
    issuer: Annotated[str | None, Setting(TEXT, None, "what a token's iss claim must be; unset takes any")]
    revoked_file: Annotated[Path | None, Setting(FILE, None, "withdrawn tokens: a token id or sub:<user> on each line")]
    revoked_url: Annotated[str | None, Setting(URL, None, "where to read the withdrawn tokens instead")]
    trust_refresh_s: Annotated[
        float, Setting(decimal(0.05, 86400), 60.0, "how often keys and withdrawn tokens are read again", "s")
    ]
    origins: Annotated[
        tuple[str, ...],
        Setting(many(_read_origin, "ORIGIN"), (), "web origins let in besides the server's own"),
    ]

    worlds_dir: Annotated[Path | None, Setting(FOLDER, None, "folder of worlds besides the built-in ones")]
    rooms: Annotated[
        tuple[RoomSetting, ...],
        Setting(
            many(_read_room, "ROOM=WORLD"),
            (RoomSetting("hq", "headquarters"), RoomSetting("border", "checkpoint")),
            "rooms there from the start",
        ),
    ]
    room_capacity: Annotated[int, Setting(whole(1, 5000), 1000, "most people in one room")]
    tick_hz: Annotated[int, Setting(whole(1, 60), 20, "steps of a room's clock each second", "Hz")]
    interest_radius_m: Annotated[float, Setting(decimal(0.5, 1000), 10.0, "sight, where the world says none", "m")]
    rings: Annotated[
        tuple[Ring, ...],
        Setting(
            many(_read_ring, "METRES:TICKS[:root|:dot]"),
            (Ring(10_000, 0, Detail.FULL), Ring(20_000, 1, Detail.FULL), Ring(40_000, 1, Detail.ROOT)),
            "how often an observer is told of others, by distance, nearest first, where the world says none; the last "
            "goes on",
        ),
    ]
    room_rings: Annotated[
        tuple[RoomRings, ...],
        Setting(rings_of_rooms(), (), "rings of single rooms, such as hq=10:1,40:2:root, whatever their worlds say"),
    ]
    pinned_roles: Annotated[
        tuple[str, ...],
        Setting(many(str, "ROLE"), ("instructor",), "whoever has one of these is in sight at any distance"),
    ]
    viewpoint_roles: Annotated[
        tuple[str, ...],
        Setting(
            many(str, "ROLE"),
            ("instructor", "spectator", "moderator", "operator"),
            "whoever has one of these may look from other places too",
        ),
    ]
    pose_budget_kbit: Annotated[
        int, Setting(whole(64, 1600), 256, "what an observer is told of others' movement at the most", "kbit/s")
    ]

    handshake_timeout_s: Annotated[float, Setting(decimal(0.05, 60), 5.0, "time for a client's first message", "s")]
    heartbeat_s: Annotated[
        float,
        Setting(decimal(0.05, 60), 15.0, "how often a client must be heard; three missed end it", "s"),
    ]
    resume_window_s: Annotated[float, Setting(decimal(0, 3600), 60.0, "how long a lost session's seat is held", "s")]
    max_sessions: Annotated[int, Setting(whole(1, 100_000), 4000, "most sessions in all")]
    max_per_address: Annotated[int, Setting(whole(1, 100_000), 32, "most connections from one address")]
    max_half_open: Annotated[
        int,
        Setting(whole(1, 100_000), 256, "most unfinished handshakes; the oldest makes way"),
    ]
    max_frame_bytes: Annotated[int, Setting(whole(8192, 2**20), 16384, "largest frame a client may send", "bytes")]
    rate_limits: Annotated[bool, Setting(SWITCH, True, "limit how often each message may be sent; off for tests only")]

    bots: Annotated[int, Setting(whole(0, 2000), 0, "avatars that walk about, from a process of their own")]
    log_level: Annotated[
        str, Setting(text("debug", "info", "warning", "error"), "info", "least serious line that is logged")
    ]
    log_format: Annotated[str, Setting(text("text", "json"), "text", "how log lines are written")]

    sources: Mapping[str, str] = field(compare=False, repr=False)

    @property
    def is_tls(self) -> bool:
        """Whether both ports speak TLS."""
        return self.tls_cert is not None

    def is_default(self, name: str) -> bool:
        """Tell whether nobody set `name`."""
        return self.sources[name].startswith(DEFAULT)


def _declared() -> dict[str, Setting]:
    hints = get_type_hints(Settings, include_extras=True)
    return {name: hint.__metadata__[0] for name, hint in hints.items() if get_origin(hint) is Annotated}


DECLARED: Mapping[str, Setting] = _declared()


# --- loading ----------------------------------------------------------------------------------------------------------


class Described(NamedTuple):
    """A setting's value as JSON holds it, its unit or "", and where it came from."""

    value: object
    unit: str
    source: str


class Written(NamedTuple):
    """A value as somebody wrote it, and where."""

    raw: object
    source: str


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Give `parser` a flag for each setting, and --config; `flags_from` takes them back out."""
    parser.add_argument(
        "--config", metavar="FILE", type=Path, help=f"settings file (default: {DEFAULT_FILE} if it is there)"
    )
    for name, setting in DECLARED.items():
        shape = _flag_shape(setting.kind)
        parser.add_argument(_flag(name), dest=name, default=argparse.SUPPRESS, help=_help(setting), **shape)


def flags_from(arguments: argparse.Namespace) -> dict[str, object]:
    """Return the settings that were given as flags, as they were written."""
    return {name: value for name, value in vars(arguments).items() if name in DECLARED}


def load(flags: Mapping[str, object], environ: Mapping[str, str], config_file: Path | None = None) -> Settings:
    """Put flags, environment, file and defaults together. Raises SettingsError with all that is wrong."""
    problems: list[str] = []
    layers = [
        {name: Written(value, f"flag {_flag(name)}") for name, value in flags.items()},
        _from_environment(environ),
        _from_file(config_file or _file_named_in(environ), problems),
    ]
    return _settle(ChainMap(*layers), problems)


def build(**values: object) -> Settings:
    """Make settings in code, from values as fields hold them or as TOML writes them; None leaves one out."""
    unknown = sorted(values.keys() - DECLARED.keys())
    if unknown:
        raise ValueError(f"no such settings: {', '.join(unknown)}")
    return _settle({name: Written(value, "code") for name, value in values.items() if value is not None}, [])


def entry_problem(settings: Settings) -> str | None:
    """Say why nobody could enter a server with these settings; None when somebody can."""
    if settings.allow_guests or settings.keys_file or settings.keys_url:
        return None
    return "nobody could enter: give --keys-file or --keys-url to check tokens with, or --allow-guests for development"


def describe(settings: Settings) -> dict[str, Described]:
    """Return what `presence config` prints."""
    return {
        name: Described(_shown(setting, getattr(settings, name)), setting.unit, settings.sources[name])
        for name, setting in DECLARED.items()
    }


def plain_words(value: object, unit: str) -> str:
    """Write a described value for a person."""
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "unset"
    return f"{value:g} {unit}" if isinstance(value, float) else f"{value} {unit}".rstrip()


def _settle(written: Mapping[str, Written], problems: list[str]) -> Settings:
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    bad: set[str] = set()
    for name, setting in DECLARED.items():
        try:
            values[name], sources[name] = _settle_one(name, setting, written.get(name), values)
        except ValueError as error:
            problems.append(str(error))
            bad.add(name)
            values[name] = setting.default
    problems.extend(problem for names, problem in _contradictions(values) if bad.isdisjoint(names))
    if problems:
        raise SettingsError(problems)
    return Settings(**values, sources=sources)


def _settle_one(name: str, setting: Setting, written: Written | None, known: Mapping[str, Any]) -> tuple[object, str]:
    if written is None:
        return _default_of(setting, known)
    try:
        return setting.kind.read(written.raw), written.source
    except ValueError as error:
        raise ValueError(f"{name} ({written.source}): {error}") from None


def _default_of(setting: Setting, known: Mapping[str, Any]) -> tuple[object, str]:
    if not setting.after_port:
        return setting.default, DEFAULT
    port = known["port"] + setting.after_port
    if known["port"] == 0 or port > MAX_PORT:
        return 0, f"{DEFAULT} (any free one)"
    return port, f"{DEFAULT} (port + {setting.after_port})"


def _contradictions(values: Mapping[str, Any]) -> Iterator[tuple[set[str], str]]:
    """Yield what cannot be true together: the settings concerned, and the problem in words."""
    for one, other in (("keys_file", "keys_url"), ("revoked_file", "revoked_url")):
        if values[one] and values[other]:
            yield {one, other}, f"{one} and {other}: give one of them, not both"
    if bool(values["tls_cert"]) != bool(values["tls_key"]):
        yield {"tls_cert", "tls_key"}, "tls_cert and tls_key: give both, or neither"
    if not (is_loopback(values["host"]) or values["tls_cert"] or values["behind_tls_proxy"]):
        yield (
            {"host", "tls_cert", "behind_tls_proxy"},
            (
                f"host: {values['host']} can be reached from other machines, where plain text is refused: "
                "give tls_cert and tls_key, or behind_tls_proxy when a proxy in front ends TLS"
            ),
        )
    if values["port"] and values["port"] == values["tcp_port"]:
        yield {"port", "tcp_port"}, f"tcp_port: {values['port']} is the port for HTTP already"
    for name, count in Counter(room.name for room in values["rooms"]).items():
        if count > 1:
            yield {"rooms"}, f"rooms: {name} is named {count} times"
    if not are_nested(values["rings"]):
        yield {"rings"}, "rings: name one at least, each with a longer reach than the one before it"
    yield from _contradictions_of_rooms_and_rings(values["rooms"], values["room_rings"])


def _contradictions_of_rooms_and_rings(
    rooms: tuple[RoomSetting, ...], room_rings: tuple[RoomRings, ...]
) -> Iterator[tuple[set[str], str]]:
    named = [room.name for room in rooms]
    for room, own in room_rings:
        if room not in named:
            what = f"room_rings: {room} is not one of rooms ({', '.join(named) or 'none'})"
            yield {"rooms", "room_rings"}, f"{what}: correct it, or add it there with its world"
        if not are_nested(own):
            yield {"room_rings"}, f"room_rings: give each ring of {room} a longer reach than the one before it"
    for room, count in Counter(own.room for own in room_rings).items():
        if count > 1:
            yield {"room_rings"}, f"room_rings: {room} is named {count} times, name it once with all its rings"


def _from_environment(environ: Mapping[str, str]) -> dict[str, Written]:
    written = {}
    for name, setting in DECLARED.items():
        for variable in (PREFIX + name.upper(), setting.also_from):
            if environ.get(variable):
                written[name] = Written(environ[variable], f"environment {variable}")
                break
    return written


def _file_named_in(environ: Mapping[str, str]) -> Path | None:
    named = environ.get(f"{PREFIX}CONFIG")
    return Path(named) if named else None


def _from_file(named: Path | None, problems: list[str]) -> dict[str, Written]:
    file = named or DEFAULT_FILE
    if named is None and not file.exists():
        return {}
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        problems.append(f"cannot read {file}: {error.strerror}")
        return {}
    except ValueError as error:
        problems.append(f"{file} is not TOML: {error}")
        return {}
    table = document.pop(TABLE, {})
    problems.extend(f"{file}: {key} stands outside the table [{TABLE}]" for key in document)
    if not isinstance(table, dict):
        problems.append(f"{file}: {TABLE} is not a table")
        return {}
    problems.extend(f"{file}: {key} is not a setting{_suggestion(key)}" for key in table if key not in DECLARED)
    return {key: Written(value, f"file {file}") for key, value in table.items() if key in DECLARED}


def _suggestion(key: str) -> str:
    close = difflib.get_close_matches(key, DECLARED, 1)
    return f"; did you mean {close[0]}?" if close else ""


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _flag_shape(kind: Kind[Any]) -> dict[str, Any]:
    if kind.is_switch:
        return {"action": argparse.BooleanOptionalAction}
    return {"metavar": kind.placeholder, "action": "append" if kind.is_list else "store"}


def _help(setting: Setting) -> str:
    default = plain_words(_shown(setting, setting.default), setting.unit)
    if setting.after_port:
        default = f"port + {setting.after_port}"
    return f"{setting.help} (default: {default})"


def _shown(setting: Setting, value: object) -> object:
    return None if value is None else setting.kind.show(value)
