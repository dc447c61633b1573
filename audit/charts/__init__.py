"""A few named chart forms over results; the only package that imports altair and vl_convert."""

from audit.charts.drawing import Chart
from audit.charts.forms import by, by_client, by_kind, by_month, by_system, lateness, overview, reasons
from audit.charts.time import clocks, coverage, stages

__all__ = [
    "Chart",
    "by",
    "by_client",
    "by_kind",
    "by_month",
    "by_system",
    "clocks",
    "coverage",
    "lateness",
    "overview",
    "reasons",
    "stages",
]
