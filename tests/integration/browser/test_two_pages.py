"""Two people with browsers in one room: each sees what the other does, and a third who speaks raw TCP."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, ViewportSize, expect

from protocol.schema import Chat
from tests.integration.browser.cable import Cable
from tests.integration.browser.conftest import Figures
from tests.integration.browser.following import follow
from tests.integration.browser.pictures import Pixels, around, changed
from tests.integration.browser.visitor import ROOM_SIZE, Visitor, visit
from tests.integration.browser.worlds import HALL, write
from tests.integration.conftest import RunningServer
from tests.integration.peer import Peer

ROOM = {"world": "hall", "room": "hall", "view": "first"}
AVATAR_PX = (160, 200)  # about an avatar some metres away
STIRRED = 0.03  # of the pixels about an avatar: more than its breathing changes, less than a wave
TINY: ViewportSize = {"width": 360, "height": 240}
USUAL: ViewportSize = {"width": ROOM_SIZE[0], "height": ROOM_SIZE[1]}
LATE_MS = 150.0
OFF_M = 0.05


class Pair(NamedTuple):
    """Ada and Grace, who stands before Ada and looks at her; and the cable that leads to Grace."""

    ada: Visitor
    grace: Visitor
    cable: Cable

    def both_ways(self) -> tuple[tuple[Visitor, Visitor], tuple[Visitor, Visitor]]:
        """Return who acts and who watches, both ways."""
        return (self.ada, self.grace), (self.grace, self.ada)


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hall, entered before a desk on which a tablet lies."""
    folder = tmp_path_factory.mktemp("worlds")
    write(folder, HALL, [((0, 0, 1.2), 0), ((3, 0, 3), 0), ((-3, 0, 4), 0)])
    return folder


@pytest.fixture(scope="module")
def pair(browser: Browser, server: RunningServer) -> Iterator[Pair]:
    """Two visitors in the hall, one of them at the end of a cable that can be pulled."""
    with Cable(server.http_url) as cable:
        ada_context, ada = visit(browser, server.http_url, "Ada")
        grace_context, grace = visit(browser, cable.http_url, "Grace")
        ada.enter(**ROOM)
        grace.enter(**ROOM)
        grace.go_to("Ada")
        yield Pair(ada, grace, cable)
        for context in (ada_context, grace_context):
            context.close()


@pytest.fixture(autouse=True)
def quiet(pair: Pair) -> Iterator[None]:
    """No page says anything on its console, in any test."""
    yield
    pair.ada.check_quiet()
    pair.grace.check_quiet()


def around_them(watcher: Visitor, name: str) -> Pixels:
    """Return the picture about somebody in view."""
    return around(watcher.page, *watcher.spot_of(name), *AVATAR_PX)


def still(watcher: Visitor, name: str) -> Pixels:
    """Return the picture about somebody in view, once neither they nor the view move any more."""
    pictures = [around_them(watcher, name)]

    def stands() -> bool:
        pictures.append(around_them(watcher, name))
        return changed(*pictures[-2:]) < STIRRED / 2

    watcher.until(stands, f"{name} to stand still")
    return pictures[-1]


def test_each_lists_the_other(pair: Pair) -> None:
    """The roster names the other, marks guests, and says where they are shown."""
    for one, other in pair.both_ways():
        expect(one.person(other.name)).to_be_visible()
        expect(one.person(other.name)).to_have_attribute("data-position", re.compile(r"^-?[\d.]+,-?[\d.]+,-?[\d.]+$"))
        assert one.entity_of(other.name) > 0
    assert pair.ada.entity_of("Grace") != pair.grace.entity_of("Ada")


def test_a_walk_changes_the_picture(pair: Pair) -> None:
    """Where a walker is shown the picture changes, and it does not where nobody walks."""
    ada, grace = pair.ada, pair.grace
    grace.go_to("Ada")
    spot = grace.spot_of("Ada")
    before = still(grace, "Ada")
    ada.walk(1000, "KeyD")
    grace.until(lambda: changed(before, around(grace.page, *spot, *AVATAR_PX)) > STIRRED, "a walk to be seen", 5000)
    ada.walk(1000, "KeyA")


def test_a_walker_is_shown_where_they_are(pair: Pair, figures: Figures) -> None:
    """What the other page shows follows the walker, late by the interpolation delay and next to nothing more.

    In small windows, so that drawing in software does not take the time that is measured; and after a few seconds of
    walking, so that the jitter of a page that is just being built is forgotten.
    """
    ada, grace = pair.ada, pair.grace
    for one in (ada, grace):
        one.page.set_viewport_size(TINY)
    for _ in range(5):
        ada.walk(800, "KeyD")
        ada.walk(800, "KeyA")
    ada.track()
    grace.track()
    ada.walk(700, "KeyD")
    ada.walk(700, "KeyA")
    ada.walk(700, "KeyD")
    ada.walk(700, "KeyA")
    grace.page.wait_for_timeout(700)  # until what is shown late has been shown
    allowed = LATE_MS + grace.network()["interpolationDelayMs"]
    found = follow(ada.tracked(), grace.tracked("Ada"))
    for one in (ada, grace):
        one.page.set_viewport_size(USUAL)
    figures(f"a walker is shown {found.delay_ms:.0f} ms late (allowed: {allowed:.0f}), off by {found}")
    assert found.samples > 20
    assert found.delay_ms <= allowed
    assert found.p95_m <= OFF_M, found


