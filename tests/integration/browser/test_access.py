"""Everybody can use it: with a keyboard alone, with a screen reader, on a phone, in four languages."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.integration.browser.axe import complaints
from tests.integration.browser.conftest import Come
from tests.integration.browser.visitor import Visitor
from tests.integration.browser.worlds import HALL, write

pytestmark = pytest.mark.long

LANGUAGES = {"en": "ltr", "fr": "ltr", "es": "ltr", "ar": "rtl"}
PORTAL_X_M = 6.3
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hall in place of the headquarters, entered before its portal."""
    folder = tmp_path_factory.mktemp("worlds")
    write(folder, HALL | {"name": "headquarters"}, [((4.5, 0, 2), -90), ((4.5, 0, 4), -90)])
    return folder


def tab_to(visitor: Visitor, test_id: str, most: int = 60) -> None:
    """Walk the focus to something with Tab alone."""
    for _ in range(most):
        focused = visitor.page.evaluate("() => document.activeElement?.closest('[data-testid]')?.dataset.testid ?? ''")
        if focused == test_id:
            return
        visitor.press("Tab")
    raise AssertionError(f"Tab does not lead to {test_id}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_in_the_lobby(come: Come, language: str) -> None:
    """The lobby is without faults that axe knows, in every language."""
    ada = come("Ada")
    ada.open(lang=language)
    expect(ada.at("lobby")).to_be_visible()
    expect(ada.at("room-card").first).to_be_visible()
    html = ada.page.locator("html")
    expect(html).to_have_attribute("lang", language)
    expect(html).to_have_attribute("dir", LANGUAGES[language])
    assert complaints(ada.page) == []


def test_axe_finds_nothing_in_a_room(come: Come) -> None:
    """A room is without faults that axe knows: as one enters, and with everything opened."""
    come("Grace").enter()
    ada = come("Ada")
    ada.enter()
    expect(ada.person("Grace")).to_be_visible()
    assert complaints(ada.page) == []
    ada.open_menu("Grace")
    assert complaints(ada.page) == []
    ada.press("Escape")
    ada.at("settings-toggle").click()
    expect(ada.at("settings-panel")).to_be_visible()
    assert complaints(ada.page) == []
    ada.press("Escape")
    ada.at("network-toggle").click()
    expect(ada.at("network-panel")).to_be_visible()
    assert complaints(ada.page) == []


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_phone_shows_all_of_it(come: Come, language: str) -> None:
    """On a phone held upright nothing is wider than the screen, in the lobby or in a room, and axe finds nothing."""
    ada = come("Ada", **PHONE)
    ada.open(lang=language)
    expect(ada.at("room-card").first).to_be_visible()
    assert _overflow(ada) <= 0
    ada.enter(lang=language)
    assert _overflow(ada) <= 0
    assert complaints(ada.page) == []


def test_with_the_keyboard_alone(come: Come) -> None:
    """Join, walk, chat, go through a portal and leave, without a pointer."""
    ada = come("Ada")
    ada.open(quality="low")
    expect(ada.at("room-card").first).to_be_visible()
    tab_to(ada, "name-input")
    ada.page.keyboard.type("Ada")
    tab_to(ada, "enter-room")
    ada.press("Enter")
    ada.wait_until_in()

    ada.press("t")
    expect(ada.at("chat-input")).to_be_focused()
    start = ada.position
    ada.page.keyboard.type("wasd 123 hello")
    ada.press("Enter", "Escape")
    expect(ada.said().filter(has_text="wasd 123 hello")).to_have_count(1)
    assert ada.position == start, "typing is not walking"

    with ada.holding("ArrowUp"):
        ada.until(lambda: ada.position[0] > PORTAL_X_M, "the portal to be reached")
    expect(ada.page.get_by_role("heading", level=1)).to_contain_text("meadow")
    ada.wait_until_in()

    tab_to(ada, "leave-room")
    ada.press("Enter")
    expect(ada.at("lobby")).to_be_visible()


def test_focus_is_seen(come: Come) -> None:
    """Whatever has the focus shows it."""
    ada = come("Ada")
    ada.open()
    expect(ada.at("room-card").first).to_be_visible()
    for _ in range(8):
        ada.press("Tab")
        outline = ada.page.evaluate(
            "() => { const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(document.activeElement);"
            " return [outlineStyle, parseFloat(outlineWidth), boxShadow]; }"
        )
        assert (outline[0] != "none" and outline[1] >= 1) or outline[2] != "none", outline


def test_the_language_changes_at_once(come: Come) -> None:
    """Choosing Arabic turns the page round, and stays chosen."""
    ada = come("Ada")
    ada.open()
    ada.at("language-select").select_option("ar")
    expect(ada.page.locator("html")).to_have_attribute("dir", "rtl")
    ada.open()
    expect(ada.page.locator("html")).to_have_attribute("lang", "ar")
    expect(ada.at("lobby")).to_contain_text(re.compile(r"[\u0600-\u06ff]"))


def _overflow(visitor: Visitor) -> int:
    width: int = visitor.page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
    return width
