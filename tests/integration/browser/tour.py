"""The screenshot tour: the app's sides, drawn anew from the real app by one command.

    make screenshots                                              all of them
    python -m tests.integration.browser.tour atrium lobby         some

writes build/screenshots/*.png. Everybody in the pictures is a real session of a real server; only where they stand is
arranged, by worlds that differ from the shipped ones in nothing but their spawn points.
"""

from __future__ import annotations

import itertools
import json
import math
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, expect, sync_playwright

from presence.catalogue import SHIPPED_WORLDS
from protocol.schema import Emote, Status
from tests.integration.browser.cast import Cast, Role
from tests.integration.browser.chromium import launch
from tests.integration.browser.headset import Headset
from tests.integration.browser.visitor import Vector, Visitor, visit
from tests.integration.browser.worlds import Spawn, entered_at
from tests.integration.conftest import ROOT, RunningServer
from tests.integration.issuer import Issuer

FOLDER = ROOT / "build/screenshots"
PATIENCE_MS = 180_000.0  # two hundred people, drawn in software at the best quality, take their time
SETTLE_MS = 2500  # until everybody stands, words have faded in, and shadows are where they belong
DESKTOP: dict[str, Any] = {"viewport": {"width": 1600, "height": 900}}
MIDST, CLOSER = (620, 720), 360  # of the people on the map of the atrium; what a wheel turns to come closer
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}
HANDS_DOWN: tuple[Vector, Vector, Vector] = ((0, 1.66, 0), (-0.28, 0.95, -0.12), (0.28, 0.95, -0.12))
EXPLAINING: tuple[Vector, Vector, Vector] = ((0, 1.68, 0), (-0.3, 1.2, -0.32), (0.42, 1.5, -0.3))
EXAMINING: tuple[Vector, Vector, Vector] = ((0, 1.55, -0.12), (-0.2, 1.08, -0.45), (0.2, 1.08, -0.45))
POINTING: tuple[Vector, Vector, Vector] = ((0, 1.67, 0), (-0.28, 0.98, -0.1), (0.3, 1.55, -0.6))

PEOPLE = (
    ("Amara Okafor", "NG", "Police Force"),
    ("Lucas Moreau", "FR", "National Police"),
    ("Valentina Rojas", "CL", "Investigations Police"),
    ("Kenji Watanabe", "JP", "National Police"),
    ("Leila Haddad", "LB", "Internal Security"),
    ("Oskar Lindqvist", "SE", "Police Authority"),
    ("Priya Raman", "IN", "Central Bureau"),
    ("Tomás Herrera", "MX", "Federal Prosecutor"),
    ("Ingrid Solberg", "NO", "Forensic Service"),
    ("Yusuf Demir", "TR", "National Police"),
    ("Chloé Tremblay", "CA", "Border Services"),
    ("Mateus Carvalho", "BR", "Federal Police"),
    ("Nour El-Sayed", "EG", "Ministry of Interior"),
    ("Wanjiru Kamau", "KE", "Police Service"),
    ("Marek Nowak", "PL", "Border Guard"),
    ("Sofia Conti", "IT", "State Police"),
    ("Min-jun Park", "KR", "National Police"),
    ("Aroha Williams", "NZ", "Police"),
    ("Ahmed Al-Farsi", "OM", "Royal Police"),
    ("Elena Petrova", "BG", "Border Police"),
)


@dataclass(frozen=True)
class Stand:
    """Somebody in a picture: where, looking where, and doing what."""

    x: float
    z: float
    towards: tuple[float, float]
    y: float = 0.0
    status: Status = Status.AVAILABLE
    says: str = ""
    emote: Emote | None = None
    hands: tuple[Vector, Vector, Vector] | None = None
    roles: frozenset[str] = frozenset({"officer"})
    is_guest: bool = False

    @property
    def spawn(self) -> Spawn:
        """Where they come in."""
        return (self.x, self.y, self.z), yaw_towards((self.x, self.z), self.towards)


@dataclass(frozen=True)
class Picture:
    """One of the tour: from where, of whom, on which screen."""

    name: str
    eye: Spawn
    people: Sequence[Stand] = ()
    world: str = "headquarters"
    room: str = "hq"
    language: str = "en"
    quality: str = "high"
    screen: dict[str, Any] | None = None
    act: Callable[[Visitor], None] | None = None
    is_alone: bool = False  # without the panels: the place itself is the subject


