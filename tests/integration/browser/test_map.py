"""The operators' map, in a real browser: whom it shows, with whose eyes, to whom, and that it is quiet."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import expect

from protocol.schema import Block, Done, Leave, Left, Roster
from tests.integration.browser.axe import complaints
from tests.integration.browser.conftest import Come
from tests.integration.browser.pictures import Pixels, pixels
from tests.integration.browser.visitor import Visitor
from tests.integration.conftest import Connect, RunningServer, StartServer
from tests.integration.issuer import Issuer

BOTS = 12
WINDOW: dict[str, Any] = {"viewport": {"width": 1200, "height": 760}}
LOOKS: dict[str, dict[str, Any]] = {
    "light": WINDOW,
    "dark": WINDOW | {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
}
# The browser says so on the console where a request is answered with a refusal, or not at all.
REFUSED = re.compile(r"the server responded with a status of (403|404|429)")
UNANSWERED = re.compile(r"ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET")
INNERMOST = "--rate-0"  # the colour of the innermost ring, and of those in it
PERSON = "--person"  # of everybody while nobody observes
SAME = 12  # of 255, on every channel
FEW_PIXELS = 60
PERSON_PIXELS = 18  # of the smallest mark, with a part of it behind another
TOOLS_PX = 24  # half the height of the buttons above the plan, by which its middle is lower


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    """A server with some bots in its headquarters, and nobody elsewhere."""
    running = RunningServer("--allow-guests", "--bots", str(BOTS))
    yield running
    assert running.stop() == 0
    running.check_log()


def open_map(visitor: Visitor, server: RunningServer) -> None:
    """Open the page."""
    visitor.page.goto(f"{server.metrics_url}/ops/map")


def plan_of(visitor: Visitor) -> Pixels:
    """Return what the plan shows."""
    return pixels(visitor.page.locator("#canvas").screenshot(scale="css"))


def drawn(visitor: Visitor, colour: str) -> int:
    """Count the plan's pixels of one of the page's colours."""
    code = "(name) => getComputedStyle(document.documentElement).getPropertyValue(name)"
    wanted = visitor.page.evaluate(code, colour).strip().removeprefix("#")
    apart = np.abs(plan_of(visitor) - np.array([*bytes.fromhex(wanted)], np.int16)).max(axis=2)
    return int((apart < SAME).sum())


def show_token(visitor: Visitor, token: str) -> None:
    """Sign in."""
    visitor.page.locator("#token").fill(token)
    visitor.page.locator("#token").press("Enter")


@pytest.mark.parametrize("look", LOOKS)
def test_a_room_is_seen_with_somebodys_eyes(come: Come, server: RunningServer, look: str) -> None:
    """By day, by night and on a phone: everybody is there, and choosing two shows rings and says why."""
    operator = come("Op", **LOOKS[look])
    page = operator.page
    open_map(operator, server)
    people = page.locator("#people button")
    expect(people).to_have_count(BOTS)
    expect(page.locator("#summary")).to_contain_text(f"{BOTS} people")
    assert complaints(page) == []
    operator.until(lambda: drawn(operator, PERSON) > BOTS * PERSON_PIXELS, "everybody on the plan")
    assert drawn(operator, INNERMOST) < FEW_PIXELS

    people.first.click()
    expect(page.locator("#observer-sees")).to_contain_text(f"Sees {BOTS - 1} of {BOTS - 1} others")
    expect(page.locator("#legend")).to_contain_text("times a second")
    operator.until(lambda: drawn(operator, INNERMOST) > 2 * FEW_PIXELS, "rings")
    people.nth(5).click()
    expect(page.locator("#answer-word")).to_have_text("Yes.")
    expect(page.locator("#answer-verdict")).to_contain_text("it is near enough")
    expect(page.locator("#answer-facts")).to_contain_text("The subject is in ring")
    assert complaints(page) == []
    assert page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0

    page.locator("#forget-observer").click()
    expect(page.locator("#hint")).to_be_visible()
    expect(page.locator("#answer")).to_be_hidden()


def test_rooms_are_chosen_and_time_stands_still(come: Come, server: RunningServer) -> None:
    """Another room is another plan with its own people; a paused page asks nothing."""
    operator = come("Op", **WINDOW)
    page = operator.page
    open_map(operator, server)
    expect(page.locator("#people button")).to_have_count(BOTS)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.locator("#pause").click()
    asked.clear()
    page.wait_for_timeout(2500)
    assert asked == []
    expect(page.locator("#notice")).to_have_text("Paused")
    page.locator("#pause").click()
    page.locator("#rooms").select_option("border")
    expect(page.locator("#summary")).to_contain_text("0 people")
    expect(page.locator("#people button")).to_have_count(0)
    page.locator("#rooms").select_option("hq")
    expect(page.locator("#people button")).to_have_count(BOTS)
    page.locator("#filter").fill("nobody of this name")
    expect(page.locator("#people button")).to_have_count(0)


def test_only_an_operator_gets_in_and_asks_why(
    come: Come, start_server: StartServer, connect: Connect, tmp_path: Path
) -> None:
    """With a token, which no address and no storage holds; they ask about a pair, before and after a block."""
    issuer = Issuer(tmp_path)
    server = start_server("--keys-file", str(issuer.key_set_file))
    for user in ("u-ann", "u-bob"):
        peer = connect("tcp", server)
        peer.hello(token=issuer.token(user))
        peer.join()
        peer.wait_for(Roster)
    operator = come("Op", **WINDOW)
    page = operator.page
    open_map(operator, server)
    expect(page.locator("#refusal")).to_contain_text("role operator")
    assert complaints(page) == []
    operator.check_quiet()

    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    show_token(operator, "“token”")
    expect(page.locator("#token:invalid")).to_have_attribute("title", re.compile("plain letters"))
    assert asked == []
    operator.may_fail = REFUSED
    show_token(operator, issuer.token("u-ann"))
    expect(page.locator("#refusal")).to_contain_text("only operators may ask this")
    expect(page.locator("#view")).to_be_hidden()
    show_token(operator, issuer.token("u-op", roles=frozenset({"operator"})))
    expect(page.locator("#people-title")).to_have_text("People (2)")
    assert page.url == f"{server.metrics_url}/ops/map"
    assert page.evaluate("() => [localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]

    box = page.locator("#canvas").bounding_box()
    assert box is not None
    page.wait_for_timeout(1200)  # who has come is where the plan has them
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2 + TOOLS_PX)
    expect(page.locator("#observer-name")).to_have_text("Ann")
    page.locator("#people button").filter(has_text="Bob").click()
    expect(page.locator("#answer-title")).to_have_text("Does Ann see Bob?")
    expect(page.locator("#answer-word")).to_have_text("Yes.")
    peer.send(Block(1, "u-ann", blocked=True))
    peer.wait_for(Done)
    expect(page.locator("#observer-sees")).to_contain_text("Sees 0 of 1 other")
    page.locator("#ask-again").click()
    expect(page.locator("#answer-word")).to_have_text("No.")
    expect(page.locator("#answer-verdict")).to_contain_text("one of them has blocked the other")
    page.locator("#swap").click()
    expect(page.locator("#answer-title")).to_have_text("Does Bob see Ann?")

    page.reload()
    expect(page.locator("#token")).to_be_visible()
    assert [line["target"] for line in server.lines("audit") if line["action"] == "look"] == [
        "",
        "observer u-ann",
        "observer u-bob",
    ]


def test_a_spectator_is_marked(come: Come, start_server: StartServer, connect: Connect, tmp_path: Path) -> None:
    """By a shape and by a word, in the legend and in the list, whoever observes; and gone with whoever it was."""
    issuer = Issuer(tmp_path)
    server = start_server("--allow-guests", "--keys-file", str(issuer.key_set_file))
    watcher = connect("tcp", server)
    for peer, hello in (
        (connect("tcp", server), {"name": "Ann"}),
        (watcher, {"token": issuer.token("u-wes", roles=frozenset({"spectator"}))}),
    ):
        peer.hello(**hello)
        peer.join()
    operator = come("Op", **WINDOW)
    page = operator.page
    open_map(operator, server)
    ann, wes = (page.locator("#people button").filter(has_text=name) for name in ("Ann", "Wes"))
    expect(wes).to_contain_text("spectator")
    expect(ann).not_to_contain_text("spectator")
    for button, turned in ((ann, "none"), (wes, "45deg")):
        expect(button.locator(".mark")).to_have_css("rotate", turned)
    legend = page.locator("#legend div").filter(has_text="a spectator")
    expect(legend.locator(".mark")).to_have_css("rotate", "45deg")
    assert complaints(page) == []
    ann.click()
    expect(page.locator("#observer-sees")).to_contain_text("Sees 0 of 1 other")
    expect(legend).to_be_visible()
    wes.click()
    expect(page.locator("#answer-verdict")).to_contain_text("it is a spectator")
    watcher.send(Leave(1))
    watcher.wait_for(Left)
    expect(wes).to_have_count(0)
    expect(legend).to_have_count(0)


def test_a_page_that_is_told_to_wait_asks_again(come: Come, server: RunningServer) -> None:
    """From its very first question on, in words, until it is answered."""
    operator = come("Op", **WINDOW)
    page = operator.page
    operator.may_fail = REFUSED
    problem = {"code": "rate_limited", "reason": "too many questions", "advice": "ask later"}
    page.route("**/ops/rooms", lambda route: route.fulfill(status=429, json=problem), times=2)
    open_map(operator, server)
    expect(page.locator("#notice")).to_have_text("too many questions: ask later. Trying again.")
    expect(page.locator("#people button")).to_have_count(BOTS)
    expect(page.locator("#notice")).to_be_empty()


def test_a_refused_question_is_answered_on_its_card(start_server: StartServer, come: Come, connect: Connect) -> None:
    """In words, where one of the two has left since the plan was told; the card goes when the plan is told again."""
    server = start_server("--allow-guests")
    peers = {name: connect("tcp", server) for name in ("Ann", "Bob")}
    for name, peer in peers.items():
        peer.hello(name=name)
        peer.join()
    operator = come("Op", **WINDOW)
    page = operator.page
    people = page.locator("#people button")
    open_map(operator, server)
    people.filter(has_text="Ann").click()
    expect(page.locator("#observer-sees")).to_contain_text("Sees 1 of 1 other")
    page.locator("#pause").click()
    peers["Bob"].send(Leave(2))
    peers["Bob"].wait_for(Left)
    operator.may_fail = REFUSED
    people.filter(has_text="Bob").click()
    expect(page.locator("#answer-verdict")).to_contain_text("there was no entity")
    expect(page.locator("#answer-word")).to_be_empty()
    page.locator("#pause").click()
    expect(page.locator("#answer")).to_be_hidden()
    page.locator("#forget-observer").click()
    expect(people.filter(has_text="Ann")).to_be_focused()


def test_a_server_goes_away_and_comes_back(start_server: StartServer, come: Come, connect: Connect) -> None:
    """The page says so, goes on with the one that comes, and takes nobody for who had their entity before."""
    server = start_server("--allow-guests")
    peer = connect("tcp", server)
    peer.hello(name="Ann")
    entity = str(peer.join().entity)
    operator = come("Op", **WINDOW)
    page = operator.page
    people = page.locator("#people button")
    open_map(operator, server)
    people.click()
    expect(page.locator("#observer-name")).to_have_text("Ann")
    operator.may_fail = UNANSWERED
    server.stop()
    expect(page.locator("#notice")).to_have_text("No answer from the server. Trying again.")
    again = start_server("--allow-guests", "--metrics-port", server.metrics_url.rpartition(":")[2])
    peer = connect("tcp", again)
    peer.hello(name="Bob")
    assert str(peer.join().entity) == entity
    expect(people).to_contain_text("Bob")
    expect(people).to_have_attribute("data-entity", entity)
    expect(people).to_have_attribute("aria-current", "false")
    expect(page.locator("#notice")).to_have_text("Ann has left.")
    expect(page.locator("#hint")).to_be_visible()
