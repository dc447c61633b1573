"""The reports by name, each with the edition it is made in where none is asked for: the one place that decides it."""

from __future__ import annotations

EDITIONS = ("internal", "external")
QUARTERLY, CLIENT, REQUESTS = "quarterly-report", "client-report", "requests-report"
DOSSIER, RECORD = "incident-dossier", "processing-record"

# The quarterly report is where management mends things from. The others are written for a client or an authority too:
# who sends one without a thought must not give anybody away, who wants to mend things can ask for more.
USUAL_EDITION = {
    QUARTERLY: "internal",
    CLIENT: "external",
    REQUESTS: "external",
    DOSSIER: "external",
    RECORD: "external",
}
REPORTS = tuple(USUAL_EDITION)
"""The reports; the notebook of each has the same name with underscores."""
