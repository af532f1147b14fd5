"""Chromium's own PDF viewer, filled in from the keyboard and saved with its toolbar's button, as a person does.

The viewer is an extension's page around a plugin, and both are frames of the tab. Only the system's dialog that asks where to save is
replaced, since there is nobody to answer it: what the viewer writes goes back to the test.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import BrowserContext, Frame, Keyboard, Page, ViewportSize, sync_playwright

from tests.shared.forms.pdf_programs import Item

CHROMIUM: Final = Path("/usr/bin/chromium")
# So small and so high that every page of a form is in sight at once: the viewer unloads a page that is not, and the focus goes with it.
_ZOOM: Final = "#zoom=25"
_WINDOW: Final[ViewportSize] = {"width": 800, "height": 4500}
_MARGIN: Final = (780, 3000)
_LOADED: Final = "() => window.viewer?.loadState_ === 'success'"
# The plugin answers one question after the other: with this answer, what it said of the keys before has come, too.
_ON_THE_DOCUMENT: Final = "async () => { await viewer.pluginController_.getSelectedText(); return viewer.documentHasFocus_ }"
_SAVE: Final = """() => new Promise(resolve => {
    const parts = []
    const finish = () => {
        const reader = new FileReader()
        reader.onload = () => resolve(reader.result.split(',')[1])
        reader.readAsDataURL(new Blob(parts))
    }
    window.showSaveFilePicker = async () => ({createWritable: async () => ({write: async part => { parts.push(part) }, close: async () => finish()})})
    chrome.fileSystem.chooseEntry = (options, chosen) => chosen({createWriter: made => made({write(part) { parts.push(part); finish() }})})
    const controls = viewer.shadowRoot.querySelector('#toolbar').shadowRoot.querySelector('viewer-download-controls').shadowRoot
    controls.querySelector('#save').click()
    const choose = () => {
        const edited = controls.querySelector('#save-edited')
        edited ? edited.click() : setTimeout(choose, 10)
    }
    choose()
})"""


class ChromiumViewer:
    """One browser that shows one PDF after the other; ``folder`` takes the file that is shown."""

    def __init__(self, context: BrowserContext, folder: Path) -> None:
        self._context, self._path = context, folder / "shown.pdf"

    def fill(self, template: bytes, items: Iterable[Item]) -> bytes:
        """The template as the viewer saves it, with the answers typed into it field by field in the order of the Tab key."""
        self._path.write_bytes(template)
        page = self._context.new_page()
        try:
            with page.expect_event("frameattached") as attached:
                page.goto(self._path.as_uri() + _ZOOM)
            viewer = attached.value
            viewer.wait_for_function(_LOADED)
            _enter_document(page, viewer)
            for item in items:
                _type(page.keyboard, item)
            page.keyboard.press("Tab")
            return base64.b64decode(viewer.evaluate(_SAVE))
        finally:
            page.close()


def _enter_document(page: Page, viewer: Frame) -> None:
    """Put the focus onto the document, so that the next Tab goes to its first field. The first clicks and keys may find nobody listening."""
    for _ in range(1000):
        page.mouse.click(*_MARGIN)
        page.keyboard.press("Tab")
        if viewer.evaluate(_ON_THE_DOCUMENT):
            return
    raise AssertionError("the viewer never took the focus")


def _type(keyboard: Keyboard, item: Item) -> None:
    if item.kind == "checks":
        assert isinstance(item.value, tuple)
        for value, _ in item.choices:
            keyboard.press("Tab")
            if value in item.value:
                keyboard.insert_text(" ")
        return
    keyboard.press("Tab")
    if item.kind == "check" and item.value:
        keyboard.insert_text(" ")
    elif item.kind == "choice" and item.value:
        for _ in range(1 + [value for value, _ in item.choices].index(str(item.value))):
            keyboard.press("ArrowDown")
    elif item.kind in ("text", "lines", "date") and item.value:
        keyboard.insert_text(item.shown.replace("\n", "\r"))


@contextmanager
def chromium_viewer(folder: Path) -> Iterator[ChromiumViewer]:
    """A browser to fill in PDFs. Skips the test where there is no Chromium."""
    if not CHROMIUM.exists():
        pytest.skip("no Chromium here: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield ChromiumViewer(browser.new_context(viewport=_WINDOW), folder)
        browser.close()
