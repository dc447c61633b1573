"""An executed report notebook made by hand: every kind of block once, in a believable order."""

import json

from audit.blocks import MIME

CHART = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="462" height="60" viewBox="0 0 462 60">'
    '<rect x="80" y="10" width="300" height="16" fill="#0B5A6B"/>'
    '<text x="0" y="22" font-family="IBM Plex Sans" font-size="8.5">Withdrawn</text></svg>'
)
COUNTS = {"compliant": 6412, "violation": 115, "pending": 0, "undetermined": 23, "waived": 4}


def markdown(source, *tags):
    return {"cell_type": "markdown", "metadata": {"tags": list(tags)}, "source": source}


def shows(kind, **values):
    data = {MIME: {"kind": kind, **values}, "text/plain": "shown"}
    return code({"output_type": "display_data", "metadata": {}, "data": data})


def code(*outputs):
    return {"cell_type": "code", "metadata": {}, "source": "page.show()", "outputs": list(outputs)}


COVER = shows(
    "cover",
    organisation="Mira Network AB",
    report="Quarterly report",
    subtitle="Did we do what our privacy policy says?",
    period="2026Q3",
    start="2026-07-01T00:00:00+02:00",
    end="2026-10-01T00:00:00+02:00",
    as_of="2026-10-01T00:00:00+02:00",
    zone="Europe/Stockholm",
    scope="Controller and processor, all clients",
    edition="internal",
    language="en",
    sentence=["Of 26 promises, ", {"strong": "7"}, " were broken at least once."],
    figures=[{"label": "decisions judged", "value": 29421}, {"label": "kept", "value": 0.9831, "kind": "percent"}],
)
COUNTED = shows(
    "counts",
    check="consent_coverage",
    title="Consent covers every event that rests on it",
    article="GDPR 7(1), 7(3)",
    severity="high",
    unit="events",
    evaluated=True,
    empty_tables=[],
    population=6554,
    rate=6412 / 6531,
    **COUNTS,
)
FINDINGS = shows(
    "table",
    caption="The worst findings",
    columns=[
        {"key": "item", "label": "Item", "kind": "mono"},
        {"key": "outcome", "label": "Outcome", "kind": "status"},
        {"key": "reason", "label": "Reason", "kind": "text"},
        {"key": "at", "label": "Occurred", "kind": "instant"},
        {"key": "due", "label": "Due", "kind": "day"},
        {"key": "over", "label": "Hours over", "kind": "decimal"},
        {"key": "n", "label": "Events", "kind": "integer"},
        {"key": "share", "label": "Share", "kind": "percent"},
    ],
    rows=[
        [
            "evt-0042",
            "violation",
            "Consent had been withdrawn",
            "2026-08-03T22:30:00Z",
            "2026-08-04",
            56.94,
            1234,
            0.25,
        ],
        ["evt-0043", "undetermined", "No person is recorded", None, None, None, 1, 0.9999],
    ],
    note="Ordered by hours.",
    total_rows=115,
)
MATRIX = shows(
    "matrix",
    caption="The commitments with their results",
    rows=[
        {
            "id": "P10",
            "section": "Legal grounds",
            "promise": "Where the law demands consent, data is processed only with consent",
            "gdpr": "6(1)(a), 7(1)",
            "status": "violation",
            "result": "115 violations",
            "evidence": [
                {"check": "consent_coverage", "status": "violation", "text": "98.2%"},
                {"check": "consent_records", "status": "not_evidenced"},
            ],
        },
        {
            "id": "P26",
            "section": "Revisions",
            "promise": "The policy is reviewed regularly",
            "gdpr": "24(1), 5(2)",
            "status": "not_evidenced",
            "evidence": [{"check": "policy_review", "status": "not_evidenced"}],
        },
    ],
)
METHOD = shows(
    "method",
    check="consent_coverage",
    title="Consent covers every event",
    question="Was there a consent?",
    article="GDPR 7(1)",
    severity="high",
    unit="events",
    markdown="## What the law asks\n\nA basis.\n\n| reason | when |\n|---|--:|\n| `expired` | at the end |\n",
)


def chart(**changes):
    values = {"title": "Half of them came after a withdrawal", "alt": "Withdrawn 58, expired 27.", "svg": CHART}
    return shows("chart", **values | changes)


def cells():
    return [
        markdown("# Quarterly report\n\nHow to use this notebook."),
        COVER,
        markdown("## What was promised"),
        shows("sentence", text=["Of 26 promises, ", {"strong": "7"}, " were broken."]),
        MATRIX,
        markdown("## Can the data carry the answer?\n\nIt can, *mostly*.[^1]\n\n[^1]: Save where a source was silent."),
        shows("note", tone="caution", text="Intercom was silent for 11 days."),
        markdown("## Consent"),
        COUNTED,
        chart(caption="By reason", source_note="Source: consents."),
        chart(title="Left", span="half"),
        chart(title="Right", span="half"),
        FINDINGS,
        markdown("### How it was counted\n\n1. The latest row\n2. decides\n   - nested\n\n> quoted `code`"),
        shows("figures", items=[{"label": "waived", "value": 4, "note": "by the board"}]),
        shows("pagebreak"),
        shows("annex", title="Method"),
        METHOD,
        shows("annex", title="Glossary"),
        shows("glossary", terms=[{"term": "Pending", "text": "Its deadline has not passed."}]),
        shows("closing", not_claimed=["That nothing else happened."]),
    ]


def write(path, cells):
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}), "utf-8")
    return path
