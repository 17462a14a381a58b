"""The Python client of Presence: an asyncio SDK, bots and a terminal client, on `protocol` alone.

`connect` opens a session; README.md is the tour.
"""

from presence_client.client import Client, EventStream, connect
from presence_client.errors import (
    BusyError,
    ClientError,
    ClosedError,
    ConnectError,
    LaggedError,
    OfflineError,
    RefusedError,
)
from presence_client.events import Ended, Offline, Online, RoomLost, Unanswered
from presence_client.pose import Part, Pose
from presence_client.pulse import Pulse
from presence_client.room import Crowd, Room
from presence_client.view import Applied, RoomView

__all__ = [
    "Applied",
    "BusyError",
    "Client",
    "ClientError",
    "ClosedError",
    "ConnectError",
    "Crowd",
    "Ended",
    "EventStream",
    "LaggedError",
    "Offline",
    "OfflineError",
    "Online",
    "Part",
    "Pose",
    "Pulse",
    "RefusedError",
    "Room",
    "RoomLost",
    "RoomView",
    "Unanswered",
    "connect",
]