def test_what_one_says_the_other_reads(pair: Pair) -> None:
    """Chat goes both ways, as text and nothing else."""
    for one, other in pair.both_ways():
        line = f"<b>Bonjour</b> from {one.name} & مرحبا"
        one.say(line)
        for reader in (one, other):
            expect(reader.said().filter(has_text=line)).to_have_count(1)


def waved_at(one: Visitor, other: Visitor, before: Pixels) -> bool:
    """Let somebody wave, and look whether that shows; a wave is over sooner than a slow machine may look."""
    one.at("emote-wave").click()
    return changed(before, around_them(other, one.name)) > STIRRED


def test_an_emote_is_seen(pair: Pair) -> None:
    """An emote moves the avatar that shows it, and is said in words too."""
    for one, other in pair.both_ways():
        other.go_to(one.name)
        before = still(other, one.name)
        other.until(partial(waved_at, one, other, before), "a wave")


def test_a_third_comes_by_raw_tcp(pair: Pair, server: RunningServer) -> None:
    """Somebody without a browser is listed and shown like everybody else, and heard."""
    with Peer(server.tcp_url) as peer:
        peer.hello(name="Kofi")
        joined = peer.join("hall")
        for one in (pair.ada, pair.grace):
            expect(one.person("Kofi")).to_have_attribute("data-entity", str(joined.entity))
            expect(one.person("Kofi")).to_have_attribute("data-position", re.compile(r"\d"))
        peer.send(Chat(7, 0, 0, "Hello from Python"))
        for one in (pair.ada, pair.grace):
            expect(one.said().filter(has_text="Hello from Python")).to_have_count(1)
    # A lost connection is away at first: the seat is held.
    for one in (pair.ada, pair.grace):
        expect(one.person("Kofi")).to_contain_text("Connection lost")


def test_five_seconds_offline(pair: Pair) -> None:
    """Who loses the network is away for others, is told so, and comes back as the same avatar, missing nothing."""
    ada, grace = pair.ada, pair.grace
    entity, place = ada.entity_of("Grace"), ada.position_of("Grace")
    grace.page.context.set_offline(True)
    pair.cable.pull()
    expect(grace.at("connection-state")).to_have_attribute("data-state", re.compile("offline|waiting|connecting"))
    expect(ada.person("Grace")).to_contain_text("Connection lost")
    ada.say("said while Grace was away")
    grace.page.wait_for_timeout(5000)
    pair.cable.plug_in()
    grace.page.context.set_offline(False)
    expect(grace.at("connection-state")).to_have_attribute("data-state", "online")
    expect(grace.said().filter(has_text="said while Grace was away")).to_have_count(1)
    expect(ada.person("Grace")).not_to_contain_text("Connection lost")
    assert ada.entity_of("Grace") == entity
    assert ada.position_of("Grace") == pytest.approx(place, abs=0.02)


def test_block(pair: Pair) -> None:
    """Whoever blocks and whoever is blocked are hidden from each other, until it is undone; both ways."""
    for one, other in pair.both_ways():
        entity = one.entity_of(other.name)
        one.open_menu(other.name)
        one.at("block").click()
        for blind, hidden in pair.both_ways():
            expect(blind.person(hidden.name)).to_have_count(0)
        one.until(lambda: one.seen(entity) is None, "the blocked to vanish")  # noqa: B023
        other.say(f"unheard by {one.name}")
        one.page.locator(".blocked summary").click()
        one.at("unblock").click()
        for sighted, shown in pair.both_ways():
            expect(sighted.person(shown.name)).to_be_visible()
        other.say(f"heard by {one.name}")
        expect(one.said().filter(has_text=f"heard by {one.name}").last).to_be_visible()
        expect(one.said().filter(has_text=f"unheard by {one.name}")).to_have_count(0)


def test_a_thing_changes_hands(pair: Pair) -> None:
    """Who takes a thing holds it for both; it is handed over, and handed back."""
    giver = pair.ada
    for one in (pair.ada, pair.grace):
        one.enter(**ROOM | {"room": "desk"})
    pair.grace.go_to("Ada")
    giver.until(lambda: "Take" in (giver.at("prompt").text_content() or ""), "something to take")
    giver.press("f")
    giver.until(lambda: "Put" in (giver.at("prompt").text_content() or ""), "the thing in hand")
    for one, other in pair.both_ways():
        one.open_menu(other.name)
        one.at("hand-over").click()
        other.until(lambda: "Take" in (other.at("prompt").text_content() or ""), "the thing held out")  # noqa: B023
        other.press("f")
        other.until(lambda: "Put" in (other.at("prompt").text_content() or ""), "the thing in hand")  # noqa: B023
