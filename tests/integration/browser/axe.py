"""axe-core in a page: what it finds wrong for people who cannot see, hear or point."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.integration.conftest import ROOT

AXE = ROOT / "clients/webxr/node_modules/axe-core/axe.min.js"
RUN = """async () => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  return violations.map(({ id, impact, help, nodes }) =>
    `${impact}: ${id}: ${help}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`);
}"""


def complaints(page: Page) -> list[str]:
    """List what axe finds, with its impact first."""
    page.evaluate(AXE.read_text("utf-8"))
    found: list[str] = page.evaluate(RUN)
    return found
