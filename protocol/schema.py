"""Every message of the protocol, declared once.

A message is a class here: its docstring, its fields with their bounds, who sends it, in which state, on which
lane and how often. SPEC.md's reference tables, the TypeScript constants and the AsyncAPI document are
generated from these declarations; `codec` validates with them. Nothing here reads or writes bytes.

On the wire a message is the msgpack array `[type, field, field, ...]` in the order of declaration. All
numbers are integers; there is no float in the protocol, hence no NaN and no infinity.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, fields, is_dataclass
from enum import Enum, IntEnum
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, dataclass_transform, get_type_hints

from protocol import predicted, records

if TYPE_CHECKING:
    from collections.abc import Callable

MAJOR = 0
MINOR = 1

# --- kinds of field: what a value may be ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Int:
    """An integer from `low` to `high`, both included."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Bool:
    """true or false."""


@dataclass(frozen=True, slots=True)
class Text:
    """UTF-8 of at most `max_chars` code points, without control characters (newlines where `multiline`)."""

    max_chars: int
    min_chars: int = 0
    multiline: bool = False


@dataclass(frozen=True, slots=True)
class Slug:
    """a-z, digits, `-` and `_`, starting with a letter or a digit; empty only where `optional`."""

    max_chars: int = 64
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Bin:
    """A msgpack bin of at most `max_bytes`, holding packed records."""

    max_bytes: int


@dataclass(frozen=True, slots=True)
class Many:
    """A list of at most `max_items` values of one kind."""

    item: Kind
    max_items: int


@dataclass(frozen=True, slots=True)
class Struct:
    """A nested array whose members are the fields of `cls`, in order."""

    cls: type[Any]


Kind = Int | Bool | Text | Slug | Bin | Many | Struct

U8 = Int(0, 2**8 - 1)
U16 = Int(0, 2**16 - 1)
U32 = Int(0, 2**32 - 1)
MICROSECONDS = Int(0, 2**53 - 1)  # the largest integer a JavaScript number holds exactly
MAX_VIEWPOINTS = 2  # of a member, besides its avatar: a camera, and a place on a map
MILLIMETRES = Int(-records.MAX_COORDINATE_MM, records.MAX_COORDINATE_MM)

Ref = Annotated[int, U32, "chosen by the client; the answering `done` or `error` repeats it"]
EventSeq = Annotated[int, U32, "position in this session's events lane, from 1, without gaps"]
EntityId = Annotated[int, Int(1, 2**16 - 1), "room-scoped entity id"]
Generation = Annotated[int, U16, "tells successive uses of one id apart"]
ObjectVersion = Annotated[int, U32, "ownership version of the object; grows with every change of hands"]
X = Annotated[int, MILLIMETRES, "east, mm"]
Y = Annotated[int, MILLIMETRES, "up, mm"]
Z = Annotated[int, MILLIMETRES, "south, mm"]
Yaw = Annotated[int, U16, "turns / 65536, counter-clockwise from above, 0 looks along -Z"]
Orientation = Annotated[int, U32, "quaternion, packed smallest-three"]
Reason = Annotated[str, Text(200), "for a person to read"]


class Sender(Enum):
    """Who may send a message."""

    CLIENT = "client"
    SERVER = "server"


class Lane(Enum):
    """The delivery class of a server message (client messages are all `control`)."""

    CONTROL = "control"  # about the connection itself; never repeated
    EVENTS = "events"  # ordered, numbered, kept until acknowledged, repeated after a resume
    POSES = "poses"  # latest wins


class State(Enum):
    """Where a session stands; a message outside its states closes it as out_of_state."""

    OPEN = "open"  # connected; only `hello` may come
    READY = "ready"  # welcomed, in no room
    ROOM = "room"  # in a room


@dataclass(frozen=True, slots=True)
class Rate:
    """A token bucket: `per_s` messages a second on average, `burst` at once."""

    per_s: float
    burst: int


class Status(IntEnum):
    """What a person says of themselves."""

    AVAILABLE = 0
    BUSY = 1
    IN_COURSE = 2
    AWAY = 3


class Channel(IntEnum):
    """Who hears a chat message, before permission and speech privacy."""

    ROOM = 0
    NEARBY = 1
    DIRECT = 2


class Emote(IntEnum):
    """A gesture shown to those who may see the avatar."""

    WAVE = 0
    NOD = 1
    APPLAUD = 2
    RAISE_HAND = 3
    POINT = 4
    THUMBS_UP = 5


