"""What a page shows, as pixels: cut out of it, compared, and judged blank or not."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Page

Pixels = NDArray[np.int16]

NOTICEABLE = 24  # of 255, on any channel: more than dithering, less than a colour


def around(page: Page, x: float, y: float, width: int, height: int) -> Pixels:
    """Cut a rectangle about a point (CSS pixels) out of what the page shows: (height, width, 3)."""
    size = page.viewport_size
    assert size is not None
    left = min(max(0.0, x - width / 2), size["width"] - width)
    top = min(max(0.0, y - height / 2), size["height"] - height)
    return pixels(page.screenshot(clip={"x": left, "y": top, "width": width, "height": height}, scale="css"))


def pixels(png: bytes) -> Pixels:
    """Decode a picture."""
    with Image.open(io.BytesIO(png)) as image:
        return np.asarray(image.convert("RGB"), np.int16)


def changed(before: Pixels, after: Pixels) -> float:
    """Return the share of pixels that are noticeably different."""
    return float((np.abs(after - before).max(axis=2) > NOTICEABLE).mean())


def variety(picture: Pixels) -> int:
    """Count the different colours, coarsely: a blank or broken page has a handful."""
    coarse = picture // 16
    return len(np.unique(coarse[..., 0] * 256 + coarse[..., 1] * 16 + coarse[..., 2]))
