"""The few colours of every report and chart: ink, greys and one accent, which marks what needs attention."""

from __future__ import annotations

INK = "#17212B"
GREY = "#5A6670"
RULE = "#C8D0D6"
WASH = "#F2F5F6"
ACCENT = "#0B5A6B"
TINT = "#86B1BB"

# From light to dark as it asks for attention, so that the order survives a print in grey.
OUTCOMES = {
    "compliant": "#DDE3E7",
    "pending": "#A9B4BC",
    "waived": TINT,
    "undetermined": GREY,
    "violation": ACCENT,
}

# Of legal bases, for the eye only: the lane's name says the same. Six steps that stay apart in grey.
BASES = {
    "consent": ACCENT,
    "contract": INK,
    "legitimate_interests": "#B7791F",
    "legal_obligation": "#7A4B94",
    "public_task": "#3E7C4F",
    "vital_interests": "#A23B3B",
}