class Action(IntEnum):
    """What a moderator may do. `lock` and `unlock` take no target; whom `pin` names everybody sees at any distance."""

    MUTE = 0
    UNMUTE = 1
    KICK = 2
    LOCK = 3
    UNLOCK = 4
    PIN = 5
    UNPIN = 6


class Cause(IntEnum):
    """Why the server says where the avatar stands: a pose it did not accept, or a `go_to`."""

    OUT_OF_BOUNDS = 0
    WALL = 1
    TOO_FAST = 2
    ZONE_FULL = 3
    ZONE_CLEARANCE = 4
    MOVED = 5
    NO_FLOOR = 6


# --- the registry -----------------------------------------------------------------------------------------------------


MessageClass = type[Any]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a message or structure: its name, what it may be, and what it means."""

    name: str
    kind: Kind
    doc: str


@dataclass(frozen=True, slots=True)
class Spec:
    """The declaration of one message."""

    type: int
    cls: MessageClass
    sender: Sender
    lane: Lane
    states: tuple[State, ...]
    rate: Rate | None
    fields: tuple[Field, ...]
    name: str = field(init=False)  # on the wire: the class name in snake_case

    def __post_init__(self) -> None:
        """Derive the name, once: it is asked for with every message."""
        name = "".join(f"_{c.lower()}" if c.isupper() else c for c in self.cls.__name__).lstrip("_")
        object.__setattr__(self, "name", name)


MESSAGES: dict[int, Spec] = {}
SPEC_OF: dict[type[Any], Spec] = {}

T = TypeVar("T")


def fields_of(cls: type[Any]) -> tuple[Field, ...]:
    """Read the fields of a message or structure class from its annotations."""
    hints = get_type_hints(cls, include_extras=True)
    declared = []
    for member in fields(cls):
        kind, *doc = hints[member.name].__metadata__
        declared.append(Field(member.name, kind, doc[0] if doc else ""))
    return tuple(declared)


@dataclass_transform(frozen_default=True)
def _message(
    type_: int, sender: Sender, lane: Lane, states: tuple[State, ...], rate: Rate | None
) -> Callable[[type[T]], type[T]]:
    def register(cls: type[T]) -> type[T]:
        made = dataclass(frozen=True, slots=True)(cls)
        assert is_dataclass(made)
        assert type_ not in MESSAGES, f"message type {type_} is declared twice"
        spec = Spec(type_, made, sender, lane, states, rate, fields_of(made))
        MESSAGES[type_] = SPEC_OF[made] = spec
        return made

    return register


@dataclass_transform(frozen_default=True)
def client(type_: int, *states: State, rate: Rate) -> Callable[[type[T]], type[T]]:
    """Declare a message that clients send."""
    return _message(type_, Sender.CLIENT, Lane.CONTROL, states, rate)


@dataclass_transform(frozen_default=True)
def server(type_: int, lane: Lane) -> Callable[[type[T]], type[T]]:
    """Declare a message that the server sends."""
    return _message(type_, Sender.SERVER, lane, (), None)


# Rates: what a lively person produces, several times over. The burst absorbs a stalled network catching up.
RARELY = Rate(2, 10)
BY_HAND = Rate(5, 20)
PER_FRAME = Rate(60, 90)

# --- structures -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Person:
    """A member of the room, as this session may see them. Identity comes from their token alone."""

    entity: EntityId
    generation: Generation
    user: Annotated[str, Text(128), "stable user id"]
    name: Annotated[str, Text(48), "display name"]
    agency: Annotated[str, Text(64), "agency; empty for guests"]
    country: Annotated[str, Text(2), "ISO 3166-1 alpha-2; empty for guests"]
    roles: Annotated[list[str], Many(Slug(32), 16), "roles from the token"]
    guest: Annotated[bool, Bool(), "a guest is nobody we know"]
    status: Annotated[int, Int(0, max(Status)), "Status"]
    away: Annotated[bool, Bool(), "the connection is lost and the seat is held"]
    muted: Annotated[bool, Bool(), "may not chat"]


@dataclass(frozen=True, slots=True)
class Thing:
    """An object in the room."""

    entity: EntityId
    generation: Generation
    prop: Annotated[str, Slug(), "what it is: a prop of the world"]
    version: ObjectVersion
    holder: Annotated[int, U16, "entity id of who holds it; 0 for nobody"]
    x: X
    y: Y
    z: Z
    orientation: Orientation


# --- client to server -------------------------------------------------------------------------------------------------


@client(1, State.OPEN, rate=RARELY)
class Hello:
    """Open a session, or resume one. Always the first message."""

    major: Annotated[int, U8, "protocol major version"]
    minor: Annotated[int, U8, "highest minor version spoken"]
    schema: Annotated[str, Text(16), "schema hash, for diagnosis only; may be empty"]
    agent: Annotated[str, Text(64), "client software and version"]
    token: Annotated[str, Text(4096), "signed identity token; empty for a guest"]
    name: Annotated[str, Text(48), "display name of a guest; ignored with a token"]
    resume: Annotated[str, Text(128), "resume token of the last welcome; empty for a new session"]
    last_event: Annotated[int, U32, "last event received in the session to resume; 0 for none"]


@client(2, State.READY, State.ROOM, rate=RARELY)
class Join:
    """Enter a room; makes it from `world` where it does not exist yet."""

    ref: Ref
    room: Annotated[str, Slug(), "room name"]
    world: Annotated[str, Slug(optional=True), "world to make the room from; empty for the server's choice"]


@client(3, State.ROOM, rate=RARELY)
class Leave:
    """Leave the room; the session goes on."""

    ref: Ref


@client(4, State.ROOM, rate=PER_FRAME)
class Pose:
    """The avatar's newest pose: one packed input record."""

    record: Annotated[bytes, Bin(256), "one section of kind root_input or tracked_input, count 1"]