def yaw_towards(here: tuple[float, float], there: tuple[float, float]) -> float:
    """Return the yaw, in degrees, with which somebody here looks there."""
    return round(math.degrees(math.atan2(here[0] - there[0], here[1] - there[1])), 1)


def looking(x: float, z: float, there: tuple[float, float], y: float = 0.0) -> Spawn:
    """Stand here and look there."""
    return (x, y, z), yaw_towards((x, z), there)


def circle(x: float, z: float, radius: float, count: int, first: float = 0.0, **more: Any) -> list[Stand]:
    """Some who talk to each other."""
    places = [
        (x + radius * math.cos(angle), z + radius * math.sin(angle))
        for angle in (first + math.tau * number / count for number in range(count))
    ]
    return [Stand(round(at_x, 2), round(at_z, 2), (x, z), **more) for at_x, at_z in places]


def seats(world: str, low: tuple[float, float], high: tuple[float, float]) -> list[Stand]:
    """Everybody who can sit in a part of a world."""
    document = json.loads((SHIPPED_WORLDS / f"{world}.json").read_text("utf-8"))
    seated = []
    for row in document["seats"]:
        for number in range(row["count"]):
            part = number / max(1, row["count"] - 1)
            x, y, z = (round(a + (b - a) * part, 3) for a, b in zip(row["from"], row["to"], strict=True))
            if low[0] <= x <= high[0] and low[1] <= z <= high[1]:
                yaw = math.radians(row["yaw"])
                seated.append(Stand(x, z, (x - math.sin(yaw), z - math.cos(yaw)), y))
    return seated


ATRIUM = [
    *circle(1.6, 28.0, 0.95, 4, 0.4),
    *circle(-5.8, 22.4, 0.8, 3, 1.2),
    Stand(-0.6, 24.4, (0.4, 27.6)),
    Stand(5.2, 20.4, (0, 17), hands=POINTING),
    Stand(6.2, 20.9, (0, 17)),
    Stand(-6.4, 26.5, (-3, 24), emote=Emote.WAVE, says="Bonjour à tous!"),
    Stand(-1.2, 20.8, (0, 12), status=Status.BUSY),
    Stand(8.3, 25.2, (6, 21), is_guest=True),
    Stand(0.4, 27.6, (0, 26)),
    Stand(-8.8, 19.2, (-9, 10), status=Status.IN_COURSE),
]
CLASS = [
    Stand(
        -29.3, 10.8, (-22, 11), hands=EXPLAINING, roles=frozenset({"instructor"}), says="Look at the second watermark."
    ),
    *[stand for number, stand in enumerate(seats("headquarters", (-26, 5), (-18, 17))) if number % 5 not in (2, 4)],
]
LAB = [
    Stand(-39.7, 14.8, (-39.5, 16), hands=EXAMINING, roles=frozenset({"analyst"})),
    Stand(-38.3, 14.8, (-38.4, 16), hands=EXAMINING, roles=frozenset({"analyst"})),
    Stand(-41.3, 16.0, (-38.5, 16), says="Bag it, then seal it."),
    Stand(-36.4, 14.4, (-38.2, 15.4)),
    *[stand for number, stand in enumerate(seats("headquarters", (-43, 7), (-35, 12))) if number % 3 != 1],
]
QUEUE = [
    *[Stand(-17.4 + 1.5 * n, 9.0 + 0.2 * (n % 2), (-30, 9)) for n in (2, 3, 4)],
    *[Stand(-11.3 + 0.2 * (n % 2), -4.5 + 1.5 * n, (-11.3, 20)) for n in range(7)],
    *[Stand(-12.9, -5.5 + 2.1 * n, (-12.9, -20)) for n in range(5)],
    *[Stand(-6.3, z, (-4, z)) for z in (-9.5, -1.9, 5.7, 9.5)],
    *[Stand(-3.9, z, (-8, z)) for z in (-9.5, -5.7, -1.9, 1.9, 5.7, 9.5)],
    Stand(-7.6, 6.2, (-4, 5.7), status=Status.BUSY),
    Stand(-8.2, 1.2, (-5, 2), is_guest=True),
]
HALL = [
    Stand(
        0,
        -31.3,
        (0, -20),
        y=-1.3,
        hands=EXPLAINING,
        roles=frozenset({"moderator"}),
        says="Welcome to the General Assembly.",
    ),
    *seats("headquarters", (-16, -24), (16, -8)),
]


