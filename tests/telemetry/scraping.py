"""Reading what a process exports, as Prometheus does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import requests
from prometheus_client.parser import text_string_to_metric_families

OURS = "mottak_"


class Scrape:
    """One answer of a ``/metrics`` address."""

    def __init__(self, text: str) -> None:
        self.families = {family.name: family for family in text_string_to_metric_families(text)}

    @staticmethod
    def of(url: str, token: str | None = None) -> Scrape:
        answer = requests.get(url, headers={"Authorization": f"Bearer {token}"} if token else {}, timeout=30)
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Type"].startswith("text/plain")
        return Scrape(answer.text)

    @staticmethod
    def together(scrapes: Iterable[Scrape]) -> Scrape:
        """Several processes as if they were one."""
        whole = Scrape("")
        for number, scrape in enumerate(scrapes):
            whole.families |= {f"{name} of {number}": family for name, family in scrape.families.items()}
        return whole

    def value(self, sample: str, **labels: str) -> float:
        """The sum of the samples of a name that have these labels among theirs."""
        return sum(found.value for family in self.families.values() for found in family.samples if found.name == sample and has(found.labels, labels))

    def labels(self, sample: str, label: str) -> set[str]:
        """The values that a label takes."""
        return {found.labels[label] for family in self.families.values() for found in family.samples if found.name == sample}

    def own(self) -> set[str]:
        """Our own metrics, by the name that queries use: a counter's ends with ``_total``."""
        return {name + ("_total" if family.type == "counter" else "") for name, family in self.families.items() if name.startswith(OURS)}


def has(labels: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    return all(labels.get(name) == value for name, value in wanted.items())