@client(5, State.ROOM, rate=RARELY)
class Teleport:
    """Jump to a place in reach; answered by `done` or `error`, and marked as a discontinuity for others."""

    ref: Ref
    seq: Annotated[int, U32, "pose sequence this jump takes its place in"]
    x: X
    y: Y
    z: Z
    yaw: Yaw


@client(6, State.READY, State.ROOM, rate=BY_HAND)
class Ping:
    """Heartbeat and clock probe; answered by `pong` at once."""

    sent: Annotated[int, MICROSECONDS, "client clock, microseconds"]


@client(7, State.READY, State.ROOM, rate=Rate(60, 120))
class Ack:
    """Every event up to `seq` has arrived; the server forgets them."""

    seq: Annotated[int, U32, "last event received"]


@client(8, State.ROOM, rate=BY_HAND)
class Chat:
    """Say something."""

    ref: Ref
    channel: Annotated[int, Int(0, max(Channel)), "Channel"]
    target: Annotated[int, U16, "entity id for a direct message, else 0"]
    text: Annotated[str, Text(1000, min_chars=1, multiline=True), "what is said"]


@client(9, State.ROOM, rate=BY_HAND)
class Gesture:
    """Show an emote."""

    ref: Ref
    emote: Annotated[int, Int(0, max(Emote)), "Emote"]


@client(10, State.ROOM, rate=BY_HAND)
class SetStatus:
    """Change one's own status."""

    ref: Ref
    status: Annotated[int, Int(0, max(Status)), "Status"]


@client(11, State.ROOM, rate=BY_HAND)
class Spawn:
    """Put a new object into the room, unheld, within reach."""

    ref: Ref
    prop: Annotated[str, Slug(), "a prop the world allows"]
    x: X
    y: Y
    z: Z
    orientation: Orientation


@client(12, State.ROOM, rate=BY_HAND)
class Grab:
    """Take an unheld object within reach."""

    ref: Ref
    entity: EntityId


@client(13, State.ROOM, rate=PER_FRAME)
class Move:
    """Move a held object. Answered only when refused; a version older than the object's is dropped."""

    entity: EntityId
    version: ObjectVersion
    x: X
    y: Y
    z: Z
    orientation: Orientation


@client(14, State.ROOM, rate=BY_HAND)
class Release:
    """Let go of a held object at its last pose."""

    ref: Ref
    entity: EntityId
    version: ObjectVersion
    x: X
    y: Y
    z: Z
    orientation: Orientation


@client(15, State.ROOM, rate=BY_HAND)
class Despawn:
    """Remove an object one holds."""

    ref: Ref
    entity: EntityId
    version: ObjectVersion


@client(16, State.READY, State.ROOM, rate=BY_HAND)
class Block:
    """Hide a user and oneself from each other, or undo it, for as long as the session lasts."""

    ref: Ref
    user: Annotated[str, Text(128, min_chars=1), "user id, from the roster"]
    blocked: Annotated[bool, Bool(), "true to block, false to unblock"]


