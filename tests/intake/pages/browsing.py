"""A person at a browser without JavaScript, over HTTP: reads pages, fills in the forms that stand on them, sends them."""

from __future__ import annotations

import socket
import time
from typing import Any

import requests
from lxml import html

from services.shared.settings import Settings

FormFiles = list[tuple[str, tuple[str, bytes]]]


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Page:
    """One answer, read as HTML."""

    def __init__(self, response: requests.Response) -> None:
        self.response = response
        self.status = response.status_code
        self.url = response.url
        self.tree: Any = html.fromstring(response.content) if response.content else html.Element("html")

    @property
    def text(self) -> str:
        """What stands on it, with single blanks."""
        return " ".join(self.tree.text_content().split())

    @property
    def title(self) -> str:
        return str(self.tree.findtext(".//title"))

    @property
    def language(self) -> str:
        return str(self.tree.get("lang"))

    def form(self, action: str) -> Any:
        """The first form whose address begins with ``action``."""
        return next(form for form in self.tree.forms if (form.get("action") or "").startswith(action))

    def links(self) -> list[str]:
        return [str(link.get("href")) for link in self.tree.iterfind(".//a")]


class Person:
    """Somebody with a browser of their own, logged in as ``who`` if that is given."""

    def __init__(self, settings: Settings, who: str | None = None) -> None:
        self.base = settings.public_url
        self.session = requests.Session()
        self.session.headers["Accept"] = "text/html,*/*;q=0.8"
        if who is not None:
            self.log_in(who)

    def get(self, path: str, **headers: str) -> Page:
        return Page(self.session.get(self.base + path, headers=headers, timeout=30))

    def log_in(self, who: str, *, to: str = "/") -> Page:
        """Through the provider's page, and back to ``to``."""
        page = self.get(f"/login?next={to}")
        form = next(each for each in page.tree.forms if each.xpath(f".//button[@value='{who}']"))
        return self.send(form, person=who)

    def send(self, form: Any, *, origin: str | None = "", **values: str) -> Page:
        """Send an ordinary form with some of its fields changed."""
        fields = {**{key: value or "" for key, value in form.form_values()}, **values}
        headers = {} if origin is None else {"Origin": origin or self.base}
        return Page(self.session.post(self.base + form.get("action"), data=fields, headers=headers, timeout=30))

    def upload(self, page: Page, files: FormFiles, *, origin: str = "", **values: str) -> Page:
        """Send the upload form as a browser does: fields and files in the form's order, an empty file field without name and bytes."""
        form = page.form("/send-inn")
        sent: list[tuple[str, tuple[str | None, bytes]]] = []
        for field in form.inputs:
            if not field.name or field.get("type") == "submit":
                continue
            chosen = [file for name, file in files if name == field.name]
            if field.get("type") == "file":
                sent += [(field.name, file) for file in chosen or [("", b"")]]
            elif field.get("type") != "radio" or field.get("checked") is not None:
                sent.append((field.name, (None, values.get(field.name, field.value or "").encode())))
        response = self.session.post(self.base + form.get("action"), files=sent, headers={"Origin": origin or self.base}, timeout=60)
        return Page(response)

    def wait_for(self, page: Page, state: str, *, seconds: float = 60) -> Page:
        """Look at a submission's page again until its title tells the state."""
        deadline = time.monotonic() + seconds
        while not page.title.split(" – ")[0].endswith(state):
            assert time.monotonic() < deadline, f"still: {page.title}"
            time.sleep(0.1)
            page = self.get(page.url.removeprefix(self.base))
        return page