def pull_out(visitor: Visitor) -> None:
    """Lose the network."""
    visitor.may_fail = re.compile("ERR_INTERNET_DISCONNECTED")
    visitor.page.context.set_offline(True)
    visitor.page.wait_for_timeout(1500)


def open_roster_and_chat(visitor: Visitor) -> None:
    """Say something, so that the log has lines."""
    visitor.say("صباح الخير جميعاً")


PICTURES = (
    Picture("atrium", looking(7.2, 30.6, (-1.5, 19)), ATRIUM),
    Picture("classroom", looking(-16.6, 15.4, (-28, 9.6)), CLASS, is_alone=True),
    Picture("laboratory", looking(-36.4, 18.3, (-40.6, 11.5)), LAB, is_alone=True),
    Picture("checkpoint", looking(-14.6, 11.6, (-6.4, 1)), QUEUE, world="checkpoint", room="border", is_alone=True),
    Picture("assembly", looking(-5.3, -33.9, (2.6, -20), y=-1.3), HALL, is_alone=True),
    Picture("phone", looking(4.6, 33.2, (-0.1, 22)), ATRIUM, screen=PHONE, quality="medium"),
    Picture("arabic", looking(-6.8, 31.0, (1.5, 19)), ATRIUM, language="ar", act=open_roster_and_chat),
    Picture("offline", looking(5.6, 28.4, (-2, 20)), ATRIUM, act=pull_out),
)