@client(17, State.ROOM, rate=BY_HAND)
class Moderate:
    """Act as a moderator; every act is audited."""

    ref: Ref
    action: Annotated[int, Int(0, max(Action)), "Action"]
    target: Annotated[int, U16, "entity id; 0 for lock and unlock"]
    reason: Reason


@client(18, State.READY, State.ROOM, rate=RARELY)
class Renew:
    """Present a newer token of the same user; its roles and grants hold from the next tick."""

    ref: Ref
    token: Annotated[str, Text(4096, min_chars=1), "signed identity token"]


@client(19, State.ROOM, rate=RARELY)
class Resync:
    """What the client holds does not match the digest: start over with a full snapshot."""


@client(20, State.READY, State.ROOM, rate=RARELY)
class Bye:
    """End the session now; its seat is given up."""


@client(21, State.ROOM, rate=RARELY)
class GoTo:
    """Jump to a free place beside a person, facing them; a `correction` tells where, before anybody sees it."""

    ref: Ref
    entity: EntityId


@client(22, State.READY, State.ROOM, rate=RARELY)
class SetBudget:
    """Be sent fewer bytes of snapshots than the room allows, or as many again; for as long as the session lasts."""

    ref: Ref
    bytes_per_s: Annotated[int, U32, "what the client takes; the server holds it between its floor and the room's"]


@client(23, State.ROOM, rate=BY_HAND)
class LookFrom:
    """See from a place as well as from the avatar's own, or no longer: a camera, a place on a map."""

    ref: Ref
    viewpoint: Annotated[int, Int(0, MAX_VIEWPOINTS - 1), "which of the session's viewpoints"]
    on: Annotated[bool, Bool(), "true to have it at the place, false to have it no more"]
    x: X
    y: Y
    z: Z


# --- server to client -------------------------------------------------------------------------------------------------


@server(64, Lane.CONTROL)
class Welcome:
    """The session is open. Sent once, first."""

    major: Annotated[int, U8, "protocol major version"]
    minor: Annotated[int, U8, "minor version both sides speak"]
    schema: Annotated[str, Text(16), "the server's schema hash"]
    session: Annotated[str, Text(64), "session id, for logs"]
    resume: Annotated[str, Text(128), "resume token; works once, and each welcome brings a new one"]
    resumed: Annotated[bool, Bool(), "the old session goes on: same entity, missed events follow"]
    user: Annotated[str, Text(128), "user id"]
    name: Annotated[str, Text(48), "display name"]
    agency: Annotated[str, Text(64), "agency"]
    country: Annotated[str, Text(2), "country"]
    guest: Annotated[bool, Bool(), "whether the session is a guest's"]
    roles: Annotated[list[str], Many(Slug(32), 16), "roles"]
    heartbeat_ms: Annotated[int, U32, "send `ping` at least this often; three missed close the connection"]
    resume_window_ms: Annotated[int, U32, "how long the seat is held after a lost connection"]
    max_frame_bytes: Annotated[int, U32, "largest frame the server accepts"]
    time: Annotated[int, MICROSECONDS, "server clock, microseconds"]


@server(65, Lane.EVENTS)
class Joined:
    """The session is in a room. Roster, objects and snapshots follow."""

    seq: EventSeq
    ref: Ref
    room: Annotated[str, Slug(), "room name"]
    world: Annotated[str, Slug(), "world name"]
    world_digest: Annotated[str, Text(16), "digest of the world's data"]
    entity: EntityId
    generation: Generation
    tick_hz: Annotated[int, Int(1, 120), "snapshots a second at most"]
    radius_mm: Annotated[int, U32, "interest radius: subjects enter at this distance, leave at 1.15 times it"]
    x: X
    y: Y
    z: Z
    yaw: Yaw
    locked: Annotated[bool, Bool(), "whether the room is closed to newcomers"]
    budget_bytes_per_s: Annotated[int, U32, "the room's budget: bytes of snapshots a second at most"]


@server(66, Lane.POSES)
class Snapshot:
    """What this session sees at one tick: see the packed records."""

    data: Annotated[bytes, Bin(2**16 - 1), "snapshot header and sections"]


@server(67, Lane.POSES)
class Correction:
    """The avatar stands here: the server did not accept a pose, or moved the avatar itself."""

    seq: Annotated[int, U32, "the newest pose sequence this answers"]
    cause: Annotated[int, Int(0, max(Cause)), "Cause"]
    x: X
    y: Y
    z: Z
    yaw: Yaw


