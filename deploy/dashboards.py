"""The Grafana dashboards: one in bokmål for the secretariat, one for whoever operates the system. Made by ``deploy.generate``.

Facts about the whole system come from every scheduler alike, so the largest counts; what processes count is added up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from services.shared import lifecycle, words

SOURCE: Final = {"type": "prometheus", "uid": "prometheus"}
WIDTH: Final = 24
HEIGHT: Final = 8
COLUMNS: Final = 3
CHANNELS: Final = {"page": "Nettsiden", "api": "Fagsystem", "secretariat": "Lagt inn av sekretariatet"}
OTHERS: Final = {"unknown": "Ikke lest", "clean": "Rene", "infected": "Infiserte", "not_scanned": "Ikke kontrollert"} | {
    "intact": "Uendret",
    "damaged": "Skadet",
    "could_not_check": "Kunne ikke kontrolleres",
}

Kind = Literal["timeseries", "stat", "bargauge"]


@dataclass(frozen=True)
class Panel:
    """One picture. ``legend`` names each line by its labels; ``a_day`` draws one bar a day; ``alarm`` is where it turns red."""

    title: str
    query: str
    legend: str = ""
    unit: str = "short"
    kind: Kind = "timeseries"
    a_day: bool = False
    alarm: float | None = None
    help: str = ""


def _median(step: str) -> str:
    return f'histogram_quantile(0.5, sum by (le) (rate(mottak_step_seconds_bucket{{step="{step}"}}[1d])))'


SECRETARIAT: Final = (
    Panel(
        "Mottatt per dag",
        "sum by (channel) (increase(mottak_submissions_received_total[1d]))",
        "{{channel}}",
        a_day=True,
        help="Hvordan innsendingene kom.",
    ),
    Panel("Kontrollert per dag, etter skjema", "sum by (form_type) (increase(mottak_checks_total[1d]))", "{{form_type}}", a_day=True),
    Panel("Hvordan kontrollen endte", "sum by (status) (increase(mottak_checks_total[7d]))", "{{status}}", kind="bargauge", help="Siste sju dager."),
    Panel(
        "Hvorfor noe må rettes",
        "topk(15, sum by (code) (increase(mottak_needs_correction_total[30d])))",
        "{{code}}",
        kind="bargauge",
        help="Siste 30 dager. En innsending teller én gang for hver grunn.",
    ),
    Panel("Åpne innsendinger", "max by (status) (mottak_submissions)", "{{status}}", help="Det telles ikke lenger enn til 1000."),
    Panel("For lenge i samme tilstand", "max by (status) (mottak_stuck_submissions)", "{{status}}", alarm=1),
    Panel("Venter hos etatene", "max by (agency) (mottak_agency_queue_depth)", "{{agency}}", help="Arbeid som etaten ikke har bekreftet."),
    Panel("Eldste som venter hos etaten", "max by (agency) (mottak_agency_queue_oldest_seconds)", "{{agency}}", unit="s", alarm=3 * 86400),
    Panel(
        "Tid til etaten svarer (halvparten er raskere)",
        "histogram_quantile(0.5, sum by (le, agency) (rate(mottak_agency_response_seconds_bucket[30d])))",
        "{{agency}}",
        unit="s",
    ),
    Panel("Fra mottatt til kontrollert", _median("validation.check"), "halvparten er raskere", unit="s"),
    Panel("Fra godtatt til fordelt", _median("routing.route"), "halvparten er raskere", unit="s"),
    Panel("Fra godtatt til arkivert", _median("archive.store"), "halvparten er raskere", unit="s"),
    Panel(
        "Arbeid som har gitt opp", "sum(max by (handler) (mottak_parked_jobs)) or vector(0)", kind="stat", alarm=1, help="Står på tavlen med årsaken."
    ),
    Panel("Filer etter viruskontroll, siste uke", "sum by (verdict) (increase(mottak_scans_total[7d]))", "{{verdict}}", kind="bargauge"),
    Panel("Kontroll av arkivet, siste 30 dager", "sum by (outcome) (increase(mottak_fixity_outcomes_total[30d]))", "{{outcome}}", kind="bargauge"),
)

OPERATORS: Final = (
    Panel("Processes that answer", "sum by (job) (up)", "{{job}}"),
    Panel("Stores and scanner (1: answers)", "max by (end) (mottak_end_up)", "{{end}}"),
    Panel("Bytes free", "min by (job) (mottak_free_bytes)", "{{job}}", unit="bytes"),
    Panel("Requests", "sum by (route, status) (rate(mottak_request_seconds_count[5m]))", "{{route}} {{status}}", unit="reqps"),
    Panel(
        "Time until an answer begins, 99 of 100",
        "histogram_quantile(0.99, sum by (le, route) (rate(mottak_request_seconds_bucket[5m])))",
        "{{route}}",
        unit="s",
    ),
    Panel("Refused, by code", "sum by (code) (rate(mottak_refused_total[5m]))", "{{code}}", unit="reqps"),
    Panel("Unfinished work", "max by (handler, state) (mottak_jobs)", "{{handler}} {{state}}"),
    Panel("Oldest unfinished work", "max by (handler) (mottak_oldest_job_seconds)", "{{handler}}", unit="s", alarm=300),
    Panel("Parked work", "max by (handler) (mottak_parked_jobs)", "{{handler}}", alarm=1),
    Panel(
        "Time a handler works, 95 of 100",
        "histogram_quantile(0.95, sum by (le, handler) (rate(mottak_job_seconds_bucket[15m])))",
        "{{handler}}",
        unit="s",
    ),
    Panel("How work ends", "sum by (handler, outcome) (rate(mottak_job_seconds_count[5m]))", "{{handler}} {{outcome}}", unit="ops"),
    Panel(
        "Time per step, waiting included, 95 of 100",
        "histogram_quantile(0.95, sum by (le, step) (rate(mottak_step_seconds_bucket[15m])))",
        "{{step}}",
        unit="s",
    ),
    Panel("Outbox", "max by (agency) (mottak_outbox_rows)", "{{agency}}"),
    Panel("Oldest in the outbox", "max by (agency) (mottak_outbox_oldest_seconds)", "{{agency}}", unit="s", alarm=300),
    Panel("Relay has a channel (1: yes)", "max by (agency) (mottak_relay_connected)", "{{agency}}"),
    Panel("Published", "sum by (agency) (rate(mottak_published_total[5m]))", "{{agency}}", unit="ops"),
    Panel("Publishing failed", "sum by (agency, cause) (increase(mottak_publish_failures_total[15m]))", "{{agency}} {{cause}}"),
    Panel("Receipts over the broker", "sum by (agency, outcome) (increase(mottak_receipts_total[1h]))", "{{agency}} {{outcome}}"),
    Panel("Dead letters", "sum by (agency, reason) (increase(mottak_dead_letters_total[1d]))", "{{agency}} {{reason}}"),
    Panel("Archive objects that should have been read by now", "max(mottak_archive_overdue_objects)", "objects", alarm=1),
    Panel("Scanner's verdicts", "sum by (verdict) (rate(mottak_scans_total[15m]))", "{{verdict}}", unit="ops"),
    Panel("Findings", "topk(15, sum by (code, severity) (increase(mottak_findings_total[1d])))", "{{code}} {{severity}}", kind="bargauge"),
    Panel("Memory of each process", "sum by (job) (process_resident_memory_bytes)", "{{job}}", unit="bytes"),
)


def dashboards() -> dict[str, dict[str, Any]]:
    """File name -> dashboard as Grafana reads it."""
    return {
        "dashboard-secretariat.json": _dashboard(
            "mottak-sekretariatet", "Mottak: sekretariatet", SECRETARIAT, since="now-30d", refresh="5m", names=_in_words()
        ),
        "dashboard-operators.json": _dashboard("mottak-operators", "Mottak: operation", OPERATORS, since="now-6h", refresh="30s"),
    }


def _dashboard(
    uid: str, title: str, panels: tuple[Panel, ...], *, since: str, refresh: str, names: Mapping[str, str] | None = None
) -> dict[str, Any]:
    return {
        "uid": uid,
        "title": title,
        "tags": ["mottak"],
        "timezone": "Europe/Oslo",
        "schemaVersion": 41,
        "editable": False,
        "refresh": refresh,
        "time": {"from": since, "to": "now"},
        "panels": [_panel(number, panel, names or {}) for number, panel in enumerate(panels)],
    }


def _in_words() -> dict[str, str]:
    """What the secretariat reads instead of our names for states, channels and outcomes (bokmål)."""
    states = {state: words.text(f"status.{state}.name", words.DEFAULT) for state in lifecycle.STATES}
    return {**CHANNELS, **OTHERS, **states}


def _panel(number: int, panel: Panel, names: Mapping[str, str]) -> dict[str, Any]:
    width = WIDTH // COLUMNS
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if panel.alarm is not None:
        steps.append({"color": "red", "value": panel.alarm})
    target = {"refId": "A", "datasource": SOURCE, "expr": panel.query, "legendFormat": panel.legend or "__auto"}
    if panel.kind != "timeseries":
        target |= {"instant": True, "range": False}
    custom = {"drawStyle": "bars", "fillOpacity": 80, "stacking": {"mode": "normal"}} if panel.a_day else {"thresholdsStyle": {"mode": "line"}}
    return {
        "id": number + 1,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.help,
        "datasource": SOURCE,
        "interval": "1d" if panel.a_day else None,
        "gridPos": {"x": number % COLUMNS * width, "y": number // COLUMNS * HEIGHT, "w": width, "h": HEIGHT},
        "fieldConfig": {
            "defaults": {
                "unit": panel.unit,
                "min": 0,
                "decimals": 0 if panel.unit == "short" else None,
                "custom": custom if panel.kind == "timeseries" else {},
                "thresholds": {"mode": "absolute", "steps": steps},
            },
            "overrides": [
                {"matcher": {"id": "byName", "options": name}, "properties": [{"id": "displayName", "value": word}]} for name, word in names.items()
            ],
        },
        "options": {"orientation": "horizontal", "displayMode": "basic"} if panel.kind == "bargauge" else {},
        "targets": [target],
    }
