"""A few named chart forms over results; the only package that imports altair and vl_convert."""

from audit.charts.drawing import Chart, own
from audit.charts.drill import drill
from audit.charts.forms import by, by_client, by_kind, by_month, by_system, lateness, overview, reasons
from audit.charts.incident import timeline
from audit.charts.time import clocks, coverage, stages

FORMS = {"months": by_month, "reasons": reasons, "lateness": lateness, "stages": stages, "coverage": by_system}
"""The form for each word that a check's page may name as its chart."""

__all__ = [
    "FORMS",
    "Chart",
    "by",
    "by_client",
    "by_kind",
    "by_month",
    "by_system",
    "clocks",
    "coverage",
    "drill",
    "lateness",
    "overview",
    "own",
    "reasons",
    "stages",
    "timeline",
]
