"""Upload, status, board and log-in as people meet them: without barriers (WCAG 2.2 AA), in three languages, narrow, by keyboard, without JavaScript."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, FilePayload, Page

from services.command.up import Running
from services.shared.words import LANGUAGES

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WIDTHS = (1280, 320)
UNFINISHED: FilePayload = {
    "name": "skjema.json",
    "mimeType": "application/json",
    "buffer": json.dumps({"form_type": "anmodning", "form_version": "1.0", "language": "nb", "answers": {"studies": [{}]}}).encode(),
}


@contextmanager
def visit(browser: Browser, system: Running, who: str | None, *, language: str = "nb", width: int = 1280, scripts: bool = True) -> Iterator[Page]:
    """A browser window of somebody; what it complains about on its console fails the test."""
    # Without motion: what is still sliding open would be measured half open.
    context: BrowserContext = browser.new_context(viewport={"width": width, "height": 900}, java_script_enabled=scripts, reduced_motion="reduce")
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if _matters(message) else None)
    page.goto(f"{system.settings.public_url}/?lang={language}")
    if who is not None:
        page.goto(f"{system.settings.public_url}/login")
        page.locator(f"button[value={who}]").click()
        page.wait_for_url(f"{system.settings.public_url}/")
    yield page
    context.close()
    assert complaints == []


def _matters(message: ConsoleMessage) -> bool:
    """Whether the console tells a fault: not that a page itself came with a 4xx, which some tests ask for."""
    is_page = message.text.startswith("Failed to load resource") and "/static/" not in message.location["url"]
    return message.type in ("error", "warning") and not is_page


def barriers(page: Page) -> list[str]:
    """What axe finds, and whether the page is wider than its window."""
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": TAGS}}).response["violations"]
    told = [f"{one['id']}: {one['nodes'][0]['html']}: {one['nodes'][0].get('failureSummary')}" for one in found]
    if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
        told.append("wider than the window")
    return told


def send_unfinished(page: Page, system: Running) -> None:
    """Send a form with errors and wait for the page that tells them."""
    page.goto(f"{system.settings.public_url}/send-inn")
    page.locator("#form").set_input_files(UNFINISHED)
    page.locator("main button[type=submit]").click()
    page.wait_for_url("**/innsendinger/*")
    for _ in range(100):
        if page.locator("#feil").count():
            return
        page.wait_for_timeout(200)
        page.reload()
    raise AssertionError("the form was never checked")


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_has_barriers(browser: Browser, system: Running, language: str, width: int) -> None:
    with visit(browser, system, "leverandor", language=language, width=width) as page:
        send_unfinished(page, system)
        assert page.locator("html").get_attribute("lang") == language
        assert barriers(page) == []
        status = page.url
        for path in ("/", "/skjemaer", "/send-inn", "/innsendinger", "/hjelp", "/hjelp/problemer", "/hjelp/tilgjengelighet", "/finnes-ikke"):
            page.goto(system.settings.public_url + path)
            assert barriers(page) == [], path
    with visit(browser, system, "sekretariat", language=language, width=width) as page:
        for address in (f"{system.settings.public_url}/tavle", status, f"{system.settings.public_url}/send-inn"):
            page.goto(address)
            page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
            assert barriers(page) == [], address
    with visit(browser, system, None, language=language, width=width) as page:
        page.goto(f"{system.settings.public_url}/login")
        assert barriers(page) == []


def test_a_refused_upload_has_no_barriers_and_leads_to_the_field(browser: Browser, system: Running) -> None:
    with visit(browser, system, "leverandor") as page:
        page.goto(f"{system.settings.public_url}/send-inn")
        page.locator("#note").fill("Blir stående")
        page.locator("#form").set_input_files({"name": "skjema.docx", "mimeType": "application/octet-stream", "buffer": b"no document"})
        page.locator("main button[type=submit]").click()
        page.locator("#feil").wait_for()
        assert barriers(page) == []
        assert page.locator("#note").input_value() == "Blir stående"
        page.locator("#feil a").click()
        assert page.evaluate("document.activeElement.id") == "form"


def test_a_form_is_sent_and_its_errors_are_reached_with_the_keyboard_alone(browser: Browser, system: Running) -> None:
    with visit(browser, system, "leverandor") as page:
        page.goto(f"{system.settings.public_url}/send-inn")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.getAttribute('href')") == "#innhold"
        page.keyboard.press("Enter")
        seen = []
        for _ in range(20):
            page.keyboard.press("Tab")
            seen.append(page.evaluate("document.activeElement.id || document.activeElement.type || document.activeElement.pathname"))
            assert page.evaluate("document.activeElement.matches(':focus-visible')")
            if seen[-1] == "form":
                page.locator("#form").set_input_files(UNFINISHED)  # what the system's own file dialogue does
            if seen[-1] == "submit":
                break
        assert seen == ["/skjemaer", "form_type", "access-restricted", "note", "form", "attachments", "submit"]
        page.keyboard.press("Enter")
        page.wait_for_url("**/innsendinger/*")
        send_unfinished(page, system)
        page.locator("#feil a").first.focus()
        target = page.evaluate("document.activeElement.getAttribute('href')")
        page.keyboard.press("Enter")
        assert page.evaluate("'#' + document.activeElement.id") == target


def test_everything_works_without_javascript(browser: Browser, system: Running) -> None:
    with visit(browser, system, "leverandor", scripts=False) as page:
        send_unfinished(page, system)
        withdraw = page.locator("details", has=page.locator("#withdraw-reason"))
        withdraw.locator("summary").click()
        withdraw.locator("textarea").fill("Uten skript")
        withdraw.locator("button").click()
        page.get_by_text("Uten skript").first.wait_for()
        assert "Trukket" in page.title()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_title_tells_the_state(browser: Browser, system: Running, language: str) -> None:
    with visit(browser, system, "leverandor", language=language) as page:
        send_unfinished(page, system)
        state = {"nb": "Må rettes", "nn": "Må rettast", "en": "Needs correction"}[language]
        assert page.title().split(" – ")[0].endswith(f": {state}")


def test_focus_can_always_be_seen(browser: Browser, system: Running) -> None:
    with visit(browser, system, "sekretariat") as page:
        page.goto(f"{system.settings.public_url}/tavle")
        for _ in range(12):
            page.keyboard.press("Tab")
            style = "(style => style.outlineStyle !== 'none' || style.boxShadow !== 'none')(getComputedStyle(document.activeElement))"
            appears = "document.activeElement.matches('.ds-skip-link') && document.activeElement.getBoundingClientRect().width > 50"
            marked = page.evaluate(f"{style} || ({appears})")
            assert marked, page.evaluate("document.activeElement.outerHTML")


def test_the_design_systems_stylesheets_are_our_own_files(browser: Browser, system: Running) -> None:
    asked: list[str] = []
    with visit(browser, system, None) as page:
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{system.settings.public_url}/hjelp")
        colour = page.evaluate("getComputedStyle(document.body).getPropertyValue('--ds-color-accent-base-default')")
    assert colour, "the design system's stylesheets were not brought in"
    assert {address.split("/")[2] for address in asked if not address.startswith("data:")} == {system.settings.public_url.split("/")[2]}


def test_a_form_is_downloaded_from_the_front_page_without_logging_in(browser: Browser, system: Running) -> None:
    with visit(browser, system, None, language="nn", width=320, scripts=False) as page:
        page.get_by_role("link", name="Last ned eit skjema").first.click()
        assert page.get_by_role("heading", level=1).inner_text() == "Skjema"
        with page.expect_download() as begun:
            page.get_by_role("link", name="Word, Nynorsk: Forslag om nasjonal metodevurdering").click()
        assert begun.value.suggested_filename == "forslag-1.0-nn.docx"
        assert begun.value.path().read_bytes().startswith(b"PK")
