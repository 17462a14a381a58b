"""A headset that is not there: iwer's emulation, in a page before the app starts, moved from here.

Positions are metres and rotations quaternions of the headset's own floor space, as a real one tracks them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.integration.browser.visitor import Vector, Visitor
from tests.integration.conftest import ROOT

IWER = ROOT / "clients/webxr/node_modules/iwer/build/iwer.min.js"
INSTALL = """
window.headset = new IWER.XRDevice(IWER.metaQuest3, { stereoEnabled: true });
headset.installRuntime({ forceInstall: true });
"""
STANDING: dict[str, Vector] = {"head": (0.0, 1.6, 0.0), "left": (-0.2, 1.1, -0.3), "right": (0.2, 1.1, -0.3)}


class Headset:
    """Somebody's headset and controllers."""

    def __init__(self, visitor: Visitor) -> None:
        """Give it to a visitor who has not opened anything yet."""
        self._page = visitor.page
        self._page.add_init_script(IWER.read_text("utf-8") + INSTALL)

    def put(self, part: str, position: Vector, turn: tuple[float, float, float, float] = (0, 0, 0, 1)) -> None:
        """Move "head", "left" or "right"."""
        self._page.evaluate(
            """([part, position, turn]) => {
              const moved = part === "head" ? headset : headset.controllers[part];
              moved.position.set(...position);
              moved.quaternion.set(...turn);
            }""",
            [part, position, turn],
        )

    def stand(self) -> None:
        """Stand upright, hands before one."""
        for part, position in STANDING.items():
            self.put(part, position)

    @contextmanager
    def pressing(self, button: str, hand: str = "right") -> Iterator[None]:
        """Hold a button: "trigger", "squeeze", "a-button", "b-button"."""
        self._button(button, hand, 1.0)
        try:
            yield
        finally:
            self._button(button, hand, 0.0)

    @contextmanager
    def pushing(self, x: float, y: float, hand: str = "right") -> Iterator[None]:
        """Hold a thumbstick off its centre."""
        self._stick(x, y, hand)
        try:
            yield
        finally:
            self._stick(0.0, 0.0, hand)

    def use_hands(self) -> None:
        """Put the controllers down: hands are tracked instead."""
        self._page.evaluate("() => { headset.primaryInputMode = 'hand'; }")

    def wait(self, ms: float) -> None:
        """Let frames pass."""
        self._page.wait_for_timeout(ms)

    def _button(self, button: str, hand: str, value: float) -> None:
        self._page.evaluate(
            "([button, hand, value]) => headset.controllers[hand].updateButtonValue(button, value)",
            [button, hand, value],
        )

    def _stick(self, x: float, y: float, hand: str) -> None:
        self._page.evaluate("([x, y, hand]) => headset.controllers[hand].updateAxes('thumbstick', x, y)", [x, y, hand])


def parts_of(seen: dict[str, Any]) -> list[Vector] | None:
    """Return where head, left and right hand are drawn, relative to the root; None for a body without."""
    numbers = seen["parts"]
    return None if numbers is None else [tuple(numbers[7 * part : 7 * part + 3]) for part in range(3)]
