"""Walls, for those who respect them and those who do not; and the room whose people are hidden."""

from __future__ import annotations

import json
import re
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from protocol.schema import Bye, Cause, Chat, Correction
from tests.integration.browser.conftest import Come
from tests.integration.browser.pictures import changed
from tests.integration.browser.worlds import entered_at, write
from tests.integration.conftest import RunningServer
from tests.integration.issuer import Issuer
from tests.integration.peer import Peer

WALL_Z_M = 0.0
GUESSED_M = 0.05  # how far a page may show somebody beyond the last pose, while the next is late
AT_THE_DOOR = (23.6, 0.0, 33.7)  # of the room that asks for a clearance, looking in
INSIDE_M = 20.0
DOOR_X_M = 22.0
YARD = {
    "name": "yard",
    "title": "Yard",
    "bounds": {"min": [-10, 0, -10], "max": [10, 5, 10]},
    "walls": [{"from": [-6, WALL_Z_M], "to": [6, WALL_Z_M], "base": 0, "height": 3}],
}


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A yard with a wall two metres ahead of whoever enters; and the headquarters, entered at the restricted room."""
    folder = tmp_path_factory.mktemp("worlds")
    write(folder, YARD, [((0, 0, 2), 0), ((-2, 0, 2), 0)])
    entered_at(folder, "headquarters", [((25.5, 0, 33.7), 90), ((25.5, 0, 32.5), 90), (AT_THE_DOOR, 90)])
    return folder


def test_a_wall_stops_a_walker_before_the_server_must(come: Come) -> None:
    """Whoever runs into a wall stands before it, slides along it, and is never put back."""
    ada = come("Ada")
    ada.enter(world="yard", room="yard")
    ada.track()
    ada.walk(1500, "Shift", "KeyW")
    _x, _y, z = ada.position
    assert WALL_Z_M < z < WALL_Z_M + 0.5, "stands before the wall"
    ada.walk(1000, "KeyW", "KeyD")
    assert ada.position[0] > 0.5, "slides along it"
    assert all(place.z > WALL_Z_M for place in ada.tracked()), "never was beyond it"
    assert ada.network()["corrections"] == 0


def test_a_wall_stops_a_liar_on_the_server(come: Come, server: RunningServer) -> None:
    """A client that claims to be behind the wall is put back, and nobody sees it there."""
    ada = come("Ada")
    ada.enter(world="yard", room="liars")
    with Peer(server.tcp_url) as peer:
        peer.hello(name="Eve")
        peer.join("liars")
        expect(ada.person("Eve")).to_have_attribute("data-position", re.compile(r"\d"))
        ada.track()
        for step in range(40):
            peer.pose(-2000, 0, 2000 - 100 * step)
            ada.page.wait_for_timeout(50)
        correction = peer.wait_for(Correction)
        assert correction.cause == Cause.WALL
        assert all(place.z > WALL_Z_M - GUESSED_M for place in ada.tracked("Eve"))
        assert ada.position_of("Eve")[2] > WALL_Z_M


def test_the_restricted_room_hides_its_people(come: Come, server: RunningServer, issuer: Issuer) -> None:
    """Whoever goes in is gone for those without the clearance: from roster, picture, counts, chat and queries."""
    ada, grace = come("Ada"), come("Grace")
    ada.enter(view="first")
    grace.enter(view="first", token=issuer.token("u-grace", "restricted", name="Grace"))
    with Peer(server.tcp_url) as bond:
        bond.hello(token=issuer.token("u-bond", "restricted", name="Bond"))
        entity = bond.join("hq").entity
        for one in (ada, grace):
            expect(one.person("Bond")).to_have_attribute("data-position", re.compile(r"\d"))
        assert presence_of(server) >= {"Bond", "Ada", "Grace"}

        x, y, z = (round(1000 * axis) for axis in AT_THE_DOOR)
        while x > 1000 * INSIDE_M:
            x -= 100
            bond.pose(x, y, z, yaw=2**14)
            ada.page.wait_for_timeout(50)
        expect(ada.person("Bond")).to_have_count(0)
        expect(grace.person("Bond")).to_have_count(1)
        bond.send(Chat(9, 0, 0, "for those inside"))
        grace.say("said in the hall")
        expect(ada.said().filter(has_text="said in the hall")).to_have_count(1)
        expect(ada.said().filter(has_text="for those inside")).to_have_count(0)
        assert ada.seen(entity) is None
        assert presence_of(server) & {"Ada", "Bond", "Grace"} == {"Ada", "Grace"}
        assert counts_of(server)["hq"] == 2
        through_the_door = ada.picture()
        bond.send(Bye())
        expect(grace.person("Bond")).to_have_count(0)
        assert changed(through_the_door, ada.picture()) < 0.002, "nothing of him was in the picture"

        grace.track()
        ada.walk(1500)
        ada.until(lambda: ada.position[0] > DOOR_X_M, "the way back from a room without clearance")
        assert all(place.x > DOOR_X_M for place in grace.tracked("Ada"))


def ask(server: RunningServer, path: str) -> Any:
    """Ask as a stranger would."""
    with urllib.request.urlopen(server.http_url + path, timeout=10) as answer:  # noqa: S310 - our own server
        return json.load(answer)


def presence_of(server: RunningServer) -> set[str]:
    """Name everybody the server tells strangers of."""
    return {person["name"] for person in ask(server, "/v1/presence")["people"]}


def counts_of(server: RunningServer) -> dict[str, int]:
    """Count the people in each room, as strangers are told."""
    return {room["name"]: room["people"] for room in ask(server, "/v1/rooms")["rooms"]}