class Tour:
    """One browser and one folder of pictures."""

    def __init__(self, browser: Browser, scratch: Path) -> None:
        self._browser = browser
        self._scratch = scratch
        self._issuer = Issuer(scratch)
        self.troubles: list[str] = []

    def take(self, picture: Picture) -> None:
        """Arrange a picture, and take it."""
        with ExitStack() as stack:
            server = self._serve(stack, picture)
            cast = stack.enter_context(Cast(server.ws_url, picture.room, self._roles(picture.people)))
            visitor = self._visitor(stack, server.http_url, picture.screen or DESKTOP)
            query = {"world": picture.world, "room": picture.room, "lang": picture.language, "view": "first"}
            visitor.enter(token=self._own_token(), quality=picture.quality, **query)
            visitor.page.wait_for_timeout(SETTLE_MS)
            cast.perform()
            if picture.act is not None:
                picture.act(visitor)
            if picture.is_alone:
                visitor.at("roster-toggle").click()
                visitor.at("chat-toggle").click()
            visitor.page.wait_for_timeout(SETTLE_MS / 2)
            self._save(visitor, picture.name)

    def take_lobby(self) -> None:
        """The lobby, with people in its rooms."""
        with ExitStack() as stack:
            server = self._serve(stack, Picture("lobby", ATRIUM[0].spawn, ATRIUM))
            stack.enter_context(Cast(server.ws_url, "hq", self._roles(ATRIUM)))
            stack.enter_context(Cast(server.ws_url, "border", [Role(name=f"Guest {n}") for n in range(4)]))
            visitor = self._visitor(stack, server.http_url, DESKTOP)
            visitor.open(lang="en", quality="high")
            visitor.at("room-card").first.wait_for()
            visitor.page.wait_for_timeout(SETTLE_MS)
            self._save(visitor, "lobby")

    def take_map(self) -> None:
        """A room from above, as operators see it, with somebody's eyes."""
        with ExitStack() as stack:
            server = self._serve(stack, Picture("map", ATRIUM[0].spawn, ATRIUM))
            stack.enter_context(Cast(server.ws_url, "hq", self._roles(ATRIUM)))
            bots = [sys.executable, "-m", "presence_client.bots", server.ws_url, "--count", "60", "--room", "hq"]
            stack.enter_context(subprocess.Popen(bots, cwd=ROOT, stdin=subprocess.PIPE))
            visitor = self._visitor(stack, server.metrics_url, DESKTOP)
            visitor.page.goto(f"{server.metrics_url}/ops/map")
            visitor.page.wait_for_timeout(SETTLE_MS * 4)  # until the bots have spread
            visitor.page.mouse.move(*MIDST)
            visitor.page.mouse.wheel(0, -CLOSER)
            for name in (PEOPLE[0][0], PEOPLE[len(ATRIUM) - 1][0]):
                visitor.page.locator("#people button").filter(has_text=name).first.click()
            expect(visitor.page.locator("#answer-word")).to_have_text("Yes.")
            visitor.page.wait_for_timeout(SETTLE_MS)
            self._save(visitor, "map")

    def take_headset(self) -> None:
        """What both eyes see."""
        picture = Picture("headset", looking(3.2, 27.9, (-0.5, 20)), ATRIUM)
        with ExitStack() as stack:
            server = self._serve(stack, picture)
            cast = stack.enter_context(Cast(server.ws_url, picture.room, self._roles(picture.people)))
            visitor = self._visitor(stack, server.http_url, DESKTOP)
            headset = Headset(visitor)
            visitor.enter(token=self._own_token(), quality="high")
            headset.stand()
            headset.put("left", (-0.25, 1.35, -0.5))
            headset.put("right", (0.28, 1.3, -0.55), (-0.2, 0.1, 0.0, 0.975))
            visitor.at("enter-vr").click()
            visitor.page.wait_for_timeout(SETTLE_MS)
            cast.perform()
            with headset.pushing(0.0, -1.0):
                visitor.page.wait_for_timeout(SETTLE_MS)
                self._save(visitor, "headset")

    def _serve(self, stack: ExitStack, picture: Picture) -> RunningServer:
        """Start a server whose world is entered where the people stand, and last where the picture is taken from."""
        worlds = self._scratch / picture.name
        worlds.mkdir()
        entered_at(worlds, picture.world, [*(stand.spawn for stand in picture.people), picture.eye], picture.world)
        trust = ("--keys-file", str(self._issuer.key_set_file), "--trust-loopback")
        server = RunningServer("--allow-guests", "--worlds-dir", str(worlds), "--handshake-timeout-s", "60", *trust)
        stack.callback(server.stop)
        return server

    def _visitor(self, stack: ExitStack, origin: str, screen: dict[str, Any]) -> Visitor:
        context, visitor = visit(self._browser, origin, "Camille Laurent", **screen)
        stack.callback(context.close)
        visitor.page.set_default_timeout(PATIENCE_MS)
        return visitor

    def _own_token(self) -> str:
        return self._issuer.token(
            "u-camille",
            name="Camille Laurent",
            country="FR",
            agency="General Secretariat",
            roles=frozenset({"moderator"}),
        )

    def _roles(self, people: Sequence[Stand]) -> list[Role]:
        roles = []
        for number, (stand, (name, country, agency)) in enumerate(zip(people, itertools.cycle(PEOPLE), strict=False)):
            known = {"name": _surname(name, number), "country": country, "agency": agency, "roles": stand.roles}
            token = "" if stand.is_guest else self._issuer.token(f"u-{number}", **known)
            roles.append(Role(token, name.split()[0], stand.status, stand.says, stand.emote, stand.hands))
        return roles

    def _save(self, visitor: Visitor, name: str) -> None:
        # Where the keyboard is belongs to whoever is there, and not into a picture.
        visitor.page.evaluate("() => document.activeElement?.blur()")
        visitor.page.screenshot(path=FOLDER / f"{name}.png")
        self.troubles += [f"{name}: {trouble}" for trouble in visitor.unexpected()]


def _surname(name: str, number: int) -> str:
    """Tell people apart where there are more than names: everybody after the first twenty is called by letters too."""
    round_number, _ = divmod(number, len(PEOPLE))
    return name if not round_number else f"{name} {chr(64 + round_number)}."


def main(names: Sequence[str]) -> int:
    """Take the pictures named, or all of them; fail if a page said anything on its console."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=PATIENCE_MS)
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        browser = launch(playwright)
        tour = Tour(browser, Path(scratch))
        takes: dict[str, Callable[[], None]] = {
            "lobby": tour.take_lobby,
            "headset": tour.take_headset,
            "map": tour.take_map,
        }
        takes |= {picture.name: partial(tour.take, picture) for picture in PICTURES}
        for name in names or takes:
            takes[name]()
            sys.stdout.write(f"{FOLDER / name}.png\n")
        browser.close()
    for trouble in tour.troubles:
        sys.stderr.write(f"{trouble}\n")
    return 1 if tour.troubles else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