@server(68, Lane.EVENTS)
class Roster:
    """People who came or changed, one entry each; an entry replaces the one with the same entity id."""

    seq: EventSeq
    people: Annotated[list[Person], Many(Struct(Person), 2**16), "people"]


@server(69, Lane.EVENTS)
class Objects:
    """Objects that came or changed hands; an entry replaces the one with the same entity id."""

    seq: EventSeq
    things: Annotated[list[Thing], Many(Struct(Thing), 2**16), "objects"]


@server(70, Lane.EVENTS)
class Gone:
    """People and objects this session no longer knows: left, removed, or no longer permitted."""

    seq: EventSeq
    entities: Annotated[list[int], Many(Int(1, 2**16 - 1), 2**16), "entity ids"]


@server(71, Lane.EVENTS)
class Said:
    """Somebody said something this session may hear. One's own words come back the same way."""

    seq: EventSeq
    entity: EntityId
    channel: Annotated[int, Int(0, max(Channel)), "Channel"]
    text: Annotated[str, Text(1000, min_chars=1, multiline=True), "what was said"]
    time_ms: Annotated[int, U32, "room time"]


@server(72, Lane.EVENTS)
class Gestured:
    """Somebody this session may see showed an emote."""

    seq: EventSeq
    entity: EntityId
    emote: Annotated[int, Int(0, max(Emote)), "Emote"]


@server(73, Lane.EVENTS)
class RoomState:
    """The room's own state changed."""

    seq: EventSeq
    locked: Annotated[bool, Bool(), "closed to newcomers"]


@server(74, Lane.EVENTS)
class Left:
    """The session left its room and is ready for another."""

    seq: EventSeq
    ref: Ref


@server(75, Lane.EVENTS)
class Done:
    """The command with this `ref` was carried out."""

    seq: EventSeq
    ref: Ref
    entity: Annotated[int, U16, "the object concerned (spawn, grab, release, despawn), else 0"]
    version: Annotated[int, U32, "its version after the command, else 0"]


@server(76, Lane.EVENTS)
class Error:
    """The command with this `ref` was refused; nothing changed."""

    seq: EventSeq
    ref: Annotated[int, U32, "the command's `ref`; 0 for a message without one"]
    code: Annotated[int, U16, "Refusal"]
    reason: Reason


@server(77, Lane.CONTROL)
class Pong:
    """Answer to `ping`."""

    sent: Annotated[int, MICROSECONDS, "the ping's client clock"]
    received: Annotated[int, MICROSECONDS, "server clock when the ping arrived"]
    replied: Annotated[int, MICROSECONDS, "server clock when this was sent"]


@server(78, Lane.CONTROL)
class Goaway:
    """The server is about to close this connection in good order; come back with the resume token."""

    reason: Reason
    reconnect_after_ms: Annotated[int, U32, "wait this long, plus jitter, before reconnecting"]


@server(79, Lane.CONTROL)
class Closing:
    """Last message before the server closes; over WebSocket the close frame repeats the code."""

    code: Annotated[int, Int(4000, 4999), "Close"]
    reason: Reason


# --- the whole, described ---------------------------------------------------------------------------------------------

STRUCTS: tuple[type[Any], ...] = (Person, Thing)


def describe_kind(kind: Kind) -> list[object]:
    """Describe a kind as plain data (for the hash and the generated documents)."""
    if isinstance(kind, Many):
        return ["many", describe_kind(kind.item), kind.max_items]
    if isinstance(kind, Struct):
        return ["struct", kind.cls.__name__]
    return [type(kind).__name__.lower(), *(getattr(kind, member.name) for member in fields(kind))]


def _digest() -> str:
    described = {
        "version": [MAJOR, MINOR],
        "messages": [
            [spec.type, spec.name, spec.lane.value, [[f.name, describe_kind(f.kind)] for f in spec.fields]]
            for spec in MESSAGES.values()
        ],
        "structs": [[cls.__name__, [[f.name, describe_kind(f.kind)] for f in fields_of(cls)]] for cls in STRUCTS],
        "sections": [[kind.name, records.layout(dtype)] for kind, dtype in records.DTYPES.items()],
        "codes": [predicted.GAP, *predicted.ERRORS],
    }
    return hashlib.sha256(json.dumps(described, separators=(",", ":")).encode()).hexdigest()[:16]


SCHEMA_HASH = _digest()
